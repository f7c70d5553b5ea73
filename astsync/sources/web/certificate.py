"""The files by which a client and a web server before 1C know each other: certificates, keys, a password."""

import os
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from astsync.config import SourceConfig
from astsync.errors import ConfigError
from astsync.finding import Finding
from astsync.language import joined, say

SOON = 30
"""Days before its end from which a certificate is spoken of."""

_PFX = b"0\x82"  # how DER begins, and so a file of PKCS#12
_CERTIFICATE, _KEY, _END = b"-----BEGIN CERTIFICATE-----", b"PRIVATE KEY-----", b"-----END CERTIFICATE-----"
_FORMS = say(
    "PEM is wanted, a text with BEGIN CERTIFICATE and BEGIN PRIVATE KEY in it. From a .pfx or .p12: "
    "openssl pkcs12 -in client.pfx -out client.pem -nodes"
)
_OTHER_KEY = say(
    "Name the key with which the certificate was asked for; the certificate itself stands before its chain."
)
_LOCKED = say(
    "Write the password alone into a file and name it in source.client_key_password_file; or take it off: "
    "openssl pkey -in client.key -out client.pem && chmod 600 client.pem"
)
_WEAK = say(
    "OpenSSL here refuses keys and signatures of its time: ask for a certificate with RSA of 2048 bits and SHA-256."
)
_NEW = say("Ask who gave it for a new one. (If this machine's clock is wrong, correct it.)")


def check_files(config: SourceConfig) -> None:
    """Read the files that a client will need. Raises ConfigError where one is missing, or is not what it should be."""
    authorities()
    if config.user:
        config.secret()
    load_certificate(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), config)


def authorities() -> str | bool:
    """Find the certificates to trust: a file or a folder named in the environment, else the usual ones (True).

    Raises ConfigError where nothing usable stands there.
    """
    named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    if named and not (Path(named).is_file() or Path(named).is_dir()):  # a pipe would be waited for, perhaps for ever
        hint = say("Correct REQUESTS_CA_BUNDLE or SSL_CERT_FILE.")
        raise ConfigError(say("no certificate file {file}", file=named), hint=hint)
    return named or True


def load_certificate(context: ssl.SSLContext, config: SourceConfig) -> None:
    """Load the client certificate that the configuration names, if it names one, with its key.

    Raises ConfigError that says what is wrong with the files. Whether the certificate is still valid is the server's
    matter: it decides, and ``astsync check`` tells.
    """
    certificate = config.client_cert
    if certificate is None:
        return
    key = config.client_key or certificate
    if _CERTIFICATE not in (text := _read(certificate, "source.client_cert")):
        words = say("{file} holds no certificate", file=str(certificate))
        raise ConfigError(_looking_like(text, words), hint=_FORMS)
    text = _read(key, "source.client_key" if config.client_key else "source.client_cert")
    if _KEY not in text:
        words = say("{file} holds no private key", file=str(key))
        hint = joined(" ", (say("Name the file with the key in source.client_key."), _FORMS))
        raise ConfigError(_looking_like(text, words), hint=hint)
    password = config.key_password()
    if b"ENCRYPTED" in text and not password:
        raise ConfigError(say("the private key in {file} has a password", file=str(key)), hint=_LOCKED)
    try:
        context.load_cert_chain(certificate, key, password)  # a password that is given, be it "", is never asked for
    except (ssl.SSLError, ValueError) as error:
        raise _not_loaded(str(error), str(certificate), str(key), encrypted=b"ENCRYPTED" in text) from None


def certificate_finding(config: SourceConfig, now: datetime | None = None) -> Finding:
    """Check the files of the client certificate, and until when it is valid. Raises ConfigError."""
    load_certificate(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), config)
    file = config.client_cert or Path()
    try:
        since, until = _validity(_read(file, "source.client_cert"))
    except (ValueError, IndexError, StopIteration):
        return Finding("client_cert", None, say("{file}: its dates cannot be read", file=str(file)))
    now = now or datetime.now(UTC)
    if now < since:
        words = say("{file} is not valid before {since} UTC", file=str(file), since=f"{since:%Y-%m-%d %H:%M}")
        return Finding("client_cert", False, words, _NEW)
    day = f"{until:%Y-%m-%d}"
    if now > until:
        words = say("{file} has expired: it was valid until {day}", file=str(file), day=day)
        return Finding("client_cert", False, words, _NEW)
    soon = (until - now).days < SOON
    words = say("{file}, valid until {day}", file=str(file), day=day)
    return Finding("client_cert", None if soon else True, words, _NEW if soon else "")


def _read(file: Path, key: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        hint = say(
            "Name a file that this user can read, a path without ~ counts from the folder of the configuration file."
        )
        words = say("{key}: cannot read {file}: {why}", key=key, file=str(file), why=error.strerror)
        raise ConfigError(words, hint=hint) from None


def _looking_like(text: bytes, words: str) -> str:
    return joined(": ", (words, say("it looks like PKCS#12 or DER"))) if text.startswith(_PFX) else words


def _not_loaded(words: str, certificate: str, key: str, *, encrypted: bool) -> ConfigError:
    if "KEY_VALUES_MISMATCH" in words or "KEY_TYPE_MISMATCH" in words:
        what = say(
            "the private key in {key} is not that of the certificate {certificate}", key=key, certificate=certificate
        )
        return ConfigError(what, hint=_OTHER_KEY)
    if "TOO_SMALL" in words or "TOO_WEAK" in words:
        what = say("the certificate {certificate} is too weak for TLS today", certificate=certificate)
        return ConfigError(what, hint=_WEAK)
    if encrypted:
        what = say(
            "the private key in {key} does not open with the password in source.client_key_password_file", key=key
        )
        return ConfigError(what, hint=_LOCKED)
    what = say("the certificate {certificate} or the key {key} is damaged", certificate=certificate, key=key)
    return ConfigError(what, hint=_FORMS)


def _validity(text: bytes) -> tuple[datetime, datetime]:
    """Read from when until when the first certificate of a PEM file is valid. Raises ValueError or the like.

    The places are those of X.509 (RFC 5280, 4.1): Certificate, its tbsCertificate, in that an optional version, the
    serial number, the algorithm, the issuer, and then the validity.
    """
    block = text[text.index(_CERTIFICATE) : text.index(_END) + len(_END)].decode("ascii")
    (_, certificate), *_ = _elements(ssl.PEM_cert_to_DER_cert(block))
    (_, signed), *_ = _elements(certificate)
    fields = [content for tag, content in _elements(signed) if tag != 0xA0]
    since, until = (_time(tag, content.decode("ascii")) for tag, content in _elements(fields[3]))
    return since, until


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give the elements of DER: tags and contents."""
    place = 0
    while place < len(data):
        tag, length = data[place], data[place + 1]
        place += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[place : place + size])
            place += size
        yield tag, data[place : place + length]
        place += length


def _time(tag: int, text: str) -> datetime:
    """Read a time: UTCTime (tag 0x17) has two digits of the year, 50 to 99 being those of 1950 to 1999."""
    if tag == 0x17:
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
