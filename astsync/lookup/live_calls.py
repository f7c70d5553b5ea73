"""The calls in progress of all PBXs, for who asks for them and who waits for one; on the event loop of the calls.

The listeners of the PBXs live in threads of their own and hand on each news; everything else happens on the loop.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

from astsync.calls.model import Following, LiveCall

Wanted = Callable[[LiveCall], bool]

MOST_NEWS = 1_000
"""News that wait for one who reads them slowly; who lets more come in between loses the oldest."""


class LiveCalls:
    """The calls in progress, by their ids."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._calls: dict[str, LiveCall] = {}
        self.ways: dict[str, Following] = {}
        """How the calls of each PBX are followed."""
        self._waiting: dict[asyncio.Future[None], Wanted] = {}
        self._readers: set[asyncio.Queue[tuple[LiveCall, bool] | None]] = set()
        self._closed = False

    def moved(self, call: LiveCall) -> None:
        """Take a new state of a call; from any thread."""
        self._on_loop(lambda: self._move(call))

    def over(self, call_id: str) -> None:
        """A call is over; from any thread."""
        self._on_loop(lambda: self._end(call_id))

    def lost(self, pbx: str) -> None:
        """The connection to a PBX ended: of its calls nothing is known any more; from any thread."""

        def end_all() -> None:
            self.ways[pbx] = Following.AWAY
            for call in [call for call in self._calls.values() if call.pbx == pbx]:
                self._end(call.id)

        self._on_loop(end_all)

    def follows(self, pbx: str, way: Following) -> None:
        """The calls of a PBX are followed in this way from now on; from any thread."""
        self._on_loop(lambda: self.ways.update({pbx: way}))

    def find(self, call_id: str) -> LiveCall | None:
        """The call in progress with this id."""
        return self._calls.get(call_id)

    def those(self, wanted: Wanted) -> list[LiveCall]:
        """The calls in progress that are wanted, in the order in which they began."""
        return [call for call in self._calls.values() if wanted(call)]

    async def wait_for(self, wanted: Wanted, seconds: float) -> list[LiveCall]:
        """The calls that are wanted, at once where there are any, else as soon as one begins, [] after ``seconds``."""
        found = self.those(wanted)
        if found or seconds <= 0 or self._closed:
            return found
        woken: asyncio.Future[None] = self._loop.create_future()
        self._waiting[woken] = wanted
        try:
            async with asyncio.timeout(seconds):
                await woken
        except TimeoutError:
            return []
        finally:
            del self._waiting[woken]
        return self.those(wanted)

    def waiting(self) -> int:
        """How many wait for a call."""
        return len(self._waiting)

    @contextmanager
    def reading(self) -> Iterator[AsyncIterator[tuple[LiveCall, bool]]]:
        """All news from now on: a call, and whether it is over. Those that nobody reads are dropped, oldest first."""
        news: asyncio.Queue[tuple[LiveCall, bool] | None] = asyncio.Queue(MOST_NEWS)
        self._readers.add(news)
        if self._closed:
            news.put_nowait(None)
        try:
            yield _all(news)
        finally:
            self._readers.discard(news)

    def _on_loop(self, work: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(work)
        except RuntimeError:  # the loop has just ended, and with it all who would ask
            return

    def _move(self, call: LiveCall) -> None:
        self._calls[call.id] = call
        self._tell(call, over=False)
        for woken, wanted in self._waiting.items():
            if not woken.done() and wanted(call):
                woken.set_result(None)

    def _end(self, call_id: str) -> None:
        call = self._calls.pop(call_id, None)
        if call is not None:
            self._tell(call, over=True)

    def _tell(self, call: LiveCall, *, over: bool) -> None:
        for news in self._readers:
            _put(news, (call, over))

    def close(self) -> None:
        """Let nobody wait any longer: who waits for a call learns that there is none; who reads news has the last."""
        self._closed = True
        for woken in self._waiting:
            if not woken.done():
                woken.set_result(None)
        for news in self._readers:
            _put(news, None)


def _put(news: "asyncio.Queue[tuple[LiveCall, bool] | None]", one: tuple[LiveCall, bool] | None) -> None:
    if news.full():
        news.get_nowait()
    news.put_nowait(one)


async def _all(news: "asyncio.Queue[tuple[LiveCall, bool] | None]") -> AsyncIterator[tuple[LiveCall, bool]]:
    while (one := await news.get()) is not None:
        yield one
