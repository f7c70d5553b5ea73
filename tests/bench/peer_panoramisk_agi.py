"""panoramisk's FastAGI as its documentation shows it: ``python -m tests.bench.peer_panoramisk_agi``."""

import asyncio
import importlib
from typing import Any

from tests.bench.face_servers import NAME, serve


async def _start() -> tuple[Any, ...]:
    fast_agi = importlib.import_module("panoramisk.fast_agi")  # only its own environment has it

    async def lookup(request: Any) -> None:
        if request.headers["agi_callerid"]:
            await request.send_command(f'SET VARIABLE CALLERID(name) "{NAME}"')
            await request.send_command('SET VARIABLE ASTSYNC_ORIGIN "snapshot"')

    app = fast_agi.Application(loop=asyncio.get_running_loop())
    app.add_route("lookup", lookup)
    server = await asyncio.start_server(app.handler, "127.0.0.1", 0)
    return server.sockets[0].getsockname()[1], server, app


if __name__ == "__main__":
    serve(_start)
