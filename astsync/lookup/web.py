"""HTTP: the caller's name as a text or as JSON, the health of the service, its figures.

``GET /lookup?number=`` answers 200 with the name alone, or with an empty body where none is known. An error has an
empty body too, because a dialplan may take a body for the name; its reason is in the header ``X-Error``. Where JSON is
asked for (``Accept: application/json``), an error is ``{"error": …}``.

With a token every request needs ``Authorization: Bearer TOKEN``, but for ``/healthz``: it is for load balancers and
watchdogs that send no headers, and tells neither a number nor a caller nor how many there are; where calls are followed
it names the PBXs.

aiohttp reads HTTP. Its own answers to what is no HTTP would have a text, and its name and version in a header; a client
that does not read its answer would stay for ever. ``_Connection`` mends that.
"""

import asyncio
import functools
import hmac
import logging
import socket
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import unquote

from aiohttp import web

from astsync.lookup import figures as counted
from astsync.lookup.answers import JSON, TEXT, BadRequest, Route, answer, error_answer, json_answer
from astsync.lookup.call_pages import API, CallPages, without_blanks
from astsync.lookup.figures import Figures
from astsync.lookup.gate import Gate, Refusal
from astsync.lookup.health import Health
from astsync.lookup.model import CallerName, Resolver

log = logging.getLogger(__name__)

MOST_NUMBER = 64
"""Characters of a number in a request."""
IDLE = 5.0
"""Seconds that a connection may take to send its next request whole, that of its first one included."""
UNREAD = 5.0
"""Seconds that a client may take to read an answer."""

_MOST_LINE, _MOST_HEADERS = 4_096, 64  # bytes of a line of a request; headers
_METHODS = "GET, HEAD"
_LATE = 0.05  # seconds that a resolver may take past the deadline
_ENDING = 1.0  # seconds that requests under way may still take when the face is closed


