"""Keys in the family that AMI cannot name, as the console writes them: they stay, and no run fails for them."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from astsync.config import PbxConfig
from astsync.pbx.astdb import PATH_LIMIT, AmiPbx
from astsync.sandbox.asterisk import PrivateAsterisk
from astsync.store import Store
from tests.unit.engine_rig import EngineRig, names

FAMILY = "unnameable"
LONG = "k" * (PATH_LIMIT - len(f"/{FAMILY}/"))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[EngineRig]:
    with closing(Store(tmp_path / "store.sqlite3")) as store:
        yield EngineRig(store)


@pytest.fixture
def pbx(any_asterisk: PrivateAsterisk) -> AmiPbx:
    secret = SecretStr(any_asterisk.secret)
    host, port, user = any_asterisk.host, any_asterisk.port, any_asterisk.user
    return AmiPbx(PbxConfig(name="office", host=host, port=port, user=user, secret=secret, timeout=20), FAMILY)


def test_they_stay_and_what_can_be_named_goes(rig: EngineRig, pbx: AmiPbx, any_asterisk: PrivateAsterisk) -> None:
    any_asterisk.console(f'database put {FAMILY} " lead" x')
    any_asterisk.console(f'database put {FAMILY} "" x')
    any_asterisk.console(f"database put {FAMILY} {LONG}k x")  # stored by 22 alone
    with pbx.open() as family:
        family.put([("\udcc8 bytes", "x"), (LONG, "x"), ("trail ", "x")])
        strange = {key for key in family.read() if key not in {"\udcc8 bytes", LONG, "trail "}}
        assert {" lead", ""} <= strange
        assert family.unnameable(family.read()) == strange
    rig.pbxs = [pbx]
    rig.options = replace(rig.options, family=FAMILY, foreign="delete")
    for _ in range(2):
        report = rig.engine().sync()
        assert (report.exit_code, report.pbx[0].verified) == (0, True), report.pbx[0].error
        assert report.pbx[0].plan is not None
        assert set(report.pbx[0].plan.unnameable) == strange
    with pbx.open() as family:
        assert family.read() == {**names(20), **dict.fromkeys(strange, "x")}
