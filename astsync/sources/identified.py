"""1C asked for one number, at the moment of a call: what every way to ask owes, and what it brings."""

from dataclasses import dataclass
from typing import Protocol

from astsync.phonebook.model import Counterparty
from astsync.stopping import NEVER, Stopping

LARGEST_IDENTIFIED = 64 * 1024
"""Bytes that are read of an answer about one number. A name is a thousandth of that; what is larger is refused."""


@dataclass(frozen=True, slots=True)
class Identified:
    """What 1C told about one number.

    A web service or an HTTP service tells a ``name``: untrusted text of any length up to ``LARGEST_IDENTIFIED``, as
    the card has it, not yet a caller's name. OData tells ``counterparties`` that may have the number, as a pull gives
    them, in the order of their rank: a name counts only where the number is among those that their phones make.
    Where 1C knows nobody, both are empty.

    ``extension`` is the phone of the house of who keeps the card, digits alone, "" where the service names none.
    """

    name: str = ""
    counterparties: tuple[Counterparty, ...] = ()
    extension: str = ""


class Identifier(Protocol):
    """A way to ask 1C who has a number. Safe for several threads at once; connections are kept between questions."""

    def describe(self) -> str:
        """The name of what is asked in messages, without secrets."""
        ...

    def identify(self, number: str, stopping: Stopping = NEVER) -> Identified:
        """Ask who has a number, E.164 digits without "+". It blocks, and no longer than ``stopping`` allows.

        Raises SourceError where 1C gave no answer that can be believed. Only what 1C answers by an empty name (or no
        rows) is "nobody". Nothing is tried again but a question whose kept connection was closed meanwhile.
        """
        ...

    def close(self) -> None:
        """Let the kept connections go. A question that is under way may still end."""
        ...
