"""What the record of a run has of its keys, as rows or, where many are alike, as columns of packed rows."""

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import NamedTuple

from astsync.phonebook.columns import Column, length, parted, uniform
from astsync.phonebook.packed import BLOCK, PackedRows, RowsBuilder

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


_OLD, _NEW, _OURS, _OURS_UNKNOWN = 1, 2, 4, 8  # bits of a kind
_ZERO = ord("0")  # is added to them, so that kinds can be read as text


class Meaning(NamedTuple):
    """What a row has: an old value, a new one; and whether the key was ours."""

    old: bool
    new: bool
    owned: bool | None


def kind_of(old: object, new: object, owned: bool | None) -> int:
    """The byte that says what a row has; ``old`` and ``new`` are None where there is no value."""
    ours = _OURS_UNKNOWN if owned is None else _OURS * owned
    return _ZERO + _OLD * (old is not None) + _NEW * (new is not None) + ours


def meaning_of(kind: int) -> Meaning:
    """What such a byte says."""
    flags = kind - _ZERO
    return Meaning(bool(flags & _OLD), bool(flags & _NEW), None if flags & _OURS_UNKNOWN else bool(flags & _OURS))


def packed_record(parts: Iterable[RecordRow | RecordBlock]) -> PackedRows:
    """Parts of a record, in the order of the numbers, as packed rows: number, kind, old and new value."""
    builder, waiting = RowsBuilder(4), list[tuple[bytes, bytes, bytes, bytes]]()

    def pack() -> None:
        if waiting:
            builder.add(*zip(*waiting, strict=True))
            waiting.clear()

    for part in parts:
        if isinstance(part, RecordBlock):
            pack()
            nothing = uniform(b"", part.size)
            kinds = uniform(bytes([kind_of(part.olds, part.news, part.owned)]), part.size)
            builder.add_block(part.first, (part.numbers, kinds, part.olds or nothing, part.news or nothing))
            continue
        number, old, new, owned = part
        waiting.append((number, bytes([kind_of(old, new, owned)]), old or b"", new or b""))
        if len(waiting) == BLOCK:
            pack()
    pack()
    return builder.built()
