"""One phone row of a source to keys: first what people see, then the structure beside it where that adds something.

The structure (country, area, number, extension) is often made by a machine that split the text. 1C's standard library
takes the first run of digits for the country, the second for the area, the third for the number. So it makes of
``(423) 230-13-07``, a number of Vladivostok, the country 423, which is Liechtenstein. Therefore the text counts. The
structure is used for two things: it gives the area code that a local number in the text lacks, and it is read where
there is no text.
"""

import re
from typing import Final, NamedTuple

from astsync.language import say
from astsync.phonebook.model import CUT_AT, LEAST_NUMBER, Phone, PhoneParts
from astsync.phonebook.numbers.parser import NumberParser, NumberResult

AREA_OF_PARTS: Final = say("area code from the structure")
READ_PARTS: Final = say("read from the structure: there is no text")
READ_REST: Final = say("a second number beside the text")
READ_DIGITS: Final = say("read from the digits that a machine wrote")
TWO_READINGS: Final = say("there is no text, and its structure can be read as two different numbers")
GLUED: Final = say("there is no text, and its structure has more digits without a separator than any number")
CUT_OFF: Final = say("there is no text, and the digits that a machine wrote are cut off")

_DIGIT = re.compile(r"\d")
_NOT_DIGITS = re.compile(r"[^0-9]+")
_RUN = re.compile(r"\d[\d .()\u00a0-]*")
_GROUPED = re.compile(r"\d[ .()-]+\d")
_WITH_AREA = 10  # digits: such a number needs no other parts, and no separators to be told from an extension
_LONGEST = 11  # digits; a longer "number" of a foreign country is none of its
_MOST_DIGITS = 13  # of one number without separators; in more of them several are glued
_AREA_DIGITS = range(2, 6)


class RowResult(NamedTuple):
    """What a row gave: its keys, or none and the reason; the rules; the structure where it names another number."""

    keys: tuple[str, ...]
    reason: str | None = None
    rules: tuple[str, ...] = ()
    structure: str = ""


def ascii_digits(text: str) -> str:
    """The digits 0 to 9 of a text, without what stands between them."""
    return _NOT_DIGITS.sub("", text)


