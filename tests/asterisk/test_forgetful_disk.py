"""An Asterisk whose disk does not keep what it confirms, made by a limit on the size of its files."""

import resource
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from astsync.config import PbxConfig
from astsync.errors import PbxForgot
from astsync.pbx.astdb import AmiPbx
from astsync.sandbox.asterisk import Installation, PrivateAsterisk
from astsync.setup.check import memory_of
from astsync.store import Store
from tests.eventually import eventually
from tests.unit.engine_rig import FAMILY, EngineRig, names

OLD, NEW = 2_000, 500


@pytest.fixture
def asterisk(any_installation: Installation) -> Iterator[PrivateAsterisk]:
    with PrivateAsterisk(any_installation) as started:
        yield started


@pytest.fixture
def rig(tmp_path: Path, asterisk: PrivateAsterisk) -> Iterator[EngineRig]:
    secret = SecretStr(asterisk.secret)
    config = PbxConfig(name="office", host=asterisk.host, port=asterisk.port, user=asterisk.user, secret=secret)
    with closing(Store(tmp_path / "store.sqlite3")) as store:
        made = EngineRig(store)
        made.pbxs = [AmiPbx(config, FAMILY)]
        yield made


def limit(asterisk: PrivateAsterisk, size: int) -> None:
    """Let no file of the running Asterisk grow over so many bytes."""
    if not hasattr(resource, "prlimit"):
        pytest.skip("NOT TESTED: no disk can be made full here, as this system has no prlimit")
    try:
        resource.prlimit(asterisk.pid or 0, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    except PermissionError as error:
        pytest.skip(f"NOT TESTED: no disk can be made full here: {error}")


def held(rig: EngineRig) -> int:
    with rig.pbxs[0].open() as family:
        return len(family.read())


def test_what_is_confirmed_and_gone_is_told_until_it_stays(rig: EngineRig, asterisk: PrivateAsterisk) -> None:
    rig.source.names = names(OLD)
    assert rig.engine(durable=True).sync().exit_code == 0
    limit(asterisk, asterisk.database.stat().st_size)
    rig.source.names = names(OLD + NEW)
    first = rig.engine().sync()
    assert first.exit_code in {0, 5}, "5 where the machine is so slow that the commit failed before it was read again"
    eventually(lambda: held(rig) < OLD + NEW)
    second = rig.engine().sync()
    assert (second.exit_code, second.pbx[0].verified) == (5, False)
    assert isinstance(second.pbx[0].error, PbxForgot)
    assert second.pbx[0].missed is not None
    assert held(rig) < OLD + NEW
    logs = "".join(log.read_text(errors="replace") for log in (asterisk.folder / "log").glob("messages.log*"))
    assert "db.c: Error executing SQL (COMMIT): disk I/O error" in logs
    remember = memory_of(rig.store.path, "office", FAMILY)
    assert remember is not None
    finding = remember({}, second.pbx[0].missed.trace.started)
    assert finding is not None
    assert finding.good is False
    limit(asterisk, resource.RLIM_INFINITY)
    third = rig.engine().sync()
    assert (third.exit_code, third.pbx[0].verified, held(rig)) == (0, True, OLD + NEW)
    assert rig.store.trace("office", FAMILY) is None
