"""Bytes to and from a PBX, over TCP or TLS, safe for one thread that reads beside others that write."""

import contextlib
import select
import socket
import ssl
import threading
import time
from abc import ABC, abstractmethod

from astsync.config import PbxConfig
from astsync.errors import ConfigError, PbxUnreachable

RECORD = 1_024
"""Bytes of a TLS record, which must end at a line's end.

Asterisk waits on the socket and then reads 1,024 bytes at most (main/manager.c, get_input); what is left of a larger
record lies inside OpenSSL, where waiting on the socket does not see it: measured on 16.28 and 22.10, a larger record
stalls until something else arrives.
"""


class Wire(ABC):
    """A connected stream. ``send`` has a deadline. ``receive`` has none: a connection may be idle for hours.

    Who waits for an answer has a deadline of his own, see ``connection.Answer``.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Send all of the bytes. Raises OSError (TimeoutError after the time-out)."""

    @abstractmethod
    def receive(self, size: int) -> bytes:
        """Wait for the next bytes, at most ``size``; b"" when the stream ended. Raises OSError."""

    def end(self) -> None:
        """End the stream and wake a thread that waits in ``receive``.

        Both directions of TCP end; SSLSocket's own shutdown would pull TLS away under a thread that reads.
        """
        with contextlib.suppress(OSError):  # the other side was first
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket; nobody may be in ``receive`` any more."""
        self._socket.close()


class PlainWire(Wire):
    """TCP. The time-out of the socket bounds ``send``; for ``receive`` idleness is no fault."""

    def __init__(self, connected: socket.socket, timeout: float) -> None:
        super().__init__(connected)
        connected.settimeout(timeout)

    def send(self, data: bytes) -> None:
        """Send all of the bytes."""
        self._socket.sendall(data)

    def receive(self, size: int) -> bytes:
        """Wait for the next bytes."""
        while True:
            try:
                return self._socket.recv(size)
            except TimeoutError:
                continue


class TlsWire(Wire):
    """TLS. OpenSSL's object takes one thread at a time, so it is asked under a lock.

    The wait for the socket is outside of the lock: the thread that reads waits nearly all the time, and would lock out
    the one that writes.
    """

    _socket: ssl.SSLSocket

    def __init__(self, connected: ssl.SSLSocket, timeout: float) -> None:
        super().__init__(connected)
        connected.setblocking(False)
        self._timeout = timeout
        self._lock = threading.Lock()

    @property
    def expires(self) -> float:
        """When the other side's certificate ends, in seconds since 1970."""
        return ssl.cert_time_to_seconds(str((self._socket.getpeercert() or {})["notAfter"]))

    def send(self, data: bytes) -> None:
        """Send all of the bytes, in records that end at a line's end where there is one."""
        deadline = time.monotonic() + self._timeout
        at = 0
        while at < len(data):
            end = data.rfind(b"\n", at, at + RECORD) + 1 or at + RECORD
            self._send_record(data[at:end], deadline)
            at = end

    def _send_record(self, record: bytes, deadline: float) -> None:
        """Send a record; one that could not be sent at once must be tried again as it was (SSL_write)."""
        while not self._sent(record):
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            _wait(self._socket, select.POLLOUT, left)

    def _sent(self, record: bytes) -> bool:
        with self._lock:
            try:
                return self._socket.send(record) == len(record)
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return False

    def receive(self, size: int) -> bytes:
        """Wait for the next bytes."""
        while True:
            with self._lock:
                try:
                    return self._socket.recv(size)
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    pass
            _wait(self._socket, select.POLLIN, self._timeout)


def _wait(connected: socket.socket, event: int, seconds: float) -> None:
    waiting = select.poll()  # select() ends at descriptor 1,023
    waiting.register(connected, event)
    waiting.poll(seconds * 1000)


def connect(config: PbxConfig) -> Wire:
    """Connect to a PBX by name or address, IPv4 or IPv6. Raises PbxUnreachable, ConfigError for a bad ``ca_file``."""
    where = f"{config.host}:{config.port}"
    context = _context(config) if config.tls else None
    try:
        connected = socket.create_connection((config.host, config.port), timeout=config.timeout)
    except (OSError, UnicodeError) as error:
        raise PbxUnreachable(
            f"{config.name}: no connection to AMI at {where}: {reason(error)}", hint=_connect_hint(error)
        ) from None
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if context is None:
        return PlainWire(connected, config.timeout)
    return _secured(connected, context, config)


def _secured(connected: socket.socket, context: ssl.SSLContext, config: PbxConfig) -> TlsWire:
    try:
        secured = context.wrap_socket(connected, server_hostname=config.server_name or config.host)
    except ssl.SSLCertVerificationError as error:
        connected.close()
        raise PbxUnreachable(
            f"{config.name}: the PBX's certificate is not trusted: {error.verify_message}",
            hint="Name its CA or the certificate itself in ca_file, and the name in it in server_name.",
            answered=True,
        ) from None
    except (OSError, ValueError) as error:
        connected.close()
        raise PbxUnreachable(
            f"{config.name}: no TLS with {config.host}:{config.port}: {reason(error)}",
            hint="AMI's TLS port is 5039 (tlsenable, tlsbindaddr in manager.conf); without TLS set tls = false.",
            answered=True,
        ) from None
    return TlsWire(secured, config.timeout)


def _context(config: PbxConfig) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=config.ca_file)
    except OSError as error:
        raise ConfigError(
            f"{config.name}: cannot use ca_file {config.ca_file}: {reason(error)}",
            hint="Name a file of certificates (PEM) that this user may read.",
        ) from None


def reason(error: OSError | ValueError) -> str:
    """Why a socket failed, in its own words."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _connect_hint(error: OSError | UnicodeError) -> str:
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return "Check the host's name, or write its address."
    if isinstance(error, ConnectionRefusedError):
        return "Is Asterisk running, `enabled = yes` in manager.conf, the port AMI's (5038), bindaddr not only local?"
    return "Check the host and the port, and the firewall between."
