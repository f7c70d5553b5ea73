"""Which certificate of a PBX is trusted, and the words for one that is not.

OpenSSL decides, by the CAs of ``ca_file`` or of the system, with two additions for what Asterisk's administrators have:

- ``fingerprint`` pins one certificate. It stands in the place of the CA, the name and the dates.
- ``ca_file`` may be the PBX's own certificate, whoever issued it.

A certificate of Asterisk's ``ast_tls_cert`` has its name in the CN alone. OpenSSL takes a CN for a host's name where
the certificate has no other names, and never for an address; ``check_peer`` does the same for an address, and only
where the certificate was issued by a CA of ``ca_file``.
"""

import errno
import hashlib
import ipaddress
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from astsync.config import PbxConfig
from astsync.errors import ConfigError, PbxTlsError
from astsync.language import Message, about, joined, say
from astsync.pbx.wire import reason
from astsync.text import visible

if TYPE_CHECKING:
    from cryptography import x509

_MOST = 200  # characters of a text in a certificate
_PEM = "/etc/asterisk/keys/asterisk.pem"
SHOW = f"openssl x509 -in {_PEM} -noout -fingerprint -sha256"
"""The command that shows a PBX's fingerprint on the PBX."""

# Measured on 16.28 and 22.10: a reload looks at the certificate only where manager.conf itself has changed.
_MAKE_ANEW = say(
    "Make a new one on the PBX (ast_tls_cert of today: RSA 2048, SHA-256, 365 days), name it in tlscertfile of "
    "manager.conf, `touch` that file and run `manager reload`."
)
_OLD_TLS_HINT = say(
    "astsync speaks TLS 1.2 and newer, and so does an Asterisk whose OpenSSL is 1.0.1 or newer. Remove `tlsdisablev12` "
    "and a `tlscipher` of old ciphers from manager.conf, upgrade OpenSSL on the PBX and restart Asterisk, or put "
    "stunnel or an ssh tunnel (ssh -L) before it there."
)
_CLIENT_HINT = say(
    "Asterisk never asks for one: this is a stunnel or another proxy before it. Let that one not verify its clients "
    "(stunnel: verifyChain = no) and permit only this machine's address, or connect through a stunnel client or an ssh "
    "tunnel (ssh -L) of your own."
)
_NO_ASTERISK_HINT = say(
    "If it is no Asterisk, let it not verify its clients (stunnel: verifyChain = no) and permit only this "
    "machine's address, or connect through a stunnel client or an ssh tunnel (ssh -L) of your own."
)

# What OpenSSL says when the other side speaks no TLS at all.
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "RECORD_LAYER_FAILURE"})
_OLD_TLS = frozenset(
    {"TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE", "UNSUPPORTED_SSL_VERSION"}
)
_NO_COMMON_CIPHER = frozenset(
    {
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "TLSV1_ALERT_INSUFFICIENT_SECURITY",
        "NO_SHARED_CIPHER",
        "DH_KEY_TOO_SMALL",
        "WRONG_SIGNATURE_TYPE",
        "NO_SUITABLE_SIGNATURE_ALGORITHM",
        "UNSAFE_LEGACY_RENEGOTIATION_DISABLED",
    }
)
_CLIENT_WANTED = frozenset({"TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_NO_CERTIFICATE", "NO_CERTIFICATE"})

# X509_V_ERR_… of OpenSSL (include/openssl/x509_vfy.h).
_UNKNOWN_ISSUER, _SELF_SIGNED = frozenset({2, 19, 20, 21}), 18
_NOT_YET, _EXPIRED = 9, 10
_OTHER_NAME = frozenset({62, 64})
_WEAK = {
    66: say("its key is too short"),
    67: say("the key of its CA is too short"),
    68: say("it is signed with SHA-1 or MD5"),
}


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says of itself. Nothing of it is proven, and its texts may be anything."""

    subject: str
    issuer: str
    common_name: str
    names: tuple[str, ...]
    begins: datetime
    ends: datetime
    key: str
    fingerprint: str

    @property
    def words(self) -> str:
        """The certificate in a line."""
        return say(
            "{subject}, issued by {issuer}, {key}, valid {begins} to {ends}, {fingerprint}",
            subject=self.subject,
            issuer=self.issuer,
            key=self.key,
            begins=f"{self.begins:%Y-%m-%d}",
            ends=f"{self.ends:%Y-%m-%d}",
            fingerprint=self.fingerprint,
        )


def read(certificate: bytes) -> Certificate | None:
    """Read a certificate (DER); None where it is none that can be read."""
    from cryptography import exceptions, x509

    unreadable = (ValueError, TypeError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
    try:
        found = x509.load_der_x509_certificate(certificate)
        key = found.public_key()
        length = getattr(key, "key_size", None)
        kind = type(key).__name__.removeprefix("_").removesuffix("PublicKey")
        signed = found.signature_hash_algorithm
        return Certificate(
            subject=visible(found.subject.rfc4514_string()[:_MOST]),
            issuer=visible(found.issuer.rfc4514_string()[:_MOST]),
            common_name=_common_name(found),
            names=_names(found),
            begins=found.not_valid_before_utc,
            ends=found.not_valid_after_utc,
            key=" ".join(filter(None, (kind, str(length or ""), signed.name.upper() if signed is not None else ""))),
            fingerprint=shown_fingerprint(certificate),
        )
    except (*unreadable, exceptions.UnsupportedAlgorithm):  # it may hold anything, and is only told of
        return None


def _common_name(found: "x509.Certificate") -> str:
    from cryptography.x509.oid import NameOID

    names = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return visible(str(names[-1].value)[:_MOST]) if names else ""


def _names(found: "x509.Certificate") -> tuple[str, ...]:
    from cryptography import x509

    try:
        other = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = [str(address) for address in other.get_values_for_type(x509.IPAddress)]
    return tuple(visible(name[:_MOST]) for name in (*other.get_values_for_type(x509.DNSName), *addresses))


def shown_fingerprint(certificate: bytes) -> str:
    """The SHA-256 fingerprint of a certificate (DER), with colons as openssl prints it."""
    return f"sha256:{hashlib.sha256(certificate).digest().hex(':').upper()}"


def wanted_name(config: PbxConfig) -> str:
    """The name that the PBX's certificate must have."""
    return config.server_name or config.host


