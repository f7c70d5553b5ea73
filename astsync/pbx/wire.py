"""Bytes to and from a PBX, over TCP or TLS, safe for one thread that reads beside others that write.

``connecting`` makes a wire.
"""

import contextlib
import select
import socket
import ssl
import threading
import time
from abc import ABC, abstractmethod

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

    def end(self) -> None:
        """Answer the other side's end of TLS where it has sent one, then end the stream."""
        with contextlib.suppress(OSError, ValueError), self._lock:
            self._socket.unwrap()
        super().end()

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


def reason(error: OSError | ValueError) -> str:
    """Why a socket failed, in its own words."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
