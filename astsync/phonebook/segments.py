"""A run of digits cut into numbers: which blanks stand inside a number and which between two.

Every digit of a run must be accounted for: as part of a number, as other last digits of the number before (``…42/43``),
or as a small number that stands apart (an index in a list, a house, office hours). A run in which digits are left over
gives no number, because a digit too many or too few is as likely as anything else. Among several ways to cut a run the
one with the least cost is taken; the ways are built from left to right, a group of digits is looked at as often as a
number has groups, so the work grows with the length of the run.
"""

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import lru_cache
from itertools import accumulate
from operator import attrgetter
from typing import Final, NamedTuple

from astsync.phonebook.number_reading import Number, Reader, is_calling_code
from astsync.phonebook.phone_field import Run

INHERITED: Final = "area code inherited"
CONFIGURED: Final = "configured area code"
TAIL_EXPANDED: Final = "alternative tail expanded"
TAIL_IGNORED: Final = "digits after the number ignored"
INDEX_IGNORED: Final = "small number before the number ignored"

_GROUP = re.compile(r"\d+")
_TAIL = re.compile(r"\d{1,4}(?:-\d\d)?")
_LAST_GROUPS = re.compile(r"(\d+)(?:[ .-](\d+))?\)?\Z")
# No code in brackets, no prefix apart, no single last digit: those are whole numbers that lost digits.
_LOCAL = re.compile(r"(?![780][ .-]|0)\d+(?:[ .-]{1,3}\d+)*(?<=\d\d)")
_AMOUNT = re.compile(r"\d{1,2}(?: \d{3}){2,}|\d{1,2}\.\d{3,}")
_ROUND = re.compile(r"\d{1,3}[ -]?000|[1-9]00[ -][1-9]00")  # sums, ranges, postal codes of cities
_SHORT_DATE = re.compile(
    r"(?:0?[1-9]|[12]\d|3[01])\.(?:0[1-9]|1[0-2])\.\d\d"
    r"|(?:0[1-9]|[12]\d|3[01])-(?:0[1-9]|1[0-2])-(?:1[5-9]|2\d|3[0-5])"
)
_HOURS = re.compile(r"(?:[01]?\d|2[0-4])(?:[.:][0-5]\d)?(?:-(?:[01]?\d|2[0-4])(?:[.:][0-5]\d)?)?")
_TWO_HOURS = re.compile(r"\d+-\d+|\d+[.:]\d\d(?:-.*)?")
_PLACES = (
    r"оф(?:ис\w{0,3})?|каб(?:инет\w{0,2})?|кв(?:арт\w{0,4})?|комн?(?:ат\w{0,2})?|д(?:ом\w{0,2})?|корп(?:ус\w{0,2})?|стр(?:оен\w{0,3})?"
    r"|эт(?:аж\w{0,2})?|под(?:ъезд\w{0,2})?|отд(?:ел\w{0,6})?|маг(?:азин\w{0,2})?|школ\w{0,2}|сад\w{0,2}|цех\w{0,2}|склад\w{0,2}"
    r"|аптек\w{0,2}|уч(?:аст\w{0,4})?|бригад\w{0,2}|пав(?:ильон\w{0,2})?|бокс\w{0,2}|ряд\w{0,2}|мест\w{0,2}|пост\w{0,2}|секци\w{0,2}"
    r"|касс\w{0,2}|пом(?:ещен\w{0,3})?|терминал\w{0,2}|филиал\w{0,2}|лини\w{0,2}|ауд(?:итор\w{0,3})?|палат\w{0,2}|окн\w{0,2}"
    r"|объект\w{0,2}|п|до|кабін\w{0,3}|буд(?:инок)?|поверх|room|office|floor|apt"
)
# "т.1 731-40-11" is the first telephone; with a blank behind it, "т." stands before a number.
_PLACE = re.compile(rf"(?:(?<![^\W\d_])(?:{_PLACES})|№)[\s.№#]{{0,3}}\Z|(?<![^\W\d_])т(?:ел)?\.?\Z")
_PLAIN_LOCAL = re.compile(r"\d{1,3}(?:-\d\d){1,2}|\d{1,3}-\d{2,4}")
_ABROAD = re.compile(r"8[ -]?10|00|3[78]\d|99\d")
_LONGEST_ALONE = 30  # characters of one number
_LEAST_WITH_MORE = 11  # digits of a number with its "+" and of something else
_LOCAL_DIGITS = (5, 8)
_LONGEST_LOCAL = 20  # characters
_MOST_SKIPPED = 6  # digits: a house and its part, a postal code, a short number of the office
_MOST_INDEX = 4  # digits before a number
_MOST_GROUPS = 8  # of one number among others; alone it may have each digit apart
_LEAST_ACCOUNT = 9  # digits in one piece
_MOST_BEFORE_BRACKET = 6  # digits: a prefix and an area code
_MOST_PREFIXED = 9  # digits before a slash that are no whole number yet: 8 495 229/30/42
_LEAST_NUMBER = 7  # digits of a number
_MOST_NUMBER = 18  # digits of a number with an international prefix
_WHOLE = 10  # digits of a group that is a number in one piece
_PREFIXES = frozenset("780")  # apart, they belong to a whole number that lost digits
_FIXED_CODES = frozenset("348")  # their first digits in Russia
_LONGEST_WEAK = 3  # signs between two groups of a local number
_SIX = 6  # digits of a local number behind a code of four
_CODE = 3  # digits of the usual area code
# 8 (905), +7 905, код 3532: a code whose number stands in the next run.
_CODE_ALONE = re.compile(r"(?P<prefix>(?:[78][ .(-]{0,3})?)\(?(?P<code>\d{3,5})\)?")
_APART = re.compile(r"\d{3} ")
_LONGEST_CODE = 12  # characters of such a run
_CODE_WORD = re.compile(r"(?<![^\W\d_])код[\s.:№]{0,3}\Z")
# A word before a number that names a place or a person, and so ends the inheriting of another country's area code.
_NAMED = re.compile(r"(?<![^\W\d_])(?!тел|факс|моб|раб|внут)[^\W\d_]{4,}[\s.:-]{0,3}\Z")
_SEVEN = 7  # digits of the usual local number
_FEW_GROUPS = 40  # of some eight numbers
_MOST_READ = 60  # candidates of one field that are read closely; a field with ten odd numbers takes some fifty
_LONGEST_PERIOD = 6  # groups of one number
_FAR = 8  # numbers back from which an area code is taken


