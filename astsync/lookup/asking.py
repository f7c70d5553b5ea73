"""Questions to 1C: in threads, few at a time, one per number.

A call waits on the event loop, and no longer than it may. Its question goes on without it: a thread asks 1C with a
bound of its own, and what comes late is kept for the next call.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from typing import Final, NamedTuple

from astsync.stopping import Stopping

log = logging.getLogger(__name__)

PLACES: Final = 4
"""Questions that 1C is asked at once. Each may take one of its licences."""
MOST_WAITING: Final = 200
"""Questions that wait for a place. Beyond that a call is not worth a question: it would wait in vain."""
LONGEST_QUESTION: Final = 10.0
"""Seconds after which a question ends, whoever waits for it."""

Run = Callable[[Callable[[], None]], None]
"""Runs a job, and does not wait for it."""


class Told(NamedTuple):
    """What 1C told: the ``name``, "" where it knows nobody, and the ``extension`` of who keeps the card."""

    name: str = ""
    extension: str = ""


Tell = Callable[[str, Sequence[str], Stopping], Told]
"""Asks 1C for the name of a number with these keys. It blocks; raises SourceError."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a question brought: what 1C ``told``, or an ``error``.

    ``seconds`` is how long 1C took. ``late``: longer than a call waits.
    """

    told: Told = field(default_factory=Told)
    error: Exception | None = None
    seconds: float = 0.0
    late: bool = False


class Question:
    """One number that 1C is asked for. ``probe``: nobody waits for it, it is asked to see whether 1C answers again."""

    def __init__(self, number: str, keys: Sequence[str], *, probe: bool) -> None:
        self.number, self.keys, self.probe = number, keys, probe
        self.reply: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        self.callers = 0  # who wait for the reply
        self.late = False
        self.begun = 0.0
        self.stopping = Stopping()


class AskingThreads:
    """A few threads that the end of the process does not wait for. They start when they are first needed."""

    def __init__(self, most: int = PLACES) -> None:
        self._most = most
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._started = 0

    def run(self, job: Callable[[], None]) -> None:
        """Run a job in the next thread that is free. Raises RuntimeError where the system gives no thread."""
        if self._started < self._most:
            threading.Thread(target=self._live, name=f"1c-{self._started + 1}", daemon=True).start()
            self._started += 1
        self._jobs.put(job)

    def end(self) -> None:
        """Let each thread end after its job."""
        for _ in range(self._started):
            self._jobs.put(None)

    def _live(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


class Asking:
    """Keeps the questions of one event loop; all methods are called there.

    ``patience`` is how long 1C may take for an answer in time, in seconds from the moment when it is asked. A call may
    have less left, which is not 1C's fault. ``on_reply`` learns what each question brought, also a late one.
    ``on_late`` learns of each question that is late, as soon as it is.

    Where more questions come than 1C answers, the newest is asked next. The oldest one's call has hardly time left for
    an answer: if it were asked each time, every answer would come too late.

    ``callers`` counts the calls that wait.
    """

    def __init__(
        self,
        tell: Tell,
        on_reply: Callable[[Question, Reply], None],
        on_late: Callable[[Question], None],
        run: Run,
        patience: float = 1.0,
        places: int = PLACES,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._tell, self._on_reply, self._on_late, self._run = tell, on_reply, on_late, run
        self._patience, self._places, self._most_waiting = patience, places, most_waiting
        self._running: dict[str, Question] = {}
        self._waiting: dict[str, Question] = {}  # the newest last
        self._probe: Question | None = None  # one that waits for a place
        self.callers = 0

    def under_way(self, number: str) -> Question | None:
        """The question for a number that is not answered yet."""
        probe = self._probe if self._probe is not None and self._probe.number == number else None
        return self._running.get(number) or self._waiting.get(number) or probe

    def ask(self, number: str, keys: Sequence[str], *, probe: bool = False) -> Question | None:
        """Ask for a number that no question is under way for; None where too many wait already.

        A probe is asked before all others, and without a caller.
        """
        question = Question(number, keys, probe=probe)
        if len(self._running) < self._places:
            self._begin(question)
        elif probe:
            self._probe = question
        elif len(self._waiting) < self._most_waiting:
            self._waiting[number] = question
        else:
            return None
        return question

    async def wait(self, question: Question, deadline: float) -> Reply | None:
        """Wait for a reply until ``deadline``, of the loop's time; None where there is none, or nobody asks any more.

        A question that no call waits for any more is not sent to 1C. One that was sent is not given up.
        """
        question.callers += 1
        self.callers += 1
        left = deadline - asyncio.get_running_loop().time()
        try:
            await asyncio.wait({question.reply}, timeout=max(left, 0))
        finally:
            question.callers -= 1
            self.callers -= 1
            if not question.callers and self._waiting.get(question.number) is question:
                del self._waiting[question.number]
        return question.reply.result() if question.reply.done() else None

    def drop_waiting(self) -> None:
        """Give up the questions that wait for a place; their calls go on at once. A probe stays."""
        dropped, self._waiting = self._waiting, {}
        for question in dropped.values():
            question.reply.set_result(None)

    def close(self) -> None:
        """Give up everything. Threads that wait for 1C learn that they need not."""
        self.drop_waiting()
        self._probe = None
        for question in self._running.values():
            question.stopping.set()

    def _begin(self, question: Question) -> None:
        loop = asyncio.get_running_loop()
        self._running[question.number] = question
        question.begun = loop.time()
        question.stopping = Stopping(LONGEST_QUESTION)
        timer = loop.call_later(self._patience, self._be_late, question)
        end = partial(self._end, question, timer)
        try:
            self._run(partial(self._ask, loop, question, end))
        except RuntimeError as error:  # the system gives no thread
            loop.call_soon(end, Told(), error)

    def _ask(
        self, loop: asyncio.AbstractEventLoop, question: Question, end: Callable[[Told, Exception | None], None]
    ) -> None:
        """Ask 1C; this alone is done in a thread."""
        told = Told()
        failure: Exception | None = None
        try:
            told = self._tell(question.number, question.keys, question.stopping)
        except Exception as error:  # noqa: BLE001 - a SourceError, or a bug: neither may cost a place for ever
            failure = error
        try:
            loop.call_soon_threadsafe(end, told, failure)
        except RuntimeError:
            log.debug("1C answered after the end")  # the loop is closed

    def _be_late(self, question: Question) -> None:
        question.late = True
        self._on_late(question)

    def _end(self, question: Question, timer: asyncio.TimerHandle, told: Told, error: Exception | None) -> None:
        timer.cancel()
        del self._running[question.number]
        reply = Reply(told, error, asyncio.get_running_loop().time() - question.begun, question.late)
        question.reply.set_result(reply)
        try:
            self._on_reply(question, reply)
        finally:
            self._begin_next()

    def _begin_next(self) -> None:
        if self._probe is not None:
            question, self._probe = self._probe, None
            self._begin(question)
        elif self._waiting:
            self._begin(self._waiting.popitem()[1])
