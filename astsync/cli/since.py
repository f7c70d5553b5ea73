"""Since when: the values of ``--since`` of a report."""

from datetime import datetime, time, timedelta

import typer

from astsync.language import say

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT = 3  # letters of a day's name that are enough
_DATES = ("%Y-%m-%d", "%d.%m.%Y")
_MOST_DAYS = 3_650


def since(text: str, now: datetime) -> datetime:
    """The beginning of a period that ends ``now``, a local time with its zone. Raises BadParameter.

    A day begins at midnight. The name of a day is the last such day before today: on a Monday ``monday`` is a week ago.
    A time such as 24h counts back from the beginning of this hour.
    """
    word = text.strip().lower()
    begin = _day(word, now) or _date(word) or _back(word, now)
    if begin is None or begin > now or now - begin > timedelta(days=_MOST_DAYS):
        raise typer.BadParameter(
            say("write yesterday, today, monday, a date such as 2026-11-23, or a time such as 24h or 7d"),
            param_hint="--since",
        )
    return begin


def _day(word: str, now: datetime) -> datetime | None:
    if word in {"today", "yesterday"}:
        return midnight(now, days=int(word == "yesterday"))
    found = [at for at, name in enumerate(_WEEKDAYS) if word in {name, name[:_SHORT]}]
    return midnight(now, days=(now.weekday() - found[0] - 1) % 7 + 1) if found else None


def midnight(now: datetime, days: int = 0) -> datetime:
    """When the day of a local time began, or one so many days before, with the zone of then."""
    return datetime.combine(now.date() - timedelta(days=days), time.min).astimezone()


def _date(word: str) -> datetime | None:
    for form in _DATES:
        try:
            return datetime.strptime(word, form).astimezone()
        except (ValueError, OverflowError, OSError):
            continue
    return None


def _back(word: str, now: datetime) -> datetime | None:
    from astsync.config.value_types import duration_seconds

    try:
        return now.replace(minute=0, second=0, microsecond=0) - timedelta(seconds=duration_seconds(word))
    except (ValueError, OverflowError):
        return None
