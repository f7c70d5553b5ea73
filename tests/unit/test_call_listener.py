"""Following the calls of a PBX that does not let it: told once, however often it is tried."""

import logging
import threading
from contextlib import nullcontext
from datetime import datetime
from typing import Any

import pytest

from astsync.lookup import call_listener
from astsync.lookup.call_listener import CallListener, KeepsNothing
from astsync.pbx.connection import AmiConnection
from astsync.pbx.second_session import is_only_session
from astsync.sandbox.ami.ami_standin import AmiStandIn
from astsync.watch.clock import Clock
from tests.eventually import eventually
from tests.unit.test_call_tracker import HOUSE
from tests.unit.test_opened import config

pytestmark = pytest.mark.server


class _Losses:
    """Hears of lost connections alone."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def lost(self, _pbx: str) -> None:
        with self._lock:
            self.count += 1

    def __getattr__(self, _name: str) -> Any:
        return lambda *_: None


class _Notes(KeepsNothing):
    """Keeps what is told of the time that was heard."""

    def __init__(self) -> None:
        self.began_at: list[datetime] = []
        self.whole: list[bool] = []

    def began(self, pbx: str, at: datetime) -> None:
        self.began_at.append(at)

    def heard(self, pbx: str, at: datetime, *, whole: bool) -> None:
        self.whole.append(whole)


@pytest.mark.parametrize("taken", [True, False], ids=["watch has it", "nobody has it"])
def test_the_only_session_of_a_user_is_left_to_others(taken: bool, caplog: pytest.LogCaptureFixture) -> None:
    heard, notes = _Losses(), _Notes()
    with AmiStandIn(one_session=True) as pbx:
        listener = CallListener(config(pbx), HOUSE, heard, notes, clock=Clock(2_000.0))
        with AmiConnection(config(pbx)) if taken else nullcontext():
            listener.start()
            eventually(lambda: heard.count >= 3)
        try:
            for _ in range(3):  # it is free nearly all the time
                eventually(lambda: not is_only_session(config(pbx)))
        finally:
            listener.stop()
            assert listener.join(20)
    (told,) = [one.getMessage() for one in caplog.records if one.name == call_listener.__name__]
    assert "calls are not followed: the PBX allows this user one session" in told
    assert "`allowmultiplelogin = yes`" in told
    assert len(notes.began_at) == 1  # what is over is looked for in the PBX's file from then on
    assert set(notes.whole) == {False}


def test_calls_are_followed_once_a_second_session_is_allowed(caplog: pytest.LogCaptureFixture) -> None:
    heard = _Losses()
    with AmiStandIn(one_session=True) as pbx:
        listener = CallListener(config(pbx), HOUSE, heard, clock=Clock(2_000.0))
        listener.start()
        try:
            eventually(lambda: heard.count >= 2)
            pbx.one_session = False
            eventually(lambda: "CoreShowChannels" in pbx.actions)
        finally:
            listener.stop()
            assert listener.join(20)


def test_a_list_of_channels_that_is_refused_each_time_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    heard = _Losses()
    with caplog.at_level(logging.INFO), AmiStandIn() as pbx:
        listener = CallListener(config(pbx), HOUSE, heard, clock=Clock(100.0))
        listener.start()
        try:
            eventually(lambda: heard.count >= 4)
        finally:
            listener.stop()
            assert listener.join(20)
    told = [one for one in caplog.records if one.name == call_listener.__name__]
    assert [one.levelname for one in told] == ["WARNING"]