def context_of(config: PbxConfig) -> ssl.SSLContext:
    """The TLS context for a PBX. Raises ConfigError for a bad ``ca_file``."""
    if config.fingerprint:
        return blind_context()
    try:
        # OpenSSL would wait for the writer of a pipe, perhaps for ever.
        if config.ca_file is not None and config.ca_file.is_fifo():
            raise OSError(errno.EINVAL, say("it is a pipe"))  # noqa: TRY301
        context = ssl.create_default_context(cafile=config.ca_file)
    except OSError as error:
        raise ConfigError(
            about(config.name, say("cannot use ca_file {file}: {why}", file=str(config.ca_file), why=reason(error))),
            hint=say("Name a file of certificates (PEM) that this user may read."),
        ) from None
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the PBX's own certificate as ca_file
    # Python 3.13 sets it: it refuses a CA without key identifiers, as ast_tls_cert and most people's openssl make it.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = not _checks_address(config)
    return context


def blind_context() -> ssl.SSLContext:
    """A context that takes every certificate: ``check_peer`` compares the pinned one before anything is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _checks_address(config: PbxConfig) -> bool:
    """Whether ``check_peer`` compares the name, and not OpenSSL, which takes no CN for an address."""
    return config.ca_file is not None and _address(wanted_name(config)) is not None


def check_peer(config: PbxConfig, secured: ssl.SSLObject) -> None:
    """Check what OpenSSL does not, before anything is sent. Raises PbxTlsError."""
    certificate = secured.getpeercert(binary_form=True) or b""
    if config.fingerprint:
        if hashlib.sha256(certificate).hexdigest() != config.fingerprint.removeprefix("sha256:"):
            raise _other_fingerprint(config, certificate)
    elif _checks_address(config) and not _has_address(secured.getpeercert() or {}, wanted_name(config)):
        raise _other_name(config, read(certificate))


def _has_address(verified: "ssl._PeerCertRetDictType", wanted: str) -> bool:
    """Whether a verified certificate is for this address: among its names, or as CN where it has no other names."""
    address = _address(wanted)
    names = _pairs(verified.get("subjectAltName", ()))
    if names:
        return address in [_address(value) for kind, value in names if kind == "IP Address"]
    subject = [pair for part in verified.get("subject", ()) for pair in _pairs(part)]
    return address in [_address(value) for kind, value in subject if kind == "commonName"]


def _pairs(found: Iterable[object]) -> list[tuple[str, str]]:
    """The pairs of a kind and its value; typeshed knows less of them than Python's documentation."""
    return [(str(one[0]), str(one[1])) for one in found if isinstance(one, tuple)]


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None


def is_no_tls(error: ssl.SSLError) -> bool:
    """Whether the other side speaks something else than TLS."""
    return error.reason in _NO_TLS


def broken_handshake(config: PbxConfig, error: ssl.SSLError) -> PbxTlsError:
    """The error of a TLS that could not be agreed on, the certificate apart."""
    told = str(error.reason or reason(error)).replace("_", " ").lower()
    where = f"{config.host}:{config.port}"
    hint: str
    words: str
    if error.reason in _OLD_TLS:
        words = say("the PBX speaks no TLS that is safe today, only TLS 1.1 or older ({told})", told=told)
        hint = _OLD_TLS_HINT
    elif error.reason in _CLIENT_WANTED:
        words = say("it wants a client certificate, and astsync sends none ({told})", told=told)
        hint = _CLIENT_HINT
    elif error.reason in _NO_COMMON_CIPHER:
        words = say(
            "the PBX and this machine have no safe cipher in common, or it wants a client certificate ({told})",
            told=told,
        )
        hint = joined(" ", (_OLD_TLS_HINT, _NO_ASTERISK_HINT))
    else:
        words = told
        hint = say("AMI's TLS port is 5039 (tlsenable, tlsbindaddr, tlscertfile in manager.conf).")
    return PbxTlsError(about(config.name, say("no TLS with {place}: {why}", place=where, why=words)), hint=hint)


