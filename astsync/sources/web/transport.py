"""Connections whose every wait is bounded by the clock of the answer: the layer below requests.

requests and urllib3 bound each receiving by itself. A server that sends a byte now and then is read for ever so, inside
one call that nobody can look into. Here the socket itself asks the clock before it waits.
"""

import io
import logging
import re
import socket
import time
from collections.abc import Sequence
from functools import partial
from ssl import SSLContext
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from astsync.errors import SourceUnreachable
from astsync.language import say
from astsync.resolving import Address, addresses_of
from astsync.sources.web.clock import AnswerClock
from astsync.sources.web.retrying import FEW

CONNECT_TIMEOUT = 10.0
"""Seconds for the name, for all addresses that it has, and for the handshake of TLS together."""

_BUFFER = 64 * 1024
_NO_NAME = say("The name server of this machine does not answer: look into /etc/resolv.conf, or write the IP address.")
_NO_HANDSHAKE = say(
    "Look whether this port speaks TLS, and whether the web server, or a firewall before it, is overloaded."
)

_VALUE = re.compile(r"([?&](?!\$(?:expand|filter|format|orderby|select|skip|top)=)[^=&\s]+)=[^&\s]*")
"""A value in the query of an address, but not one of OData's own options, such as ``$filter``."""


class ClockedAdapter(HTTPAdapter):
    """Sends each request under ``clock``, which is set before it. One request at a time.

    ``tls`` is for connections with TLS, for example because it holds a client certificate; None: as usual.
    """

    def __init__(self, tls: SSLContext | None = None) -> None:
        self.clock = AnswerClock("", 0)
        self._tls: dict[str, Any] = {} if tls is None else {"ssl_context": tls}
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        """Make what makes the pools."""
        super().init_poolmanager(connections, maxsize, block, **options, **self._tls)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """Find the pool for a request, and let it make connections of ours."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = partial(_TlsConnection if pool.scheme == "https" else _PlainConnection, self)
        return pool


class _Connecting(HTTPConnection):
    """What plain connections and those with TLS do alike."""

    def __init__(self, adapter: ClockedAdapter, **options: Any) -> None:
        super().__init__(**options)
        self._adapter = adapter

    def connect(self) -> None:
        """Connect, with the handshake of TLS where that is wanted, and put the clock before the socket."""
        clock = self._adapter.clock
        with clock.counting():
            try:
                super().connect()
            except TimeoutError:
                words = say(
                    "{host} accepted the connection and did not end the handshake of TLS in time", host=clock.host
                )
                raise SourceUnreachable(words, hint=_NO_HANDSHAKE, tries=FEW) from None
        self.sock = _ClockedSocket(self.sock, self._adapter)

    def _new_conn(self) -> socket.socket:
        end = time.monotonic() + self._adapter.clock.left(CONNECT_TIMEOUT)
        try:
            connected = _connected(_resolved(self._dns_host, self.port, end), end)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"no connection with {self.host} in time") from error
        except OSError as error:
            raise NewConnectionError(self, f"no connection: {error}") from error
        connected.settimeout(_until(end))  # for the handshake as a whole, as Python's ssl counts it
        return connected


class _PlainConnection(_Connecting):
    """A connection without TLS."""


class _TlsConnection(_Connecting, HTTPSConnection):
    """A connection with TLS."""


class _ClockedSocket:
    """A connected socket, plain or with TLS, that asks the adapter's clock before each wait."""

    def __init__(self, connected: Any, adapter: ClockedAdapter) -> None:
        self._socket = connected
        self._adapter = adapter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def settimeout(self, _seconds: float | None) -> None:
        """Leave the time-out to the clock."""

    def sendall(self, data: bytes) -> None:
        """Send everything."""
        left = memoryview(data)
        while left:
            left = left[self._adapter.clock.wait(self._socket, partial(self._socket.send, left)) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Open the socket for the reading of one answer."""
        return io.BufferedReader(_ClockedFile(self._socket, self._adapter.clock), _BUFFER)


class _ClockedFile(io.RawIOBase):
    """The bytes of one answer. The socket stays open as long as this is, as with a file of its own making."""

    def __init__(self, connected: Any, clock: AnswerClock) -> None:
        self._socket, self._clock = connected, clock
        self._hold = connected.makefile("rb", buffering=0)

    def readable(self) -> bool:
        """Tell that this can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Wait for some bytes; 0 at the end."""
        size: int = self._clock.wait(self._socket, partial(self._socket.recv_into, buffer))
        self._clock.arrived(size)
        return size

    def close(self) -> None:
        """Let the socket go."""
        self._hold.close()
        super().close()


def _resolved(host: str, port: int, end: float) -> Sequence[Address]:
    """Resolve a name. Raises what ``getaddrinfo`` raises, and SourceUnreachable when that takes too long."""
    try:
        return addresses_of(host.strip("[]"), port, _until(end), allowed_gai_family())
    except TimeoutError:
        raise SourceUnreachable(say("the name {host} was not resolved in time", host=host), hint=_NO_NAME) from None


def _connected(addresses: Sequence[Address], end: float) -> socket.socket:
    """Connect to the first address that answers. Raises OSError.

    Each gets its share of the time that is left: one that is silent does not keep the others from being tried.
    """
    failed = OSError("the name has no address")
    for number, address in enumerate(addresses):
        try:
            return _connection(address, _until(end) / (len(addresses) - number))
        except OSError as error:
            failed = error
    raise failed


def _connection(address: Address, seconds: float) -> socket.socket:
    family, kind, protocol, _name, place = address
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.settimeout(seconds)
        made.connect(place)
    except BaseException:
        made.close()
        raise
    return made


def _until(end: float) -> float:
    """Seconds until then; a wait of 0 would be none at all."""
    return max(end - time.monotonic(), 0.001)


def _shown(value: object) -> object:
    if isinstance(value, Exception):
        return type(value).__name__
    return _VALUE.sub(r"\1=…", value) if isinstance(value, str) else value


def _without_secrets(record: logging.LogRecord) -> bool:
    """Take what may be secret out of what urllib3 logs: values of parameters, and what an error holds of an answer."""
    if isinstance(record.args, tuple):
        record.args = tuple(map(_shown, record.args))
    record.exc_info = None
    return True


for _name in ("urllib3.connection", "urllib3.connectionpool"):
    logging.getLogger(_name).addFilter(_without_secrets)