class _Gap(NamedTuple):
    """What stands between two groups of digits.

    ``joins``: may stand inside a number; ``parts``: may stand between two; ``blank``: with a blank in it; ``weak``: may
    stand inside a local number.
    """

    weak: bool
    joins: bool
    parts: bool
    slash: bool
    blank: bool
    opens: bool
    closes: bool


@lru_cache(maxsize=1024)
def _gap(text: str) -> _Gap:
    slash = "/" in text or "\\" in text
    long = "--" in text or ".." in text or ". " in text
    parts = " " in text or "(" in text or text[-1] == ")" or long or slash
    weak = len(text) <= _LONGEST_WEAK and not text.strip(" .-") and ". " not in text
    return _Gap(weak, not ("---" in text or ".." in text), parts, slash, " " in text, "(" in text, ")" in text)


class _Kind(IntEnum):
    """What a piece of a run is."""

    START = 0
    PREFIXED = 1
    BRACKETED = 2
    BARE = 3
    LOCAL = 4
    TAIL = 5
    AFTER = 6
    """A small number behind a number: an extension, hours."""
    INDEX = 7
    """A small number that may only stand before a number with its prefix, or with its area code in brackets."""
    MARKED = 8
    """A small number that a sign, a word or its form tells from a part of a number."""
    ACCOUNT = 9
    REMARK = 10
    """A small number in brackets behind a number; any number may follow."""


_NUMBERS = frozenset({_Kind.PREFIXED, _Kind.BRACKETED, _Kind.BARE, _Kind.LOCAL, _Kind.TAIL})
_COSTS: Final = {
    _Kind.PREFIXED: 10,
    _Kind.BRACKETED: 11,
    _Kind.BARE: 13,
    _Kind.LOCAL: 12,
    _Kind.TAIL: 1,
    _Kind.AFTER: 40,
    _Kind.INDEX: 41,
    _Kind.MARKED: 40,
    _Kind.ACCOUNT: 90,
    _Kind.REMARK: 40,
}
# What may follow what; a small number in front must be followed by a number that cannot have lost digits to it.
_AFTER_NUMBER = frozenset(
    {_Kind.PREFIXED, _Kind.BRACKETED, _Kind.BARE, _Kind.LOCAL, _Kind.AFTER, _Kind.MARKED, _Kind.REMARK}
)
_FOLLOWS: Final = {
    _Kind.START: frozenset(_Kind) - {_Kind.START, _Kind.TAIL, _Kind.AFTER, _Kind.REMARK},
    _Kind.PREFIXED: frozenset(_Kind) - {_Kind.START, _Kind.INDEX},
    _Kind.BRACKETED: _AFTER_NUMBER | {_Kind.TAIL},
    _Kind.BARE: _AFTER_NUMBER | {_Kind.TAIL},
    _Kind.LOCAL: _AFTER_NUMBER | {_Kind.TAIL},
    _Kind.TAIL: _AFTER_NUMBER | {_Kind.TAIL},
    _Kind.AFTER: frozenset({_Kind.PREFIXED, _Kind.BRACKETED, _Kind.AFTER, _Kind.MARKED}),
    _Kind.INDEX: frozenset({_Kind.PREFIXED, _Kind.BRACKETED, _Kind.INDEX, _Kind.MARKED}),
    _Kind.MARKED: frozenset({_Kind.PREFIXED, _Kind.BRACKETED, _Kind.BARE, _Kind.LOCAL, _Kind.INDEX, _Kind.MARKED}),
    _Kind.ACCOUNT: frozenset({_Kind.PREFIXED}),
    _Kind.REMARK: frozenset({_Kind.PREFIXED, _Kind.BRACKETED, _Kind.BARE, _Kind.LOCAL, _Kind.INDEX, _Kind.MARKED}),
}
_MAY_END = _NUMBERS | {_Kind.AFTER, _Kind.ACCOUNT, _Kind.MARKED, _Kind.REMARK}


