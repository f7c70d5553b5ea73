"""The records of what runs changed on PBXs, for ``undo`` and for whoever asks what became of a key.

A run may change a million keys, and SQLite takes longer for so many rows than AMI for the entries. So a row of the
table ``undo`` is a block of up to 256 keys beside each other: ``numbers``, ``olds`` and ``news`` are their numbers and
the values before and after, each joined by NUL, and ``kinds`` has a byte for each key. ``first`` and ``last`` are the
ends of the block; ``added``, ``changed`` and ``deleted`` count the keys whose value the run changes. A key with a NUL
in it or in a value has a block of its own.
"""

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Set
from typing import NamedTuple

from astsync.phonebook.columns import joined, last_value
from astsync.phonebook.packed import BLOCK
from astsync.phonebook.recorded import RecordBlock, RecordRow, kind_of, meaning_of, rows_of

_BLOCK = "first, last, kinds, numbers, olds, news, added, changed, deleted"
_SAVE = f"INSERT INTO undo (run, pbx, family, {_BLOCK}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_COLUMNS = "kinds, numbers, olds, news"
_PLACE = "run = ? AND pbx = ? AND family = ?"
_OF_PLACE = f"SELECT {_COLUMNS} FROM undo WHERE {_PLACE} ORDER BY first"  # noqa: S608
_PARTS_OF_PLACE = f"SELECT changed, {_COLUMNS} FROM undo WHERE {_PLACE} ORDER BY first"  # noqa: S608
_DROP = f"DELETE FROM undo WHERE {_PLACE} AND first = ?"  # noqa: S608
_LATER = f"SELECT {_COLUMNS} FROM undo WHERE run > ? AND pbx = ? AND family = ?"  # noqa: S608
_OF_RUN = f"SELECT pbx, {_COLUMNS} FROM undo WHERE run = ? ORDER BY pbx, family, first"  # noqa: S608
# By runs, the newest first: each is looked up by its key, and the first that has the number ends the search.
_OF_KEY = f"""
SELECT run.id, command, started, {_COLUMNS} FROM run CROSS JOIN undo ON undo.run = run.id
WHERE pbx = :pbx AND family = :family AND last >= :number AND first = (
    SELECT max(first) FROM undo AS it
    WHERE it.run = run.id AND it.pbx = :pbx AND it.family = :family AND it.first <= :number
) ORDER BY run.id DESC
"""  # noqa: S608
_OF_KEY_ANYWHERE = f"""
SELECT run.id, command, started, pbx, family, first, {_COLUMNS} FROM run CROSS JOIN undo ON undo.run = run.id
WHERE first <= :number AND last >= :number ORDER BY run.id, pbx
"""  # noqa: S608

MARK = "UPDATE run SET wrote = EXISTS (SELECT 1 FROM undo WHERE undo.run = run.id AND added + changed + deleted > 0)"
"""Notes of runs whether they changed a value; a WHERE may follow."""


class Recorded(NamedTuple):
    """A key in the record of a run: the run, its command and its start as stored, the PBX, and the row."""

    run: int
    command: str
    started: str
    pbx: str
    row: RecordRow


def save_record(
    db: sqlite3.Connection, run: int, pbx: str, family: str, parts: Iterable[RecordRow | RecordBlock]
) -> None:
    """Add the record of keys, in their order; one that is on record already is replaced."""
    place = (run, pbx, family)
    known = {row[0]: row for row in read_record(db, *place)}
    if known:
        db.execute(f"DELETE FROM undo WHERE {_PLACE}", place)  # noqa: S608
        known.update((row[0], row) for row in rows_of(parts))
        parts = [known[number] for number in sorted(known)]
    db.executemany(_SAVE, ((*place, *block) for block in _all_blocks(parts)))


def _all_blocks(parts: Iterable[RecordRow | RecordBlock]) -> "Iterator[_Block]":
    waiting: list[RecordRow] = []
    for part in parts:
        if isinstance(part, RecordBlock):
            yield from _blocks(waiting)
            waiting = []
            yield from _block_of(part)
            continue
        waiting.append(part)
        if len(waiting) == BLOCK:
            yield from _blocks(waiting)
            waiting = []
    yield from _blocks(waiting)


def _block_of(part: RecordBlock) -> "Iterator[_Block]":
    """Make one block of rows that are alike, of the same bytes."""
    numbers, olds, news, ours = part
    if not isinstance(numbers, bytes) or isinstance(olds, tuple) or isinstance(news, tuple):
        yield from _blocks(part.rows)
        return
    count, nothing = part.size, b"\0" * (part.size - 1)
    counts = (
        count * (olds is None and news is not None),
        count * (olds is not None and news is not None and olds != news),
        count * (olds is not None and news is None),
    )
    kinds = bytes([kind_of(olds, news, ours)]) * count
    ends = part.first, last_value(numbers)
    yield (*ends, kinds, numbers, nothing if olds is None else olds, nothing if news is None else news, *counts)


