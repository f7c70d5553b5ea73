"""What the record of a run has of its keys, as rows or, where many are alike, as columns of packed rows."""

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import NamedTuple

from astsync.phonebook.columns import Column, length, parted

RecordRow = tuple[bytes, bytes | None, bytes | None, bool | None]
"""A key: number, value before, value after (None: no such key), and whether it was ours; None where nobody knows."""


class RecordBlock(NamedTuple):
    """Rows that are alike: ``olds`` and ``news`` are None where there are no such values.

    Either all old values differ from the new ones, or none does.
    """

    numbers: Column
    olds: Column | None
    news: Column | None
    owned: bool | None

    @property
    def first(self) -> bytes:
        """The first number."""
        return self.numbers.partition(b"\0")[0] if isinstance(self.numbers, bytes) else self.numbers[0]

    @property
    def size(self) -> int:
        """How many rows they are."""
        return length(self.numbers)

    @property
    def rows(self) -> list[RecordRow]:
        """The same as rows."""
        numbers = parted(self.numbers)
        olds, news = ([None] * len(numbers) if one is None else parted(one) for one in (self.olds, self.news))
        return [*zip(numbers, olds, news, repeat(self.owned), strict=False)]


def rows_of(parts: Iterable[RecordRow | RecordBlock]) -> Iterator[RecordRow]:
    """Parts of a record as rows."""
    for part in parts:
        if isinstance(part, RecordBlock):
            yield from part.rows
        else:
            yield part
