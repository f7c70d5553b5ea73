"""Asterisk's side: an AMI connection, and the phonebook family in AstDB on top of it."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from astsync.phonebook.model import Progress, no_progress


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What a batch of puts or deletes did: how many succeeded, and the failed keys with the PBX's words."""

    done: int
    failed: Mapping[str, str]


class Family(Protocol):
    """One family of one PBX's AstDB: the phonebook as the PBX holds it.

    Keys and values are text; bytes of a foreign entry that are not UTF-8 come as surrogate escapes.
    """

    def read(self, progress: Progress = no_progress) -> dict[str, str]:
        """Give the whole family, name by number. Raises PbxError."""
        ...

    def put(self, entries: Iterable[tuple[str, str]], progress: Progress = no_progress) -> WriteResult:
        """Write entries (number, name); an entry that exists is overwritten. Raises PbxError when the PBX is lost."""
        ...

    def delete(self, numbers: Iterable[str], progress: Progress = no_progress) -> WriteResult:
        """Delete keys; an absent key counts as done. Raises PbxError when the PBX is lost."""
        ...


class Pbx(Protocol):
    """One PBX: its name in the configuration, and its family while it is open."""

    @property
    def name(self) -> str:
        """The PBX's name in reports and in the store."""
        ...

    def open(self) -> AbstractContextManager[Family]:
        """Connect and give the family; the end of the context disconnects. Raises PbxError."""
        ...


class Keys(Protocol):
    """One family of one PBX's AstDB, asked for single keys."""

    def get(self, number: str) -> str | None:
        """Give the name of one number, None where the family has no such key. Raises PbxError."""
        ...


class KeyPbx(Protocol):
    """One PBX that can be asked for single keys: its name in the configuration, and its family while it is open."""

    @property
    def name(self) -> str:
        """The PBX's name in reports and in the store."""
        ...

    def open(self) -> AbstractContextManager[Keys]:
        """Connect and give the family; the end of the context disconnects. Raises PbxError."""
        ...
