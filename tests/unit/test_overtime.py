"""A run whose time is over ends in order: it says so, leaves nothing half done, and the next run does the rest."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from astsync.config.configuration import RunConfig
from astsync.errors import PbxRightsError, PbxTimeout, SourceLoginError, SourceUnreachable
from astsync.parts import Parts
from astsync.pbx import WriteResult
from astsync.pbx.connection import AmiConnection
from astsync.pbx.opened import OpenedPbx
from astsync.pbx.patient import PatientPbx
from astsync.phonebook.model import Counterparty, Progress, no_progress
from astsync.sandbox.ami import AmiStandIn
from astsync.sources import CONFIG
from astsync.stopping import NEVER, Stopping
from tests.memory_pbx import MemoryFamily
from tests.unit.engine_rig import FAMILY, EngineRig, ListSource, Spy, SpyFamily, names
from tests.unit.test_connection import config


class Timed(Stopping):
    """A run of 30 minutes, whose time is over when a test says so."""

    def __init__(self) -> None:
        super().__init__(1800)

    def end(self) -> None:
        self._end = time.monotonic()


class Slow(Spy):
    """A PBX with which a run's time ends: while it is opened, read or written, as ``ends`` says."""

    def __init__(self, name: str, run: Timed, ends: str) -> None:
        super().__init__(name)
        self.run = run
        self.ends = ends

    def end(self, doing: str) -> bool:
        if doing == self.ends:
            self.run.end()
        return doing == self.ends

    @contextmanager
    def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
        assert stopping is self.run
        self.end("open")
        yield SlowFamily(self)


class SlowFamily(SpyFamily):
    def __init__(self, pbx: Slow) -> None:
        super().__init__(pbx)
        self.slow = pbx

    def read(self, progress: Progress = no_progress) -> dict[str, str]:
        if self.slow.end("read"):
            raise PbxTimeout(f"{self.slow.name}: no answer")
        found = super().read(progress)
        self.slow.end("after the read")
        return found

    def put(self, entries: Iterable[tuple[str, str]], progress: Progress = no_progress) -> WriteResult:
        wanted = list(entries)
        if self.slow.end("put"):
            super().put(wanted[:5])
            late = PbxTimeout(f"{self.slow.name}: no answer")
            late.done = 5
            raise late
        result = super().put(wanted, progress)
        self.slow.end("after the puts")
        return result


class SlowSource(ListSource):
    """A source with which a run's time ends after so many counterparties, as where it waits for the next ones."""

    def __init__(self, run: Timed, after: int, *, silent: bool) -> None:
        super().__init__(names(20))
        self.run = run
        self.after = after
        self.silent = silent

    def pull(self, progress: Progress = no_progress, stopping: Stopping = NEVER) -> Iterator[Counterparty]:
        assert stopping.seconds == self.run.seconds
        for count, counterparty in enumerate(super().pull(progress, stopping), 1):
            if count == self.after:
                self.run.end()
                if self.silent:
                    raise SourceUnreachable("no answer for 0.0 s")
            yield counterparty


@pytest.fixture
def run(rig: EngineRig) -> Timed:
    rig.stopping = Timed()
    return rig.stopping


@pytest.mark.parametrize(("after", "silent", "given"), [(3, True, "2"), (4, False, "4"), (1, True, "no")])
def test_a_pull_that_takes_too_long_says_so_and_writes_nothing(
    rig: EngineRig, run: Timed, after: int, silent: bool, given: str
) -> None:
    rig.source = SlowSource(run, after, silent=silent)
    with pytest.raises(
        SourceUnreachable, match=rf"30 minutes \(run.max_minutes\); the source had given {given} "
    ) as it:
        rig.engine().sync()
    assert "raise run.max_minutes" in it.value.hint
    assert (rig.pbx.opened, rig.store.snapshot(), rig.store.runs(1)[0].exit_code) == (0, None, 4)


def test_another_error_of_a_source_keeps_its_words(rig: EngineRig, run: Timed) -> None:
    rig.source.error = SourceLoginError("the password is wrong")
    with pytest.raises(SourceLoginError):
        rig.engine().sync()


@pytest.mark.parametrize("ends", ["open", "read", "after the read"])
def test_a_run_that_is_late_before_its_first_write_writes_nothing(rig: EngineRig, run: Timed, ends: str) -> None:
    slow = Slow("branch", run, ends)
    rig.pbxs = [slow]
    report = rig.engine().sync()
    assert (report.exit_code, slow.entries, report.pbx[0].applied) == (5, {}, None)
    assert str(report.pbx[0].error).startswith("branch: the run took more than 30 minutes (run.max_minutes)")
    assert rig.store.owners("branch", FAMILY) == {}
    assert "30 minutes" in rig.store.runs(1)[0].message


