"""The kinds of pieces that a run is cut into, what may follow what, and what each costs; a way is a row of pieces."""

from collections.abc import Collection
from enum import IntEnum
from operator import attrgetter
from typing import Final, NamedTuple

from astsync.phonebook.numbers.reading import Number


class PieceKind(IntEnum):
    """What a piece of a run is."""

    START = 0
    """Nothing yet: the beginning of the run."""
    PREFIXED = 1
    """A whole number with its trunk prefix or its calling code."""
    BRACKETED = 2
    """A whole number without a prefix, its area code in brackets."""
    BARE = 3
    """A whole number with neither."""
    LOCAL = 4
    """A local number, which takes over an area code."""
    TAIL = 5
    """Other last digits of the number before: …42/43."""
    AFTER = 6
    """A small number behind a number: an extension, hours."""
    INDEX = 7
    """A small number that may only stand before a number with its prefix, or with its area code in brackets."""
    MARKED = 8
    """A small number that a sign, a word or its form tells from a part of a number."""
    ACCOUNT = 9
    """Digits of any length that are part of no number; only a number with its prefix may follow."""
    REMARK = 10
    """A small number in brackets behind a number; any number may follow."""


SURE = frozenset({PieceKind.PREFIXED, PieceKind.BRACKETED})
"""Whole numbers that show by themselves that no digit in front of them is missing."""

WHOLE = SURE | {PieceKind.BARE}
NUMBERS = WHOLE | {PieceKind.LOCAL, PieceKind.TAIL}
# Each number costs something, so few numbers win over many. A number that is surer costs less: with its prefix 10, in
# brackets 11, bare 13. To pass over digits (40) costs as much as three or four numbers: digits are passed over only
# where no cut uses them up. An account may swallow any number of digits, so it is the last resort (90). A tail costs 1,
# because it belongs to a number that was paid for already.
COSTS: Final = {
    PieceKind.PREFIXED: 10,
    PieceKind.BRACKETED: 11,
    PieceKind.BARE: 13,
    PieceKind.LOCAL: 12,
    PieceKind.TAIL: 1,
    PieceKind.AFTER: 40,
    PieceKind.INDEX: 41,
    PieceKind.MARKED: 40,
    PieceKind.ACCOUNT: 90,
    PieceKind.REMARK: 40,
}
# The danger is a small number that is really the beginning of the number behind it, or the end of the one before. So
# behind a small number only such numbers may follow as cannot have lost digits to it: those with their prefix or with
# brackets. Any number may follow only a small number that a word or a sign marks.
_WHOLE_OR_LOCAL = WHOLE | {PieceKind.LOCAL}
_AFTER_NUMBER = _WHOLE_OR_LOCAL | {PieceKind.AFTER, PieceKind.MARKED, PieceKind.REMARK}
FOLLOWS: Final = {
    PieceKind.START: _WHOLE_OR_LOCAL | {PieceKind.INDEX, PieceKind.MARKED, PieceKind.ACCOUNT},
    PieceKind.PREFIXED: _AFTER_NUMBER | {PieceKind.TAIL, PieceKind.ACCOUNT},
    PieceKind.BRACKETED: _AFTER_NUMBER | {PieceKind.TAIL},
    PieceKind.BARE: _AFTER_NUMBER | {PieceKind.TAIL},
    PieceKind.LOCAL: _AFTER_NUMBER | {PieceKind.TAIL},
    PieceKind.TAIL: _AFTER_NUMBER | {PieceKind.TAIL},
    PieceKind.AFTER: SURE | {PieceKind.AFTER, PieceKind.MARKED},
    PieceKind.INDEX: SURE | {PieceKind.INDEX, PieceKind.MARKED},
    PieceKind.MARKED: _WHOLE_OR_LOCAL | {PieceKind.INDEX, PieceKind.MARKED},
    PieceKind.ACCOUNT: frozenset({PieceKind.PREFIXED}),
    PieceKind.REMARK: _WHOLE_OR_LOCAL | {PieceKind.INDEX, PieceKind.MARKED},
}
MAY_END = NUMBERS | {PieceKind.AFTER, PieceKind.ACCOUNT, PieceKind.MARKED, PieceKind.REMARK}
"""The kinds that may be the last piece of a run: an index must have a number behind it."""


class Piece(NamedTuple):
    """A piece of a run up to group ``end``: its kind, and the number where it is one."""

    end: int
    kind: PieceKind
    number: Number | None = None


class Inherited(NamedTuple):
    """What a local number can take over from the numbers before it; all None where there is no number yet.

    ``area`` is the area code of the last number of a fixed line, "" where it was not written apart. ``start`` are that
    number's first digits, as many as stand before a local number of seven. ``abroad`` is the last number, where it is
    of another country.
    """

    area: str | None = None
    start: str | None = None
    abroad: Number | None = None


class Way(NamedTuple):
    """A way to cut the first groups of a run: its cost, its last piece, and ``before``, the way up to that piece.

    ``kind``, ``start`` (a group) and ``number`` are of the last piece. ``last`` is the last number of the whole way.
    """

    cost: int
    kind: PieceKind
    start: int
    number: Number | None = None
    before: "Way | None" = None
    last: Number | None = None
    inherited: Inherited = Inherited()

    def steps(self) -> list["Way"]:
        """The ways up to each piece, from the first piece to the last; [] for ``START``."""
        steps: list[Way] = []
        way = self
        while way.before is not None:
            steps.append(way)
            way = way.before
        return steps[::-1]


_cost_of = attrgetter("cost")
# Kind a is no better than kind b where everything that may follow a may follow b, and b may end a run where a may.
_NO_BETTER: Final = {
    kind: {
        other
        for other in PieceKind
        if other is not kind and FOLLOWS[kind] <= FOLLOWS[other] and (other in MAY_END or kind not in MAY_END)
    }
    for kind in PieceKind
}


def promising(ways: dict[PieceKind, Way]) -> list[Way]:
    """Of the ways to one place, those that can still become the cheapest.

    A way is left out where another one is cheaper and may be continued in all its manners.
    """
    if len(ways) == 1:
        return list(ways.values())
    promising_ways: list[Way] = []
    for kind, way in ways.items():
        better = _NO_BETTER[kind]
        if not any(other.cost < way.cost and other.kind in better for other in ways.values()):
            promising_ways.append(way)
    return promising_ways


START: Final = Way(0, PieceKind.START, 0)
"""The way to the beginning of a run."""


def cheapest(ways: Collection[Way]) -> Way | None:
    """The cheapest of some ways that holds a number and may end a run, or None."""
    return min((way for way in ways if way.kind in MAY_END and way.last is not None), key=_cost_of, default=None)
