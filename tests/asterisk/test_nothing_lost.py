"""What a run promises, on real Asterisks that are killed and restarted under it."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from astsync.config import PbxConfig
from astsync.errors import PbxRightsError
from astsync.pbx.astdb import AmiPbx
from astsync.pbx.patient import PatientPbx
from astsync.sandbox.asterisk import Installation, PrivateAsterisk
from astsync.store import Store
from tests.unit.engine_rig import FAMILY, EngineRig, names

COUNT = 3_000


@pytest.fixture
def asterisk(any_installation: Installation) -> Iterator[PrivateAsterisk]:
    with PrivateAsterisk(any_installation) as started:
        yield started


@pytest.fixture
def rig(tmp_path: Path, asterisk: PrivateAsterisk) -> Iterator[EngineRig]:
    with closing(Store(tmp_path / "store.sqlite3")) as store:
        made = EngineRig(store)
        made.source.names = names(COUNT)
        made.pbxs = [PatientPbx(direct(asterisk), 30)]
        yield made


def direct(asterisk: PrivateAsterisk, user: str = "") -> AmiPbx:
    name = user or asterisk.user
    secret = SecretStr(asterisk.secret_of(name))
    config = PbxConfig(name="office", host=asterisk.host, port=asterisk.port, user=name, secret=secret, timeout=5)
    return AmiPbx(config, FAMILY)


def family(asterisk: PrivateAsterisk) -> Mapping[str, str]:
    with direct(asterisk).open() as opened:
        return opened.read()


def test_what_a_durable_run_wrote_outlives_a_kill(rig: EngineRig, asterisk: PrivateAsterisk) -> None:
    started = time.monotonic()
    report = rig.engine(durable=True).sync()
    took = time.monotonic() - started
    asterisk.kill()
    assert (report.exit_code, report.pbx[0].verified) == (0, True)
    assert took > 2
    asterisk.start()
    assert family(asterisk) == names(COUNT)


def test_a_restart_within_a_run_is_waited_for(rig: EngineRig, asterisk: PrivateAsterisk) -> None:
    struck = threading.Event()

    def strike(stage: str, done: int, total: int | None) -> None:
        if stage.endswith(": DBPut") and done and not struck.is_set():
            struck.set()
            asterisk.kill()
            asterisk.start()

    engine = rig.engine()
    engine._progress = strike
    report = engine.sync()
    assert struck.is_set()
    assert (report.exit_code, report.pbx[0].verified) == (0, True), report.pbx[0].error
    assert family(asterisk) == names(COUNT)


def test_a_run_is_put_back_to_the_last_byte(rig: EngineRig, asterisk: PrivateAsterisk) -> None:
    before = {"101": "Reception", "7495229000": "short", str(74952290000): "by hand \udcc8\udce2", "k/1": "a  b: c "}
    with direct(asterisk).open() as opened:
        opened.put(before.items())
    assert rig.engine().sync().exit_code == 0
    assert len(family(asterisk)) == COUNT + 3
    assert rig.engine().undo().exit_code == 0
    assert family(asterisk) == before
    assert rig.owned() == set()


def test_a_user_that_may_only_read_leaves_nothing_behind(rig: EngineRig, asterisk: PrivateAsterisk) -> None:
    rig.pbxs = [PatientPbx(direct(asterisk, "reader"), 30)]
    with pytest.raises(PbxRightsError):
        rig.engine().sync()
    assert (rig.owned(), rig.store.last_undoable(), family(asterisk)) == (set(), None, {})
