"""AMI over TLS: the certificate must be right, and the pipeline works as over TCP."""

import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from astsync.config import PbxConfig
from astsync.errors import ConfigError, PbxConnectionLost, PbxTlsError
from astsync.pbx.astdb import AmiPbx
from astsync.pbx.connection import AmiConnection
from astsync.pbx.wire import TlsWire
from astsync.sandbox.ami import AmiStandIn

pytestmark = pytest.mark.server

ENTRIES = [(str(74950000000 + i), f"Firma {i}") for i in range(4_000)]


class Tunnel:
    """Ends TLS in front of a stand-in PBX, one connection at a time."""

    def __init__(self, ca: trustme.CA, port: int, not_after: datetime | None = None) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert("pbx.example.local", not_after=not_after).configure_cert(self._context)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._target = port
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                raw, _ = self._listener.accept()
                with suppress(OSError), self._context.wrap_socket(raw, server_side=True) as near:
                    self._carry(near)

    def _carry(self, near: ssl.SSLSocket) -> None:
        near.settimeout(0.01)  # one thread serves both ways: an SSLSocket takes one thread at a time
        with socket.create_connection(("127.0.0.1", self._target)) as far:
            far.settimeout(0.01)
            while True:
                for source, target in ((near, far), (far, near)):
                    with suppress(TimeoutError):
                        data = source.recv(65536)
                        if not data:
                            return
                        target.settimeout(10)
                        target.sendall(data)
                        target.settimeout(0.01)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=10)


@contextmanager
def tunnel(ca: trustme.CA, port: int, not_after: datetime | None = None) -> Iterator[int]:
    made = Tunnel(ca, port, not_after)
    try:
        yield made.port
    finally:
        made.close()


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(ca: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(path)
    return path


def config(standin: AmiStandIn, port: int, **more: object) -> PbxConfig:
    values = {"name": "office", "host": "127.0.0.1", "port": port, "user": standin.user, "tls": True, "timeout": 5}
    return PbxConfig.model_validate({**values, "secret": standin.secret, **more})


def test_reading_and_writing(ca: trustme.CA, ca_file: Path) -> None:
    with AmiStandIn() as standin, tunnel(ca, standin.port) as port:
        pbx = AmiPbx(config(standin, port, ca_file=ca_file, server_name="pbx.example.local"), "cidname")
        with pbx.open() as family:
            assert family.put(ENTRIES).done == len(ENTRIES)
            assert family.read() == dict(ENTRIES)


class Recorded:
    """A socket that notes what it was given, with which flags, and how much of it it took: at most so many bytes."""

    def __init__(self, connected: socket.socket, most: int) -> None:
        self._connected, self._most = connected, most
        self.sent: list[tuple[bytes, int, int]] = []

    def send(self, data: bytes, flags: int = 0) -> int:
        taken = self._connected.send(data[: self._most], flags)
        self.sent.append((data, flags, taken))
        return taken

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connected, name)


@pytest.mark.parametrize("most", [100_000, 700])
def test_each_record_is_sent_as_a_segment_of_its_own(ca: trustme.CA, ca_file: Path, most: int) -> None:
    # Asterisk closes a connection over which a record came in two parts.
    with AmiStandIn() as standin, tunnel(ca, standin.port) as port:
        pbx = AmiPbx(config(standin, port, ca_file=ca_file, server_name="pbx.example.local"), "cidname")
        with pbx.open() as family:
            wire: Any = family._connection._wire
            wire._socket = recorded = Recorded(wire._socket, most)
            assert family.put(ENTRIES).done == len(ENTRIES)
    rest = 0
    for data, flags, taken in recorded.sent:
        assert flags == socket.MSG_EOR
        assert len(data) == (rest or 5 + int.from_bytes(data[3:5], "big")) <= 1_100
        rest = len(data) - taken
    assert len(recorded.sent) > sum(len(name) for _, name in ENTRIES) / 1_100


def test_a_certificate_of_somebody_else(ca: trustme.CA, ca_file: Path) -> None:
    with AmiStandIn() as standin, tunnel(ca, standin.port) as port:
        for more in ({"server_name": "pbx.example.local"}, {"ca_file": ca_file}, {"fingerprint": "ab" * 32}):
            with pytest.raises(PbxTlsError, match="not trusted"):
                AmiConnection(config(standin, port, **more)).open()
        assert standin.actions.total() == 0


def test_a_ca_file_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("no certificate")
    os.mkfifo(tmp_path / "pipe.pem")
    for name in ("absent.pem", "empty.pem", "pipe.pem"):
        with AmiStandIn() as standin, pytest.raises(ConfigError, match="cannot use ca_file"):
            AmiConnection(config(standin, standin.port, ca_file=tmp_path / name)).open()


def test_the_end_of_the_connection(ca: trustme.CA, ca_file: Path) -> None:
    with AmiStandIn() as standin, tunnel(ca, standin.port) as port:
        secured = config(standin, port, ca_file=ca_file, server_name="pbx.example.local")
        with AmiConnection(secured) as connection:
            standin.disconnect()
            with pytest.raises(PbxConnectionLost):
                connection.action("Ping")


def test_the_end_of_tls_is_the_end_though_the_connection_stays_open(ca: trustme.CA, ca_file: Path) -> None:
    near, far = socket.socketpair()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("pbx.example.local").configure_cert(context)
    took: list[bytes] = []

    def take() -> None:
        wire = TlsWire(near, ssl.create_default_context(cafile=ca_file), "pbx.example.local")
        wire.shake_hands(10)
        while data := wire.receive():
            took.append(data)

    taking = threading.Thread(target=take, daemon=True)
    taking.start()
    with near, context.wrap_socket(far, server_side=True) as secured:
        secured.sendall(b"Goodbye\r\n")
        secured.settimeout(0)
        with suppress(ssl.SSLWantReadError):
            secured.unwrap()
        taking.join(timeout=10)
        assert not taking.is_alive()
    assert b"".join(took) == b"Goodbye\r\n"
