"""A PBX whose connection somebody else holds, as ``watch`` does."""

from collections.abc import Iterator
from contextlib import contextmanager

from astsync.pbx import Family


class OpenedPbx:
    """A ``Pbx`` over a family that is open already; the end of its context leaves the connection as it is."""

    def __init__(self, name: str, family: Family) -> None:
        self.name = name
        self._family = family

    @contextmanager
    def open(self) -> Iterator[Family]:
        """Give the family."""
        yield self._family