class _Piece(NamedTuple):
    end: int
    kind: _Kind
    number: Number | None = None


class _Way(NamedTuple):
    """A way to cut the groups so far: its cost, its last piece, and the way before that piece.

    ``last`` is its last number. ``area`` tells what a local number takes over from this way: the area code that was
    written apart in the last number of a fixed line, that number's first digits, and the last number where it is of
    another country; all None where there is no number yet.
    """

    cost: int
    kind: _Kind
    start: int
    number: Number | None = None
    before: "_Way | None" = None
    last: Number | None = None
    area: tuple[str | None, str | None, Number | None] = (None, None, None)


def digit_count(text: str) -> int:
    """Count the ASCII digits of a text."""
    return sum(map(str.isdigit, text))


_cost = attrgetter("cost")
# A kind is no better than another that may be followed by all that may follow it, and may end a run where it may.
_NO_BETTER: Final = {
    kind: {
        other
        for other in _Kind
        if other is not kind and _FOLLOWS[kind] <= _FOLLOWS[other] and (other in _MAY_END or kind not in _MAY_END)
    }
    for kind in _Kind
}


def _promising(ways: dict[_Kind, _Way]) -> list[_Way]:
    """Give the ways to one place that may lead to the cheapest one."""
    if len(ways) == 1:
        return list(ways.values())
    costs = {kind: way.cost for kind, way in ways.items()}
    return [way for kind, way in ways.items() if not any(costs.get(k, way.cost) < way.cost for k in _NO_BETTER[kind])]


_NO_WAY: Final = _Way(0, _Kind.START, 0)


def _is_local_text(text: str, trunk: str) -> int:
    """Give how many digits a local number has that a text may be; 0 when it is none."""
    if not _LOCAL_DIGITS[0] <= len(text) <= _LONGEST_LOCAL or text[0] == trunk or not _LOCAL.fullmatch(text):
        return 0
    width = digit_count(text)
    if not _LOCAL_DIGITS[0] <= width <= _LOCAL_DIGITS[1]:
        return 0
    odd = _AMOUNT.fullmatch(text) or _SHORT_DATE.fullmatch(text) or (width == _SIX and _ROUND.fullmatch(text))
    return 0 if odd else width


