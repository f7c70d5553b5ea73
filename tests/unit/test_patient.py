"""Waiting for a PBX that is lost within a run: what is sent again, what is not, and how long it may take."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest

from astsync.config import PbxConfig
from astsync.errors import (
    PbxConnectionLost,
    PbxError,
    PbxLoginError,
    PbxRightsError,
    PbxSessionTaken,
    PbxTimeout,
    PbxUnreachable,
)
from astsync.pbx import Family, WriteResult, retry
from astsync.pbx.astdb import AmiPbx, AstDb
from astsync.pbx.patient import PatientPbx
from astsync.phonebook.model import Progress, no_progress
from astsync.phonebook.plan import Limits
from astsync.sandbox.ami import AmiFaults, AmiStandIn
from astsync.stopping import NEVER, Stopping
from tests.eventually import eventually
from tests.memory_pbx import MemoryFamily, MemoryPbx
from tests.unit.engine_rig import EngineRig

MANY = [(str(74952290000 + i), f"Firma {i}") for i in range(3_000)]
KEYS = [number for number, _ in MANY]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "IN_A_RUN", (0.02, 0.02))


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("ami-office")] == []


def pbx(standin: AmiStandIn, patience: float = 20, timeout: float = 5) -> PatientPbx:
    return PatientPbx(AmiPbx(config(standin, timeout), "cidname"), patience)


def config(standin: AmiStandIn, timeout: float = 5) -> PbxConfig:
    values = {"name": "office", "host": standin.host, "port": standin.port, "user": standin.user, "timeout": timeout}
    return PbxConfig.model_validate({**values, "secret": standin.secret})


@pytest.mark.server
def test_every_connection_is_cut_and_all_is_written_and_deleted(caplog: pytest.LogCaptureFixture) -> None:
    with AmiStandIn(faults=AmiFaults(cut_after_answers=700)) as standin, pbx(standin).open() as family:
        result = family.put(MANY)
        assert (result.done, result.failed) == (len(MANY), {})
        assert family.read() == dict(MANY)
        assert family.delete(KEYS).done == len(MANY)
        assert standin.family() == {}
        assert family.read() == {}
    assert standin.actions["Login"] >= 2 * len(MANY) // 700
    waits = [record.message for record in caplog.records if "waiting for it for up to" in record.message]
    assert len(waits) == standin.actions["Login"] - 1
    assert standin.secret not in caplog.text


class Meanwhile(AmiPbx):
    """A PBX on which somebody writes ``entries`` whenever the connection to it was lost."""

    def __init__(self, standin: AmiStandIn, entries: dict[str, str]) -> None:
        super().__init__(config(standin), "cidname")
        self.standin, self.entries = standin, entries
        self.opened = False

    @contextmanager
    def open(self, stopping: Stopping = NEVER) -> Iterator[AstDb]:
        if self.opened:
            self.standin.fill(self.entries)
        self.opened = True
        with super().open(stopping) as family:
            yield family


@pytest.mark.server
@pytest.mark.parametrize("at", [699, -1], ids=["sent before the cut", "not sent before the cut"])
def test_what_somebody_writes_while_a_pbx_is_lost_in_the_deletes_stays(at: int) -> None:
    with AmiStandIn(faults=AmiFaults(cut_after_answers=700)) as standin:
        standin.fill(dict(MANY))
        theirs = {KEYS[at]: "by hand"}
        with PatientPbx(Meanwhile(standin, theirs), 20).open() as family:
            family.read()
            result = family.delete(KEYS)
        assert standin.family() == theirs
    assert (result.done, [*result.failed]) == (len(MANY) - 1, [*theirs])


@pytest.mark.server
def test_what_somebody_writes_while_a_pbx_is_lost_in_the_puts_is_not_deleted_after_them() -> None:
    with AmiStandIn(faults=AmiFaults(cut_after_answers=700)) as standin:
        standin.fill({"1": "ours", "2": "ours too"})
        theirs = {"1": "by hand"}
        with PatientPbx(Meanwhile(standin, theirs), 20).open() as family:
            family.read()
            family.put(MANY)
            result = family.delete(["1", "2"])
        assert standin.family() == {**dict(MANY), **theirs}
    assert (result.done, [*result.failed]) == (1, ["1"])


@pytest.mark.server
@pytest.mark.parametrize("theirs", [{KEYS[-1]: "by hand"}, {}])
def test_a_run_that_loses_the_pbx_in_the_deletes_leaves_what_is_not_its_own(
    rig: EngineRig, theirs: dict[str, str]
) -> None:
    with AmiStandIn(faults=AmiFaults(cut_after_answers=700)) as standin:
        standin.fill(dict(MANY))
        rig.own(KEYS)
        rig.pbxs = [PatientPbx(Meanwhile(standin, theirs), 20)]
        report = rig.engine(limits=Limits(max_delete=None)).sync()
        (pbx,) = report.pbx
        assert pbx.applied is not None
        assert standin.family() == {**rig.source.names, **theirs}
        assert (report.exit_code, [*pbx.applied.failed]) == (7 if theirs else 0, [*theirs])
        assert rig.engine().sync().exit_code == 0
        assert standin.family() == {**rig.source.names, **theirs}


@pytest.mark.server
def test_a_cut_in_the_middle_of_the_list_reads_it_again() -> None:
    with AmiStandIn(faults=AmiFaults(cut_after_bytes=20_000, once=True)) as standin:
        standin.fill(dict(MANY))
        with pbx(standin).open() as family:
            assert family.read() == dict(MANY)
        assert standin.actions["DBGetTree"] == 2


@pytest.mark.server
def test_a_pbx_that_stalls_is_left_and_connected_anew() -> None:
    with (
        AmiStandIn(faults=AmiFaults(stall_after_answers=100, once=True)) as standin,
        pbx(standin, timeout=0.5).open() as family,
    ):
        assert family.put(MANY[:500]).done == 500
        assert standin.family() == dict(MANY[:500])


@pytest.mark.server
def test_keys_that_were_refused_before_a_cut_are_told_and_not_tried_again() -> None:
    bad = frozenset(KEYS[10:20])
    with AmiStandIn(faults=AmiFaults(cut_after_answers=700, error_keys=bad)) as standin, pbx(standin).open() as family:
        result = family.put(MANY)
        assert (result.done, set(result.failed)) == (len(MANY) - len(bad), set(bad))


@pytest.mark.server
def test_patience_ends_and_tells_what_was_done() -> None:
    with AmiStandIn(faults=AmiFaults(cut_after_answers=700)) as standin, pbx(standin, patience=0.3).open() as family:
        started = time.monotonic()
        stops = threading.Thread(target=_stop_within, args=(standin, 1_000))
        stops.start()
        with pytest.raises(PbxError) as error:
            family.put(MANY)
        stops.join()
        assert isinstance(error.value, retry.LOST)
        assert time.monotonic() - started < 5
        left = set(error.value.left or ())
        assert error.value.done == len(MANY) - len(left) > 0
        assert set(KEYS) - left <= standin.family().keys()


def _stop_within(standin: AmiStandIn, puts: int) -> None:
    eventually(lambda: len(standin.family()) >= puts)
    standin.stop()


@pytest.mark.parametrize(("patience", "first", "tries"), [(0, 10, 1), (0.2, 10, 3), (3_600, 0.2, 3)])
def test_a_pbx_that_is_down_at_first_is_tried_a_few_times(
    patience: float, first: float, tries: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(retry, "AT_FIRST", first)
    down = Down()
    started = time.monotonic()
    with pytest.raises(PbxUnreachable), PatientPbx(down, patience).open():
        pass
    assert time.monotonic() - started < 3
    assert (down.tries == 1) if tries == 1 else (down.tries >= tries)
    assert len(caplog.records) == (0 if tries == 1 else 1), "the wait is told once"


class Down(MemoryPbx):
    """Cannot be reached for the first ``times`` tries."""

    def __init__(self, times: int = 10**9, error: type[PbxError] = PbxUnreachable) -> None:
        super().__init__("office")
        self.times = times
        self.error = error
        self.tries = 0

    @contextmanager
    def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
        self.tries += 1
        if self.tries <= self.times:
            raise self.error("office: down")
        with super().open(stopping) as family:
            yield family


@pytest.mark.parametrize("error", [PbxUnreachable, PbxConnectionLost, PbxTimeout])
def test_a_pbx_that_comes_up_meanwhile_is_used(error: type[PbxError]) -> None:
    down = Down(times=2, error=error)
    with PatientPbx(down, 20).open() as family:
        assert family.put(MANY[:5]).done == 5
    assert (down.tries, down.entries) == (3, dict(MANY[:5]))


@pytest.mark.parametrize("error", [PbxLoginError, PbxRightsError, PbxSessionTaken])
def test_logins_and_rights_are_not_tried_again(error: type[PbxError]) -> None:
    down = Down(error=error)
    with pytest.raises(error), PatientPbx(down, 20).open():
        pass
    assert down.tries == 1


def test_a_session_that_a_lost_connection_left_behind_is_waited_for() -> None:
    class Counts(Down):
        """Loses the first connection, and counts its session for two tries more."""

        @contextmanager
        def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
            self.tries += 1
            if self.tries in {2, 3}:
                raise PbxSessionTaken("office: Login Already In Use")
            yield DyingFamily(self.entries) if self.tries == 1 else MemoryFamily(self.entries)

    counts = Counts()
    with PatientPbx(counts, 20).open() as family:
        assert family.put(MANY[:5]).done == 5
    assert (counts.tries, counts.entries) == (4, dict(MANY[:5]))


@pytest.mark.server
def test_a_missing_right_to_write_is_not_tried_again() -> None:
    with AmiStandIn(faults=AmiFaults(deny_puts_after=300)) as standin, pbx(standin).open() as family:
        with pytest.raises(PbxRightsError) as error:
            family.put(MANY)
        assert standin.actions["Login"] == 1
        assert error.value.done == 300
        assert set(error.value.left or ()) == set(KEYS[300:])
        assert error.value.failed == {}


def test_the_patience_of_a_run_is_not_renewed_and_what_was_confirmed_is_not_sent_again() -> None:
    class Dies(Down):
        """Lets every connection live for one entry."""

        @contextmanager
        def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
            self.tries += 1
            yield DyingFamily(self.entries)

    dies = Dies()
    started = time.monotonic()
    with PatientPbx(dies, 0.5).open() as family, pytest.raises(PbxConnectionLost) as error:
        family.put(MANY)
    assert time.monotonic() - started < 5
    assert 2 < dies.tries < len(MANY)
    assert error.value.done == len(dies.entries) == dies.tries


class DyingFamily(MemoryFamily):
    """Writes one entry and is lost."""

    def put(self, entries: Iterable[tuple[str, str]], progress: Progress = no_progress) -> WriteResult:
        super().put(list(entries)[:1])
        lost = PbxConnectionLost("office: lost")
        lost.done = 1
        raise lost


@pytest.mark.parametrize("work", [lambda family: family.read(), lambda family: family.put(MANY[:5])])
def test_a_pbx_that_takes_logins_and_answers_nothing_else_ends_the_patience(work: Callable[[Family], object]) -> None:
    class Silent(MemoryFamily):
        def read(self, progress: Progress = no_progress) -> dict[str, str]:
            time.sleep(0.2)  # the timeout itself
            raise PbxTimeout("office: no answer")

        def put(self, entries: Iterable[tuple[str, str]], progress: Progress = no_progress) -> WriteResult:
            return WriteResult(len(self.read()), {})

    class Stuck(Down):
        @contextmanager
        def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
            self.tries += 1
            yield Silent({})

    stuck = Stuck()
    with PatientPbx(stuck, 0.5).open() as family, pytest.raises(PbxTimeout):
        work(family)
    assert 2 <= stuck.tries <= 4


@pytest.mark.server
def test_nothing_is_waited_for_once_the_run_is_stopping() -> None:
    stopping = Stopping()
    stopping.set()
    down = Down()
    with pytest.raises(PbxUnreachable), PatientPbx(down, 3_600).open(stopping):
        pass
    assert down.tries == 1
    with AmiStandIn(faults=AmiFaults(cut_after_answers=100)) as standin:
        late = Stopping()
        with pbx(standin, 3_600).open(late) as family:
            late.set()
            with pytest.raises((PbxConnectionLost, PbxTimeout)):
                family.put(MANY)


def test_a_wait_ends_when_the_run_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "IN_A_RUN", (5, 5))
    stopping = Stopping()
    threading.Timer(0.2, stopping.set).start()
    started = time.monotonic()
    with pytest.raises(PbxUnreachable), PatientPbx(Down(), 3_600).open(stopping):
        pass
    assert time.monotonic() - started < 3
