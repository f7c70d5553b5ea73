"""Who may connect: networks, connections in all and of one address, requests a second of one address.

``Entrance`` accepts the connections of both faces itself, and not asyncio: so a client that may not ask is sent away
before a byte of it is read and before anything is made for it, and a process that has no file descriptor left goes on
refusing instead of leaving calls to wait in the queue of the kernel.
"""

import asyncio
import contextlib
import errno
import functools
import ipaddress
import logging
import os
import resource
import socket
import time
from collections.abc import Callable, Iterable
from enum import StrEnum

from astsync.config.serve_section import Network
from astsync.lookup.figures import Figures
from astsync.lookup.sparse_log import SparseLog

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 1_000
SHARE = 1.5
"""For each connection that is still free an address may hold so many. Alone it gets 600 of 1,000: an Asterisk with 200
calls at once, and three times that. Two that take all they can leave 160 to others, three leave 64; some are left by
any number."""
WHOLE_NETWORK = 64
"""Bits of an IPv6 address that count as one client: who has one address of such a network has them all."""
FILES_FOR_OTHERS = 128
"""File descriptors that the rest of the process needs: the store, the PBXs, 1C, the log."""
BURST = 10.0
"""Seconds of rest that an address may save up for requests at once."""
MOST_ADDRESSES = 10_000

_QUEUE = 1_024  # connections that the kernel keeps until they are accepted; it allows 4,096
_AT_ONCE = 64  # connections accepted before the loop does something else
_NO_FILES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_REST = 0.1  # seconds without accepting when even the spare file descriptor did not help


class Refusal(StrEnum):
    """Why a client was sent away: labels of the figures and words of the log."""

    NETWORK = "network"
    FULL = "full"
    ADDRESS_FULL = "address-full"
    RATE = "rate"
    FILES = "files"
    SLOW = "slow"
    GARBAGE = "garbage"
    REQUEST = "request"
    TOKEN = "token"  # noqa: S105


_WORDS = {
    Refusal.NETWORK: "it is in no network of serve.allow",
    Refusal.FULL: "as many connections as allowed are open",
    Refusal.ADDRESS_FULL: "it has as many connections open as one address may have now",
    Refusal.RATE: "it asked more often than serve.rate allows",
    Refusal.FILES: "this process has no file descriptor left",
    Refusal.SLOW: "it did not send its request, or its answer, in time",
    Refusal.GARBAGE: "it did not send what a client of this port sends",
    Refusal.REQUEST: "it asked for what is no page here, by a wrong method, or without one number of a caller",
    Refusal.TOKEN: "it sent no token, or a wrong one",
}


class _Visitor:
    """What is known of one address that may ask."""

    __slots__ = ("at", "connections", "tokens")

    def __init__(self, tokens: float, at: float) -> None:
        self.connections, self.tokens, self.at = 0, tokens, at


