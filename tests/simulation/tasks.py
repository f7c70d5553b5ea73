"""Threads, locks and time that a seed decides: tasks that give way to each other, and a clock that nobody waits for."""

import heapq
import queue
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import count
from typing import Any

from greenlet import getcurrent, greenlet

LONGEST = 60_000
"""Steps of one seed; one that needs more does not end."""


class Died(BaseException):
    """The process is dead: nothing of it does anything any more."""


class Hang(AssertionError):
    """Nothing moves any more, or it moves without end."""


class Process:
    """A process of the machine: its tasks end with it, the first of which is its main thread."""

    def __init__(self, name: str, *, watches: bool = False) -> None:
        self.name = name
        self.watches = watches
        self.dead = False
        self.tasks: list[Task] = []
        self.at_end: list[Callable[[], None]] = []

    def end(self) -> None:
        """End it at once, as SIGKILL does; a task that runs now must raise Died itself."""
        if self.dead:
            return
        self.dead = True
        for task in self.tasks:
            task.wake()
        for tell in self.at_end:
            tell()


class Task:
    """A thread of a process."""

    def __init__(self, hub: "Hub", process: Process, work: Callable[[], None]) -> None:
        self.process = process
        self.done = False
        self.interrupted = False
        self.error: BaseException | None = None
        self.waits = 0  # the number of its wait; 0 while it does not wait
        self._hub = hub
        self._work = work
        self._greenlet = greenlet(self._run, hub.greenlet)
        self.watchers: list[tuple[Task, int]] = []
        process.tasks.append(self)

    def _run(self) -> None:
        try:
            if not self.process.dead:
                self._work()
        except Died:
            pass
        except BaseException as error:  # noqa: BLE001 - whoever started it looks
            self.error = error
        self.done = True
        wake(self.watchers)

    def switch(self) -> None:
        """Go on with it; called by the hub."""
        self._greenlet.switch()

    def wake(self) -> None:
        """End its wait."""
        if self.waits:
            self.waits = 0
            self._hub.ready.append(self)

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in it as soon as it goes on."""
        self.interrupted = True
        self.wake()


Waiting = list[tuple[Task, int]]
"""Tasks with the numbers of their waits: who waits for something else by then is not woken."""


def wake(waiting: Waiting) -> None:
    """Wake those who wait."""
    for task, wait in waiting:
        if task.waits == wait:
            task.wake()
    waiting.clear()


class Hub:
    """What decides who goes on: tasks that are ready in their order, then what the clock brings next."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.ready: deque[Task] = deque()
        self.current: Task | None = None
        self.greenlet = getcurrent()
        self._timers: list[tuple[float, int, Callable[[], None] | Task]] = []
        self._numbers = count(1)
        self._steps = 0

    def start(self, process: Process, work: Callable[[], None]) -> Task:
        """Start a task."""
        task = Task(self, process, work)
        self.ready.append(task)
        return task

    def after(self, seconds: float, tell: Callable[[], None]) -> None:
        """Call a function in so many seconds; it must not wait."""
        heapq.heappush(self._timers, (self.now + seconds, next(self._numbers), tell))

    def run(self, over: Callable[[], bool]) -> None:
        """Let everything go on until it is over. Raises Hang."""
        while not over():
            self._steps += 1
            if self._steps > LONGEST:
                raise Hang(f"{LONGEST} steps, and it has not ended")
            if self.ready:
                task = self.ready.popleft()
                self.current = task
                task.switch()
                self.current = None
            elif self._timers:
                self._next_timer()
            else:
                raise Hang("all wait, and nothing will come")

    def _next_timer(self) -> None:
        """Let the clock come to the next moment at which something happens."""
        at, number, what = heapq.heappop(self._timers)
        if not isinstance(what, Task):
            self.now = max(self.now, at)
            what()
        elif what.waits == number:
            self.now = max(self.now, at)
            what.wake()

    def wait(self, seconds: float | None = None, among: Waiting | None = None) -> None:
        """Let others go on until this task is woken, as one of those that wait. Raises Died and KeyboardInterrupt."""
        task = self.current
        if task is None:
            raise RuntimeError("only a task can wait")
        self.check(task)
        task.waits = number = next(self._numbers)
        if among is not None:
            among.append((task, number))
        if seconds is not None:
            heapq.heappush(self._timers, (self.now + max(seconds, 0), number, task))
        self.greenlet.switch()
        self.check(task)

    def check(self, task: Task) -> None:
        """Raise what ended a task: Died, KeyboardInterrupt."""
        if task.process.dead:
            raise Died
        if task.interrupted:
            task.interrupted = False
            raise KeyboardInterrupt


