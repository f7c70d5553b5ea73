"""A server that says something and then goes on saying next to nothing, for ever: a raw socket, without HTTP."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Drip:
    """An answer: ``start`` comes at once, then ``unit`` again and again, every ``pause`` seconds (0: at full speed).

    ``times``: only so often; then ``end`` comes, and the connection ends.
    """

    start: bytes = b""
    unit: bytes = b""
    pause: float = 0.05
    times: int | None = None
    end: bytes = b""


Script = Callable[[bytes], Drip]
"""What to answer to a request, of which the head is given, or its first packet at least."""


class Dripping:
    """Listens, and answers every connection by ``script``, until it is closed. ``asked`` are the requests.

    With ``tls`` what is said again and again comes in one record of TLS, of which a byte is sent every ``pause``.
    """

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._tls = tls
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked: list[bytes] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                thread = threading.Thread(target=self._talk, args=(near,))
                self._threads.append(thread)
                thread.start()

    def _talk(self, near: socket.socket) -> None:
        with near, suppress(OSError):
            near.settimeout(60)
            if self._tls is not None:
                self._talk_tls(near, self._tls)
                return
            asked = near.recv(65536)
            self.asked.append(asked)
            answer = self._script(asked)
            near.sendall(answer.start)
            for _ in count() if answer.times is None else range(answer.times):
                if not answer.unit or self._over.wait(answer.pause):
                    break
                near.sendall(answer.unit if answer.pause else answer.unit * 1000)
            near.sendall(answer.end)
            while answer.times is None and near.recv(65536):
                """Read on until the client has had enough."""

    def _talk_tls(self, near: socket.socket, tls: ssl.SSLContext) -> None:
        arriving, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        near_end = tls.wrap_bio(arriving, leaving, server_side=True)

        def play(step: Callable[[], T]) -> T:
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    near.sendall(leaving.read())
                    arriving.write(near.recv(65536))

        play(near_end.do_handshake)
        answer = self._script(play(lambda: near_end.read(65536)))
        near_end.write(answer.start)
        near.sendall(leaving.read())
        near_end.write(answer.unit * 10_000)
        for byte in leaving.read():
            near.sendall(bytes([byte]))
            if self._over.wait(answer.pause):
                return

    def close(self) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=60)


@contextmanager
def dripping(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[Dripping]:
    server = Dripping(script, tls)
    try:
        yield server
    finally:
        server.close()
