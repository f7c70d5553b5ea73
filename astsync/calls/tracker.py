"""AMI's events of calls → the calls in progress, and each call once more when it is over.

The events come to an AMI user with ``read = call``. Seen on Asterisk 16.28 and 22.10, for calls over SIP and Local
channels: each event names its channel and its Linkedid; all channels of a call have one Linkedid, also those of a
queue, of a forward, of a transfer. Two calls that Asterisk joins, as by an attended transfer, have the older Linkedid
from then on. An event of the called channel may come before DialBegin. A channel of an application, as of a voice menu,
goes up without a bridge; so a call counts as answered when a phone of the house, or the number outside, picked up what
was dialled.

A Local channel is two halves that stand for a phone elsewhere: what they dial counts, and they themselves only where
nothing but Local channels was dialled.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from astsync.calls.channel_name import read_channel, unique_age
from astsync.calls.ids import call_id
from astsync.calls.model import CallResult, Direction, LiveCall, PastCall, Stage
from astsync.calls.recording import VARIABLE_SET, recording_of_event

EVENTS = ("Newchannel", "NewCallerid", "Newstate", "DialBegin", "DialEnd", "BridgeEnter", "Hangup", "Rename")
"""The events that are needed; an AMI filter may keep all others away."""

MOST_CALLS = 10_000
"""Calls in progress that are followed. A PBX whose calls never end, or a forged stream of events, costs no more."""
_MOST_CHANNELS = 1_000  # of one call
_MOST_RUNG = 200  # extensions of one call that are remembered
_LONGEST = 200  # characters of a name or a number that are kept

_UNKNOWN = {"", "<unknown>", "unknown", "anonymous", "restricted", "private", "unavailable", "asterisk", "s"}
_RESULTS = {
    "BUSY": CallResult.BUSY,
    "CONGESTION": CallResult.FAILED,
    "CHANUNAVAIL": CallResult.FAILED,
    "INVALIDARGS": CallResult.FAILED,
}
_TALKING = "ANSWER"


def is_unknown(number: str) -> bool:
    """Whether a number is none: withheld, or what Asterisk puts in the place of one."""
    return number.casefold() in _UNKNOWN


@dataclass(frozen=True, slots=True)
class House:
    """How the calls of a PBX are read: how its numbers are told apart, and what names a recording.

    ``is_extension`` says whether a number is one of the house. ``key`` makes the digits of a key of a number outside;
    "" where it is none. ``recordings`` are the variables and the fields of records that name the recording's file.
    """

    is_extension: Callable[[str], bool]
    key: Callable[[str], str]
    recordings: tuple[str, ...] = ()

    def phone(self, number: str) -> str:
        """A number outside as calls have it: its key, else its own characters; "" where it is withheld."""
        if is_unknown(number):
            return ""
        return self.key(number) or number


@dataclass(slots=True)
class _Leg:
    """A channel. ``peer`` is the name of the phone, of the trunk, or what a Local channel leads to."""

    name: str
    number: str
    exten: str
    local: bool
    peer: str
    age: tuple[int, int] = (0, 0)  # what orders channels by their beginning
    dialled: str = ""  # what was dialled to get it; "" for who calls
    answered: bool = False


@dataclass(slots=True)
class _Call:
    """What is known of one Linkedid."""

    started: datetime
    origin: _Leg
    legs: dict[str, _Leg] = field(default_factory=dict)
    rung: dict[str, tuple[int, int]] = field(default_factory=dict)  # extensions, with the age of the channel
    outside: str = ""  # the number outside that a phone of the house dialled
    answered: datetime | None = None
    answered_by: str = ""
    status: str = ""  # how the last dial ended
    recording: str = ""  # the name of its file

    def in_order(self) -> tuple[str, ...]:
        """The extensions in the order in which they were dialled. DialBegin of a forward may come before the outer."""
        return tuple(sorted(self.rung, key=lambda number: self.rung[number]))


class CallTracker:
    """The calls of one PBX. ``take`` is given one event after the other.

    ``ended`` is called with each call that is over, ``moved`` with each state of a call in progress that is new,
    ``joined`` with the id of each call that became a part of an older one: it is in progress no longer.
    """

    def __init__(
        self,
        pbx: str,
        house: House,
        *,
        moved: Callable[[LiveCall], object] = lambda _call: None,
        ended: Callable[[PastCall], object] = lambda _call: None,
        joined: Callable[[str], object] = lambda _call_id: None,
    ) -> None:
        self._pbx, self._house = pbx, house
        self._moved, self._ended, self._joined = moved, ended, joined
        self._calls: dict[str, _Call] = {}
        self._linked: dict[str, str] = {}  # the Linkedid of each channel
        self._told: dict[str, LiveCall] = {}
        self.overflowed = False
        """Whether there were more calls or channels than are followed."""

    def channels(self) -> set[str]:
        """The names of the channels that are followed."""
        return set(self._linked)

    def linked_of(self, channel: str) -> str:
        """The Linkedid of a channel, "" where it is not followed."""
        return self._linked.get(channel, "")

    def calls(self) -> list[LiveCall]:
        """The calls in progress."""
        return list(self._told.values())

    def forget(self) -> None:
        """Drop all calls in progress, as the connection ended: how they end will not be seen."""
        self._calls.clear()
        self._linked.clear()
        self._told.clear()

    def take(self, event: str, headers: Mapping[str, str], now: datetime) -> None:
        """Take one event of AMI: its name, its headers, when it came (UTC)."""
        handler = _HANDLERS.get(event)
        if handler is None:
            return
        given = {name: value[:_LONGEST] for name, value in headers.items()}
        linked = given.get("Linkedid") or given.get("DestLinkedid", "")
        if linked:
            for header in ("Channel", "DestChannel"):
                self._join(given.get(header, ""), linked)
        if self._house.recordings:
            self.recorded(linked, recording_of_event(event, headers, self._house.recordings))
        handler(self, linked, given, now)
        call = self._calls.get(linked)
        if call is not None:
            self._tell(linked, call, now)

    def recorded(self, linked: str, name: str) -> bool:
        """Take the name of a recording's file, "" for none; whether the call is in progress. The last name counts."""
        call = self._calls.get(linked)
        if call is not None and name:
            call.recording = name
        return call is not None

    # What the events mean.

    def _new_channel(self, linked: str, given: Mapping[str, str], now: datetime) -> None:
        name = given.get("Channel", "")
        call = self._calls.get(linked)
        full = len(self._calls) >= MOST_CALLS if call is None else len(call.legs) >= _MOST_CHANNELS
        if not name or not linked or full:
            self.overflowed = self.overflowed or full
            return
        leg = _leg(name, given)
        if call is None:
            call = self._calls[linked] = _Call(now, leg)
        call.legs[name] = leg
        self._linked[name] = linked

    def _new_caller(self, linked: str, given: Mapping[str, str], _now: datetime) -> None:
        leg = self._leg_of(linked, given.get("Channel", ""))
        if leg is not None:
            leg.number = given.get("CallerIDNum", "")

    def _dial_began(self, linked: str, given: Mapping[str, str], _now: datetime) -> None:
        call, leg = self._calls.get(linked), self._leg_of(linked, given.get("DestChannel", ""))
        if call is None or leg is None or not given.get("Channel"):
            return  # without a channel that dials it is a call that somebody ordered: its first half is no phone
        leg.dialled = given.get("DialString", "") or leg.peer
        number = self._dialled_number(leg, given)
        if self._house.is_extension(number):
            if len(call.rung) < _MOST_RUNG:
                call.rung.setdefault(number, leg.age)
        elif not leg.local:
            call.outside = given.get("DestCallerIDNum", "") or call.outside

    def _dial_ended(self, linked: str, given: Mapping[str, str], now: datetime) -> None:
        call, leg = self._calls.get(linked), self._leg_of(linked, given.get("DestChannel", ""))
        if call is None or leg is None or not leg.dialled:
            return
        status = given.get("DialStatus", "")
        if status != _TALKING:
            call.status = status
            leg.dialled = ""
            return
        leg.answered = True
        if call.answered is None:
            call.answered, call.answered_by = now, self._number_of(leg)

    def _renamed(self, linked: str, given: Mapping[str, str], _now: datetime) -> None:
        call, leg = self._calls.get(linked), self._leg_of(linked, given.get("Channel", ""))
        new = given.get("Newname", "")
        if call is None or leg is None or not new:
            return
        del call.legs[leg.name]
        self._linked.pop(leg.name, None)
        leg.name = new
        call.legs[new] = leg
        self._linked[new] = linked

    def _hung_up(self, linked: str, given: Mapping[str, str], now: datetime) -> None:
        name = given.get("Channel", "")
        # Where the event names a call that is not followed, the channel is still one of the call that it was in.
        linked = self._linked.pop(name, linked)
        call = self._calls.get(linked)
        if call is None or call.legs.pop(name, None) is None:
            return
        if not call.legs:
            self._over(linked, call, now)

    def _nothing(self, linked: str, given: Mapping[str, str], now: datetime) -> None:
        """An event whose Linkedid is all that matters: ``_join`` has seen it."""

    def _join(self, name: str, linked: str) -> None:
        """Move a channel that has another Linkedid now, as after a transfer, to the call that it belongs to."""
        before = self._linked.get(name)
        if before is None or before == linked or linked not in self._calls:
            return
        self._linked[name] = linked
        old = self._calls[before]
        leg = old.legs.pop(name, None)
        if leg is not None:
            self._calls[linked].legs[name] = leg
            self._calls[linked].rung |= old.rung
        if not old.legs:  # both are one call from now on: the older one
            self._calls.pop(before)
            self.recorded(linked, self._calls[linked].recording or old.recording)
            if self._told.pop(before, None) is not None:
                self._joined(call_id(self._pbx, before))

    def _leg_of(self, linked: str, name: str) -> _Leg | None:
        call = self._calls.get(linked)
        return None if call is None else call.legs.get(name)

    # What is known of a call.

    def _dialled_number(self, leg: _Leg, given: Mapping[str, str]) -> str:
        """The number that a dialled channel stands for: an extension, or a number outside."""
        number = self._number_of(leg)
        return number if self._house.is_extension(number) else given.get("DestCallerIDNum", "")

    def _number_of(self, leg: _Leg) -> str:
        """The extension of a channel, by its peer, else by what was dialled; "" where it is none of the house."""
        candidates = (leg.peer, leg.exten, leg.dialled.partition("@")[0].partition("/")[0], leg.number)
        return next((one for one in candidates if self._house.is_extension(one)), "")

    def _direction(self, call: _Call) -> Direction:
        origin = call.origin
        caller = origin.peer if not origin.local else origin.number
        if not self._house.is_extension(caller):
            return Direction.INCOMING
        called = call.outside or origin.exten
        inside = bool(call.rung) or self._house.is_extension(called) or is_unknown(called)
        return Direction.INTERNAL if inside and not call.outside else Direction.OUTGOING

    def _phone(self, call: _Call, direction: Direction) -> str:
        if direction is Direction.OUTGOING:
            return self._house.phone(call.outside or call.origin.exten)
        if direction is Direction.INTERNAL:
            return self._own_number(call.origin)
        return self._house.phone(call.origin.number)

    def _own_number(self, origin: _Leg) -> str:
        own = not origin.local and self._house.is_extension(origin.peer)
        return origin.peer if own else origin.number

    def _who(self, call: _Call, direction: Direction) -> str:
        """Who of the house talks, is rung, or calls outside."""
        if direction is Direction.OUTGOING:
            return self._own_number(call.origin)
        return call.answered_by or next(reversed(call.in_order()), "")

    def _did(self, call: _Call, direction: Direction) -> str:
        exten = call.origin.exten
        return exten if direction is Direction.INCOMING and not is_unknown(exten) else ""

    def _tell(self, linked: str, call: _Call, now: datetime) -> None:
        """Tell the state of a call where it is another one. A call is one once somebody was dialled."""
        if not call.rung and not call.outside:
            return
        direction = self._direction(call)
        ringing = dict.fromkeys(filter(None, (self._number_of(leg) for leg in call.legs.values() if _rings(leg))))
        stage = Stage.TALKING if call.answered else Stage.RINGING
        before = self._told.get(linked)
        since = before.since if before is not None and before.stage is stage else now
        live = LiveCall(
            id=call_id(self._pbx, linked),
            pbx=self._pbx,
            direction=direction,
            phone=self._phone(call, direction),
            extension=self._who(call, direction),
            rung=() if stage is Stage.TALKING or direction is Direction.OUTGOING else tuple(ringing),
            did=self._did(call, direction),
            stage=stage,
            started=call.started,
            since=since,
        )
        if live != before:
            self._told[linked] = live
            self._moved(live)

    def _over(self, linked: str, call: _Call, now: datetime) -> None:
        del self._calls[linked]
        self._told.pop(linked, None)
        if not call.rung and not call.outside:
            return  # nobody was dialled: a voice menu that the caller left, or a test
        direction = self._direction(call)
        self._ended(
            PastCall(
                id=call_id(self._pbx, linked),
                pbx=self._pbx,
                direction=direction,
                phone=self._phone(call, direction),
                extension=self._who(call, direction),
                rung=call.in_order(),
                did=self._did(call, direction),
                started=call.started,
                answered=call.answered,
                ended=now,
                result=_result(call),
                recording=call.recording,
            )
        )


def _leg(name: str, given: Mapping[str, str]) -> _Leg:
    channel = read_channel(name)
    return _Leg(
        name=name,
        number=given.get("CallerIDNum", ""),
        exten=given.get("Exten", ""),
        local=channel.local,
        peer=channel.peer,
        age=unique_age(given.get("Uniqueid", "")),
    )


def _rings(leg: _Leg) -> bool:
    return bool(leg.dialled) and not leg.answered


def _result(call: _Call) -> CallResult:
    if call.answered is not None:
        return CallResult.ANSWERED
    return _RESULTS.get(call.status, CallResult.MISSED)


_Handler = Callable[[CallTracker, str, Mapping[str, str], datetime], None]
_HANDLERS: dict[str, _Handler] = {
    "Newchannel": CallTracker._new_channel,
    "NewCallerid": CallTracker._new_caller,
    "Newstate": CallTracker._nothing,
    "DialBegin": CallTracker._dial_began,
    "DialEnd": CallTracker._dial_ended,
    "BridgeEnter": CallTracker._nothing,
    "Rename": CallTracker._renamed,
    "Hangup": CallTracker._hung_up,
    VARIABLE_SET: CallTracker._nothing,
}
