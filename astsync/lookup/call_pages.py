"""The pages about calls: what 1C, or a page in a browser, asks to show who is calling.

``GET /api/v1/calls/incoming?phone=&extension=&wait=&after=`` answers 200 with the calls that ring now, and **404 where
nobody calls**: the 1C code that a public guide prints opens a card on any 200. ``wait`` is a long poll, as the PBX
often cannot reach 1C. ``after`` names calls that the client knows, so that only another one ends its wait. A blank
before the name of a parameter is passed over: that code sends ``? phone=``.

``GET /api/v1/calls/{id}`` is one call, in progress or over, ``GET /api/v1/calls`` those that are over
(``past_call_pages``), ``GET /api/v1/calls/events`` tells of all as server-sent events.
Answers are JSON in any case.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import orjson
from aiohttp import web

from astsync.calls.model import Direction, LiveCall, Stage
from astsync.lookup.answers import BANNER, BadRequest, Route, json_answer
from astsync.lookup.call_json import CallTeller
from astsync.lookup.live_calls import LiveCalls
from astsync.lookup.past_call_pages import CALLS, PastCallPages

API = "/api/"
INCOMING = "/api/v1/calls/incoming"
EVENTS = "/api/v1/calls/events"
ROOT = "/api/v1/calls/"
LONGEST_WAIT = 60.0
"""Seconds that a long poll may last."""
QUIET = 15.0
"""Seconds without news after which a comment is sent, so that nothing between takes the connection for dead."""

_MOST_VALUE = 256  # characters of a value; those of ``after`` are as many as fit into a request's line
_KEPT = 0.2  # seconds; a name that 1C tells during the call is shown after them
_OF_INCOMING = frozenset(("phone", "extension", "wait", "after"))
_OF_LIST = frozenset(("since", "limit"))
_STREAM = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "Server": BANNER}


class CallPages:
    """Answers by the calls in progress, and those of the journal where one is kept. On the event loop of the calls."""

    def __init__(self, live: LiveCalls, teller: CallTeller, past: PastCallPages | None = None) -> None:
        self._live, self._teller, self._past = live, teller, past
        self._last: tuple[LiveCall, float, dict[str, Any]] | None = None

    def ways(self) -> dict[str, str]:
        """How the calls of each PBX are followed, by the words of ``Following``."""
        return {pbx: way.value for pbx, way in self._live.ways.items()}

    def page(self, path: str) -> Route | None:
        """What answers this path; None where nothing here does."""
        if path == INCOMING:
            return self._incoming
        if path == EVENTS:
            return self._events
        if path == CALLS and self._past is not None:
            return self._list
        return self._one if path.startswith(ROOT) and len(path) > len(ROOT) else None

    async def _incoming(self, request: web.BaseRequest, _content_type: str) -> web.StreamResponse:
        given = _query(request.raw_path, _OF_INCOMING)
        phone, extension = given.get("phone", ""), given.get("extension", "")
        number, known = self._teller.number(phone), set(given.get("after", "").split(","))

        def wanted(call: LiveCall) -> bool:
            return (
                call.direction is Direction.INCOMING
                and call.stage is Stage.RINGING
                and call.id not in known
                and (not phone or call.phone in {number, phone})
                and (not extension or extension in call.rung)
            )

        calls = await self._live.wait_for(wanted, _seconds(given.get("wait", "")))
        return json_answer({"calls": [self.told(call) for call in calls]}, 200 if calls else 404)

    async def _one(self, request: web.BaseRequest, _content_type: str) -> web.StreamResponse:
        call_id = unquote(request.path.removeprefix(ROOT))
        call = self._live.find(call_id)
        found = self.told(call) if call is not None else None
        if found is None and self._past is not None:
            found = await self._past.find(call_id)
        if found is None:
            raise BadRequest(404, "no such call", refusal=None)
        return json_answer(found)

    async def _list(self, request: web.BaseRequest, _content_type: str) -> web.StreamResponse:
        if self._past is None:
            raise BadRequest(404, "no such page")
        return await self._past.page(_query(request.raw_path, _OF_LIST))

    async def _events(self, request: web.BaseRequest, _content_type: str) -> web.StreamResponse:
        """Tell of each news as it comes, until the client leaves, or no more are told."""
        response = web.StreamResponse(headers=_STREAM)
        with self._live.reading() as news:
            await response.prepare(request)
            coming = aiter(news)
            next_one = asyncio.ensure_future(anext(coming))
            try:
                while True:
                    done, _ = await asyncio.wait({next_one}, timeout=QUIET)
                    if not done:
                        await response.write(b": quiet\n\n")
                        continue
                    call, over = next_one.result()
                    next_one = asyncio.ensure_future(anext(coming))
                    told = self.told(call) | ({"state": "ended"} if over else {})
                    await response.write(b"event: call\ndata: " + orjson.dumps(told) + b"\n\n")
            except (ConnectionError, StopAsyncIteration):
                return response
            finally:
                next_one.cancel()

    def told(self, call: LiveCall) -> dict[str, Any]:
        """A call in progress as JSON has it. Many clients wait for one call, so the last one is kept for a moment."""
        now, last = time.monotonic(), self._last
        if last is not None and last[0] is call and now - last[1] < _KEPT:
            return last[2]
        told = self._teller.live(call)
        self._last = call, now, told
        return told


def without_blanks(request: bytes) -> bytes:
    """A request whose target has blanks before its first parameter, without these.

    ``request`` are the first bytes of one. HTTP allows no blank there; older platforms of 1C send it as it is written,
    newer ones as %20.
    """
    path, mark, query = request.partition(b"?")
    bare = query.lstrip(b" ")
    ours = path.startswith((b"GET /api/", b"HEAD /api/")) and b"\n" not in path
    return path + mark + bare if ours and not bare.startswith(b"HTTP/") else request


def _query(target: str, known: frozenset[str]) -> Mapping[str, str]:
    """The parameters of a request's target, which must be known ones. Raises BadRequest."""
    found: dict[str, str] = {}
    for pair in target.partition("?")[2].split("&"):
        name, equals, value = pair.partition("=")
        name = unquote(name.replace("+", " ")).strip()
        if not name and not equals:
            continue
        if name not in known or name in found:
            raise BadRequest(400, "a parameter comes twice" if name in found else "no such parameter")
        if len(value) > 9 * _MOST_VALUE and name != "after":
            raise BadRequest(413, "a parameter is too long")
        # A + before a number is a plus, though it is a blank in the query of a form.
        text = unquote(value[:1] + value[1:].replace("+", " "), errors="replace")
        found[name] = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip()
    return found


def _seconds(text: str) -> float:
    """The seconds of ``wait``, within bounds. Raises BadRequest."""
    if not text:
        return 0.0
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_WAIT:  # which nan is not either
        raise BadRequest(400, f"wait is a number of seconds from 0 to {LONGEST_WAIT:.0f}")
    return seconds
