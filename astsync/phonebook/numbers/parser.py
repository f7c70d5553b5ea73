"""One text of a phone field to keys of the phonebook: the order of the steps, and the forms of a key."""

from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from astsync.errors import ConfigError
from astsync.language import joined, say
from astsync.phonebook.numbers.cleaning import plain
from astsync.phonebook.numbers.damage import repair
from astsync.phonebook.numbers.not_phones import cut_not_phones, find_words
from astsync.phonebook.numbers.plain_fields import (
    SHORT_FIELD,
    abroad,
    has_no_digits,
    is_wrong,
    local_digits,
    plain_parts,
    without_label,
)
from astsync.phonebook.numbers.runs import find_runs
from astsync.text import did_you_mean, nearest

if TYPE_CHECKING:
    from astsync.phonebook.numbers.reading import Number

FORMS: Final = ("e164", "trunk", "national")
CLEANED: Final = say("characters cleaned")

_NO_DIGITS = say("no digits")
_EMPTY = say("the field is empty")
_SPOILT = say("a letter stands among the digits")
_NO_AREA_CODE = say("a local number, and no area code is set (numbers.area_code)")
_TOO_SHORT = say("too short for a phone number")


class NumberResult(NamedTuple):
    """What a phone field gave: its keys (digits only), or none and the reason; and the rules that were used."""

    keys: tuple[str, ...]
    reason: str | None = None
    rules: tuple[str, ...] = ()


