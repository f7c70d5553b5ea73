"""What the store knows for a call: read over one kept connection, at once, whatever becomes of the file."""

import logging
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from astsync.lookup.model import KnownNames, Origin
from astsync.phonebook.model import Entry
from astsync.store import OnlineName, Snapshot, Store, StoreNames
from astsync.store.schema import SCHEMA_VERSION

NOW = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
KEY, OTHER, THIRD = "74955550101", "74955550102", "74955550103"


class Hands:
    """Two clocks that a test turns: the time of day, and the seconds between two looks at the file."""

    def __init__(self) -> None:
        self.day = NOW.timestamp()
        self.elapsed = 0.0


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite3"


@pytest.fixture
def names(path: Path, hands: Hands) -> Iterator[StoreNames]:
    with closing(StoreNames(path, lambda: hands.day, lambda: hands.elapsed)) as made:
        yield made


def snapshot(names: dict[str, str]) -> Snapshot:
    return Snapshot({number: Entry(number, name) for number, name in names.items()}, NOW, "1C", len(names), 0, 0)


def fill(path: Path, listed: dict[str, str], online: dict[str, str] | None = None) -> None:
    with closing(Store(path)) as store:
        store.save_snapshot(snapshot(listed))
        until = NOW + timedelta(hours=1)
        store.save_online(OnlineName(number, name, NOW, until) for number, name in (online or {}).items())


def test_the_snapshot_comes_before_what_was_told_online_whatever_the_order_of_keys(
    path: Path, names: StoreNames
) -> None:
    fill(path, {KEY: "OOO Spisok"}, {OTHER: "OOO Zvonok"})
    known: KnownNames = names
    assert known.find([KEY]) == ("OOO Spisok", Origin.SNAPSHOT)
    assert known.find([THIRD, OTHER]) == ("OOO Zvonok", Origin.ONLINE)
    assert known.find([OTHER, KEY]) == ("OOO Spisok", Origin.SNAPSHOT)
    assert known.find([THIRD]) is None
    assert known.find([]) is None
    assert known.find(["\ud800", KEY]) is None, "a text that no number is and no file can hold"


def test_a_name_told_online_ends_with_its_time(path: Path, names: StoreNames, hands: Hands) -> None:
    fill(path, {}, {KEY: "OOO Zvonok"})
    assert names.find([KEY]) == ("OOO Zvonok", Origin.ONLINE)
    hands.day += 3_600
    assert names.find([KEY]) is None


def test_what_others_write_is_seen_at_once_over_the_kept_connection(path: Path, names: StoreNames) -> None:
    fill(path, {KEY: "OOO Spisok"})
    names.find([KEY])
    kept = names._db
    fill(path, {KEY: "OOO Novoe"})
    assert names.find([KEY]) == ("OOO Novoe", Origin.SNAPSHOT)
    assert names._db is kept


