"""Columns of a block of packed rows, and the stretches of such rows that a walk through several sheets meets.

Mostly sheets hold the same rows: what a PBX has, what it is to have, and whose its keys are. Then their blocks are the
same bytes, and a block is compared, or taken over, as it is: that takes a hundredth of the time of its rows.
"""

from collections.abc import Sequence
from functools import cache

Column = bytes | tuple[bytes, ...]
"""The values of one column of a block: joined by NUL, or as they are where one of them holds a NUL."""
Block = tuple[Column, ...]
"""The columns of a block; the first one are the keys."""
Lists = tuple[Sequence[bytes], ...]
"""Rows as they are worked with: the keys, then each column, all of one length."""


def joined(values: Sequence[bytes]) -> Column:
    """Make a column of values."""
    together = b"\0".join(values)
    return together if together.count(b"\0") == len(values) - 1 else tuple(values)


def parted(column: Column) -> list[bytes]:
    """The values of a column."""
    return column.split(b"\0") if isinstance(column, bytes) else [*column]  # always a list: two of them are compared


@cache
def uniform(value: bytes, count: int) -> Column:
    """A column of one value, which holds no NUL, so many times."""
    return b"\0".join([value] * count)


def length(column: Column) -> int:
    """How many values a column has."""
    return column.count(b"\0") + 1 if isinstance(column, bytes) else len(column)


def last_value(column: Column) -> bytes:
    """The last value of a column."""
    return column[column.rfind(b"\0") + 1 :] if isinstance(column, bytes) else column[-1]


class Stretch:
    """The rows of one sheet in a range of keys: a whole block with its first key, or some rows."""

    __slots__ = ("_lists", "block", "first")

    def __init__(self, block: Block | None, lists: Lists | None = None, first: bytes = b"") -> None:
        self.block = block
        self.first = first
        self._lists = lists

    @property
    def lists(self) -> Lists:
        """The rows."""
        if self._lists is None:
            self._lists = tuple(map(parted, self.block or ()))
        return self._lists

    def __bool__(self) -> bool:
        """Whether there are any rows."""
        return self.block is not None or bool(self.lists[0])

    def __len__(self) -> int:
        return len(self.lists[0]) if self.block is None else length(self.block[0])

    def same(self, other: "Stretch", columns: int) -> bool:
        """Whether another stretch has the same values in its first columns, of which there are so many."""
        if self.block is not None and other.block is not None:
            return self.block[:columns] == other.block[:columns]
        return self.lists[:columns] == other.lists[:columns]

    def with_columns(self, *columns: Column) -> "Stretch":
        """The same keys, with other columns behind them."""
        if self.block is not None:
            return Stretch((self.block[0], *columns), first=self.first)
        return Stretch(None, (self.lists[0], *map(parted, columns)))
