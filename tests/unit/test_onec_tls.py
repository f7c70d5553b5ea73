"""TLS of web servers before 1C that wants more, or can do less, than is usual: real handshakes on this machine."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from astsync.errors import SourceUnreachable
from astsync.sources.odata.source import ODataSource
from tests.configs import source_config
from tests.unit.stub_1c import QUICK

pytestmark = pytest.mark.server

Change = Callable[[ssl.SSLContext], None]


class TlsServer:
    """Does the handshake with every connection, answers 404 where it succeeds, and reads on until the client ends."""

    def __init__(self, ca: trustme.CA, change: Change) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert("127.0.0.1").configure_cert(self._context)
        change(self._context)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}/trade"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                raw, _ = self._listener.accept()
                with contextlib.suppress(OSError):
                    self._talk(raw)

    def _talk(self, raw: socket.socket) -> None:
        raw.settimeout(10)
        near = self._context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        with near:
            try:
                near.do_handshake()
            except ssl.SSLError:
                self._drain(near)
                return
            near.recv(65536)
            near.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def _drain(self, near: ssl.SSLSocket) -> None:
        """Read what the client sent already: a connection closed over it would be reset before the alert is read."""
        with socket.socket(fileno=near.detach()) as plain:
            plain.shutdown(socket.SHUT_WR)
            while plain.recv(65536):
                pass

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=10)


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(autouse=True)
def _trusted(ca: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))


@contextlib.contextmanager
def refused(ca: trustme.CA, change: Change) -> Iterator[SourceUnreachable]:
    server = TlsServer(ca, change)
    try:
        with pytest.raises(SourceUnreachable) as caught:
            list(ODataSource(source_config(url=server.url, timeout=5), patience=QUICK).pull())
        yield caught.value
    finally:
        server.close()


def wants_certificate(ca: trustme.CA, version: ssl.TLSVersion) -> Change:
    def change(context: ssl.SSLContext) -> None:
        context.verify_mode = ssl.CERT_REQUIRED
        ca.configure_trust(context)
        context.minimum_version = context.maximum_version = version

    return change


def only_tls_1_0(context: ssl.SSLContext) -> None:
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1


def one_odd_cipher(context: ssl.SSLContext) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("PSK")


def test_a_client_certificate_that_is_wanted_is_named(ca: trustme.CA) -> None:
    with refused(ca, wants_certificate(ca, ssl.TLSVersion.TLSv1_3)) as error:
        assert "wants a client certificate" in error.message
        assert "SSLVerifyClient none" in error.hint


def test_a_handshake_that_is_broken_off_names_the_certificate_as_well_as_the_ciphers(ca: trustme.CA) -> None:
    with refused(ca, wants_certificate(ca, ssl.TLSVersion.TLSv1_2)) as error:
        assert "it broke the handshake off" in error.message
        assert "client certificate" in error.hint
        assert "cipher" in error.hint


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1 is deprecated:DeprecationWarning")
def test_tls_of_a_time_before_1_2_is_named(ca: trustme.CA) -> None:
    with refused(ca, only_tls_1_0) as error:
        assert "no TLS that is safe today" in error.message
        assert "TLS 1.0" in error.hint
        assert "SCHANNEL" in error.hint


def test_no_cipher_in_common_is_named(ca: trustme.CA) -> None:
    with refused(ca, one_odd_cipher) as error:
        assert "cipher" in error.hint


def test_a_certificate_of_a_stranger_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with refused(trustme.CA(), lambda _context: None) as error:
        assert "is not trusted" in error.message
        assert "REQUESTS_CA_BUNDLE" in error.hint
