"""Answers over HTTP: a text, JSON, an error that has its reason in a header."""

from collections.abc import Awaitable, Callable, Mapping

import orjson
from aiohttp import web

from astsync.lookup.gate import Refusal

JSON, TEXT = "application/json", "text/plain"
BANNER = "astsync"

Route = Callable[[web.BaseRequest, str], Awaitable[web.StreamResponse]]
"""What answers a request; it is told the content type that the client wants, ``JSON`` or ``TEXT``."""


class BadRequest(Exception):
    """An answer that is an error: its status, its reason in a few fixed words, and how it is counted and told.

    ``refusal`` None: the client asked as it should, and is not counted as one that was refused.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        headers: Mapping[str, str] | None = None,
        refusal: Refusal | None = Refusal.REQUEST,
    ) -> None:
        self.status, self.reason, self.headers, self.refusal = status, reason, headers or {}, refusal


def answer(body: bytes, content_type: str, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer with these bytes."""
    charset = "; charset=utf-8" if content_type == TEXT else ""
    return web.Response(
        status=status,
        body=body,
        headers={
            "Content-Type": content_type + charset,
            "Server": BANNER,
            "Cache-Control": "no-store",
            **(headers or {}),
        },
    )


def json_answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer in JSON."""
    return answer(orjson.dumps(value), JSON, status, headers)


def error_answer(fault: BadRequest, wants_json: bool) -> web.Response:
    """An error. Its reason is in a header, as a dialplan may take a body for the name, and in JSON if wanted."""
    headers = {"X-Error": fault.reason, **fault.headers}
    if wants_json:
        return json_answer({"error": fault.reason}, fault.status, headers)
    return answer(b"", TEXT, fault.status, headers)
