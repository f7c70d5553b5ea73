"""Servers that name one caller, each a process of its own: ``python -m tests.bench.face_servers KIND``.

A server prints its port. For each line that it is sent it prints the CPU seconds that it has used so far.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

NAME = "OOO Romashka"


def _tell_cpu() -> None:
    for _ in sys.stdin:
        print(time.process_time(), flush=True)  # noqa: T201
    sys.exit()


def serve(start: Callable[[], Awaitable[Any]]) -> None:
    """Run a server, which ``start`` gives the port of, until this process is killed."""

    async def forever() -> None:
        port, *_keep = await start()
        print(port, flush=True)  # noqa: T201
        threading.Thread(target=_tell_cpu, daemon=True).start()
        await asyncio.Event().wait()

    asyncio.run(forever())


async def _ours(face: str) -> tuple[Any, ...]:
    from ipaddress import ip_network

    from astsync.lookup.agi import AgiFace
    from astsync.lookup.figures import Figures
    from astsync.lookup.gate import Entrance, Gate, listen
    from astsync.lookup.health import Health
    from astsync.lookup.model import CallerName, Origin
    from astsync.lookup.web import WebFace

    class OneName:
        async def resolve(self, caller: str, deadline: float) -> CallerName:
            return CallerName(caller, NAME, Origin.SNAPSHOT)

    figures = Figures()
    gate = Gate([ip_network("127.0.0.0/8")], 1_000_000, figures)
    listening = listen("127.0.0.1", 0)
    if face == "agi":
        agi = AgiFace(OneName(), gate, figures, 1.0)
        return listening.getsockname()[1], Entrance(listening, gate, agi.welcome, asks=True), agi
    web = WebFace(OneName(), gate, figures, lambda: Health(True, 0, False, 0), deadline=1.0)
    return listening.getsockname()[1], Entrance(listening, gate, web.welcome), web


async def _plain_aiohttp() -> tuple[Any, ...]:
    from aiohttp import web

    async def lookup(request: web.Request) -> web.Response:
        return web.Response(text=NAME if request.query["number"] else "")

    app = web.Application()
    app.add_routes([web.get("/lookup", lookup)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner.addresses[0][1], runner


KINDS: dict[str, Callable[[], Awaitable[Any]]] = {
    "agi": lambda: _ours("agi"),
    "http": lambda: _ours("http"),
    "aiohttp": _plain_aiohttp,
}

if __name__ == "__main__":
    serve(KINDS[sys.argv[1]])
