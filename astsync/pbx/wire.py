"""Bytes to and from a PBX, over TCP or TLS, safe for one thread that reads beside others that write.

``connecting`` makes a wire. A wire never waits inside the socket: who waits says how long.
"""

import contextlib
import select
import socket
import ssl
import threading
import time
from abc import ABC, abstractmethod
from collections import deque

from astsync.language import say

RECORD = 1_024
"""Bytes of a TLS record, which must end at a line's end.

Asterisk waits on the socket and then reads 1,024 bytes at most (main/manager.c, get_input); what is left of a larger
record lies inside OpenSSL, where waiting on the socket does not see it: measured on 16.28 and 22.10, a larger record
stalls until something else arrives.
"""

_HEAD = 5  # bytes of a TLS record's head; the last two are the length of what follows
_WHOLE = getattr(socket, "MSG_EOR", 0)
"""Makes what is sent a TCP segment of its own.

Of a record that arrives in two parts Asterisk reads the first, takes it for the end of the connection, and closes it
(main/iostream.c, ast_iostream_read, of a session without exclusive input; seen on 16.28 and 22.10). Cut at the size of
segments, or where the socket is full, records arrive so all the time; a segment arrives whole.
"""

PIECE = 64 * 1024
"""Bytes that are read at once: many entries, and so few that on a busy machine the next piece is not read too late."""

TIMED_OUT = say("timed out")
"""Why a socket failed whose time was over."""

REST = 0.002
"""Seconds between two looks at the socket of a TLS connection while something is left to decrypt.

Each look holds up Asterisk, which sends a record of 100 bytes at a time. Without a rest a reader that is as fast as
Asterisk took a few records at each look, and reading cost both twice as much.
"""

AHEAD = 16 * 1024 * 1024
"""Encrypted bytes that are taken from the socket before they are needed, so that Asterisk seldom waits for us."""