class NumberParser:
    """Turns a whole phone field of 1C into keys, for one country (ISO 3166 alpha-2), area code and set of forms.

    ``area_code`` (digits) is put before local numbers. ``forms`` are the spellings of each key: "e164" 74952293042,
    "trunk" 84952293042, "national" 4952293042. A number of another calling code has one key whatever the forms, its
    E.164 digits. Raises ConfigError for a country that libphonenumber does not know, an area code that is not digits,
    or an unknown form.
    """

    def __init__(self, *, country: str = "RU", area_code: str = "", forms: tuple[str, ...] = ("e164",)) -> None:
        _check(country, area_code, forms)
        # Loading libphonenumber takes longer than starting a command that needs no numbers.
        from astsync.phonebook.numbers.area_codes import CodesApart
        from astsync.phonebook.numbers.field_numbers import CONFIGURED, FieldNumbers
        from astsync.phonebook.numbers.reading_seven import reader_for

        self.country, self.area_code, self.forms = country, area_code, forms
        self._reader = reader_for(country)
        self._plan, self._code = self._reader.plan, self._reader.code
        self._rules = {prefix: str(rule) for prefix, rule in self._reader.rules.items()}  # plain text is put in faster
        self._configured = str(CONFIGURED)
        self._none_valid = say("no valid phone number for {country}", country=country)
        # A trunk prefix 0 is no part of an area code: 01795 of Belarus, 04622 of Ukraine. Italy has no trunk prefix.
        self._area = area_code.removeprefix("0") if self._plan.trunk in {"0", "8"} else area_code
        self._field_numbers, self._codes = FieldNumbers, CodesApart(self._reader, self._area)
        self._read_plain = self._plan.read
        self._only_e164 = forms == ("e164",)
        self._seven = self._code == "7" and self._plan.fast

    def parse(self, text: str, area: str = "") -> NumberResult:
        """The keys of one phone field; never raises.

        ``area`` (digits) is the area code of this field's local numbers, instead of the configured one.
        """
        fast = self._read_plain(text)
        if fast is None:
            return self._parse_others(text, area or self._area)
        prefix, national = fast
        number = self._code + national
        rules = (f"{number}: {self._rules[prefix]}",)
        return NumberResult((number,) if self._only_e164 else self._spellings(national), None, rules)

    def keys(self, text: str) -> tuple[tuple[str, ...], str | None]:
        """The keys of one phone field, or none and the reason, as ``parse`` has them; for whom no rule matters."""
        plain = self._read_plain(text)
        if plain is not None and self._only_e164:
            return (self._code + plain[1],), None
        found = self._parse_others(text, self._area) if plain is None else self.parse(text)
        return found.keys, found.reason

    def _parse_others(self, text: str, area: str) -> NumberResult:
        return self._parse_fast(text, area) or self._parse_slowly(text, area)

    def _parse_fast(self, text: str, area: str) -> NumberResult | None:
        """Read a field that is not one plain number by ``plain_fields``; None where that is not sure."""
        if not self._seven:
            return None
        found = self._parse_parts(text, area)
        if found is not None:
            return found
        cleaned = plain(text)
        if cleaned == text.lower():
            return None
        fast = self._read_plain(cleaned)
        found = self._parse_parts(cleaned, area) if fast is None else self._of_plain({fast[1]: fast[0]}, ())
        return found and found._replace(rules=(CLEANED, *found.rules))

    def _parse_parts(self, text: str, area: str = "") -> NumberResult | None:
        """Read a field of plain numbers (see ``plain_fields``); None where any part of it is not so plain."""
        start = text[:1]
        if start.isdigit() or start == "(":
            return self._parse_numbers(text, area)
        run = abroad(text)
        if run:
            number = self._reader.read_closely(run, plus=True)
            return self._found([number], []) if number is not None else None
        if start == "+":
            return self._parse_numbers(text, area)
        if has_no_digits(text):
            return NumberResult((), _NO_DIGITS if text.strip() else _EMPTY)
        field = without_label(text)
        fast = self._read_plain(field)
        return self._parse_numbers(field, area) if fast is None else self._of_plain({fast[1]: fast[0]}, ())

    def _parse_numbers(self, field: str, area: str) -> NumberResult | None:
        if len(field) < SHORT_FIELD:
            digits = local_digits(field)
            if digits:
                return self._of_local(digits, area)
            if not area and is_wrong(field):
                return NumberResult((), self._none_valid)
        parts, rules = plain_parts(field)
        found: dict[str, str] = {}  # national numbers, each by the first prefix that it was written with
        for part in parts:
            plain = self._read_plain(part)
            if plain is None:
                return None
            found.setdefault(plain[1], plain[0])
        return self._of_plain(found, rules) if found else None

    def _of_plain(self, found: Mapping[str, str], rules: tuple[str, ...]) -> NumberResult:
        """The keys of national numbers, and ``rules`` with one for each number, by the prefix that it has."""
        rules += tuple([f"{self._code}{national}: {self._rules[prefix]}" for national, prefix in found.items()])
        if self._only_e164:
            return NumberResult(tuple([self._code + national for national in found]), None, rules)
        return NumberResult(tuple(dict.fromkeys(chain.from_iterable(map(self._spellings, found)))), None, rules)

    def _of_local(self, digits: str, area: str) -> NumberResult | None:
        """The keys of a local number behind the area code. Without one there is none."""
        if not area:
            return NumberResult((), _NO_AREA_CODE)
        national = area + digits
        if len(national) != self._plan.length or not self._plan.valid(national):
            return None
        keys = (self._code + national,) if self._only_e164 else self._spellings(national)
        return NumberResult(keys, None, (f"{self._code}{national}: {self._configured}",))

    def _spellings(self, national: str) -> tuple[str, ...]:
        """The keys of a national number at home, one a form, in the order of the setting."""
        spelled = {"e164": self._code + national, "trunk": self._plan.dialled(national), "national": national}
        return tuple(dict.fromkeys(spelled[form] for form in self.forms))

    def _parse_slowly(self, text: str, area: str) -> NumberResult:
        cleaned = plain(text)
        repaired, rules = repair(cleaned, self._is_number)
        words = find_words(repaired)
        rest, cut_rules = cut_not_phones(repaired, words, self._is_number)
        runs = find_runs(rest, has_words=bool(words))
        found = self._field_numbers(self._reader, area, self._codes)
        if "код" in repaired:
            found.look_ahead(runs)
        for run in runs:
            found.add(run)
        if cleaned != text.lower():
            rules.insert(0, CLEANED)
        rules += cut_rules
        rules += found.rules
        if found.numbers:
            return self._found(found.numbers, rules)
        spoilt, local = any(run.spoilt for run in runs), found.has_local and not area
        return NumberResult((), self._reason(cleaned, spoilt=spoilt, local=local), tuple(rules))

    def _is_number(self, digits: str) -> bool:
        return self._reader.read(digits, plus=False) is not None and len(digits) > self._plan.length

    def _found(self, numbers: "list[Number]", rules: list[str]) -> NumberResult:
        if len(numbers) == 1 and self._only_e164:
            number = numbers[0]
            e164 = number.country_code + number.national
            rules.append(f"{e164}: {number.rule}")
            return NumberResult((e164,), None, tuple(rules))
        found: dict[str, Number] = {}
        for number in numbers:
            e164 = number.country_code + number.national
            if e164 not in found:
                found[e164] = number
                rules.append(f"{e164}: {number.rule}")
        if self._only_e164:
            return NumberResult(tuple(found), None, tuple(rules))
        keys: dict[str, None] = {}
        for e164, number in found.items():
            home = number.country_code == self._code
            keys.update(dict.fromkeys(self._spellings(number.national) if home else (e164,)))
        return NumberResult(tuple(keys), None, tuple(rules))

    def _reason(self, text: str, *, spoilt: bool, local: bool) -> str:
        count = sum(map(str.isdigit, text))
        if not count:
            return _NO_DIGITS if text.strip() else _EMPTY
        if spoilt:
            return _SPOILT
        if local:
            return _NO_AREA_CODE
        return _TOO_SHORT if count < 7 else self._none_valid


def _check(country: str, area_code: str, forms: tuple[str, ...]) -> None:
    from phonenumbers import SUPPORTED_REGIONS

    if country not in SUPPORTED_REGIONS:
        start = country.upper()[:2]
        near = nearest(start, sorted(SUPPORTED_REGIONS), 0)
        raise ConfigError(
            say("numbers.country: {country!r} is not a country with a numbering plan", country=country),
            hint=say("Write two capital letters of ISO 3166, such as {example}.", example=near[0]),
        )
    if area_code and not (area_code.isascii() and area_code.isdigit()):
        raise ConfigError(
            say("numbers.area_code: {code!r} is not a code", code=area_code),
            hint=say("Write digits only, such as 495."),
        )
    unknown = [form for form in forms if form not in FORMS]
    if unknown or not forms:
        words = say("numbers.forms: an empty list is not known")
        if unknown:
            words = say("numbers.forms: {form!r} is not known", form=unknown[0])
        mean = did_you_mean(nearest("".join(unknown[:1]), FORMS, 0))
        known = say("Known: {names}.", names=", ".join(FORMS))
        raise ConfigError(words, hint=joined(" ", (mean, known)))
