"""Who may connect, and how often: the gate by a clock of the test's own, and the entrance on real sockets."""

import asyncio
import errno
import ipaddress
import logging
import os
import resource
import socket
import time

import pytest

from astsync.lookup import gate as gates
from astsync.lookup.figures import Figures
from astsync.lookup.gate import Gate, Refusal, connections_possible, listen, plain_address
from tests.unit.faces import LOOPBACK, Faces, environment, play

A, B, C = "127.0.0.1", "127.0.0.2", "127.0.0.3"


class At:
    """A clock that stands still."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def gate(rate: float = 2, most: int = 10, *networks: str) -> tuple[Gate, At]:
    clock = At()
    allowed = [ipaddress.ip_network(each) for each in networks] or LOOPBACK
    return Gate(allowed, rate, Figures(), most=most, clock=clock), clock


@pytest.mark.parametrize(
    ("address", "refusal"),
    [
        ("127.0.0.1", None), ("192.0.2.10", None), ("192.0.2.11", Refusal.NETWORK), ("::1", None),
        ("::2", Refusal.NETWORK), ("2001:db8::5", None), ("2001:db9::5", Refusal.NETWORK), ("0.0.0.0", Refusal.NETWORK),
    ],
)  # fmt: skip
def test_only_the_allowed_networks_may_enter(address: str, refusal: Refusal | None) -> None:
    chosen, _ = gate(2, 10, "127.0.0.0/8", "192.0.2.10", "::1", "2001:db8::/32")
    assert chosen.enter(address) == refusal


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("::1", "::1"), ("fe80::1%eth0", "fe80::1"),
        ("::ffff:0:0", "0.0.0.0"), ("::fffe:c000:201", "::fffe:c000:201"),
    ],
)  # fmt: skip
def test_an_address_of_ipv4_is_one_however_it_comes(address: str, plain: str) -> None:
    assert plain_address(address) == plain


def take_all(chosen: Gate, address: str) -> int:
    """Connect from an address until it is refused; how many connections it has."""
    held = 0
    while chosen.enter(address) is None:
        held += 1
    return held


def test_one_address_cannot_take_the_places_of_others() -> None:
    chosen, _ = gate(most=10)
    assert [chosen.enter(A) for _ in range(8)] == [None] * 6 + [Refusal.ADDRESS_FULL] * 2
    assert [chosen.enter(B) for _ in range(4)] == [None] * 3 + [Refusal.ADDRESS_FULL]
    assert chosen.enter(C) is None
    assert chosen.enter(C) == Refusal.FULL
    assert chosen.connections == 10
    chosen.leave(A)
    assert chosen.enter(A) == Refusal.ADDRESS_FULL
    assert chosen.enter(C) is None


def test_what_several_greedy_addresses_leave_is_enough_for_another() -> None:
    chosen, _ = gate(most=1_000)
    assert [take_all(chosen, f"127.0.1.{at}") for at in range(3)] == [600, 240, 96]
    assert take_all(chosen, A) == 39
    for _ in range(600):
        chosen.leave("127.0.1.0")
    assert take_all(chosen, A) > 300


def test_the_addresses_of_one_ipv6_network_are_one_client() -> None:
    chosen, _ = gate(1, 10, "2001:db8::/32", "192.0.2.0/24")
    assert [chosen.enter(f"2001:db8:0:1::{at:x}") for at in range(7)] == [None] * 6 + [Refusal.ADDRESS_FULL]
    assert chosen.enter("2001:db8:0:2::1") is None
    assert [chosen.may_ask(f"2001:db8:0:1::{at:x}") for at in range(11)] == [True] * 10 + [False]
    for at in range(6):
        chosen.leave(f"2001:db8:0:1::{at:x}")
    assert chosen.connections == 1
    assert take_all(chosen, "192.0.2.1") == take_all(gate(1, 9)[0], A)


def test_addresses_that_are_allowed_by_name_are_counted_each() -> None:
    chosen, _ = gate(1, 10, "2001:db8::1", "2001:db8::2", "2001:db8::/64")
    for address in ("2001:db8::1", "2001:db8::2", "2001:db8::3"):
        assert chosen.enter(address) is None
        assert [chosen.may_ask(address) for _ in range(11)] == [True] * 10 + [False]
    assert chosen.enter("2001:db8::4") is None
    assert not chosen.may_ask("2001:db8::4")


def test_requests_are_counted_by_address_and_saved_up_at_rest() -> None:
    chosen, clock = gate(rate=2)
    for address in (A, B):
        assert chosen.enter(address) is None
    assert [chosen.may_ask(A) for _ in range(21)] == [True] * 20 + [False]
    assert chosen.may_ask(B)
    clock.now += 1
    assert [chosen.may_ask(A) for _ in range(3)] == [True, True, False]
    clock.now += 3_600
    assert [chosen.may_ask(A) for _ in range(21)] == [True] * 20 + [False]
    chosen.leave(A)
    assert chosen.enter(A) is None
    assert not chosen.may_ask(A)  # to come again does not help


def test_the_table_of_addresses_is_bounded_and_keeps_who_is_here() -> None:
    chosen, _ = gate(1, 10, "10.0.0.0/8")
    assert chosen.enter("10.255.255.255") is None
    for at in range(2 * gates.MOST_ADDRESSES):
        address = str(ipaddress.IPv4Address(0x0A000000 + at))
        assert chosen.enter(address) is None
        chosen.leave(address)
    assert len(chosen._visitors) == gates.MOST_ADDRESSES
    chosen.leave("10.255.255.255")
    assert chosen.connections == 0


def test_refused_clients_are_counted_and_fill_no_log(caplog: pytest.LogCaptureFixture) -> None:
    chosen, clock = gate()
    with caplog.at_level(logging.WARNING):
        for _ in range(1_000):
            chosen.refused(Refusal.RATE, A)
        chosen.refused(Refusal.NETWORK, B)
        clock.now += 61
        chosen.refused(Refusal.RATE, A)
    assert len(caplog.records) == 3
    assert "(999 more since the last line about this)" in caplog.messages[2]


def test_connections_fit_into_the_limit_of_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for files, most in (
        (1_024, 896), (100, 16), (1_000_000, 1_000), (resource.RLIM_INFINITY, 1_000),
    ):  # fmt: skip
        monkeypatch.setattr(resource, "getrlimit", lambda _, files=files: (files, files))
        assert connections_possible() == most


@pytest.mark.server
def test_a_client_of_another_network_is_closed_unread() -> None:
    async def story(faces: Faces) -> None:
        faces.gate._client_of = lambda _: ""  # type: ignore[assignment]
        for port in (faces.agi_port, faces.web_port):
            assert await faces.ended(port, environment()) == b""
        assert faces.names.asked == []
        assert faces.figure('astsync_clients_refused_total{reason="network"}') == 2

    play(story)


@pytest.mark.server
def test_an_agi_client_that_asks_too_often_is_closed_at_once() -> None:
    async def story(faces: Faces) -> None:
        told = [await faces.agi_talk(environment()) for _ in range(13)]
        assert [len(each) for each in told[:10]] == [2] * 10
        assert [] in told[10:]

    play(story, rate=1)


@pytest.mark.server
def test_ipv6_takes_ipv4_where_it_listens_on_all() -> None:
    try:
        listening = listen("::", 0)
    except OSError:
        pytest.skip("no IPv6 on this machine")
    with listening, socket.create_connection(("127.0.0.1", listening.getsockname()[1])):
        listening.setblocking(True)
        accepted, peer = listening.accept()
        accepted.close()
    assert plain_address(peer[0]) == "127.0.0.1"


@pytest.mark.server
def test_a_port_in_use_is_an_error() -> None:
    with listen("127.0.0.1", 0) as listening, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", listening.getsockname()[1])


@pytest.mark.server
def test_many_connections_of_one_client_do_not_shut_out_another() -> None:
    """As many as this process may have open; the bench plays 10,000."""
    many = min(resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2 - 100, 3_000)

    async def story(faces: Faces) -> None:
        clients = []
        for at in range(many):
            client = socket.socket()
            client.setblocking(False)
            client.bind((B, 0))
            client.connect_ex(("127.0.0.1", faces.agi_port if at % 2 else faces.web_port))
            clients.append(client)
            if at % 50 == 0:
                await asyncio.sleep(0)  # the kernel's queue is shorter than this
        each = int(faces.gate.most * 0.6)
        await faces.until(lambda: faces.gate.connections == each)
        started = time.monotonic()
        await faces.still_answers()
        assert time.monotonic() - started < 5
        refused = 'astsync_clients_refused_total{reason="address-full"}'
        await faces.until(lambda: faces.figure(refused) == many - each)
        for client in clients:
            client.close()

    play(story, deadline=15, most=500)


@pytest.mark.server
@pytest.mark.parametrize("fault", [errno.ECONNABORTED, errno.EPERM, errno.EPROTO])
def test_an_accept_that_fails_is_survived(fault: int) -> None:
    async def story(faces: Faces) -> None:
        failing = _Failing(faces.entrances[0]._listening, fault, 5)
        faces.entrances[0]._listening = failing  # type: ignore[assignment]
        assert len(await faces.agi_talk(environment())) == 2
        assert failing.left == 0

    play(story)


@pytest.mark.server
def test_without_file_descriptors_clients_are_turned_away_and_later_served(caplog: pytest.LogCaptureFixture) -> None:
    async def story(faces: Faces) -> None:
        entrance = faces.entrances[0]
        failing = _Failing(entrance._listening, errno.EMFILE, 1)
        entrance._listening = failing  # type: ignore[assignment]
        assert await faces.agi_talk(environment()) == []  # closed with the spare one
        assert len(await faces.agi_talk(environment())) == 2
        assert entrance._spare is not None
        os.close(entrance._spare)
        entrance._spare = None  # somebody else took it
        failing.left = 1
        assert len(await faces.agi_talk(environment())) == 2  # a moment later
        assert entrance._later is not None
        assert faces.figure('astsync_clients_refused_total{reason="files"}') == 2

    play(story)
    assert "no file descriptor left" in caplog.text


class _Failing:
    """A listening socket whose first accepts fail."""

    def __init__(self, inner: socket.socket, fault: int, times: int) -> None:
        self._inner, self._fault, self.left = inner, fault, times

    def accept(self) -> object:
        if self.left:
            self.left -= 1
            raise OSError(self._fault, os.strerror(self._fault))
        return self._inner.accept()

    def fileno(self) -> int:
        return self._inner.fileno()

    def close(self) -> None:
        self._inner.close()
