"""Following the calls of a PBX that does not let it: told once, however often it is tried."""

import logging
import threading
from typing import Any

import pytest

from astsync.lookup import call_listener
from astsync.lookup.call_listener import CallListener
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
