"""A PBX whose connection somebody else holds, as ``watch`` does."""

from collections.abc import Iterator
from contextlib import contextmanager

from astsync.pbx import Family


class OpenedPbx:
    """A ``Pbx`` over a family that is open already; its context neither connects nor disconnects."""

    def __init__(self, name: str, family: Family) -> None:
        self.name = name
        self._family = family

    @contextmanager
    def open(self) -> Iterator[Family]:
        """The open family, left open at the end."""
        yield self._family
