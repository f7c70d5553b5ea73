"""The HTTP client for 1C and other services: one session, one request at a time, nothing silently from the environment.

Decisions, and why:

* Proxies and ``.netrc`` of the environment are not used: 1C stands in the local network, where a proxy meant for the
  Internet answers with its own pages, and a forgotten ``.netrc`` would send another login. Of the environment only
  ``REQUESTS_CA_BUNDLE`` and ``SSL_CERT_FILE`` count. Certificates are always checked.
* Redirects are not followed: 1C never redirects its interfaces, so a redirect leads to a login page or elsewhere.
* The login goes as UTF-8, which 1C expects; requests alone fails on Cyrillic logins.
* Bodies are UTF-8 whatever the header says (IIS labels them windows-1251), often with a byte order mark.
* Pages are read whole into memory; lists that come in one answer are streamed (``open``).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from ssl import SSLContext
from typing import Any, NoReturn
from urllib.parse import quote, urlencode, urljoin, urlsplit

import orjson
import requests
from requests.auth import HTTPBasicAuth
from urllib3.util.ssl_ import create_urllib3_context

from astsync.config import SourceConfig
from astsync.errors import SourceBadAnswer, SourceError, SourceLoginError, SourceUnreachable
from astsync.language import joined, say
from astsync.sources.web.addresses import encode_path
from astsync.sources.web.certificate import authorities, load_certificate
from astsync.sources.web.clock import AnswerClock
from astsync.sources.web.network import NETWORK_ERRORS, connection_error
from astsync.sources.web.refusals import RefusalRule, odata_refusal, raise_hidden_error, refusal
from astsync.sources.web.retrying import FEW, Patience, Retries
from astsync.sources.web.server_words import body_text, odata_error, page_words
from astsync.sources.web.stream import Body, WebRequest, pieces
from astsync.sources.web.transport import ClockedAdapter
from astsync.stopping import NEVER, Stopping
from astsync.text import one_line

LARGEST_BODY = 16 * 1024 * 1024
"""Bytes of an answer that is read whole, which takes up to 13 times as much memory to parse: letters beside an emoji
take four bytes each. Pages of 1000 rows have less than 3 million; a larger one is asked for anew, with fewer rows."""

MOST_VALUES = 1_500_000
"""Marks that separate or hold values in such an answer. What has more is made to fill the memory when it is parsed."""

LARGEST_REFUSAL = 4 * 1024 * 1024
"""Bytes of a refusal that are read for its words; dumps may stand before them."""

_PIECE = 64 * 1024
# An address that stays as it is: no part of it is a dot, nothing is percent-encoded that need not be.
_NEED_NOT = "2D|2E|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE]"
_USUAL_ADDRESS = re.compile(
    rf"(?P<server>https?://[a-z0-9.-]+(?::[0-9]+)?/)(?!\.)(?:[A-Za-z0-9_~$(),':=&?.-]|/(?!\.)|%(?!{_NEED_NOT})[0-9A-F]{{2}})+(?<!\?)"
)
_GOOD = (requests.codes.ok, requests.codes.no_content)
_WORDS = 256 * 1024
"""Bytes of a refusal that are read where only a short answer was asked for."""

_ONE_NAME = say("A name was asked for: look at the service itself, and at what stands before it.")
_SMALLER_PAGE = say(
    "Ask for fewer records in one answer (OData: source.odata.page_size; others: size in the table paging)."
)
_LOGIN_PAGE = say(
    "Something before 1C answered (a login page, a proxy, another site). Open source.url in a browser: it must be the "
    "publication of the infobase; the web server must pass the login on to 1C."
)
_ATOM = ("schemas.microsoft.com/ado", "www.w3.org/2005/Atom", "www.w3.org/2007/app")
_OLD_PLATFORM = say(
    "This is a platform before 8.3.6 (8.3.5 answers Atom whatever $format says), or an infobase that runs in the "
    "compatibility mode of one. astsync reads OData of the platform 8.3.8 or newer: update it, or raise the "
    "compatibility mode; or publish the web service of examples/1c, which older platforms know too, and write "
    'kind = "soap".'
)
LOOK_BEFORE = say("Look at the proxy or web server before 1C.")
"""The cure of an answer that was damaged on its way."""

QueryOptions = Mapping[str, str | int]


def encode_query(options: QueryOptions) -> str:
    """Write the options of a query as 1C reads them: UTF-8, a blank as ``%20`` and never as ``+``."""
    return urlencode({key: str(value) for key, value in options.items()}, quote_via=quote, safe="$(),'/:")


class WebClient:
    """A session with one publication of 1C, or with another service. Paths are asked for below the address ``root``.

    ``rules`` tell apart the refusals of other interfaces than OData. ``reached``: the server has answered something.
    Nothing is waited for once the run must end (``stopping``); each answer has a clock (``clock.AnswerClock``). Raises
    ConfigError for a password file or a certificate file that cannot be read. Use as a context manager.
    """

    def __init__(
        self,
        config: SourceConfig,
        root: str,
        patience: Patience,
        rules: Sequence[RefusalRule] = (),
        stopping: Stopping = NEVER,
    ) -> None:
        self.retries = Retries(patience, stopping)
        self.host = urlsplit(root).netloc
        self._root = encode_path(root).rstrip("/") + "/"
        self._timeout = config.timeout
        self.reached = False
        self._rules = rules
        self._stopping = stopping
        self._adapter = ClockedAdapter(_tls(config))
        self._session = _session(config, self._adapter)

    def __enter__(self) -> "WebClient":
        return self

    def __exit__(self, *_error: object) -> None:
        self._session.close()

    def ask_once(self, path: str, options: QueryOptions, where: str, *, timeout: float | None = None) -> bytes:
        """Ask once and read a good answer whole. ``where`` names the set in messages. Raises SourceError.

        ``timeout`` is for an answer that is not worth ``source.timeout``.
        """
        clock = self._clock(timeout)
        try:
            with self._send(WebRequest(path, where, options), clock) as response:
                if response.status_code != requests.codes.ok:
                    raise self._refusal_error(response, _refusal_body(response, clock), where)
                return _whole_body(response, where, clock)
        except NETWORK_ERRORS as error:
            raise self._network_error(error) from None

    def work_for(self, stopping: Stopping) -> None:
        """Work for another run from now on: a client that is kept between questions serves each in its own time."""
        self._stopping = stopping

    def ask_small(self, request: WebRequest, largest: int, timeout: float | None = None) -> bytes:
        """Ask once for an answer of at most ``largest`` bytes. Raises SourceError, also for a larger one.

        An answer of the status 204 has no bytes. Of a refusal only so much is read that its words can be found.
        """
        clock = self._clock(timeout)
        try:
            with self._send(request, clock) as response:
                if response.status_code not in _GOOD:
                    raise self._refusal_error(response, _refusal_body(response, clock, _WORDS), request.where)
                return _small_body(response, request.where, clock, largest)
        except NETWORK_ERRORS as error:
            raise self._network_error(error) from None

    def date(self) -> str:
        """Ask for the root, and return the header ``Date`` of whatever answer comes. Raises SourceError."""
        try:
            with self._send(WebRequest("", ""), self._clock()) as response:
                return response.headers.get("Date", "")
        except NETWORK_ERRORS as error:
            raise self._network_error(error) from None

    def open(self, request: WebRequest) -> Body:
        """Ask once and begin to read a good answer, which the caller closes. Raises SourceError."""
        clock = self._clock()
        try:
            response = self._send(request, clock)
            try:
                return self._begin(response, request.where, clock)
            except BaseException:
                response.close()
                raise
        except NETWORK_ERRORS as error:
            raise self._network_error(error) from None

    def _begin(self, response: requests.Response, where: str, clock: AnswerClock) -> Body:
        if response.status_code != requests.codes.ok:
            raise self._refusal_error(response, _refusal_body(response, clock), where)
        return Body(response, where, clock, self._network_error).begin()

    def _clock(self, timeout: float | None = None) -> AnswerClock:
        return AnswerClock(self.host, min(timeout or self._timeout, self._timeout), self._stopping)

    def _network_error(self, error: Exception) -> SourceError:
        return connection_error(error, self.host, self._timeout, reached=self.reached)

    def _send(self, request: WebRequest, clock: AnswerClock) -> requests.Response:
        """Send a request and read the head of its answer."""
        url = f"{self._root}{quote(request.path)}" if request.path else self._root
        asked = request.url or (f"{url}?{encode_query(request.options)}" if request.options else url)
        headers, method = dict(request.headers), "GET" if request.body is None else "POST"
        clock.check_run()  # a run that must end asks nothing new
        self._adapter.clock = clock
        response = self._session.request(
            method, asked, data=request.body, headers=headers, stream=True, allow_redirects=False
        )
        clock.came()
        self.reached = True
        return response

    def _refusal_error(self, response: requests.Response, body: bytes, where: str) -> SourceError:
        if 300 <= response.status_code < 400:
            return _redirect(response, where)
        error = refusal(response.status_code, body, where, wait=_retry_after(response), first=self._rules)
        if isinstance(error, SourceLoginError):
            error.hint = joined(" ", (error.hint, *_login_hints(response)))
        return error


def _whole_body(response: requests.Response, where: str, clock: AnswerClock) -> bytes:
    body: list[bytes] = []
    size = 0
    for piece in pieces(response, clock, _PIECE):
        body.append(piece)
        size += len(piece)
        if size > LARGEST_BODY:
            raise SourceBadAnswer(
                say("the answer about {where} is too large", where=where), hint=_SMALLER_PAGE, smaller_page=True
            )
    whole = b"".join(body)
    if len(whole) > MOST_VALUES and sum(map(whole.count, (b"{", b"[", b",", b"<"))) > MOST_VALUES:
        raise SourceBadAnswer(
            say("the answer about {where} holds too many values", where=where), hint=_SMALLER_PAGE, smaller_page=True
        )
    return whole


def _small_body(response: requests.Response, where: str, clock: AnswerClock, largest: int) -> bytes:
    body = bytearray()
    for piece in pieces(response, clock, _PIECE):
        body += piece
        if len(body) > largest:
            raise SourceBadAnswer(
                say("the answer about {where} is too large: more than {bytes:,} bytes", where=where, bytes=largest),
                hint=_ONE_NAME,
            )
    return bytes(body)


def _refusal_body(response: requests.Response, clock: AnswerClock, most: int = LARGEST_REFUSAL) -> bytes:
    """Read a refusal for its words, those that come in time: its status alone is reason enough."""
    body = bytearray()
    with suppress(SourceUnreachable):
        for piece in pieces(response, clock, _PIECE):
            body += piece
            if len(body) > most:
                break
    response.close()
    return bytes(body)


def read_json(body: bytes, where: str) -> Any:
    """Parse a body as JSON. Raises SourceError for what is not JSON, and for the error that 1C tells of in it."""
    try:
        value = _loads(body)
    except (ValueError, RecursionError):
        refuse_not_json(body, where)
    if isinstance(value, dict) and "#exception" in value:
        raise_hidden_error(body, where)
    words = odata_error(value)
    if words is not None:
        raise odata_refusal(words, where)
    return value


def _loads(body: bytes) -> Any:
    text = body.removeprefix(b"\xef\xbb\xbf")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # Users' data holds control characters and halves of surrogate pairs: json reads them, orjson does not.
        return json.loads(text.decode("utf-8"), strict=False)


def refuse_not_json(body: bytes, where: str) -> NoReturn:
    """Raise the SourceError that says what a body is, which should have been JSON."""
    text = body_text(body[:LARGEST_REFUSAL]).lstrip()
    if not text:
        raise SourceBadAnswer(say("the answer about {where} is empty", where=where), hint=_LOGIN_PAGE)
    if text.startswith(("{", "[")):
        raise SourceBadAnswer(
            say("the answer about {where} is cut or damaged JSON", where=where), hint=LOOK_BEFORE, tries=FEW
        )
    raise_hidden_error(body, where)
    if any(space in text for space in _ATOM):
        raise SourceBadAnswer(
            say("the answer about {where} is Atom XML, though JSON was asked for", where=where), hint=_OLD_PLATFORM
        )
    raise SourceBadAnswer(
        say("the answer about {where} is not JSON but a page: {words}", where=where, words=page_words(text)),
        hint=_LOGIN_PAGE,
    )


def _login_hints(response: requests.Response) -> Iterator[str]:
    """Write what the answer shows about a refused login: was one sent, and does the server take Basic at all."""
    if "Authorization" not in response.request.headers:
        yield say("No login was sent: source.user is empty.")
    offered = response.headers.get("WWW-Authenticate", "Basic")
    if "basic" not in offered.lower():
        yield say(
            "The web server accepts only {offered}: switch Basic authentication on in it.",
            offered=one_line(offered)[:60],
        )


def _redirect(response: requests.Response, where: str) -> SourceBadAnswer:
    asked, status = urlsplit(response.url), response.status_code
    try:
        target = urlsplit(urljoin(response.url, response.headers.get("Location", "")))
    except ValueError:
        return SourceBadAnswer(
            say("the answer about {where} is a redirect to nowhere (HTTP {status:d})", where=where, status=status),
            hint=_LOGIN_PAGE,
        )
    host = target.netloc.rpartition("@")[2]
    hint = _LOGIN_PAGE
    if (asked.scheme, target.scheme) == ("http", "https") and asked.hostname == target.hostname:
        hint = say("The server wants TLS: write https://{host}… in source.url.", host=one_line(host))
    shown = one_line(f"{target.scheme}://{host}{target.path}")
    return SourceBadAnswer(
        say(
            "the answer about {where} is a redirect to {shown} (HTTP {status:d})",
            where=where,
            shown=shown,
            status=status,
        ),
        hint=hint,
    )


def _retry_after(response: requests.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdecimal() else 0


class _Session(requests.Session):
    """A session that leaves redirects alone: requests would read their bodies without bounds even if not to follow.

    The pages of a list are asked for by addresses that differ in their ends. requests takes an address apart and puts
    it together again, which takes longer than to read the page. So what it made of one is used for the next, where
    nothing could change in it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._server, self._prepared = "", requests.PreparedRequest()

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Prepare a request as requests does."""
        url = _USUAL_ADDRESS.fullmatch(str(request.url))
        if url is None or request.method != "GET" or request.headers or request.data or request.params or self.cookies:
            return super().prepare_request(request)
        if url["server"] == self._server:
            prepared = self._prepared.copy()
            prepared.url = url[0]
            return prepared
        prepared = super().prepare_request(request)
        if prepared.url == url[0]:
            self._server, self._prepared = url["server"], prepared
        return prepared

    def get_redirect_target(self, _response: requests.Response) -> None:
        """Find no target."""


def _session(config: SourceConfig, adapter: ClockedAdapter) -> requests.Session:
    session = _Session()
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.trust_env = False
    session.verify = authorities()
    session.headers.update({"Accept": "application/json", "User-Agent": "astsync"})
    if config.user:
        session.auth = HTTPBasicAuth(config.user.encode(), config.secret().encode())
    return session


def _tls(config: SourceConfig) -> SSLContext | None:
    """Make what TLS needs for a client certificate; None where there is none: then as requests does."""
    if config.client_cert is None:
        return None
    context = create_urllib3_context()
    load_certificate(context, config)
    return context
