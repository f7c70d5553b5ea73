"""Rows of AMI's CoreShowChannels as the events that they are the rest of: calls that began before anybody listened.

CoreShowChannels needs ``write = system`` or ``reporting``, which astsync has in any case. A row is a channel, with its
state and for how long it has been there, in whole seconds; one that was dialled runs the application AppDial or
AppQueue with the data ``(Outgoing Line)`` (Asterisk 16.28 and 22.10).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

Row = Mapping[str, str]

_OUTGOING = "(Outgoing Line)"
_UP = "6"
_LONGEST = timedelta(days=30)  # no call lasts longer; a wrong clock may say so


@dataclass(frozen=True, slots=True)
class PastEvent:
    """An event that must have come: its name, its headers, when (UTC)."""

    name: str
    headers: Row
    at: datetime


def past_events(rows: Iterable[Row], now: datetime) -> Iterator[PastEvent]:
    """The events that led to these channels, the older channels first."""
    begun = sorted(((now - _age(row), row) for row in rows if row.get("Channel")), key=_order)
    origins: dict[str, str] = {}
    for at, row in begun:
        linked, name = row.get("Linkedid", ""), row["Channel"]
        origins.setdefault(linked, name)
        yield PastEvent("Newchannel", row, at)
        if row.get("ApplicationData") != _OUTGOING or origins[linked] == name:  # that of a call that somebody ordered
            continue
        ends = {"Channel": origins[linked], "DestChannel": name, "Linkedid": linked, "DestLinkedid": linked}
        yield PastEvent("DialBegin", {**ends, "DestCallerIDNum": row.get("CallerIDNum", "")}, at)
        if row.get("ChannelState") == _UP:
            yield PastEvent("DialEnd", {**ends, "DialStatus": "ANSWER"}, at)


def _order(begun: tuple[datetime, Row]) -> tuple[datetime, float]:
    """By age; of the same second by the number that Asterisk counts in Uniqueid."""
    at, row = begun
    _, _, count = row.get("Uniqueid", "").rpartition(".")
    return at, float(count) if count.isdecimal() and len(count) < 16 else 0.0


def _age(row: Row) -> timedelta:
    """How long a channel has been there, of ``Duration: HH:MM:SS``; 0 where it is none."""
    parts = row.get("Duration", "").split(":")
    if len(parts) != 3 or not all(part.isdecimal() and len(part) < 6 for part in parts):
        return timedelta()
    hours, minutes, seconds = map(int, parts)
    return min(timedelta(hours=hours, minutes=minutes, seconds=seconds), _LONGEST)
