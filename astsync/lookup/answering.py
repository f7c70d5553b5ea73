"""What answers calls on one event loop: the two faces, the gate before them, the resolver behind them."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from astsync.config import ServeConfig
from astsync.lookup.agi import AgiFace
from astsync.lookup.call_json import CallTeller
from astsync.lookup.call_pages import CallPages
from astsync.lookup.counting import Counts, EachOf
from astsync.lookup.figures import Figures
from astsync.lookup.gate import Entrance, Gate
from astsync.lookup.health import Health
from astsync.lookup.live_calls import LiveCalls
from astsync.lookup.model import CallerName, Resolver
from astsync.lookup.past_call_pages import PastCallPages
from astsync.lookup.resolver import CallResolver
from astsync.lookup.tally import CallTally
from astsync.lookup.web import WebFace
from astsync.store import StoreNames
from astsync.watch.job import Member

ENDING = 0.8  # seconds that calls may still take when calls are answered no longer
_WRITING = 0.3  # seconds that a thread may take to end; the others go on meanwhile
_ANSWERING = 0.05  # of these, seconds for the last commands to Asterisk

MakeResolver = Callable[[StoreNames, Counts], CallResolver]


class _Underway:
    """A ``Resolver`` that knows how many calls it is answering."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self.calls = 0

    async def resolve(self, caller: str, deadline: float) -> CallerName:
        self.calls += 1
        try:
            return await self._resolver.resolve(caller, deadline)
        finally:
            self.calls -= 1

    async def end(self, seconds: float) -> None:
        """Wait until all are answered, so many seconds at most."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while self.calls and loop.time() < until:
            await asyncio.sleep(0.01)
        await asyncio.sleep(_ANSWERING)


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers calls by one configuration. ``names`` opens the store, ``resolver`` makes what answers over it.

    ``token`` is that of HTTP. ``sockets`` gives the listening ones by face, "agi" and "http", where there is one; they
    are closed here. ``teller`` makes what tells of calls. ``follow`` makes the threads that follow the calls of the
    PBXs, none where they are not followed; those that began first end last. ``past`` makes the pages of past calls.
    ``tally`` makes what keeps the figures of the calls in the store.
    """

    serve: ServeConfig
    token: str
    names: Callable[[], StoreNames]
    resolver: MakeResolver
    sockets: Callable[[], Mapping[str, socket.socket]]
    teller: Callable[[StoreNames], CallTeller]
    follow: Callable[[LiveCalls], Sequence[Member]]
    past: Callable[[CallTeller], PastCallPages | None]
    tally: Callable[[], CallTally]

    @asynccontextmanager
    async def on_loop(self) -> AsyncIterator[None]:
        """Answer calls in this context. At its end no more come in, and those under way have ``ENDING`` seconds."""
        begun, serve, figures = time.monotonic(), self.serve, Figures()
        async with AsyncExitStack() as stack:
            names = self.names()
            stack.callback(names.close)
            tally = self.tally()
            tally.start()
            stack.callback(tally.close)  # the last of all: what ends until then is counted
            resolver = self.resolver(names, EachOf(figures, tally))
            stack.callback(resolver.close)
            underway = _Underway(resolver)
            figures.waiting_from(resolver.waiting)
            figures.breaker_from(resolver.breaker_is_open)
            gate = Gate(serve.networks, serve.rate, figures)
            agi = AgiFace(underway, gate, figures, serve.deadline)
            stack.callback(agi.close)

            def health() -> Health:
                return _health(names, begun, breaker_open=resolver.breaker_is_open())

            live = LiveCalls()
            pages = self._pages(live, names, stack)
            web = WebFace(underway, gate, figures, health, deadline=serve.deadline, token=self.token, calls=pages)
            stack.push_async_callback(web.close)
            stack.callback(live.close)  # or the face would give each long poll its last second, and calls would wait
            stack.push_async_callback(underway.end, min(serve.deadline, ENDING))
            for key, listening in self.sockets().items():
                welcome = agi.welcome if key == "agi" else web.welcome
                stack.callback(Entrance(listening, gate, welcome, asks=key == "agi").close)
            yield

    def _pages(self, live: LiveCalls, names: StoreNames, stack: AsyncExitStack) -> CallPages | None:
        """The pages about calls; the threads that follow these end with the context."""
        following = self.follow(live)
        for listener in following:
            listener.start()
            stack.callback(_end, listener)
        teller = self.teller(names)
        return CallPages(live, teller, self.past(teller)) if following else None


def _end(member: Member) -> None:
    """Ask a thread to end, and give it a moment: what is kept of calls is to be on the disk."""
    member.stop()
    member.join(_WRITING)


def _health(names: StoreNames, begun: float, *, breaker_open: bool) -> Health:
    """How the service is. A store that does not exist yet is no illness: the first sync makes it."""
    read, pulled = names.state()
    age = None if pulled is None else max((datetime.now(UTC) - pulled).total_seconds(), 0.0)
    return Health(read, age, breaker_open, time.monotonic() - begun)
