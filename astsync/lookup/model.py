"""The words of the moment of the call as types."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from astsync.phonebook.model import Origin

__all__ = ["CallerName", "KnownNames", "Learning", "Origin", "Resolver"]


@dataclass(frozen=True, slots=True)
class CallerName:
    """What is known of a caller. ``number`` is "" where the caller has none that can be looked up.

    ``name`` is "" and ``origin`` None where no name is known, or none was known in time. ``extension`` is the phone of
    who keeps the card, digits alone; "" where that is not wanted, or not known in time.
    """

    number: str = ""
    name: str = ""
    origin: Origin | None = None
    extension: str = ""


class KnownNames(Protocol):
    """What the store knows of numbers; asked on the event loop, so it must answer at once."""

    def find(self, keys: Sequence[str]) -> tuple[str, Origin] | None:
        """The name of the first of the keys that has one. The snapshot comes before names that 1C told online.

        None also where the store cannot be read: a call goes on without a name.
        """

    def extension(self, keys: Sequence[str]) -> str:
        """The phone of who keeps the card, as the list says; "" where it does not."""


class Resolver(Protocol):
    """Answers who is calling."""

    async def resolve(self, caller: str, deadline: float) -> CallerName:
        """The name of a caller, whose number may be spelled in any way. Never raises, but where it is cancelled.

        It returns at ``deadline`` at the latest, a moment of the running loop's ``time()``.
        """


class Learning(Protocol):
    """Takes the names that 1C told during calls."""

    def learn(self, keys: Sequence[str], name: str) -> None:
        """Keep a name under these keys, on this machine and on the PBXs. It returns at once; called on the loop."""
