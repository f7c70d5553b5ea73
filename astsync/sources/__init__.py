"""Where counterparties come from: the protocol of a source, and the table of kinds."""

from collections.abc import Iterator
from typing import Protocol

from astsync.phonebook.model import Counterparty, Progress, no_progress


class Source(Protocol):
    """A list of counterparties that can be pulled whole."""

    def describe(self) -> str:
        """Name the source for reports and messages, without secrets."""
        ...

    def pull(self, progress: Progress = no_progress) -> Iterator[Counterparty]:
        """Give every counterparty once, marked for deletion excluded.

        Raises SourceError, before or while iterating, when the list is not whole: what was given until then must not
        be used.
        """
        ...
