"""Connections to 1C that fail: what happened between here and the server, whether trying again helps, what to do."""

import re
from http.client import HTTPException

from requests import exceptions
from urllib3 import exceptions as below

from astsync.errors import SourceBadAnswer, SourceUnreachable
from astsync.sources.web.refusals import CLIENT_CERTIFICATE, FEW, MANY, ONCE, Fault

_ADDRESS = "Check source.url, and that this machine reaches the server: name resolution, routing, firewall, port."
_HOST = "Correct source.url: the host's name, or its IP address, then perhaps a port from 1 to 65535."
_CERTIFICATE = (
    "For a self-signed certificate or one of a company's own authority name the file with the authority's certificate "
    "in the environment: REQUESTS_CA_BUNDLE=/etc/ssl/certs/company.pem. The name in source.url must be the "
    "certificate's."
)

NETWORK_ERRORS = (exceptions.RequestException, below.HTTPError, HTTPException, OSError, ValueError)
"""All that a request may raise: requests lets some errors of urllib3, of ``http.client`` and of encodings through."""

_BAD_ADDRESS = (
    exceptions.InvalidURL,
    exceptions.InvalidSchema,
    exceptions.MissingSchema,
    below.LocationValueError,
    UnicodeError,
)
_CUT = "If it happens again, look into the web server's and 1C's logs; a smaller page size may be answered whole."


def connection_fault(error: Exception, host: str, timeout: float, *, reached: bool) -> Fault:
    """Tell apart ``NETWORK_ERRORS``. ``reached``: this server has already answered something.

    Before the first answer a wrong address is likely, and the user should not wait to learn it; after it the server is
    being restarted, which is worth waiting for.
    """
    if isinstance(error, exceptions.SSLError | below.SSLError):
        return _tls(error, host)
    if isinstance(error, _BAD_ADDRESS):
        return Fault(_unreachable(f"{host!r} is no host that can be asked", _HOST))
    if isinstance(error, exceptions.ConnectTimeout | below.ConnectTimeoutError):
        return Fault(
            _unreachable(f"{host} does not answer: no connection in time", _ADDRESS), MANY if reached else ONCE
        )
    if isinstance(error, exceptions.ReadTimeout | below.ReadTimeoutError) or "Read timed out" in str(error):
        return _slow(host, timeout)
    if isinstance(error, exceptions.ChunkedEncodingError):
        return Fault(_unreachable(f"{host} closed the connection in the middle of an answer", _CUT), FEW, smaller=True)
    if isinstance(error, exceptions.ContentDecodingError | below.DecodeError):
        text = f"the answer of {host} cannot be unpacked"
        return Fault(SourceBadAnswer(text, hint="Switch compression off in the web server or proxy before 1C."), FEW)
    if isinstance(error, exceptions.ConnectionError):
        return _refused(error, host, reached=reached)
    return Fault(_unreachable(f"cannot ask {host}: {type(error).__name__}", _ADDRESS))


def _unreachable(text: str, hint: str) -> SourceUnreachable:
    return SourceUnreachable(text, hint=hint)


def _slow(host: str, timeout: float) -> Fault:
    text = f"{host} gave no answer within {timeout:g} s"
    hint = "The first answer of a sleeping infobase takes half a minute: raise source.timeout, or lower the page size."
    return Fault(_unreachable(text, hint), FEW, smaller=True)


_OLD_TLS = (
    "It speaks only TLS 1.0 or 1.1, as IIS of Windows Server 2008 does, or signs with keys of that time; OpenSSL "
    "here wants TLS 1.2. Switch TLS 1.2 on in the server (Windows: the keys SecurityProviders/SCHANNEL of the "
    "registry, and its updates), or put a proxy such as nginx before it; within a network that you trust write http:// "
    "in source.url."
)
_ENDED = (
    f"It wants a client certificate, or knows no cipher that this machine allows. For the first: {CLIENT_CERTIFICATE} "
    "For the second: update the web server, for it is of a time before TLS 1.2."
)
_NO_TLS = "Write http:// in source.url, or its TLS port."

_TLS: tuple[tuple[str, str, str], ...] = (
    (r"CERTIFICATE_VERIFY_FAILED|doesn't match", "the certificate of {host} is not trusted", _CERTIFICATE),
    (
        r"CERTIFICATE[_ ]REQUIRED|BAD[_ ]CERTIFICATE|certificate required|bad certificate",
        "{host} wants a client certificate",
        CLIENT_CERTIFICATE,
    ),
    (
        r"UNSUPPORTED_PROTOCOL|PROTOCOL[_ ]VERSION|NO_PROTOCOLS|LEGACY_RENEGOTIATION|_KEY_TOO_SMALL|_MD_TOO_WEAK",
        "{host} speaks no TLS that is safe today",
        _OLD_TLS,
    ),
    (r"WRONG_VERSION_NUMBER|record layer", "{host} speaks no TLS on this port", _NO_TLS),
    (r"HANDSHAKE_FAILURE|handshake failure", "no TLS connection with {host}: it broke the handshake off", _ENDED),
    ("", "no TLS connection with {host}", _CERTIFICATE),
)
"""What OpenSSL's words mean, and the cure; the first that is found counts."""


def _tls(error: Exception, host: str) -> Fault:
    text = str(error)
    _words, what, hint = next(row for row in _TLS if re.search(row[0], text, re.IGNORECASE))
    return Fault(_unreachable(what.format(host=host), hint))


def _refused(error: Exception, host: str, *, reached: bool) -> Fault:
    text = str(error)
    if "[SSL" in text:  # an alert after the handshake: so TLS 1.3 asks for a certificate
        return _tls(error, host)
    tries = MANY if reached else FEW
    if "NameResolution" in text or "Name or service" in text or "getaddrinfo" in text:
        return Fault(_unreachable(f"there is no host {host}: its name is not known here", _ADDRESS), ONCE)
    if "NewConnection" in text or "refused" in text:
        hint = f"{_ADDRESS} Is the web server running?"
        return Fault(_unreachable(f"{host} refuses the connection", hint), tries)
    hint = _CUT if reached else f"If {host} speaks TLS, write https:// in source.url. {_CUT}"
    return Fault(_unreachable(f"the connection to {host} broke before an answer", hint), tries, smaller=reached)
