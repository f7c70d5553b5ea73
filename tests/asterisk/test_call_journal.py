"""The journal of calls on real Asterisks: what 1C gets is what was driven, each call once, whatever goes wrong."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from astsync.sandbox.asterisk import Installation
from astsync.sandbox.onec import OneC
from tests.asterisk.driven_calls import KINDS, Driver, JournalAsterisk, Serve, arrived, play, rig, told
from tests.eventually import eventually

Rig = tuple[JournalAsterisk, Driver, OneC, Serve]


def test_ten_kinds_of_calls_arrive_once_whatever_goes_wrong(any_installation: Installation, tmp_path: Path) -> None:
    with rig(any_installation, tmp_path) as rigged:
        _, driver, onec, serve = rigged
        play(rigged, 2 * len(KINDS), 0.1, lambda _words: None)
        eventually(lambda: arrived(onec) == driver.driven, 90)
        assert serve.log().count("they wait") <= 2  # one line for each process


ON_22 = pytest.mark.parametrize("any_installation", [22], indirect=True)


@pytest.fixture(params=["cdr", ""], ids=["by the PBX's records", "by its file alone"])
def without_events(request: pytest.FixtureRequest, any_installation: Installation, tmp_path: Path) -> Iterator[Rig]:
    with rig(any_installation, tmp_path, rights=request.param, linked=False) as rigged:
        yield rigged


@ON_22
def test_without_events_the_same_calls_are_found(without_events: Rig) -> None:
    _, driver, onec, serve = without_events
    for name in ("answered", "missed", "busy", "two at once"):
        driver.place(name)
    eventually(driver.quiet, 60)
    eventually(lambda: arrived(onec) == driver.driven, 90)
    assert '"gaps":[]' in serve.run("calls", "--format", "json").replace(" ", "").replace("\n", "")


@ON_22
def test_what_cannot_be_had_is_a_gap(any_installation: Installation, tmp_path: Path) -> None:
    with JournalAsterisk(any_installation) as asterisk, OneC(10) as onec:
        driver, serve = Driver(asterisk), Serve(tmp_path, asterisk, onec, records=False)
        serve.start()
        try:
            eventually(lambda: "following calls" in serve.log(), 60)
            driver.place("busy")
            eventually(lambda: arrived(onec) == driver.driven, 60)
            serve.end(signal.SIGKILL)
            lost = dict(driver.driven)
            driver.place("busy")
            eventually(driver.quiet, 60)
            serve.start()
            eventually(lambda: "may be missing" in serve.log(), 60)
            assert dict(told(list(onec.web.call_register.calls.values()))) == lost
            assert "may be missing" in serve.run("calls")
        finally:
            driver.close()
            serve.end(signal.SIGKILL)
