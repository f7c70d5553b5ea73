"""A store that vanishes, or cannot be written any more, while a run uses it, and what becomes of the run."""

import logging
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from astsync.errors import StoreError, StoreGone
from astsync.pbx import WriteResult
from astsync.phonebook.model import Progress, no_progress
from astsync.sandbox.ami import AmiStandIn
from astsync.stopping import NEVER, Stopping
from astsync.store import Store, locked
from tests.memory_pbx import MemoryFamily
from tests.unit.engine_rig import EngineRig, Spy, SpyFamily, names
from tests.unit.watch_rig import WatchRig

Act = Callable[[], object]


class Meanwhile(Spy):
    """A PBX during whose ``stage`` somebody does something: "open" or "put"."""

    def __init__(self, stage: str, act: Act) -> None:
        super().__init__("office")
        self.stage = stage
        self.act = act

    @contextmanager
    def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
        if self.stage == "open":
            self.act()
        yield MeanwhileFamily(self)


class MeanwhileFamily(SpyFamily):
    def __init__(self, pbx: Meanwhile) -> None:
        super().__init__(pbx)
        self.act = pbx.act if pbx.stage == "put" else lambda: None

    def put(self, entries: Iterable[tuple[str, str]], progress: Progress = no_progress) -> WriteResult:
        result = super().put(entries, progress)
        self.act()
        return result


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder / "store.sqlite3"


@contextmanager
def running(place: Path, stage: str, act: Act) -> Iterator[tuple[EngineRig, Meanwhile]]:
    """A rig whose store holds a snapshot, under its lock; ``act`` is done when the PBX is at its ``stage``."""
    with locked(place), closing(Store(place)) as store:
        rig = EngineRig(store)
        rig.engine().sync()
        pbx = Meanwhile(stage, act)
        rig.pbxs = [pbx]
        rig.source.names = names(22)
        yield rig, pbx


def replaced(file: Path) -> None:
    copy = file.with_name("copy")
    shutil.copy(file, copy)
    copy.replace(file)


def linked(file: Path) -> None:
    file.rename(file.with_name("old"))
    file.symlink_to("nowhere")


