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
from astsync.store import KEPT_RUNS, Before, Snapshot, Store, locked

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
    before = (
        Before("1", "old \udcc8", "new", owned=True),
        Before("2", "gone", None, owned=True),
        Before("3", None, "added", owned=False),
        Before("4", "same", "same", owned=False),
    )
    store.note_before(run, "Office", "cidname", before, own=["3", "4"], disown=["5"])
    assert store.before(run, "office", "cidname") == before
    assert store.overwritten(run, "office", "cidname") == {"1": "old \udcc8", "2": "gone"}


def wrote(store: Store, number: str = "1") -> int:
    run = store.begin_run("sync")
    store.note_before(run, "office", "cidname", [Before(number, "old", None, owned=True)])
    return run


def test_the_records_of_old_runs_are_dropped_when_a_run_ends_but_not_the_last_ones(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "store.sqlite3", undo_runs=2)) as store:
        runs = [wrote(store) for _ in range(4)]
        store.end_run(store.begin_run("sync"), 0)
        assert [bool(store.overwritten(run, "office", "cidname")) for run in runs] == [False, False, True, True]
        assert [record.undoable for record in store.runs()] == [False, True, True, False, False]
        assert store.last_undoable() == runs[-1]


def test_old_runs_leave_history_but_where_they_can_be_undone(store: Store) -> None:
    kept = wrote(store)
    idle = [store.begin_run("sync") for _ in range(KEPT_RUNS + 1)]
    store.end_run(idle[-1], 0)
    assert [record.run for record in store.runs(5_000)][-2:] == [idle[1], kept]
    assert store.run(idle[0]) is None
    assert store.run(kept) is not None


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


def test_reading_needs_no_right_to_write_in_the_folder(store: Store) -> None:
    store.save_snapshot(snapshot("a"))
    store.close()
    store.path.parent.chmod(0o500)
    try:
        with closing(Store(store.path, write=False)) as reader:
            assert reader.snapshot() == snapshot("a")
            assert reader.snapshot_names() == {"0": "a"}
    finally:
        store.path.parent.chmod(0o700)


def test_an_empty_file_left_by_a_killed_run_reads_as_no_store(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    path.touch()
    with closing(Store(path, write=False)) as store:
        assert store.snapshot() is None
        assert store.snapshot_names() is None
    with closing(Store(path)) as store:
        assert store.begin_run("sync") == 1


def test_a_pbx_is_one_whatever_the_case_of_its_name(store: Store) -> None:
    store.own("Office", "cidname", ["1"])
    assert store.owned("office", "cidname") == {"1"}


def test_words_of_any_encoding_end_a_run(store: Store) -> None:
    run = store.begin_run("sync")
    store.end_run(run, 5, "the PBX said \udcc8\ud800")
    with closing(sqlite3.connect(store.path)) as db:
        assert db.execute("SELECT exit_code, message FROM run").fetchall() == [(5, "the PBX said \\udcc8\\ud800")]


def test_two_first_runs_at_once_do_not_meet_in_the_schema(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, contextlib; from astsync.store import Store, locked\n"
        "from astsync.errors import LockedError\n"
        "path = pathlib.Path(sys.argv[1])\nsys.stdin.readline()\n"
        "with contextlib.suppress(LockedError), locked(path): Store(path).close()"
    )
    for i in range(4):
        command = [sys.executable, "-c", program, str(tmp_path / str(i) / "store.sqlite3")]
        both = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
        for process in both:
            assert process.stdin is not None
            process.stdin.write(b"\n")
            process.stdin.flush()
        assert [process.communicate(timeout=20)[1] for process in both] == [b"", b""]
        assert [process.returncode for process in both] == [0, 0]


def test_the_file_is_for_its_owner_only(store: Store) -> None:
    assert store.path.stat().st_mode & 0o077 == 0


def test_another_process_with_the_lock_is_named(store: Store) -> None:
    program = (
        "import sys, pathlib; from astsync.store import locked\n"
        "with locked(pathlib.Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(store.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(LockedError, match=f"process {other.pid}"), locked(store.path):
            pass
        other.communicate(b"", timeout=10)
    with locked(store.path):
        assert Path(f"{store.path}.pid").read_text() == str(os.getpid())


@pytest.mark.parametrize("content", ["foreign", "newer", "garbage"])
def test_a_file_that_is_not_ours_is_not_touched(tmp_path: Path, content: str) -> None:
    path = tmp_path / "letters.doc"
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


def test_what_is_recorded_has_reached_the_disk_before_it_is_sent(store: Store) -> None:
    with store._file.reading() as db:
        modes = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert modes == ["wal", 2], "2 is FULL: each commit waits for the disk"
