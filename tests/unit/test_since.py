"""Since when: what may be written for ``--since``."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import typer

from astsync.cli.since import since


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")  # whose clock is changed
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


NOW = datetime(2026, 11, 23, 8, 38, tzinfo=UTC)  # a Monday, 9:38 in Berlin
BEGINNINGS = {
    "today": "2026-11-23T00:00:00+01:00",
    "yesterday": "2026-11-22T00:00:00+01:00",
    " Yesterday ": "2026-11-22T00:00:00+01:00",
    "monday": "2026-11-16T00:00:00+01:00",
    "mon": "2026-11-16T00:00:00+01:00",
    "sunday": "2026-11-22T00:00:00+01:00",
    "tue": "2026-11-17T00:00:00+01:00",
    "2026-11-20": "2026-11-20T00:00:00+01:00",
    "20.11.2026": "2026-11-20T00:00:00+01:00",
    "2026-10-20": "2026-10-20T00:00:00+02:00",
    "24h": "2026-11-22T09:00:00+01:00",
    "7d": "2026-11-16T09:00:00+01:00",
    "90m": "2026-11-23T07:30:00+01:00",
}


@pytest.mark.parametrize("text", BEGINNINGS)
def test_a_word_a_date_and_a_time_are_understood(text: str) -> None:
    assert since(text, NOW.astimezone()).isoformat() == BEGINNINGS[text]


@pytest.mark.parametrize("text", ["", "x", "2026-11-24", "0001-01-01", "2026-13-01", "24", "1w", "m", "moon", "\x00"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="yesterday"):
        since(text, NOW.astimezone())
