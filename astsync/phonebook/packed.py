"""Sorted rows of bytes in little memory: a million names take some 40 MB in place of 230, and are compared in C.

A phonebook, what a PBX holds and whose its keys are may have a million keys each, and a run holds several of them. So
they are kept in blocks of some hundred rows; each column of a block is one ``bytes``, its values joined by NUL. Neither
a C string of Asterisk nor text of ours holds a NUL; where a value of anybody does, the column is kept as a tuple.

Rows are in the order of the bytes of their keys. In that order SQLite gives ours, and Asterisk its own (``ORDER BY
key`` in main/db.c), so what comes is packed as it comes. ``in_step`` walks through several of them at once, in pieces
of a few hundred keys: within a piece everything is plain lists and dicts.

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
from typing import Any, Final, TypeVar

BLOCK: Final = 256
"""Rows of a block. With more, a single key is found later; with fewer, Python's own work for a block counts."""

Column = bytes | tuple[bytes, ...]
"""The values of one column of a block: joined by NUL, or as they are where one of them holds a NUL."""
Lists = tuple[Sequence[bytes], ...]
"""Rows as they are worked with: the keys, then each column, all of one length."""


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
    joined = b"\0".join(values)
    found = as_text(joined).split("\0")
    return found if len(found) == len(values) else list(map(as_text, values))


def many_as_bytes(values: Sequence[str]) -> Sequence[bytes]:
    """Many texts as bytes, in one piece too."""
    try:
        found = "\0".join(values).encode("utf-8", "surrogateescape").split(b"\0")
    except UnicodeEncodeError:
        found = []
    return found if len(found) == len(values) else [*map(as_bytes, values)]


def _joined(values: Sequence[bytes]) -> Column:
    joined = b"\0".join(values)
    return joined if joined.count(b"\0") == len(values) - 1 else tuple(values)


def _parted(column: Column) -> list[bytes]:
    return column.split(b"\0") if isinstance(column, bytes) else [*column]  # always a list: two of them are compared


def rises(keys: Sequence[bytes]) -> bool:
    """Whether each key is greater than the one before it."""
    return all(map(lt, keys, islice(keys, 1, None)))


class PackedRows:
    """Rows in the order of their keys, no key twice; the first column is the key. Immutable, so threads may share it.

    ``blocks`` are the columns of each block, ``firsts`` its first key, ``width`` is the number of columns.
    """

    __slots__ = ("__weakref__", "_opened", "blocks", "count", "firsts", "width")

    def __init__(
        self, width: int, blocks: Sequence[tuple[Column, ...]] = (), firsts: Sequence[bytes] = (), count: int = 0
    ) -> None:
        self.width = width
        self.blocks = blocks
        self.firsts = firsts
        self.count = count
        self._opened: tuple[int, Lists] = (-1, ())

    def lists(self) -> Iterator[Lists]:
        """The rows, a block at a time."""
        return (tuple(map(_parted, block)) for block in self.blocks)

    def row(self, key: bytes) -> tuple[bytes, ...] | None:
        """The row of a key, None where there is none."""
        index = bisect_right(self.firsts, key) - 1
        if index < 0:
            return None
        at, lists = self._opened
        if at != index:
            lists = tuple(map(_parted, self.blocks[index]))
            self._opened = index, lists  # keys that are asked for one after the other often lie together
        place = bisect_left(lists[0], key)
        if place == len(lists[0]) or lists[0][place] != key:
            return None
        return tuple(column[place] for column in lists)

    def with_rows(self, more: Sequence[tuple[bytes, ...]]) -> "PackedRows":
        """The same rows and ``more``, sorted, whose keys these have not. Only blocks that get some are made anew."""
        if not more:
            return self
        blocks, firsts, taken = list[tuple[Column, ...]](), list[bytes](), 0
        for index, block in enumerate(self.blocks or [()]):
            last = index + 1 >= len(self.blocks)
            end = len(more) if last else bisect_left(more, (self.firsts[index + 1],), taken)
            if end == taken:
                blocks.append(block)
                firsts.append(self.firsts[index])
                continue
            rows = sorted([*zip(*map(_parted, block), strict=True), *more[taken:end]])
            for start in range(0, len(rows), BLOCK):
                blocks.append(tuple(map(_joined, zip(*rows[start : start + BLOCK], strict=True))))
                firsts.append(rows[start][0])
            taken = end
        return PackedRows(self.width, blocks, firsts, self.count + len(more))


def _length(column: Column) -> int:
    return len(column) + 1 if isinstance(column, bytes) else sum(map(len, column)) + len(column)


class KeyTwice(ValueError):
    """A key was given twice. ``key`` is that key."""

    def __init__(self, key: bytes) -> None:
        super().__init__(as_text(key))
        self.key = key


class RowsBuilder:
    """Packs rows as they come. In the order of their keys that takes no more memory than the packed rows.

    ``width`` is the number of columns, the key among them. ``count`` and ``size`` are the rows and their bytes so far;
    less than a block of them may not be in ``size`` yet. Rows in another order are sorted when all have come.
    """

    def __init__(self, width: int = 2) -> None:
        self.count = 0
        self.size = 0
        self._blocks: list[tuple[Column, ...]] = []
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
        end = total if last else total - total % BLOCK
        for start in range(0, end, BLOCK):
            block = tuple(_joined(column[start : min(start + BLOCK, end)]) for column in self._left)
            self.size += sum(map(_length, block))
            self._blocks.append(block)
            self._firsts.append(self._left[0][start])
        self._left = [column[end:] for column in self._left]

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
            return all(one[:2] == another[:2] for one, another in in_step(self.rows, other.rows))
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

    def until(self, end: bytes | None) -> Lists:
        """The rows up to the key ``end``, or to the last one; that is a block at most, as ``after`` bounds it."""
        if self._lists is None:
            self._lists = tuple(map(_parted, self.rows.blocks[self._next]))
        start, lists = self._at, self._lists
        if end is None or end == self.after:
            if end is not None:
                self._open_next()
            return lists if not start else tuple(column[start:] for column in lists)
        self._at = bisect_left(lists[0], end, start)
        return tuple(column[start : self._at] for column in lists)

    def _open_next(self) -> None:
        self._next += 1
        self._at, self._lists = 0, None
        following = self._next + 1
        self.after = self.rows.firsts[following] if following < len(self.rows.firsts) else None


def in_step(*sheets: PackedRows) -> Iterator[tuple[Lists, ...]]:
    """Walk through several sheets of rows at once: for each range of keys the rows that each of them has there.

    A piece has a block of rows of each sheet at most.
    """
    places = [_Place(rows) for rows in sheets]
    while True:
        end = min((place.after for place in places if place.after is not None), default=None)
        yield tuple(place.until(end) for place in places)
        if end is None:
            return


Row = TypeVar("Row", bound=tuple[Any, ...])


def values_beside(rows: Iterable[Row], names: PackedNames) -> Iterator[tuple[Row, bytes | None]]:
    """Rows in the order of their keys, which come first in them, and what the names hold for each; None for nothing."""
    firsts, opened, here = names.rows.firsts, -1, dict[bytes, bytes]()
    for row in rows:
        if opened + 1 < len(firsts) and row[0] >= firsts[opened + 1]:
            opened = bisect_right(firsts, row[0]) - 1
            numbers, values, *_ = map(_parted, names.rows.blocks[opened])
            here = dict(zip(numbers, values, strict=True))
        yield row, here.get(row[0])
