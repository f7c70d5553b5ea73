"""A PBX whose connection somebody else holds, as ``watch`` does."""

from collections.abc import Iterator
from contextlib import contextmanager

from astsync.pbx import Family
from astsync.pbx.astdb import AstDb
from astsync.pbx.connection import AmiConnection
from astsync.stopping import NEVER, Stopping


class OpenedPbx:
    """A ``Pbx`` over a connection that is open already; its context neither connects nor disconnects."""

    def __init__(self, connection: AmiConnection, family: str) -> None:
        self.name = connection.config.name
        self._connection = connection
        self._family = AstDb(connection, family)

    @contextmanager
    def open(self, stopping: Stopping = NEVER) -> Iterator[Family]:
        """The family over the held connection, which heeds ``stopping`` until the end of the context and stays open."""
        before, self._connection.stopping = self._connection.stopping, stopping
        try:
            yield self._family
        finally:
            self._connection.stopping = before
