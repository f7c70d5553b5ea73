"""Tables of up to a million keys, in blocks: SQLite takes longer for a million rows than AMI for the entries.

A row of such a table is a block of up to 256 keys beside each other: ``first`` and ``last`` are its ends, ``count`` is
how many keys it has. Its other columns are those of packed rows (``phonebook.packed``): values joined by NUL, a BLOB.
Where a value holds a NUL they are a list in JSON, a TEXT, each value in hexadecimal digits.
"""

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from astsync.phonebook.alike import ALIKE
from astsync.phonebook.columns import Block, Column, joined, parted
from astsync.phonebook.packed import BLOCK, PackedRows

Written = bytes | str | None
"""A column as it is stored."""
Row = tuple[bytes, ...]
Place = Sequence[str]
_SCATTERED = 4
"""Blocks are written anew where they are so many times as many as they need be."""


def written(column: Column) -> Written:
    """A column, to be stored."""
    return column if isinstance(column, bytes) else json.dumps([value.hex() for value in column])


def column_of(kept: Written) -> Column:
    """A stored column."""
    return kept if isinstance(kept, bytes) else tuple(map(bytes.fromhex, json.loads(kept or "[]")))


def as_written(block: Block) -> tuple[Written, ...]:
    """The columns of a block, to be stored as they are."""
    return tuple(map(written, block))


def as_kept(_count: int, *columns: Written) -> Block:
    """The same back."""
    return tuple(map(column_of, columns))


@dataclass(frozen=True)
class BlockTable:
    """A table of blocks. ``place`` are the columns before ``first`` that tell whose block it is.

    ``pack`` makes the ``columns`` of a block, ``unpack`` a block of ``width`` columns, of its count and these.
    """

    name: str
    place: tuple[str, ...]
    columns: tuple[str, ...]
    width: int
    pack: Callable[[Block], tuple[Written, ...]] = as_written
    unpack: Callable[..., Block] = as_kept

    def read(self, db: sqlite3.Connection, place: Place = ()) -> PackedRows:
        """All rows of a place."""
        builder = ALIKE.builder(self.width)
        columns = ", ".join(self.columns)
        query = f"SELECT first, count, {columns} FROM {self.name} {self._where()} ORDER BY first"  # noqa: S608
        for first, *kept in db.execute(query, place):
            builder.add_block(first, self.unpack(*kept))
        return builder.built()

    def rows(self, db: sqlite3.Connection, keys: Iterable[bytes], place: Place = ()) -> Iterator[Row]:
        """The rows of some keys; those that are not there are left out."""
        first = f"SELECT max(first) FROM {self.name} {self._where('first <= ?')}"  # noqa: S608
        query = self._select(f"last >= ? AND first = ({first})")
        for key in keys:
            kept = db.execute(query, (*place, key, *place, key)).fetchone()
            if kept is not None:
                yield from (row for row in self._rows(kept) if row[0] == key)

    def replace(self, db: sqlite3.Connection, rows: PackedRows, place: Place = ()) -> None:
        """Make a place hold these rows and no others."""
        db.execute(f"DELETE FROM {self.name} {self._where()}", place)  # noqa: S608
        self._insert(db, rows.blocks, place)

    def change(self, db: sqlite3.Connection, changes: Mapping[bytes, Row | None], place: Place = ()) -> None:
        """Put some rows in the place of those of the same keys; None takes a key away. The others stay.

        Only blocks are written that change, unless they are scattered by now.
        """
        ends = db.execute(f"SELECT first, count FROM {self.name} {self._where()} ORDER BY first", place)  # noqa: S608
        counts = dict(ends)
        firsts, found = [*counts], dict[bytes, dict[bytes, Row | None]]()
        for key, row in changes.items():
            first = firsts[max(bisect_right(firsts, key) - 1, 0)] if firsts else b""
            found.setdefault(first, {})[key] = row
        for first, some in found.items():
            kept = db.execute(self._select("first = ?"), (*place, first)).fetchone() if firsts else None
            rows = {row[0]: row for row in self._rows(kept)} if kept is not None else {}
            db.execute(f"DELETE FROM {self.name} {self._where('first = ?')}", (*place, first))  # noqa: S608
            left = sorted(row for row in {**rows, **some}.values() if row is not None)
            self._insert(db, _blocks(left), place)
        if len(counts) > _SCATTERED * (sum(counts.values()) // BLOCK + 1):
            self.replace(db, self.read(db, place), place)

    def _insert(self, db: sqlite3.Connection, blocks: Iterable[Block], place: Place) -> None:
        names = (*self.place, "first", "last", "count", *self.columns)
        marks = ", ".join("?" * len(names))
        made = ((*place, keys[0], keys[-1], len(keys), *self.pack(block)) for keys, block in _with_keys(blocks))
        db.executemany(f"INSERT INTO {self.name} ({', '.join(names)}) VALUES ({marks})", made)  # noqa: S608

    def _rows(self, kept: Sequence[Written]) -> Iterator[Row]:
        return zip(*map(parted, self.unpack(*kept)), strict=True)

    def _select(self, which: str) -> str:
        return f"SELECT count, {', '.join(self.columns)} FROM {self.name} {self._where(which)}"  # noqa: S608

    def _where(self, *which: str) -> str:
        terms = (*(f"{name} = ?" for name in self.place), *which)
        return f"WHERE {' AND '.join(terms)}" if terms else ""


def _with_keys(blocks: Iterable[Block]) -> Iterator[tuple[list[bytes], Block]]:
    return ((parted(block[0]), block) for block in blocks)


def _blocks(rows: Sequence[Row]) -> Iterator[Block]:
    """Rows in blocks, of equal sizes where they are more than one."""
    size = ceil(len(rows) / ceil(len(rows) / BLOCK)) if rows else 1
    for start in range(0, len(rows), size):
        yield tuple(map(joined, zip(*rows[start : start + size], strict=True)))
