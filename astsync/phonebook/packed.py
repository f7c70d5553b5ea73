"""Sorted rows of bytes in little memory: a million names take some 40 MB in place of 230, and are compared in C.

A phonebook, what a PBX holds and whose its keys are may have a million keys each, and a run holds several of them. So
they are kept in blocks of some hundred rows; each column of a block is one ``bytes``, its values joined by NUL. Neither
a C string of Asterisk nor text of ours holds a NUL; where a value of anybody does, the column is kept as a tuple.

Rows are in the order of the bytes of their keys. In that order SQLite gives ours, and Asterisk its own (``ORDER BY
key`` in main/db.c), so what comes is packed as it comes. ``stretches`` walks through several of them at once, some
hundred keys at a time. Where sheets have the same rows there, blocks are compared as they are; else everything is plain
lists and dicts within a stretch.

Everywhere else ``PackedNames`` is a mapping and ``PackedKeys`` a set like any other, of text. Bytes that are not UTF-8
are surrogate escapes in it, and go back unchanged. Many keys are looked up in their order: then each block is opened
once, which is five times as fast as in the order of a ``set``.
"""

from bisect import bisect_left, bisect_right
from collections.abc import ItemsView as _Items
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from collections.abc import ValuesView as _Values
from itertools import islice
from operator import lt
from typing import Any, Final

from astsync.phonebook.columns import Block, Column, Lists, Stretch, joined, last_value, length, parted

BLOCK: Final = 256
"""Rows of a block. With more, a single key is found later; with fewer, Python's own work for a block counts."""


