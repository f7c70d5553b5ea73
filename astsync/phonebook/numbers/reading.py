"""One run of digits read as one phone number of any country: which prefix it has, and whether libphonenumber agrees.

Our rules find the prefix (``+``, ``8``, ``00``, ``810``, a calling code alone), libphonenumber has the last word about
the number behind it. It must not find the prefix itself: it drops and adds digits until a number fits.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import PhoneNumber

from astsync.language import say
from astsync.phonebook.numbers.calling_codes import calling_code, calling_code_width, may_be_national
from astsync.phonebook.numbers.country_plan import NumberPlan, number_plan

INTERNATIONAL: Final = say("international number")
NATIONAL: Final = say("national number")
NO_PLUS: Final = say("country code without +")
PLUS_TRUNK: Final = say("+ before the trunk prefix")
CODE_TRUNK: Final = say("trunk prefix after the country code")
DOUBLE_ZERO: Final = say("international prefix 00")
PLUS_CODE: Final = say("+ before the area code")
CODE_TWICE: Final = say("another country code after the own one")
PREFIX_810: Final = say("international prefix 810")
OLD_TRUNK: Final = say("old trunk prefix 8")
UNASSIGNED: Final = say("code exists, block not assigned")

# Countries whose people write their numbers to each other without the "+": the former Soviet Union.
NEIGHBOURS = frozenset({"370", "371", "372", "373", "374", "375", "380", "992", "993", "994", "995", "996", "998"})
_MOST_DIGITS = 15  # ITU-T E.164
_MOST_WITH_PREFIXES = _MOST_DIGITS + 6  # digits; the longest prefix is 7810, and two are spare
_LEAST_DIGITS = 7
_LONGEST_AREA = 5  # digits of an area code
WITH_SEVEN = 11  # digits of a whole number with its calling code 7, or its trunk prefix 8
_DIGITS = re.compile(r"\d+")
_BRACKETS = re.compile(r"\(([\d .-]*)\)")


class Number(NamedTuple):
    """A number as read: calling code and national number (digits), the rule, and the text as it was written."""

    country_code: str
    national: str
    rule: str
    written: str = ""

    @property
    def e164(self) -> str:
        """The number in E.164 without its "+"."""
        return self.country_code + self.national

    @property
    def area(self) -> str:
        """The area code, where it was written apart: "495" of ``8 (495) 229-30-42``, "" of ``84952293042``."""
        return _area(self.written, self.national)


class Digits(NamedTuple):
    """A run's digits together, and the groups in which they were written.

    ``bracketed``: the run begins with a bracket.
    """

    text: str
    groups: list[str]
    bracketed: bool = False

    @classmethod
    def of(cls, run: str) -> "Digits":
        """Take a run apart into groups. What stands in one pair of brackets is one group: (383-43) is 38343."""
        groups = _DIGITS.findall(_BRACKETS.sub(_join_group, run) if "(" in run else run)
        return cls("".join(groups), groups, run.startswith("("))

    def without_zeros(self) -> "Digits":
        """Drop the two zeros of the international prefix: 00 49 30 becomes 49 30, and 0049 30 too."""
        first, *rest = self.groups
        if len(first) < 2:  # 0 0 49 30 …
            return Digits(self.text[2:], [self.text[2:]])
        return Digits(self.text[2:], rest if first == "00" else [first[2:], *rest])


@lru_cache(maxsize=256)
def _area(written: str, national: str) -> str:
    text, groups, _ = Digits.of(written)
    at = len(text) - len(national)
    for group in groups:
        if at < len(group):
            area = group[max(at, 0) :]  # a prefix may be glued to it: 8495, 0522
            apart = 2 <= len(area) <= _LONGEST_AREA and len(area) < len(national)
            return area if apart and text.endswith(national) else ""
        at -= len(group)
    return ""


def _join_group(match: re.Match[str]) -> str:
    return f" {''.join(_DIGITS.findall(match[1]))} "


def _from_library(number: PhoneNumber, rule: str) -> Number | None:
    if not phonenumbers.is_valid_number(number):
        return None
    national = phonenumbers.national_significant_number(number)
    code = str(number.country_code)
    fits = len(national) >= _LEAST_DIGITS and len(code) + len(national) <= _MOST_DIGITS
    return Number(code, national, rule) if fits else None


def _parse(text: str, region: str | None, rule: str) -> Number | None:
    if not _LEAST_DIGITS <= len(text) <= _MOST_WITH_PREFIXES:
        return None
    try:
        return _from_library(phonenumbers.parse(text, region), rule)
    except phonenumbers.NumberParseException:
        return None


@lru_cache(maxsize=1024)
def _is_fixed_abroad(e164: str) -> bool:
    """Whether a number (E.164 without "+") of any country is certainly of a fixed line."""
    parsed = phonenumbers.parse(f"+{e164}")
    return phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.FIXED_LINE


class NumberReader:
    """Reads numbers as people in one country (ISO 3166 alpha-2) write them."""

    def __init__(self, country: str) -> None:
        self.country = country
        self.plan: NumberPlan = number_plan(country)
        self.code = str(self.plan.country_code)
        self._length = self.plan.length  # of all national numbers; 0 where they differ
        self._counts: dict[tuple[str, bool, bool], frozenset[int]] = {}
        self._least = min(self.plan.length, 10) if self.plan.fast else _LEAST_DIGITS
        # What the fast path calls a number, by the prefix that it found.
        self.rules = {self.plan.trunk: f"trunk prefix {self.plan.trunk}", f"+{self.code}": INTERNATIONAL}
        self.rules |= {self.code: NO_PLUS, "": NATIONAL}

    def read(self, run: str, *, plus: bool) -> Number | None:
        """Read a whole run as one number; None when it is none."""
        return self.read_plain(run, plus=plus) or self.read_closely(run, plus=plus)

    def read_plain(self, run: str, *, plus: bool) -> Number | None:
        """Read a run as one plainly written number of this country, fast; None where it is not so plain."""
        plain = self.plan.read(f"+{run}" if plus else run)
        if plain is None:
            return None
        prefix, national = plain
        return Number(self.code, national, self.rules[prefix], run)

    def read_closely(self, run: str, *, plus: bool) -> Number | None:
        """Read a run as one number of any country; slow. None where it is none."""
        digits = Digits.of(run)
        least = _LEAST_DIGITS if plus else self._least
        if not least <= len(digits.text) <= _MOST_WITH_PREFIXES:
            return None
        number = self._plus(digits) if plus else self._no_plus(digits)
        return None if number is None else Number(number.country_code, number.national, number.rule, run)

    def counts(self, start: str, *, plus: bool, first: bool) -> frozenset[int]:
        """How many digits a number that starts so can have. Asked first, it spares the reading of most candidates.

        ``start`` are the first three digits, or fewer where there are no more. ``first``: nothing stands before them in
        their run. Only there an international prefix is looked for.
        """
        known = self._counts.get((start, plus, first))
        if known is None:
            most = range(_LEAST_DIGITS, _MOST_DIGITS + 4)
            known = frozenset(count for count in most if self._may_be(count, start, plus=plus, first=first))
            self._counts[start, plus, first] = known
        return known

    def _may_be(self, count: int, start: str, *, plus: bool, first: bool) -> bool:
        if plus:
            return _LEAST_DIGITS <= count <= _MOST_DIGITS + 1
        if first and start.startswith(("00", "81")) and count > self.plan.length + 1:
            return count <= _MOST_DIGITS + 3
        if start in NEIGHBOURS:
            return self._least <= count <= _MOST_DIGITS - 2
        return self._may_be_home(count, start)

    def _may_be_home(self, count: int, start: str) -> bool:
        if not self._length:
            return self._least <= count <= _MOST_DIGITS
        if self._length <= count <= self._length + 2 or (count == WITH_SEVEN and start[0] == "7"):
            return True
        return start == self.plan.abroad and count > self._length

    def _plus(self, digits: Digits) -> Number | None:
        text, groups, _ = digits
        if len(text) < _LEAST_DIGITS:
            return None
        if text.startswith("00"):
            return self._plus(digits.without_zeros())
        if text.startswith("810") and len(text) > 11:
            return self._international(text[3:], PREFIX_810)
        if self._is_trunk(digits) or groups[0] == "0":
            number = self._no_plus(digits)
            return number._replace(rule=PLUS_TRUNK) if number is not None else None
        return self._international(text, INTERNATIONAL)

    def _is_trunk(self, digits: Digits) -> bool:
        """Whether the group behind a "+" is the trunk prefix 8: no calling code is 8 alone."""
        return digits.groups[0] == "8"

    def _international(self, text: str, rule: str) -> Number | None:
        """Read the digits behind a "+": a calling code and a national number."""
        width = calling_code_width(text)
        if not width:
            return None
        plan = calling_code(int(text[:width]))
        if plan is not None and plan.judges(text[width:]):
            return Number(text[:width], text[width:], rule) if plan.takes(text[width:]) else None
        possible = len(text) <= _MOST_DIGITS and may_be_national(int(text[:width]), text[width:])
        return _parse(f"+{text}", None, rule) if possible else None

    def _no_plus(self, digits: Digits) -> Number | None:
        text = digits.text
        if text.startswith("00"):
            number = self._plus(digits.without_zeros())
            return number._replace(rule=DOUBLE_ZERO) if number is not None and number.rule == INTERNATIONAL else number
        abroad = text.startswith("810")
        return self._home(digits) or (self._international(text[3:], PREFIX_810) if abroad else self._bare(digits))

    def _bare(self, digits: Digits) -> Number | None:
        """Read a number of a neighbour that lacks only its "+".

        Numbers of other countries need their "+": 86 138 1234 5678 may as well be a house and an account.
        """
        text, first = digits.text, digits.groups[0]
        whole_code = len(first) > 2 or (first == "38" and text[2] == "0")  # Ukraine writes 38 (067) …
        neighbour = (text[:3] in NEIGHBOURS and whole_code) or (
            text[0] == "7" and self.code != "7" and len(text) == WITH_SEVEN
        )
        return self._international(text, NO_PLUS) if len(text) > 10 and neighbour else None

    def _home(self, digits: Digits) -> Number | None:
        number = self._read_home(digits)
        return number if number is not None and self._reads_back(number) else None

    def _reads_back(self, number: Number) -> bool:
        """Whether libphonenumber reads the key as the same number: from 375 810… it strips a trunk prefix 8."""
        if not number.national.startswith(self.plan.trunk or "-"):
            return True
        again = _parse(f"+{number.e164}", None, number.rule)
        return again is not None and again.national == number.national

    def _read_home(self, digits: Digits) -> Number | None:
        if self._length and not (self.plan.abroad and digits.text.startswith(self.plan.abroad)):
            return self._of_known_length(digits)
        return _parse(digits.text, self.country, NATIONAL)

    def _of_known_length(self, digits: Digits) -> Number | None:
        """Read a number at home, where all numbers have one length: no digit more, no digit less.

        libphonenumber alone drops the 8 of a Russian 8 (800) 613-18-60 and finds a number of Kyrgyzstan in the rest.
        """
        text, groups, _ = digits
        for prefix, rule in self._prefixes(groups[0]):
            national = text[len(prefix) :]
            if len(national) == self._length and text.startswith(prefix) and self.plan.valid(national):
                return Number(self.code, national, rule)
        return None

    def _prefixes(self, first: str) -> Iterator[tuple[str, str]]:
        """Yield the prefixes that people write at home, each with its rule; ``first`` is the first group of digits."""
        yield "", NATIONAL
        trunk = self.plan.trunk
        apart = first in {"8", "80"}
        if self.country == "BY":
            yield "80", "trunk prefix 8"
            yield "0", "trunk prefix 8"
            if apart:
                yield "8", "trunk prefix 8"
            return
        if trunk:
            yield trunk, f"trunk prefix {trunk}"
        if self.code not in NEIGHBOURS or trunk == "8":
            return
        if trunk == "0":
            yield "80", OLD_TRUNK
        if apart or self.country == "LT":  # 8 6… is still written in one piece there
            yield "8", OLD_TRUNK

    def local(self, run: str, area: str, rule: str) -> Number | None:
        """Read a local number (5 to 8 digits) behind an area code (digits); None where both are no valid number."""
        digits = run.replace("-", "")
        national = area + (digits if digits.isdigit() else "".join(_DIGITS.findall(run)))
        if self.plan.length and len(national) != self.plan.length:
            return None
        written = f"{area} {run}"
        return Number(self.code, national, rule, written) if self.plan.valid(national) else None

    def local_abroad(self, run: str, before: Number, rule: str) -> Number | None:
        """Read a local number behind the area code of the number before it, a fixed line of another country."""
        digits = "".join(_DIGITS.findall(run))
        if before.country_code == self.code or not _is_fixed_abroad(before.e164):
            return None
        area = before.area or before.national[: -len(digits)]
        national = area + digits
        if len(area) < 2 or len(national) != len(before.national):
            return None
        number = self._international(before.country_code + national, rule)
        return number._replace(written=f"{area} {run}") if number is not None else None

    def is_valid(self, code: str, national: str) -> bool:
        """Whether a national number (digits) is valid under a calling code."""
        return self.plan.valid(national) if code == self.code else self._international(code + national, "") is not None

    def is_fixed(self, number: Number) -> bool:
        """Whether a number is of a fixed line at home. Its neighbours in the field can share its area code."""
        return number.country_code == self.code and self.plan.is_fixed(number.national)
