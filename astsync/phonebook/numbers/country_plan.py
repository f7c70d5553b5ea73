"""A fast path for the numbers of one country, built from libphonenumber's own metadata and proven equal to it.

No list of codes is copied: the patterns come from ``phonenumbers.PhoneMetadata`` when a plan is built. A walk of their
structure shows whether validity depends on the first six digits only; where it does not, or where the metadata does
anything the walk does not know, the plan says so (``fast`` is False) and every number goes through libphonenumber.
The tests finish the proof: they compare all six-digit prefixes, and random and mutated strings.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Final, NamedTuple

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    example_number_for_type,
    format_number,
    is_valid_number,
    number_type,
)
from phonenumbers.phonemetadata import PhoneNumberDesc

PROVING_DIGITS: Final = 6
"""Validity may depend on this many leading digits: so many that all of them can be tried in a test."""

_NINE = 9  # digits of the national numbers of Ukraine, Uzbekistan, Kyrgyzstan …

_TYPES = (
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
    "fixed_line",
    "mobile",
)
_TOKEN = re.compile(r"(\\d)|(\d)|\[([\d-]+)\]|(\(\?:)|(\|)|(\))|\{(\d+)(?:,(\d+))?\}|(\?)")

Shape = tuple[int, int]
"""How a pattern can match: the width in digits, and how many of the last digits are free."""


class UnknownPatternError(Exception):
    """A pattern of the metadata holds something that the walk does not know."""


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


class _Walk:
    """A walk over one pattern: digits, ``\\d``, classes, groups, alternatives and counted repeats."""

    def __init__(self, pattern: str) -> None:
        self._tokens = list(_TOKEN.finditer(pattern))
        if "".join(token[0] for token in self._tokens) != pattern:
            raise UnknownPatternError(pattern)
        self._at = 0

    def shapes(self) -> set[Shape]:
        """Give the shapes of all matches. Raises UnknownPatternError."""
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
    """Give every (width, free last digits) of a metadata pattern. Raises UnknownPatternError."""
    return _Walk(pattern).shapes()


def _patterns(metadata: PhoneMetadata, length: int, types: tuple[str, ...] = _TYPES) -> list[str]:
    """Give the patterns by which libphonenumber calls a number of this length valid in this region, of some types."""
    descriptions: list[PhoneNumberDesc | None] = [getattr(metadata, name) for name in types]
    return [
        d.national_number_pattern
        for d in descriptions
        if d is not None and d.national_number_pattern and (not d.possible_length or length in d.possible_length)
    ]


def _general(metadata: PhoneMetadata) -> str:
    general = metadata.general_desc
    if general is None or not general.national_number_pattern:
        raise UnknownPatternError("no general pattern")
    return general.national_number_pattern


def _check_free(pattern: str, length: int) -> None:
    if any(width == length and free < length - PROVING_DIGITS for width, free in pattern_shapes(pattern)):
        raise UnknownPatternError(pattern)


def _region_pattern(metadata: PhoneMetadata, earlier: list[str], length: int) -> str:
    general, types = _general(metadata), _patterns(metadata, length)
    for pattern in (general, *types):
        _check_free(pattern, length)
    before = f"(?!{'|'.join(earlier)})" if earlier else ""
    leading = f"(?={metadata.leading_digits})" if metadata.leading_digits else ""
    return f"{before}{leading}(?=(?:{general})$)(?:{'|'.join(types) or '(?!)'})"


def _fixed_pattern(metadata: PhoneMetadata, earlier: list[str], length: int) -> str:
    """Build the pattern of a region's fixed lines: libphonenumber asks for the other types in ``_TYPES`` first."""
    line = metadata.fixed_line
    fits = (
        line is not None
        and line.national_number_pattern
        and (not line.possible_length or length in line.possible_length)
    )
    pattern = line.national_number_pattern if line is not None and fits else "(?!)"
    others = _patterns(metadata, length, _TYPES[: _TYPES.index("fixed_line")])
    before = f"(?!{'|'.join(earlier)})" if earlier else ""
    leading = f"(?={metadata.leading_digits})" if metadata.leading_digits else ""
    others_end = f"(?!(?:{'|'.join(others)})$)" if others else ""
    return f"{before}{leading}(?=(?:{_general(metadata)})$){others_end}(?:{pattern})"


RegionPattern = Callable[[PhoneMetadata, list[str], int], str]
"""Builds the pattern of one region: its metadata, the leading digits of the regions before it, the length."""


def _country_pattern(country_code: int, length: int, build: RegionPattern) -> re.Pattern[str]:
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


