"""An AMI server that accepts the login and then does what a test tells it, byte by byte."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from astsync.config import PbxConfig

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
LOGIN = [b"Response: Success\r\nActionID: 0\r\nChallenge: 1\r\n\r\n", b"Response: Success\r\nActionID: 1\r\n\r\n"]


class Client:
    """The connection of a client that was let in, or that has just connected."""

    def __init__(self, connected: socket.socket, over: threading.Event) -> None:
        self.socket = connected
        self.over = over
        self._lines = connected.makefile("rb")

    def asked(self) -> bytes:
        """Wait for the next action; return its ActionID. Raises EOFError."""
        identity = b""
        while (line := self._lines.readline()) != b"\r\n":
            if not line:
                raise EOFError
            if line.startswith(b"ActionID: "):
                identity = line.removeprefix(b"ActionID: ").rstrip()
        return identity

    def send(self, data: bytes) -> None:
        """Send bytes. Raises OSError."""
        self.socket.sendall(data)

    def flood(self, data: bytes, pause: float = 0.0) -> None:
        """Send the same bytes over and over until the client leaves or the test is over."""
        while not self.over.wait(pause):
            self.socket.sendall(data)

    def drip(self, data: bytes, pause: float) -> None:
        """Send byte by byte. Raises EOFError when the test is over."""
        for at in range(len(data)):
            if self.over.wait(pause):
                raise EOFError
            self.socket.sendall(data[at : at + 1])

    def close(self) -> None:
        self._lines.close()
        self.socket.close()


Behaviour = Callable[[Client], None]


@contextmanager
def hostile_ami(
    behaviour: Behaviour, *, login: bool = True, timeout: float = 0.5, **more: object
) -> Iterator[PbxConfig]:
    """Serve connections one after the other; give the configuration of this PBX. ``login`` False: not even a banner."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    open_: list[Client] = []

    def serve() -> None:
        while not over.is_set():
            try:
                connected, _ = listener.accept()
            except OSError:
                return
            client = Client(connected, over)
            open_.append(client)
            with suppress(OSError, EOFError, ValueError):
                if login:
                    client.send(BANNER)
                    for answer in LOGIN:
                        client.asked()
                        client.send(answer)
                behaviour(client)
            client.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        port = listener.getsockname()[1]
        values = {"name": "office", "host": "127.0.0.1", "port": port, "user": "u", "secret": "s", "timeout": timeout}
        yield PbxConfig.model_validate({**values, **more})
    finally:
        over.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for client in open_:
            with suppress(OSError):
                client.socket.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=20)
        assert not thread.is_alive()
