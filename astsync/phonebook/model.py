"""The words of the project as types: what comes from a source, what goes to a PBX."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

Progress = Callable[[str, int, int | None], None]
"""Called as ``progress(stage, done, total)``; ``total`` is None while it is not known."""


def no_progress(stage: str, done: int, total: int | None) -> None:
    """Report progress to nobody."""


CUT_AT: Final = 20
"""Characters at which older configurations of 1C cut the number that they make of a phone (НомерТелефона)."""


LEAST_NUMBER: Final = 5
"""Digits of a local number; where a structure has fewer, a machine cut a text there."""


class Parts(NamedTuple):
    """What a source keeps beside the text of a phone: the number in pieces, and what stands around it.

    ``country``, ``area``, ``number`` and ``extension`` as texts, in any spelling; often they are a machine's split of
    what a person typed. ``comment`` is free text. ``digits`` is a number that a machine made of all that and perhaps
    cut (НомерТелефона): the last resort.
    """

    country: str = ""
    area: str = ""
    number: str = ""
    extension: str = ""
    comment: str = ""
    digits: str = ""

    def spelled(self) -> str:
        """Write the number as people do: ``+7 (495) 229-30-42, доб. 12``; as far as there is one."""
        country, area = self.country, self.area.strip("() ")
        if sum(map(str.isdigit, self.number)) >= LEAST_NUMBER:  # else it is a split, and its parts are no such parts
            trunk = country in {"8", "0"}  # no calling code is that alone
            country = f"+{country}" if country.isdecimal() and not trunk else country
            area = area and f"({area})"
        number = " ".join(filter(None, (country, area, self.number)))
        extension = self.extension and f"доб. {self.extension}"
        return ", ".join(filter(None, (number, extension, self.comment))) or self.digits


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone field of a counterparty, as ``phone_row`` reads it.

    ``texts`` are what people see in the source, the most trusted first: the next one counts only where those before
    hold no digit. ``parts`` are the structure beside them, None where it says nothing that the texts do not.
    ``kind`` is the kind of contact in the source's words ("Телефон", "Мобильный"), or "". ``rank`` orders kinds where
    the configuration does: on a conflict the lower rank wins. ``fault`` says why a field that is there cannot be read.
    """

    texts: tuple[str, ...]
    kind: str = ""
    rank: int = 0
    parts: Parts | None = None
    fault: str = ""

    @property
    def text(self) -> str:
        """What people see in the source; where that is nothing, the structure as people write it."""
        if self.texts:
            return self.texts[0]
        return self.parts.spelled() if self.parts is not None else ""


@dataclass(frozen=True, slots=True)
class Counterparty:
    """One counterparty as the source gave it, nothing normalised.

    ``catalog`` is where it comes from ("Контрагенты") and ``ref`` its reference there; together they name it.
    ``rank`` orders catalogs: on a conflict the lower rank wins. ``code`` is its code in 1C, "" where there is none:
    older cards have lower codes.
    """

    ref: str
    name: str
    phones: tuple[Phone, ...] = ()
    catalog: str = ""
    rank: int = 0
    code: str = ""

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


class Claim(NamedTuple):
    """A counterparty that has a number: its caller name, its own name for reports, and its card as it stands in 1C.

    ``counterparty``, ``code``, ``kind`` and ``text`` are the card's name and code, and the kind and the text of the
    phone. ``verdict`` tells what became of the claim and why, "" where nobody else has the number. ``rules`` are those
    by which the phone became the number, a line each, where the text alone does not tell them.
    """

    name: str
    source: str
    counterparty: str = ""
    code: str = ""
    kind: str = ""
    text: str = ""
    verdict: str = ""
    rules: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A phone whose text and structure name different numbers.

    ``text`` is what people see in the source, ``structure`` what stands beside it, ``keys`` what was taken.
    """

    source: str
    name: str
    text: str
    structure: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """A number that several counterparties claim: what was decided, and all claims, the winner first."""

    number: str
    decision: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Phonebook:
    """Entries by number, with what was skipped, the conflicts and doubts. ``counterparties`` counts what was read."""

    entries: Mapping[str, Entry]
    skipped: tuple[Skipped, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    counterparties: int = 0
    doubts: tuple[Doubt, ...] = ()


Note = Callable[[str, Sequence[Claim]], None]
"""Called with each number and all its claims, the first one first; numbers come in their order."""


def no_note(number: str, claims: Sequence[Claim]) -> None:
    """Note the claims of a number nowhere."""


Decide = Callable[[Note], Phonebook]
"""Makes the phonebook of a list that was read whole, once."""