def refused(config: PbxConfig, error: ssl.SSLCertVerificationError, certificate: bytes) -> PbxTlsError:
    """The error of a certificate that OpenSSL does not trust. ``certificate`` (DER) is what was shown, or b""."""
    found, code = read(certificate), error.verify_code
    if code in _OTHER_NAME:
        return _other_name(config, found)
    if code == _EXPIRED:
        return _expired(config, found)
    if code == _NOT_YET:
        return _not_yet(config, found)
    if code in _WEAK:
        weak = _WEAK[code] if found is None else say("{weak} ({key})", weak=_WEAK[code], key=found.key)
        return _untrusted(config, weak, _MAKE_ANEW, found)
    if code in _UNKNOWN_ISSUER or code == _SELF_SIGNED:
        return _unknown(config, found, self_signed=code == _SELF_SIGNED)
    return _untrusted(config, error.verify_message, _MAKE_ANEW, found)


def _unknown(config: PbxConfig, found: Certificate | None, *, self_signed: bool) -> PbxTlsError:
    place = str(config.ca_file) if config.ca_file else say("this machine's CAs")
    if self_signed:
        words = say("it is self-signed, and not in {place}", place=place)
    else:
        words = say("its issuer is not in {place}", place=place)
    hint = say(
        "Bring the PBX's own certificate here (asterisk.crt, without its key), or the one of its CA (ca.crt of "
        "ast_tls_cert), and name it in ca_file."
    )
    return _untrusted(config, words, hint, found)


def _expired(config: PbxConfig, found: Certificate | None) -> PbxTlsError:
    now = datetime.now(UTC)
    if found is None:
        when = say("it has expired")
    elif found.ends > now:
        when = say("its CA has expired (the certificate itself is valid to {day})", day=f"{found.ends:%Y-%m-%d}")
    else:
        when = say("it expired on {day}", day=f"{found.ends:%Y-%m-%d}")
    words = say("{when}; this machine's clock says {now} UTC", when=when, now=f"{now:%Y-%m-%d %H:%M}")
    return _untrusted(config, words, _MAKE_ANEW, found)


def _not_yet(config: PbxConfig, found: Certificate | None) -> PbxTlsError:
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
    if found is None:
        words = say("it is valid later, and this machine's clock says {now} UTC", now=now)
    else:
        words = say(
            "it is valid only from {begins} UTC on, and this machine's clock says {now} UTC",
            begins=f"{found.begins:%Y-%m-%d %H:%M}",
            now=now,
        )
    hint = say(
        "If that is not the time, set this machine's clock (NTP). If it is, the clock was wrong where the certificate "
        "was made: set it and make a new one, name it in tlscertfile of manager.conf, `touch` that file and run "
        "`manager reload`."
    )
    return _untrusted(config, words, hint, found)


def _other_name(config: PbxConfig, found: Certificate | None) -> PbxTlsError:
    wanted = wanted_name(config)
    names = () if found is None else found.names or ((found.common_name,) if found.common_name else ())
    listed = ", ".join(names[:5]) or say("no name at all")
    hint = say(
        "Write the name that it has in server_name, or make one for {wanted} (ast_tls_cert -C {wanted}).", wanted=wanted
    )
    words = say("it is for {names}, and not for {wanted}", names=listed, wanted=wanted)
    return _untrusted(config, words, hint, found)


def _untrusted(config: PbxConfig, words: str, hint: str, found: Certificate | None) -> PbxTlsError:
    """An error with what was shown, and the way to pin it."""
    if found is None:
        return PbxTlsError(about(config.name, _not_trusted(words)), hint=hint)
    pin = say(
        "Or pin this one certificate: compare its fingerprint with `{command}` (the file of tlscertfile) on the "
        'PBX. If it is the same, set fingerprint = "{fingerprint}" in place of ca_file and server_name.',
        command=SHOW,
        fingerprint=found.fingerprint,
    )
    return PbxTlsError(about(config.name, _not_trusted(words, found.words)), hint=joined(" ", (hint, pin)))


def _not_trusted(words: str, shown: str = "") -> Message:
    """What is said of a certificate: why it is not trusted, and what it is where it can be read."""
    if not shown:
        return say("the PBX's certificate is not trusted: {why}", why=words)
    return say("the PBX's certificate is not trusted: {why}. It is {certificate}", why=words, certificate=shown)


def _other_fingerprint(config: PbxConfig, certificate: bytes) -> PbxTlsError:
    found = read(certificate)
    words = say("it is not the pinned one")
    if found is None:
        words = say("it is not the pinned one: {fingerprint}", fingerprint=shown_fingerprint(certificate))
    return PbxTlsError(
        about(config.name, _not_trusted(words, "" if found is None else found.words)),
        hint=say(
            "If it was renewed, compare with `{command}` (the file of tlscertfile) on the PBX and write the new "
            "fingerprint; if the file there is newer than what is shown, `touch` manager.conf and run `manager "
            "reload`. If it was not renewed, somebody stands between this machine and the PBX.",
            command=SHOW,
        ),
    )
