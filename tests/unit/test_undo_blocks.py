"""The records of runs are blocks of keys in the file, and a record of keys for whoever asks."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from astsync.phonebook.columns import joined
from astsync.phonebook.packed import BLOCK, as_bytes, as_text
from astsync.phonebook.recorded import RecordBlock, RecordRow, rows_of
from astsync.store import Before, Store
from astsync.store.schema import bring_up
from astsync.store.undo import (
    all_of_key,
    drop_key_anywhere,
    drop_keys,
    last_of_key,
    numbers_after,
    read_parts,
    read_record,
    read_run,
    save_record,
)
from tests.unit.old_stores import taken_back

PLACE = "office", "cidname"
VALUES = [None, b"", b"OOO A", b"\0", b"a\0b", b"\xc8", "Ромашка".encode()]
COUNTS = [0, 1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5]


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        bring_up(opened, 0)
        opened.executemany(
            "INSERT INTO run (id, command, started) VALUES (?, 'sync', '2026-11-29')", ((n,) for n in range(1, 9))
        )
        yield opened


def rows(count: int, seed: int = 1, strange: float = 0.02) -> list[RecordRow]:
    """Rows of a record, in order; some hold what no block of more than one can."""
    chance = random.Random(seed)

    def value() -> bytes | None:
        return chance.choice(VALUES) if chance.random() < strange else chance.choice([None, b"OOO A", b"OOO B"])

    numbers = sorted({b"%d" % chance.randrange(10**10, 10**11) for _ in range(count)})
    return [(number, value(), value(), chance.choice([True, False, None])) for number in numbers]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("strange", [0.0, 0.02, 1.0])
def test_a_record_comes_back_as_it_was(db: sqlite3.Connection, count: int, strange: float) -> None:
    record = rows(count, strange=strange)
    save_record(db, 1, *PLACE, iter(record))
    save_record(db, 2, *PLACE, rows(5, seed=2))
    save_record(db, 1, "branch", "cidname", rows(7, seed=3))
    assert [*read_record(db, 1, *PLACE)] == [*rows_of(read_parts(db, 1, *PLACE))] == record
    assert [*read_run(db, 1)] == [("branch", row) for row in rows(7, seed=3)] + [("office", row) for row in record]
    for number, *rest in record[:: max(count // 20, 1)]:
        (found,) = last_of_key(db, *PLACE, number)
        assert (found.run, found.command, found.row) == (1, "sync", (number, *rest))
        assert [one.row for one in all_of_key(db, number)] == [(number, *rest)]
    assert [*last_of_key(db, *PLACE, b"5")] == [*all_of_key(db, b"5")] == []


@pytest.mark.parametrize("count", [1, 2, BLOCK])
@pytest.mark.parametrize(("old", "new"), [(None, "OOO"), ("AO", "OOO"), ("AO", None), ("AO", "AO"), (None, "a\0b")])
@pytest.mark.parametrize("ours", [True, False, None])
def test_rows_that_are_alike_are_the_same_as_one_by_one(
    db: sqlite3.Connection, count: int, old: str | None, new: str | None, ours: bool | None
) -> None:
    numbers = [b"%d" % (74950000000 + n) for n in range(count)]
    olds, news = (None if one is None else joined([f"{one} {n}".encode() for n in range(count)]) for one in (old, new))
    block = RecordBlock(joined(numbers), olds, news, ours)
    record = [(b"1", None, b"x", True), *block.rows, (b"8", b"x", None, False)]
    assert [row[0] for row in block.rows] == numbers
    save_record(db, 1, *PLACE, [record[0], block, record[-1]])
    save_record(db, 2, *PLACE, record)
    assert [*read_record(db, 1, *PLACE)] == [*read_record(db, 2, *PLACE)] == record
    assert [*rows_of(read_parts(db, 1, *PLACE))] == record
    query = "SELECT sum(added), sum(changed), sum(deleted) FROM undo GROUP BY run"
    assert len({*db.execute(query).fetchall()}) == 1
    assert db.execute("SELECT min(first), max(last) FROM undo WHERE run = 1").fetchone() == (b"1", b"8")


def test_a_usual_record_takes_a_row_for_a_whole_block(db: sqlite3.Connection) -> None:
    save_record(db, 1, *PLACE, rows(4 * BLOCK, strange=0))
    assert db.execute("SELECT count(*) FROM undo").fetchone() == (4,)


def test_what_is_recorded_once_more_replaces_what_was(db: sqlite3.Connection) -> None:
    record = rows(2 * BLOCK)
    save_record(db, 1, *PLACE, record)
    again: list[RecordRow] = [
        (b"0", None, b"first", True),
        (record[7][0], b"x", b"y", True),
        (b"99", b"z", None, False),
    ]
    save_record(db, 1, *PLACE, again)
    wanted = {row[0]: row for row in (*record, *again)}
    assert [*read_record(db, 1, *PLACE)] == [wanted[number] for number in sorted(wanted)]


@pytest.mark.parametrize("seed", range(10))
def test_keys_are_taken_out_of_a_record(db: sqlite3.Connection, seed: int) -> None:
    record = rows(3 * BLOCK, seed, strange=0.01)
    save_record(db, 1, *PLACE, record)
    save_record(db, 2, *PLACE, record[:3])
    chance = random.Random(seed)
    gone = {row[0] for row in chance.sample(record, chance.choice([1, 2, 100, len(record)]))}
    drop_keys(db, 1, *PLACE, {*gone, b"no such"})
    left = [row for row in record if row[0] not in gone]
    assert [*read_record(db, 1, *PLACE)] == left
    assert [*read_record(db, 2, *PLACE)] == record[:3]
    assert numbers_after(db, 1, *PLACE) == {row[0] for row in record[:3]}
    counts = db.execute("SELECT sum(added), sum(changed), sum(deleted) FROM undo WHERE run = 1").fetchone()
    pairs = [(old, new) for _, old, new, _ in left]
    assert [count or 0 for count in counts] == [
        sum(old is None and new is not None for old, new in pairs),
        sum(old is not None and new is not None and old != new for old, new in pairs),
        sum(old is not None and new is None for old, new in pairs),
    ]


def test_a_key_is_erased_from_all_records(db: sqlite3.Connection) -> None:
    record = rows(2 * BLOCK)
    number = record[BLOCK][0]
    for run, place in ((1, PLACE), (2, PLACE), (2, ("branch", "cidname"))):
        save_record(db, run, *place, record)
    assert drop_key_anywhere(db, number) == 3
    assert drop_key_anywhere(db, number) == 0
    assert [*all_of_key(db, number)] == []
    assert not db.execute("SELECT 1 FROM undo WHERE instr(numbers, ?)", (number,)).fetchall()
    assert [*read_record(db, 2, *PLACE)] == [row for row in record if row[0] != number]


def test_the_newest_record_of_a_key_comes_first(db: sqlite3.Connection) -> None:
    for run in (3, 1, 2):
        save_record(db, run, *PLACE, [(b"1", None, b"%d" % run, True), (b"2", None, b"x", True)])
    assert [one.run for one in last_of_key(db, *PLACE, b"1")] == [3, 2, 1]
    assert [one.run for one in all_of_key(db, b"1")] == [1, 2, 3]


def test_a_store_of_version_10_keeps_its_records(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    record = [
        Before(as_text(number), None if old is None else as_text(old), None if new is None else as_text(new), owned)
        for number, old, new, owned in rows(300, strange=0.3)
    ]
    with closing(Store(path)) as store:
        run = store.begin_run("sync")
        store.save_record_and_owners(run, "Office", "cidname", record, {})
        before = store.runs(), store.changes(run)
    taken_back(path, 10)
    with closing(sqlite3.connect(path)) as old:
        assert old.execute("SELECT count(*) FROM undo WHERE number = ?", (as_bytes(record[0].number),)).fetchone() == (
            1,
        )
    with closing(Store(path)) as store:
        assert store.record(run, "office", "cidname") == tuple(record)
        assert (store.runs(), store.changes(run)) == before
        assert store.last_records("office", "cidname", [record[5].number]) == {record[5].number: record[5]}
