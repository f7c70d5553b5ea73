"""Whose the keys of PBXs are (``phonebook.ownership`` has the rules), for a million keys a PBX.

SQLite takes longer for a million rows than AMI for the entries. So a row of the table ``owned`` is a block of up to 256
keys beside each other, of which ``first`` and ``last`` are the ends and ``count`` the number. ``numbers`` are the keys.
``owners`` have for each of them ``c`` where it is certainly ours, else ``i`` and the value that the PBX must hold; NULL
where all are certain. Both are joined by NUL as columns of packed rows, or where one of the values holds a NUL, a list
of them in JSON, each in hexadecimal digits. A key that stands in no block is foreign.
"""

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from math import ceil

from astsync.phonebook.columns import Block, Column, Stretch, alike, joined, length, parted
from astsync.phonebook.owners import CERTAIN, CONDITIONAL, FOREIGN, NOT_OURS, KeyOwners
from astsync.phonebook.packed import BLOCK, PackedRows, RowsBuilder, as_text, stretches

_PLACE = "pbx = ? AND family = ?"
_BLOCKS = f"SELECT first, count, numbers, owners FROM owned WHERE {_PLACE} ORDER BY first"  # noqa: S608
_ENDS = f"SELECT first, count FROM owned WHERE {_PLACE} ORDER BY first"  # noqa: S608
_BLOCK_OF = f"""
SELECT count, numbers, owners FROM owned
WHERE {_PLACE} AND last >= ? AND first = (SELECT max(first) FROM owned WHERE {_PLACE} AND first <= ?)
"""  # noqa: S608
_ONE_BLOCK = f"SELECT count, numbers, owners FROM owned WHERE {_PLACE} AND first = ?"  # noqa: S608
_SAVE = "INSERT INTO owned (pbx, family, first, last, count, numbers, owners) VALUES (?, ?, ?, ?, ?, ?, ?)"
_DROP = f"DELETE FROM owned WHERE {_PLACE}"  # noqa: S608
_DROP_BLOCK = f"{_DROP} AND first = ?"
_NEXT_PLACE = "SELECT pbx, family FROM owned WHERE (pbx, family) > (?, ?) ORDER BY pbx, family LIMIT 1"
_FEW = 1_000
"""Changes that are written block by block. For more, all blocks of a PBX are written anew."""
_SCATTERED = 4
"""Blocks are written anew, too, where they are so many times as many as they need be."""

Row = tuple[bytes, bytes, bytes]
"""A key, how it is ours, and the value that the PBX must hold (``KeyOwners``)."""


def read_owners(db: sqlite3.Connection, pbx: str, family: str) -> KeyOwners:
    """The owners of a PBX's keys, by number."""
    builder = RowsBuilder(3)
    for first, *block in db.execute(_BLOCKS, (pbx, family)):
        builder.add_block(first, _columns(*block))
    return KeyOwners(builder.built())


def owners_of(db: sqlite3.Connection, pbx: str, family: str, numbers: Iterable[bytes]) -> Iterator[Row]:
    """The owners of some keys; those that are foreign are left out."""
    for number in numbers:
        block = db.execute(_BLOCK_OF, (pbx, family, number, pbx, family, number)).fetchone()
        if block is not None:
            yield from (row for row in _rows(*block) if row[0] == number)