class RowReader:
    """Reads phone rows by the rules of one parser."""

    def __init__(self, numbers: NumberParser) -> None:
        # Loading libphonenumber takes longer than starting a command that needs no numbers.
        from astsync.phonebook.numbers.calling_codes import CALLING_CODES
        from astsync.phonebook.numbers.country_plan import number_plan

        plan = number_plan(numbers.country)
        self._parse = numbers.parse
        self._code, self._trunk = str(plan.country_code), plan.trunk
        self._codes = CALLING_CODES
        self._home = frozenset({"", self._code, self._trunk})
        self._starts = frozenset({"+", "(", self._code[:1], self._trunk})  # of a number that has its area code

    def read(self, phone: Phone) -> RowResult:
        """The keys of a phone row, or none and the reason; never raises."""
        texts, parts = phone.texts, phone.parts
        if phone.fault:
            return RowResult((), phone.fault)
        if parts is None and len(texts) == 1:
            return RowResult(*self._parse(texts[0]))
        text = next(filter(_DIGIT.search, texts), "")
        if parts is None:
            return RowResult(*self._parse(text or "".join(texts[:1])))
        if text:
            return self._beside(text, parts)
        return RowResult(*self._alone(parts))  # a text without a digit, such as "уточнить", names no number

    def _beside(self, text: str, parts: PhoneParts) -> RowResult:
        """Read a text that holds digits, and the structure beside it."""
        area = self._area(text, parts)
        result = self._parse(text, area)
        if area:
            result = _with_area_rule(result, area + ascii_digits(parts.number))
        result = self._with_rest(text, parts, result, area)
        other = self._of_parts(parts)
        differs = not set(other.keys) <= set(result.keys)
        return RowResult(*result, structure=parts.spelled() if differs else "")

    def _area(self, text: str, parts: PhoneParts) -> str:
        """The area code of the structure, where its number stands in the text as a local number; else ""."""
        number, area = ascii_digits(parts.number), ascii_digits(parts.area)
        if len(number) < LEAST_NUMBER or not area or ascii_digits(parts.country) not in self._home:
            return ""
        if not any(ascii_digits(run) == number for run in _RUN.findall(text)):
            return ""
        area = area.removeprefix("0") if self._trunk else area  # (017) of Belarus: 0 is no part of the code
        return area if len(area) in _AREA_DIGITS else ""

    def _with_rest(self, text: str, parts: PhoneParts, result: NumberResult, area: str = "") -> NumberResult:
        """Add the numbers that people wrote into the fields of the extension and the comment."""
        for rest in (parts.extension, parts.comment):
            if not _holds_number(rest, text):
                continue
            # Read as one field with the text, so that a local number takes the area code of the number before it.
            joined = self._parse(f"{text}; {rest}", area)
            if len(joined.keys) > len(result.keys) and joined.keys[: len(result.keys)] == result.keys:
                text, result = f"{text}; {rest}", joined._replace(rules=(*joined.rules, READ_REST))
        return result

    def _alone(self, parts: PhoneParts) -> NumberResult:
        """Read a structure beside which no text stands."""
        result = self._of_parts(parts)
        number = parts._replace(extension="", comment="", digits="").spelled()
        if number and len(ascii_digits(parts.number)) < LEAST_NUMBER:
            parts = parts._replace(extension="")  # the rest of a split text, which was read with it
        if result.keys:
            result = result._replace(rules=(READ_PARTS, *result.rules))
        elif result.reason in {TWO_READINGS, GLUED}:
            number = ""  # what was refused must not come back beside the rest
        result = self._with_rest(number, parts, result)
        return result if result.keys or not parts.digits else self._of_digits(parts.digits)

    def _of_digits(self, text: str) -> NumberResult:
        """Read НомерТелефона: without blanks, dashes and plus signs, and perhaps cut in the midst of a number."""
        if len(text) == CUT_AT and not any(char in text for char in " +-"):
            text = text.rstrip("0123456789().")
            if not _DIGIT.search(text):
                return NumberResult((), CUT_OFF)
        result = self._parse(text)
        return result._replace(rules=(READ_DIGITS, *result.rules)) if result.keys else result

    def _of_parts(self, parts: PhoneParts) -> NumberResult:
        """Read country, area and number: as what they are called where they can be, else as a text that was split."""
        country, number = ascii_digits(parts.country), ascii_digits(parts.number)
        if any(part.isdecimal() and len(part) > _MOST_DIGITS for part in (parts.country, parts.area, parts.number)):
            return NumberResult((), GLUED)
        if "+" in parts.number or (len(number) > _LONGEST and number.startswith(country + ascii_digits(parts.area))):
            return self._parse(parts.number)  # the whole of it, whatever else stands beside
        known = country in self._home or (country in self._codes and len(number) <= _LONGEST)
        if len(number) < LEAST_NUMBER or not known:
            return self._parse(_unsplit(parts))
        if country in self._home:
            whole = len(number) >= _WITH_AREA and (not parts.area or parts.number.lstrip()[:1] in self._starts)
            found = self._parse(parts.number) if whole else None
            return found if found is not None and found.keys else self._parse(self._at_home(country, parts))
        abroad = self._parse(_rendered(f"+{country}", parts))
        return self._undecided(abroad, _unsplit(parts)) if len(country) > 2 else abroad

    def _undecided(self, abroad: NumberResult, split: str) -> NumberResult:
        """The number abroad, or the reason TWO_READINGS where a machine may have split a number at home."""
        other = self._parse(split)
        if other.keys and abroad.keys and other.keys != abroad.keys:
            return NumberResult((), TWO_READINGS)
        return abroad

    def _at_home(self, country: str, parts: PhoneParts) -> str:
        """The parts of a number at home as people write it. A local number is written without its country."""
        digits = len(ascii_digits(parts.area + parts.number))
        if not parts.area and country and digits < _WITH_AREA - 1:
            return parts.number
        return _rendered(f"+{country}" if country == self._code else country, parts)


def _with_area_rule(result: NumberResult, national: str) -> NumberResult:
    """The same result, its rule naming the structure for the number that took its area code."""
    split = [rule.partition(": ") for rule in result.rules]
    rules = [
        f"{key}: {AREA_OF_PARTS if key.endswith(national) else rest}" if colon else key for key, colon, rest in split
    ]
    return result._replace(rules=tuple(rules))


def _unsplit(parts: PhoneParts) -> str:
    """The text as it was before a machine split it. Digits alone in the field of the extension are an extension."""
    rest = "" if parts.extension.isdecimal() and len(parts.extension) < _WITH_AREA else parts.extension
    return " ".join(filter(None, (parts.country, parts.area, parts.number, rest)))


def _rendered(country: str, parts: PhoneParts) -> str:
    return parts._replace(country=country, extension="", comment="").spelled()


def _holds_number(rest: str, text: str) -> bool:
    """Whether the field of the extension or the comment holds a number that the text does not hold."""
    count = len(ascii_digits(rest))
    if count < LEAST_NUMBER or rest in text:  # what the text holds too was read where it stands
        return False
    return count >= _WITH_AREA or _GROUPED.search(rest) is not None
