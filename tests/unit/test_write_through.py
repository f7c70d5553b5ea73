"""Learnt names go into the store at once and to every PBX after; nothing holds up a call, or the other PBXs."""

import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import cast

import pytest

from astsync.engine.result import Applied, PbxReport
from astsync.errors import AstsyncError, LockedError, PbxConnectionLost, PbxLoginError, StoreError
from astsync.pbx import Pbx
from astsync.stopping import Stopping
from astsync.watch import write_through as module
from astsync.watch.clock import Clock
from astsync.watch.write_through import WriteThrough
from tests.eventually import eventually


class Place:
    """Stands for the store and the PBXs; each may fail as ``faults`` says, by name."""

    def __init__(self, *names: str) -> None:
        self.stored: dict[str, str] = {}
        self.pbxs: dict[str, dict[str, str]] = {name: {} for name in names}
        self.faults: dict[str, AstsyncError] = {}
        self.tries: dict[str, int] = dict.fromkeys(names, 0)
        self.gate = threading.Event()
        self.gate.set()

    def save(self, names: Mapping[str, str]) -> None:
        self.gate.wait(30)
        self._fail("store")
        self.stored |= names

    def write(self, pbx: Pbx, keys: Collection[str], beat: Callable[[], None]) -> PbxReport | None:
        beat()
        self._fail("lock")
        if "partly" in self.faults:
            return PbxReport(pbx.name, error=self.faults["partly"])
        self.pbxs[pbx.name] |= {key: self.stored[key] for key in keys}
        return PbxReport(pbx.name, applied=Applied(add=len(keys)))

    def _fail(self, what: str) -> None:
        self.tries[what] = self.tries.get(what, 0) + 1
        if what in self.faults:
            raise self.faults[what]

    @contextmanager
    def lend(self, name: str, _: Stopping) -> Iterator[Pbx]:
        self._fail(name)
        yield cast("Pbx", Named(name))


@dataclass
class Named:
    """A PBX of which nothing is asked but its name."""

    name: str


@contextmanager
def writing(place: Place, speed: float = 1.0) -> Iterator[WriteThrough]:
    lines = {name: partial(place.lend, name) for name in place.pbxs}
    thread = WriteThrough(place, lines, Clock(speed))
    thread.start()
    try:
        yield thread
    finally:
        place.gate.set()
        thread.stop()
        assert thread.join(5)


def test_a_name_is_stored_and_written_to_every_pbx() -> None:
    place = Place("office", "branch")
    with writing(place) as thread:
        thread.learn(("74955550101", "84955550101"), "Romashka")
        wanted = {"74955550101": "Romashka", "84955550101": "Romashka"}
        eventually(lambda: place.pbxs == {"office": wanted, "branch": wanted})
        assert place.stored == wanted


def test_names_that_are_stored_already_are_written_and_not_stored_again() -> None:
    place = Place("office")
    place.stored = {"1": "One"}
    with writing(place) as thread:
        thread.hand_on(["1"])
        eventually(lambda: place.pbxs == {"office": {"1": "One"}})
    assert "store" not in place.tries


def test_a_pbx_that_is_away_holds_up_no_other_and_gets_its_names_later(caplog: pytest.LogCaptureFixture) -> None:
    place = Place("away", "office")
    place.faults["away"] = PbxConnectionLost("away: no connection")
    with writing(place, speed=1000) as thread:
        thread.learn(("1",), "One")
        eventually(lambda: place.pbxs["office"] == {"1": "One"})
        thread.learn(("2",), "Two")
        eventually(lambda: place.pbxs["office"] == {"1": "One", "2": "Two"})
        eventually(lambda: place.tries["away"] > 5)
        assert place.pbxs["away"] == {}
        del place.faults["away"]
        eventually(lambda: place.pbxs["away"] == {"1": "One", "2": "Two"})
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert told == ["away: names told online wait: no connection"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("lock", LockedError("another run")),
        ("office", PbxLoginError("refused")),
        ("partly", PbxConnectionLost("lost")),
        ("store", StoreError("the disk is full")),
    ],
)
def test_what_fails_is_tried_again_less_and_less_often(fault: str, error: AstsyncError) -> None:
    place = Place("office")
    place.faults[fault] = error
    with writing(place, speed=1000) as thread:
        thread.learn(("1",), "One")
        eventually(lambda: sum(place.tries.values()) > 4)
        assert place.pbxs["office"] == {}
        place.faults.clear()
        eventually(lambda: place.pbxs["office"] == {"1": "One"})


def test_a_refused_login_is_no_attack() -> None:
    line = module._Line("office", partial(Place("office").lend, "office"))
    line.later(PbxLoginError("refused"), 100)
    assert line.due >= 100 + 0.8 * 60
    line.later(PbxLoginError("refused"), 200)
    assert line.due >= 200 + 0.8 * 120


def test_names_that_come_soon_after_a_run_make_one_more_run_together() -> None:
    place = Place("office")
    with writing(place) as thread:
        thread.learn(("1",), "One")
        eventually(lambda: place.pbxs["office"] == {"1": "One"})
        thread.learn(("2",), "Two")
        thread.learn(("3",), "Three")
        eventually(lambda: set(place.stored) == {"1", "2", "3"})
        assert place.tries["office"] == 1
        assert thread._left() > module.BREATH - 10


def test_many_names_go_in_batches_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 10)
    place = Place("office")
    place.gate.clear()
    with writing(place) as thread:
        for number in range(95):
            thread.learn((str(number),), "One")
        place.gate.set()
        eventually(lambda: len(place.pbxs["office"]) == 95)
        assert place.tries["lock"] in (10, 11)


def test_learning_never_waits_and_keeps_no_more_than_so_many(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MOST", 100)
    place = Place("office")
    place.gate.clear()
    with writing(place) as thread:
        thread.learn(("7", "8"), "One")
        eventually(lambda: thread._learnt == {})  # the thread hangs in the store
        for number in range(1_000):
            thread.learn((f"7{number}", f"8{number}"), "One")
        assert len(thread._learnt) <= 100
        place.gate.set()
        eventually(lambda: thread._learnt == {} and len(place.stored) > 2)
    assert len(place.stored) == 102
    told = [record.getMessage() for record in caplog.records if "no more are kept" in record.getMessage()]
    assert len(told) == 1


def test_what_waits_for_a_pbx_is_bounded(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    line = module._Line("office", partial(Place("office").lend, "office"))
    line.add(["1", "2"])
    line.add(["2", "3", "4", "5"])
    line.add(["6"])
    assert list(line.keys) == ["1", "2", "3"]
    assert [record.getMessage() for record in caplog.records] == [
        "office: 3 names wait already; the next sync writes the others"
    ]


def test_what_was_learnt_is_stored_before_the_end() -> None:
    place = Place()
    thread = WriteThrough(place, {}, Clock())
    thread.learn(("1",), "One")
    thread.stop()
    thread.start()
    assert thread.join(5)
    assert place.stored == {"1": "One"}


def test_a_stop_ends_the_wait_for_a_connection() -> None:
    place, waits = Place("office"), threading.Event()

    @contextmanager
    def lend(stopping: Stopping) -> Iterator[Pbx]:
        waits.set()
        if stopping.wait(30):
            raise PbxConnectionLost("office: the run must end")
        yield cast("Pbx", Named("office"))

    thread = WriteThrough(place, {"office": lend}, Clock())
    thread.start()
    thread.learn(("1",), "One")
    assert waits.wait(10)
    thread.stop()
    assert thread.join(5)