def test_a_store_that_comes_later_or_is_replaced_or_purged_is_noticed(
    path: Path, names: StoreNames, hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(3):
        assert names.find([KEY]) is None
        hands.elapsed += 1
    assert [record.message for record in caplog.records] == [
        f"there is no store {path} yet: until the first sync no name is known"
    ]
    fill(path, {KEY: "OOO Spisok"})
    hands.elapsed += 1
    assert names.find([KEY]) == ("OOO Spisok", Origin.SNAPSHOT)
    other = path.with_name("other.sqlite3")
    fill(other, {KEY: "OOO Drugoy"})
    other.replace(path)
    hands.elapsed += 0.5
    assert names.find([KEY]) == ("OOO Spisok", Origin.SNAPSHOT), "the file is looked at once a second"
    hands.elapsed += 0.5
    assert names.find([KEY]) == ("OOO Drugoy", Origin.SNAPSHOT)
    for file in path.parent.glob("store.sqlite3*"):
        file.unlink()
    hands.elapsed += 1
    assert names.find([KEY]) is None
    assert names._db is None


@pytest.mark.parametrize("version", [5, 99])
def test_a_store_of_another_version_gives_no_name_and_one_line(
    path: Path, names: StoreNames, hands: Hands, caplog: pytest.LogCaptureFixture, version: int
) -> None:
    fill(path, {KEY: "OOO Spisok"})
    assert names.find([KEY]) is not None
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {version}")
    for _ in range(200):
        hands.elapsed += 1
        assert names.find([KEY]) is None
    assert len(caplog.records) == 1
    words = f"the store {path} has version {version} and this astsync reads {SCHEMA_VERSION}"
    assert words in caplog.records[0].message
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    hands.elapsed += 1
    assert names.find([KEY]) == ("OOO Spisok", Origin.SNAPSHOT)


@pytest.mark.parametrize("fault", ["garbage", "folder", "no table"])
def test_a_broken_store_raises_nothing_and_is_told_once_a_minute(
    path: Path, names: StoreNames, hands: Hands, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    if fault == "garbage":
        path.write_bytes(b"not a database, " * 1_000)
    elif fault == "folder":
        path.mkdir()
    else:
        fill(path, {KEY: "OOO Spisok"})
        with closing(sqlite3.connect(path)) as db:
            db.execute("DROP TABLE snapshot")
    for _ in range(118):
        hands.elapsed += 1
        assert names.find([KEY]) is None
    assert len(caplog.records) == 2
    assert all("cannot be read" in record.message and KEY not in record.message for record in caplog.records)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    for file in path.parent.glob("store.sqlite3*"):
        file.unlink()
    fill(path, {KEY: "OOO Spisok"})
    hands.elapsed += 1
    assert names.find([KEY]) == ("OOO Spisok", Origin.SNAPSHOT)


def test_a_store_that_is_not_in_wal_mode_is_told_once_and_holds_no_call_up(
    path: Path, names: StoreNames, hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    fill(path, {KEY: "OOO Spisok"})
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    assert names.find([KEY]) == ("OOO Spisok", Origin.SNAPSHOT)
    hands.elapsed += 5
    assert names.find([KEY]) == ("OOO Spisok", Origin.SNAPSHOT)
    assert [("is not in WAL mode (delete)" in record.message) for record in caplog.records] == [True]
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        assert names.find([KEY]) is None
        assert time.monotonic() - began < 1, "some milliseconds on an idle machine"
    assert "locked" in caplog.records[-1].message
    assert names.find([KEY]) == ("OOO Spisok", Origin.SNAPSHOT)


def test_threads_may_share_it_while_another_rewrites_the_snapshot(path: Path) -> None:
    numbers = [str(74955550000 + i) for i in range(2_000)]
    fill(path, dict.fromkeys(numbers, "a"))
    found, done = set[object](), threading.Event()
    with closing(StoreNames(path)) as names:

        def ask() -> None:
            while not done.is_set():
                found.update(names.find([number]) for number in numbers[::97])

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        with closing(Store(path)) as store:
            for name in "bcd":
                store.save_snapshot(snapshot(dict.fromkeys(numbers, name)))
        done.set()
        for thread in threads:
            thread.join()
    assert found <= {(name, Origin.SNAPSHOT) for name in "abcd"}
    assert found


def test_the_kept_connection_keeps_nothing_that_was_forgotten(path: Path, names: StoreNames) -> None:
    fill(path, {}, {KEY: "OOO Secret", OTHER: "OOO Gamma"})
    assert names.find([KEY]) == ("OOO Secret", Origin.ONLINE)
    with closing(Store(path)) as store:
        assert store.forget((KEY,), "", ["office"]).compacted
    assert names.find([KEY]) is None
    assert b"OOO Secret" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_what_was_told_since_a_moment_is_told_once(path: Path, names: StoreNames) -> None:
    begun = NOW.timestamp() - 1
    assert names.told_since(begun) == ([], begun)  # there is no store yet
    fill(path, {}, {KEY: "OOO Zvonok", OTHER: "OOO Drugoy"})
    with closing(StoreNames(path)) as fresh:
        assert fresh.told_since(begun) == ([KEY, OTHER], NOW.timestamp())
        assert fresh.told_since(NOW.timestamp()) == ([], NOW.timestamp())
        assert fresh.any_number() == ""
        fill(path, {"74": "short", THIRD: "OOO Spisok"})
        assert fresh.any_number() == THIRD


_OTHER_PROCESS = """
import sys
from pathlib import Path
from tests.unit.test_known_names import fill
fill(Path(sys.argv[1]), {"74955550101": sys.argv[2]})
"""


@pytest.mark.slow
def test_what_another_process_writes_is_seen_also_after_this_one_has_written(path: Path, names: StoreNames) -> None:
    fill(path, {KEY: "First"})
    assert names.find([KEY]) == ("First", Origin.SNAPSHOT)
    fill(path, {KEY: "Second"})  # opens and closes the file beside the connection that is kept
    for name in ("Third", "Fourth"):
        subprocess.run([sys.executable, "-c", _OTHER_PROCESS, str(path), name], check=True)
        assert names.find([KEY]) == (name, Origin.SNAPSHOT)
