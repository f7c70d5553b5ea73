"""The patterns of libphonenumber's metadata: what they match, and one pattern of ours that is proven equal to them.

libphonenumber decides by a regular expression for each type of number of each region. Here they become one pattern a
calling code, which is much faster. A walk over the structure of each expression (``pattern_shapes``) shows that the
validity of a number depends on its first six digits only. Where it depends on more, or where an expression holds
anything that the walk does not know, UnknownPatternError is raised and nothing is taken for proven.
"""

import re
from collections.abc import Callable
from typing import Final

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata
from phonenumbers.phonemetadata import PhoneNumberDesc

PROVING_DIGITS: Final = 6
"""Validity may depend on this many leading digits: so many that all of them can be tried in a test."""

# The order in which libphonenumber asks for the types of a number; ``fixed_pattern`` needs it.
_TYPES = tuple("premium_rate toll_free shared_cost voip personal_number pager uan voicemail fixed_line mobile".split())
_TOKEN = re.compile(r"(\\d)|(\d)|\[([\d-]+)\]|(\(\?:)|(\|)|(\))|\{(\d+)(?:,(\d+))?\}|(\?)")

Shape = tuple[int, int]
"""How a pattern can match: the width in digits, and how many of the last digits are free (may be any digit)."""


class UnknownPatternError(Exception):
    """The metadata holds something from which nothing can be proven."""


def _join(left: set[Shape], right: set[Shape]) -> set[Shape]:
    return {(lw + rw, rf if rf < rw else rw + lf) for lw, lf in left for rw, rf in right}


def _repeat(shapes: set[Shape], least: int, most: int) -> set[Shape]:
    result: set[Shape] = set()
    current: set[Shape] = {(0, 0)}
    for count in range(most + 1):
        if count >= least:
            result |= current
        current = _join(current, shapes)
    return result


def _is_any_digit(members: str) -> bool:
    return re.fullmatch(f"[{members}]{{10}}", "0123456789") is not None


class _PatternWalk:
    """A walk over one pattern: digits, ``\\d``, classes, groups, alternatives and counted repeats."""

    def __init__(self, pattern: str) -> None:
        self._tokens = list(_TOKEN.finditer(pattern))
        if "".join(token[0] for token in self._tokens) != pattern:
            raise UnknownPatternError(pattern)
        self._at = 0

    def shapes(self) -> set[Shape]:
        """The shapes of all matches. Raises UnknownPatternError."""
        result = self._alternatives()
        if self._at < len(self._tokens):
            raise UnknownPatternError("a bracket too many")
        return result

    def _alternatives(self) -> set[Shape]:
        result = self._sequence()
        while self._at < len(self._tokens) and self._tokens[self._at][5]:
            self._at += 1
            result |= self._sequence()
        return result

    def _sequence(self) -> set[Shape]:
        result: set[Shape] = {(0, 0)}
        while self._at < len(self._tokens) and not (self._tokens[self._at][5] or self._tokens[self._at][6]):
            result = _join(result, self._repeated(self._atom()))
        return result

    def _atom(self) -> set[Shape]:
        token = self._tokens[self._at]
        self._at += 1
        if token[1] or token[2] or token[3]:
            return {(1, 1 if token[1] or (token[3] and _is_any_digit(token[3])) else 0)}
        if not token[4]:
            raise UnknownPatternError(token[0])
        inner = self._alternatives()
        if self._at >= len(self._tokens):
            raise UnknownPatternError("a bracket too few")
        self._at += 1
        return inner

    def _repeated(self, shapes: set[Shape]) -> set[Shape]:
        token = self._tokens[self._at] if self._at < len(self._tokens) else None
        if token is None or not (token[7] or token[9]):
            return shapes
        self._at += 1
        return _repeat(shapes, 0, 1) if token[9] else _repeat(shapes, int(token[7]), int(token[8] or token[7]))


def pattern_shapes(pattern: str) -> set[Shape]:
    r"""All shapes of a metadata pattern: {(4, 2), (5, 2)} for ``8(?:1|23)\d{2}``. Raises UnknownPatternError."""
    return _PatternWalk(pattern).shapes()