class WebFace:
    """Speaks HTTP on the connections that an ``Entrance`` gives to ``welcome``; on one event loop.

    ``deadline`` is in seconds from the first byte of a request. ``health`` is asked on the loop, so it must answer at
    once. ``token`` "": none is asked for. ``calls`` answers the pages about calls, where these are followed.
    """

    def __init__(
        self,
        resolver: Resolver,
        gate: Gate,
        figures: Figures,
        health: Callable[[], Health],
        *,
        deadline: float,
        token: str = "",
        calls: CallPages | None = None,
    ) -> None:
        self._resolver, self._gate, self._figures, self._health = resolver, gate, figures, health
        self._deadline, self._token, self._calls = deadline, token.encode(), calls
        self._loop = asyncio.get_running_loop()
        # A client that leaves ends its request: else each long poll that it gave up would wait on, counted by nobody.
        self._server = web.Server(self._handle, handler_cancellation=True)
        self._coming: set[asyncio.Task[Any]] = set()
        self._routes: dict[str, Route] = {
            "/lookup": self._lookup,
            "/healthz": self._healthz,
            "/metrics": self._metrics,
        }

    def welcome(self, connected: socket.socket, address: str, _moment: float) -> None:
        """Begin to speak on a socket that does not block."""
        connection = _Connection(self._server, self._loop, self._gate, address)
        task = self._loop.create_task(self._loop.connect_accepted_socket(lambda: connection, connected))
        self._coming.add(task)
        task.add_done_callback(functools.partial(self._came, connection, connected))

    async def close(self) -> None:
        """End all connections. Requests under way may take a second more."""
        for task in list(self._coming):
            task.cancel()
        await self._server.shutdown(_ENDING)

    def _came(self, connection: "_Connection", connected: socket.socket, task: asyncio.Task[Any]) -> None:
        """Give up a connection that ended before aiohttp had it."""
        self._coming.discard(task)
        if task.cancelled() or task.exception() is not None:
            connection.leave()
            connected.close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        wants_json = request.path.startswith(API) or _wants_json(request.headers.getall("Accept", []))
        connection = _connection(request)
        if connection.writing_paused and connection.transport is not None:
            connection.transport.abort()  # it asks more and does not read: the answers would fill the memory
            return error_answer(BadRequest(429, "too many requests"), wants_json)
        try:
            return await self._answer(request, wants_json)
        except BadRequest as fault:
            if fault.refusal is not None:
                self._gate.refused(fault.refusal, connection.address)
            return error_answer(fault, wants_json)
        except Exception as error:  # noqa: BLE001 - whatever it is, its text is not for the client
            # And not for the log: it may have the number.
            log.error("a request ended with %s: this is a bug", type(error).__name__)  # noqa: TRY400
            return error_answer(BadRequest(500, "internal error"), wants_json)

    async def _answer(self, request: web.BaseRequest, wants_json: bool) -> web.StreamResponse:
        address = _connection(request).address
        if not self._gate.may_ask(address):
            raise BadRequest(429, "too many requests", {"Retry-After": "1"}, Refusal.RATE)
        path = request.path
        route = self._route(path)
        if route is None:
            raise BadRequest(404, "no such page")
        if path != "/healthz":
            self._check_token(request)
        if request.method not in {"GET", "HEAD"}:
            raise BadRequest(405, "wrong method", {"Allow": _METHODS})
        if request.can_read_body:
            raise BadRequest(413, "a request has no body")
        return await route(request, JSON if wants_json else TEXT)

    def _route(self, path: str) -> Route | None:
        found = self._routes.get(path)
        return found if found is not None or self._calls is None else self._calls.page(path)

    def _check_token(self, request: web.BaseRequest) -> None:
        if not self._token:
            return
        sent = request.headers.getall("Authorization", [])
        scheme, _, token = sent[0].partition(" ") if len(sent) == 1 else ("", "", "")
        right = hmac.compare_digest(token.strip().encode("utf-8", "surrogateescape"), self._token)
        if not right or scheme.lower() != "bearer":
            raise BadRequest(401, "the token is missing or wrong", {"WWW-Authenticate": "Bearer"}, Refusal.TOKEN)

    async def _lookup(self, request: web.BaseRequest, content_type: str) -> web.Response:
        asked_at = _connection(request).asked_at
        caller = number_asked(request.raw_path)
        found = await self._found(caller, asked_at + self._deadline)
        self._figures.looked_up("http", found.origin, self._loop.time() - asked_at)
        if content_type == TEXT:
            return answer(found.name.encode("utf-8", "replace"), TEXT)
        name = found.name.encode("utf-8", "replace").decode() or None
        told = {"number": found.number, "name": name, "origin": found.origin}
        return json_answer(told | ({"extension": found.extension} if found.extension else {}))

    async def _found(self, caller: str, deadline: float) -> CallerName:
        """Ask the resolver. It ends at the deadline; if it does not, it is given up, as Asterisk waits for this."""
        try:
            async with asyncio.timeout_at(max(deadline, self._loop.time()) + _LATE):
                return await self._resolver.resolve(caller, deadline)
        except TimeoutError:
            # Not with its trace, which may have the number.
            log.error("a lookup did not end at its deadline: this is a bug")  # noqa: TRY400
            return CallerName()

    async def _healthz(self, _request: web.BaseRequest, _content_type: str) -> web.Response:
        health = self._health()
        told = {
            "store": "read" if health.store_read else "unreadable",
            "snapshot_age_seconds": None if health.snapshot_age is None else round(health.snapshot_age),
            "breaker": "open" if health.breaker_open else "closed",
            "up_seconds": round(health.up),
            **({"calls": self._calls.ways()} if self._calls is not None else {}),
        }
        return json_answer({"status": "ok" if health.well else "failed", **told}, 200 if health.well else 503)

    async def _metrics(self, _request: web.BaseRequest, _content_type: str) -> web.Response:
        return answer(self._figures.text(), counted.CONTENT_TYPE)


