"""The store's bad days: other versions, damage, full disks, folders that cannot be written, odd places, clocks."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from astsync.errors import StoreError
from astsync.phonebook.model import Entry
from astsync.phonebook.ownership import CERTAINLY_OURS, NOT_OURS
from astsync.phonebook.plan import Limits
from astsync.store import Before, Snapshot, Store, database, locked
from astsync.store import store as store_module
from astsync.store.schema import SCHEMA_VERSION
from tests.unit.engine_rig import FAMILY, EngineRig, names, phone
from tests.unit.old_stores import taken_back

UNLIMITED = Limits(max_delete=None, max_change=None)
VERSION_1 = (Path(__file__).parent / "store_version_1.sql").read_text(encoding="utf-8")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite3"


def full(path: Path) -> None:
    """Make a store with a snapshot, owned keys and a run."""
    with closing(Store(path)) as store:
        rig = EngineRig(store)
        rig.source.names = names(2_000)
        rig.engine().sync()


def test_a_store_of_version_1_is_brought_up_with_all_it_holds(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(VERSION_1)
    for write in (False, True, True):
        with closing(Store(path, write=write)) as store:
            assert store.snapshot_names() == {"74952290001": "OOO Romashka"}
            assert store.owners("office", FAMILY) == {"74952290001": CERTAINLY_OURS, "\udcc8": CERTAINLY_OURS}
            runs = store.runs()
            assert [(run.run, run.command, run.exit_code, run.undoable) for run in runs] == [
                (3, "push", None, False), (2, "sync", 0, True), (1, "sync", 0, False),
            ]  # fmt: skip
            assert store.record(2, "office", FAMILY) == (
                Before("74952290001", "old \udcc8", "OOO Romashka", None),
                Before("74952290002", "gone", None, None),
            )
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'overwritten'").fetchone() == (0,)


def test_a_store_of_version_3_does_not_know_the_cards_before_the_next_sync(path: Path) -> None:
    with closing(Store(path)) as store:
        rig = EngineRig(store)
        rig.engine().sync()
        assert store.claims([phone(1)])[phone(1)][0].text == f"+{phone(1)}"
    taken_back(path, 3)
    for write in (False, True):
        with closing(Store(path, write=write)) as store:
            assert store.entries([phone(1)])[phone(1)].name == "Firma 1"
            assert store.claims([phone(1)]) == {}
            assert [pulled.claims_known for pulled in (store.pulled(),) if pulled] == [False]
    with closing(Store(path)) as store:
        rig.store = store
        rig.engine().sync()
        assert store.claims([phone(1)])[phone(1)][0].name == "Firma 1"
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_a_dry_run_brings_nothing_up_on_the_disk(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(VERSION_1)
    before = path.read_bytes()
    with closing(Store(path, write=False)) as store:
        assert store.last_undoable() == 2
    assert path.read_bytes() == before


def test_a_migration_that_fails_leaves_the_store_as_it_was(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(VERSION_1)
        db.execute("CREATE TABLE undo (in_the_way)")
        db.commit()
    with pytest.raises(StoreError):
        Store(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM overwritten").fetchone() == (2,)


def test_a_newer_store_is_refused_and_stays_as_it_is(path: Path) -> None:
    full(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    for write in (True, False):
        with pytest.raises(StoreError, match="version 99, from a newer astsync") as fault:
            Store(path, write=write)
        assert fault.value.hint.startswith("Update astsync")
        assert fault.value.exit_code == 2
    assert path.read_bytes() == before


def garbage(path: Path) -> None:
    path.write_bytes(b"not a database at all, " * 100)


def zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def few_bytes(path: Path) -> None:
    os.truncate(path, 40)


def holes(path: Path) -> None:
    with path.open("r+b") as file:
        for at in range(8_192, path.stat().st_size, 8_192):
            file.seek(at)
            file.write(os.urandom(512))


@pytest.mark.parametrize("damage", [garbage, zeros, half, few_bytes, holes])
def test_a_damaged_store_is_moved_aside_and_the_run_goes_on_as_with_a_lost_one(
    path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    full(path)
    damage(path)
    damaged = path.read_bytes()
    Path(f"{path}-wal").write_bytes(b"of the damaged one")
    with closing(Store(path, write=False)) as store:
        assert store.owners("office", FAMILY) == {}
    assert "is damaged" in caplog.text
    assert path.read_bytes() == damaged
    caplog.clear()
    with closing(Store(path)) as store:
        (aside,) = path.parent.glob("store.sqlite3.corrupt-*Z")
        assert aside.read_bytes() == damaged
        assert Path(f"{aside}-wal").read_bytes() == b"of the damaged one"
        assert f"moved to {aside}" in caplog.text
        rig = EngineRig(store)
        rig.pbx.entries.update({**names(25), "101": "Reception"})
        report = rig.engine().sync()
        assert (report.exit_code, rig.written) == (0, [])
        assert rig.owned() == set(names(20))


def test_damaged_stores_do_not_take_each_others_place(path: Path) -> None:
    for i in range(3):
        path.write_bytes(f"no database {i}".encode())
        Store(path).close()
    kept = sorted(file.read_bytes() for file in path.parent.glob("store.sqlite3.corrupt-*"))
    assert kept == [b"no database 0", b"no database 1", b"no database 2"]


def test_a_damaged_file_of_another_program_stays_where_it_is(path: Path) -> None:
    other = path.with_name("accounts.txt")
    other.write_text("nobody's database " * 20)
    theirs = path.with_name("theirs.sqlite3")
    with closing(sqlite3.connect(theirs)) as db:
        db.execute("CREATE TABLE theirs (x)")
        db.executemany("INSERT INTO theirs VALUES (?)", (("x" * 500,) for _ in range(100)))
        db.commit()
    half(theirs)
    for file in (other, theirs):
        before = file.read_bytes()
        for write in (True, False):
            with pytest.raises(StoreError):
                Store(file, write=write)
        assert file.read_bytes() == before
    assert not list(path.parent.glob("*.corrupt-*"))


@pytest.mark.parametrize("place", ["folder", "device", "pipe"])
def test_a_store_that_is_no_file_is_refused(tmp_path: Path, place: str) -> None:
    path = tmp_path / "place"
    if place == "folder":
        path.mkdir()
    elif place == "pipe":
        os.mkfifo(path)
    else:
        path = Path("/dev/null")
    for use in (lambda: Store(path), lambda: Store(path, write=False), lambda: locked(path).__enter__()):
        with pytest.raises(StoreError, match="not a file") as fault:
            use()
        assert "store.path" in fault.value.hint
    assert not Path(f"{path}.lock").exists()


def limit_pages(store: Store, more: int) -> None:
    """Let the disk under a store have room for so many pages more."""
    db = store._file._db
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count = {pages + more}")


@pytest.mark.parametrize("more", range(0, 12, 3))
def test_a_full_disk_lets_nothing_be_written_that_is_not_recorded(path: Path, more: int) -> None:
    with closing(Store(path)) as store:
        rig = EngineRig(store)
        rig.source.names = names(300)
        rig.engine().sync()
        rig.pbx.put.clear()
        rig.source.names = {number: f"{name} of quite another kind" for number, name in names(90).items()}
        limit_pages(store, more)
        engine = rig.engine(limits=UNLIMITED)
        try:
            report = engine.sync()
        except StoreError as error:
            code, told = error.exit_code, str(error)
        else:
            code, told = report.exit_code, str(report.pbx[0].error)
        recorded = {before.number for run in store.runs(1) for before in store.record(run.run, "office", FAMILY)}
        assert set(rig.written) <= recorded
        if code:
            assert "full" in told
            assert (code, rig.written, rig.pbx.entries) == (2, [], names(300))
        else:
            assert len(recorded) == 300


@pytest.mark.slow
def test_a_disk_that_fills_up_under_a_run_is_told(path: Path) -> None:
    program = (
        "import sys, pathlib, resource, signal; from contextlib import closing\n"
        "from astsync.store import Store; from astsync.errors import StoreError\n"
        "from tests.unit.engine_rig import EngineRig, names\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "with closing(Store(pathlib.Path(sys.argv[1]))) as store:\n"
        "    rig = EngineRig(store); rig.source.names = names(3_000)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "    try:\n        report = rig.engine().sync()\n"
        "    except StoreError as error:\n        print(error.exit_code, len(rig.pbx.entries), error)\n"
        "    else:\n        print(report.exit_code, len(rig.pbx.entries), report.pbx[0].error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("2 0 the store"), done
    assert "cannot be used" in done.stdout
    with closing(Store(path)) as store:
        rig = EngineRig(store)
        rig.source.names = names(3_000)
        assert (rig.engine().sync().exit_code, rig.pbx.entries) == (0, names(3_000))


def as_nobody(program: str, *arguments: str) -> str:
    """Run a program as a user without rights of its own, where this one is root, and give what it printed."""
    drop = "import os\nif os.getuid() == 0:\n    os.setgid(65534); os.setuid(65534)\n"
    load = "import sys, pathlib\nfrom astsync.store import Store, locked\nfrom astsync.errors import StoreError\n"
    command = [sys.executable, "-c", load + drop + program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_folder_that_cannot_be_written_is_told_before_anything_happens(tmp_path: Path) -> None:
    program = (
        "path = pathlib.Path(sys.argv[1])\n"
        "for use in (lambda: locked(path).__enter__(), lambda: Store(path)):\n"
        "    try:\n        use()\n    except StoreError as error:\n        print(error.exit_code, error, error.hint)\n"
    )
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o555)
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(parent.stat().st_mode | 0o011)
    told = as_nobody(program, str(folder / "store.sqlite3")).splitlines()
    assert len(told) == 2
    for line in told:
        assert line.startswith("2 the store")
        assert "Permission denied" in line
        assert "store.path" in line
    assert list(folder.iterdir()) == []


def test_the_file_at_fault_is_named_where_it_is_not_the_store(path: Path) -> None:
    Path(f"{path}.lock").mkdir()
    with pytest.raises(StoreError, match=r"store\.sqlite3\.lock") as fault, locked(path):
        pass
    assert "who owns" in fault.value.hint


KILLED_WHILE_MAKING = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN IMMEDIATE")
db.execute("CREATE TABLE snapshot (x)")
db.executemany("INSERT INTO snapshot VALUES (?)", (("x" * 900,) for _ in range(100)))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_while_the_file_is_made_leaves_a_store_that_can_be_used(path: Path) -> None:
    path.touch()
    subprocess.run([sys.executable, "-c", KILLED_WHILE_MAKING, str(path)], check=False)
    assert path.stat().st_size
    assert Path(f"{path}-journal").exists()
    Store(path, write=False).close()
    with closing(Store(path)) as store:
        assert store.begin_run("sync") == 1
    assert not list(path.parent.glob("*.corrupt-*"))


def test_a_record_is_on_the_disk_when_it_is_stored(path: Path) -> None:
    with closing(Store(path)) as store:
        assert store._file._db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_clock_that_jumps_back_changes_no_order(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    with closing(Store(path, undo_runs=2)) as store:
        rig = EngineRig(store)
        for i in range(4):
            monkeypatch.setattr(store_module, "_now", lambda at=now - timedelta(days=400 * i): at.isoformat())
            rig.source.names = names(20, f"Firma {i}")
            rig.engine(limits=UNLIMITED).sync()
        assert [run.run for run in store.runs()] == [4, 3, 2, 1]
        assert [run.undoable for run in store.runs()] == [True, True, False, False]
        assert rig.engine().undo().undoes == 4
        assert rig.pbx.entries == names(20, "Firma 2")


def test_threads_share_a_store(path: Path) -> None:
    def work(name: str) -> None:
        for i in range(30):
            run = store.begin_run(name)
            store.save_record_and_owners(
                run, name, FAMILY, [Before(phone(i), None, name, owned=False)], {phone(i): CERTAINLY_OURS}
            )
            store.save_outcome_and_owners(run, name, FAMILY, [], {phone(i - 1): NOT_OURS})
            assert store.owners(name, FAMILY) == {phone(i): CERTAINLY_OURS}
            store.save_snapshot(Snapshot({"1": Entry("1", name)}, datetime.now(UTC), name, 1, 0, 0))
            store.end_run(run, 0)

    with closing(Store(path)) as store, ThreadPoolExecutor(4) as pool:
        list(pool.map(work, [f"pbx-{i}" for i in range(4)]))
        assert [store.owners(f"pbx-{i}", FAMILY) for i in range(4)] == [{phone(29): CERTAINLY_OURS}] * 4
        assert len(store.runs()) == 120


def test_another_program_that_holds_the_file_is_not_waited_for_long(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_WAITING", 0.05)
    with closing(Store(path)) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="locked") as error:
            store.begin_run("sync")
        assert "Another program" in error.value.hint
        other.execute("ROLLBACK")
        assert store.begin_run("sync") == 1
