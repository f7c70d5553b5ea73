"""The numbers of a whole field, run by run: which blanks stand inside a number and which between two.

Every digit of a run must be accounted for: as part of a number, as other last digits of the number before (``…42/43``),
or as a small number that stands apart (an index in a list, a house, office hours). A run in which digits are left over
gives no number, because a digit too many or too few is as likely as anything else. Among several ways to cut a run the
one with the least cost is taken; the ways are built from left to right, a group of digits is looked at as often as a
number has groups, so the work grows with the length of the run.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from astsync.phonebook.numbers.area_codes import CODE_WORD, LONGEST_CODE, CodesApart, code_exists
from astsync.phonebook.numbers.field import Run
from astsync.phonebook.numbers.local_numbers import LOCAL_DIGITS, PREFIXES, SEVEN, local_digits, local_ends
from astsync.phonebook.numbers.pieces import CODE, MOST_NUMBER, NumberPieces
from astsync.phonebook.numbers.reading import Number, Reader, is_calling_code
from astsync.phonebook.numbers.run_groups import GROUP, WHOLE, Groups, digit_count
from astsync.phonebook.numbers.small_numbers import MOST_INDEX, is_placed, small_pieces
from astsync.phonebook.numbers.ways import (
    COSTS,
    FOLLOWS,
    NUMBERS,
    START,
    Inherited,
    Kind,
    Piece,
    Way,
    cheapest,
    promising,
)

INHERITED: Final = "area code inherited"
CONFIGURED: Final = "configured area code"
TAIL_EXPANDED: Final = "alternative tail expanded"
TAIL_IGNORED: Final = "digits after the number ignored"
INDEX_IGNORED: Final = "small number before the number ignored"

_TAIL = re.compile(r"\d{1,4}(?:-\d\d)?")
_LAST_GROUPS = re.compile(r"(\d+)(?:[ .-](\d+))?\)?\Z")
_PLAIN_LOCAL = re.compile(r"\d{1,3}(?:-\d\d){1,2}|\d{1,3}-\d{2,4}")
# What a number of another country may begin with where its "+" is missing.
_ABROAD = re.compile(r"8[ -]?10|00|3[78]\d|99\d")
_LONGEST_ALONE = 30  # characters of one number
_LEAST_WITH_MORE = 11  # digits of a number with its "+" and of something else
_FIXED_CODES = frozenset("348")  # their first digits in Russia
_APART = re.compile(r"\d{2,3} ")  # an office or a house, where a word says so
_NEW_ITEM = re.compile(r"[;\n]|\d *, *(?!код)")  # what separates a code from the number before it
# What stands inside no whole number without a prefix: 229-30-42, digits in brackets behind it, other last digits.
_CLEAR_LOCAL = re.compile(
    r"(?<!\d)\d{2,3}-\d\d-\d\d(?!\d)|\(\d{1,6}\)\Z|(?<!\d)\d{7}/\d|(?<!\d)(?:\d{3} )?\d\d \d\d/\d\d\Z"
)
_MOST_WHOLE = 12  # digits of one number in a run that has more pieces
# A word before a number that names a place or a person, and so ends the inheriting of another country's area code.
_NAMED = re.compile(r"(?<![^\W\d_])(?!тел|факс|моб|раб|внут)[^\W\d_]{4,}[\s.:-]{0,3}\Z")
_FEW_GROUPS = 40  # of some eight numbers
_FAR = 8  # numbers back from which an area code is taken
_LONGEST_TAIL = 2  # digits that may belong to the number before: +7 998 90 321 46 05
_NO_RUN: Final = Run("")


class Segments:
    """The numbers of one field, found run by run; a local number takes its area code from the numbers before it."""

    def __init__(self, reader: Reader, area_code: str, codes: CodesApart) -> None:
        self._reader, self._area_code, self._codes = reader, area_code, codes
        self._local_first = reader.plan.length > LOCAL_DIGITS[1]  # then no local number can be a whole one
        self.numbers: list[Number] = []
        self.rules: list[str] = []
        self._run = _NO_RUN
        self._whole_numbers: NumberPieces
        self.has_local = False
        """A local number was found that no area code made a whole one."""
        self._code_apart = ""
        """An area code that stood apart from its number, as "8 (905)" does in a line of its own."""
        self._blocked = False
        """What follows may belong to another code than the configured one.

        So it is behind a number that was spoilt or is of a mobile line, and behind a code that is not known.
        """

    def add(self, run: Run) -> None:
        """Find the numbers of one run."""
        short = len(run.text) <= LONGEST_CODE and not (len(run.text) > SEVEN and run.text.isdigit())
        code = self._codes.read(run) if short else None
        if code is not None:
            self._take_code(code, run)
            return
        known = len(self.numbers)
        if len(run.text) >= LOCAL_DIGITS[0]:
            self._run = run
            self._find(run)
            if len(self.numbers) == known and run.loose:
                self._find(run._replace(plus=False))  # 229-30-42 + 229-30-43
        if len(self.numbers) == known:
            self._blocked = self._blocked or self._has_code(run)
        elif self._code_apart or self._blocked:
            fixed = any(map(self._reader.is_fixed, self.numbers[known:]))
            # The code of a mobile number is not its neighbours': 8 (903), 625-17-40, раб. 641-25-08.
            self._code_apart, self._blocked = "", not fixed

    def _take_code(self, code: str, run: Run) -> None:
        """Keep a code for the numbers behind it; 217-56-30 (код 343) shows that the number before it is not of here."""
        last = self.numbers[-1] if self.numbers else None
        other = code and code != self._area_code and not _NEW_ITEM.search(run.before)
        if other and last is not None and last.rule == CONFIGURED:
            self.numbers.pop()
        self._code_apart, self._blocked = code, not code

    def look_ahead(self, runs: list[Run]) -> None:
        """Take the area code that a field names by the word "код", wherever it stands: 260-13-24 (код 846)."""
        named = (self._codes.read(run) for run in runs if CODE_WORD.search(run.before))
        self._code_apart = next(filter(None, named), "")

    def spoil(self, run: Run) -> None:
        """Take notice of a run in which a letter stands for a digit."""
        self._blocked = self._blocked or self._has_code(run)

    def _has_code(self, run: Run) -> bool:
        """Tell whether a run that gave no number was one with a code of its own."""
        match, count = GROUP.search(run.text), digit_count(run.text)
        if match is None or count < SEVEN:
            return False
        first, plan = match[0], self._reader.plan
        if run.plus or "(" in run.text or first in PREFIXES or first[0] == "0":
            return True
        bare = len(first) >= CODE and SEVEN < count < WHOLE and plan.length == WHOLE
        return bare and plan.code_exists(first[:CODE])

    def _find(self, run: Run) -> None:
        placed = run.before and _APART.match(run.text) and is_placed(run)  # офис 301 229-30-42
        whole = None if placed else self._whole(run)
        if whole is not None:
            self.numbers.append(whole)
        elif not run.text.isdigit() and not (run.plus and digit_count(run.text) < _LEAST_WITH_MORE):
            self._cut(run)
        elif len(run.text) == SEVEN and not run.plus and self._is_unglued_local(run):
            self.has_local = True

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
            return self._local(text, START)
        number = None
        if digits or ((plus or _ABROAD.match(text)) and len(text) <= _LONGEST_ALONE and "/" not in text):
            number = reader.read_closely(text, plus=plus)
            if number is not None and (plus or digits or number.country_code != reader.code):
                return number
        return self._local(text, START) if digits and local else None

    def _is_unglued_local(self, run: Run) -> bool:
        return not run.glued and local_digits(run.text, self._reader.plan.trunk) > 0

    def _cut(self, run: Run) -> None:
        groups = Groups(run)
        self._whole_numbers = NumberPieces(self._reader, len(run.text))
        way = self._best(groups) if groups.count <= MOST_NUMBER or not groups.is_sparse else None
        if way is not None:
            self._take(way)
        elif not run.plus and not run.glued and local_digits(run.text, self._reader.plan.trunk) == SEVEN:
            self.has_local = True

    def _take(self, way: Way) -> None:
        """Keep the numbers of a way, and the rules that passed over digits."""
        pieces: list[Way] = []
        at: Way | None = way
        while at is not None:
            pieces.append(at)
            at = at.before
        for piece in reversed(pieces):
            if piece.number is not None:
                self.numbers.append(piece.number)
            elif piece.kind in {Kind.AFTER, Kind.ACCOUNT, Kind.TAIL}:
                self._note(TAIL_IGNORED)
            elif piece.kind is not Kind.START:
                self._note(INDEX_IGNORED)

    def _note(self, rule: str) -> None:
        if rule not in self.rules:
            self.rules.append(rule)

    def _best(self, groups: Groups) -> Way | None:
        """Give the cheapest way to cut all groups of a run, or None where digits are left over.

        Most runs are numbers alone, which is found sooner without the small numbers that may stand beside them.
        """
        alone = self._cheapest(groups, small=False) if groups.count <= _FEW_GROUPS else None
        way = alone or self._cheapest(groups, small=True)
        return None if way is None or self._may_be_longer(groups, way) else way

    def _may_be_longer(self, groups: Groups, way: Way) -> bool:
        """Tell whether all digits of a run may be one number, of which a way takes a part: 90 341 25 088."""
        if groups.totals[-1] > _MOST_WHOLE or _CLEAR_LOCAL.search(groups.text):
            return False
        kinds = []
        at: Way | None = way
        while at is not None and at.before is not None:
            kinds.append(at.kind)
            at = at.before
        sure = Kind.PREFIXED in kinds or Kind.BRACKETED in kinds
        if len(kinds) < 2 or sure or all(kind in NUMBERS and kind is not Kind.TAIL for kind in kinds):
            return False
        return self._reader.read_closely("".join(groups.digits), plus=False) is not None

    def _cheapest(self, groups: Groups, *, small: bool) -> Way | None:
        ways: list[dict[Kind, Way]] = [{} for _ in range(groups.count + 1)]
        ways[0][Kind.START] = START
        for at in range(groups.count):
            if not ways[at]:
                continue
            ends = list(local_ends(groups, at, self._reader.plan.trunk))
            pieces = self._pieces(groups, at, small=small, ends=ends)
            area: Inherited | None = None
            locals_: list[Piece] = []
            for way in promising(ways[at]):
                self._extend(ways, way, at, pieces, groups)
                if ends and Kind.LOCAL in FOLLOWS[way.kind]:
                    if way.area != area:
                        area, locals_ = way.area, self._local_pieces(groups, way, at, ends)
                    self._extend(ways, way, at, locals_, groups)
                if groups.gaps[at].slash and way.kind in NUMBERS:
                    self._extend(ways, way, at, self._tails(groups, way, at), groups)
        return cheapest(ways[-1].values())

    def _local_pieces(self, groups: Groups, way: Way, at: int, ends: list[int]) -> list[Piece]:
        found = ((end, self._local(groups.bare(at, end), way)) for end in ends)
        return [Piece(end, Kind.LOCAL, number) for end, number in found if number is not None]

    def _extend(self, ways: list[dict[Kind, Way]], way: Way, at: int, pieces: Iterable[Piece], groups: Groups) -> None:
        for piece in pieces:
            if piece.kind not in FOLLOWS[way.kind] or not self._fits(groups, way, at, piece):
                continue
            cost = way.cost + COSTS[piece.kind]
            known = ways[piece.end].get(piece.kind)
            if known is None or cost < known.cost:
                ways[piece.end][piece.kind] = self._way(cost, way, at, piece)

    def _way(self, cost: int, way: Way, at: int, piece: Piece) -> Way:
        number = piece.number
        if number is None:
            return Way(cost, piece.kind, at, None, way, way.last, way.area)
        return Way(cost, piece.kind, at, number, way, number, self._area_after(number, way.area))

    def _area_after(self, number: Number, before: Inherited) -> Inherited:
        if number.country_code != self._reader.code:
            return (before[0], before[1], number)
        if not self._reader.is_fixed(number):
            return (before[0], before[1], None)
        return (number.area, number.national[: max(self._reader.plan.length - SEVEN, 0)], None)

    def _fits(self, groups: Groups, way: Way, at: int, piece: Piece) -> bool:
        """Tell whether a piece may follow a way's last one: not where both together may be one number."""
        if way.kind in {Kind.INDEX, Kind.AFTER} and piece.kind in {Kind.PREFIXED, Kind.BRACKETED, Kind.BARE}:
            return self._is_apart(groups, way.start, at, piece)
        short = piece.kind is Kind.ACCOUNT and groups.width(at, piece.end) <= MOST_INDEX
        if way.kind in NUMBERS and (piece.kind is Kind.AFTER or short):
            if way.kind is Kind.LOCAL and groups.gaps[at].opens and self._is_other_code(groups, at, piece.end):
                return False  # 260-13-24 (846) is not of this place
            # +7 998 90 321 46 05: behind a number in blanks a group more is a part of a longer number.
            told = groups.gaps[at].opens or not groups.gaps[at].blank
            alike = way.kind not in {Kind.PREFIXED, Kind.BRACKETED} and all(
                gap.blank for gap in groups.gaps[way.start + 1 : at + 1]
            )
            told = told or piece.end > at + 1 or (len(groups.digits[at]) > _LONGEST_TAIL and not alike)
            return told or at == way.start + 1 or not groups.gaps[at - 1].blank
        if way.kind is Kind.MARKED and piece.kind is Kind.LOCAL:
            return not self._may_be_code(groups, way.start, at)
        return True

    def _is_apart(self, groups: Groups, start: int, at: int, piece: Piece) -> bool:
        """Tell an index from a prefix: 8. 8 495 229-30-42 is the eighth, 8 (847) 213-82-010 has a digit too many."""
        small = "".join(groups.digits[start:at])
        if piece.kind is Kind.PREFIXED:
            return small not in {self._reader.plan.trunk, self._reader.code} or self._has_prefix_apart(groups, at)
        if piece.number is None or small in {self._reader.plan.trunk, self._reader.code}:
            return False
        abroad = (
            small.lstrip("0")
            and is_calling_code(small)
            and self._reader.read_closely(small + piece.number.national, plus=True)
        )
        return not abroad

    def _has_prefix_apart(self, groups: Groups, at: int) -> bool:
        """Tell whether a number's prefix is a group of its own, or the number with its prefix is one group."""
        return len(groups.digits[at]) in {1, self._reader.plan.length + 1}

    def _is_other_code(self, groups: Groups, at: int, end: int) -> bool:
        """Tell whether a group in brackets behind a local number is the area code of another place."""
        code = groups.digits[at]
        if code[0] == "0" and self._reader.plan.trunk in {"0", "8"} and end == at + 1 and len(code) >= CODE:
            return code[1:] != self._area_code and code_exists(self._reader, code[1:])
        fixed = end == at + 1 and len(code) >= CODE and code[0] in _FIXED_CODES and code != self._area_code
        return fixed and self._reader.plan.length == WHOLE and self._reader.plan.code_exists(code[:CODE])

    def _may_be_code(self, groups: Groups, start: int, at: int) -> bool:
        """Tell whether a small number may be the area code of what follows it: офис 301 229-30-42."""
        small = groups.digits[start]
        return at == start + 1 and len(small) == CODE and self._reader.plan.code_exists(small)

    def _pieces(self, groups: Groups, at: int, *, small: bool, ends: list[int]) -> list[Piece]:
        """Give the numbers that begin with a group, and where ``small`` says so, the small numbers.

        In a long run a group with which a number may begin is taken for no small number: that spares half the work.
        """
        plus = at == 0 and groups.run.plus
        known = self._whole_numbers.starting(groups, at, plus=plus)
        if not small or (groups.count > _FEW_GROUPS and (known or ends)):
            return known
        if not plus:
            return [*known, *small_pieces(groups, at)]
        offset = groups.run.glued and len(groups.digits[0]) < CODE and groups.count > 1 and groups.gaps[1].blank
        return [*known, Piece(1, Kind.INDEX)] if offset else known  # МСК+2 8 (495) 229-30-42

    def _local(self, text: str, way: Way) -> Number | None:
        """Read a local number behind the area codes of the field and the setting, the first that makes a number."""
        return next(self._locals(text, digit_count(text), way), None)

    def _locals(self, text: str, width: int, way: Way) -> Iterator[Number]:
        written, first, last = way.area
        if way.last is None and self.numbers and not _NAMED.search(self._run.before):
            last = self.numbers[-1]
        abroad = self._reader.local_abroad(text, last, INHERITED) if last is not None else None
        if abroad is not None:
            yield abroad
        elif last is not None and self._may_be_of(last, text, width):
            return
        for area, rule in self._areas(width, written, first):
            number = self._reader.local(text, area, rule)
            if number is not None:
                yield number

    def _may_be_of(self, last: Number, text: str, width: int) -> bool:
        """Tell a local number of the same exchange as a number of another country: +375 29 641-25-08, 641-25-09."""
        if last.country_code == self._reader.code or not last.area or len(last.area) + width != len(last.national):
            return False
        exchange = last.national.removeprefix(last.area)[:CODE]
        return "".join(GROUP.findall(text)).startswith(exchange)

    def _areas(self, width: int, written: str | None, first: str | None) -> Iterator[tuple[str, str]]:
        """Yield the area codes that a local number of this many digits can have: the field's own first."""
        if self._code_apart:
            yield self._code_apart, INHERITED
            return
        if written is None:
            fixed = next(filter(self._reader.is_fixed, self.numbers[: -_FAR - 1 : -1]), None)
            written, first, _ = self._area_after(fixed, START.area) if fixed is not None else START.area
        if written:
            yield written, INHERITED
        elif first and width == SEVEN:
            yield first, INHERITED
        if self._area_code and not self._blocked:
            yield self._area_code, CONFIGURED

    def _tails(self, groups: Groups, way: Way, at: int) -> list[Piece]:
        """Expand "…42/43": other last digits of the number before, as many as its last group or two have."""
        if way.number is None:
            return []
        end = at + 1
        if end < groups.count and groups.between(end) == "-":
            end += 1
        if not groups.parts_at(end):
            return []
        text = groups.bare(at, end)
        last = _LAST_GROUPS.search(way.number.written)
        if not _TAIL.fullmatch(text) or last is None:
            return []
        number = self._with_tail(way.number, text.replace("-", ""), [group for group in last.groups() if group])
        return [Piece(end, Kind.TAIL, number)] if number is not None else []

    def _with_tail(self, number: Number, tail: str, last: list[str]) -> Number | None:
        if len(tail) < 2 or len(tail) not in {2, len(last[-1]), len("".join(last))}:
            return None
        national = number.national[: -len(tail)] + tail
        if not self._reader.is_valid(number.country_code, national):
            return None
        written = f"{number.area} {national.removeprefix(number.area)}"
        return number._replace(national=national, rule=TAIL_EXPANDED, written=written)
