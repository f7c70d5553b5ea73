"""Both faces on free ports, over a resolver of the test's own, and clients that speak bytes."""

import asyncio
import contextlib
import ipaddress
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from astsync.lookup.agi import AgiFace
from astsync.lookup.call_json import CallTeller
from astsync.lookup.call_pages import CallPages
from astsync.lookup.callers import CallerReader
from astsync.lookup.figures import Figures
from astsync.lookup.gate import Entrance, Gate, listen
from astsync.lookup.health import Health
from astsync.lookup.live_calls import LiveCalls
from astsync.lookup.model import CallerName, Origin
from astsync.lookup.past_call_pages import PastCallPages
from astsync.lookup.web import WebFace
from astsync.phonebook.numbers.parser import NumberParser
from astsync.store import JournalReader
from astsync.store.known_names import Card

NUMBER, NAME = "74955550142", "OOO Romashka"
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
GET = b"GET /lookup?number=74955550142 HTTP/1.1\r\nHost: x\r\n"
PATIENCE = 20.0  # seconds; a busy machine


class Names:
    """Knows ``name`` for every caller, after ``delay`` seconds; a fault is raised instead."""

    def __init__(self) -> None:
        self.name, self.origin, self.extension = NAME, Origin.SNAPSHOT, ""
        self.delay = 0.0
        self.fault: Exception | None = None
        self.asked: list[str] = []
        self.left: list[float] = []

    async def resolve(self, caller: str, deadline: float) -> CallerName:
        now = asyncio.get_running_loop().time()
        self.asked.append(caller)
        self.left.append(deadline - now)
        if self.delay:
            await asyncio.sleep(self.delay)  # as a 1C that answers late
        if self.fault is not None:
            raise self.fault
        return CallerName(caller, self.name, self.origin if self.name else None, self.extension)


class Known:
    """What a store knows of numbers."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.claims: dict[str, list[Card]] = {}

    def find(self, keys: Sequence[str]) -> tuple[str, Origin] | None:
        return next(((self.names[key], Origin.SNAPSHOT) for key in keys if key in self.names), None)

    def extension(self, keys: Sequence[str]) -> str:
        return ""

    def cards(self, keys: Sequence[str]) -> list[Card]:
        return next((self.claims[key] for key in keys if key in self.claims), [])


class Faces:
    """What runs, and its ports."""

    def __init__(self, *, deadline: float, token: str, rate: float, most: int, store: Path | None = None) -> None:
        self.names, self.figures = Names(), Figures()
        self.gate = Gate(LOOPBACK, rate, self.figures, most=most)
        self.health = Health(store_read=True, snapshot_age=60.4, breaker_open=False, up=5)
        self.agi = AgiFace(self.names, self.gate, self.figures, deadline)
        self.live, self.known = LiveCalls(), Known()
        teller = CallTeller(CallerReader(NumberParser()), self.known)
        past = None if store is None else PastCallPages(JournalReader(store), teller, ["office"])
        pages = CallPages(self.live, teller, past)
        self.web = WebFace(
            self.names, self.gate, self.figures, lambda: self.health, deadline=deadline, token=token, calls=pages
        )
        listening = listen("127.0.0.1", 0), listen("127.0.0.1", 0)
        self.agi_port, self.web_port = (each.getsockname()[1] for each in listening)
        self.entrances = (
            Entrance(listening[0], self.gate, self.agi.welcome, asks=True),
            Entrance(listening[1], self.gate, self.web.welcome),
        )

    async def close(self) -> None:
        for entrance in self.entrances:
            entrance.close()
        self.agi.close()
        await self.web.close()

    async def agi_talk(self, sent: bytes, answers: bytes = b"200 result=1\n") -> list[bytes]:
        """Send the environment, answer each command, give all commands."""
        async with self.client(self.agi_port) as (reader, writer):
            writer.write(sent)
            told = []
            with contextlib.suppress(ConnectionError):
                while line := await reader.readline():
                    told.append(line)
                    writer.write(answers)
            return told

    async def still_answers(self) -> None:
        """Demand that other clients are served as ever."""
        assert (await self.agi_talk(environment()))[0] == b'SET VARIABLE CALLERID(name) "%b"\n' % NAME.encode()
        assert (await self.http(GET + b"Connection: close\r\n\r\n")).endswith(b"\r\n\r\n" + NAME.encode())

    async def http(self, sent: bytes) -> bytes:
        """Send bytes to the port of HTTP, give all that comes until the end."""
        return await self.ended(self.web_port, sent)

    async def ended(self, port: int, sent: bytes) -> bytes:
        """Send bytes, and give all that comes until the server ends the connection."""
        async with self.client(port) as (reader, writer):
            with contextlib.suppress(ConnectionError):
                writer.write(sent)
                return await reader.read()
            return b""

    @asynccontextmanager
    async def client(self, port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def figure(self, name: str) -> float:
        """A sample of the figures by its name with labels, 0 where there is none."""
        for line in self.figures.text().decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.rpartition(" ")[2])
        return 0.0

    async def until(self, wanted: Callable[[], bool]) -> None:
        """Wait until something is so."""
        end = time.monotonic() + PATIENCE
        while not wanted():
            assert time.monotonic() < end, "it did not come about"
            await asyncio.sleep(0.005)  # between two looks


def environment(caller: str = NUMBER, *more: str) -> bytes:
    """The variables of a call, as Asterisk sends them."""
    lines = ("network: yes", "request: agi://127.0.0.1/lookup", f"callerid: {caller}", "callingpres: 0", *more)
    return "".join(f"agi_{line}\n" for line in lines).encode() + b"\n"


def play(
    story: Callable[[Faces], Coroutine[Any, Any, None]],
    *,
    deadline: float = 1.0,
    token: str = "",
    rate: float = 100_000,
    most: int = 1_000,
    store: Path | None = None,
) -> None:
    """Play a story with both faces, within ``PATIENCE``; nothing of it may be left open.

    ``store`` has the journal of calls.
    """

    async def whole() -> None:
        faults: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
        faces = Faces(deadline=deadline, token=token, rate=rate, most=most, store=store)
        try:
            async with asyncio.timeout(PATIENCE):
                await story(faces)
                await faces.until(lambda: faces.gate.connections == 0)
        finally:
            await faces.close()
        assert faults == []

    asyncio.run(whole())
