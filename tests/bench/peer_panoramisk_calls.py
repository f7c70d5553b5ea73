"""panoramisk's FastAGI as it comes, with the names in a dict. ``python -m tests.bench.peer_panoramisk_calls PORT``."""

import asyncio
import importlib
import sys
from typing import Any

from tests.bench.entries import make_entries

ROUTE = "name"
ENTRIES = 10_000


async def _serve(port: int) -> None:
    fast_agi = importlib.import_module("panoramisk.fast_agi")  # only its own environment has it
    names = dict(make_entries(ENTRIES))

    async def answer(request: Any) -> None:
        name = names.get(request.headers["agi_callerid"].lstrip("+"), "")
        if name:
            quoted = name.replace("\\", "\\\\").replace('"', '\\"')
            await request.send_command(f'SET VARIABLE CALLERID(name) "{quoted}"')

    application = fast_agi.Application(loop=asyncio.get_running_loop())
    application.add_route(ROUTE, answer)
    server = await asyncio.start_server(application.handler, "127.0.0.1", port, backlog=1_000)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
