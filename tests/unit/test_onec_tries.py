"""What is tried again, how often, with which waits, and what a person is told meanwhile."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from astsync.errors import SourceBusy, SourceError, SourceFailure, SourceUnreachable
from astsync.sources.web import stream
from astsync.sources.web.clock import AnswerClock
from astsync.sources.web.refusals import refusal
from astsync.sources.web.retrying import FEW, MANY, Patience, Retries
from tests.unit.odata_source import pull
from tests.unit.stub_1c import (
    CATALOG,
    QUICK,
    Asked,
    Base,
    Reply,
    Server,
    as_json,
    failing,
    odata_error,
)

BOUND = Patience().all_waits


@pytest.mark.server
@pytest.mark.parametrize(
    ("status", "tries"),
    [(400, 1), (401, 1), (403, 1), (404, 1), (405, 1), (501, 1), (406, MANY), (409, MANY), (429, MANY)],
)
def test_requests_are_repeated_only_where_it_helps(base: Base, server: Server, status: int, tries: int) -> None:
    failing(base, Reply(status=status))
    with pytest.raises(SourceError):
        pull(server)
    assert [asked.options["$top"] for asked in server.pages_of(CATALOG)] == ["1000"] * tries


@pytest.mark.server
@pytest.mark.parametrize("status", [406, 409, 429, 502, 503, 504])
def test_passing_failures_pass(base: Base, server: Server, status: int) -> None:
    failing(base, Reply(status=status), times=3)
    assert len(pull(server)) == 2


@pytest.mark.server
def test_licences_are_waited_for(base: Base, server: Server) -> None:
    failing(base, Reply("Не обнаружено свободной лицензии!".encode(), 500), times=MANY)
    with pytest.raises(SourceBusy):
        pull(server)
    failing(base, Reply("Не обнаружено свободной лицензии!".encode(), 500), times=MANY - 1)
    assert len(pull(server)) == 2


@pytest.mark.server
def test_pages_shrink_while_the_server_fails_on_them(base: Base, server: Server) -> None:
    def too_large(asked: Asked) -> Reply | None:
        return odata_error(500, "-1", "мало памяти") if int(asked.options.get("$top", 0)) > 200 else None

    base.before = too_large
    assert len(pull(server)) == 2
    assert [asked.options["$top"] for asked in server.pages_of(CATALOG)] == ["125", "125"]


@pytest.mark.server
def test_pages_shrink_to_a_floor_and_then_the_pull_fails(base: Base, server: Server) -> None:
    failing(base, odata_error(500, "-1", "всегда"))
    with pytest.raises(SourceFailure, match="всегда"):
        pull(server, page_size=170)
    assert [asked.options["$top"] for asked in server.pages_of(CATALOG)] == ["170", "85", "50"]


@pytest.mark.server
def test_a_small_page_does_not_grow_to_the_floor(base: Base, server: Server) -> None:
    failing(base, odata_error(500, "-1", "всегда"))
    with pytest.raises(SourceFailure):
        pull(server, page_size=20)
    assert [asked.options["$top"] for asked in server.pages_of(CATALOG)] == ["20"]


@pytest.mark.server
def test_a_silent_server_is_asked_for_less_and_given_up(base: Base, server: Server) -> None:
    over = threading.Event()

    def silent(asked: Asked) -> Reply | None:
        if asked.path.endswith(CATALOG) and "$skip" in asked.options:
            over.wait(10)
        return None

    base.before = silent
    with pytest.raises(SourceUnreachable, match=r"no answer within 0\.3 s"):
        pull(server, timeout=0.3, page_size=60)
    over.set()
    assert [asked.options["$top"] for asked in server.pages_of(CATALOG)] == ["60", "50", "50"]


def attempts(*results: object) -> Callable[[], object]:
    left = iter(results)

    def attempt() -> object:
        result = next(left)
        if isinstance(result, SourceError):
            raise result
        return result

    return attempt


def patient(**changes: Any) -> tuple[Retries, list[float]]:
    waits: list[float] = []
    return Retries(Patience(sleep=waits.append, **changes)), waits


def test_waits_grow() -> None:
    retries, waits = patient(first=1, longest=4)
    busy = refusal(503, b"", "x")
    assert retries.persist(attempts(busy, busy, busy, busy, "done")) == "done"
    assert all(low <= wait <= low + 1 for low, wait in zip((1, 2, 4, 4), waits, strict=True))


def test_the_server_may_ask_for_longer_waits_within_bounds() -> None:
    retries, waits = patient()
    assert retries.persist(attempts(refusal(429, b"", "x", wait=12), refusal(429, b"", "x", wait=9999), 1)) == 1
    assert waits == [12, BOUND - 12]


def test_waits_have_a_bound_in_all_until_the_source_serves_again() -> None:
    retries, waits = patient()
    counts = []
    for _ in range(3):
        before = len(waits)
        with pytest.raises(SourceBusy):
            retries.persist(attempts(*[refusal(503, b"", "x")] * MANY))
        counts.append(len(waits) - before + 1)
    assert 3 < counts[0] <= MANY
    assert counts[1:] == [1, 1]
    assert sum(waits) == pytest.approx(BOUND)
    assert retries.persist(attempts("served")) == "served"
    assert retries.persist(attempts(refusal(503, b"", "x"), "served")) == "served"
    assert sum(waits) > BOUND


@pytest.mark.server
def test_only_halving_needs_no_long_wait(base: Base, server: Server) -> None:
    waits: list[float] = []
    failing(base, odata_error(500, "-1", "всегда"))
    with pytest.raises(SourceFailure, match="всегда"):
        pull(server, Patience(sleep=waits.append))
    assert waits == [0.2] * 5
    assert [asked.options["$top"] for asked in server.pages_of(CATALOG)] == ["1000", "500", "250", "125", "62", "50"]


def test_a_person_is_told_once_why_it_takes_long(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    retries, _ = patient()
    licence = refusal(500, "Нет\r\nлицензии".encode(), "x")
    retries.persist(attempts(licence, licence, 1))
    retries.persist(attempts(licence, 1))
    assert [record.getMessage() for record in caplog.records] == [
        f"1C has no free licence (HTTP 500): Нет лицензии; trying again for up to {BOUND:.0f} s"
    ]
    retries.persist(attempts(SourceBusy(licence.message, tries=FEW), 1))
    retries.persist(attempts(SourceBusy("x", tries=FEW), 1))
    assert [record.getMessage() for record in caplog.records][1:] == ["x; trying again for up to 2 s"]


def test_nobody_is_told_of_waits_for_smaller_pages(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    retries, waits = patient()
    assert retries.persist(attempts(refusal(500, b"", "x"), 1), lambda: True) == 1
    assert (waits, caplog.records) == ([0.2], [])


def test_each_wait_is_in_the_log_of_vv(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "astsync.sources.web")
    retries, _ = patient(first=0)
    retries.persist(
        attempts(SourceBusy("x", tries=FEW, wait=7), SourceFailure("y", smaller_page=True), 1), lambda: True
    )
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.DEBUG] == [
        "try 1: x; waiting 7.0 s for the next one",
        "try 2: y; waiting 0.2 s for the next one",
    ]


def test_where_no_try_may_follow_the_pages_stay_as_large_as_they_are() -> None:
    retries, _ = patient(all_waits=0)
    sizes = iter([500])
    with pytest.raises(SourceFailure):
        retries.persist(attempts(SourceFailure("y", smaller_page=True)), lambda: bool(next(sizes)))
    assert list(sizes) == [500]


def test_the_deadline_ends_the_tries() -> None:
    patience = Patience(first=0.01, longest=0.01, deadline=0.03)
    started = time.monotonic()
    with pytest.raises(SourceBusy):
        Retries(patience).persist(attempts(*[refusal(503, b"", "x")] * MANY))
    assert time.monotonic() - started < 1


def test_a_bug_in_an_attempt_is_not_swallowed() -> None:
    def broken() -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Retries(QUICK).persist(broken)


@pytest.mark.server
def test_retry_after_is_read(base: Base, server: Server) -> None:
    waits: list[float] = []
    failing(base, as_json({}, 503, Retry_After="7"), times=1)
    pull(server, Patience(first=0, sleep=waits.append))
    assert waits == [7]


@pytest.mark.parametrize("broken", [False, True])
def test_what_breaks_behind_the_beginning_of_an_answer_is_final(monkeypatch: pytest.MonkeyPatch, broken: bool) -> None:
    def chunks(_size: int) -> Iterator[bytes]:
        yield b"records"
        if broken:
            raise requests.exceptions.ChunkedEncodingError("cut")

    monkeypatch.setattr(stream, "LARGEST_HEAD", 1)
    response = requests.Response()
    response.iter_content = chunks  # type: ignore[assignment]
    error = SourceUnreachable("cut", tries=FEW, smaller_page=True)
    body = stream.Body(response, "x", AnswerClock("x", 5), lambda _error: error).begin()
    if not broken:
        assert b"".join(body) == b"records"
        return
    with pytest.raises(SourceUnreachable) as caught:
        list(body)
    assert (caught.value.tries, caught.value.smaller_page) == (1, False)
