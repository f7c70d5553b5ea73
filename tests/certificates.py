"""Certificates as Asterisk's administrators have them, made for a test, and a port that shows one."""

import ipaddress
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Made:
    """A certificate and its key, also as files (PEM)."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    crt: Path
    pem: Path

    @property
    def fingerprint(self) -> str:
        return f"sha256:{self.certificate.fingerprint(hashes.SHA256()).hex()}"


def make(
    folder: Path,
    name: str = "pbx.example.local",
    issuer: Made | None = None,
    *,
    ca: bool = False,
    also: tuple[str, ...] = (),
    bits: int = 2048,
    begins: timedelta = -DAY,
    ends: timedelta = 365 * DAY,
) -> Made:
    """Make one with ``name`` as CN alone, as ast_tls_cert does; ``also`` are names in subjectAltName."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Asterisk")]
    )
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer.certificate.subject if issuer is not None else subject,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=now + begins,
        not_valid_after=now + ends,
    )
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=False)
    if also:
        builder = builder.add_extension(x509.SubjectAlternativeName([_other_name(one) for one in also]), critical=False)
    made = builder.sign(issuer.key if issuer is not None else key, hashes.SHA256())
    text = made.public_bytes(serialization.Encoding.PEM)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    base = folder / made.fingerprint(hashes.SHA256()).hex()[:16]
    (crt := base.with_suffix(".crt")).write_bytes(text)
    (both := base.with_suffix(".pem")).write_bytes(pem + text)
    return Made(made, key, crt, both)


def signed_with_sha1(made: Made, issuer: Made) -> Made:
    """A self-signed certificate as an old ast_tls_cert issues it; cryptography makes none of these any more."""
    old = made.crt.with_suffix(".sha1.pem")
    signer = ["-CA", str(issuer.crt), "-CAkey", str(issuer.pem), "-set_serial", "1", "-days", "365"]
    command = ["openssl", "x509", "-sha1", "-in", str(made.crt), *signer, "-out", str(old)]
    subprocess.run(command, check=True, capture_output=True)
    found = x509.load_pem_x509_certificate(old.read_bytes())
    old.write_bytes(old.read_bytes() + made.pem.read_bytes().partition(b"-----BEGIN CERTIFICATE")[0])
    return Made(found, made.key, old, old)


def _other_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def context(shown: Made) -> ssl.SSLContext:
    """The context of a server that shows a certificate, however weak."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers("DEFAULT:@SECLEVEL=0")
    made.load_cert_chain(shown.pem)
    return made


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve each connection in turn, in a thread, until the end of the context; the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with suppress(OSError):
            while True:
                connected, _ = listener.accept()
                with suppress(OSError), connected:
                    serve(connected)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=10)


@contextmanager
def showing(how: ssl.SSLContext, banner: bytes = b"Asterisk Call Manager/11.0.0\r\n") -> Iterator[int]:
    """A port that speaks TLS, greets, and reads until the other side ends."""

    def serve(connected: socket.socket) -> None:
        connected.settimeout(10)
        with how.wrap_socket(connected, server_side=True) as secured:
            secured.sendall(banner)
            while secured.recv(4096):
                pass

    with listening(serve) as port:
        yield port
