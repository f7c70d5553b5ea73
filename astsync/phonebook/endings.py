"""How the question of a call ended, and which of these endings are a call with a name and which are one without."""

from enum import StrEnum
from typing import Final


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


NAMED: Final = (Ending.SNAPSHOT, Ending.ONLINE, Ending.TOLD)
"""A name was told."""
NAMELESS: Final = (Ending.UNKNOWN, Ending.LATE, Ending.FAILED, Ending.LEFT_ALONE, Ending.CROWDED)
"""The caller has a number, and no name was told. All others had no number to look up, or no answer could be given."""
