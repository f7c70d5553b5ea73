"""Watch over stand-in PBXs, with the real engine and store: PBXs go and come, the source fails, a lock is held."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from astsync.errors import ConfigError
from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.ami.faults import AmiFaults
from astsync.sandbox.ami.users import AmiUser
from astsync.store import Store, locked
from astsync.watch.watcher import Watch
from tests.eventually import eventually
from tests.unit.watch_rig import WatchRig, said, whole

pytestmark = pytest.mark.server

DIALECTS = ["1.8", "13", "16", "22"]
NO_EVENTS = AmiUser(read=frozenset())


@pytest.fixture(autouse=True)
def _told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="astsync.watch")


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    eventually(lambda: not [t for t in threading.enumerate() if t.name.startswith(("watch", "ami-office"))], 5)


@pytest.fixture
def rig(tmp_path: Path) -> WatchRig:
    return WatchRig(tmp_path)


@pytest.fixture
def office(rig: WatchRig) -> Iterator[AmiStandIn]:
    with AmiStandIn() as pbx:
        rig.pbxs["office"] = pbx
        yield pbx


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("user", [AmiUser(), NO_EVENTS], ids=["events", "no events"])
def test_a_pbx_that_comes_back_wiped_is_restored(rig: WatchRig, dialect: str, user: AmiUser) -> None:
    with AmiStandIn(dialect, users=[user]) as pbx:
        rig.pbxs["office"] = pbx
        rig.fill_snapshot()
        rig.source.down = True
        with rig.watching():
            whole(rig, pbx)
            for cleanly in (True, False):
                pbx.stop(cleanly=cleanly)
                pbx.wipe()
                pbx.start()
                whole(rig, pbx)


def test_what_happens_is_told_a_line_an_event(
    rig: WatchRig, office: AmiStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    rig.fill_snapshot()
    with rig.watching():
        whole(rig, office)
        eventually(lambda: any("restore: 50 added" in line for line in said(caplog)))
        office.stop()
        eventually(lambda: any("away" in line for line in said(caplog)))
        time.sleep(0.3)  # the absence itself, which the log tells
        office.start()
        eventually(lambda: any("restore: in step" in line for line in said(caplog)))
    lines = said(caplog)
    assert all("\n" not in line for line in lines)
    assert lines[0] == "watching office; no syncs"
    assert lines[1].startswith("office: connected; Asterisk was started 20")
    assert lines[-1] == "stopped"
    assert sum("away: " in line for line in lines) in {1, 2}  # the end, and the first refusal; not every try
    (back,) = (line for line in lines if "back after" in line)
    assert 0.2 < float(back.split()[3]) < 3
    assert not any(office.secret in record.getMessage() for record in caplog.records)


def test_an_unchanged_pbx_is_compared_and_not_written(rig: WatchRig, office: AmiStandIn) -> None:
    rig.fill_snapshot()
    office.fill(rig.source.names)
    with rig.watching():
        eventually(lambda: office.actions["DBGetTree"] == 1)
        office.disconnect()
        eventually(lambda: office.actions["DBGetTree"] == 2)
    assert office.writes == 0


def test_foreign_keys_are_left_alone(rig: WatchRig, office: AmiStandIn) -> None:
    rig.fill_snapshot()
    office.fill({"101": "Reception"})
    with rig.watching():
        eventually(lambda: office.family() == {**rig.source.names, "101": "Reception"})


def test_the_first_sync_comes_at_the_start_and_further_ones_follow(rig: WatchRig, office: AmiStandIn) -> None:
    rig.every = 0.2
    with rig.watching():
        whole(rig, office)
        rig.source.size = 40  # fewer than 30 % less: within the limits
        whole(rig, office)
    assert rig.source.pulls >= 2


def test_a_wipe_without_a_restart_is_healed_by_the_next_sync(rig: WatchRig, office: AmiStandIn) -> None:
    rig.every = 0.2
    with rig.watching():
        whole(rig, office)
        office.wipe()
        whole(rig, office)


def test_a_wipe_is_healed_from_the_snapshot_while_the_source_is_down(
    rig: WatchRig, office: AmiStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    rig.every = 0.2
    rig.fill_snapshot()
    rig.source.down = True
    with rig.watching():
        whole(rig, office)
        pulls = rig.source.pulls
        office.wipe()
        whole(rig, office)
        eventually(lambda: rig.source.pulls > pulls)
    assert "sync: 1C does not answer (Start it.)" in said(caplog, logging.WARNING)


def test_without_a_snapshot_there_is_nothing_to_restore_until_the_first_sync(
    rig: WatchRig, office: AmiStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    rig.every = 0.3
    rig.source.down = True
    with rig.watching():
        eventually(lambda: any("no snapshot" in line for line in said(caplog, logging.WARNING)))
        rig.source.down = False
        whole(rig, office)


def test_a_pbx_comes_back_in_the_middle_of_a_long_pull(rig: WatchRig, office: AmiStandIn) -> None:
    rig.fill_snapshot()
    rig.every = 60
    rig.source.gate.clear()
    with rig.watching():
        whole(rig, office)
        office.restart(wipe=True)
        whole(rig, office)
        assert rig.source.pulls == 2
        rig.source.size = 45
        rig.source.gate.set()
        whole(rig, office)


def test_a_source_that_stays_down_is_asked_more_and_more_seldom(rig: WatchRig, office: AmiStandIn) -> None:
    rig.clock = type(rig.clock)(speed=6000)
    rig.every = 900
    rig.source.down = True
    with rig.watching():
        eventually(lambda: rig.source.pulls >= 3)
        time.sleep(0.6)  # an hour in which few more may come
        assert rig.source.pulls <= 12  # after 0, 1, 3, 7, 15 minutes and then each 15


def test_several_pbxs_each_go_and_come(rig: WatchRig, office: AmiStandIn, caplog: pytest.LogCaptureFixture) -> None:
    rig.every = 0.5
    with AmiStandIn() as branch:
        rig.pbxs["branch"] = branch
        branch.stop()
        with rig.watching():
            whole(rig, office)
            assert branch.family() == {}
            eventually(lambda: "office: sync: in step, 50 entries" in said(caplog))
            assert not any(line.startswith("branch: sync") for line in said(caplog))  # it would only hold up office
            branch.start()
            whole(rig, branch)
            office.restart(wipe=True)
            branch.wipe()
            branch.disconnect()
            whole(rig, office)
            whole(rig, branch)


def test_a_restore_waits_for_another_process_that_holds_the_lock(
    rig: WatchRig, office: AmiStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    rig.fill_snapshot()
    with rig.watching():
        eventually(lambda: any("restore:" in line for line in said(caplog)))
        with locked(rig.path):
            office.restart(wipe=True)
            eventually(lambda: any("holds the lock" in line for line in said(caplog)))
            assert office.family() == {}
        whole(rig, office)
    assert sum("holds the lock" in line for line in said(caplog)) == 1


def test_a_run_is_noted_like_any_other(rig: WatchRig, office: AmiStandIn) -> None:
    rig.every = 0.2
    rig.source.down = True
    with rig.watching():
        eventually(lambda: rig.source.pulls == 2)
        rig.source.down = False
        whole(rig, office)
    assert {(run.command, run.exit_code) for run in rig.history()} == {("sync", 4), ("sync", 0)}
    with closing(Store(rig.path)) as store:
        assert office.family().keys() == store.owners("office", "cidname").keys()


def test_what_a_refused_put_left_out_is_tried_again(rig: WatchRig, office: AmiStandIn) -> None:
    rig.fill_snapshot()
    office.faults.error_keys = frozenset({"74955550007"})
    with rig.watching():
        eventually(lambda: len(office.family()) == 49)
        office.faults.error_keys = frozenset()
        whole(rig, office)


@pytest.mark.parametrize("cut", [40, 75])
def test_a_connection_that_ends_while_it_writes(rig: WatchRig, office: AmiStandIn, cut: int) -> None:
    rig.fill_snapshot()
    office.faults = AmiFaults(cut_after_answers=cut, once=True)
    with rig.watching():
        whole(rig, office)


def test_a_quiet_pbx_is_looked_at_and_one_that_hangs_is_left(rig: WatchRig, office: AmiStandIn) -> None:
    rig.fill_snapshot()
    rig.more = {"timeout": 0.3}
    rig.clock = type(rig.clock)(speed=300)
    with rig.watching():
        whole(rig, office)
        looks = office.actions["CoreStatus"]
        eventually(lambda: office.actions["CoreStatus"] > looks + 2)
        office.faults = AmiFaults(stall_after_answers=0, once=True)
        office.wipe()
        whole(rig, office)


def test_a_refused_login_is_tried_seldom(rig: WatchRig, office: AmiStandIn, caplog: pytest.LogCaptureFixture) -> None:
    rig.more = {"secret": "wrong", "timeout": 5}
    with rig.watching():
        eventually(lambda: any("refused the login" in line for line in said(caplog, logging.WARNING)))
        tries = office.actions["Challenge"]
        time.sleep(0.5)  # nothing more may come
        assert office.actions["Challenge"] == tries
    assert "wrong" not in "".join(said(caplog, logging.DEBUG))


def test_a_reload_takes_the_new_configuration(
    rig: WatchRig, office: AmiStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    rig.fill_snapshot()
    with AmiStandIn() as branch, rig.watching() as watch:
        whole(rig, office)
        rig.pbxs = {"branch": branch}
        watch.reload()
        whole(rig, branch)
        eventually(lambda: any(line.startswith("branch: restore") for line in said(caplog)))
        office.wipe()
        office.disconnect()
        time.sleep(0.3)  # nothing may come
        assert office.family() == {}


def test_a_broken_new_configuration_leaves_the_old_one(
    rig: WatchRig, office: AmiStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    rig.fill_snapshot()
    with rig.watching() as watch:
        whole(rig, office)
        rig.broken = ConfigError("astsync.toml: no such key", hint="Mend it.")
        watch.reload()
        eventually(lambda: any("the old one stays: astsync.toml" in line for line in said(caplog, logging.WARNING)))
        office.restart(wipe=True)
        whole(rig, office)


def test_a_configuration_that_is_broken_at_the_start_is_an_error(rig: WatchRig) -> None:
    rig.broken = ConfigError("astsync.toml: no such key")
    with pytest.raises(ConfigError):
        Watch(rig.load, rig.notifier).run()


def test_it_stops_at_once_in_a_long_wait(rig: WatchRig, office: AmiStandIn, caplog: pytest.LogCaptureFixture) -> None:
    office.stop()
    with rig.watching():
        eventually(lambda: any("away" in line for line in said(caplog)))
        time.sleep(0.2)  # into the wait behind that line


def test_it_stops_in_time_while_a_pbx_says_nothing(rig: WatchRig) -> None:
    rig.more = {"timeout": 4}
    with socket.create_server(("127.0.0.1", 0)) as mute:
        pbx = AmiStandIn(port=mute.getsockname()[1])
        rig.pbxs["office"] = pbx
        mute.settimeout(10)
        with rig.watching():
            connection, _ = mute.accept()
        connection.close()


def test_it_stops_in_time_while_a_pbx_is_slow_to_take_a_restore(rig: WatchRig, office: AmiStandIn) -> None:
    rig.fill_snapshot()
    office.faults = AmiFaults(delay=0.2)
    with rig.watching():
        eventually(lambda: office.actions["DBPut"] > 0)
    office.faults = AmiFaults()
    with rig.watching():  # what was cut is finished
        whole(rig, office)


def test_a_sync_of_two_pbxs_is_cut_and_noted_as_interrupted(rig: WatchRig, office: AmiStandIn) -> None:
    rig.every = 60
    rig.source.size = 6000
    rig.source.gate.clear()
    with AmiStandIn() as branch:
        rig.pbxs["branch"] = branch
        with rig.watching():
            eventually(lambda: office.actions["CoreStatus"] > 0 and branch.actions["CoreStatus"] > 0)
            office.faults = branch.faults = AmiFaults(delay=0.001)
            rig.source.gate.set()
            eventually(lambda: office.actions["DBPut"] > 0 and branch.actions["DBPut"] > 0)
        # On a busy machine it may end a little after watch, which leaves it behind.
        eventually(lambda: [(run.command, run.exit_code) for run in rig.history()] == [("sync", 130)])
        assert 0 < len(office.family()) < 6000


def test_it_stops_in_time_while_a_pull_hangs(rig: WatchRig, office: AmiStandIn) -> None:
    rig.every = 60
    rig.source.gate.clear()
    with rig.watching():
        eventually(lambda: rig.source.pulls == 1)
    rig.source.gate.set()
