"""A run of digits cut into numbers: which blanks stand inside a number and which between two."""

import re
from collections.abc import Iterator
from typing import Final

from astsync.phonebook.number_reading import Number, Reader, glued_pair
from astsync.phonebook.phone_field import Run

INHERITED: Final = "area code inherited"
CONFIGURED: Final = "configured area code"
TAIL_EXPANDED: Final = "alternative tail expanded"
TAIL_IGNORED: Final = "digits after the number ignored"

_DIGIT = re.compile(r"\d")
# Blanks, more than one dot, a bracket; and a hyphen after a whole group of two and two: 229-30-42-12.
_CUT = re.compile(r"(?<=[\d)])(?: +[-.]? *|(?=\()|\. +|\.{2,} *)(?=[\d(])|(?<=\))(?=\d)|(?<=\d\d-\d\d)-(?=\d{2,4}$)")
_SLASH = re.compile(r" *[/\\] *")
_TAIL = re.compile(r"-?(\d{1,4}(?:-\d\d)?)")
_LAST_GROUPS = re.compile(r"(\d+)(?:[ .-](\d+))?\)?$")
# No code in brackets, no prefix apart, no single last digit: those are whole numbers that lost digits.
_LOCAL = re.compile(r"(?![780][ .-]|0)\d+(?:[ .-]{1,3}\d+)*(?<=\d\d)")
_FIRST_GROUP = re.compile(r"\d+")
_AMOUNT = re.compile(r"\d{1,2}(?: \d{3}){2,}|\d{1,2}\.\d{3,}")
_ACCOUNT = re.compile(r"\d{9,}")
_LOCAL_DIGITS = (5, 8)
_LONGEST_LOCAL = 20  # characters
_PAIR_DIGITS = 22
_MOST_BEFORE_SLASH = 9  # digits: a prefix, an area code, the start of a number
_MOST_SKIPPED = 6  # digits: an index in a list, office hours, a short number of the office


def digit_count(text: str) -> int:
    """Count the ASCII digits of a text."""
    return sum(map(str.isdigit, text))


def _digits(text: str) -> str:
    return "".join(_DIGIT.findall(text))


