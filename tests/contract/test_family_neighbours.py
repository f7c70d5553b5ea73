"""Tree operations of Asterisk use SQL LIKE; a family's neighbours must not be seen or touched."""

from collections.abc import Iterator

import pytest

from astsync.pbx.astdb import AmiPbx
from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.asterisk import PrivateAsterisk
from tests.contract.test_family import pbx_config

FAMILIES = {"t_x": "own", "tAx": "wildcard", "T_X": "case", "t_xy": "longer", "t_": "shorter"}


@pytest.fixture(params=["1.8", "13", "16", "22", "asterisk16", "asterisk22"])
def place(request: pytest.FixtureRequest) -> Iterator[tuple[int, str, str]]:
    if request.param.startswith("asterisk"):
        asterisk: PrivateAsterisk = request.getfixturevalue(request.param)
        yield asterisk.port, asterisk.user, asterisk.secret
        return
    with AmiStandIn(request.param) as standin:
        yield standin.port, standin.user, standin.secret


def test_neighbours_are_neither_seen_nor_touched(place: tuple[int, str, str]) -> None:
    pbxs = {family: AmiPbx(pbx_config(*place), family) for family in FAMILIES}
    for family, pbx in pbxs.items():
        with pbx.open() as opened:
            opened.put([("1", FAMILIES[family])])
    with pbxs["t_x"].open() as opened:
        assert opened.read() == {"1": "own"}
        opened.delete(["1"])
        assert opened.read() == {}
    for family, pbx in pbxs.items():
        with pbx.open() as opened:
            assert opened.read() == ({} if family == "t_x" else {"1": FAMILIES[family]})
            opened.delete(["1"])
