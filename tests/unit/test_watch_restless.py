"""Watch over a PBX that gives no rest: restarts, cuts, refusals over and over; and what it drops meanwhile."""

import logging
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from astsync.engine.result import Report
from astsync.pbx import Pbx, retry
from astsync.phonebook.model import Progress
from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.ami.faults import AmiFaults
from astsync.watch.clock import Clock
from astsync.watch.runs import Runs
from tests.eventually import eventually
from tests.unit.watch_rig import WatchRig, said, whole

pytestmark = pytest.mark.server

BOOTED = b"Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n"


@pytest.fixture
def rig(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> WatchRig:
    caplog.set_level(logging.DEBUG, logger="astsync.watch")
    return WatchRig(tmp_path)


@pytest.fixture
def office(rig: WatchRig) -> Iterator[AmiStandIn]:
    with AmiStandIn() as pbx:
        rig.pbxs["office"] = pbx
        yield pbx


def test_a_refused_plan_is_not_tried_again_and_again(
    rig: WatchRig, office: AmiStandIn, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "RESTORE", (0.05, 0.05))
    rig.fill_snapshot()
    with rig.watching():
        eventually(lambda: any("restore: 50 added" in line for line in said(caplog)))
        office.fill(dict.fromkeys(list(office.family())[:30], "Somebody else"))
        office.disconnect()
        eventually(lambda: any("--allow-changes" in line for line in said(caplog, logging.WARNING)))
        reads = office.actions["DBGetTree"]
        time.sleep(0.5)  # nothing may come of ten times the wait for the next try
    assert office.actions["DBGetTree"] == reads


def test_a_pbx_that_drops_every_connection_at_once_is_not_hammered(rig: WatchRig, office: AmiStandIn) -> None:
    rig.fill_snapshot()
    office.faults = AmiFaults(cut_after_answers=1)  # the look is answered, the restore is not
    with rig.watching():
        eventually(lambda: office.actions["Login"] >= 2)
        time.sleep(1)  # in which few more may come
        assert office.actions["Login"] <= 6
        office.faults = AmiFaults()
        whole(rig, office)


def test_a_connection_that_is_cut_again_and_again_is_not_hammered(
    rig: WatchRig, office: AmiStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "SOONEST", 0.02)

    def more_reads(before: int) -> bool:
        return office.actions["DBGetTree"] > before

    rig.fill_snapshot()
    with rig.watching():
        whole(rig, office)
        ends = time.monotonic() + 1
        while time.monotonic() < ends:  # each connection lives long enough to find all in step
            reads = office.actions["DBGetTree"]
            office.disconnect()
            eventually(partial(more_reads, reads))
    assert office.actions["Login"] <= 8


def test_a_pbx_that_goes_and_comes_all_day_does_not_fill_the_log(
    rig: WatchRig, office: AmiStandIn, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "RESTLESS", 3)

    def restored(times: int) -> bool:
        return sum("restore: 50 added" in line for line in said(caplog, logging.DEBUG)) == times

    rig.fill_snapshot()
    with rig.watching():
        for restarts in range(1, 7):
            lines = len(said(caplog))
            eventually(partial(restored, restarts))
            office.restart(wipe=True)
            whole(rig, office)
    assert sum("no more is told" in line for line in said(caplog, logging.WARNING)) == 1
    assert said(caplog)[lines:] == ["stopped"]


def test_a_restore_that_fails_in_the_same_way_is_told_once(
    rig: WatchRig, office: AmiStandIn, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "RESTORE", (0.02, 0.02))
    rig.fill_snapshot()
    office.faults.error_keys = frozenset({"74955550007"})
    with rig.watching():
        eventually(lambda: len(rig.history()) > 4)
        told = [line for line in said(caplog, logging.WARNING) if "74955550007" in line]
        assert len(told) == 1


def test_a_restart_that_did_not_end_the_connection_is_seen_by_the_time_of_the_start(
    rig: WatchRig, office: AmiStandIn
) -> None:
    rig.clock = Clock(speed=300)
    rig.fill_snapshot()
    with rig.watching():
        whole(rig, office)
        reads = office.actions["DBGetTree"]
        office.wipe()
        office.booted_at += 60
        whole(rig, office)
    assert office.actions["Login"] == 1
    assert office.actions["DBGetTree"] <= reads + 3


def test_what_a_pbx_drops_at_the_end_of_its_start_is_put_back_once(rig: WatchRig, office: AmiStandIn) -> None:
    rig.fill_snapshot()
    with rig.watching():
        whole(rig, office)
        eventually(lambda: office.actions["DBGetTree"] == 2)
        office.wipe()
        office.broadcast(BOOTED)
        whole(rig, office)
        reads = office.actions["DBGetTree"]
        for _ in range(5):
            office.broadcast(BOOTED)
        time.sleep(0.3)  # nothing more may come
        assert office.actions["DBGetTree"] <= reads + 1  # the run's own verifying


def test_what_a_pbx_drops_while_it_is_restored_is_put_back_too(
    rig: WatchRig, office: AmiStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore, restores = Runs.restore, list[Report | None]()

    def dropped_at_the_end(runs: Runs, pbxs: Sequence[Pbx], progress: Progress) -> Report | None:
        restores.append(restore(runs, pbxs, progress))
        if len(restores) == 1:
            office.wipe()
            office.broadcast(BOOTED)
            time.sleep(0.2)  # it is heard before the restore has ended
        return restores[-1]

    monkeypatch.setattr(Runs, "restore", dropped_at_the_end)
    rig.fill_snapshot()
    with rig.watching():
        eventually(lambda: len(restores) == 2)
        whole(rig, office)
