"""One run cut into pieces: which blanks stand inside a number, and which between two numbers.

Every digit of a run must be accounted for: as part of a number, as other last digits of the number before (``…42/43``),
or as a small number that stands apart (an index in a list, a house, office hours). A run in which digits are left over
gives no number: it has a digit too many or too few, and nobody knows which one.

Most runs can be cut in several ways. Each piece has a cost (``pieces.COSTS``), and the cheapest way wins. The ways are
built from left to right. Each group of digits is looked at only as often as a number has groups, so the work grows with
the length of the run and not with its square.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

from astsync.language import say
from astsync.phonebook.numbers.area_codes import begins_a_number
from astsync.phonebook.numbers.calling_codes import is_calling_code
from astsync.phonebook.numbers.local_numbers import USUAL_LOCAL, local_ends
from astsync.phonebook.numbers.pieces import (
    COSTS,
    FOLLOWS,
    NUMBERS,
    START,
    SURE,
    WHOLE,
    Inherited,
    Piece,
    PieceKind,
    Way,
    cheapest,
    promising,
)
from astsync.phonebook.numbers.reading import Number, NumberReader
from astsync.phonebook.numbers.run_groups import Groups
from astsync.phonebook.numbers.small_numbers import MOST_INDEX, small_pieces
from astsync.phonebook.numbers.whole_numbers import CODE_DIGITS, NATIONAL_DIGITS, WholeNumbers

TAIL_EXPANDED: Final = say("alternative tail expanded")

_TAIL = re.compile(r"\d{1,4}(?:-\d\d)?")
_LAST_GROUPS = re.compile(r"(\d+)(?:[ .-](\d+))?\)?\Z")
_FIXED_CODES = ("3", "4", "8", "71", "72")  # how area codes of fixed lines begin in Russia and Kazakhstan
# What stands inside no whole number without a prefix: 229-30-42, digits in brackets behind it, other last digits.
_CLEAR_LOCAL = re.compile(
    r"(?<!\d)\d{2,3}-\d\d-\d\d(?!\d)|\(\d{1,6}\)\Z|(?<!\d)\d{7}/\d|(?<!\d)(?:\d{3} )?\d\d \d\d/\d\d\Z"
)
_MOST_WHOLE = 12  # digits of one number in a run that has more pieces
_FEW_GROUPS = 40  # of some eight numbers
_LONGEST_TAIL = 2  # digits that may belong to the number before: +7 998 90 321 46 05

ReadLocal = Callable[[str, Way], Number | None]
"""Reads a local number (its text) that follows a way; None where no area code makes it a whole number."""


def inherited_after(reader: NumberReader, number: Number, before: Inherited) -> Inherited:
    """What a local number may take over once ``number`` was read; ``before``: what it could take over so far.

    A number of another country may lend its country, a fixed line its area code. A mobile number lends nothing, and
    does not hide the area code that stood before it: 8 (495) 229-30-42, 8-916-123-45-67, 229-30-43.
    """
    if number.country_code != reader.code:
        return before._replace(abroad=number)
    if not reader.is_fixed(number):
        return before._replace(abroad=None)
    return Inherited(number.area, number.national[: max(reader.plan.length - USUAL_LOCAL, 0)], None)


class RunCutting:
    """The cheapest way to cut one run. ``area_code`` is the configured one, ``read_local`` knows those of the field."""

    def __init__(self, reader: NumberReader, area_code: str, groups: Groups, read_local: ReadLocal) -> None:
        self._reader, self._area_code, self._groups, self._read_local = reader, area_code, groups, read_local
        self._whole_numbers = WholeNumbers(reader, groups)

    def best(self) -> Way | None:
        """The cheapest way that uses up all groups of the run; None where digits are left over.

        Most runs hold numbers and nothing else. So numbers alone are tried first, without the many small numbers that
        may stand beside them.
        """
        alone = self._cheapest(small=False) if self._groups.count <= _FEW_GROUPS else None
        way = alone or self._cheapest(small=True)
        return None if way is None or self._may_be_longer(way) else way

    def _may_be_longer(self, way: Way) -> bool:
        """Whether all digits of the run may be one number, of which the way takes only a part: 90 341 25 088."""
        groups = self._groups
        if groups.totals[-1] > _MOST_WHOLE or _CLEAR_LOCAL.search(groups.text):
            return False
        kinds = [step.kind for step in way.steps()]
        sure = not SURE.isdisjoint(kinds)
        if len(kinds) < 2 or sure or all(kind in NUMBERS and kind is not PieceKind.TAIL for kind in kinds):
            return False
        return self._reader.read_closely("".join(groups.digits), plus=False) is not None

    def _cheapest(self, *, small: bool) -> Way | None:
        """``ways[n]`` holds the cheapest ways to cut the first n groups, one for each kind of their last piece."""
        groups = self._groups
        ways: list[dict[PieceKind, Way]] = [{} for _ in range(groups.count + 1)]
        ways[0][PieceKind.START] = START
        for at in range(groups.count):
            if not ways[at]:
                continue
            ends = list(local_ends(groups, at, self._reader.plan.trunk))
            pieces = self._pieces(at, small=small, ends=ends)
            inherited: Inherited | None = None
            locals_: list[Piece] = []
            for way in promising(ways[at]):
                self._extend(ways, way, at, pieces)
                if ends and PieceKind.LOCAL in FOLLOWS[way.kind]:
                    if way.inherited != inherited:
                        inherited, locals_ = way.inherited, self._local_pieces(way, at, ends)
                    self._extend(ways, way, at, locals_)
                if groups.gaps[at].slash and way.kind in NUMBERS:
                    self._extend(ways, way, at, self._tails(way, at))
        return cheapest(ways[-1].values())

    def _local_pieces(self, way: Way, at: int, ends: list[int]) -> list[Piece]:
        found = ((end, self._read_local(self._groups.bare(at, end), way)) for end in ends)
        return [Piece(end, PieceKind.LOCAL, number) for end, number in found if number is not None]

    def _extend(self, ways: list[dict[PieceKind, Way]], way: Way, at: int, pieces: Iterable[Piece]) -> None:
        for piece in pieces:
            if piece.kind not in FOLLOWS[way.kind] or not self._fits(way, at, piece):
                continue
            cost = way.cost + COSTS[piece.kind]
            known = ways[piece.end].get(piece.kind)
            if known is None or cost < known.cost:
                ways[piece.end][piece.kind] = self._longer(cost, way, at, piece)

    def _longer(self, cost: int, way: Way, at: int, piece: Piece) -> Way:
        number = piece.number
        if number is None:
            return Way(cost, piece.kind, at, None, way, way.last, way.inherited)
        inherited = inherited_after(self._reader, number, way.inherited)
        return Way(cost, piece.kind, at, number, way, number, inherited)

    def _fits(self, way: Way, at: int, piece: Piece) -> bool:
        """Whether a piece may follow the last one of a way: not where both together may be one number."""
        if way.kind in {PieceKind.INDEX, PieceKind.AFTER} and piece.kind in WHOLE:
            return self._is_apart(way.start, at, piece)
        short = piece.kind is PieceKind.ACCOUNT and self._groups.width(at, piece.end) <= MOST_INDEX
        if way.kind in NUMBERS and (piece.kind is PieceKind.AFTER or short):
            return self._is_behind(way, at, piece)
        if way.kind is PieceKind.MARKED and piece.kind is PieceKind.LOCAL:
            return not self._may_be_code(way.start, at)
        return True

    def _is_behind(self, way: Way, at: int, piece: Piece) -> bool:
        """Whether a small number behind a number is no part of it."""
        groups = self._groups
        gap = groups.gaps[at]
        if way.kind is PieceKind.LOCAL and gap.opens and self._is_other_code(at, piece.end):
            return False  # 260-13-24 (846) is not of this place
        if gap.opens or not gap.blank or piece.end > at + 1 or at == way.start + 1 or not groups.gaps[at - 1].blank:
            return True
        # +7 998 90 321 46 05: the number is written with blanks alone, so one more group may be a part of it.
        blanks_alone = all(gap.blank for gap in groups.gaps[way.start + 1 : at + 1])
        return len(groups.digits[at]) > _LONGEST_TAIL and (way.kind in SURE or not blanks_alone)

    def _is_apart(self, start: int, at: int, piece: Piece) -> bool:
        """Whether a small number before a number is no prefix of it.

        8. 8 495 229-30-42 is the eighth of a list; 8 (847) 213-82-010 is a number with a digit too many.
        """
        groups, reader = self._groups, self._reader
        small = "".join(groups.digits[start:at])
        is_prefix = small in {reader.plan.trunk, reader.code}
        if piece.kind is PieceKind.PREFIXED:
            return not is_prefix or self._has_prefix_apart(at)
        if piece.number is None or is_prefix:
            return False
        abroad = small.lstrip("0") and is_calling_code(small)
        return not (abroad and reader.read_closely(small + piece.number.national, plus=True))

    def _has_prefix_apart(self, at: int) -> bool:
        """Whether a number's prefix is a group of its own, or the number with its prefix is one group."""
        return len(self._groups.digits[at]) in {1, self._reader.plan.length + 1}

    def _is_other_code(self, at: int, end: int) -> bool:
        """Whether a group in brackets behind a local number is the area code of another place: 260-13-24 (846)."""
        code, plan = self._groups.digits[at], self._reader.plan
        if code == self._area_code or end != at + 1 or len(code) < CODE_DIGITS:
            return False
        if code[0] == "0" and plan.trunk in {"0", "8"}:
            return code[1:] != self._area_code and begins_a_number(self._reader, code[1:])
        fixed = code.startswith(_FIXED_CODES) and plan.length == NATIONAL_DIGITS
        return fixed and plan.code_exists(code[:CODE_DIGITS])

    def _may_be_code(self, start: int, at: int) -> bool:
        """Whether a small number may be the area code of what follows it: офис 301 229-30-42."""
        small = self._groups.digits[start]
        return at == start + 1 and len(small) == CODE_DIGITS and self._reader.plan.code_exists(small)

    def _pieces(self, at: int, *, small: bool, ends: list[int]) -> list[Piece]:
        """The whole numbers that begin with group ``at``, and where ``small`` is set, the small numbers.

        In a long run, a group with which a number may begin is never a small number. That spares half the work.
        """
        groups = self._groups
        plus = at == 0 and groups.run.plus
        known = self._whole_numbers.starting(at, plus=plus)
        if not small or (groups.count > _FEW_GROUPS and (known or ends)):
            return known
        if not plus:
            return [*known, *small_pieces(groups, at)]
        offset = groups.run.glued and len(groups.digits[0]) < CODE_DIGITS and groups.count > 1 and groups.gaps[1].blank
        return [*known, Piece(1, PieceKind.INDEX)] if offset else known  # МСК+2 8 (495) 229-30-42

    def _tails(self, way: Way, at: int) -> list[Piece]:
        """Expand "…42/43": other last digits of the number before, as many as its last group or two have."""
        groups = self._groups
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
        return [Piece(end, PieceKind.TAIL, number)] if number is not None else []

    def _with_tail(self, number: Number, tail: str, last: list[str]) -> Number | None:
        """The number with other last digits (``tail``); ``last``: its last groups of digits, one or two."""
        if len(tail) < 2 or len(tail) not in {2, len(last[-1]), len("".join(last))}:
            return None
        national = number.national[: -len(tail)] + tail
        if not self._reader.is_valid(number.country_code, national):
            return None
        written = f"{number.area} {national.removeprefix(number.area)}"
        return number._replace(national=national, rule=TAIL_EXPANDED, written=written)