def _patterns(metadata: PhoneMetadata, length: int | None = None, types: tuple[str, ...] = _TYPES) -> list[str]:
    """The patterns of some types of numbers of a region, of one length where it is given."""
    descriptions: list[PhoneNumberDesc | None] = [getattr(metadata, name) for name in types]
    return [
        d.national_number_pattern
        for d in descriptions
        if d is not None
        and d.national_number_pattern
        and (length is None or not d.possible_length or length in d.possible_length)
    ]


def general_pattern(metadata: PhoneMetadata) -> str:
    """The pattern that every number of a region fits, valid or not. Raises UnknownPatternError where there is none."""
    general = metadata.general_desc
    if general is None or not general.national_number_pattern:
        raise UnknownPatternError("no general pattern")
    return general.national_number_pattern


def _check_free(pattern: str, length: int) -> None:
    if any(width == length and free < length - PROVING_DIGITS for width, free in pattern_shapes(pattern)):
        raise UnknownPatternError(pattern)


def _region_pattern(metadata: PhoneMetadata, earlier: list[str], length: int) -> str:
    general, types = general_pattern(metadata), _patterns(metadata, length)
    for pattern in (general, *types):
        _check_free(pattern, length)
    return f"{_region_start(metadata, earlier)}(?:{'|'.join(types) or '(?!)'})"


def _region_start(metadata: PhoneMetadata, earlier: list[str]) -> str:
    before = f"(?!{'|'.join(earlier)})" if earlier else ""
    leading = f"(?={metadata.leading_digits})" if metadata.leading_digits else ""
    return f"{before}{leading}(?=(?:{general_pattern(metadata)})$)"


def fixed_pattern(metadata: PhoneMetadata, earlier: list[str], length: int) -> str:
    """Build the pattern of a region's fixed lines: libphonenumber asks for the other types in ``_TYPES`` first."""
    fixed = _patterns(metadata, length, ("fixed_line",))
    others = _patterns(metadata, length, _TYPES[: _TYPES.index("fixed_line")])
    others_end = f"(?!(?:{'|'.join(others)})$)" if others else ""
    return f"{_region_start(metadata, earlier)}{others_end}(?:{'|'.join(fixed) or '(?!)'})"


RegionPattern = Callable[[PhoneMetadata, list[str], int], str]
"""Builds the pattern of one region: its metadata, the leading digits of the regions before it, the length."""


def country_pattern(country_code: int, length: int, build: RegionPattern) -> re.Pattern[str]:
    """Build one pattern for a calling code, at one length. Raises UnknownPatternError."""
    parts: list[str] = []
    earlier: list[str] = []
    for region in COUNTRY_CODE_TO_REGION_CODE[country_code]:
        metadata = PhoneMetadata.metadata_for_region(region)
        if metadata is None:
            raise UnknownPatternError(region)
        parts.append(build(metadata, earlier, length))
        if metadata.leading_digits:  # libphonenumber looks no further once these match
            pattern_shapes(metadata.leading_digits)
            earlier.append(metadata.leading_digits)
    return re.compile("|".join(parts), re.ASCII)


def valid_pattern(country_code: int, length: int) -> re.Pattern[str]:
    """Build one pattern for ``is_valid_number`` of a calling code, at one length. Raises UnknownPatternError."""
    return country_pattern(country_code, length, _region_pattern)


def main_length(metadata: PhoneMetadata) -> int:
    """Digits of all fixed and mobile numbers of a region. Raises UnknownPatternError where they differ in length."""
    fixed, mobile = metadata.fixed_line, metadata.mobile
    lengths = {n for d in (fixed, mobile) if d is not None for n in d.possible_length if n > 0}
    if len(lengths) != 1:
        raise UnknownPatternError("numbers of several lengths")
    return lengths.pop()


def national_pattern(metadata: PhoneMetadata) -> str:
    """One pattern for the numbers of all types of a region, of any length."""
    return "|".join(_patterns(metadata)) or "(?!)"
