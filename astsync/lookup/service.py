"""The thread in which calls are answered: an event loop of its own, beside the guards of ``watch`` or alone."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress

log = logging.getLogger(__name__)

BEAT = 0.5  # seconds between two pulses of the event loop
SILENCE = 10.0  # seconds without a pulse after which the event loop counts as stuck: no call is answered meanwhile
AGAIN = 5.0  # seconds until calls are answered again after a bug


class Service:
    """Answers calls until it is told to stop; it lives like a loop of ``watch``.

    ``answering`` makes a context, entered on the event loop, in which calls are answered. It ends soon when it is left,
    as it gives the calls under way their time at most. The pulse comes from the event loop itself, so that something
    that blocks it shows.
    """

    def __init__(self, name: str, answering: Callable[[], AbstractAsyncContextManager[object]]) -> None:
        self.name = name
        self._answering = answering
        self._beat_at = time.monotonic()
        self._mutex = threading.Lock()  # over the two below
        self._stopped = False
        self._end: Callable[[], object] = lambda: None
        self._thread = threading.Thread(target=self._live, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end, from any other one."""
        with self._mutex:
            self._stopped = True
            end = self._end
        with suppress(RuntimeError):  # the event loop has just ended
            end()

    def join(self, seconds: float) -> bool:
        """Wait until the thread has ended; False when it has not after so many seconds."""
        self._thread.join(max(seconds, 0))
        return not self._thread.is_alive()

    def is_alive(self, silence: float) -> bool:
        """Whether the event loop showed a pulse within so many seconds, ``SILENCE`` at most."""
        return self._thread.is_alive() and time.monotonic() - self._beat_at <= min(silence, SILENCE)

    def _live(self) -> None:
        """Answer until stopped; a bug is told, and does not end the service."""
        while not self._stopped:
            try:
                asyncio.run(self._answer())
            except Exception:
                log.exception("%s: this is a bug; calls are answered again in %.0f s", self.name, AGAIN)
                self._rest()

    def _rest(self) -> None:
        woken = threading.Event()
        with self._mutex:
            self._end = woken.set
        if not self._stopped:
            woken.wait(AGAIN)

    async def _answer(self) -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        with self._mutex:
            self._end = lambda: loop.call_soon_threadsafe(stopped.set)
        if self._stopped:
            return
        self._beat(loop)
        async with self._answering():
            await stopped.wait()

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self._beat_at = time.monotonic()
        loop.call_later(BEAT, self._beat, loop)
