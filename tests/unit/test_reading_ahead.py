"""A source is read ahead of its use, by a thread of its own."""

import threading
from collections.abc import Callable, Generator, Iterator
from functools import partial

import pytest

from astsync.engine.overtime import pull
from astsync.engine.reading_ahead import BATCH, BATCHES, read_ahead
from astsync.errors import SourceBadAnswer, SourceUnreachable
from astsync.finding import Finding
from astsync.phonebook.model import Counterparty, Progress, no_progress
from astsync.stopping import Stopping
from tests.eventually import eventually

Then = Callable[[Stopping], None]


def nothing(_: Stopping) -> None:
    """Let a list end well."""


class Listed:
    """A source of so many counterparties; ``then`` is what happens behind the last one."""

    def __init__(self, count: int, then: Then = nothing) -> None:
        self._count, self._then = count, then
        self.given = 0
        self.left = threading.Event()

    def describe(self) -> str:
        return "a list"

    def pull(self, progress: Progress = no_progress, stopping: Stopping | None = None) -> Iterator[Counterparty]:
        assert stopping is not None
        try:
            for number in range(self._count):
                self.given += 1
                yield Counterparty(str(number), "ООО МИКО")
            progress("list", self.given, None)
            self._then(stopping)
        finally:
            self.left.set()

    def check(self, stopping: Stopping | None = None) -> Iterator[Finding]:
        raise NotImplementedError


def ahead(source: Listed, run: Stopping | None = None, progress: Progress = no_progress) -> Generator[Counterparty]:
    return read_ahead(partial(source.pull, progress), run or Stopping())


def refs(source: Listed, stopping: Stopping | None = None) -> list[str]:
    return [one.ref for one in ahead(source, stopping)]


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "source"]


@pytest.mark.parametrize("count", [0, 1, BATCH - 1, BATCH, BATCH + 1, BATCH * (BATCHES + 4)])
def test_all_come_once_and_in_their_order(count: int) -> None:
    assert refs(Listed(count)) == [str(number) for number in range(count)]
    assert not threads()


def test_the_source_goes_on_while_its_first_counterparties_are_used_but_not_for_ever() -> None:
    source = Listed(BATCH * 100)
    reading = ahead(source)
    next(reading)
    eventually(lambda: source.given == BATCH * (BATCHES + 1))  # in use, waiting, and the one that finds no place
    reading.close()
    assert source.given == BATCH * (BATCHES + 1)
    assert source.left.is_set()
    assert not threads()


@pytest.mark.parametrize("error", [SourceBadAnswer("odd", hint="Look."), KeyboardInterrupt(), MemoryError()])
def test_an_error_comes_behind_what_came_before_it(error: BaseException) -> None:
    def fail(_: Stopping) -> None:
        raise error

    reading = ahead(Listed(BATCH + 3, fail))
    assert [next(reading).ref for _ in range(BATCH + 3)] == [str(number) for number in range(BATCH + 3)]
    with pytest.raises(type(error)) as raised:
        next(reading)
    assert raised.value is error
    assert not threads()


def test_a_source_that_waits_ends_when_nobody_reads_any_more() -> None:
    asked: list[tuple[bool, float]] = []

    def wait(stopping: Stopping) -> None:
        stopping.wait(600)
        asked.append((stopping.is_set(), stopping.left()))

    source = Listed(BATCH, wait)
    reading = ahead(source, run := Stopping())
    next(reading)
    reading.close()
    eventually(source.left.is_set)
    assert asked == [(True, 0.0)]
    assert not run.is_set()  # the run itself may go on


def test_a_source_that_waits_sees_the_end_of_the_run() -> None:
    run = Stopping()

    def wait(stopping: Stopping) -> None:
        run.set()
        assert stopping.wait(600)
        raise SourceUnreachable("waited until the run had to end")

    with pytest.raises(SourceUnreachable, match="had to end"):
        refs(Listed(2, wait), run)


def test_who_waits_shows_the_run_that_it_is_alive() -> None:
    beats: list[None] = []
    refs(Listed(1, lambda stopping: assert_left(stopping.left(5))), Stopping(beat=lambda: beats.append(None)))
    assert beats


def assert_left(seconds: float) -> None:
    assert seconds == 5


def test_the_time_of_the_run_counts_for_the_source() -> None:
    run = Stopping(0)
    seen: list[bool] = []
    with pytest.raises(SourceUnreachable, match="took more than"):
        list(pull(Listed(1, lambda stopping: seen.append(stopping.late)), no_progress, run))
    assert seen in ([True], [])  # the run may be over before the source is


def test_progress_is_told_from_the_thread() -> None:
    told: list[tuple[str, int, int | None]] = []
    list(ahead(Listed(3), progress=lambda *stage: told.append(stage)))
    assert told == [("list", 3, None)]