def as_bytes(text: str) -> bytes:
    """Text as a PBX and the store hold it. Half of a surrogate pair, which UTF-8 cannot hold, becomes an escape."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def as_text(data: bytes) -> str:
    """Bytes as text; those that are not UTF-8 become surrogate escapes."""
    return data.decode("utf-8", "surrogateescape")


def texts(values: Sequence[bytes]) -> list[str]:
    """Many values as text: in one piece, which takes a third of the time."""
    if not values:
        return []
    together = b"\0".join(values)
    found = as_text(together).split("\0")
    return found if len(found) == len(values) else list(map(as_text, values))


def many_as_bytes(values: Sequence[str]) -> Sequence[bytes]:
    """Many texts as bytes, in one piece too."""
    try:
        found = "\0".join(values).encode("utf-8", "surrogateescape").split(b"\0")
    except UnicodeEncodeError:
        found = []
    return found if len(found) == len(values) else [*map(as_bytes, values)]


def rises(keys: Sequence[bytes]) -> bool:
    """Whether each key is greater than the one before it."""
    return all(map(lt, keys, islice(keys, 1, None)))


class PackedRows:
    """Rows in the order of their keys, no key twice; the first column is the key. Immutable, so threads may share it.

    ``blocks`` are the columns of each block, ``firsts`` its first key, ``width`` is the number of columns.
    """

    __slots__ = ("__weakref__", "_opened", "blocks", "count", "firsts", "width")

    def __init__(self, width: int, blocks: Sequence[Block] = (), firsts: Sequence[bytes] = (), count: int = 0) -> None:
        self.width = width
        self.blocks = blocks
        self.firsts = firsts
        self.count = count
        self._opened: tuple[int, Lists] = (-1, ())

    def lists(self) -> Iterator[Lists]:
        """The rows, a block at a time."""
        return (tuple(map(parted, block)) for block in self.blocks)

    def has(self, first: bytes, block: Block) -> bool:
        """Whether there is a block with these first columns; ``first`` is its first key."""
        index = bisect_left(self.firsts, first)
        return index < len(self.firsts) and self.blocks[index][: len(block)] == block

    def row(self, key: bytes) -> tuple[bytes, ...] | None:
        """The row of a key, None where there is none."""
        index = bisect_right(self.firsts, key) - 1
        if index < 0:
            return None
        lists = self.opened(index)
        place = bisect_left(lists[0], key)
        if place == len(lists[0]) or lists[0][place] != key:
            return None
        return tuple(column[place] for column in lists)

    def opened(self, index: int) -> Lists:
        """The rows of a block."""
        at, lists = self._opened
        if at != index:
            lists = tuple(map(parted, self.blocks[index]))
            self._opened = index, lists  # keys that are asked for one after the other often lie together
        return lists

    def with_rows(self, more: Sequence[tuple[bytes, ...]]) -> "PackedRows":
        """The same rows and ``more``, sorted, whose keys these have not. Only blocks that get some are made anew."""
        if not more:
            return self
        blocks, firsts, taken = list[Block](), list[bytes](), 0
        for index, block in enumerate(self.blocks or [()]):
            last = index + 1 >= len(self.blocks)
            end = len(more) if last else bisect_left(more, (self.firsts[index + 1],), taken)
            if end == taken:
                blocks.append(block)
                firsts.append(self.firsts[index])
                continue
            rows = sorted([*zip(*map(parted, block), strict=True), *more[taken:end]])
            for start in range(0, len(rows), BLOCK):
                blocks.append(tuple(map(joined, zip(*rows[start : start + BLOCK], strict=True))))
                firsts.append(rows[start][0])
            taken = end
        return PackedRows(self.width, blocks, firsts, self.count + len(more))


def _size(column: Column) -> int:
    return len(column) + 1 if isinstance(column, bytes) else sum(map(len, column)) + len(column)


class KeyTwice(ValueError):
    """A key was given twice. ``key`` is that key."""

    def __init__(self, key: bytes) -> None:
        super().__init__(as_text(key))
        self.key = key


class RowsBuilder:
    """Packs rows as they come. In the order of their keys that takes no more memory than the packed rows.

    ``width`` is the number of columns, the key among them. ``count`` and ``size`` are the rows and their bytes so far;
    less than two blocks of them may not be in ``size`` yet. Rows in another order are sorted when all have come.
    """

    def __init__(self, width: int = 2) -> None:
        self.count = 0
        self.size = 0
        self._blocks: list[Block] = []
        self._firsts: list[bytes] = []
        self._last: bytes | None = None
        self._sorted = True
        self._left: list[list[bytes]] = [[] for _ in range(width)]  # the rows that do not fill a block yet

    def add(self, keys: Sequence[bytes], *columns: Sequence[bytes]) -> None:
        """Add rows: their keys, and their values in each other column.

        Raises KeyTwice where a key stands beside itself; another one is found when all have come.
        """
        if not keys:
            return
        if self._sorted and not (rises(keys) and (self._last is None or self._last < keys[0])):
            self._look_at_order(keys)
        self._last = keys[-1]
        self.count += len(keys)
        for left, column in zip(self._left, (keys, *columns), strict=True):
            left += column
        if len(self._left[0]) >= BLOCK:
            self._fill()

    def add_block(self, first: bytes, block: Block) -> None:
        """Add rows that are packed, in the order of their keys; ``first`` is the first key.

        A whole block is kept as it is, where it begins a block here too.
        """
        count = length(block[0])
        if count != BLOCK or self._left[0] or not self._sorted or (self._last is not None and self._last >= first):
            self.add(*map(parted, block))
            return
        self.count += count
        self._last = last_value(block[0])
        self._keep(first, block)

    def add_stretch(self, stretch: Stretch, columns: int) -> None:
        """Add the first columns of a stretch, of which there are so many."""
        if stretch.block is not None:
            self.add_block(stretch.first, stretch.block[:columns])
        else:
            self.add(*stretch.lists[:columns])

    @property
    def in_order(self) -> bool:
        """Whether the keys have come in their order so far."""
        return self._sorted

    def _look_at_order(self, keys: Sequence[bytes]) -> None:
        before = [self._last] if self._last is not None else []
        for one, other in zip([*before, *keys], [*before, *keys][1:], strict=False):
            if one == other:
                raise KeyTwice(one)
        self._sorted = False

    def _fill(self, *, last: bool = False) -> None:
        """Pack whole blocks of what is left, and the ``last`` one too."""
        total = len(self._left[0])
        self._pack(total if last else total - total % BLOCK)

    def _pack(self, end: int) -> None:
        """Pack so many rows of what is left."""
        for start in range(0, end, BLOCK):
            block = tuple(joined(column[start : min(start + BLOCK, end)]) for column in self._left)
            self._keep(self._left[0][start], block)
        self._left = [column[end:] for column in self._left]

    def _keep(self, first: bytes, block: Block) -> None:
        """Add a block to those that are packed."""
        self.size += sum(map(_size, block))
        self._blocks.append(block)
        self._firsts.append(first)

    def built(self) -> PackedRows:
        """All rows that were added. Raises KeyTwice."""
        self._fill(last=True)
        rows = PackedRows(len(self._left), self._blocks, self._firsts, self.count)
        return rows if self._sorted else _sorted(rows)


def _sorted(rows: PackedRows) -> PackedRows:
    """The same rows in their order. Raises KeyTwice."""
    every = sorted(row for lists in rows.lists() for row in zip(*lists, strict=True))
    for one, other in zip(every, islice(every, 1, None), strict=False):
        if one[0] == other[0]:
            raise KeyTwice(one[0])
    return packed(every, rows.width)


def packed(rows: Sequence[tuple[bytes, ...]], width: int) -> PackedRows:
    """Pack rows of so many columns that are in the order of their keys. Raises KeyTwice."""
    builder = RowsBuilder(width)
    for start in range(0, len(rows), BLOCK):
        builder.add(*zip(*rows[start : start + BLOCK], strict=True))
    return builder.built()


class PackedKeys(Set[str]):
    """A set of keys."""

    __slots__ = ("rows",)

    def __init__(self, rows: PackedRows) -> None:
        self.rows = rows

    @classmethod
    def of(cls, keys: Iterable[str]) -> "PackedKeys":
        """Pack keys."""
        if isinstance(keys, PackedKeys):
            return keys
        builder = RowsBuilder(1)
        builder.add(sorted(map(as_bytes, keys)))
        return PackedKeys(builder.built())

    @classmethod
    def _from_iterable(cls, it: Iterable[Any]) -> set[Any]:  # what two sets make together is small
        return set(it)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.rows.row(as_bytes(key)) is not None

    def __iter__(self) -> Iterator[str]:
        for lists in self.rows.lists():
            yield from texts(lists[0])

    def __len__(self) -> int:
        return self.rows.count


class PackedNames(Mapping[str, str]):
    """Names by number, in the order of the bytes of the numbers. Its rows may have more columns than these two."""

    __slots__ = ("rows",)

    def __init__(self, rows: PackedRows) -> None:
        self.rows = rows

    @classmethod
    def of(cls, names: Mapping[str, str]) -> "PackedNames":
        """Pack a mapping."""
        if isinstance(names, PackedNames):
            return names
        pairs = sorted((as_bytes(number), as_bytes(name)) for number, name in names.items())
        return cls(packed(pairs, 2))

    def __getitem__(self, number: str) -> str:
        row = self.rows.row(as_bytes(number))
        if row is None:
            raise KeyError(number)
        return as_text(row[1])

    def __contains__(self, number: object) -> bool:
        return isinstance(number, str) and self.rows.row(as_bytes(number)) is not None

    def __iter__(self) -> Iterator[str]:
        for lists in self.rows.lists():
            yield from texts(lists[0])

    def __len__(self) -> int:
        return self.rows.count

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PackedNames):
            if len(self) != len(other):
                return False
            return all(one.same(another, 2) for one, another in stretches(self.rows, other.rows))
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self)!r})"

    def items(self) -> "PackedItems":
        """Number and name of each entry."""
        return PackedItems(self)

    def values(self) -> "_PackedValues":
        """The names."""
        return _PackedValues(self)


class PackedItems(_Items[str, str]):
    """Without a search for each name."""

    _mapping: PackedNames

    @property
    def rows(self) -> PackedRows:
        """The numbers and names as they are packed."""
        return self._mapping.rows

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for numbers, names, *_ in self._mapping.rows.lists():
            yield from zip(texts(numbers), texts(names), strict=True)


class _PackedValues(_Values[str]):
    """Without a search for each name."""

    _mapping: PackedNames

    def __iter__(self) -> Iterator[str]:
        for _, names, *_ in self._mapping.rows.lists():
            yield from texts(names)


class _Place:
    """Where the walk through some rows is."""

    __slots__ = ("_at", "_lists", "_next", "after", "rows")

    def __init__(self, rows: PackedRows) -> None:
        self.rows = rows
        self._at = self._next = 0
        self._lists: Lists | None = None if rows.blocks else ((),) * rows.width
        self.after = rows.firsts[1] if len(rows.firsts) > 1 else None

    def until(self, end: bytes | None) -> Stretch:
        """The rows up to the key ``end``, or to the last one; that is a block at most, as ``after`` bounds it."""
        if end is not None and end != self.after:
            start, lists = self._at, self._open()
            self._at = bisect_left(lists[0], end, start)
            return Stretch(None, tuple(column[start : self._at] for column in lists))
        rest = self._rest()
        if end is not None:
            self._next += 1
            self._at, self._lists = 0, None
            following = self._next + 1
            self.after = self.rows.firsts[following] if following < len(self.rows.firsts) else None
        return rest

    def _open(self) -> Lists:
        """The rows of this block."""
        if self._lists is None:
            self._lists = tuple(map(parted, self.rows.blocks[self._next]))
        return self._lists

    def _rest(self) -> Stretch:
        """What is left of this block."""
        if self._lists is None:
            return Stretch(self.rows.blocks[self._next], first=self.rows.firsts[self._next])
        return Stretch(None, tuple(column[self._at :] for column in self._lists) if self._at else self._lists)


def stretches(*sheets: PackedRows) -> Iterator[tuple[Stretch, ...]]:
    """Walk through several sheets of rows at once: for each range of keys the rows that each of them has there.

    A stretch has a block of rows of each sheet at most.
    """
    places = [_Place(rows) for rows in sheets]
    while True:
        end = min((place.after for place in places if place.after is not None), default=None)
        yield tuple(place.until(end) for place in places)
        if end is None:
            return


def in_step(*sheets: PackedRows) -> Iterator[tuple[Lists, ...]]:
    """Walk through several sheets of rows at once, and look at each row."""
    return (tuple(stretch.lists for stretch in each) for each in stretches(*sheets))