class _Connection(web.RequestHandler):
    """One connection, bounded in the time of each request and of each answer."""

    __slots__ = ("_gate", "_left", "_stuck", "address", "asked_at")

    def __init__(self, server: web.Server, loop: asyncio.AbstractEventLoop, gate: Gate, address: str) -> None:
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=IDLE,
            access_log=None,  # type: ignore[arg-type]  # that is how aiohttp keeps no log
            max_line_size=_MOST_LINE,
            max_field_size=_MOST_LINE,
            max_headers=_MOST_HEADERS,
            lingering_time=0,  # no body is waited for
            auto_decompress=False,
        )
        self._gate, self.address = gate, address
        self.asked_at = 0.0
        self._left = False
        self._stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; each byte that the client does not take at once is then a reason for ``pause_writing``."""
        cast("asyncio.Transport", transport).set_write_buffer_limits(high=0)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Take a piece of a request; the first one of it begins its time."""
        if not self.asked_at:
            self.asked_at = self._loop.time()
            data = without_blanks(data)
        super().data_received(data)

    def pause_writing(self) -> None:
        """End soon a client that does not read its answer."""
        super().pause_writing()
        if self._stuck is None and self.transport is not None:
            self._stuck = self._loop.call_later(UNREAD, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on with a client that has read its answer."""
        super().resume_writing()
        self._stop_waiting()

    def connection_lost(self, exc: BaseException | None) -> None:
        """End, and make room for another client."""
        self._stop_waiting()
        self.leave()
        super().connection_lost(exc)

    def leave(self) -> None:
        """Make room for another client, once."""
        if not self._left:
            self._left = True
            self._gate.leave(self.address)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer; the next request has its own time."""
        self.asked_at = self._loop.time() if self._messages else 0.0
        return await super().finish_response(request, resp, start_time)

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002
        status: int = 500,
        exc: BaseException | None = None,  # noqa: ARG002
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        """Answer what is no HTTP: without the text of aiohttp, which quotes what came."""
        self._gate.refused(Refusal.GARBAGE, self.address)
        response = error_answer(
            BadRequest(status, "bad request" if status < 500 else "internal error"), wants_json=False
        )
        response.force_close()
        return response

    def _stop_waiting(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None


def number_asked(target: str) -> str:
    """The number in the query of a request's target, "" for a caller without one. Raises BadRequest.

    A ``+`` before the number is a plus, others are blanks.
    A program that writes ``?number=+74952293042`` means the plus, though it is a blank in the query of a form.
    """
    pairs = (pair.partition("=") for pair in target.partition("?")[2].split("&"))
    numbers = [value for key, _, value in pairs if key == "number"]
    if len(numbers) != 1:
        raise BadRequest(400, "one number is needed" if not numbers else "more than one number")
    number = numbers[0]
    if len(number) > 9 * MOST_NUMBER:  # of three bytes each, as %XX
        raise BadRequest(413, "the number is too long")
    number = unquote(number[:1] + number[1:].replace("+", " "), errors="replace")
    number = number.encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip()  # raw bytes that are no text
    if len(number) > MOST_NUMBER:
        raise BadRequest(413, "the number is too long")
    return number


def _wants_json(accepted: list[str]) -> bool:
    """Whether JSON is asked for by name, and is not less wanted than a text."""
    wanted = {JSON: 0.0, TEXT: 0.0}
    for each in ",".join(accepted).lower().split(","):
        kind, *parameters = (part.strip() for part in each.split(";"))
        if kind in wanted:
            wanted[kind] = next((_quality(text[2:]) for text in parameters if text.startswith("q=")), 1.0)
    return wanted[JSON] > 0 and wanted[JSON] >= wanted[TEXT]


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _connection(request: web.BaseRequest) -> _Connection:
    return cast("_Connection", request.protocol)
