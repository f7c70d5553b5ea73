"""The numbering plan of one country, and a fast path for its numbers that is proven equal to libphonenumber.

No list of codes is copied: everything comes from ``phonenumbers.PhoneMetadata`` when a plan is built. Where the proof
(``metadata_patterns``) fails, the plan says so (``fast`` is False) and every number goes through libphonenumber.
The tests finish the proof: they compare all six-digit prefixes, and random and mutated strings.
"""

import re
from functools import cache

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

from astsync.phonebook.numbers.calling_codes import may_be_national
from astsync.phonebook.numbers.metadata_patterns import (
    PROVING_DIGITS,
    UnknownPatternError,
    country_pattern,
    fixed_pattern,
    general_pattern,
    main_length,
    pattern_shapes,
    valid_pattern,
)

_NINE = 9  # digits of the national numbers of Ukraine, Uzbekistan, Kyrgyzstan …


def _code_width(country: str) -> int:
    """Digits of a mobile number's code, as libphonenumber writes its example: 3 for Russia, 2 for Ukraine."""
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

    Where ``fast`` is False, ``read`` finds nothing and ``valid`` asks libphonenumber. ``length`` counts the digits of
    all national numbers, 0 where they differ. ``abroad`` is what is dialled before a calling code, where it is neither
    00 nor 810: 011 in the USA.
    """

    def __init__(self, country: str) -> None:
        metadata = PhoneMetadata.metadata_for_region(country)
        if metadata is None or metadata.country_code is None:
            raise ValueError(country)
        self.country, self.country_code = country, metadata.country_code
        self._code = str(self.country_code)
        self.trunk: str = metadata.national_prefix or ""
        prefix = metadata.international_prefix or ""
        self.abroad = prefix if prefix.isdigit() and prefix not in {"00", "810"} else ""
        self.length = 0
        self.code_width = _code_width(country)
        # Russia (the main region) and Kazakhstan share the calling code 7. In Russia a code of Kazakhstan is no area
        # code. In Kazakhstan the codes of Russia are, because people dial Russia as they dial at home.
        main = PhoneMetadata.metadata_for_region(COUNTRY_CODE_TO_REGION_CODE[self.country_code][0])
        leads = [(region.leading_digits if region is not None else None) or "" for region in (main, metadata)]
        self._own_codes = re.compile("|".join(leads) if all(leads) else leads[0])
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
        """Whether the fast path is proven for this country."""
        return bool(self._shapes)

    def _prove(self, metadata: PhoneMetadata) -> None:
        self.length = main_length(metadata)
        self._valid = valid_pattern(self.country_code, self.length)
        self._fixed = country_pattern(self.country_code, self.length, fixed_pattern)
        self._check_prefixes(metadata)
        self._check_international_prefix(metadata.international_prefix or "")
        self._general = re.compile(general_pattern(metadata), re.ASCII)
        code, trunk = self._code, self.trunk
        body = r"(?:\(\d{2,5}\)|\d{2,5})[ -]?\d{1,3}[ -]?\d\d[ -]?\d\d *"
        # Bare digits that start with the calling code may be a whole number that lost a digit: not for this path.
        # 502-17-30-31: where codes have two digits, three apart are the beginning of a local number.
        width = str(self.code_width) if self.length == _NINE else "2,5"
        bare = re.compile(rf" *()(?!\(?{code}){body}".replace(r"|\d{2,5})", rf"|\d{{{width}}})"), re.ASCII)
        prefixed = re.compile(rf" *(\+{code}|{code}{'|' + trunk if trunk else ''})[ -]?{body}", re.ASCII)
        self._shapes = (prefixed, bare)

    def _check_prefixes(self, metadata: PhoneMetadata) -> None:
        """Raise UnknownPatternError where libphonenumber may strip a prefix in two ways, or rewrites it."""
        code, trunk = self._code, self.trunk
        widths = {width for width, _ in pattern_shapes(general_pattern(metadata))}
        two_ways = {self.length + len(code), *({self.length - len(trunk)} if trunk else ())} & widths
        literal = (metadata.national_prefix_for_parsing or "") == trunk
        if two_ways or not literal or len(trunk) > 1 or metadata.national_prefix_transform_rule is not None:
            raise UnknownPatternError("prefixes that can be read in two ways")

    def _check_international_prefix(self, prefix: str) -> None:
        """Raise UnknownPatternError where a trunk prefix and a valid number may begin as 8 10 … does abroad."""
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

        ``8 (495) 229-30-42`` gives ("8", "4952293042"). None: the text is not so plain, not valid, or nothing is
        proven for this country; then the slow way decides.
        """
        for shape in self._shapes:
            match = shape.fullmatch(text)
            if match is None:
                continue
            prefix = match[1]
            number = text.replace("-", "").replace(" ", "").replace("(", "").replace(")", "")[len(prefix) :]
            if len(number) != self.length or (self._valid is not None and not self._valid.fullmatch(number)):
                continue
            if prefix != self._code or self._is_own(number):
                return prefix, number
        return None

    def _is_own(self, number: str) -> bool:
        """Whether libphonenumber takes a calling code without "+" off from before this number."""
        return self._general is not None and self._general.fullmatch(number) is not None

    def valid(self, number: str) -> bool:
        """Whether libphonenumber calls a national number (digits) valid, in any region of the calling code."""
        if self._valid is not None and len(number) == self.length:
            return self._valid.fullmatch(number) is not None
        possible = number.isdigit() and may_be_national(self.country_code, number)
        return possible and is_valid_number(self._as_phone_number(number))

    def code_exists(self, code: str) -> bool:
        """Whether any number of the country or of its calling code's main region starts with these three digits."""
        known = self._codes.get(code)
        if known is None:
            tail = "0" * (self.length - PROVING_DIGITS)
            known = self._codes[code] = self._own_codes.match(code) is not None and any(
                self.valid(f"{code}{n:03d}{tail}") for n in range(1000)
            )
        return known

    def dialled(self, number: str) -> str:
        """The digits that are dialled inside the country: 84952293042 for 4952293042."""
        if self._literal_trunk:
            return self.trunk + number
        return "".join(filter(str.isdigit, format_number(self._as_phone_number(number), PhoneNumberFormat.NATIONAL)))

    def is_fixed(self, number: str) -> bool:
        """Whether a valid national number (digits) is, or may be, of a fixed line."""
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


@cache
def number_plan(country: str) -> NumberPlan:
    """The plan of a country (ISO 3166 alpha-2), built once. Raises ValueError for a country without one."""
    return NumberPlan(country)