def read_record(db: sqlite3.Connection, run: int, pbx: str, family: str) -> Iterator[RecordRow]:
    """The record of a run on a PBX, by number."""
    for block in db.execute(_OF_PLACE, (run, pbx, family)):
        yield from _rows(*block)


def read_parts(db: sqlite3.Connection, run: int, pbx: str, family: str) -> Iterator[RecordRow | RecordBlock]:
    """The same, blocks as they are where their keys are alike."""
    for changed, *block in db.execute(_PARTS_OF_PLACE, (run, pbx, family)):
        kinds, numbers, olds, news = block
        count = len(kinds)
        if kinds != kinds[:1] * count or changed not in {0, count}:
            yield from _rows(*block)
            continue
        columns = [joined([one]) if count == 1 else one for one in (numbers, olds, news)]
        had, has, ours = meaning_of(kinds[0])
        yield RecordBlock(columns[0], columns[1] if had else None, columns[2] if has else None, ours)


def read_run(db: sqlite3.Connection, run: int) -> Iterator[tuple[str, RecordRow]]:
    """The record of a run: each PBX's name, and a row of it."""
    for pbx, *block in db.execute(_OF_RUN, (run,)):
        for row in _rows(*block):
            yield pbx, row


def numbers_after(db: sqlite3.Connection, run: int, pbx: str, family: str) -> set[bytes]:
    """The keys of a PBX that later runs have on record."""
    return {row[0] for block in db.execute(_LATER, (run, pbx, family)) for row in _rows(*block)}


def last_of_key(db: sqlite3.Connection, pbx: str, family: str, number: bytes) -> Iterator[Recorded]:
    """The records of a key on a PBX, the newest first."""
    where = {"pbx": pbx, "family": family, "number": number}
    for run, command, started, *block in db.execute(_OF_KEY, where):
        yield from (Recorded(run, command, started, pbx, row) for row in _rows(*block) if row[0] == number)


def all_of_key(db: sqlite3.Connection, number: bytes) -> Iterator[Recorded]:
    """The records of a key on all PBXs, the oldest first."""
    for run, command, started, pbx, _, _, *block in db.execute(_OF_KEY_ANYWHERE, {"number": number}):
        yield from (Recorded(run, command, started, pbx, row) for row in _rows(*block) if row[0] == number)


def drop_keys(db: sqlite3.Connection, run: int, pbx: str, family: str, numbers: Iterable[bytes]) -> None:
    """Take keys out of a record."""
    place, gone = (run, pbx, family), sorted(numbers)
    ends = db.execute(f"SELECT first, last FROM undo WHERE {_PLACE}", place).fetchall() if gone else ()  # noqa: S608
    for first, last in ends:
        if some := gone[bisect_left(gone, first) : bisect_right(gone, last)]:
            block = db.execute(f"SELECT {_COLUMNS} FROM undo WHERE {_PLACE} AND first = ?", (*place, first))  # noqa: S608
            _put_without(db, place, first, _rows(*block.fetchone()), {*some})


def drop_key_anywhere(db: sqlite3.Connection, number: bytes) -> int:
    """Take a key out of all records; how many had it."""
    count = 0
    for run, _, _, pbx, family, first, *block in db.execute(_OF_KEY_ANYWHERE, {"number": number}).fetchall():
        count += _put_without(db, (run, pbx, family), first, _rows(*block), {number})
    return count


def _put_without(
    db: sqlite3.Connection, place: tuple[int, str, str], first: bytes, rows: Iterable[RecordRow], gone: Set[bytes]
) -> bool:
    every = [*rows]
    left = [row for row in every if row[0] not in gone]
    if len(left) == len(every):
        return False
    db.execute(_DROP, (*place, first))
    db.executemany(_SAVE, ((*place, *block) for block in _blocks(left)))
    return True


_Block = tuple[bytes, bytes, bytes, bytes, bytes, bytes, int, int, int]


def _blocks(rows: list[RecordRow]) -> Iterator[_Block]:
    """Make one block of rows, or a block of each where one holds a NUL."""
    if not rows:
        return
    numbers, olds, news, _ = zip(*rows, strict=True)
    columns = [b"\0".join([value or b"" for value in column]) for column in (numbers, olds, news)]
    if len(rows) > 1 and any(column.count(b"\0") != len(rows) - 1 for column in columns):
        for row in rows:
            yield from _blocks([row])
        return
    kinds = bytes([kind_of(*row[1:]) for row in rows])
    counts = (
        sum(old is None and new is not None for old, new in zip(olds, news, strict=True)),
        sum(old is not None and new is not None and old != new for old, new in zip(olds, news, strict=True)),
        sum(old is not None and new is None for old, new in zip(olds, news, strict=True)),
    )
    yield (numbers[0], numbers[-1], kinds, *columns, *counts)


def _rows(kinds: bytes, numbers: bytes, olds: bytes, news: bytes) -> Iterator[RecordRow]:
    columns = [[one] if len(kinds) == 1 else one.split(b"\0") for one in (numbers, olds, news)]
    for kind, number, old, new in zip(kinds, *columns, strict=True):
        had, has, ours = meaning_of(kind)
        yield number, old if had else None, new if has else None, ours
