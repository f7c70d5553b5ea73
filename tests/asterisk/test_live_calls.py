"""Calls in progress on real Asterisks: by events, by looking at the channels, and from before anybody listened."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from astsync.calls.model import CallResult, Direction, Evidence, Following, LiveCall, PastCall, Stage
from astsync.calls.tracker import House
from astsync.config import PbxConfig
from astsync.errors import PbxError, PbxSessionTaken
from astsync.lookup.call_listener import CallListener, KeepsNothing
from astsync.lookup.check_events import check_events
from astsync.parts import Parts
from astsync.pbx.connection import AmiConnection
from astsync.pbx.second_session import CURE
from astsync.sandbox.asterisk import Installation, PrivateAsterisk
from astsync.sandbox.asterisk.conf_files import ManagerUser
from astsync.sources import CONFIG
from astsync.watch.clock import Clock
from tests.eventually import eventually

CALLER = "74955550140"
HOUSE = House(
    lambda number: number.isdecimal() and len(number) < 6, lambda number: number.lstrip("+"), ("MIXMONITOR_FILENAME",)
)
# Phones that pick up at once, that never do, that are busy; a group of two.
DIALPLAN = """
[from-carrier]
exten => 100,1,Dial(Local/201@desks/n,10)
exten => 200,1,Dial(Local/202@desks/n,10)
exten => 300,1,Dial(Local/203@desks/n,10)
exten => 400,1,Dial(Local/201@desks/n&Local/202@desks/n,10)
[desks]
exten => 201,1,Answer()
 same => n,Wait(60)
exten => 202,1,Ringing()
 same => n,Wait(60)
