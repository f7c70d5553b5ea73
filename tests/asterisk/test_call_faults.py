"""A call goes on in time and keeps its name, whatever becomes of ``astsync serve``."""

from collections.abc import Iterator

import pytest

from astsync.sandbox.asterisk import Installation, RingingAsterisk
from tests.asterisk.call_faults import CARRIER, FAULTS, NAME, ServerProcess, outcomes
from tests.asterisk.ways import ringing
from tests.eventually import eventually

BOUNDS = {"astdb": 0.0, "curl": 1.5, "agi": 2.0}
"""Seconds that the examples allow: none, ``httptimeout``, the time-out of Dial."""
BUSY = 2.5
"""Seconds that a busy machine may add."""
NAMED = {"answers", "answers after 0.8 s", "restarted during a call: the next one"}


@pytest.fixture(scope="module")
def server() -> ServerProcess:
    return ServerProcess()


@pytest.fixture(scope="module")
def asterisk(any_installation: Installation, server: ServerProcess) -> Iterator[RingingAsterisk]:
    with ringing(any_installation, server.agi, server.http) as started:
        yield started


@pytest.mark.parametrize("fault", FAULTS)
def test_a_call_rings_in_time_with_its_name_whatever_the_server_does(
    asterisk: RingingAsterisk, server: ServerProcess, fault: str
) -> None:
    found = outcomes(asterisk, server, fault, list(BOUNDS))
    late = {way: each for way, each in found.items() if each.seconds is None or each.seconds > BOUNDS[way] + BUSY}
    assert late == {}
    told = NAME if fault in NAMED else CARRIER
    assert {way: each.name for way, each in found.items()} == {"astdb": CARRIER, "curl": told, "agi": told}


def test_no_channel_stays_behind_a_frozen_server(asterisk: RingingAsterisk, server: ServerProcess) -> None:
    outcomes(asterisk, server, "stopped (SIGSTOP)", ["curl", "agi"])
    eventually(lambda: "0 active channels" in asterisk.console("core show channels"))
