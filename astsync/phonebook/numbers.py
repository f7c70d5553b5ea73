"""Phone fields to keys of the phonebook."""

import difflib
from dataclasses import dataclass
from typing import Final

from phonenumbers import SUPPORTED_REGIONS

from astsync.errors import ConfigError
from astsync.phonebook.cleaning import plain_phone_text
from astsync.phonebook.number_reading import Number, reader_for
from astsync.phonebook.phone_field import take_apart
from astsync.phonebook.segments import Segments, digit_count

FORMS: Final = ("e164", "trunk", "national")
CLEANED: Final = "characters cleaned"


@dataclass(frozen=True, slots=True)
class NumberResult:
    """What a phone field gave: keys (digits only), or the reason for none; and the rules that were used."""

    keys: tuple[str, ...]
    reason: str | None = None
    rules: tuple[str, ...] = ()


class NumberParser:
    """Turns a whole 1C phone field into keys, for one country (ISO 3166 alpha-2), area code and set of forms.

    ``forms`` are the spellings of each key: "e164" 74952293042, "trunk" 84952293042, "national" 4952293042; a number
    of another calling code has one key whatever the forms, its E.164 digits. Raises ConfigError for a country that
    libphonenumber does not know, an area code that is not digits, or an unknown form.
    """

    def __init__(self, *, country: str = "RU", area_code: str = "", forms: tuple[str, ...] = ("e164",)) -> None:
        _check(country, area_code, forms)
        self.country, self.area_code, self.forms = country, area_code, forms
        self._reader = reader_for(country)
        trunk = self._reader.plan.trunk
        self._area = area_code.removeprefix(trunk) if trunk == "0" else area_code
        spellings = {"e164": self._reader.code, "trunk": trunk, "national": ""}
        self._prefixes = tuple(dict.fromkeys(spellings[form] for form in forms))
        self._read_plain = self._reader.plan.read

    def parse(self, text: str) -> NumberResult:
        """Give the keys of one phone field; never raises."""
        plain = self._read_plain(text)
        if plain is None:
            return self._parse_slowly(text)
        prefix, national = plain
        rule = f"{self._reader.code}{national}: {self._reader.rule_of(prefix)}"
        return NumberResult(self._home_keys(national), None, (rule,))

    def _home_keys(self, national: str) -> tuple[str, ...]:
        return tuple([prefix + national for prefix in self._prefixes])

    def _parse_slowly(self, text: str) -> NumberResult:
        cleaned = plain_phone_text(text)
        field = take_apart(cleaned, self._is_number)
        segments = Segments(self._reader, self._area)
        for run in field.runs:
            segments.add(run)
        numbers = list({number.e164: number for number in reversed(segments.numbers)}.values())[::-1]
        rules = ([CLEANED] if cleaned != text.lower() else []) + [*field.rules, *segments.rules]
        if numbers:
            return self._found(numbers, rules)
        return NumberResult((), self._reason(cleaned, spoilt=field.spoilt, local=segments.locals_left), tuple(rules))

    def _is_number(self, digits: str) -> bool:
        return self._reader.read(digits, plus=False) is not None and len(digits) > self._reader.plan.length

    def _found(self, numbers: list[Number], rules: list[str]) -> NumberResult:
        keys: dict[str, None] = {}
        for number in numbers:
            home = number.country_code == self._reader.code
            keys.update(dict.fromkeys(self._home_keys(number.national) if home else (number.e164,)))
        return NumberResult(tuple(keys), None, (*rules, *(f"{n.e164}: {n.rule}" for n in numbers)))

    def _reason(self, text: str, *, spoilt: bool, local: list[str]) -> str:
        count = digit_count(text)
        if not count:
            return "no digits" if text.strip() else "the field is empty"
        if spoilt:
            return "a letter stands among the digits"
        if local and not self._area:
            return "a local number, and no area code is set (numbers.area_code)"
        return "too short for a phone number" if count < 7 else f"no valid phone number for {self.country}"


def _check(country: str, area_code: str, forms: tuple[str, ...]) -> None:
    if country not in SUPPORTED_REGIONS:
        near = difflib.get_close_matches(country.upper(), sorted(SUPPORTED_REGIONS), n=1, cutoff=0)
        raise ConfigError(
            f"numbers.country: {country!r} is not a country with a numbering plan",
            hint=f"Write two capital letters of ISO 3166, such as {near[0]}.",
        )
    if area_code and not (area_code.isascii() and area_code.isdigit()):
        raise ConfigError(f"numbers.area_code: {area_code!r} is not a code", hint="Write digits only, such as 495.")
    unknown = [form for form in forms if form not in FORMS]
    if unknown or not forms:
        named = repr(unknown[0]) if unknown else "an empty list"
        near = difflib.get_close_matches(unknown[0] if unknown else "", FORMS, n=1, cutoff=0)
        raise ConfigError(
            f"numbers.forms: {named} is not known", hint=f"Did you mean {near[0]}? Known: {', '.join(FORMS)}."
        )
