"""Calls that go on, looked at again and again, as the records that CDR would write of them.

``CoreShowChannels`` needs ``system`` or ``reporting``, which a user of astsync has. The events of calls (Newchannel,
Cdr) would need ``read = call`` or ``cdr`` besides, and Cdr also a module (cdr_manager). Calls that are over cannot be
had over AMI at all. Measured on 16.28 and 22.10 with all rights: GetConfig refuses a file out of the configuration
folder, Command knows no shell, ``cdr show`` tells of calls that go on, and FILE() of Getvar is blocked as dangerous.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from astsync.calls.record import CallRecord

_UNKNOWN = "<unknown>"
_DIALLED = frozenset({"AppDial", "AppQueue"})
"""What runs on a channel that a call dialled: its number is that of who was called. AppDial2 runs on one that began by
Originate, where nobody is called yet."""


@dataclass(frozen=True, slots=True)
class SeenChannel:
    """One channel: the number and the name of its caller as they are now. ``linked`` names the whole call."""

    name: str
    number: str
    caller_name: str
    unique: str
    linked: str
    context: str
    dialled: bool


class HeardCalls:
    """Keeps the calls that go on. Each is looked at until it ends: the dialplan names its caller on the way."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], CallRecord] = {}  # by the PBX and the id of the call

    @property
    def records(self) -> list[CallRecord]:
        """A record for each call that goes on, in the order in which they were seen first."""
        return list(self._records.values())

    def look(self, pbx: str, rows: Iterable[Mapping[str, str]], now: datetime) -> list[CallRecord]:
        """Take what a PBX shows at one moment, the headers of each channel; the calls of it that are over.

        ``now`` is the local time.
        """
        before = {known for known in self._records if known[0] == pbx}
        for channel in _callers([_channel(row) for row in rows]):
            key, call = (pbx, channel.linked), f"{pbx}:{channel.linked}"
            # The number is what the carrier sent, until a dialplan makes another one of it; the name is the last one.
            known = self._records.get(key) or CallRecord(
                channel.number, channel=channel.name, context=channel.context, start=now, unique=call, linked=call
            )
            name = channel.caller_name if channel.caller_name != channel.number else ""
            self._records[key] = replace(known, source=known.source or channel.number, name=name, end=now)
            before.discard(key)
        return [self._records.pop(key) for key in sorted(before)]


def _channel(row: Mapping[str, str]) -> SeenChannel:
    """A channel of its headers; versions before 12 write some of them in other letters."""
    headers = {name.lower(): "" if value == _UNKNOWN else value for name, value in row.items()}
    unique = headers.get("uniqueid", "")
    return SeenChannel(
        headers.get("channel", ""),
        headers.get("calleridnum", ""),
        headers.get("calleridname", ""),
        unique,
        headers.get("linkedid", unique),
        headers.get("context", ""),
        headers.get("application", "") in _DIALLED,
    )


def _callers(channels: list[SeenChannel]) -> Iterator[SeenChannel]:
    """The channels that began a call: those that gave it its id, and were not dialled by the PBX.

    A call that the dialplan places itself begins with both halves of a Local channel; the second one runs the dialplan.
    """
    halves = {channel.name: channel for channel in channels if channel.name.endswith(";2")}
    for channel in channels:
        if channel.unique != channel.linked or channel.dialled:
            continue
        yield halves.get(f"{channel.name.removesuffix(';1')};2", channel) if channel.name.endswith(";1") else channel