class Segments:
    """The numbers of one field, found run by run; a local number takes its area code from the numbers before it."""

    def __init__(self, reader: Reader, area_code: str) -> None:
        self._reader, self._area_code = reader, area_code
        self._local_first = reader.plan.length > _LOCAL_DIGITS[1]  # then no local number can be a whole one
        self.numbers: list[Number] = []
        self.rules: list[str] = []
        self.locals_left: list[str] = []

    def add(self, run: Run) -> None:
        """Find the numbers of one run."""
        if "/" not in run.text and "\\" not in run.text:
            self._add_part(run.text, plus=run.plus, glued=run.glued)
            return
        parts = _SLASH.split(run.text)
        plus = run.plus
        text = parts.pop(0)
        while True:
            found = self._add_part(text, plus=plus, glued=run.glued)
            if not parts:
                return
            if not found and digit_count(text) <= _MOST_BEFORE_SLASH:
                text = f"{text}-{parts.pop(0)}"  # 8/495/229-30-42, 030/901820
                continue
            base = self.numbers[-1] if found else None
            while parts and base is not None and self._add_tail(base, text, parts[0]):
                parts.pop(0)
            if not parts:
                return
            text, plus = parts.pop(0), False

    def _note(self, rule: str) -> None:
        if rule not in self.rules:
            self.rules.append(rule)

    def _add_part(self, text: str, *, plus: bool, glued: bool) -> bool:
        """Find the numbers of a part without slashes; False when there is none."""
        whole = self._reader.read_plain(text, plus=plus)
        if whole is None and self._local_first and self._add_local(text, plus=plus, glued=glued):
            return True
        whole = whole or self._reader.read_closely(text, plus=plus)
        if whole is not None:
            self.numbers.append(whole)
            return True
        if not self._local_first and self._add_local(text, plus=plus, glued=glued):
            return True
        return self._add_pair(text) or self._add_cut(text, plus=plus, glued=glued)

    def _add_pair(self, text: str) -> bool:
        if len(text) != _PAIR_DIGITS:
            return False
        pair = [self._reader.read(half, plus=False) for half in glued_pair(text)]
        numbers = [number for number in pair if number is not None]
        self.numbers += numbers if len(numbers) > 1 else []
        return len(numbers) > 1

    def _add_cut(self, text: str, *, plus: bool, glued: bool) -> bool:
        """Cut at blanks: a number first, the longest that is one, then what follows it."""
        cuts = [match.span() for match in _CUT.finditer(text)]
        for end, start in reversed(cuts):
            head, rest = text[:end], text[start:]
            if self._is_head(head, rest, plus=plus):
                self._add_rest(rest)
                return True
        if plus:  # МСК+2 8 (495) 229-30-42
            return glued and text[1:3] in {" 7", " 8"} and self._skip_head(text, cuts)
        return self._skip_head(text, cuts)

    def _is_head(self, head: str, rest: str, *, plus: bool) -> bool:
        number = self._reader.read(head, plus=plus)
        if number is None:
            return self._is_local_head(head, rest, plus=plus)
        prefixed = plus or len(_digits(head)) > len(number.national)
        if not prefixed and digit_count(rest) > _MOST_SKIPPED and not self._reads(rest):
            return False  # the first digits of an account are no number
        self.numbers.append(number)
        return True

    def _is_local_head(self, head: str, rest: str, *, plus: bool) -> bool:
        if plus or (" " in head and not re.fullmatch(r"\(\d{1,4}\)?", rest)):
            return False
        short = digit_count(rest) <= 4
        return (short or digit_count(rest) >= digit_count(head)) and self._add_local(head, plus=False, glued=False)

    def _reads(self, text: str) -> bool:
        probe = Segments(self._reader, self._area_code)
        probe.numbers = self.numbers.copy()
        return probe._add_part(text, plus=False, glued=False)

    def _add_rest(self, rest: str) -> None:
        if digit_count(rest) < 5 or not self._add_part(rest, plus=False, glued=False):
            self._note(TAIL_IGNORED)

    def _skip_head(self, text: str, cuts: list[tuple[int, int]]) -> bool:
        """Skip an index, hours or an account before a number that has its prefix: "1. 8 495 229-30-42"."""
        for end, start in cuts:
            if digit_count(text[:end]) > _MOST_SKIPPED and not _ACCOUNT.fullmatch(text[:end]):
                return False
            rest = text[start:]
            if self._may_skip(text[:end], rest) and self._skipped_to(rest):
                return True
        return False

    def _may_skip(self, head: str, rest: str) -> bool:
        """Tell an index from a prefix: 8. 8 495 229-30-42 is the eighth, 8 (847) 213-82-010 has a digit too many."""
        if rest[:1] not in {"7", "8", "0", "("}:
            return False
        if _digits(head) not in {self._reader.plan.trunk, self._reader.code}:
            return True
        group = _FIRST_GROUP.match(rest)
        return group is not None and len(group[0]) in {1, self._reader.plan.length + 1}

    def _skipped_to(self, rest: str) -> bool:
        probe = Segments(self._reader, "")
        found = probe._add_part(rest, plus=False, glued=False)
        if not found or len(_digits(rest)) <= len(probe.numbers[0].national):
            return False
        return self._add_part(rest, plus=False, glued=False)

    def _areas(self, width: int) -> Iterator[tuple[str, str]]:
        """Yield the area codes that a local number of this many digits can have: the field's own first."""
        length = self._reader.plan.length
        fixed = next((number for number in reversed(self.numbers) if self._reader.is_fixed(number)), None)
        if fixed is not None and fixed.area:
            yield fixed.area, INHERITED
        elif fixed is not None and width == 7 and length:
            yield fixed.national[: length - width], INHERITED
        if self._area_code:
            yield self._area_code, CONFIGURED

    def _add_local(self, text: str, *, plus: bool, glued: bool) -> bool:
        text = text.strip("()")
        if (
            plus
            or glued
            or not 5 <= len(text) <= _LONGEST_LOCAL
            or not _LOCAL.fullmatch(text)
            or _AMOUNT.fullmatch(text)
        ):
            return False
        width = digit_count(text)
        if not _LOCAL_DIGITS[0] <= width <= _LOCAL_DIGITS[1]:
            return False
        if text[0] == self._reader.plan.trunk:
            return False
        number = next(self._locals(text, width), None)
        if number is not None:
            self.numbers.append(number)
        elif width == 7:
            self.locals_left.append(text)
        return number is not None

    def _locals(self, text: str, width: int) -> Iterator[Number]:
        """Yield what a local number of this many digits can be behind the area codes of the field and the setting."""
        last = self.numbers[-1] if self.numbers else None
        abroad = self._reader.local_abroad(text, last, INHERITED) if last is not None else None
        if abroad is not None:
            yield abroad
        for area, rule in self._areas(width):
            number = self._reader.local(text, area, rule)
            if number is not None:
                yield number

    def _add_tail(self, number: Number, text: str, part: str) -> bool:
        """Expand "…42/43": other last digits of the number before, as many as its last group or two have."""
        match = _TAIL.fullmatch(part.strip("() "))
        last = _LAST_GROUPS.search(text)
        if match is None or last is None:
            return False
        tail, groups = match[1].replace("-", ""), [group for group in last.groups() if group]
        at_end = _digits(text)[-5:] == number.national[-5:]
        if not at_end or len(tail) < 2 or len(tail) not in {2, len(groups[-1]), len("".join(groups))}:
            return self._ignore_tail(part)
        national = number.national[: -len(tail)] + tail
        if not self._reader.plan.valid(national) or number.country_code != self._reader.code:
            return False
        written = f"{number.area} {national.removeprefix(number.area)}"
        self.numbers.append(number._replace(national=national, rule=TAIL_EXPANDED, written=written))
        return True

    def _ignore_tail(self, part: str) -> bool:
        self._note(TAIL_IGNORED)
        return digit_count(part) <= 4
