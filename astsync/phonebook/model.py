"""The words of the project as types: what comes from a source, what goes to a PBX."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Progress = Callable[[str, int, int | None], None]
"""Called as ``progress(stage, done, total)``; ``total`` is None while it is not known."""


def no_progress(stage: str, done: int, total: int | None) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone field of a counterparty.

    ``texts`` are the ways in which the source holds the same field, the most trusted first: the first of them that
    gives a number is taken. ``kind`` is the kind of contact in the source's words ("Телефон", "Мобильный"), or "".
    ``rank`` orders kinds where the configuration does: on a conflict the lower rank wins.
    """

    texts: tuple[str, ...]
    kind: str = ""
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Counterparty:
    """One counterparty as the source gave it, nothing normalised.

    ``catalog`` is where it comes from ("Контрагенты") and ``ref`` its reference there; together they name it.
    ``rank`` orders catalogs: on a conflict the lower rank wins.
    """

    ref: str
    name: str
    phones: tuple[Phone, ...] = ()
    catalog: str = ""
    rank: int = 0

    @property
    def source(self) -> str:
        """The counterparty's own name for reports and the store: ``catalog/ref``."""
        return f"{self.catalog}/{self.ref}" if self.catalog else self.ref


@dataclass(frozen=True, slots=True)
class Entry:
    """A number (digits only), the name it shows, and the counterparty (``Counterparty.source``) it comes from."""

    number: str
    name: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One key's change: ``old`` is None for an addition, ``new`` is None for a deletion."""

    number: str
    old: str | None
    new: Entry | None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A phone field or a counterparty that got no entry: its name and text in the source, and the reason."""

    source: str
    name: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A number that several counterparties claim: what was decided, and all claims, the winner first."""

    number: str
    decision: str
    claims: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Phonebook:
    """Entries by number, with what was skipped and the conflicts. ``counterparties`` counts what was read."""

    entries: Mapping[str, Entry]
    skipped: tuple[Skipped, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    counterparties: int = 0
