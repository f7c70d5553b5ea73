"""What a PBX confirmed and lost: told from a restart, from somebody's deletion, and from a PBX that keeps it."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from astsync.engine.result import PbxReport, Report
from astsync.errors import PbxConnectionLost, PbxForgot, StoreError
from astsync.pbx import WriteResult
from astsync.phonebook.columns import joined
from astsync.phonebook.keeping import Missed, Trace, missed
from astsync.phonebook.model import Progress, no_progress
from astsync.phonebook.packed import BLOCK
from astsync.phonebook.recorded import RecordBlock, RecordRow
from astsync.setup.check import memory_of
from astsync.stopping import NEVER, Stopping
from tests.memory_pbx import MemoryFamily, MemoryPbx
from tests.unit.engine_rig import FAMILY, EngineRig, names, phone

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
TRACE = Trace(41, AT, "2026-11-20 09:00:00")
CHANGES: list[RecordRow] = [
    (b"1", None, b"new", False),
    (b"2", b"old", b"new", True),
    (b"3", b"old", None, True),
    (b"4", b"same", b"same", False),
]


@pytest.mark.parametrize(
    ("existing", "count"),
    [
        ({"1": "new", "2": "new", "4": "same"}, 0),
        ({"2": "old", "3": "old", "4": "same"}, 3),
        ({"1": "new", "2": "by hand", "3": "by hand"}, 0),
        ({"2": "new", "4": "by hand"}, 1),
        ({}, 1),
    ],
)
def test_a_change_is_missed_where_the_value_from_before_it_is_back(existing: dict[str, str], count: int) -> None:
    found = missed(TRACE, CHANGES, existing, TRACE.started)
    assert found == (Missed(TRACE, count, 3, same=True) if count else None)
    blocks = [RecordBlock(n, old, new, ours) for n, old, new, ours in CHANGES]
    assert missed(TRACE, blocks, existing, TRACE.started) == found


@pytest.mark.parametrize("gone", [0, 1, BLOCK])
@pytest.mark.parametrize("foreign", [[], ["1", "74950000300", "9"]])
def test_blocks_of_changes_are_missed_key_by_key(gone: int, foreign: list[str]) -> None:
    numbers = [str(74950000000 + n) for n in range(2 * BLOCK)]
    rows: list[RecordRow] = [(n.encode(), None, b"new", False) for n in numbers]
    blocks = [
        RecordBlock(joined([row[0] for row in some]), None, joined([b"new"] * len(some)), owned=False)
        for some in (rows[:BLOCK], rows[BLOCK:])
    ]
    existing = dict.fromkeys([*numbers[gone:], *foreign], "new")
    found = missed(TRACE, rows, existing, TRACE.started)
    assert (found.count if found is not None else 0) == gone
    assert missed(TRACE, blocks, existing, TRACE.started) == found


def test_a_restart_explains_what_is_gone_but_not_what_the_run_itself_saw_going() -> None:
    assert missed(TRACE, CHANGES, {}, "2026-11-21 10:00:00") is None
    assert missed(replace(TRACE, lost=7), CHANGES, {}, "2026-11-21 10:00:00") is not None
    assert missed(None, CHANGES, {}, TRACE.started) is None


def test_a_start_that_is_not_known_makes_weaker_words() -> None:
    for trace, started in ((TRACE, ""), (replace(TRACE, started=""), "2026-11-20 09:00:00")):
        found = missed(trace, CHANGES, {}, started)
        assert found is not None
        assert "whether Asterisk was restarted since then is not known" in found.told
    known = missed(TRACE, CHANGES, {}, TRACE.started)
    assert known is not None
    assert known.told.startswith("1 of the 3 entries that run 41 wrote and saw at 2026-11-2")
    assert known.told.endswith("or old again, though Asterisk has run since then (started 2026-11-20 09:00:00)")


class Disk(MemoryPbx):
    """Confirms and shows everything, and keeps it at its next ``commit``, unless its disk is full."""

    def __init__(self, entries: dict[str, str] | None = None) -> None:
        super().__init__("office", entries)
        self.full = False
        self.start = "2026-11-20 09:00:00"
        self.kept = dict(self.entries)

    def commit(self) -> None:
        if self.full:
            self.entries.clear()
            self.entries.update(self.kept)
        self.kept = dict(self.entries)

    @contextmanager
    def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
        family = MemoryFamily(self.entries)
        family._started = self.start
        yield family


@pytest.fixture
def pbx(rig: EngineRig) -> Disk:
    made = Disk({"101": "Reception"})
    rig.pbxs = [made]
    return made


def sync(rig: EngineRig, pbx: Disk, waits: list[float] | None = None, **options: object) -> Report:
    """Sync, and let the PBX commit what it was sent; also while the run waits."""
    engine = rig.engine(**options)

    def wait(seconds: float) -> bool:
        (waits if waits is not None else []).append(seconds)
        pbx.commit()
        return False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine._stopping, "wait", wait)
        report = engine.sync()
    pbx.commit()
    return report


def part(report: Report) -> PbxReport:
    return report.pbx[0]


def age(rig: EngineRig) -> None:
    """Let an hour pass since the last run."""
    trace = rig.store.trace("office", FAMILY)
    if trace is not None:
        earlier = replace(trace, at=trace.at - timedelta(hours=1))
        rig.store.save_outcome_and_owners(trace.run, "office", FAMILY, (), {}, earlier)


def test_a_pbx_that_forgets_run_after_run_is_told_in_the_second_and_in_each_after_it(rig: EngineRig, pbx: Disk) -> None:
    pbx.full = True
    assert sync(rig, pbx).exit_code == 0, "only a run that waits for the commit could know"
    for _ in range(3):
        report = sync(rig, pbx)
        error = part(report).error
        assert isinstance(error, PbxForgot)
        assert (report.exit_code, part(report).verified) == (5, False)
        assert error.message.startswith("office: the PBX confirmed 20 entries, and 2 s later they are gone or old")
        for look in ("df -h", "astdb.sqlite3", "db.c", "database or disk is full", "database show", "--durable"):
            assert look in error.hint
    pbx.full = False
    assert sync(rig, pbx).exit_code == 0
    assert (pbx.kept, rig.store.trace("office", FAMILY)) == ({**names(20), "101": "Reception"}, None)


def test_durable_tells_it_in_the_first_run_and_the_next_run_still_waits(rig: EngineRig, pbx: Disk) -> None:
    pbx.full = True
    assert sync(rig, pbx, durable=True).exit_code == 5
    assert sync(rig, pbx).exit_code == 5


def test_what_is_lost_within_a_run_is_looked_at_after_the_commit_in_the_same_run(rig: EngineRig, pbx: Disk) -> None:
    class Early(MemoryFamily):
        """Commits between two puts."""

        def put(self, entries: Iterable[tuple[str, str]], progress: Progress = no_progress) -> WriteResult:
            first, *others = entries
            super().put([first])
            pbx.commit()
            return WriteResult(1 + super().put(others).done, {})

    class EarlyDisk(Disk):
        @contextmanager
        def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
            family = Early(self.entries)
            family._started = self.start
            yield family

    pbx = EarlyDisk()
    pbx.full = True
    rig.pbxs = [pbx]
    assert sync(rig, pbx).exit_code == 5


def test_beside_a_pbx_that_does_well_it_is_partly_done(rig: EngineRig, pbx: Disk) -> None:
    rig.pbxs = [pbx, rig.pbx]
    pbx.full = True
    assert sync(rig, pbx, durable=True).exit_code == 7


def test_changed_names_that_are_old_again_and_deletes_that_are_back_are_missed_too(rig: EngineRig, pbx: Disk) -> None:
    sync(rig, pbx)
    age(rig)
    sync(rig, pbx)
    rig.source.names = {**names(18), phone(3): "Other"}
    pbx.full = True
    sync(rig, pbx)
    report = sync(rig, pbx)
    assert part(report).missed is not None
    assert (part(report).missed.count, part(report).missed.total) == (3, 3)  # type: ignore[union-attr]
    assert isinstance(part(report).error, PbxForgot)


def test_a_dry_run_tells_what_is_known_and_changes_nothing(rig: EngineRig, pbx: Disk) -> None:
    pbx.full = True
    sync(rig, pbx)
    before = rig.store.trace("office", FAMILY)
    report = rig.engine(dry_run=True).restore()
    assert (report.exit_code, part(report).missed) == (0, Missed(before, 20, 20, same=True))  # type: ignore[arg-type]
    assert rig.store.trace("office", FAMILY) == before


def test_after_a_restart_nothing_is_said_and_nothing_waited_for(rig: EngineRig, pbx: Disk) -> None:
    sync(rig, pbx)
    pbx.entries.clear()
    pbx.start = "2026-11-21 10:00:00"
    waits: list[float] = []
    report = sync(rig, pbx, waits)
    assert (report.exit_code, part(report).missed, waits) == (0, None, [])


def test_what_somebody_deleted_once_is_a_warning_and_twice_in_a_row_a_fault(
    rig: EngineRig, pbx: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    sync(rig, pbx)
    del pbx.entries[phone(3)]
    assert sync(rig, pbx).exit_code == 0
    assert "1 of the 20 entries that run 1 wrote and saw" in caplog.text
    assert "this time the PBX keeps it. Either the PBX's disk did not keep them, or somebody" in caplog.text
    del pbx.entries[phone(3)]
    again = sync(rig, pbx)
    assert (again.exit_code, part(again).verified) == (5, True)
    assert "2 runs in a row" in str(part(again).error)
    assert pbx.kept[phone(3)] == "Firma 3"
    age(rig)
    assert sync(rig, pbx).exit_code == 0
    del pbx.entries[phone(3)]
    assert sync(rig, pbx).exit_code == 0, "a run between them saw it kept"


def test_what_a_later_run_saw_kept_is_not_missed_when_somebody_deletes_it(
    rig: EngineRig, pbx: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    sync(rig, pbx)
    age(rig)
    sync(rig, pbx)
    pbx.entries.clear()
    waits: list[float] = []
    report = sync(rig, pbx, waits)
    assert (report.exit_code, part(report).missed, waits) == (0, None, [])
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("push", [False, True])
def test_a_run_that_follows_before_the_commit_proves_nothing(rig: EngineRig, pbx: Disk, push: bool) -> None:
    pbx.full = True
    rig.engine().sync()
    follows = rig.engine(whole=True).push if push else rig.engine().sync
    assert follows().exit_code == 0
    pbx.commit()
    assert sync(rig, pbx).exit_code == 5


def test_what_a_run_took_back_before_it_was_cut_off_is_not_missed(rig: EngineRig, pbx: Disk) -> None:
    class Cut(MemoryFamily):
        def delete(self, numbers: Iterable[str], progress: Progress = no_progress) -> WriteResult:
            super().delete(numbers)
            raise PbxConnectionLost("office: lost")

    class CutDisk(Disk):
        @contextmanager
        def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
            family = Cut(self.entries)
            family._started = self.start
            yield family

    sync(rig, pbx)
    rig.pbxs = [CutDisk(pbx.entries)]
    assert rig.engine().undo().exit_code == 5  # at once, before the commit
    rig.pbxs = [pbx]
    assert part(sync(rig, pbx)).missed is None


def test_another_value_and_an_undo_of_our_own_are_not_missed(rig: EngineRig, pbx: Disk) -> None:
    sync(rig, pbx)
    pbx.entries[phone(3)] = "by hand"
    assert part(sync(rig, pbx)).missed is None
    assert rig.engine().undo().exit_code == 0
    pbx.commit()
    assert part(sync(rig, pbx)).missed is None


def test_what_a_run_took_back_itself_is_not_missed_when_its_end_was_not_stored(
    rig: EngineRig, pbx: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreError("the store cannot be used: disk I/O error")

    sync(rig, pbx)
    with monkeypatch.context() as patch:
        patch.setattr(rig.store, "save_outcome_and_owners", full)
        rig.engine().undo()
    assert pbx.entries == {"101": "Reception"}
    assert memory_of(Path(rig.store.path), "office", FAMILY) is None
    assert part(sync(rig, pbx)).missed is None


def test_a_refused_run_keeps_what_is_known(rig: EngineRig, pbx: Disk) -> None:
    pbx.full = True
    sync(rig, pbx)
    rig.source.names = names(2)
    assert sync(rig, pbx).exit_code == 6
    rig.source.names = names(20)
    assert sync(rig, pbx).exit_code == 5


def test_what_a_run_beside_a_dry_run_changes_is_not_missed(rig: EngineRig, pbx: Disk) -> None:
    class Beside(MemoryFamily):
        """A whole sync comes right after the reading."""

        def read(self, progress: Progress = no_progress) -> dict[str, str]:
            held = super().read(progress)
            other = Disk()
            other.start, other.entries = pbx.start, pbx.entries
            rig.pbxs = [other]
            assert sync(rig, other).exit_code == 0
            return held

    class BesideDisk(Disk):
        @contextmanager
        def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
            family = Beside(self.entries)
            family._started = self.start
            yield family

    for before in (names(5), names(20)):  # the other run is the first that writes, or follows one
        rig.pbxs = [BesideDisk(pbx.entries)]
        rig.source.names = before
        report = rig.engine(dry_run=True).sync()
        assert (part(report).missed, pbx.entries) == (None, {**before, "101": "Reception"})


def test_a_restart_while_the_pbx_is_read_explains_what_is_gone(rig: EngineRig, pbx: Disk) -> None:
    class Restarting(MemoryFamily):
        """Loses all that it holds in memory and comes back while it is read, as behind a PBX that is waited for."""

        def read(self, progress: Progress = no_progress) -> dict[str, str]:
            if self._started == pbx.start:
                self._entries.clear()
                self._started = "2026-11-21 10:00:00"
            return super().read(progress)

    class RestartingDisk(Disk):
        @contextmanager
        def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
            family = Restarting(self.entries)
            family._started = self.start
            yield family

    sync(rig, pbx)
    rig.pbxs = [RestartingDisk(pbx.entries)]
    waits: list[float] = []
    report = sync(rig, pbx, waits)
    assert (report.exit_code, part(report).missed, waits) == (0, None, [])


def test_another_store_knows_nothing_of_it(rig: EngineRig, pbx: Disk) -> None:
    sync(rig, pbx)
    assert rig.store.trace("OFFICE", FAMILY) is not None
    assert rig.store.trace("office", "other") is None
    assert rig.store.trace("branch", FAMILY) is None


def test_check_tells_what_the_store_knows(rig: EngineRig, pbx: Disk) -> None:
    path = Path(rig.store.path)
    assert memory_of(path, "office", FAMILY) is None
    pbx.full = True
    sync(rig, pbx)
    for good in (None, False):
        remember = memory_of(path, "office", FAMILY)
        assert remember is not None
        finding = remember(pbx.entries, pbx.start)
        assert finding is not None
        assert finding.good is good
        assert "db.c" in finding.hint
        sync(rig, pbx)
