"""Servers that mean harm: a thread for each connection, and bytes that are sent as an attack wants them."""

import contextlib
import os
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import NoReturn, Self

_LOOK = 0.2  # seconds between two looks at whether the attack is over
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time: the end of the connection is a reset


class Over(Exception):
    """The attack is over, or the client has left."""


class Line:
    """One connection of a client, seen from the hostile side. Every method raises Over when there is nobody left."""

    def __init__(self, connected: socket.socket, over: threading.Event) -> None:
        self._socket = connected
        self._over = over
        connected.settimeout(_LOOK)

    def send(self, data: bytes) -> None:
        """Send all of the bytes, however long the client takes to read them."""
        left = memoryview(data)
        while left:
            if self._over.is_set():
                raise Over
            try:
                left = left[self._socket.send(left) :]
            except TimeoutError:
                continue
            except OSError as error:
                raise Over from error

    def receive(self) -> bytes:
        """Wait for the next bytes of the client."""
        while not self._over.is_set():
            try:
                data = self._socket.recv(1 << 16)
            except TimeoutError:
                continue
            except OSError as error:
                raise Over from error
            if not data:
                raise Over
            return data
        raise Over

    def pause(self, seconds: float) -> None:
        """Send nothing for so many seconds."""
        if self._over.wait(seconds):
            raise Over

    def drip(self, data: Iterable[bytes], every: float = 0.1) -> None:
        """Send each piece alone, with a pause before the next one."""
        for piece in data:
            self.send(piece)
            self.pause(every)

    def pour(self, block: bytes) -> NoReturn:
        """Send the same block for ever, as fast as the client takes it."""
        while True:
            self.send(block)

    def hold(self) -> NoReturn:
        """Say nothing more; end when the client does."""
        while True:
            self.receive()

    def ignore(self) -> NoReturn:
        """Neither say nor read anything more."""
        while True:
            self.pause(_LOOK)

    def reset(self) -> NoReturn:
        """End the connection with a reset in place of an end."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        raise Over

    def upgrade(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._socket.settimeout(30)
        try:
            self._socket = context.wrap_socket(self._socket, server_side=True)
        except (OSError, ValueError) as error:
            raise Over from error
        self._socket.settimeout(_LOOK)

    def leave_tls(self) -> None:
        """Send what follows without TLS, on the same connection."""
        self._socket = socket.socket(fileno=os.dup(self._socket.fileno()))
        self._socket.settimeout(_LOOK)

    def close(self) -> None:
        """End the connection."""
        with contextlib.suppress(OSError):
            self._socket.close()


Handle = Callable[[Line], None]


class Listener:
    """A server on a free port of the loopback; ``handle`` has each connection in a thread. A context manager.

    ``accepted`` holds the moment of each connection. A ``deaf`` one accepts none: its queue is full, so that the system
    drops whoever comes.
    """

    def __init__(self, handle: Handle, *, deaf: bool = False) -> None:
        self._handle = handle
        self._deaf = deaf
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._fillers: list[socket.socket] = []
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=0 if deaf else 64)
        self.port: int = self._socket.getsockname()[1]
        self.accepted: list[float] = []
        self._error: Exception | None = None

    @property
    def netloc(self) -> str:
        """Its host and port."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        if self._deaf:
            self._fill()
        else:
            self._start(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        for filler in self._fillers:
            filler.close()
        self._socket.close()
        if self._error is not None:
            raise self._error

    def _fill(self) -> None:
        """Take the places of the queue, so that the next connection is not even begun."""
        for _ in range(8):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self._fillers.append(filler)

    def _start(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            if not select.select([self._socket], [], [], _LOOK)[0]:
                continue
            with contextlib.suppress(OSError):
                connected, _ = self._socket.accept()
                self.accepted.append(time.monotonic())
                self._start(lambda taken=connected: self._serve(taken))  # type: ignore[misc]

    def _serve(self, connected: socket.socket) -> None:
        line = Line(connected, self._over)
        try:
            self._handle(line)
        except Over:
            pass
        except Exception as error:  # noqa: BLE001  it is raised where the attack is played
            self._error = error
        finally:
            line.close()


def server_flight(context: ssl.SSLContext, hello: bytes) -> bytes:
    """What a TLS server answers to a client's first bytes, to be sent piece by piece."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    incoming.write(hello)
    server = context.wrap_bio(incoming, outgoing, server_side=True)
    with contextlib.suppress(ssl.SSLWantReadError):
        server.do_handshake()
    return outgoing.read()


def single(data: bytes) -> Iterable[bytes]:
    """The bytes one by one."""
    return (data[at : at + 1] for at in range(len(data)))


def noise(size: int) -> bytes:
    """Bytes without meaning."""
    return os.urandom(size)
