"""What is counted at the moment of the call. It names no caller."""

from enum import StrEnum
from typing import Protocol

from astsync.phonebook.endings import Ending

__all__ = ["Counts", "EachOf", "Ending", "NoCounts", "OneCAnswer"]


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

    def ended(self, ending: str, number: str = "") -> None:
        """The question of a call ended, by a value of ``Ending``; ``number`` is the caller's, "" where it has none."""

    def asked(self, outcome: str) -> None:
        """1C answered a question, by a value of ``OneCAnswer``."""

    def learnt(self, names: int = 1) -> None:
        """1C told names that are kept."""


class NoCounts:
    """Counts nothing."""

    def ended(self, ending: str, number: str = "") -> None:
        """Take how the question of a call ended."""

    def asked(self, outcome: str) -> None:
        """Take an answer of 1C."""

    def learnt(self, names: int = 1) -> None:
        """Take names."""


class EachOf:
    """Hands on to several that count."""

    def __init__(self, *counts: Counts) -> None:
        self._counts = counts

    def ended(self, ending: str, number: str = "") -> None:
        """Hand on how the question of a call ended."""
        for each in self._counts:
            each.ended(ending, number)

    def asked(self, outcome: str) -> None:
        """Hand on an answer of 1C."""
        for each in self._counts:
            each.asked(outcome)

    def learnt(self, names: int = 1) -> None:
        """Hand on names."""
        for each in self._counts:
            each.learnt(names)
