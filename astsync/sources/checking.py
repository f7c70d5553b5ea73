"""What every source can be checked by: reading its first counterparties."""

from collections.abc import Iterator
from itertools import islice
from typing import Protocol

from astsync.errors import ConfigError, SourceError
from astsync.finding import Finding
from astsync.phonebook.model import Counterparty, Progress, no_progress

FIRST = 3
"""Counterparties that a check shows."""


class Readable(Protocol):
    """What a check by reading needs of a source."""

    def describe(self) -> str:
        """Name the source."""
        ...

    def pull(self, progress: Progress = no_progress) -> Iterator[Counterparty]:
        """Give every counterparty."""
        ...


def check_by_reading(source: Readable) -> Iterator[Finding]:
    """Read the first counterparties and break off."""
    part = source.describe()
    try:
        first = list(islice(source.pull(), FIRST))
    except (SourceError, ConfigError) as error:
        yield Finding(part, False, error.message, error.hint)
        return
    yield Finding(part, True, "can be read" if first else "can be read, and is empty")
    yield from map(shown, first)


def shown(counterparty: Counterparty) -> Finding:
    """Show a counterparty as the source gave it."""
    phones = "; ".join(phone.texts[0] if phone.texts else "" for phone in counterparty.phones) or "no phones"
    return Finding(counterparty.name, None, phones)