class Gate:
    """Decides about each client; one for all faces. Used on the event loop only.

    ``rate`` is in requests a second of one address. ``most`` connections in all: by default 1,000, or fewer where the
    process may have fewer files open. An IPv4 address that comes as IPv6 (``::ffff:192.0.2.1``) is the IPv4 address.
    The IPv6 addresses of a network /64 count as one, but for those that ``networks`` names more exactly.
    """

    def __init__(
        self,
        networks: Iterable[Network],
        rate: float,
        figures: Figures,
        *,
        most: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most = connections_possible() if most is None else most
        self.connections = 0
        self._rate, self._clock, self._figures = rate, clock, figures
        self._visitors: dict[str, _Visitor] = {}
        self._told = SparseLog(log, clock)
        allowed = tuple(networks)
        self._client_of = functools.lru_cache(maxsize=1_024)(lambda address: _client(address, allowed))
        figures.connections_from(lambda: self.connections)

    def enter(self, address: str) -> Refusal | None:
        """Let a connection in, and count it until ``leave``; or say why not."""
        client = self._client_of(address)
        if not client:
            return Refusal.NETWORK
        visitor = self._visitors.get(client) or self._new_visitor(client)
        free = self.most - self.connections
        if free <= 0:
            return Refusal.FULL
        if visitor.connections >= max(free * SHARE, 1):
            return Refusal.ADDRESS_FULL
        visitor.connections += 1
        self.connections += 1
        return None

    def leave(self, address: str) -> None:
        """Count a connection that was let in no longer."""
        self._visitors[self._client_of(address)].connections -= 1
        self.connections -= 1

    def may_ask(self, address: str) -> bool:
        """Whether an address that has a connection may ask once more now; it counts as a request if so."""
        visitor, now = self._visitors[self._client_of(address)], self._clock()
        visitor.tokens = min(visitor.tokens + (now - visitor.at) * self._rate, self._rate * BURST)
        visitor.at = now
        if visitor.tokens < 1:
            return False
        visitor.tokens -= 1
        return True

    def refused(self, reason: Refusal, address: str) -> None:
        """Count a client that was sent away, and tell the log of it: one line a minute for each reason."""
        self._figures.refused(reason.value)
        self._told.tell(reason, logging.WARNING, "a client at %s was refused: %s", address, _WORDS[reason])

    def _new_visitor(self, client: str) -> _Visitor:
        """Take up a client. Of too many, the first one without a connection is forgotten: others have ``most``."""
        if len(self._visitors) >= MOST_ADDRESSES:
            idle = next((known for known, visitor in self._visitors.items() if not visitor.connections), None)
            if idle is not None:
                del self._visitors[idle]
        visitor = self._visitors[client] = _Visitor(self._rate * BURST, self._clock())
        return visitor


class Entrance:
    """Accepts the connections of one listening socket, and gives those that the gate lets in to ``welcome``.

    ``welcome`` gets the socket, which does not block, the client's address and the moment of the accept as the loop's
    ``time()``. From then on the socket is its own, and it calls ``Gate.leave`` at the end. With ``asks`` a connection
    is a request too, and counts for the rate.
    """

    def __init__(
        self,
        listening: socket.socket,
        gate: Gate,
        welcome: Callable[[socket.socket, str, float], None],
        *,
        asks: bool = False,
    ) -> None:
        self._listening, self._gate, self._welcome, self._asks = listening, gate, welcome, asks
        self._loop = asyncio.get_running_loop()
        self._spare = _spare_file()
        self._later: asyncio.TimerHandle | None = None
        self._loop.add_reader(listening.fileno(), self._accept)

    def close(self) -> None:
        """Accept no more, and close the listening socket."""
        if self._listening.fileno() < 0:
            return
        self._loop.remove_reader(self._listening.fileno())
        if self._later is not None:
            self._later.cancel()
        self._listening.close()
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                accepted, peer = self._listening.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno not in _NO_FILES:
                    continue  # the client has gone already
                if not self._turn_away():
                    return
                continue
            address = plain_address(peer[0])
            refusal = self._gate.enter(address)
            if refusal is None and self._asks and not self._gate.may_ask(address):
                self._gate.leave(address)
                refusal = Refusal.RATE
            if refusal is None:
                accepted.setblocking(False)
                self._welcome(accepted, address, self._loop.time())
            else:
                accepted.close()
                self._gate.refused(refusal, address)

    def _turn_away(self) -> bool:
        """Close one waiting connection with the spare file descriptor; False where that could not be done.

        It would wait in the kernel otherwise, and its call with it, until somebody closes a file.
        """
        address = "an unknown address"
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None
            with contextlib.suppress(OSError):
                accepted, peer = self._listening.accept()
                accepted.close()
                address = plain_address(peer[0])
            self._spare = _spare_file()
        self._gate.refused(Refusal.FILES, address)
        if self._spare is not None:
            return True
        self._loop.remove_reader(self._listening.fileno())
        self._later = self._loop.call_later(_REST, self._go_on)
        return False

    def _go_on(self) -> None:
        self._spare = _spare_file()
        self._loop.add_reader(self._listening.fileno(), self._accept)


def listen(address: str, port: int) -> socket.socket:
    """A socket that listens there and does not block. ``::`` takes IPv4 too. Raises OSError, as of a port in use."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if address == "::" else 1)
        listening.bind((address, port))
        listening.listen(_QUEUE)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening


def connections_possible() -> int:
    """How many connections all clients may have: 1,000, or what the limit of open files leaves for them."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(min(MOST_CONNECTIONS, files - FILES_FOR_OTHERS), 16)


def plain_address(address: str) -> str:
    """An address as the gate knows it: without a zone, and of IPv4 where it is one that comes as IPv6."""
    if ":" not in address:
        return address
    address = address.partition("%")[0]
    mapped = ipaddress.IPv6Address(address).ipv4_mapped
    return str(mapped) if mapped is not None else address


def _client(address: str, networks: tuple[Network, ...]) -> str:
    """What an address is counted as; "" where none of the networks has it."""
    parsed = ipaddress.ip_address(address)
    most_exact = max((network.prefixlen for network in networks if parsed in network), default=None)
    if most_exact is None:
        return ""
    if parsed.version == 4:
        return address
    return str(ipaddress.IPv6Network((address, max(most_exact, WHOLE_NETWORK)), strict=False))


def _spare_file() -> int | None:
    try:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
