"""How often a PBX is connected to that gives no rest: a minute of ``watch`` and of a run, in virtual time."""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from astsync.engine.result import Report
from astsync.errors import (
    PbxConnectionLost,
    PbxError,
    PbxLoginError,
    PbxSessionTaken,
    PbxTimeout,
    PbxUnreachable,
)
from astsync.pbx import patient, retry
from astsync.pbx.patient import PatientPbx
from astsync.stopping import NEVER, Stopping
from astsync.watch import guard
from astsync.watch.clock import Clock
from astsync.watch.guard import Guard
from astsync.watch.loop import Stopped
from tests.memory_pbx import MemoryFamily, MemoryPbx

TRY = 0.005  # seconds that a try takes in a LAN
TIMEOUT = 5.0  # seconds of a PBX that takes connections and says nothing
LOST = PbxConnectionLost("office: the PBX closed the AMI connection")


class Virtual(Clock):
    """Time that passes only by waiting. At ``end`` the loop that waits is stopped."""

    def __init__(self, end: float) -> None:
        super().__init__()
        self.time = 0.0
        self.end = end
        self.breaks: Callable[[], None] = lambda: None
        self.breaks_at = math.inf

    def now(self) -> float:
        return self.time

    def spend(self, seconds: float) -> None:
        self.time += seconds

    def wait(self, event: threading.Event, seconds: float) -> None:
        if event.is_set():
            return
        until = self.time + max(seconds, 0)
        if until >= self.breaks_at:
            self.time, self.breaks_at = max(self.breaks_at, self.time), math.inf
            self.breaks()
            return
        self.time = until
        if self.time >= self.end:
            raise Stopped


class Flaky:
    """A PBX of which each connection ends at one stage. ``tries`` are the moments at which it was connected to."""

    def __init__(self, clock: Virtual, stage: str) -> None:
        self.clock = clock
        self.stage = stage
        self.tries: list[float] = []
        self.seen: list[float] = []  # the moments at which a restart was seen
        self.starts = 0.0

    def connection(self, _config: object, *, on_end: Callable[[], None], events: str) -> "FlakyAmi":
        assert events == "system"
        return FlakyAmi(self, on_end)

    def begin(self) -> None:
        """Take a connection, or not; raise where it ends before a session came of it."""
        self.tries.append(self.clock.time)
        self.clock.spend(TIMEOUT if self.stage == "mute" else TRY)
        errors: dict[str, PbxError] = {
            "refused": PbxUnreachable("office: refused"),
            "mute": PbxTimeout("office: no answer for 5 s"),
            "before the banner": PbxUnreachable("office: closed", answered=True),
            "after the banner": LOST,
            "taken": PbxSessionTaken("office: Login Already In Use"),
            "refused login": PbxLoginError("office: Authentication failed"),
        }
        if self.stage in errors:
            raise errors[self.stage]
        if self.stage == "restarts" and self.clock.time % 20 < 4:  # every 20 s, down for 4 s
            raise PbxUnreachable("office: refused")