class Wire(ABC):
    """A connected stream. ``send`` has a bound. ``receive`` has none: a connection may be idle for hours.

    Who waits for an answer has a bound of his own, see ``answer.Answer``.
    """

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self._socket = connected
        self._ended = False

    @abstractmethod
    def send(self, data: bytes, seconds: float) -> None:
        """Send all of the bytes. Raises OSError; TimeoutError when they are not gone after so many seconds."""

    @abstractmethod
    def receive(self, gather: float = 0.0) -> bytes:
        """Wait for the next bytes, at most about ``PIECE``; b"" when the stream ended. Raises OSError.

        Where all that had come was taken, what comes may ``gather`` for so many seconds before it is looked at.
        """

    def end(self) -> None:
        """End the stream and wake a thread that waits in ``receive``, also where the other side sends without end."""
        self._ended = True
        with contextlib.suppress(OSError):  # the other side was first
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket; nobody may be in ``receive`` any more."""
        self._socket.close()

    def _push(self, data: bytes | memoryview, deadline: float, flags: int = 0) -> int:
        """Give some of the bytes to the socket, and count them; wait for room until the deadline (time.monotonic).

        Raises OSError; TimeoutError after the deadline.
        """
        while True:
            try:
                return self._socket.send(data, flags)
            except BlockingIOError:
                _wait(self._socket, select.POLLOUT, deadline)

    def _pull(self) -> bytes | None:
        """The bytes that the socket has now, at most ``PIECE``; None: it has none yet."""
        if self._ended:
            return b""
        try:
            return self._socket.recv(PIECE)
        except BlockingIOError:
            return None


class PlainWire(Wire):
    """TCP."""

    _emptied = True  # whether the last piece was all that the socket had

    def send(self, data: bytes, seconds: float) -> None:
        """Send all of the bytes."""
        deadline, left = time.monotonic() + seconds, memoryview(data)
        while left:
            left = left[self._push(left, deadline) :]

    def receive(self, gather: float = 0.0) -> bytes:
        """Wait for the next bytes."""
        if gather and self._emptied:
            time.sleep(gather)
        while (data := self._pull()) is None:
            _wait(self._socket, select.POLLIN)
        self._emptied = len(data) < PIECE
        return data


class TlsWire(Wire):
    """TLS. OpenSSL works on bytes in memory, and the bytes go to and from the socket in large pieces.

    Asterisk makes a TLS record of each entry, some 100 bytes. To read them one by one from the socket would take two
    calls of the system a record, and Asterisk drops what it cannot send within 100 ms. So all that the socket has is
    taken first, and then as many records as that holds are decrypted at once. OpenSSL's object takes one thread at a
    time, so it is asked under a lock, one lock a piece.

    ``tls`` is that object: it knows the other side's certificate.
    """

    def __init__(self, connected: socket.socket, context: ssl.SSLContext, server_hostname: str) -> None:
        super().__init__(connected)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out, server_hostname=server_hostname)
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._unsent = b""  # encrypted, and to be sent before all that follows
        self._of_record = 0  # bytes at its beginning that are the rest of a record
        self._taken: deque[bytes] = deque()  # encrypted bytes, not yet given to OpenSSL
        self._taken_size = 0
        self._next_look = 0.0
        self._ready = b""  # decrypted, and not yet handed out
        self._until = 0.0
        self._farewell = False  # whether the other side has ended TLS

    def end(self) -> None:
        """Answer the other side's end of TLS where it has sent one, then end the stream."""
        with contextlib.suppress(OSError, ValueError), self._lock:
            self.tls.unwrap()
        with contextlib.suppress(OSError):
            self._answer()
        super().end()

    def shake_hands(self, seconds: float) -> None:
        """Begin TLS, in so many seconds in all. Raises OSError: ssl.SSLError, TimeoutError."""
        deadline = time.monotonic() + seconds
        try:
            while not self._is_ready():
                try:
                    self._flush(deadline)
                except ConnectionError:  # the other side has left; what it said before that tells why
                    if not (said := self._pull()):
                        raise
                    self._give(said)
                else:
                    self._give(self._await(deadline))
        finally:  # what tells the other side why we end goes out too
            with contextlib.suppress(OSError):
                self._flush(deadline)

    def _is_ready(self) -> bool:
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def _await(self, deadline: float) -> bytes:
        while (data := self._pull()) is None:
            _wait(self._socket, select.POLLIN, deadline)
        return data

    def _give(self, data: bytes) -> None:
        if data:
            self._in.write(data)
        else:
            self._in.write_eof()

    def send(self, data: bytes, seconds: float) -> None:
        """Send all of the bytes, in records that end at a line's end where there is one."""
        deadline = time.monotonic() + seconds
        with self._sending:
            at = 0
            while at < len(data):
                end = data.rfind(b"\n", at, at + RECORD) + 1 or at + RECORD
                with self._lock:
                    self.tls.write(data[at:end])
                self._flush(deadline)
                at = end

    def _flush(self, deadline: float) -> None:
        """Send what OpenSSL wants to be sent, record by record; what cannot be sent stays for the next time."""
        while self._unsent or self._out.pending:  # the listener may add an answer while this waits
            with self._lock:
                self._unsent += self._out.read()
            if not self._of_record:
                self._of_record = _HEAD + int.from_bytes(self._unsent[_HEAD - 2 : _HEAD], "big")
            sent = self._push(self._unsent[: self._of_record], deadline, _WHOLE)
            self._unsent, self._of_record = self._unsent[sent:], self._of_record - sent

    def settimeout(self, seconds: float) -> None:
        """Bound the next ``recv``, as a socket's."""
        self._until = time.monotonic() + seconds

    def recv(self, size: int) -> bytes:
        """Wait for at most so many bytes, as a socket does; what else came is for ``receive``. Raises OSError."""
        data = self._ready or self._next(self._until)
        self._ready = data[size:]
        return data[:size]

    def receive(self, gather: float = 0.0) -> bytes:
        """Wait for the next bytes."""
        data, self._ready = self._ready, b""
        if data:
            return data
        if gather and not self._taken:
            time.sleep(gather)
        return self._next(None)

    def _next(self, deadline: float | None) -> bytes:
        while True:
            if self._farewell:  # the socket may stay open for ever after it
                return b""
            self._take_all()
            if self._ended:
                return b""
            if not self._taken:
                _wait(self._socket, select.POLLIN, deadline)
                continue
            if (data := self._decrypted(self._taken.popleft())) is not None:
                return data

    def _take_all(self) -> None:
        """Take all that the socket has, ``AHEAD`` bytes at most; b"" is its end.

        What came before the connection broke comes first: it may hold the other side's reason.
        """
        if self._taken and time.monotonic() < self._next_look:
            return
        self._look()
        self._next_look = time.monotonic() + REST

    def _look(self) -> None:
        while self._taken_size < AHEAD:
            try:
                data = self._pull()
            except OSError:
                if not self._taken:
                    raise
                return
            if data is None:
                return
            self._taken.append(data)
            self._taken_size += len(data)
            if len(data) < PIECE:  # what comes this moment would be taken record by record
                return

    def _decrypted(self, taken: bytes) -> bytes | None:
        """What the next encrypted bytes hold; b"" when TLS ended, None when no record became whole."""
        self._taken_size -= len(taken)
        records: list[bytes] = []
        with self._lock:
            self._give(taken)
            try:
                while record := self.tls.read(RECORD * 16):
                    records.append(record)
            except ssl.SSLWantReadError:
                answer = self._out.pending > 0
            except ssl.SSLEOFError:  # an end without a farewell: whether something is missing is seen in the answers
                return b"".join(records)
            else:
                self._farewell = True
                return b"".join(records)
        if answer:
            self._answer()
        return b"".join(records) or None

    def _answer(self) -> None:
        """Send what OpenSSL answers by itself, as to new keys. Who sends at this moment sends it too."""
        if self._sending.acquire(blocking=False):
            try:
                with contextlib.suppress(TimeoutError):
                    self._flush(0)
            finally:
                self._sending.release()


def _wait(connected: socket.socket, event: int, deadline: float | None = None) -> None:
    """Wait until the socket has bytes or room for some. Raises TimeoutError after the deadline; None: there is none."""
    left = None if deadline is None else deadline - time.monotonic()
    if left is not None and left <= 0:
        raise TimeoutError(TIMED_OUT)
    waiting = select.poll()  # select() ends at descriptor 1,023
    waiting.register(connected, event)
    waiting.poll(None if left is None else left * 1000)


def reason(error: OSError | ValueError) -> str:
    """Why a socket failed, in its own words."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