exten => 203,1,Busy(1)
"""


class Kept(KeepsNothing):
    """Keeps the calls that are over."""

    def __init__(self) -> None:
        self.calls: list[PastCall] = []

    def ended(self, call: PastCall, evidence: Evidence) -> None:
        self.calls.append(call)


class Heard:
    """What a listener told."""

    def __init__(self) -> None:
        self.calls: dict[str, LiveCall] = {}
        self.stages: list[Stage] = []
        self.kept = Kept()
        self.lost_pbxs: list[str] = []
        self.ways: list[Following] = []

    @property
    def ended(self) -> list[PastCall]:
        return self.kept.calls

    def moved(self, call: LiveCall) -> None:
        self.calls[call.id] = call
        self.stages.append(call.stage)

    def over(self, call_id: str) -> None:
        self.calls.pop(call_id, None)

    def follows(self, _pbx: str, way: Following) -> None:
        self.ways.append(way)

    def lost(self, pbx: str) -> None:
        self.calls.clear()
        self.lost_pbxs.append(pbx)


@contextmanager
def listening(asterisk: PrivateAsterisk, user: str) -> Iterator[Heard]:
    values = {"name": "office", "host": asterisk.host, "port": asterisk.port, "user": user}
    config = PbxConfig.model_validate({**values, "secret": asterisk.secret_of(user)})
    heard = Heard()
    listener = CallListener(config, HOUSE, heard, heard.kept)
    listener.start()
    try:
        eventually(lambda: heard.ways != [])  # the first list was read: what begins now is heard from its beginning
        yield heard
    finally:
        listener.stop()
        assert listener.join(20)


@pytest.fixture(scope="module")
def asterisk(any_installation: Installation) -> Iterator[PrivateAsterisk]:
    users = (ManagerUser("hears", "system", "call"), ManagerUser("looks", "system", ""))
    with PrivateAsterisk(any_installation, users=users, dialplan=DIALPLAN, modules=["bridge_simple"]) as started:
        yield started


def no_channels(asterisk: PrivateAsterisk) -> bool:
    return re.search(r"(?m)^0 active channels", asterisk.console("core show channels")) is not None


@contextmanager
def call(asterisk: PrivateAsterisk, called: str) -> Iterator[None]:
    """A call from outside, until the end of the context."""

    def place() -> None:
        try:
            asterisk.call(CALLER, context="from-carrier", called=called, wait=60)
        except (PbxError, OSError):  # its Asterisk may be gone by then, with its log
            return

    thread = threading.Thread(target=place, daemon=True)
    thread.start()
    try:
        yield
    finally:
        asterisk.console("channel request hangup all")
        eventually(lambda: no_channels(asterisk))


@pytest.mark.parametrize("user", ["hears", "looks"])
def test_a_call_rings_and_is_over(asterisk: PrivateAsterisk, user: str) -> None:
    with listening(asterisk, user) as heard:
        with call(asterisk, "200"):
            eventually(lambda: heard.calls != {}, 30)
            (told,) = heard.calls.values()
            assert (told.direction, told.phone, told.stage) == (Direction.INCOMING, CALLER, Stage.RINGING)
            assert (told.rung, told.extension, told.did) == (("202",), "202", "200")
        eventually(lambda: heard.calls == {}, 30)
    assert [call.result for call in heard.ended] == ([CallResult.MISSED] if user == "hears" else [])
    assert heard.ways[0] is Following.QUIET
    assert (Following.CHANNELS in heard.ways) is (user == "looks")


@pytest.mark.parametrize("user", ["hears", "looks"])
def test_of_a_group_one_talks(asterisk: PrivateAsterisk, user: str) -> None:
    with listening(asterisk, user) as heard:
        with call(asterisk, "400"):
            eventually(lambda: Stage.TALKING in heard.stages, 30)
            (told,) = heard.calls.values()
            assert (told.extension, told.rung) == ("201", ())
        eventually(lambda: heard.calls == {}, 30)
    assert [(call.extension, call.result) for call in heard.ended] == (
        [("201", CallResult.ANSWERED)] if user == "hears" else []
    )


@pytest.mark.parametrize("called", ["100", "200"])
def test_a_call_that_began_before_is_known(asterisk: PrivateAsterisk, called: str) -> None:
    with call(asterisk, called):
        eventually(lambda: not no_channels(asterisk))
        with listening(asterisk, "hears") as heard:
            eventually(lambda: heard.calls != {}, 30)
            (told,) = heard.calls.values()
            assert told.stage is (Stage.TALKING if called == "100" else Stage.RINGING)
            assert told.phone == CALLER
            asterisk.console("channel request hangup all")
            eventually(lambda: heard.ended != [], 30)
    assert heard.ended[0].result is (CallResult.ANSWERED if called == "100" else CallResult.MISSED)


def test_a_busy_phone_is_told(asterisk: PrivateAsterisk) -> None:
    with listening(asterisk, "hears") as heard, call(asterisk, "300"):
        eventually(lambda: heard.ended != [], 30)
    assert [(call.result, call.extension) for call in heard.ended] == [(CallResult.BUSY, "203")]


def test_a_pbx_that_restarts_is_listened_to_again(asterisk: PrivateAsterisk) -> None:
    with listening(asterisk, "hears") as heard:
        asterisk.restart()
        eventually(lambda: "hears" in asterisk.console("manager show connected"), 60)
        assert "office" in heard.lost_pbxs
        with call(asterisk, "200"):
            eventually(lambda: heard.calls != {}, 30)


def test_the_only_session_of_a_user_is_left_to_others(any_installation: Installation, tmp_path: Path) -> None:
    users = (ManagerUser("hears", "system", "call"),)
    with PrivateAsterisk(any_installation, users=users, dialplan=DIALPLAN, one_session=True) as alone:
        values = {"name": "office", "host": alone.host, "port": alone.port, "user": "hears"}
        config = PbxConfig.model_validate({**values, "secret": alone.secret_of("hears")})
        heard = Heard()
        listener = CallListener(config, HOUSE, heard, heard.kept, clock=Clock(60))
        listener.start()
        try:
            eventually(lambda: len(heard.lost_pbxs) >= 2, 60)
            eventually(lambda: session_is_free(config), 30)
            assert heard.ways == []
        finally:
            listener.stop()
            assert listener.join(20)
        serve = {"calls": {"follow": True}}
        source = {"url": "http://1c.example.local/trade"}
        pbx = {**values, "secret": alone.secret_of("hears")}
        parts = Parts(CONFIG.model_validate({"source": source, "pbx": [pbx], "serve": serve}), tmp_path / "store")
        (finding,) = check_events(parts, config)
        assert (finding.good, finding.hint) == (False, CURE)


def session_is_free(config: PbxConfig) -> bool:
    try:
        with AmiConnection(config):
            return True
    except PbxSessionTaken:
        return False