class Here:
    """The hub of the seed that is played; ``threading`` and ``time`` of the modules under test ask it."""

    hub: Hub


class Event:
    """threading.Event."""

    def __init__(self) -> None:
        self._is_set = False
        self._waiting: Waiting = []

    def set(self) -> None:
        """Set it."""
        self._is_set = True
        if self._waiting:
            wake(self._waiting)

    def clear(self) -> None:
        """Take it back."""
        self._is_set = False

    def is_set(self) -> bool:
        """Whether it is set."""
        return self._is_set

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set."""
        if not self._is_set:
            Here.hub.wait(timeout, self._waiting)
        return self._is_set


class Lock:
    """threading.Lock."""

    def __init__(self) -> None:
        self._free = Event()
        self._is_held = False

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take it, when it is free."""
        hub = Here.hub
        until = None if timeout < 0 else hub.now + timeout
        while self._is_held:
            if not blocking or (until is not None and hub.now >= until):
                return False
            self._free.clear()
            self._free.wait(None if until is None else until - hub.now)
        self._is_held = True
        return True

    def release(self) -> None:
        """Give it back."""
        self._is_held = False
        self._free.set()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class Condition(Lock):
    """threading.Condition."""

    def __init__(self) -> None:
        super().__init__()
        self._told = Event()

    def wait(self, timeout: float | None = None) -> bool:
        """Give the lock away until it is told, and take it again."""
        self._told.clear()
        self.release()
        try:
            return self._told.wait(timeout)
        finally:
            self.acquire()

    def notify_all(self) -> None:
        """Tell all who wait."""
        self._told.set()


class Thread:
    """threading.Thread."""

    def __init__(self, *, target: Callable[..., None], args: Sequence[Any] = (), name: str = "", daemon: bool) -> None:
        self.name = name
        self._work = lambda: target(*args)
        self._task: Task | None = None

    @property
    def ident(self) -> int | None:
        """A number once it was started."""
        return None if self._task is None else id(self._task)

    def start(self) -> None:
        """Start it, in the process of who starts it."""
        hub = Here.hub
        if hub.current is None:
            raise RuntimeError("only a task can start a thread")
        self._task = hub.start(hub.current.process, self._work)

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end."""
        hub = Here.hub
        until = None if timeout is None else hub.now + timeout
        while self._task is not None and not self._task.done and (until is None or hub.now < until):
            hub.wait(None if until is None else until - hub.now, self._task.watchers)

    def is_alive(self) -> bool:
        """Whether it works."""
        return self._task is not None and not self._task.done


class SimpleQueue:
    """queue.SimpleQueue."""

    def __init__(self) -> None:
        self._items: deque[Any] = deque()
        self._filled = Event()

    def put(self, item: Any) -> None:
        """Add an item."""
        self._items.append(item)
        self._filled.set()

    def get(self, timeout: float | None = None) -> Any:
        """Take an item. Raises queue.Empty."""
        hub = Here.hub
        until = None if timeout is None else hub.now + timeout
        while not self._items:
            if until is not None and hub.now >= until:
                raise queue.Empty
            self._filled.clear()
            self._filled.wait(None if until is None else until - hub.now)
        return self._items.popleft()


class Threading:
    """The module ``threading``, as far as astsync uses it."""

    Condition, Event, Lock, Thread = Condition, Event, Lock, Thread

    @staticmethod
    def current_thread() -> object:
        """Who runs now: never a Thread's own object, and never the main thread."""
        return Here.hub.current

    @staticmethod
    def main_thread() -> object:
        """Nobody, so that no signals are taken."""
        return None


class Time:
    """The module ``time``, as far as astsync uses it."""

    @staticmethod
    def monotonic() -> float:
        """Seconds of the seed's clock."""
        return Here.hub.now

    @staticmethod
    def monotonic_ns() -> int:
        """The same in nanoseconds."""
        return int(Here.hub.now * 1e9)


class Moment(datetime):
    """datetime.datetime, by the seed's clock."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        """The moment."""
        return datetime(2026, 1, 1, tzinfo=tz) + timedelta(seconds=Here.hub.now)


def clock() -> float:
    """Seconds since 1970, by the seed's clock."""
    return Moment.now(UTC).timestamp()


class Queue:
    """The module ``queue``, as far as astsync uses it."""

    SimpleQueue, Empty = SimpleQueue, queue.Empty
