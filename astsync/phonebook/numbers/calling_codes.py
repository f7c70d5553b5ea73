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

# Their prefixes are rewritten, not only dropped (Argentina, Mexico, Brazil): libphonenumber alone knows.
_UNCOMMON: Final = frozenset(
    code
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items()
    if any(
        metadata is None or metadata.national_prefix_transform_rule is not None
        for metadata in map(PhoneMetadata.metadata_for_region, regions)
    )
)
CALLING_CODES: Final = frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))


class CallingCode(NamedTuple):
    """The numbers of one calling code that are of its usual length: what is valid, and what may be a prefix."""

    length: int
    valid: re.Pattern[str]
    prefix: re.Pattern[str]

    def takes(self, number: str) -> bool:
        """Tell whether libphonenumber reads these digits, behind "+" and the code, as this valid national number."""
        return self.judges(number) and self.valid.fullmatch(number) is not None

    def judges(self, number: str) -> bool:
        """Tell whether these digits are plain enough for ``takes`` to have the last word."""
        return len(number) == self.length and number[0] != "0" and self.prefix.match(number) is None


@cache
def calling_code(code: int) -> CallingCode | None:
    """Give the plain numbers of a calling code, or None where what is valid cannot be proven."""
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
    """Give what valid numbers of a calling code look like in its regions, and what may stand before them."""
    found = map(PhoneMetadata.metadata_for_region, COUNTRY_CODE_TO_REGION_CODE[code])
    return tuple(
        (
            re.compile(national_pattern(metadata)),
            re.compile(metadata.national_prefix_for_parsing or "(?!)"),
        )
        for metadata in found
        if metadata is not None
    )


def may_be_national(code: int, number: str) -> bool:
    """Tell, before libphonenumber is asked, whether digits behind a calling code can be a number there at all."""
    patterns = _national_patterns(code)
    if not patterns or code in _UNCOMMON:
        return True
    for valid, prefix in patterns:
        before = prefix.match(number)
        if valid.fullmatch(number) or (before is not None and valid.fullmatch(number[before.end() :])):
            return True
    return False


def calling_code_width(digits: str) -> int:
    """Give how many of these leading digits are a calling code, 0 when none are (ITU-T E.164: one to three)."""
    return next((width for width in (1, 2, 3) if digits[:width] in CALLING_CODES), 0)


def is_calling_code(group: str) -> bool:
    """Whether digits are the calling code of a country: ``7``, ``375``; not ``800``, which belongs to none."""
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(group), ()) if 1 <= len(group) <= 3 else ()
    return any(region != REGION_CODE_FOR_NON_GEO_ENTITY for region in regions)
