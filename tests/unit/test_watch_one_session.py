"""Watch where a PBX allows a user one session, and the time of its runs."""

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from astsync.pbx import retry
from astsync.phonebook.model import Counterparty, Progress, no_progress
from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.ami.faults import AmiFaults
from astsync.stopping import NEVER, Stopping
from astsync.store import locked
from tests.eventually import eventually
from tests.unit.watch_rig import ListSource, WatchRig, said, whole

pytestmark = pytest.mark.server


@pytest.fixture
def rig(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> WatchRig:
    caplog.set_level(logging.DEBUG, logger="astsync.watch")
    return WatchRig(tmp_path)


@pytest.fixture
def office(rig: WatchRig) -> Iterator[AmiStandIn]:
    with AmiStandIn(one_session=True) as pbx:
        rig.pbxs["office"] = pbx
        yield pbx


def test_syncs_and_restores_share_one_session(rig: WatchRig, office: AmiStandIn) -> None:
    rig.every = 0.2
    with rig.watching():
        whole(rig, office)
        rig.source.size = 45
        whole(rig, office)
        assert office.actions["Login"] == 1
        office.restart(wipe=True)
        whole(rig, office)
        rig.source.size = 40
        whole(rig, office)
    assert office.actions["Login"] == 2


@pytest.mark.parametrize("cut", [1, 40])
def test_a_connection_that_ends_in_a_sync_fails_that_pbx_alone_and_is_restored(
    rig: WatchRig, office: AmiStandIn, caplog: pytest.LogCaptureFixture, cut: int
) -> None:
    rig.fill_snapshot()
    rig.every = 60
    rig.source.gate.clear()
    with AmiStandIn(one_session=True) as branch:
        rig.pbxs["branch"] = branch
        with rig.watching():
            eventually(lambda: sum("restore: 50 added" in line for line in said(caplog)) == 2)
            rig.source.size = 200
            office.faults = AmiFaults(cut_after_answers=cut, once=True)
            rig.source.gate.set()
            whole(rig, branch)
            whole(rig, office)
    lost = [line for line in said(caplog, logging.WARNING) if line.startswith("office: sync: ")]
    assert len(lost) == 1
    # The guard, too, asks over this connection, and may be the one that loses it, right before the sync.
    assert any(words in lost[0] for words in ("closed the AMI connection", "right after its list", "not connected"))
    assert ("sync", 7) in {(run.command, run.exit_code) for run in rig.history()}


def test_a_session_that_broke_off_is_waited_for(
    rig: WatchRig, office: AmiStandIn, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "TAKEN", (0.05, 0.2))
    rig.fill_snapshot()
    office.broken_off = frozenset({"Astsync"})  # names of users are the same in any case
    with rig.watching():
        eventually(lambda: office.actions["Challenge"] >= 3)
        assert office.family() == {}
        office.broken_off = frozenset()
        whole(rig, office)
    (told,) = (line for line in said(caplog, logging.WARNING) if "Login Already In Use" in line)
    assert "`allowmultiplelogin = no`" in told
    assert "broke off and Asterisk still counts it" in told


class SlowSource(ListSource):
    """Gives its counterparties only after ``pause`` seconds, while it asks until when it may."""

    def __init__(self, pause: float) -> None:
        super().__init__()
        self.pause = pause

    def pull(self, progress: Progress = no_progress, stopping: Stopping = NEVER) -> Iterator[Counterparty]:
        stopping.wait(self.pause)
        yield from super().pull(progress, stopping)


def _limit(rig: WatchRig, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Give each run so many seconds; ``run.max_minutes`` has none under a minute."""
    made = rig.parts

    def parts() -> object:
        found = made()
        monkeypatch.setattr(found, "stopping", partial(Stopping, seconds))
        return found

    monkeypatch.setattr(rig, "parts", parts)


def test_a_sync_that_takes_too_long_is_told_and_the_next_one_comes(
    rig: WatchRig, office: AmiStandIn, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    _limit(rig, monkeypatch, 0.4)
    rig.every = 0.2
    slow = rig.source = SlowSource(30)
    begun = time.monotonic()
    with rig.watching():
        eventually(lambda: any("run.max_minutes" in line for line in said(caplog, logging.WARNING)))
        assert time.monotonic() - begun < 20
        slow.pause = 0
        whole(rig, office)
    assert {(run.command, run.exit_code) for run in rig.history()} >= {("sync", 4), ("sync", 0)}


def test_what_is_waited_for_a_turn_is_not_the_time_of_a_sync(
    rig: WatchRig, office: AmiStandIn, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    _limit(rig, monkeypatch, 3)
    rig.every = 60
    with ExitStack() as other:
        other.enter_context(locked(rig.path))
        with rig.watching():
            eventually(lambda: any("sync: waiting" in line for line in said(caplog)))
            time.sleep(3.2)  # longer than a run may take
            other.close()
            eventually(lambda: any("office: sync: 50 added" in line for line in said(caplog)))
    assert not [line for line in said(caplog, logging.WARNING) if "max_minutes" in line]


def test_who_waits_in_a_run_shows_the_pulse_of_its_loop() -> None:
    beats: list[None] = []
    stopping = Stopping(60, lambda: beats.append(None))
    assert 50 < stopping.left() <= 60
    assert 0 < stopping.left(5) <= 5
    assert len(beats) == 2
