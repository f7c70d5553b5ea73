"""Asterisk's side: an AMI connection, and the phonebook family in AstDB on top of it.

``Family`` and ``Pbx`` are what the engine sees of it. ``astdb`` is the real one over ``connection``. ``connecting``
connects and ``certificates`` says whom it trusts; ``wire`` carries the bytes, ``packets`` reads and builds them,
``answer`` waits for what belongs to one action, ``pipeline`` sends many at once, in ``batches`` and no faster than
``pace`` says, and ``whole_lists`` reads lists.
``patient`` waits for a PBX that is lost, by the rules of ``retry``; ``opened`` lends runs a connection that ``watch``
holds.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from astsync.phonebook.model import Progress, no_progress
from astsync.stopping import NEVER, Stopping


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What a batch of puts or deletes did.

    ``done`` counts the entries that succeeded; ``failed`` holds the other keys, each with the PBX's words.
    """

    done: int
    failed: Mapping[str, str]


class Family(Protocol):
    """One family of one PBX's AstDB: the phonebook as the PBX holds it.

    Keys and values are text; bytes of a foreign entry that are not UTF-8 come as surrogate escapes.
    """

    def read(self, progress: Progress = no_progress) -> Mapping[str, str]:
        """Read the whole family: name by number. Raises PbxError, never returns a part."""

    def started(self) -> str:
        """When the PBX was started, in its own words: good only to be compared. "" where it does not say.

        Raises PbxError when the PBX is lost.
        """

    def unnameable(self, numbers: Iterable[str]) -> set[str]:
        """Those of the keys that AMI cannot name, so that they can be neither written nor deleted."""

    def put(self, entries: Iterable[tuple[str, str]], progress: Progress = no_progress) -> WriteResult:
        """Write entries (number, name); an entry that exists is overwritten.

        Raises PbxError when the PBX is lost or refuses the right to write.
        """

    def delete(self, numbers: Iterable[str], progress: Progress = no_progress) -> WriteResult:
        """Delete keys; an absent key counts as done.

        Raises PbxError when the PBX is lost or refuses the right to write.
        """


class Pbx(Protocol):
    """One PBX: its name in the configuration, and its family while it is open."""

    @property
    def name(self) -> str:
        """The PBX's name in reports and in the store."""

    def ask(self, *, write: bool, stopping: Stopping = NEVER) -> None:
        """Ask whether a run would be let in and have its rights, those to ``write`` too. Raises PbxError."""

    def open(self, stopping: Stopping = NEVER) -> AbstractContextManager[Family]:
        """Connect; the family is usable until the end of the context, which disconnects. Raises PbxError.

        Nothing is waited for longer than ``stopping`` allows: where it ends a wait, that is a PbxTimeout.
        """


class Keys(Family, Protocol):
    """A family that can be asked for single keys too."""

    def get(self, number: str) -> str | None:
        """Read the name of one number, None where the family has no such key. Raises PbxError."""


class KeyPbx(Pbx, Protocol):
    """One PBX that can be asked for single keys."""

    def open(self, stopping: Stopping = NEVER) -> AbstractContextManager[Keys]:
        """Connect; the family is usable until the end of the context, which disconnects. Raises PbxError."""
