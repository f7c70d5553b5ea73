"""The store: what was put in comes out, nothing is half written, and faults are told in words."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from astsync.errors import LockedError, StoreError
from astsync.phonebook.model import Entry
from astsync.phonebook.plan import Change
from astsync.store import KEPT_RUNS, Snapshot, Store

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def snapshot(*names: str) -> Snapshot:
    entries = {str(i): Entry(str(i), name, f"Контрагенты/{i}") for i, name in enumerate(names)}
    return Snapshot(entries, NOW, "1C", len(names), 2, 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "new folder" / "store.sqlite3")) as opened:
        yield opened


def test_a_snapshot_survives(store: Store) -> None:
    assert store.snapshot() is None
    store.save_snapshot(snapshot("a", "b"))
    store.save_snapshot(snapshot("c"), run=7)
    with closing(Store(store.path)) as again:
        assert again.snapshot() == snapshot("c")


def test_a_snapshot_is_replaced_whole_or_not_at_all(store: Store) -> None:
    store.save_snapshot(snapshot("a", "b"))
    broken = Snapshot({"x": Entry("x", None, "")}, NOW, "1C", 1, 0, 0)  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        store.save_snapshot(broken)
    assert store.snapshot() == snapshot("a", "b")


def test_owned_keys_are_kept_a_pbx_and_a_family(store: Store) -> None:
    store.own("office", "cidname", ["1", "2", "\udcc8"])
    store.own("office", "cidname", ["2"])
    store.own("branch", "cidname", ["9"])
    store.disown("office", "cidname", ["1", "absent"])
    assert store.owned("office", "cidname") == {"2", "\udcc8"}
    assert store.owned("office", "other") == set()


def test_what_a_run_overwrites_is_kept_byte_for_byte(store: Store) -> None:
    run = store.begin_run("sync")
    changes = [
        Change("1", "old \udcc8", Entry("1", "new")),
        Change("2", "gone", None),
        Change("3", None, Entry("3", "added")),
    ]
    store.note_overwritten(run, "office", "cidname", changes)
    assert store.overwritten(run, "office", "cidname") == {"1": "old \udcc8", "2": "gone"}


def test_old_runs_and_what_they_overwrote_are_dropped(store: Store) -> None:
    first = store.begin_run("sync")
    store.note_overwritten(first, "office", "cidname", [Change("1", "old", None)])
    store.end_run(first, 0)
    for _ in range(KEPT_RUNS + 1):
        store.begin_run("sync")
    assert store.overwritten(first, "office", "cidname") == {}


def test_a_dry_run_creates_nothing_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "absent" / "store.sqlite3"
    with closing(Store(path, write=False)) as store:
        assert store.snapshot() is None
    assert not path.parent.exists()
    with closing(Store(path)) as store:
        store.save_snapshot(snapshot("a"))
    with closing(Store(path, write=False)) as store:
        assert store.snapshot() == snapshot("a")
        with pytest.raises(StoreError):
            store.own("office", "cidname", ["1"])


def test_the_file_is_for_its_owner_only(store: Store) -> None:
    assert store.path.stat().st_mode & 0o077 == 0


def test_another_process_with_the_lock_is_named(store: Store) -> None:
    program = (
        "import sys, pathlib; from astsync.store import Store\n"
        "with Store(pathlib.Path(sys.argv[1])).lock():\n    print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(store.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(LockedError, match=f"process {other.pid}"), store.lock():
            pass
        other.communicate(b"", timeout=10)
    with store.lock():
        assert Path(f"{store.path}.pid").read_text() == str(os.getpid())


@pytest.mark.parametrize("content", ["foreign", "newer", "garbage"])
def test_a_file_that_is_not_ours_is_not_touched(tmp_path: Path, content: str) -> None:
    path = tmp_path / "store.sqlite3"
    if content == "garbage":
        path.write_bytes(b"not a database at all, " * 100)
    else:
        with closing(sqlite3.connect(path)) as db:
            db.execute("CREATE TABLE theirs (x)")
            if content == "newer":
                db.execute(f"PRAGMA application_id = {0x61737479}")
                db.execute("PRAGMA user_version = 99")
            db.commit()
    before = path.read_bytes()
    with pytest.raises(StoreError) as fault:
        Store(path)
    assert fault.value.hint
    assert fault.value.exit_code == 2
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used") as fault:
        Store(tmp_path / "file" / "store.sqlite3")
    assert "store.path" in fault.value.hint