def places(db: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """The PBXs and families in which keys are ours, found by steps over the index."""
    place = db.execute(_NEXT_PLACE, ("", "")).fetchone()
    while place is not None:
        yield place
        place = db.execute(_NEXT_PLACE, place).fetchone()


def save_owners(db: sqlite3.Connection, pbx: str, family: str, owners: KeyOwners) -> None:
    """Store the owners of some keys. Those of all others stay."""
    rows = owners.rows
    if not rows.count:
        return
    ends = db.execute(_ENDS, (pbx, family)).fetchall()
    needed = sum(count for _, count in ends) // BLOCK + 1
    if not ends or rows.count > _FEW or len(ends) > _SCATTERED * needed:
        _save_all(db, pbx, family, rows)
    else:
        _save_few(db, pbx, family, [first for first, _ in ends], rows)


def drop_owner(db: sqlite3.Connection, pbx: str, family: str, number: bytes) -> None:
    """Forget the owner of a key."""
    save_owners(db, pbx, family, KeyOwners.of({as_text(number): NOT_OURS}))


def _save_all(db: sqlite3.Connection, pbx: str, family: str, rows: PackedRows) -> None:
    """Write all blocks anew."""
    builder = RowsBuilder(3)
    for held, new in stretches(read_owners(db, pbx, family).rows, rows):
        if not new:
            builder.add_stretch(held, 3)
        elif _is_plain(new) and (not held or held.same(new, 1)):
            builder.add_stretch(new, 3)
        elif merged := _merged(zip(*held.lists, strict=True), zip(*new.lists, strict=True)):
            builder.add(*zip(*merged, strict=True))
    db.execute(_DROP, (pbx, family))
    db.executemany(_SAVE, ((pbx, family, *_kept(block)) for block in builder.built().blocks))


def _save_few(db: sqlite3.Connection, pbx: str, family: str, firsts: Sequence[bytes], rows: PackedRows) -> None:
    """Write those blocks anew whose keys get other owners."""
    changed: dict[bytes, list[Row]] = {}
    for number, how, value in chain.from_iterable(zip(*lists, strict=True) for lists in rows.lists()):
        first = firsts[max(bisect_right(firsts, number) - 1, 0)]
        changed.setdefault(first, []).append((number, how, value))
    for first, news in changed.items():
        where = (pbx, family, first)
        merged = _merged(_rows(*db.execute(_ONE_BLOCK, where).fetchone()), news)
        db.execute(_DROP_BLOCK, where)
        size = ceil(len(merged) / ceil(len(merged) / BLOCK)) if merged else 1  # of equal blocks, if they are more
        for start in range(0, len(merged), size):
            columns = zip(*merged[start : start + size], strict=True)
            db.execute(_SAVE, (pbx, family, *_kept(tuple(map(joined, columns)))))


def _is_plain(new: Stretch) -> bool:
    """Whether all keys are ours in the same way."""
    return new.block is not None and new.block[1] in {alike(how, len(new)) for how in (CERTAIN, CONDITIONAL)}


def _merged(olds: Iterable[Row], news: Iterable[Row]) -> list[Row]:
    """What is stored of keys, and what is to be stored of some of them; in the order of the keys."""
    rows = {row[0]: row for row in olds}
    rows |= {row[0]: row for row in news}
    return sorted(row for row in rows.values() if row[1] != FOREIGN)


def _kept(block: Block) -> tuple[bytes, bytes, int, bytes | str, bytes | str | None]:
    """What is stored of a block of rows."""
    numbers, hows, values = block
    keys, count = parted(numbers), length(numbers)
    owners: bytes | str | None = None
    if hows != alike(CERTAIN, count):
        states = [how + value for how, value in zip(parted(hows), parted(values), strict=True)]
        owners = _written(joined(states))
    return keys[0], keys[-1], count, _written(numbers), owners


def _written(column: Column) -> bytes | str:
    return column if isinstance(column, bytes) else json.dumps([value.hex() for value in column])


def _column(written: bytes | str) -> Column:
    return written if isinstance(written, bytes) else tuple(map(bytes.fromhex, json.loads(written)))


def _columns(count: int, numbers: bytes | str, owners: bytes | str | None) -> Block:
    """A block of rows, of what is stored of it."""
    if owners is None:
        return _column(numbers), alike(CERTAIN, count), alike(b"", count)
    states = parted(_column(owners))
    return _column(numbers), joined([state[:1] for state in states]), joined([state[1:] for state in states])


def _rows(count: int, numbers: bytes | str, owners: bytes | str | None) -> Iterator[Row]:
    return zip(*map(parted, _columns(count, numbers, owners)), strict=True)
