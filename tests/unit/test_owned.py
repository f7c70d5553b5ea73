"""The owners of keys are blocks in the file, and an owner of each key for whoever asks."""

import itertools
import random
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from astsync.phonebook.owners import CERTAINLY_OURS, NOT_OURS, KeyOwners, Ownership
from astsync.phonebook.packed import BLOCK, as_bytes
from astsync.store import Store
from astsync.store.owned import drop_owner, owners_of, places, read_owners, save_owners
from astsync.store.schema import bring_up
from tests.unit.old_stores import taken_back

PLACE = "office", "cidname"
STRANGE = ["", "\0", "a\0b", "я\udcc8", "\ud83d"]
OWNERS = [CERTAINLY_OURS, *(Ownership(ours=True, if_held=value) for value in ["OOO A", *STRANGE])]


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        bring_up(opened, 0)
        yield opened


def some(count: int, seed: int, odd: float, keys: list[str]) -> dict[str, Ownership]:
    """Owners of so many keys, of which a share is not certain; some keys are no numbers."""
    chance = random.Random(seed)
    numbers = [str(chance.randrange(10**10, 10**11)) for _ in range(count)]
    return {n: chance.choice(OWNERS) if chance.random() < odd else CERTAINLY_OURS for n in [*numbers, *keys]}


def as_kept(owners: Mapping[str, Ownership]) -> dict[str, Ownership]:
    """The same as it comes back: half of a character as an escape."""
    return dict(KeyOwners.of({n: owner for n, owner in owners.items() if owner.ours}))


@pytest.mark.parametrize("count", [0, 1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
@pytest.mark.parametrize("odd", [0.0, 0.02, 1.0])
@pytest.mark.parametrize("keys", [[], STRANGE])
def test_owners_come_back_as_they_were(db: sqlite3.Connection, count: int, odd: float, keys: list[str]) -> None:
    owners = some(count, 1, odd, keys)
    save_owners(db, *PLACE, KeyOwners.of(owners))
    save_owners(db, "branch", "cidname", KeyOwners.of({"1": CERTAINLY_OURS}))
    assert dict(read_owners(db, *PLACE)) == as_kept(owners)
    for number in [*owners][:: max(count // 20, 1)]:
        (row,) = owners_of(db, *PLACE, [as_bytes(number)])
        assert KeyOwners.of(owners).rows.row(as_bytes(number)) == row
    assert [*owners_of(db, *PLACE, [b"5", b"zz"])] == []
    assert [*places(db)] == [("branch", "cidname"), *([PLACE] if owners else [])]


def test_a_million_keys_take_a_row_for_each_block(db: sqlite3.Connection) -> None:
    owners = dict.fromkeys((str(7_495_000_0000 + n) for n in range(4 * BLOCK)), CERTAINLY_OURS)
    save_owners(db, *PLACE, KeyOwners.of(owners))
    assert db.execute("SELECT count(*), min(count), count(owners) FROM owned").fetchone() == (4, BLOCK, 0)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_changes_are_stored_the_owners_are_those_of_each_key(db: sqlite3.Connection, seed: int) -> None:
    chance = random.Random(seed)
    wanted = some(chance.choice([0, 3, 2 * BLOCK, 2_000]), seed, chance.choice([0.0, 0.1]), STRANGE[: seed % 3])
    save_owners(db, *PLACE, KeyOwners.of(wanted))
    for step in range(6):
        new = some(chance.choice([1, 5, 1_500]), 100 * seed + step, chance.choice([0.0, 0.5]), STRANGE[: step % 2])
        known = chance.sample([*wanted], min(len(wanted), chance.choice([0, 2, BLOCK, 1_100])))
        state = chance.choice([NOT_OURS, *OWNERS])
        changes = {**new, **dict.fromkeys(known, state)}
        save_owners(db, *PLACE, KeyOwners.of(changes))
        wanted = {n: owner for n, owner in {**wanted, **changes}.items() if owner.ours}
        assert dict(read_owners(db, *PLACE)) == as_kept(wanted)
        ends = db.execute("SELECT first, last, count FROM owned ORDER BY first").fetchall()
        assert all(first <= last and 1 <= count <= BLOCK for first, last, count in ends)
        assert all(one[1] < other[0] for one, other in itertools.pairwise(ends)), "no blocks overlap"
        assert sum(count for *_, count in ends) == len(wanted)


def test_blocks_that_have_become_small_are_written_anew(db: sqlite3.Connection) -> None:
    owners = dict.fromkeys((str(7_495_000_0000 + n) for n in range(20 * BLOCK)), CERTAINLY_OURS)
    save_owners(db, *PLACE, KeyOwners.of(owners))
    kept = [*owners][::BLOCK]
    for start in range(0, len(owners), 500):
        gone = [n for n in [*owners][start : start + 500] if n not in kept]
        save_owners(db, *PLACE, KeyOwners.of(dict.fromkeys(gone, NOT_OURS)))
    assert dict(read_owners(db, *PLACE)) == dict.fromkeys(kept, CERTAINLY_OURS)
    assert db.execute("SELECT count(*) FROM owned").fetchone()[0] <= 5


def test_an_owner_is_forgotten_and_the_others_stay(db: sqlite3.Connection) -> None:
    save_owners(db, *PLACE, KeyOwners.of(dict.fromkeys("123", CERTAINLY_OURS)))
    drop_owner(db, *PLACE, b"2")
    drop_owner(db, *PLACE, b"7")
    assert [*read_owners(db, *PLACE)] == ["1", "3"]


def test_a_store_of_version_13_keeps_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    owners, others = some(2 * BLOCK + 3, 3, 0.1, STRANGE[:4]), some(BLOCK, 4, 0.0, [])
    with closing(Store(path)) as store:
        store.save_record_and_owners(0, "office", "cidname", (), owners)
        store.save_record_and_owners(0, "branch", "cidname", (), others)
    taken_back(path, 13)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM owned").fetchone()[0] == len(owners) + len(others)
    with closing(Store(path)) as store:
        assert dict(store.owners("office", "cidname")) == as_kept(owners)
        assert dict(store.owners("branch", "cidname", [*others][:9])) == dict([*others.items()][:9])
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM owned").fetchone()[0] == 4
