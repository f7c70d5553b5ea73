"""The pages about calls in progress: what 1C, or a page in a browser, asks to show who is calling.

``GET /api/v1/calls/incoming?phone=&extension=&wait=&after=`` answers 200 with the calls that ring now, and **404 where
nobody calls**: the 1C code that a public guide prints opens a card on any 200. ``wait`` is a long poll, as the PBX
often cannot reach 1C. ``after`` names calls that the client knows, so that only another one ends its wait. A blank
before the name of a parameter is passed over: that code sends ``? phone=``.

``GET /api/v1/calls/{id}`` is one call in progress, ``GET /api/v1/calls/events`` tells of all as server-sent events.
Answers are JSON in any case.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import unquote

import orjson
from aiohttp import web

from astsync.calls.model import Direction, LiveCall, Stage
from astsync.lookup.answers import BadRequest, Route, json_answer
from astsync.lookup.callers import CallerReader
from astsync.lookup.live_calls import LiveCalls
from astsync.phonebook.model import Origin

API = "/api/"
INCOMING = "/api/v1/calls/incoming"
EVENTS = "/api/v1/calls/events"
ROOT = "/api/v1/calls/"
LONGEST_WAIT = 60.0
"""Seconds that a long poll may last."""
QUIET = 15.0
"""Seconds without news after which a comment is sent, so that nothing between takes the connection for dead."""

_MOST_VALUE, _MOST_KNOWN = 256, 50  # characters of a value; ids in ``after``
_KEPT = 0.2  # seconds; a name that 1C tells during the call is shown after them
_PARAMETERS = frozenset(("phone", "extension", "wait", "after"))


class KnownCounterparties(Protocol):
    """What the store knows of numbers; see ``store.StoreNames``."""

    def find(self, keys: Sequence[str]) -> tuple[str, Origin] | None:
        """The name of the first of the keys that has one."""

    def cards(self, keys: Sequence[str]) -> Sequence[tuple[str, str]]:
        """The source and the name of the counterparties that claim the first of the keys that anybody claims."""


class CallPages:
    """Answers by the calls in progress; the names are those of the store. On the event loop of the calls."""

    def __init__(self, live: LiveCalls, callers: CallerReader, names: KnownCounterparties) -> None:
        self._live, self._callers, self._names = live, callers, names
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
        return self._one if path.startswith(ROOT) and len(path) > len(ROOT) else None

    async def _incoming(self, request: web.BaseRequest, _content_type: str) -> web.StreamResponse:
        given = _query(request.raw_path)
        phone, extension = given.get("phone", ""), given.get("extension", "")
        number, known = self._number(phone), set(given.get("after", "").split(",", _MOST_KNOWN))

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
        call = self._live.find(unquote(request.path.removeprefix(ROOT)))
        if call is None:
            raise BadRequest(404, "no such call")
        return json_answer(self.told(call))

    async def _events(self, request: web.BaseRequest, _content_type: str) -> web.StreamResponse:
        """Tell of each news as it comes, until the client leaves."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
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
            except ConnectionError:
                return response
            finally:
                next_one.cancel()

    def told(self, call: LiveCall) -> dict[str, Any]:
        """A call in progress as JSON has it. Many clients wait for one call, so the last one is kept for a moment."""
        now, last = time.monotonic(), self._last
        if last is not None and last[0] is call and now - last[1] < _KEPT:
            return last[2]
        told = self._made(call)
        self._last = call, now, told
        return told

    def _made(self, call: LiveCall) -> dict[str, Any]:
        return {
            "id": call.id,
            "pbx": call.pbx,
            "direction": call.direction.value,
            "phone": call.phone,
            **self._who(call.phone),
            "extension": call.extension,
            "rung": list(call.rung),
            "did": call.did,
            "state": call.stage.value,
            "started": _moment(call.started),
            "since": _moment(call.since),
        }

    def _who(self, phone: str) -> dict[str, Any]:
        """The name that phones show for a number, and the counterparties in 1C that have it."""
        keys = self._callers.read(phone).keys
        found = self._names.find(keys) if keys else None
        cards = [_card(source, name) for source, name in (self._names.cards(keys) if keys else [])]
        return {
            "name": None if found is None else found[0].encode("utf-8", "replace").decode(),
            "counterparty": cards[0] if cards else None,
            "counterparties": cards,
        }

    def _number(self, text: str) -> str:
        return self._callers.read(text).number or text


def without_blanks(request: bytes) -> bytes:
    """A request whose target has blanks before its first parameter, without these.

    ``request`` are the first bytes of one. HTTP allows no blank there; older platforms of 1C send it as it is written,
    newer ones as %20.
    """
    path, mark, query = request.partition(b"?")
    bare = query.lstrip(b" ")
    ours = path.startswith((b"GET /api/", b"HEAD /api/")) and b"\n" not in path
    return path + mark + bare if ours and not bare.startswith(b"HTTP/") else request


def _query(target: str) -> Mapping[str, str]:
    """The parameters of a request's target. Raises BadRequest."""
    found: dict[str, str] = {}
    for pair in target.partition("?")[2].split("&"):
        name, equals, value = pair.partition("=")
        name = unquote(name.replace("+", " ")).strip()
        if not name and not equals:
            continue
        if name not in _PARAMETERS or name in found:
            raise BadRequest(400, "a parameter comes twice" if name in found else "no such parameter")
        if len(value) > 9 * _MOST_VALUE:
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


def _card(source: str, name: str) -> dict[str, str]:
    catalog, _, ref = source.rpartition("/")
    return {"catalog": catalog, "ref": ref, "name": name.encode("utf-8", "replace").decode()}


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