def _valid_pattern(country_code: int, length: int) -> re.Pattern[str]:
    """Build one pattern for ``is_valid_number`` of a calling code, at one length. Raises UnknownPatternError."""
    return _country_pattern(country_code, length, _region_pattern)


def _main_length(metadata: PhoneMetadata) -> int:
    fixed, mobile = metadata.fixed_line, metadata.mobile
    lengths = {n for d in (fixed, mobile) if d is not None for n in d.possible_length if n > 0}
    if len(lengths) != 1:
        raise UnknownPatternError("numbers of several lengths")
    return lengths.pop()


def _code_width(country: str) -> int:
    """Give how many digits the codes of mobile numbers have, as libphonenumber writes its own example."""
    example = example_number_for_type(country, PhoneNumberType.MOBILE)
    if example is None:
        return 0
    metadata = PhoneMetadata.metadata_for_region(country)
    trunk = (metadata.national_prefix if metadata is not None else None) or ""
    written = re.findall(r"\d+", format_number(example, PhoneNumberFormat.NATIONAL))
    first = written[1] if written[0] == trunk else written[0].removeprefix(trunk)
    return len(first.lstrip("0"))


class NumberPlan:
    """The numbers of one country: its calling code, trunk prefix, length, and the fast path where it is proven.

    ``fast`` tells whether the path is on; when it is off, ``read`` finds nothing and ``valid`` asks libphonenumber.
    """

    def __init__(self, country: str) -> None:
        metadata = PhoneMetadata.metadata_for_region(country)
        if metadata is None or metadata.country_code is None:
            raise ValueError(country)
        self.country, self.country_code = country, metadata.country_code
        self._code = str(self.country_code)
        self.trunk: str = metadata.national_prefix or ""
        # What is dialled before a calling code, where it is one sequence of digits and not the usual 00 or 810: 011.
        prefix = metadata.international_prefix or ""
        self.abroad = prefix if prefix.isdigit() and prefix not in {"00", "810"} else ""
        self.length = 0
        self.code_width = _code_width(country)
        main = PhoneMetadata.metadata_for_region(COUNTRY_CODE_TO_REGION_CODE[self.country_code][0])
        self._main_lead = re.compile((main.leading_digits if main is not None else None) or "")
        self._codes: dict[str, bool] = {}
        # BY writes its trunk 8 as 80 before most numbers and as 8 before some: libphonenumber knows which.
        self._literal_trunk = metadata.national_prefix_for_parsing == self.trunk or not self.trunk
        self._valid: re.Pattern[str] | None = None
        self._fixed: re.Pattern[str] | None = None
        self._general: re.Pattern[str] | None = None
        self._shapes: tuple[re.Pattern[str], ...] = ()
        try:
            self._prove(metadata)
        except UnknownPatternError:
            self._valid, self._fixed, self._shapes = None, None, ()

    @property
    def fast(self) -> bool:
        """Tell whether the fast path is proven for this country and so is on."""
        return bool(self._shapes)

    def _prove(self, metadata: PhoneMetadata) -> None:
        self.length = _main_length(metadata)
        self._valid = _valid_pattern(self.country_code, self.length)
        self._fixed = _country_pattern(self.country_code, self.length, _fixed_pattern)
        self._check_prefixes(metadata)
        self._check_international_prefix(metadata.international_prefix or "")
        self._general = re.compile(_general(metadata), re.ASCII)
        code, trunk = self._code, self.trunk
        body = r"(\(\d{2,5}\)|\d{2,5})[ -]?(\d{1,3})[ -]?(\d\d)[ -]?(\d\d) *"
        # Bare digits that start with the calling code may be a whole number that lost a digit: not for this path.
        # 502-17-30-31: where codes have two digits, three apart are the beginning of a local number.
        width = str(self.code_width) if self.length == _NINE else "2,5"
        bare = re.compile(rf" *()(?!\(?{code}){body}".replace(r"|\d{2,5})", rf"|\d{{{width}}})"), re.ASCII)
        prefixed = re.compile(rf" *(\+{code}|{code}{'|' + trunk if trunk else ''})[ -]?{body}", re.ASCII)
        self._shapes = (prefixed, bare)

    def _check_prefixes(self, metadata: PhoneMetadata) -> None:
        """Allow only prefixes that libphonenumber strips from a whole number in one way."""
        code, trunk = self._code, self.trunk
        widths = {width for width, _ in pattern_shapes(_general(metadata))}
        two_ways = {self.length + len(code), *({self.length - len(trunk)} if trunk else ())} & widths
        literal = (metadata.national_prefix_for_parsing or "") == trunk
        if two_ways or not literal or len(trunk) > 1 or metadata.national_prefix_transform_rule is not None:
            raise UnknownPatternError("prefixes that can be read in two ways")

    def _check_international_prefix(self, prefix: str) -> None:
        """Allow no valid number that reads as an international prefix once the trunk prefix stands before it."""
        if self.trunk and not prefix.isdigit():
            raise UnknownPatternError(prefix)
        rest = prefix.removeprefix(self.trunk)
        if not self.trunk or rest == prefix:
            return
        fill, tail = PROVING_DIGITS - len(rest), "0" * (self.length - PROVING_DIGITS)
        if any(self.valid(f"{rest}{n:0{fill}d}{tail}") for n in range(10**fill)):
            raise UnknownPatternError(prefix)

    def read(self, text: str) -> tuple[str, str] | None:
        """Read a text that is one plainly written number: its prefix ("+7", "7", "8", "") and national number (digits).

        None means: not so plain, not valid, or the path is off; look closer.
        """
        for shape in self._shapes:
            match = shape.fullmatch(text)
            if match is None:
                continue
            prefix, area, first, second, third = match.groups()
            number = area.strip("()") + first + second + third
            if len(number) != self.length or (self._valid is not None and not self._valid.fullmatch(number)):
                continue
            if prefix != self._code or self._is_own(number):
                return prefix, number
        return None

    def _is_own(self, number: str) -> bool:
        """Tell whether libphonenumber strips the calling code, written without "+", from before this number."""
        return self._general is not None and self._general.fullmatch(number) is not None

    def valid(self, number: str) -> bool:
        """Tell whether libphonenumber calls this national number (digits) valid under the calling code."""
        if self._valid is not None and len(number) == self.length:
            return self._valid.fullmatch(number) is not None
        possible = number.isdigit() and may_be_national(self.country_code, number)
        return possible and is_valid_number(self._as_phone_number(number))

    def code_exists(self, code: str) -> bool:
        """Tell whether any number of the main region starts with these three digits."""
        known = self._codes.get(code)
        if known is None:
            tail = "0" * (self.length - PROVING_DIGITS)
            known = self._codes[code] = self._main_lead.match(code) is not None and any(
                self.valid(f"{code}{n:03d}{tail}") for n in range(1000)
            )
        return known

    def dialled(self, number: str) -> str:
        """Give a national number (digits) as it is dialled inside the country, with its trunk prefix."""
        if self._literal_trunk:
            return self.trunk + number
        return "".join(filter(str.isdigit, format_number(self._as_phone_number(number), PhoneNumberFormat.NATIONAL)))

    def is_fixed(self, number: str) -> bool:
        """Tell whether a valid national number (digits) is, or may be, of a fixed line."""
        if self._fixed is not None and len(number) == self.length:
            return self._fixed.fullmatch(number) is not None
        kinds = PhoneNumberType
        return number_type(self._as_phone_number(number)) in {kinds.FIXED_LINE, kinds.FIXED_LINE_OR_MOBILE}

    def _as_phone_number(self, number: str) -> PhoneNumber:
        zeros = len(number) - len(number.lstrip("0"))
        return PhoneNumber(
            country_code=self.country_code,
            national_number=int(number),
            italian_leading_zero=zeros > 0 or None,
            number_of_leading_zeros=zeros if zeros > 1 else None,
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
_CALLING_CODES: Final = frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))


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
        length = _main_length(metadata)
        prefix = re.compile(metadata.national_prefix_for_parsing or "(?!)", re.ASCII)
        return CallingCode(length, _valid_pattern(code, length), prefix)
    except UnknownPatternError:
        return None


@cache
def _national_patterns(code: int) -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """Give what valid numbers of a calling code look like in its regions, and what may stand before them."""
    found = map(PhoneMetadata.metadata_for_region, COUNTRY_CODE_TO_REGION_CODE[code])
    return tuple(
        (
            re.compile("|".join(_all_patterns(metadata)) or "(?!)"),
            re.compile(metadata.national_prefix_for_parsing or "(?!)"),
        )
        for metadata in found
        if metadata is not None
    )


def _all_patterns(metadata: PhoneMetadata) -> list[str]:
    descriptions: list[PhoneNumberDesc | None] = [getattr(metadata, name) for name in _TYPES]
    return [d.national_number_pattern for d in descriptions if d is not None and d.national_number_pattern]


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
    return next((width for width in (1, 2, 3) if digits[:width] in _CALLING_CODES), 0)


@cache
def number_plan(country: str) -> NumberPlan:
    """Give the plan of a country (ISO 3166 alpha-2), built once. Raises ValueError for one that has none."""
    return NumberPlan(country)