def emptied(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def touched(file: Path) -> None:
    file.chmod(0o640)
    os.utime(file, (1, 1))


def acts(place: Path) -> dict[str, Act]:
    return {
        "deleted": place.unlink,
        "moved": lambda: place.rename(place.with_name("old")),
        "replaced": lambda: replaced(place),
        "emptied folder": lambda: emptied(place.parent),
        "folder gone": lambda: shutil.rmtree(place.parent),
        "journal": Path(f"{place}-wal").unlink,
        "a link instead": lambda: linked(place),
    }


ACTS = [*acts(Path("store"))]


@pytest.mark.parametrize("what", ACTS)
def test_before_the_first_write_nothing_is_written(place: Path, what: str) -> None:
    with running(place, "open", acts(place)[what]) as (rig, pbx):
        with pytest.raises(StoreGone, match="was deleted or replaced while the run went on") as fault:
            rig.engine().sync()
        assert (fault.value.exit_code, pbx.entries) == (2, {})
        assert "who cleans up" in fault.value.hint


@pytest.mark.parametrize("what", ACTS)
def test_a_restore_writes_nothing_either(place: Path, what: str) -> None:
    with running(place, "open", acts(place)[what]) as (rig, pbx):
        report = rig.engine().restore()
        assert (report.exit_code, pbx.entries) == (2, {})
        assert isinstance(report.pbx[0].error, StoreGone)


@pytest.mark.parametrize("what", ACTS)
def test_after_writes_the_report_says_that_they_are_in_no_store(place: Path, what: str) -> None:
    with running(place, "put", acts(place)[what]) as (rig, pbx):
        report = rig.engine().sync()
        assert (report.exit_code, pbx.entries, report.pbx[0].verified) == (7, names(22), True)
        assert "this run cannot be undone" in str(report.pbx[0].error)
        assert "the next sync makes a new one" in getattr(report.pbx[0].error, "hint", "")


def test_a_store_that_vanishes_after_the_last_write_is_told_too(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(place, "", lambda: None) as (rig, pbx):
        end = rig.store.end_run

        def late(*given: object) -> None:
            place.unlink()
            end(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(rig.store, "end_run", late)
        report = rig.engine().sync()
        assert (report.exit_code, pbx.entries) == (7, names(22))
        again = rig.engine().sync
        with pytest.raises(StoreGone):
            again()


def test_after_it_the_next_run_adopts_what_is_as_wanted(place: Path) -> None:
    with running(place, "put", place.unlink) as (rig, pbx):
        rig.engine().sync()
    with locked(place), closing(Store(place)) as store:
        after = EngineRig(store)
        after.source.names = names(20)
        after.pbx.entries = pbx.entries
        assert after.engine().sync().exit_code == 0
        assert after.owned() == set(names(20))
        assert after.pbx.entries == names(22)


def test_a_lock_that_was_deleted_under_its_run_lets_nothing_be_written(place: Path) -> None:
    lock = Path(f"{place}.lock")
    with running(place, "open", lock.unlink) as (rig, pbx):
        with pytest.raises(StoreError, match="another run may be writing too") as fault:
            rig.engine().sync()
        assert not isinstance(fault.value, StoreGone)
        assert pbx.entries == {}
        with locked(place), pytest.raises(StoreError, match=r"store\.sqlite3\.lock was deleted or replaced"):
            rig.engine().sync()


def test_a_lock_that_is_deleted_while_its_run_writes_is_told(place: Path) -> None:
    with running(place, "put", Path(f"{place}.lock").unlink) as (rig, pbx):
        report = rig.engine().sync()
        assert (report.exit_code, pbx.entries) == (7, names(22))
        assert "another run may be writing too" in str(report.pbx[0].error)
        assert rig.store.record(report.run or 0, "office", "cidname")


def outcome(rig: EngineRig) -> tuple[int, str]:
    """The exit code and the words of a sync that fails."""
    try:
        report = rig.engine().sync()
    except StoreError as error:
        return error.exit_code, str(error)
    return report.exit_code, str(report.pbx[0].error)


@pytest.mark.parametrize(("stage", "code", "held"), [("open", 2, 0), ("put", 7, 22)])
def test_a_disk_that_becomes_read_only_within_a_run_is_told_and_the_next_run_goes_on(
    place: Path, stage: str, code: int, held: int
) -> None:
    with locked(place), closing(Store(place)) as store:
        rig = EngineRig(store)
        rig.source.names = names(22)
        pbx = Meanwhile(stage, lambda: store._file._db.execute("PRAGMA query_only = ON"))
        rig.pbxs = [pbx]
        ended, words = outcome(rig)
        assert (ended, len(pbx.entries)) == (code, held)
        assert "readonly" in words
    with locked(place), closing(Store(place)) as store:
        after = EngineRig(store)
        after.source.names = names(20)
        after.pbx.entries = pbx.entries
        after.engine().sync()
        assert after.pbx.entries == names(20)
        assert after.owned() == set(names(20))


def test_a_store_that_vanishes_between_two_runs_of_watch_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rig = WatchRig(tmp_path)
    rig.pbxs["office"], rig.more = AmiStandIn(), {"port": 5038}
    runs = rig.runs()
    for _ in range(2):
        runs.sync(rig.pulled, [], no_progress, Stopping())
    assert caplog.records == []
    rig.path.unlink()
    assert runs.restore([], no_progress) is None
    (told,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "was deleted or replaced since the last run" in told.getMessage()
    runs.sync(rig.pulled, [], no_progress, Stopping())
    assert len(caplog.records) == 1


def test_a_file_that_only_changes_is_still_the_store(place: Path) -> None:
    with running(place, "open", lambda: touched(place)) as (rig, pbx):
        assert (rig.engine().sync().exit_code, pbx.entries) == (0, names(22))
