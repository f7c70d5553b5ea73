"""Connections to 1C that fail: what happened between here and the server, whether trying again helps, what to do."""

import re
from http.client import HTTPException

from requests import exceptions
from urllib3 import exceptions as below

from astsync.errors import SourceBadAnswer, SourceError, SourceUnreachable
from astsync.language import Message, joined, say
from astsync.sources.web.clock import no_answer
from astsync.sources.web.refusals import CLIENT_CERTIFICATE
from astsync.sources.web.retrying import FEW, MANY

_ADDRESS = say("Check source.url, and that this machine reaches the server: name resolution, routing, firewall, port.")
_HOST = say("Correct source.url: the host's name, or its IP address, then perhaps a port from 1 to 65535.")
_CERTIFICATE = say(
    "For a self-signed certificate or one of a company's own authority name the file with the authority's certificate "
    "in the environment: REQUESTS_CA_BUNDLE=/etc/ssl/certs/company.pem. The name in source.url must be the "
    "certificate's."
)


class ConnectionBroke(SourceUnreachable):
    """A connection ended before the answer came: perhaps the server had closed it while it was idle."""


NETWORK_ERRORS = (exceptions.RequestException, below.HTTPError, HTTPException, OSError, ValueError)
"""All that a request may raise: requests lets some errors of urllib3, of ``http.client`` and of encodings through."""

_BAD_ADDRESS = (
    exceptions.InvalidURL,
    exceptions.InvalidSchema,
    exceptions.MissingSchema,
    below.LocationValueError,
    UnicodeError,
)
_CUT = say("If it happens again, look into the web server's and 1C's logs; a smaller page size may be answered whole.")


def connection_error(error: Exception, host: str, timeout: float, *, reached: bool) -> SourceError:
    """Make the error of one of ``NETWORK_ERRORS``. ``reached``: this server has already answered something.

    Before the first answer a wrong address is likely, and the user should learn that at once. After it the server is
    probably being restarted, which is worth waiting for.
    """
    if isinstance(error, exceptions.SSLError | below.SSLError):
        return _tls(error, host)
    if isinstance(error, _BAD_ADDRESS):
        return SourceUnreachable(say("{host} is no host that can be asked", host=repr(host)), hint=_HOST)
    if isinstance(error, exceptions.ConnectTimeout | below.ConnectTimeoutError):
        text = say("{host} does not answer: no connection in time", host=host)
        return SourceUnreachable(text, hint=_ADDRESS, tries=MANY if reached else 1)
    if isinstance(error, exceptions.ReadTimeout | below.ReadTimeoutError) or "Read timed out" in str(error):
        return no_answer(host, timeout)
    if isinstance(error, exceptions.ChunkedEncodingError):
        text = say("{host} closed the connection in the middle of an answer", host=host)
        return SourceUnreachable(text, hint=_CUT, tries=FEW, smaller_page=True)
    if isinstance(error, exceptions.ContentDecodingError | below.DecodeError):
        text = say("the answer of {host} cannot be unpacked", host=host)
        hint = say("Switch compression off in the web server or proxy before 1C.")
        return SourceBadAnswer(text, hint=hint, tries=FEW)
    if isinstance(error, exceptions.ConnectionError):
        return _refused(error, host, reached=reached)
    return SourceUnreachable(say("cannot ask {host}: {why}", host=host, why=type(error).__name__), hint=_ADDRESS)


_OLD_TLS = say(
    "It speaks only TLS 1.0 or 1.1, as IIS of Windows Server 2008 does, or signs with keys of that time; OpenSSL "
    "here wants TLS 1.2. Switch TLS 1.2 on in the server (Windows: the keys SecurityProviders/SCHANNEL of the "
    "registry, and its updates), or put a proxy such as nginx, which speaks it, before the server."
)
_ENDED = say(
    "It wants a client certificate, or knows no cipher that this machine allows. For the first: {cure} For the second: "
    "update the web server, for it is of a time before TLS 1.2.",
    cure=CLIENT_CERTIFICATE,
)
_NOT_TODAY = say(
    "Its time is over, or has not begun: give the web server a new certificate. If its dates are right, the clock of "
    "this machine is wrong."
)
_NO_TLS = say("Write http:// in source.url, or its TLS port.")

_TLS: tuple[tuple[str, Message, Message], ...] = (
    (r"certificate (has expired|is not yet valid)", say("the certificate of {host} is not valid today"), _NOT_TODAY),
    (r"CERTIFICATE_VERIFY_FAILED|doesn't match", say("the certificate of {host} is not trusted"), _CERTIFICATE),
    (
        r"CERTIFICATE[_ ]REQUIRED|BAD[_ ]CERTIFICATE|certificate required|bad certificate",
        say("{host} wants a client certificate"),
        CLIENT_CERTIFICATE,
    ),
    (
        r"ALERT_(UNKNOWN_CA|CERTIFICATE|UNSUPPORTED_CERTIFICATE)|alert (unknown ca|(unsupported )?certificate)",
        say("{host} does not accept the client certificate"),
        CLIENT_CERTIFICATE,
    ),
    (
        r"UNSUPPORTED_PROTOCOL|PROTOCOL[_ ]VERSION|NO_PROTOCOLS|LEGACY_RENEGOTIATION|_KEY_TOO_SMALL|_MD_TOO_WEAK",
        say("{host} speaks no TLS that is safe today"),
        _OLD_TLS,
    ),
    (r"WRONG_VERSION_NUMBER|record layer", say("{host} speaks no TLS on this port"), _NO_TLS),
    (r"HANDSHAKE_FAILURE|handshake failure", say("no TLS connection with {host}: it broke the handshake off"), _ENDED),
    ("", say("no TLS connection with {host}"), _CERTIFICATE),
)
"""What OpenSSL's words mean, where ``{host}`` is filled in, and the cure; the first that is found counts."""


def _tls(error: Exception, host: str) -> SourceUnreachable:
    text = str(error)
    _words, what, hint = next(row for row in _TLS if re.search(row[0], text, re.IGNORECASE))
    return SourceUnreachable(Message(what.template, {"host": host}), hint=hint)


def _refused(error: Exception, host: str, *, reached: bool) -> SourceUnreachable:
    text = str(error)
    if "[SSL" in text:  # an alert after the handshake: so TLS 1.3 asks for a certificate
        return _tls(error, host)
    tries = MANY if reached else FEW
    if "NameResolution" in text or "Name or service" in text or "getaddrinfo" in text:
        words = say("there is no host {host}: its name is not known here", host=host)
        return SourceUnreachable(words, hint=_ADDRESS)
    if "NewConnection" in text or "refused" in text:
        hint = joined(" ", (_ADDRESS, say("Is the web server running?")))
        return SourceUnreachable(say("{host} refuses the connection", host=host), hint=hint, tries=tries)
    maybe = say("If {host} speaks TLS, write https:// in source.url.", host=host)
    words = say("the connection to {host} broke before an answer", host=host)
    return ConnectionBroke(words, hint=_CUT if reached else maybe + " " + _CUT, tries=tries, smaller_page=reached)