class FlakyAmi:
    """One connection to it, as ``AmiConnection`` is to the guard."""

    def __init__(self, pbx: Flaky, on_end: Callable[[], None]) -> None:
        self.config = SimpleNamespace(name="office")
        self.client = SimpleNamespace(add_event_listener=lambda *_, **__: None)
        self._pbx = pbx
        self._on_end = on_end
        self._lost = False
        self._looked = False

    def open(self) -> None:
        self._pbx.begin()
        if self._pbx.stage == "restarts":
            clock = self._pbx.clock
            clock.breaks, clock.breaks_at = self.end, (clock.time // 20 + 1) * 20
            self._pbx.seen.append(clock.time % 20 - 4)

    def started(self) -> str:
        if self._lost or self._pbx.stage == "after the login":
            raise LOST
        return str(self._pbx.clock.time // 20) if self._pbx.stage == "restarts" else "always the same"

    def check(self) -> None:
        if self._lost:
            raise LOST

    def disconnect(self) -> None:
        self._pbx.clock.breaks_at = math.inf

    def end(self) -> None:
        self._lost = True
        self._on_end()


class Runs:
    """Restores that find all in step; where the connections end after the first action, they are lost."""

    def __init__(self, pbx: Flaky) -> None:
        self._pbx = pbx

    def restore(self, pbxs: tuple[object], _: object) -> Report | None:
        if self._pbx.stage == "after the first action":
            (held,) = pbxs
            held._connection.end()  # type: ignore[attr-defined]
            raise LOST
        return None


def tries_of_watch(monkeypatch: pytest.MonkeyPatch, stage: str, seconds: float) -> Flaky:
    clock = Virtual(seconds)
    pbx = Flaky(clock, stage)
    monkeypatch.setattr(guard, "AmiConnection", pbx.connection)
    turns = SimpleNamespace(take=lambda _, run: run())
    config = SimpleNamespace(name="office", config=None, family="cidname")
    loop = Guard(config, Runs(pbx), turns, clock, lambda: None)  # type: ignore[arg-type]
    with pytest.raises(Stopped):
        loop.work()
    return pbx


@pytest.mark.parametrize(
    ("stage", "soon", "minute"),
    [
        ("refused", 70, 450),  # the cheapest try: nothing listens
        ("mute", 1, 13),
        ("before the banner", 14, 22),
        ("after the banner", 14, 22),
        ("after the login", 14, 22),
        ("after the first action", 7, 12),
        ("taken", 2, 6),
        ("refused login", 1, 2),
    ],
)
def test_watch_connects_in_growing_pauses_to_a_pbx_that_ends_each_connection(
    monkeypatch: pytest.MonkeyPatch, stage: str, soon: int, minute: int
) -> None:
    tries = tries_of_watch(monkeypatch, stage, 60).tries
    assert 1 <= sum(at < 5 for at in tries) <= soon
    assert len(tries) <= minute
    assert tries_of_watch(monkeypatch, stage, 3600).tries[-1] > 3000, "it is tried for ever"


def test_watch_finds_a_pbx_that_restarts_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pbx = tries_of_watch(monkeypatch, "restarts", 400)
    assert len(pbx.seen) == 20
    assert max(pbx.seen[1:]) < 0.6


def test_a_session_that_broke_off_is_found_free_within_a_minute() -> None:
    at = 0.0
    while at < 900:
        pause = retry.pause_while_away(at, PbxSessionTaken("office: Login Already In Use"))
        assert 5 <= pause <= 60
        at += pause


class Waits:
    """The end of a run that never comes; its waits pass at once, in virtual time."""

    def __init__(self, clock: Virtual) -> None:
        self._clock = clock

    def is_set(self) -> bool:
        return False

    def wait(self, seconds: float) -> bool:
        self._clock.spend(seconds)
        return False


class FlakyPbx(MemoryPbx):
    """A PBX of which each connection ends at one stage, or lives ``lives`` seconds."""

    def __init__(self, clock: Virtual, stage: str, lives: float = 0.0) -> None:
        super().__init__("office")
        self.flaky = Flaky(clock, stage)
        self.lives = lives

    @contextmanager
    def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
        self.flaky.begin()
        yield FlakyFamily(self)


class FlakyFamily(MemoryFamily):
    def __init__(self, pbx: FlakyPbx) -> None:
        super().__init__({})
        self._pbx = pbx

    def read(self, *_: object) -> dict[str, str]:
        self._pbx.flaky.clock.spend(self._pbx.lives)
        raise LOST


@pytest.mark.parametrize(
    ("stage", "lives", "least", "most"),
    [
        ("refused", 0, 5, 8),
        ("after the banner", 0, 5, 8),
        ("after the first action", 0, 8, 13),
        ("after a while", 2.5, 6, 13),
    ],
)
def test_a_run_connects_in_growing_pauses_to_a_pbx_that_ends_each_connection(
    monkeypatch: pytest.MonkeyPatch, stage: str, lives: float, least: int, most: int
) -> None:
    clock = Virtual(math.inf)
    monkeypatch.setattr(patient, "time", SimpleNamespace(monotonic=clock.now))
    pbx = FlakyPbx(clock, stage, lives)
    with pytest.raises(PbxError), PatientPbx(pbx, 30).open(Waits(clock)) as family:  # type: ignore[arg-type]
        family.read()
    assert least <= len(pbx.flaky.tries) <= most
    assert clock.time < 40
