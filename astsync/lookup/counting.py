"""What is counted at the moment of the call. It names no caller."""

from enum import StrEnum
from typing import Protocol


class Ending(StrEnum):
    """How the question of a call ended: with a name from somewhere, or why without."""

    SNAPSHOT = "snapshot"
    ONLINE = "online"
    """A name that 1C told during an earlier call."""
    TOLD = "told"
    """A name that 1C told during this call."""
    UNKNOWN = "unknown"
    """1C knows nobody: it said so during this call or some minutes before. Also where 1C is not to be asked."""
    INTERNAL = "internal"
    WITHHELD = "withheld"
    IMPOSSIBLE = "impossible"
    LATE = "late"
    """1C did not answer before the deadline."""
    FAILED = "failed"
    """1C answered by an error."""
    LEFT_ALONE = "left_alone"
    """1C was not asked for this call, as it fails or is too slow."""
    CROWDED = "crowded"
    """Too many questions were waiting for 1C."""
    GONE = "gone"
    """The call ended before its answer."""
    BROKEN = "broken"
    """A fault of this program; it is in the log."""


class OneCAnswer(StrEnum):
    """What came of a question to 1C."""

    NAME = "name"
    NONE = "none"
    """1C knows nobody."""
    LATE = "late"
    """Any answer that took longer than a call waits."""
    FAILED = "failed"


class Counts(Protocol):
    """Takes what happens; called on the event loop, so it must return at once."""

    def ended(self, ending: str) -> None:
        """The question of a call ended, by a value of ``Ending``."""

    def asked(self, outcome: str) -> None:
        """1C answered a question, by a value of ``OneCAnswer``."""

    def learnt(self, names: int = 1) -> None:
        """1C told names that are kept."""


class NoCounts:
    """Counts nothing."""

    def ended(self, ending: str) -> None:
        """Take how the question of a call ended."""

    def asked(self, outcome: str) -> None:
        """Take an answer of 1C."""

    def learnt(self, names: int = 1) -> None:
        """Take names."""