def test_no_pbx_is_written_after_the_time(rig: EngineRig, run: Timed) -> None:
    slow = Slow("branch", run, "after the read")
    rig.pbxs = [slow, rig.pbx]
    report = rig.engine().sync()
    assert (report.exit_code, slow.entries, rig.pbx.entries) == (5, {}, {})


@pytest.mark.parametrize(("ends", "held"), [("put", 5), ("after the puts", 20)])
def test_after_a_run_that_was_late_while_it_wrote_the_next_does_the_rest(
    rig: EngineRig, run: Timed, ends: str, held: int
) -> None:
    slow = Slow("office", run, ends)
    rig.pbxs = [slow]
    report = rig.engine().sync()
    error = report.pbx[0].error
    if ends == "put":
        assert (report.exit_code, report.pbx[0].verified) == (7, None)
        assert isinstance(error, PbxTimeout)
        assert str(error).endswith("(run.max_minutes); it was writing")
    assert len(slow.entries) == held
    assert len(rig.store.record(report.run or 0, "office", FAMILY)) == 20
    rig.stopping, rig.pbx.entries = Stopping(), slow.entries
    rig.pbxs = [rig.pbx]
    assert rig.engine().sync().exit_code == 0
    assert rig.pbx.entries == names(20)
    assert rig.owned() == set(names(20))
    rig.engine().undo(report.run, skip_changed=True)
    assert len(rig.pbx.entries) == 0


def test_a_missing_right_stays_a_missing_right(rig: EngineRig, run: Timed) -> None:
    rig.pbx.read_only = True
    report = rig.engine().sync()
    assert isinstance(report.pbx[0].error, PbxRightsError)


def test_a_wait_for_a_lost_pbx_ends_with_the_run(rig: EngineRig) -> None:
    rig.stopping = Stopping(0.3)
    rig.pbx.lose_after = 0
    rig.pbxs = [PatientPbx(rig.pbx, 3600)]
    begun = time.monotonic()
    report = rig.engine().sync()
    assert time.monotonic() - begun < 5
    assert (report.exit_code, rig.pbx.entries) == (5, {})
    assert "run.max_minutes" in str(report.pbx[0].error)


@pytest.mark.parametrize(("minutes", "seconds"), [(0, None), (30, 1800), (0.5, 30)])
def test_the_time_of_a_run_is_configured(tmp_path: Path, minutes: float, seconds: float | None) -> None:
    pbx = {"name": "office", "host": "pbx.example", "user": "astsync", "secret": "x"}
    values = {"source": {"url": "http://1c.example/trade"}, "pbx": [pbx], "run": {"max_minutes": minutes}}
    assert Parts(CONFIG.model_validate(values), tmp_path / "store").stopping().seconds == seconds


@pytest.mark.parametrize("minutes", [-1, "long", True, float("nan"), float("inf")])
def test_a_time_that_makes_no_sense_is_refused(minutes: object) -> None:
    with pytest.raises(ValueError, match="max_minutes"):
        RunConfig.model_validate({"max_minutes": minutes})


def test_an_interrupted_run_is_not_called_late(rig: EngineRig, run: Timed) -> None:
    run.set()
    with pytest.raises(KeyboardInterrupt):
        rig.engine().sync()
    assert rig.store.runs(1)[0].message == "interrupted"


@pytest.mark.server
def test_a_restore_over_a_held_connection_leaves_it_open(rig: EngineRig) -> None:
    rig.engine().sync()
    with AmiStandIn() as standin, AmiConnection(config(standin)) as held:
        report = rig.engine().restore([OpenedPbx(held, FAMILY)])
        assert standin.family() == names(20)
        assert (report.exit_code, [pbx.name for pbx in report.pbx]) == (0, ["office"])
        held.action("Ping")
        assert [one.action for one in standin.received].count("Login") == 1


@pytest.mark.server
def test_a_held_connection_heeds_only_the_run_that_uses_it() -> None:
    with AmiStandIn() as standin, AmiConnection(config(standin)) as held:
        run = Stopping()
        with OpenedPbx(held, FAMILY).open(run):
            assert held.stopping is run
        assert held.stopping is NEVER
