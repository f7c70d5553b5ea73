"""A connection that is held and lent: to one run at a time, with the time of that run, and not after its end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest

from astsync.config import PbxConfig
from astsync.errors import PbxConnectionLost, PbxError, PbxSessionTaken
from astsync.pbx.astdb import AmiPbx
from astsync.pbx.connection import AmiConnection
from astsync.pbx.opened import OpenedPbx
from astsync.sandbox.ami import AmiFaults, AmiStandIn
from astsync.stopping import NEVER, Stopping
from astsync.store import OnlineName
from tests.eventually import eventually
from tests.unit.engine_rig import EngineRig

pytestmark = pytest.mark.server

ENTRIES = {str(74952290000 + i): f"Firma {i}" for i in range(50)}


def config(standin: AmiStandIn) -> PbxConfig:
    values = {"name": "office", "host": standin.host, "port": standin.port, "user": standin.user, "timeout": 5}
    return PbxConfig.model_validate({**values, "secret": standin.secret})


@contextmanager
def held(standin: AmiStandIn) -> Iterator[tuple[AmiConnection, OpenedPbx]]:
    with AmiConnection(config(standin)) as connection:
        yield connection, OpenedPbx(connection, "cidname")


@pytest.fixture
def standin() -> Iterator[AmiStandIn]:
    with AmiStandIn(one_session=True) as started:
        started.fill(ENTRIES)
        yield started


def test_runs_go_over_the_one_session(rig: EngineRig, standin: AmiStandIn) -> None:
    standin.wipe()
    with held(standin) as (connection, pbx):
        rig.pbxs = [pbx]
        assert rig.engine().sync().exit_code == 0
        standin.wipe()
        assert rig.engine().restore().exit_code == 0
        assert standin.family() == rig.source.names
        assert connection.started()
    assert standin.actions["Login"] == 1


def test_a_narrow_run_goes_over_the_one_session_too(rig: EngineRig, standin: AmiStandIn) -> None:
    now = datetime.now(UTC)
    rig.store.save_online([OnlineName("74952290500", "OOO Zvonok", now, now + timedelta(days=1))])
    with held(standin) as (connection, pbx):
        report = rig.engine().write_online(["74952290500"], [pbx])
        assert report is not None
        assert report.exit_code == 0
        assert connection.started()
    assert standin.family() == {**ENTRIES, "74952290500": "OOO Zvonok"}
    assert (standin.actions["Login"], standin.actions["DBGet"], standin.actions["DBGetTree"]) == (1, 2, 0)


def test_a_run_has_its_own_time_and_the_connection_outlives_it(standin: AmiStandIn) -> None:
    stopping = Stopping(60)
    with held(standin) as (connection, pbx):
        with pbx.open(stopping):
            assert connection.stopping is stopping
        assert connection.stopping is NEVER
        with pbx.open() as family:
            assert family.read() == ENTRIES


def test_who_looks_waits_until_the_run_has_ended(standin: AmiStandIn) -> None:
    waited, looked = threading.Event(), threading.Event()

    def look(pbx: OpenedPbx) -> None:
        with pbx.alone(waited.set):
            looked.set()

    with held(standin) as (_, pbx):
        looker = threading.Thread(target=look, args=(pbx,))
        with pbx.open() as family:
            looker.start()
            assert waited.wait(10)
            family.read()
            assert not looked.is_set()
        assert looked.wait(10)
        looker.join()


def test_who_waits_for_a_run_learns_at_once_that_the_connection_has_ended(standin: AmiStandIn) -> None:
    with held(standin) as (_, pbx), pbx.open() as family:
        standin.disconnect()
        with pytest.raises(PbxConnectionLost), pbx.alone():
            pass
        with pytest.raises(PbxConnectionLost):
            family.read()


def test_a_connection_that_is_left_ends_with_the_run_that_uses_it(standin: AmiStandIn) -> None:
    with held(standin) as (connection, pbx):
        with pbx.open() as family:
            pbx.leave()
            assert family.read() == ENTRIES
        with pytest.raises(PbxConnectionLost):
            connection.started()
        with pytest.raises(PbxConnectionLost), pbx.open():
            pass


def test_a_thread_that_an_ended_run_left_behind_sends_nothing_more(standin: AmiStandIn) -> None:
    errors: list[PbxError] = []

    def work(family: object) -> None:
        try:
            family.read()  # type: ignore[attr-defined]
        except PbxError as error:
            errors.append(error)

    standin.faults = AmiFaults(stall_after_answers=0)
    with held(standin) as (connection, pbx):
        with pbx.open() as family:
            worker = threading.Thread(target=work, args=(family,))
            worker.start()
            eventually(lambda: bool(connection._waiters))
        worker.join(10)
        assert isinstance(errors[0], PbxConnectionLost)
        with pytest.raises(PbxConnectionLost):
            family.put(ENTRIES.items())
        with suppress(PbxConnectionLost):
            connection.started()
    assert standin.writes == 0


@pytest.mark.parametrize("dialect", ["1.8", "13", "16", "22"])
@pytest.mark.parametrize("rival", ["`astsync watch` (process 7) on this machine", ""])
def test_a_second_session_names_the_setting_and_who_has_the_first(dialect: str, rival: str) -> None:
    with AmiStandIn(dialect, one_session=True) as standin, AmiConnection(config(standin)):
        with (
            pytest.raises(PbxSessionTaken, match="Login Already In Use") as error,
            AmiPbx(config(standin), "cidname", lambda: rival).open(),
        ):
            pass
        hint = error.value.hint
        assert "`allowmultiplelogin = no` in [general]" in hint
        assert "AMI user of its own" in hint
        assert (rival or "manager show connected") in hint
        assert standin.secret not in hint
