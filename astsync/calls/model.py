"""The words of calls as types."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum


class Direction(StrEnum):
    """Where a call comes from and goes to, as seen from the house."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"
    INTERNAL = "internal"


class Stage(StrEnum):
    """How far a call in progress is."""

    RINGING = "ringing"
    TALKING = "talking"


class Following(StrEnum):
    """How the calls of a PBX are followed."""

    EVENTS = "events"
    CHANNELS = "channels"
    """By a look at the channels once a second: no events come."""
    QUIET = "quiet"
    """Connected, and there was no call yet that would show which of the two it is."""
    AWAY = "away"


class CallResult(StrEnum):
    """How a call ended. MISSED: nobody of the house picked up; BUSY and FAILED are said by the called side."""

    ANSWERED = "answered"
    MISSED = "missed"
    BUSY = "busy"
    FAILED = "failed"


class Evidence(IntEnum):
    """What a past call is known by; the better one counts."""

    PARTLY = 0
    """By events of which the first or the last were not heard."""
    RECORDS = 1
    """By what the PBX wrote of it."""
    EVENTS = 2
    """By all its events."""
    FORGOTTEN = 3
    """Known to have been; what it was is forgotten, and nothing brings it back."""


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call in progress.

    ``id`` is ``PBX:LINKEDID``, see ``ids.call_id``: Asterisk's Linkedid is one for all channels of a call, and no two
    PBXs of a configuration have one name. ``phone`` is the number outside, in the digits of its key where it is a
    phone number, else as the PBX has it; "" where it is withheld; of an internal call that of the caller.
    ``extension`` is who of the house talks, is rung, or calls outside; ``rung`` are all that are rung at this moment.
    ``did`` is the number of the house that was called. ``since`` is when ``stage`` began (UTC).
    """

    id: str
    pbx: str
    direction: Direction
    phone: str
    extension: str
    rung: tuple[str, ...]
    did: str
    stage: Stage
    started: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class PastCall:
    """A call that is over, one record a call however many channels it had; ids and numbers as those of a LiveCall.

    ``extension`` is who of the house picked up, else who was rung last, and of an outgoing call who called;
    ``rung`` are all extensions that were rung. ``answered`` is None where nobody picked up.
    ``recording`` is the name of the recording's file where the PBX tells it, else "".
    """

    id: str
    pbx: str
    direction: Direction
    phone: str
    extension: str
    rung: tuple[str, ...]
    did: str
    started: datetime
    answered: datetime | None
    ended: datetime
    result: CallResult
    recording: str = ""

    @property
    def missed(self) -> bool:
        """Whether somebody called from outside and nobody of the house picked up."""
        return self.direction is Direction.INCOMING and self.result is not CallResult.ANSWERED

    @property
    def wait(self) -> float:
        """Seconds until somebody picked up, or the caller gave up."""
        return ((self.answered or self.ended) - self.started).total_seconds()

    @property
    def talk(self) -> float:
        """Seconds of talk, 0 where nobody picked up."""
        return (self.ended - self.answered).total_seconds() if self.answered is not None else 0.0


@dataclass(frozen=True, slots=True)
class CallGap:
    """A time (UTC) in which calls of a PBX may have ended that are not known, and why they are not."""

    pbx: str
    since: datetime
    until: datetime
    why: str