def _period(digits: list[str], gaps: list[str]) -> int:
    """Give the groups of one number where a run repeats one way of writing, each number with as many digits; else 0."""
    count = len(digits)
    for period in range(1, min(count // 2, _LONGEST_PERIOD) + 1):
        widths = [len(group) for group in digits[:period]]
        if count % period or sum(widths) < _LOCAL_DIGITS[0]:
            continue
        between = gaps[period - 1]
        repeats = all(len(group) == widths[at % period] for at, group in enumerate(digits))
        inside = all(gap == (between if (at + 1) % period == 0 else gaps[at % period]) for at, gap in enumerate(gaps))
        if repeats and inside:
            return period
    return 0


class _Groups:
    """A run as its groups of digits and the gaps between them; ``gaps[k]`` stands before group ``k``."""

    def __init__(self, run: Run) -> None:
        self.run, self.text = run, run.text
        matches = list(_GROUP.finditer(run.text))
        self.digits = [match[0] for match in matches]
        self.starts = [match.start() for match in matches]
        self.ends = [match.end() for match in matches]
        self.count = len(matches)
        self.totals = [0, *accumulate(map(len, self.digits))]
        texts = [run.text[self.ends[at - 1] : self.starts[at]] for at in range(1, self.count)]
        self.gaps = [_gap("("), *map(_gap, texts)]
        opened = run.text.startswith("(")
        self._period = _period(self.digits, texts) if self.count > 1 else 0
        self.read: dict[int, list[_Piece]] = {}
        """The numbers that begin with a group, once they are read."""
        self.gaps[0] = _Gap(weak=False, joins=True, parts=True, slash=False, blank=True, opens=opened, closes=False)

    @property
    def is_sparse(self) -> bool:
        """Tell whether hardly any digits stand together: nobody types several numbers digit by digit."""
        return 2 * self.totals[-1] < 3 * self.count

    def slice(self, start: int, end: int) -> str:
        """The text of the groups from ``start`` up to ``end``, with the bracket that opens before it."""
        first = self.starts[start]
        if self.gaps[start].opens:
            first = self.text.rindex("(", 0, first)
        return self.text[first : self.ends[end - 1]]

    def bare(self, start: int, end: int) -> str:
        """The text of the groups from ``start`` up to ``end`` without any bracket around it."""
        return self.text[self.starts[start] : self.ends[end - 1]]

    def parts_at(self, at: int) -> bool:
        """Tell whether one piece may end and another begin before group ``at``."""
        if at in {0, self.count} or self.gaps[at].parts:
            return True
        if self._period and at % self._period == 0:
            return True  # 229-30-51-229-30-52
        return len(self.digits[at - 1]) >= _WHOLE and len(self.digits[at]) >= _WHOLE  # 89161234567-89261234568


class Segments:
    """The numbers of one field, found run by run; a local number takes its area code from the numbers before it."""

    def __init__(self, reader: Reader, area_code: str) -> None:
        self._reader, self._area_code = reader, area_code
        self._local_first = reader.plan.length > _LOCAL_DIGITS[1]  # then no local number can be a whole one
        self.numbers: list[Number] = []
        self.rules: list[str] = []
        self._run = Run("")
        self.locals_left: list[str] = []
        self._budget = 0
        self._alone = ""
        """An area code that stood apart from its number, as "8 (905)" does in a line of its own."""
        self._blocked = False
        """A number with its own code was spoilt: what follows may belong to that code, not to the configured one."""

    def add(self, run: Run) -> None:
        """Find the numbers of one run."""
        code = self._code_alone(run) if len(run.text) <= _LONGEST_CODE else None
        if code is not None:
            self._alone, self._blocked = code, not code
            return
        known = len(self.numbers)
        if len(run.text) >= _LOCAL_DIGITS[0]:
            self._run, self._budget = run, _MOST_READ + 2 * len(run.text) // _LOCAL_DIGITS[0]
            self._find(run)
            if len(self.numbers) == known and run.loose:
                self._find(run._replace(plus=False))  # 229-30-42 + 229-30-43
        if len(self.numbers) == known:
            self._blocked = self._blocked or self._has_code(run)
        elif (self._alone or self._blocked) and any(map(self._reader.is_fixed, self.numbers[known:])):
            self._alone, self._blocked = "", False

    def spoil(self, run: Run) -> None:
        """Take notice of a run in which a letter stands for a digit."""
        self._blocked = self._blocked or self._has_code(run)

    def _has_code(self, run: Run) -> bool:
        """Tell whether a run that gave no number was one with a code of its own."""
        first = _GROUP.search(run.text)
        prefixed = run.plus or "(" in run.text[:4] or (first is not None and first[0] in _PREFIXES)
        return prefixed and digit_count(run.text) >= _SEVEN

    def _code_alone(self, run: Run) -> str | None:
        """Give the area code that a whole run is; "" where it may be one; None where it is none."""
        match = _CODE_ALONE.fullmatch(run.text)
        if match is None or self._reader.plan.length != _WHOLE or run.glued:
            return None
        if not self._reader.plan.code_exists(match["code"][:_CODE]) or _PLACE.search(run.before):
            return None
        told = match["prefix"] or "(" in run.text or run.plus or _CODE_WORD.search(run.before)
        if told or match["code"] == self._area_code:
            return match["code"]
        return "" if run.alone else None

    def _find(self, run: Run) -> None:
        placed = run.before and _APART.match(run.text) and _PLACE.search(run.before)  # офис 301 229-30-42
        whole = None if placed else self._whole(run)
        if whole is not None:
            self.numbers.append(whole)
        elif not run.text.isdigit() and not (run.plus and digit_count(run.text) < _LEAST_WITH_MORE):
            self._cut(run)
        elif len(run.text) == _SEVEN and not run.plus and self._is_unglued_local(run):
            self.locals_left.append(run.text)

    def _whole(self, run: Run) -> Number | None:
        """Read a run that is surely one number: plainly written, in one piece, with its "+", of another country."""
        text, reader, plus = run.text, self._reader, run.plus
        if plus or len(text) >= reader.plan.length:
            plain = reader.read_plain(text, plus=plus)
            if plain is not None:
                return plain
        digits = text.isdigit()
        local = (digits or _PLAIN_LOCAL.fullmatch(text)) and not plus and self._is_unglued_local(run)
        if local and self._local_first:
            return self._local(text, _NO_WAY)
        number = None
        if digits or ((plus or _ABROAD.match(text)) and len(text) <= _LONGEST_ALONE and "/" not in text):
            number = reader.read_closely(text, plus=plus)
            if number is not None and (plus or digits or number.country_code != reader.code):
                return number
        return self._local(text, _NO_WAY) if digits and local else None

    def _is_unglued_local(self, run: Run) -> bool:
        return not run.glued and _is_local_text(run.text, self._reader.plan.trunk) > 0

    def _cut(self, run: Run) -> None:
        groups = _Groups(run)
        way = self._best(groups) if groups.count <= _MOST_NUMBER or not groups.is_sparse else None
        if way is not None:
            self._take(way)
        elif not run.plus and not run.glued and _is_local_text(run.text, self._reader.plan.trunk) == _SEVEN:
            self.locals_left.append(run.text)

    def _take(self, way: _Way) -> None:
        """Keep the numbers of a way, and the rules that passed over digits."""
        pieces: list[_Way] = []
        at: _Way | None = way
        while at is not None:
            pieces.append(at)
            at = at.before
        for piece in reversed(pieces):
            if piece.number is not None:
                self.numbers.append(piece.number)
            elif piece.kind in {_Kind.AFTER, _Kind.ACCOUNT, _Kind.TAIL}:
                self._note(TAIL_IGNORED)
            elif piece.kind is not _Kind.START:
                self._note(INDEX_IGNORED)

    def _note(self, rule: str) -> None:
        if rule not in self.rules:
            self.rules.append(rule)

    def _best(self, groups: _Groups) -> _Way | None:
        """Give the cheapest way to cut all groups of a run, or None where digits are left over.

        Most runs are numbers alone, which is found sooner without the small numbers that may stand beside them.
        """
        alone = self._cheapest(groups, small=False) if groups.count <= _FEW_GROUPS else None
        return alone or self._cheapest(groups, small=True)

    def _cheapest(self, groups: _Groups, *, small: bool) -> _Way | None:
        ways: list[dict[_Kind, _Way]] = [{} for _ in range(groups.count + 1)]
        ways[0][_Kind.START] = _NO_WAY
        for at in range(groups.count):
            if not ways[at]:
                continue
            pieces = self._pieces(groups, at, small=small)
            ends = list(self._local_ends(groups, at))
            area: tuple[str | None, str | None, Number | None] | None = None
            locals_: list[_Piece] = []
            for way in _promising(ways[at]):
                self._extend(ways, way, at, pieces, groups)
                if ends and _Kind.LOCAL in _FOLLOWS[way.kind]:
                    if way.area != area:
                        area, locals_ = way.area, self._local_pieces(groups, way, at, ends)
                    self._extend(ways, way, at, locals_, groups)
                if groups.gaps[at].slash and way.kind in _NUMBERS:
                    self._extend(ways, way, at, self._tails(groups, way, at), groups)
        done = [way for kind, way in ways[-1].items() if kind in _MAY_END and way.last is not None]
        return min(done, key=_cost, default=None)

    def _local_pieces(self, groups: _Groups, way: _Way, at: int, ends: list[int]) -> list[_Piece]:
        found = ((end, self._local(groups.bare(at, end), way)) for end in ends)
        return [_Piece(end, _Kind.LOCAL, number) for end, number in found if number is not None]

    def _extend(
        self, ways: list[dict[_Kind, _Way]], way: _Way, at: int, pieces: Iterable[_Piece], groups: _Groups
    ) -> None:
        for piece in pieces:
            if piece.kind not in _FOLLOWS[way.kind] or not self._fits(groups, way, at, piece):
                continue
            cost = way.cost + _COSTS[piece.kind]
            known = ways[piece.end].get(piece.kind)
            if known is None or cost < known.cost:
                ways[piece.end][piece.kind] = self._way(cost, way, at, piece)

    def _way(self, cost: int, way: _Way, at: int, piece: _Piece) -> _Way:
        number = piece.number
        if number is None:
            return _Way(cost, piece.kind, at, None, way, way.last, way.area)
        return _Way(cost, piece.kind, at, number, way, number, self._area_after(number, way.area))

    def _area_after(
        self, number: Number, before: tuple[str | None, str | None, Number | None]
    ) -> tuple[str | None, str | None, Number | None]:
        if number.country_code != self._reader.code:
            return (before[0], before[1], number)
        if not self._reader.is_fixed(number):
            return (before[0], before[1], None)
        return (number.area, number.national[: max(self._reader.plan.length - _SEVEN, 0)], None)

    def _fits(self, groups: _Groups, way: _Way, at: int, piece: _Piece) -> bool:
        """Tell whether a piece may follow a small number: not where both together may be one number."""
        if way.kind in {_Kind.INDEX, _Kind.AFTER} and piece.kind in {_Kind.PREFIXED, _Kind.BRACKETED, _Kind.BARE}:
            return self._is_apart(groups, way.start, at, piece)
        short = piece.kind is _Kind.ACCOUNT and groups.totals[piece.end] - groups.totals[at] <= _MOST_INDEX
        if way.kind in _NUMBERS and (piece.kind is _Kind.AFTER or short):
            # +7 998 90 321 46 05: behind a number in blanks a group more is a part of a longer number.
            if way.kind is _Kind.LOCAL and groups.gaps[at].opens and self._is_other_code(groups, at, piece.end):
                return False  # 260-13-24 (846) is not of this place
            told = groups.gaps[at].opens or not groups.gaps[at].blank
            told = told or piece.end > at + 1 or len(groups.digits[at]) > len("05")
            return told or at == way.start + 1 or not groups.gaps[at - 1].blank
        if way.kind is _Kind.MARKED and piece.kind is _Kind.LOCAL:
            return not self._may_be_code(groups, way.start, at)
        return True

    def _is_apart(self, groups: _Groups, start: int, at: int, piece: _Piece) -> bool:
        """Tell an index from a prefix: 8. 8 495 229-30-42 is the eighth, 8 (847) 213-82-010 has a digit too many."""
        small = "".join(groups.digits[start:at])
        if piece.kind is _Kind.PREFIXED:
            return small not in {self._reader.plan.trunk, self._reader.code} or self._has_prefix_apart(groups, at)
        if piece.number is None or small in {self._reader.plan.trunk, self._reader.code}:
            return False
        abroad = (
            small.lstrip("0")
            and is_calling_code(small)
            and self._reader.read_closely(small + piece.number.national, plus=True)
        )
        return not abroad

    def _has_prefix_apart(self, groups: _Groups, at: int) -> bool:
        return len(groups.digits[at]) in {1, self._reader.plan.length + 1}

    def _is_other_code(self, groups: _Groups, at: int, end: int) -> bool:
        code = groups.digits[at]
        fixed = end == at + 1 and len(code) >= _CODE and code[0] in _FIXED_CODES and code != self._area_code
        return fixed and self._reader.plan.length == _WHOLE and self._reader.plan.code_exists(code[:_CODE])

    def _may_be_code(self, groups: _Groups, start: int, at: int) -> bool:
        """Tell whether a small number may be the area code of what follows it: офис 301 229-30-42."""
        small = groups.digits[start]
        return at == start + 1 and len(small) == _CODE and self._reader.plan.code_exists(small)

    def _pieces(self, groups: _Groups, at: int, *, small: bool) -> list[_Piece]:
        """Give the numbers that begin with a group, and where ``small`` says so, the small numbers."""
        plus = at == 0 and groups.run.plus
        known = groups.read.get(at)
        if known is None:
            known = groups.read[at] = list(self._whole_numbers(groups, at, plus=plus))
        if not small:
            return known
        if not plus:
            return [*known, *self._small(groups, at)]
        offset = groups.run.glued and len(groups.digits[0]) < _CODE and groups.count > 1 and groups.gaps[1].blank
        return [*known, _Piece(1, _Kind.INDEX)] if offset else known  # МСК+2 8 (495) 229-30-42

    def _whole_numbers(self, groups: _Groups, at: int, *, plus: bool) -> Iterator[_Piece]:
        reader, before = self._reader, groups.totals[at]
        start = "".join(groups.digits[at : at + 3])[:3]
        most = groups.count if at == 0 and groups.count <= _MOST_NUMBER else min(at + _MOST_GROUPS, groups.count)
        for end in range(at + 1, most + 1):
            if end > at + 1 and not self._joins(groups, at, end - 1):
                return
            count = groups.totals[end] - before
            if count > _MOST_NUMBER:
                return
            if count < _LEAST_NUMBER:
                continue
            if not reader.may_be(count, start, plus=plus):
                continue
            if not groups.parts_at(end) and not self._has_hyphen_tail(groups, at, end):
                continue
            number = self._read(groups.slice(at, end), plus=plus)
            kind = self._kind(groups, at, end, number, plus=plus) if number is not None else None
            if kind is not None:
                yield from self._ended(groups, end, kind, number)

    @staticmethod
    def _ended(groups: _Groups, end: int, kind: _Kind, number: Number | None) -> Iterator[_Piece]:
        if groups.parts_at(end):
            yield _Piece(end, kind, number)
        elif kind in {_Kind.PREFIXED, _Kind.BRACKETED}:
            yield _Piece(groups.count, kind, number)

    def _read(self, text: str, *, plus: bool) -> Number | None:
        plain = self._reader.read_plain(text, plus=plus)
        if plain is not None or not self._budget:
            return plain
        self._budget -= 1
        return self._reader.read_closely(text, plus=plus)

    def _has_hyphen_tail(self, groups: _Groups, at: int, end: int) -> bool:
        """Tell whether other last digits of a number follow a hyphen: 8-(3412)-65-08-71-72."""
        if end != groups.count - 1 or not 2 <= len(groups.digits[end]) <= 4:
            return False
        prefix_apart = groups.digits[at] in {self._reader.plan.trunk, self._reader.code} and not groups.gaps[at].opens
        if not prefix_apart and len(groups.digits[at]) < _CODE:
            return False
        pairs = [len(group) for group in groups.digits[end - 2 : end]] == [2, 2]
        return (pairs or len(groups.digits[end - 1]) >= _LOCAL_DIGITS[0]) and groups.text[
            groups.ends[end - 1] : groups.starts[end]
        ] == "-"

    def _joins(self, groups: _Groups, at: int, here: int) -> bool:
        """Tell whether the gap before group ``here`` may stand inside a number that begins with group ``at``."""
        gap = groups.gaps[here]
        if not (gap.slash or gap.opens):
            return gap.joins
        prefixed = (at == 0 and groups.run.plus) or groups.digits[at] in {self._reader.plan.trunk, self._reader.code}
        so_far = groups.totals[here] - groups.totals[at]
        if gap.opens:  # prefixes and area codes stand before a bracket: 351-40-11 (220) has an extension
            last = here + 1 == groups.count or groups.gaps[here + 1].opens
            return gap.joins and (so_far <= _MOST_BEFORE_BRACKET or (prefixed and not last))
        if at and not groups.gaps[at].slash:
            return False
        if so_far <= (_MOST_PREFIXED if prefixed else _MOST_BEFORE_BRACKET):
            return gap.joins
        return all(groups.gaps[k].slash for k in range(at + 1, here))

    def _kind(self, groups: _Groups, at: int, end: int, number: Number, *, plus: bool) -> _Kind | None:
        """Tell how sure a number is, by its prefix and its code; None where its groups are not those of a number."""
        first = groups.digits[at]
        even = self._is_even(groups, at, end)
        if len(groups.digits[end - 1]) == 1 and not even and (end < groups.count or groups.gaps[end - 1].blank):
            return None  # 8 905 900 11 7 5: a digit is missing, and what follows is not it
        if plus:
            return _Kind.PREFIXED
        if groups.totals[end] - groups.totals[at] > len(number.national):
            return self._kind_of_prefixed(groups, at, end, number)
        if groups.gaps[at].opens and any(gap.closes for gap in groups.gaps[at + 1 : end]):
            return _Kind.BRACKETED
        if at == 0 and len(first) == _CODE and end > 1 and groups.gaps[1].blank and _PLACE.search(groups.run.before):
            return None  # офис 301 229-30-42
        code = _CODE if self._reader.plan.length >= _WHOLE else _CODE - 1
        whole = end == at + 1 or (even and end - at == groups.count)
        if self._is_local_first(groups, at, end) or (len(first) < code and not whole):
            return None
        return _Kind.BARE

    def _kind_of_prefixed(self, groups: _Groups, at: int, end: int, number: Number) -> _Kind | None:
        first, home = groups.digits[at], number.country_code == self._reader.code
        if not home and any(gap.slash for gap in groups.gaps[at + 1 : end]):
            return None
        if groups.gaps[at].opens or len(first) not in {2, 3} or first[0] == "0":
            return _Kind.PREFIXED
        if home:
            return _Kind.BARE
        return _Kind.PREFIXED if first in {number.country_code, "810", "38"} else None

    def _is_local_first(self, groups: _Groups, at: int, end: int) -> bool:
        """Tell a local number and what follows it from a number without brackets: 351-40-11 220, 225 82 86 12."""
        widths = [len(group) for group in groups.digits[at:end]]
        if widths[:3] == [3, 2, 2] and len(widths) == 4:
            return self._reader.plan.length >= _WHOLE or self._reader.plan.code_width < _CODE
        gaps = groups.gaps[at + 2 : end]
        hyphens = [place for place, gap in enumerate(gaps) if not gap.blank]
        return bool(hyphens) and any(gap.blank for gap in gaps[hyphens[0] :])

    @staticmethod
    def _is_even(groups: _Groups, at: int, end: int) -> bool:
        """Tell whether all gaps of a number are alike: 9 161 234 567 is one number, 9-18 229-30-70 is not."""
        texts = {groups.text[groups.ends[k - 1] : groups.starts[k]] for k in range(at + 1, end)}
        return len(texts) == 1

    def _small(self, groups: _Groups, at: int) -> Iterator[_Piece]:
        """Yield the digits up to the next blank, or in brackets, as a small number that is part of none."""
        end = at + 1
        while end < groups.count and not groups.gaps[end].blank and not groups.gaps[end].opens:
            if groups.gaps[end].closes or end - at > _MOST_SKIPPED:
                break
            end += 1
        if end < groups.count and not groups.parts_at(end):
            return
        text, digits = groups.bare(at, end), "".join(groups.digits[at:end])
        opens, closes = groups.gaps[at].opens, end < groups.count and groups.gaps[end].closes
        kind = self._small_kind(groups, at, end, text)
        if kind is not None:
            yield _Piece(end, kind)
        ended = not opens or closes or end == groups.count
        short = len(digits) <= _MOST_SKIPPED or _HOURS.fullmatch(text) or _SHORT_DATE.fullmatch(text)
        if at and ended and short:
            yield _Piece(end, _Kind.AFTER)
        if not opens and (at or (len(digits) >= _LEAST_ACCOUNT and end == at + 1)):
            yield _Piece(end, _Kind.ACCOUNT)

    def _small_kind(self, groups: _Groups, at: int, end: int, text: str) -> _Kind | None:
        """Tell what a small number may stand before, by what marks it."""
        if end == groups.count:
            return None
        digits = digit_count(text)
        gap = groups.gaps[end]
        opens = groups.gaps[at].opens
        if digits > _MOST_INDEX and not _HOURS.fullmatch(text):
            six = digits == _MOST_SKIPPED and end == at + 1 and gap.blank and not opens
            return _Kind.INDEX if six else None
        dotted = groups.text[groups.ends[end - 1] : groups.starts[end]].startswith(". ")
        placed = at == 0 and _PLACE.search(groups.run.before) is not None
        hours = gap.blank and _HOURS.fullmatch(text) is not None and _TWO_HOURS.fullmatch(text) is not None
        if (digits <= 2 and (dotted or (gap.closes and not opens))) or (placed and gap.blank and not opens) or hours:
            return _Kind.MARKED
        if opens and not gap.closes:
            return None
        if opens and at:
            return _Kind.REMARK  # 906 491 08 65 (12) 906 491 08 66
        if opens:
            return _Kind.INDEX if digits <= 2 else None
        return _Kind.INDEX if gap.blank or gap.opens else None

    def _local_ends(self, groups: _Groups, at: int) -> Iterator[int]:
        """Yield where a local number that begins with a group may end."""
        run, first = groups.run, groups.digits[at]
        if first[0] == "0" or first in _PREFIXES or (at == 0 and (run.plus or run.glued)):
            return
        before = groups.totals[at]
        for end in range(at + 1, min(at + _LOCAL_DIGITS[1], groups.count) + 1):
            if end > at + 1 and not self._goes_on(groups, at, end - 1):
                return
            count = groups.totals[end] - before
            if count > _LOCAL_DIGITS[1]:
                return
            if count < _LOCAL_DIGITS[0] or len(groups.digits[end - 1]) < 2 or not groups.parts_at(end):
                continue
            if not (run.glued and end == groups.count) and _is_local_text(
                groups.bare(at, end), self._reader.plan.trunk
            ):
                yield end

    @staticmethod
    def _goes_on(groups: _Groups, at: int, here: int) -> bool:
        """Tell whether a local number that begins with group ``at`` may go on with group ``here``."""
        gap, group = groups.gaps[here], groups.digits[here]
        if not gap.weak or (gap.blank and len(group) == 1):
            return False  # 305 8 495 …: a digit apart is a prefix
        # 5 31-40-11 is an index and a number; 2 77 11 21 and 2-77-11-21 are numbers.
        return not (here == at + 1 and len(groups.digits[at]) == 1 and gap.blank) or (
            len(group) == 2 and all(later.blank for later in groups.gaps[here : here + 2])
        )

    def _local(self, text: str, way: _Way) -> Number | None:
        """Read a local number behind the area codes of the field and the setting, the first that makes a number."""
        return next(self._locals(text, digit_count(text), way), None)

    def _locals(self, text: str, width: int, way: _Way) -> Iterator[Number]:
        written, first, last = way.area
        if way.last is None and self.numbers and not _NAMED.search(self._run.before):
            last = self.numbers[-1]
        abroad = self._reader.local_abroad(text, last, INHERITED) if last is not None else None
        if abroad is not None:
            yield abroad
        for area, rule in self._areas(width, written, first):
            number = self._reader.local(text, area, rule)
            if number is not None:
                yield number

    def _areas(self, width: int, written: str | None, first: str | None) -> Iterator[tuple[str, str]]:
        """Yield the area codes that a local number of this many digits can have: the field's own first."""
        if self._alone:
            yield self._alone, INHERITED
            return
        if written is None:
            fixed = next(filter(self._reader.is_fixed, self.numbers[: -_FAR - 1 : -1]), None)
            written, first, _ = self._area_after(fixed, _NO_WAY.area) if fixed is not None else _NO_WAY.area
        if written:
            yield written, INHERITED
        elif first and width == _SEVEN:
            yield first, INHERITED
        if self._area_code and not self._blocked:
            yield self._area_code, CONFIGURED

    def _tails(self, groups: _Groups, way: _Way, at: int) -> list[_Piece]:
        """Expand "…42/43": other last digits of the number before, as many as its last group or two have."""
        if way.number is None:
            return []
        end = at + 1
        if end < groups.count and groups.text[groups.ends[at] : groups.starts[end]] == "-":
            end += 1
        if not groups.parts_at(end):
            return []
        text = groups.bare(at, end)
        last = _LAST_GROUPS.search(way.number.written)
        if not _TAIL.fullmatch(text) or last is None:
            return []
        number = self._with_tail(way.number, text.replace("-", ""), [group for group in last.groups() if group])
        return [_Piece(end, _Kind.TAIL, number)] if number is not None else []

    def _with_tail(self, number: Number, tail: str, last: list[str]) -> Number | None:
        if len(tail) < 2 or len(tail) not in {2, len(last[-1]), len("".join(last))}:
            return None
        national = number.national[: -len(tail)] + tail
        if not self._reader.is_valid(number.country_code, national):
            return None
        written = f"{number.area} {national.removeprefix(number.area)}"
        return number._replace(national=national, rule=TAIL_EXPANDED, written=written)
