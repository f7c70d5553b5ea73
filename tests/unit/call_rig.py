"""A resolver on a loop whose time is turned by hand, over a 1C that answers when the test says so."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from astsync.errors import SourceUnreachable
from astsync.lookup.callers import CallerReader
from astsync.lookup.counting import NoCounts
from astsync.lookup.model import Origin
from astsync.lookup.resolver import CallResolver
from astsync.lookup.telling import Telling
from astsync.phonebook.book import BookBuilder
from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.parser import NumberParser
from astsync.sources.identified import Identified
from astsync.stopping import NEVER, Stopping

T = TypeVar("T")
NUMBER = "74955550101"
DOWN = SourceUnreachable("no connection to http://1c.example.local/?number=74955550101", hint="Start it.")


class _Jump(selectors.DefaultSelector):
    """Instead of waiting, time goes on at once to the moment that is waited for."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        assert ready or timeout is not None, "everything waits, and nothing would ever come"
        if not ready:
            self.now += max(timeout or 0, 0)
        return ready


class TurnedLoop(asyncio.SelectorEventLoop):
    """An event loop without real time: it waits for nothing."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


def play(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine on such a loop."""
    with asyncio.Runner(loop_factory=TurnedLoop) as runner:
        return runner.run(main())


def now() -> float:
    return asyncio.get_running_loop().time()


class HandedJobs:
    """Takes jobs for threads, and runs each when the test says so."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], None]] = []

    def __call__(self, job: Callable[[], None]) -> None:
        self.jobs.append(job)

    async def answer(self, place: int = 0) -> None:
        """Let 1C answer a question, and its callers go on."""
        self.jobs.pop(place)()
        await settle()


async def settle() -> None:
    """Let everything happen that waits for no time."""
    for _ in range(10):
        await asyncio.sleep(0)


class FakeKnown:
    """A store in a dict."""

    def __init__(self) -> None:
        self.names: dict[str, tuple[str, Origin]] = {}
        self.extensions: dict[str, str] = {}

    def find(self, keys: Sequence[str]) -> tuple[str, Origin] | None:
        return next((self.names[key] for key in keys if key in self.names), None)

    def extension(self, keys: Sequence[str]) -> str:
        return next((self.extensions[key] for key in keys if key in self.extensions), "")


class FakeIdentifier:
    """A 1C that says ``said``, by number, or ``error`` to all."""

    def __init__(self) -> None:
        self.said: dict[str, Identified] = {NUMBER: Identified("ООО «Бета»")}
        self.error: Exception | None = None
        self.asked: list[str] = []

    def describe(self) -> str:
        return "a 1C"

    def identify(self, number: str, stopping: Stopping = NEVER) -> Identified:
        self.asked.append(number)
        if self.error is not None:
            raise self.error
        return self.said.get(number, Identified())

    def close(self) -> None:
        pass


class Learned:
    def __init__(self) -> None:
        self.names: list[tuple[tuple[str, ...], str]] = []

    def learn(self, keys: Sequence[str], name: str) -> None:
        self.names.append((tuple(keys), name))


class Tally(NoCounts):
    """Notes what is counted."""

    def __init__(self) -> None:
        self.endings: list[str] = []
        self.answers: list[str] = []

    def ended(self, ending: str, number: str = "") -> None:
        self.endings.append(str(ending))

    def asked(self, outcome: str) -> None:
        self.answers.append(str(outcome))


class CallRig:
    """A resolver and all that it is given. To be made on the loop."""

    def __init__(
        self,
        *,
        forms: tuple[str, ...] = ("e164",),
        online: bool = True,
        responsible: bool = False,
        listed: bool = False,
    ) -> None:
        parser, names = NumberParser(area_code="495", forms=forms), NameMaker()
        self.onec, self.known, self.learned, self.tally = FakeIdentifier(), FakeKnown(), Learned(), Tally()
        self.threads = HandedJobs()
        callers = CallerReader(parser)
        telling = Telling(self.onec, callers, names, lambda: BookBuilder(parser, names))
        self.resolver = CallResolver(
            callers,
            self.known,
            telling if online else None,
            self.learned,
            counts=self.tally,
            responsible=responsible,
            listed=listed,
            clock=asyncio.get_running_loop().time,
            run=self.threads,
        )

    def call(self, caller: str = NUMBER, seconds: float = 1.0) -> "asyncio.Task[Any]":
        """A call begins now; its answer is due in so many seconds."""
        return asyncio.ensure_future(self.resolver.resolve(caller, now() + seconds))

    async def fail(self, times: int = 3) -> None:
        """Let 1C fail so many times, at calls of numbers that nobody else has."""
        self.onec.error, error = DOWN, self.onec.error
        for place in range(times):
            call = self.call(f"7495777{place:04d}")
            await settle()
            await self.threads.answer()
            await call
        self.onec.error = error


def other(place: int) -> str:
    """A number that nobody has."""
    return f"7495556{place:04d}"
