"""Certificates of PBXs: what is trusted, and for what is not, what was found and how to mend it."""

import select
import socket
import ssl
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes

from astsync.config import PbxConfig
from astsync.errors import PbxError, PbxTlsError, PbxUnreachable
from astsync.pbx import retry
from astsync.pbx.connecting import Dialling, connect
from astsync.pbx.wire import TlsWire
from tests.certificates import DAY, Made, context, listening, make, showing, signed_with_sha1

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def ca(folder: Path) -> Made:
    return make(folder, "Asterisk Private CA", ca=True)


def config(port: int, **more: object) -> PbxConfig:
    values = {"name": "office", "host": "127.0.0.1", "port": port, "user": "astsync", "secret": "s", "tls": True}
    return PbxConfig.model_validate({"timeout": 5, **values, **more})


def version(shown: Made, **more: object) -> str:
    """Connect to a port that shows this certificate; AMI's version."""
    with showing(context(shown)) as port:
        wire, found = connect(config(port, **more))
        wire.end()
        wire.close()
        return found


def refusal(shown: Made, **more: object) -> PbxTlsError:
    with pytest.raises(PbxTlsError, match=r"^office: the PBX's certificate is not trusted: ") as error:
        version(shown, **more)
    assert "tls = false" not in error.value.hint
    return error.value


def test_what_ast_tls_cert_makes_is_trusted_by_its_ca(folder: Path, ca: Made) -> None:
    named, addressed = make(folder, issuer=ca), make(folder, "127.0.0.1", ca)
    assert version(named, ca_file=ca.crt, server_name="pbx.example.local") == "11.0.0"
    assert version(addressed, ca_file=ca.crt) == "11.0.0"


def test_the_pbxs_own_certificate_as_ca_file_whoever_issued_it(folder: Path, ca: Made) -> None:
    for own in (make(folder, "127.0.0.1"), make(folder, "127.0.0.1", ca)):
        for file in (own.crt, own.pem):  # the one with the key is what lies on the PBX
            assert version(own, ca_file=file) == "11.0.0"


def test_an_address_counts_as_cn_only_where_there_is_no_other_name(folder: Path, ca: Made) -> None:
    both = make(folder, "127.0.0.1", ca, also=("pbx.example.local", "192.0.2.7"))
    error = refusal(both, ca_file=ca.crt)
    assert "for pbx.example.local, 192.0.2.7, and not for 127.0.0.1" in error.message
    assert version(make(folder, "anything", ca, also=("127.0.0.1",)), ca_file=ca.crt) == "11.0.0"


def test_a_pinned_certificate_needs_no_ca_no_name_and_no_dates(folder: Path) -> None:
    old = make(folder, "anything", bits=1024, begins=-30 * DAY, ends=-DAY)
    assert version(old, fingerprint=old.fingerprint) == "11.0.0"
    error = refusal(make(folder), fingerprint=old.fingerprint)
    assert "not the pinned one" in error.message
    assert "-fingerprint -sha256" in error.hint


def test_nothing_is_said_before_the_pinned_certificate_is_compared(folder: Path) -> None:
    heard: list[bytes] = []
    how = context(make(folder))

    def serve(connected: socket.socket) -> None:
        with how.wrap_socket(connected, server_side=True) as secured:
            heard.append(secured.recv(100))

    with listening(serve) as port, pytest.raises(PbxTlsError):
        connect(config(port, fingerprint="0" * 64))
    assert not any(heard)


def test_each_fault_of_a_certificate_has_its_own_words_and_cure(folder: Path, ca: Made) -> None:
    place = {"ca_file": ca.crt, "server_name": "pbx.example.local"}
    other = make(folder, "Another CA", ca=True)
    faults = [
        (make(folder, issuer=other), "its issuer is not in", "name it in ca_file"),
        (make(folder), "it is self-signed, and not in", "name it in ca_file"),
        (make(folder, issuer=ca, begins=-9 * DAY, ends=-2 * DAY), "it expired on ", "365 days"),
        (make(folder, issuer=ca, begins=2 * DAY), "it is valid only from ", "NTP"),
        (make(folder, "wrong.example.local", ca), "it is for wrong.example.local, and not for pbx", "server_name"),
        (make(folder, issuer=ca, bits=1024), "its key is too short (RSA 1024", "RSA 2048"),
        (signed_with_sha1(make(folder), ca), "it is signed with SHA-1", "SHA-256"),
    ]
    for shown, words, cure in faults:
        error = refusal(shown, **place)
        assert words in error.message
        assert cure in error.hint
        pin = shown.certificate.fingerprint(hashes.SHA256()).hex(":").upper()
        assert f"issued by {shown.certificate.issuer.rfc4514_string()}" in error.message
        assert error.hint.count(f"sha256:{pin}") == 1
        assert error.message.count("office") == 1


