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
from tests.unit.watch_house import House, said, whole

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
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def office(house: House) -> Iterator[AmiStandIn]:
    with AmiStandIn() as pbx:
        house.pbxs["office"] = pbx
        yield pbx


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("user", [AmiUser(), NO_EVENTS], ids=["events", "no events"])
def test_a_pbx_that_comes_back_wiped_is_restored(house: House, dialect: str, user: AmiUser) -> None:
    with AmiStandIn(dialect, users=[user]) as pbx:
        house.pbxs["office"] = pbx
        house.fill_snapshot()
        house.source.down = True
        with house.watching():
            whole(house, pbx)
            for cleanly in (True, False):
                pbx.stop(cleanly=cleanly)
                pbx.wipe()
                pbx.start()
                whole(house, pbx)


def test_what_happens_is_told_a_line_an_event(
    house: House, office: AmiStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    house.fill_snapshot()
    with house.watching():
        whole(house, office)
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


def test_an_unchanged_pbx_is_compared_and_not_written(house: House, office: AmiStandIn) -> None:
    house.fill_snapshot()
    office.fill(house.source.names)
    with house.watching():
        eventually(lambda: office.actions["DBGetTree"] == 1)
        office.disconnect()
        eventually(lambda: office.actions["DBGetTree"] == 2)
    assert office.writes == 0


def test_foreign_keys_are_left_alone(house: House, office: AmiStandIn) -> None:
    house.fill_snapshot()
    office.fill({"101": "Reception"})
    with house.watching():
        eventually(lambda: office.family() == {**house.source.names, "101": "Reception"})


def test_the_first_sync_comes_at_the_start_and_further_ones_follow(house: House, office: AmiStandIn) -> None:
    house.every = 0.2
    with house.watching():
        whole(house, office)
        house.source.size = 40  # fewer than 30 % less: within the limits
        whole(house, office)
    assert house.source.pulls >= 2


def test_a_wipe_without_a_restart_is_healed_by_the_next_sync(house: House, office: AmiStandIn) -> None:
    house.every = 0.2
    with house.watching():
        whole(house, office)
        office.wipe()
        whole(house, office)


def test_a_wipe_is_healed_from_the_snapshot_while_the_source_is_down(
    house: House, office: AmiStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    house.every = 0.2
    house.fill_snapshot()
    house.source.down = True
    with house.watching():
        whole(house, office)
        pulls = house.source.pulls
        office.wipe()
        whole(house, office)
        eventually(lambda: house.source.pulls > pulls)
    assert "sync: 1C does not answer (Start it.)" in said(caplog, logging.WARNING)


def test_without_a_snapshot_there_is_nothing_to_restore_until_the_first_sync(
    house: House, office: AmiStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    house.every = 0.3
    house.source.down = True
    with house.watching():
        eventually(lambda: any("no snapshot" in line for line in said(caplog, logging.WARNING)))
        house.source.down = False
        whole(house, office)


def test_a_pbx_comes_back_in_the_middle_of_a_long_pull(house: House, office: AmiStandIn) -> None:
    house.fill_snapshot()
    house.every = 60
    house.source.gate.clear()
    with house.watching():
        whole(house, office)
        office.restart(wipe=True)
        whole(house, office)
        assert house.source.pulls == 2
        house.source.size = 45
        house.source.gate.set()
        whole(house, office)


def test_a_source_that_stays_down_is_asked_more_and_more_seldom(house: House, office: AmiStandIn) -> None:
    house.clock = type(house.clock)(speed=6000)
    house.every = 900
    house.source.down = True
    with house.watching():
        eventually(lambda: house.source.pulls >= 3)
        time.sleep(0.6)  # an hour in which few more may come
        assert house.source.pulls <= 12  # after 0, 1, 3, 7, 15 minutes and then each 15


def test_several_pbxs_each_go_and_come(house: House, office: AmiStandIn, caplog: pytest.LogCaptureFixture) -> None:
    house.every = 0.5
    with AmiStandIn() as branch:
        house.pbxs["branch"] = branch
        branch.stop()
        with house.watching():
            whole(house, office)
            assert branch.family() == {}
            eventually(lambda: "office: sync: in step, 50 entries" in said(caplog))
            assert not any(line.startswith("branch: sync") for line in said(caplog))  # it would only hold up office
            branch.start()
            whole(house, branch)
            office.restart(wipe=True)
            branch.wipe()
            branch.disconnect()
            whole(house, office)
            whole(house, branch)


def test_a_restore_waits_for_another_process_that_holds_the_lock(
    house: House, office: AmiStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    house.fill_snapshot()
    with house.watching():
        eventually(lambda: any("restore:" in line for line in said(caplog)))
        with locked(house.path):
            office.restart(wipe=True)
            eventually(lambda: any("holds the lock" in line for line in said(caplog)))
            assert office.family() == {}
        whole(house, office)
    assert sum("holds the lock" in line for line in said(caplog)) == 1


def test_a_run_is_noted_like_any_other(house: House, office: AmiStandIn) -> None:
    house.every = 0.2
    house.source.down = True
    with house.watching():
        eventually(lambda: house.source.pulls == 2)
        house.source.down = False
        whole(house, office)
    assert {(run.command, run.exit_code) for run in house.history()} == {("sync", 4), ("sync", 0)}
    with closing(Store(house.path)) as store:
        assert office.family().keys() == store.owners("office", "cidname").keys()


def test_what_a_refused_put_left_out_is_tried_again(house: House, office: AmiStandIn) -> None:
    house.fill_snapshot()
    office.faults.error_keys = frozenset({"74955550007"})
    with house.watching():
        eventually(lambda: len(office.family()) == 49)
        office.faults.error_keys = frozenset()
        whole(house, office)


@pytest.mark.parametrize("cut", [40, 75])
def test_a_connection_that_ends_while_it_writes(house: House, office: AmiStandIn, cut: int) -> None:
    house.fill_snapshot()
    office.faults = AmiFaults(cut_after_answers=cut, once=True)
    with house.watching():
        whole(house, office)


def test_a_quiet_pbx_is_looked_at_and_one_that_hangs_is_left(house: House, office: AmiStandIn) -> None:
    house.fill_snapshot()
    house.more = {"timeout": 0.3}
    house.clock = type(house.clock)(speed=300)
    with house.watching():
        whole(house, office)
        looks = office.actions["CoreStatus"]
        eventually(lambda: office.actions["CoreStatus"] > looks + 2)
        office.faults = AmiFaults(stall_after_answers=0, once=True)
        office.wipe()
        whole(house, office)


def test_a_refused_login_is_tried_seldom(house: House, office: AmiStandIn, caplog: pytest.LogCaptureFixture) -> None:
    house.more = {"secret": "wrong", "timeout": 5}
    with house.watching():
        eventually(lambda: any("refused the login" in line for line in said(caplog, logging.WARNING)))
        tries = office.actions["Challenge"]
        time.sleep(0.5)  # nothing more may come
        assert office.actions["Challenge"] == tries
    assert "wrong" not in "".join(said(caplog, logging.DEBUG))


def test_a_reload_takes_the_new_configuration(
    house: House, office: AmiStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    house.fill_snapshot()
    with AmiStandIn() as branch, house.watching() as watch:
        whole(house, office)
        house.pbxs = {"branch": branch}
        watch.reload()
        whole(house, branch)
        eventually(lambda: any(line.startswith("branch: restore") for line in said(caplog)))
        office.wipe()
        office.disconnect()
        time.sleep(0.3)  # nothing may come
        assert office.family() == {}


def test_a_broken_new_configuration_leaves_the_old_one(
    house: House, office: AmiStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    house.fill_snapshot()
    with house.watching() as watch:
        whole(house, office)
        house.broken = ConfigError("astsync.toml: no such key", hint="Mend it.")
        watch.reload()
        eventually(lambda: any("the old one stays: astsync.toml" in line for line in said(caplog, logging.WARNING)))
        office.restart(wipe=True)
        whole(house, office)


def test_a_configuration_that_is_broken_at_the_start_is_an_error(house: House) -> None:
    house.broken = ConfigError("astsync.toml: no such key")
    with pytest.raises(ConfigError):
        Watch(house.load, house.notifier).run()


def test_it_stops_at_once_in_a_long_wait(house: House, office: AmiStandIn, caplog: pytest.LogCaptureFixture) -> None:
    office.stop()
    with house.watching():
        eventually(lambda: any("away" in line for line in said(caplog)))
        time.sleep(0.2)  # into the wait behind that line


def test_it_stops_in_time_while_a_pbx_says_nothing(house: House) -> None:
    house.more = {"timeout": 4}
    with socket.create_server(("127.0.0.1", 0)) as mute:
        pbx = AmiStandIn(port=mute.getsockname()[1])
        house.pbxs["office"] = pbx
        mute.settimeout(10)
        with house.watching():
            connection, _ = mute.accept()
        connection.close()


def test_it_stops_in_time_while_a_pbx_is_slow_to_take_a_restore(house: House, office: AmiStandIn) -> None:
    house.fill_snapshot()
    office.faults = AmiFaults(delay=0.2)
    with house.watching():
        eventually(lambda: office.actions["DBPut"] > 0)
    office.faults = AmiFaults()
    with house.watching():  # what was cut is finished
        whole(house, office)


def test_a_sync_of_two_pbxs_is_cut_and_noted_as_interrupted(house: House, office: AmiStandIn) -> None:
    house.every = 60
    house.source.size = 6000
    house.source.gate.clear()
    with AmiStandIn() as branch:
        house.pbxs["branch"] = branch
        with house.watching():
            eventually(lambda: office.actions["CoreStatus"] > 0 and branch.actions["CoreStatus"] > 0)
            office.faults = branch.faults = AmiFaults(delay=0.001)
            house.source.gate.set()
            eventually(lambda: office.actions["DBPut"] > 0 and branch.actions["DBPut"] > 0)
        # On a busy machine it may end a little after watch, which leaves it behind.
        eventually(lambda: [(run.command, run.exit_code) for run in house.history()] == [("sync", 130)])
        assert 0 < len(office.family()) < 6000


def test_it_stops_in_time_while_a_pull_hangs(house: House, office: AmiStandIn) -> None:
    house.every = 60
    house.source.gate.clear()
    with house.watching():
        eventually(lambda: house.source.pulls == 1)
    house.source.gate.set()
