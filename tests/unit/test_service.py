"""The thread in which calls are answered: its start, end and pulse, a bug, the sockets."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from astsync.errors import ConfigError
from astsync.lookup import service as module
from astsync.lookup.listening import Listening
from astsync.lookup.service import Service
from tests.eventually import eventually


class Calls:
    """Stands for the faces: counts how often they were entered and left."""

    def __init__(self) -> None:
        self.entered = self.left = 0
        self.fails = 0
        self.within: Callable[[], None] = lambda: None

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        self.entered += 1
        if self.fails >= self.entered:
            raise ValueError("a bug")
        asyncio.get_running_loop().call_soon(self.within)
        try:
            yield
        finally:
            self.left += 1


def block(until: threading.Event) -> None:
    until.wait(30)


def started(answering: Callable[[], AbstractAsyncContextManager[object]]) -> Service:
    service = Service("serve", answering)
    service.start()
    return service


def test_it_answers_until_it_is_stopped() -> None:
    calls = Calls()
    service = started(calls.answering)
    eventually(lambda: calls.entered == 1)
    assert service.is_alive(300)
    assert calls.left == 0
    service.stop()
    assert service.join(5)
    assert (calls.entered, calls.left) == (1, 1)
    assert not service.is_alive(300)
    service.stop()  # a second word changes nothing


def test_a_service_that_is_stopped_before_its_loop_runs_ends() -> None:
    calls = Calls()
    service = Service("serve", calls.answering)
    service.stop()
    service.start()
    assert service.join(5)
    assert calls.entered == 0


def test_what_blocks_the_event_loop_takes_its_pulse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT", 0.01)
    calls, blocked = Calls(), threading.Event()
    calls.within = lambda: block(blocked)
    service = started(calls.answering)
    eventually(lambda: calls.entered == 1)
    eventually(lambda: not service.is_alive(0.2))
    assert service.is_alive(300)  # it is silent only for a moment yet
    blocked.set()
    eventually(lambda: service.is_alive(0.2))
    service.stop()
    assert service.join(5)


def test_silence_of_seconds_counts_whatever_others_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENCE", 0.2)
    monkeypatch.setattr(module, "BEAT", 0.01)
    calls, blocked = Calls(), threading.Event()
    calls.within = lambda: block(blocked)
    service = started(calls.answering)
    eventually(lambda: not service.is_alive(300))
    blocked.set()
    service.stop()
    assert service.join(5)


def test_after_a_bug_calls_are_answered_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "AGAIN", 0.01)
    calls = Calls()
    calls.fails = 2
    service = started(calls.answering)
    eventually(lambda: calls.entered == 3)
    service.stop()
    assert service.join(5)
    told = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.getMessage() for record in told] == ["serve: this is a bug; calls are answered again in 0 s"] * 2


def test_it_stops_also_while_it_rests_after_a_bug() -> None:
    calls = Calls()
    calls.fails = 1_000
    service = started(calls.answering)
    eventually(lambda: calls.entered == 1)
    begun = time.monotonic()
    service.stop()
    assert service.join(4)
    assert time.monotonic() - begun < module.AGAIN


def free_address() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{found.getsockname()[1]}"


def reached(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket() as asking:
        return asking.connect_ex((host, int(port))) == 0


def ports(listening: Listening) -> dict[str, int]:
    found = {}
    for key, each in listening.sockets().items():
        with each:
            found[key] = each.getsockname()[1]
    return found


@pytest.mark.server
def test_an_address_that_stays_is_listened_on_all_the_time() -> None:
    listening, agi, http, other = Listening(), free_address(), free_address(), free_address()
    listening.change({"agi": agi, "http": http})
    first = listening.sockets()
    assert (reached(agi), reached(http), reached(other)) == (True, True, False)
    listening.change({"agi": agi, "http": other})
    for each in first.values():
        each.close()
    assert (reached(agi), reached(http), reached(other)) == (True, False, True)
    assert ports(listening) == {"agi": int(agi[10:]), "http": int(other[10:])}
    listening.change({"agi": "", "http": ""})
    assert (reached(agi), reached(other), ports(listening)) == (False, False, {})


@pytest.mark.server
def test_addresses_may_be_exchanged() -> None:
    listening, agi, http = Listening(), free_address(), free_address()
    listening.change({"agi": agi, "http": http})
    listening.change({"agi": http, "http": agi})
    assert ports(listening) == {"agi": int(http[10:]), "http": int(agi[10:])}
    listening.close()
    assert (reached(agi), reached(http)) == (False, False)


@pytest.mark.server
def test_a_wider_address_of_the_own_port_needs_a_restart() -> None:
    listening, agi = Listening(), free_address()
    listening.change({"agi": agi})
    with pytest.raises(ConfigError, match="Address already in use") as told:
        listening.change({"agi": agi.replace("127.0.0.1", "0.0.0.0")})
    assert "restart it" in told.value.hint
    assert reached(agi)
    listening.close()


@pytest.mark.server
def test_a_port_that_is_taken_is_told_and_nothing_changes() -> None:
    listening, agi, http = Listening(), free_address(), free_address()
    listening.change({"agi": agi})
    with socket.create_server(("127.0.0.1", int(http[10:]))):
        with pytest.raises(ConfigError, match=f"serve.http: cannot listen on {http}: Address already in use") as told:
            listening.change({"agi": free_address(), "http": http})
        assert "one is enough" in told.value.hint
        assert told.value.exit_code == 2
        assert reached(agi)
        assert list(ports(listening)) == ["agi"]
    listening.close()
    assert not reached(agi)


@pytest.mark.server
@pytest.mark.parametrize(
    ("address", "cure"), [("192.0.2.1:4573", "`ip address`"), ("[2001:db8::1]:4573", "address that this machine has")]
)
def test_an_address_of_another_machine_is_told(address: str, cure: str) -> None:
    with pytest.raises(ConfigError, match=r"serve\.agi") as told:
        Listening().change({"agi": address})
    assert cure in told.value.hint or "Write another address" in told.value.hint


@pytest.mark.server
def test_ipv6_is_listened_on_beside_ipv4() -> None:
    listening = Listening()
    port = free_address()[10:]
    try:
        listening.change({"agi": f"[::1]:{port}", "http": f"127.0.0.1:{port}"})
    except ConfigError:
        pytest.skip("no IPv6 here")
    assert reached(f"127.0.0.1:{port}")
    listening.close()