def test_a_ca_that_expired_is_told_from_its_certificate(folder: Path) -> None:
    gone = make(folder, "Old CA", ca=True, begins=-9 * DAY, ends=-DAY)
    error = refusal(make(folder, issuer=gone), ca_file=gone.crt, server_name="pbx.example.local")
    assert "its CA has expired" in error.message


def test_this_machine_knows_no_ca_of_a_pbx_by_itself(folder: Path, ca: Made) -> None:
    assert "not in this machine's CAs" in refusal(make(folder, issuer=ca)).message


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_a_pbx_that_knows_only_old_tls(folder: Path) -> None:
    own = make(folder, "127.0.0.1")
    old = context(own)
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1
    with showing(old) as port, pytest.raises(PbxTlsError, match=r"no TLS with .* TLS 1\.1 or older") as error:
        connect(config(port, ca_file=own.crt))
    assert "tlsdisablev12" in error.value.hint


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_stunnel_that_wants_a_client_certificate(folder: Path, newest: ssl.TLSVersion) -> None:
    own = make(folder, "127.0.0.1")
    strict = context(own)
    strict.verify_mode, strict.maximum_version = ssl.CERT_REQUIRED, newest
    strict.load_verify_locations(own.crt)
    with showing(strict) as port, pytest.raises(PbxTlsError, match="client certificate") as error:
        connect(config(port, ca_file=own.crt))
    assert "stunnel" in error.value.hint


def test_why_it_left_is_read_from_a_pbx_that_left_before_all_was_sent(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushed, push = list[int](), TlsWire._push

    def slowly(self: TlsWire, *given: Any) -> int:
        pushed.append(push(self, *given))
        if len(pushed) > 1:  # the PBX has the hello, and now that there is no certificate
            leaving = select.poll()
            leaving.register(self._socket, select.POLLRDHUP)
            assert leaving.poll(30_000)
        return pushed[-1]

    monkeypatch.setattr(TlsWire, "_push", slowly)
    test_a_stunnel_that_wants_a_client_certificate(folder, ssl.TLSVersion.TLSv1_2)
    assert len(pushed) > 1


def test_ami_without_tls_on_the_port_and_the_other_way_round(folder: Path) -> None:
    def plain(connected: socket.socket) -> None:
        connected.sendall(b"Asterisk Call Manager/11.0.0\r\n")
        connected.settimeout(10)
        connected.recv(4096)

    with listening(plain) as port, pytest.raises(PbxTlsError, match="speaks AMI without TLS") as error:
        connect(config(port))
    assert "5039" in error.value.hint
    with showing(context(make(folder))) as port, pytest.raises(PbxTlsError, match="speaks TLS") as error:
        connect(config(port, tls=False, timeout=0.5))
    assert "tls = true" in error.value.hint


def test_ssh_on_the_port_is_named_also_where_tls_was_expected() -> None:
    with (
        listening(lambda connected: connected.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")) as port,
        pytest.raises(PbxUnreachable, match="it is SSH"),
    ):
        connect(config(port))


def test_a_handshake_that_drips_ends_in_time() -> None:
    def drip(connected: socket.socket) -> None:
        connected.recv(4096)
        for byte in bytes([0x16, 0x03, 0x03, 0x40, 0x00]) + bytes(1_000):
            connected.sendall(bytes([byte]))
            time.sleep(0.05)  # the time itself is the matter

    with listening(drip) as port:
        began = time.monotonic()
        with pytest.raises(PbxError):
            connect(config(port, timeout=1))
        assert time.monotonic() - began < 3


def test_a_certificate_error_is_not_retried_in_a_run() -> None:
    assert issubclass(PbxTlsError, retry.REFUSED)
    assert not issubclass(PbxTlsError, retry.LOST)


def test_what_was_agreed_on_is_told(folder: Path) -> None:
    own = make(folder, "127.0.0.1", ends=timedelta(days=99))
    with showing(context(own)) as port:
        dialling = Dialling(config(port, ca_file=own.crt))
        dialling.resolve()
        dialling.reach()
        secured = dialling.secure()
        dialling.close()
    assert secured.version == "TLSv1.3"
    assert secured.cipher.startswith("TLS_")


def test_the_strictness_of_newer_pythons_refuses_no_ca_of_ast_tls_cert(
    monkeypatch: pytest.MonkeyPatch, folder: Path, ca: Made
) -> None:
    whole = ssl.create_default_context

    def strict(**given: Any) -> ssl.SSLContext:  # as Python 3.13 makes it
        made = whole(**given)
        made.verify_flags |= ssl.VERIFY_X509_STRICT
        return made

    monkeypatch.setattr(ssl, "create_default_context", strict)
    assert version(make(folder, "127.0.0.1", ca), ca_file=ca.crt) == "11.0.0"
