"""TLS of web servers before 1C that wants more, or can do less, than is usual: real handshakes on this machine."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from pydantic import ValidationError

from astsync.errors import ConfigError, SourceError
from astsync.sources.odata.source import ODataSource
from astsync.sources.web.certificate import certificate_finding
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
def refused(ca: trustme.CA, change: Change, **files: Path) -> Iterator[SourceError]:
    server = TlsServer(ca, change)
    try:
        with pytest.raises(SourceError) as caught:
            list(ODataSource(source_config(url=server.url, timeout=20, **files), patience=QUICK).pull())
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


def test_a_certificate_whose_time_is_over_is_named(ca: trustme.CA) -> None:
    def expired(context: ssl.SSLContext) -> None:
        ca.issue_cert("127.0.0.1", not_before=YEARS_AGO, not_after=LONG_AGO).configure_cert(context)

    with refused(ca, expired) as error:
        assert "is not valid today" in error.message
        assert "clock" in error.hint


# --- a certificate of ours

YEARS_AGO, LONG_AGO = datetime(2019, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
PASSWORD = "Пароль-2"


@pytest.fixture
def ours(ca: trustme.CA, tmp_path: Path) -> Path:
    """A folder with a client certificate, in the forms in which people have them."""
    issued, other = ca.issue_cert("client@example.com"), ca.issue_cert("other@example.com")
    key, other_key = issued.private_key_pem.bytes(), other.private_key_pem.bytes()
    certificate = b"".join(pem.bytes() for pem in issued.cert_chain_pems)
    lock = serialization.BestAvailableEncryption(PASSWORD.encode())
    private: Any = serialization.load_pem_private_key(key, None)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (tmp_path / "both.pem").write_bytes(key + certificate)
    (tmp_path / "certificate.pem").write_bytes(certificate)
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "locked.pem").write_bytes(private.private_bytes(pem, pkcs8, lock))
    (tmp_path / "other.pem").write_bytes(other_key)
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "wrong-password").write_text("no")
    (tmp_path / "empty.pem").write_bytes(b"")
    (tmp_path / "client.pfx").write_bytes(b"0\x82\x0a\x00\x02\x01\x03")
    (tmp_path / "damaged.pem").write_bytes(key[:300] + certificate[:300] + key[-50:])
    return tmp_path


def files(folder: Path, names: str) -> dict[str, Path]:
    """The keys for the certificate, the key and the password."""
    keys = ("client_cert", "client_key", "client_key_password_file")
    return {key: folder / name for key, name in zip(keys, names.split(), strict=False)}


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("names", ["both.pem", "certificate.pem key.pem", "certificate.pem locked.pem password"])
def test_a_certificate_of_ours_is_sent(ca: trustme.CA, ours: Path, names: str, version: ssl.TLSVersion) -> None:
    with refused(ca, wants_certificate(ca, version), **files(ours, names)) as error:
        assert "HTTP 404" in error.message


def test_a_certificate_of_ours_that_the_server_does_not_trust_is_told(ca: trustme.CA, ours: Path) -> None:
    stranger = trustme.CA()

    def change(context: ssl.SSLContext) -> None:
        context.verify_mode = ssl.CERT_REQUIRED
        stranger.configure_trust(context)

    with refused(ca, change, **files(ours, "both.pem")) as error:
        assert "does not accept the client certificate" in error.message
        assert "source.client_cert" in error.hint


@pytest.mark.parametrize(
    ("names", "words", "hint"),
    [
        ("none.pem", "source.client_cert: cannot read .*none.pem: No such file", "read"),
        ("certificate.pem none.pem", "source.client_key: cannot read .*none.pem", "read"),
        ("empty.pem", "empty.pem holds no certificate$", "PEM"),
        ("client.pfx", r"client.pfx holds no certificate: it looks like PKCS#12 or DER", "openssl pkcs12"),
        ("key.pem", "key.pem holds no certificate", "PEM"),
        ("certificate.pem", "certificate.pem holds no private key", "source.client_key"),
        ("certificate.pem other.pem", "key in .*other.pem is not that of the certificate .*certificate.pem", "asked"),
        ("certificate.pem locked.pem", "key in .*locked.pem has a password", "source.client_key_password_file"),
        ("certificate.pem locked.pem wrong-password", "does not open with the password", "openssl pkey"),
        ("certificate.pem locked.pem none", "source.client_key_password_file: cannot read", "secret"),
        ("damaged.pem", "damaged", "PEM"),
    ],
)
def test_a_certificate_of_ours_that_cannot_be_used_is_told(ours: Path, names: str, words: str, hint: str) -> None:
    config = source_config(url="https://1c.invalid/trade", **files(ours, names))
    with pytest.raises(ConfigError, match=words) as caught:
        list(ODataSource(config, patience=QUICK).pull())
    assert hint in caught.value.hint
    assert PASSWORD not in repr((caught.value, config))


def test_a_key_without_its_certificate_is_no_configuration(ours: Path) -> None:
    with pytest.raises(ValidationError, match="client_cert: name the file"):
        source_config(url="https://1c.invalid/trade", client_key=ours / "key.pem")


@pytest.mark.parametrize(
    ("at", "good", "words"),
    [
        (datetime(2020, 6, 1, tzinfo=UTC), True, "valid until 2021-01-01"),
        (datetime(2020, 12, 20, tzinfo=UTC), None, "valid until 2021-01-01"),
        (datetime(2021, 1, 2, tzinfo=UTC), False, "has expired"),
        (datetime(2019, 12, 31, tzinfo=UTC), False, "is not valid before 2020-01-01"),
    ],
)
def test_the_check_tells_until_when_it_is_valid(
    ca: trustme.CA, tmp_path: Path, at: datetime, good: bool | None, words: str
) -> None:
    issued = ca.issue_cert("client@example.com", not_before=LONG_AGO, not_after=datetime(2021, 1, 1, tzinfo=UTC))
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    finding = certificate_finding(source_config(url="https://1c.invalid/", client_cert=tmp_path / "both.pem"), at)
    assert (finding.good, words in finding.words) == (good, True)
