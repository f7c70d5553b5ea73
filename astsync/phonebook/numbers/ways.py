"""Ways to cut a run into pieces: what the pieces are, what may follow what, and what each costs."""

from collections.abc import Collection
from enum import IntEnum
from operator import attrgetter
from typing import Final, NamedTuple

from astsync.phonebook.numbers.reading import Number


class Kind(IntEnum):
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


NUMBERS = frozenset({Kind.PREFIXED, Kind.BRACKETED, Kind.BARE, Kind.LOCAL, Kind.TAIL})
# Few numbers are better than many. To pass over digits costs as much as three or four numbers, and an account, whose
# digits may be many, is the last resort.
COSTS: Final = {
    Kind.PREFIXED: 10,
    Kind.BRACKETED: 11,
    Kind.BARE: 13,
    Kind.LOCAL: 12,
    Kind.TAIL: 1,
    Kind.AFTER: 40,
    Kind.INDEX: 41,
    Kind.MARKED: 40,
    Kind.ACCOUNT: 90,
    Kind.REMARK: 40,
}
# What may follow what; a small number in front must be followed by a number that cannot have lost digits to it.
_AFTER_NUMBER = frozenset({Kind.PREFIXED, Kind.BRACKETED, Kind.BARE, Kind.LOCAL, Kind.AFTER, Kind.MARKED, Kind.REMARK})
FOLLOWS: Final = {
    Kind.START: frozenset(Kind) - {Kind.START, Kind.TAIL, Kind.AFTER, Kind.REMARK},
    Kind.PREFIXED: frozenset(Kind) - {Kind.START, Kind.INDEX},
    Kind.BRACKETED: _AFTER_NUMBER | {Kind.TAIL},
    Kind.BARE: _AFTER_NUMBER | {Kind.TAIL},
    Kind.LOCAL: _AFTER_NUMBER | {Kind.TAIL},
    Kind.TAIL: _AFTER_NUMBER | {Kind.TAIL},
    Kind.AFTER: frozenset({Kind.PREFIXED, Kind.BRACKETED, Kind.AFTER, Kind.MARKED}),
    Kind.INDEX: frozenset({Kind.PREFIXED, Kind.BRACKETED, Kind.INDEX, Kind.MARKED}),
    Kind.MARKED: frozenset({Kind.PREFIXED, Kind.BRACKETED, Kind.BARE, Kind.LOCAL, Kind.INDEX, Kind.MARKED}),
    Kind.ACCOUNT: frozenset({Kind.PREFIXED}),
    Kind.REMARK: frozenset({Kind.PREFIXED, Kind.BRACKETED, Kind.BARE, Kind.LOCAL, Kind.INDEX, Kind.MARKED}),
}
MAY_END = NUMBERS | {Kind.AFTER, Kind.ACCOUNT, Kind.MARKED, Kind.REMARK}


class Piece(NamedTuple):
    """A piece of a run up to group ``end``: its kind, and the number where it is one."""

    end: int
    kind: Kind
    number: Number | None = None


Inherited = tuple[str | None, str | None, Number | None]
"""What a local number takes over; see ``Way.area``."""


class Way(NamedTuple):
    """A way to cut the groups so far: its cost, its last piece, and the way before that piece.

    ``kind``, ``number`` and ``start`` (a group) are of the last piece; ``last`` is the last number of the way. ``area``
    tells what a local number takes over from this way: the area code that was written apart in the last number of a
    fixed line, that number's first digits, and the last number where it is of another country; all None where there is
    no number yet.
    """

    cost: int
    kind: Kind
    start: int
    number: Number | None = None
    before: "Way | None" = None
    last: Number | None = None
    area: Inherited = (None, None, None)


_cost_of = attrgetter("cost")
# A kind is no better than another that may be followed by all that may follow it, and may end a run where it may.
_NO_BETTER: Final = {
    kind: {
        other
        for other in Kind
        if other is not kind and FOLLOWS[kind] <= FOLLOWS[other] and (other in MAY_END or kind not in MAY_END)
    }
    for kind in Kind
}


def promising(ways: dict[Kind, Way]) -> list[Way]:
    """The ways to one place that may lead to the cheapest one."""
    if len(ways) == 1:
        return list(ways.values())
    promising_ways: list[Way] = []
    for kind, way in ways.items():
        better = _NO_BETTER[kind]
        if not any(other.cost < way.cost and other.kind in better for other in ways.values()):
            promising_ways.append(way)
    return promising_ways


START: Final = Way(0, Kind.START, 0)
"""The way to the beginning of a run."""


def cheapest(ways: Collection[Way]) -> Way | None:
    """The cheapest of some ways that may end a run, or None."""
    return min((way for way in ways if way.kind in MAY_END and way.last is not None), key=_cost_of, default=None)
