"""Calling codes (ITU-T E.164): how long they are, and what numbers behind one can be."""

import re
from functools import cache
from typing import Final, NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, REGION_CODE_FOR_NON_GEO_ENTITY, PhoneMetadata

from astsync.phonebook.numbers.metadata_patterns import (
    UnknownPatternError,
    main_length,
    national_pattern,
    valid_pattern,
)

CALLING_CODES: Final = frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))


class CallingCode(NamedTuple):
    """The numbers of one calling code that have its usual length.

    ``valid`` matches the valid ones, ``prefix`` what libphonenumber may take for a trunk prefix.
    """

    length: int
    valid: re.Pattern[str]
    prefix: re.Pattern[str]

    def takes(self, number: str) -> bool:
        """Whether a national number (digits) is valid; True only where ``judges`` is."""
        return self.judges(number) and self.valid.fullmatch(number) is not None

    def judges(self, number: str) -> bool:
        """Whether the digits are so plain that ``takes`` decides like libphonenumber."""
        return len(number) == self.length and number[0] != "0" and self.prefix.match(number) is None


@cache
def calling_code(code: int) -> CallingCode | None:
    """The numbers of a calling code, or None where our pattern cannot be proven equal to libphonenumber."""
    metadata = PhoneMetadata.metadata_for_region(COUNTRY_CODE_TO_REGION_CODE[code][0])
    if metadata is None:
        return None
    try:
        length = main_length(metadata)
        prefix = re.compile(metadata.national_prefix_for_parsing or "(?!)", re.ASCII)
        return CallingCode(length, valid_pattern(code, length), prefix)
    except UnknownPatternError:
        return None


@cache
def _national_patterns(code: int) -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """The patterns of the numbers and of their trunk prefix, for each region of a calling code."""
    found = map(PhoneMetadata.metadata_for_region, COUNTRY_CODE_TO_REGION_CODE[code])
    return tuple(
        (re.compile(national_pattern(metadata)), re.compile(metadata.national_prefix_for_parsing or "(?!)"))
        for metadata in found
        if metadata is not None
    )


@cache
def _is_uncommon(code: int) -> bool:
    """Whether a prefix is rewritten there and not only dropped, as in Argentina. Only libphonenumber knows how.

    It is asked of one code at a time: to look at all of them loads the metadata of 245 regions.
    """
    found = map(PhoneMetadata.metadata_for_region, COUNTRY_CODE_TO_REGION_CODE[code])
    return any(metadata is None or metadata.national_prefix_transform_rule is not None for metadata in found)


def may_be_national(code: int, number: str) -> bool:
    """Whether digits behind a calling code can be a number there at all; False spares the slow libphonenumber."""
    patterns = _national_patterns(code)
    if not patterns or _is_uncommon(code):
        return True
    for valid, prefix in patterns:
        before = prefix.match(number)
        if valid.fullmatch(number) or (before is not None and valid.fullmatch(number[before.end() :])):
            return True
    return False


def calling_code_width(digits: str) -> int:
    """How many leading digits are a calling code (ITU-T E.164): 1 to 3, or 0 where none are."""
    return next((width for width in (1, 2, 3) if digits[:width] in CALLING_CODES), 0)


def is_calling_code(group: str) -> bool:
    """Whether digits are the calling code of a country: ``7``, ``375``; not ``800``, which belongs to none."""
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(group), ()) if 1 <= len(group) <= 3 else ()
    return any(region != REGION_CODE_FOR_NON_GEO_ENTITY for region in regions)
