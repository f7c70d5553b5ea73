"""The entries of the snapshot are blocks in the file, and an entry of each number for whoever asks."""

import itertools
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from astsync.phonebook.model import Entry
from astsync.phonebook.packed import BLOCK
from astsync.phonebook.packed_book import PackedEntries
from astsync.store import Snapshot, Store
from astsync.store.entries import (
    a_number,
    count_catalogs,
    count_entries,
    entries_of,
    name_of,
    read_entries,
    read_names,
    save_entries,
)
from astsync.store.schema import bring_up
from tests.unit.old_stores import taken_back
from tests.unit.test_store import NOW

NAMES = ["OOO Ромашка", "AO", "", "a\0b", "я\udcc8"]


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        bring_up(opened, 0)
        yield opened


def some(count: int, chance: random.Random, names: int = 2) -> dict[str, Entry]:
    numbers = [str(chance.randrange(10**9, 10**11)) for _ in range(count)]
    return {n: Entry(n, chance.choice(NAMES[:names]), f"{chance.choice(['К', 'П'])}/{n}") for n in numbers}


@pytest.mark.parametrize("seed", range(30))
def test_whatever_list_comes_the_snapshot_is_that_list(db: sqlite3.Connection, seed: int) -> None:
    chance = random.Random(seed)
    entries = some(chance.choice([0, 1, 2 * BLOCK, 3_000]), chance)
    for _ in range(5):
        save_entries(db, PackedEntries.of(entries).rows)
        assert dict(read_entries(db)) == entries
        assert dict(read_names(db)) == {n: one.name for n, one in entries.items()}
        assert count_entries(db) == len(entries)
        assert count_catalogs(db) == Counter(one.source.partition("/")[0] for one in entries.values())
        ends = db.execute("SELECT first, last, count FROM snapshot ORDER BY first").fetchall()
        assert all(one[1] < other[0] for one, other in itertools.pairwise(ends)), "no blocks overlap"
        asked = [*chance.sample([*entries], min(len(entries), 9)), "5", "no such"]
        assert [*entries_of(db, asked)] == [entries[n] for n in asked[:-2]]
        assert [name_of(db, n) for n in asked] == [*(entries[n].name for n in asked[:-2]), "", ""]
        found = a_number(db, longer_than=10)
        assert (found in entries and len(found) == 11) if any(len(n) > 10 for n in entries) else found == ""
        gone = chance.sample([*entries], min(len(entries), chance.choice([0, 1, 700, 2_900])))
        entries = {n: one for n, one in entries.items() if n not in gone}
        entries |= some(chance.choice([0, 2, 1_200]), chance, len(NAMES))
        renamed = chance.sample([*entries], min(len(entries), 3))
        entries |= {n: Entry(n, "renamed", entries[n].source) for n in renamed}


def test_a_store_of_version_13_keeps_its_snapshot(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    entries = some(2 * BLOCK + 3, random.Random(1))
    with closing(Store(path)) as store:
        store.save_snapshot(Snapshot(entries, NOW, "1C", 1, 0, 0))
    taken_back(path, 13)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM snapshot WHERE name <> ''").fetchone() == (len(entries),)
    with closing(Store(path)) as store:
        snapshot = store.snapshot()
        assert snapshot is not None
        assert dict(snapshot.entries) == entries
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*), max(count) FROM snapshot").fetchone() == (3, BLOCK)
