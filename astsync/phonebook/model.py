"""The words of the project as types: what comes from a source, what goes to a PBX."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from astsync.language import Message, about, say
from astsync.text import printable

PBX_ACTIONS: Final = {"read": say("reading"), "DBPut": say("writing"), "DBDel": say("deleting")}
"""The actions in the stages of a PBX, and how people call them."""

Progress = Callable[[str, int, int | None], None]
"""Called as ``progress(stage, done, total)``; ``total`` is None as long as it is not known."""


def no_progress(stage: str, done: int, total: int | None) -> None:
    """Report progress to nobody."""


def progress_words(stage: str, done: int, total: int | None) -> str:
    """What a person reads of a stage, as "office: writing 300 of 5,000".

    ``stage`` is the source's word for what it reads, or a PBX's name and the action on it, as "office: DBPut".
    """
    place, _, action = stage.rpartition(": ")
    words = stage if isinstance(stage, Message) else printable(stage)
    if action in PBX_ACTIONS:
        words = about(printable(place), PBX_ACTIONS[action])
    if total is None:
        return say("{what} {done:,}", what=words, done=done)
    return say("{what} {done:,} of {total:,}", what=words, done=done, total=total)


CUT_AT: Final = 20
"""The length in characters at which older configurations of 1C cut НомерТелефона."""


LEAST_NUMBER: Final = 5
"""Digits of the shortest local number. Where a structure has fewer in its number, a machine split a text wrongly."""


class PhoneParts(NamedTuple):
    """The structure that a source keeps beside the text of a phone: the number in parts, and what belongs to it.

    ``country``, ``area``, ``number`` and ``extension`` are texts in any spelling. Often a machine made them when it
    split the text that a person typed. ``comment`` is free text. ``digits`` (НомерТелефона) is what a machine made of
    the whole text, without its signs and perhaps cut: it is read only where nothing else gives a number.
    """

    country: str = ""
    area: str = ""
    number: str = ""
    extension: str = ""
    comment: str = ""
    digits: str = ""

    def spelled(self) -> str:
        """The number as people write it: ``+7 (495) 229-30-42, доб. 12``; ``digits`` or "" where there is none."""
        country, area = self.country, self.area.strip("() ")
        # With fewer digits a machine split the text, and the parts are not what they are called.
        if sum(map(str.isdigit, self.number)) >= LEAST_NUMBER:
            trunk = country in {"8", "0"}  # no calling code is that alone
            country = f"+{country}" if country.isdecimal() and not trunk else country
            area = area and f"({area})"
        number = " ".join(filter(None, (country, area, self.number)))
        extension = self.extension and f"доб. {self.extension}"
        return ", ".join(filter(None, (number, extension, self.comment))) or self.digits


class Phone(NamedTuple):
    """One phone field of a counterparty, as ``numbers.phone_row`` reads it.

    ``texts`` are what people see in the source, the most trusted first. The next one counts only where those before
    hold no digit. ``parts`` are the structure beside them, None where it says nothing that the texts do not.
    ``kind`` is the kind of contact in the source's words ("Телефон", "Мобильный"), or "". ``rank`` orders kinds where
    the configuration does: on a conflict the lower rank wins. ``fault`` is not "" where the source could not read the
    field, and says why.
    """

    texts: tuple[str, ...]
    kind: str = ""
    rank: int = 0
    parts: PhoneParts | None = None
    fault: str = ""

    @property
    def text(self) -> str:
        """What people see in the source; where they see nothing, the structure as people write it."""
        if self.texts:
            return self.texts[0]
        return self.parts.spelled() if self.parts is not None else ""


class Counterparty(NamedTuple):
    """One counterparty as the source gave it, nothing normalised.

    ``catalog`` is where it comes from ("Контрагенты"), ``ref`` its reference there; together they are unique.
    ``rank`` orders catalogs: on a conflict the lower rank wins. ``code`` is its code in 1C, "" where there is none:
    older cards have lower codes. ``tax_number`` is its ИНН, ``responsible`` the name of who keeps the card; both are ""
    where the source does not tell.
    """

    ref: str
    name: str
    phones: tuple[Phone, ...] = ()
    catalog: str = ""
    rank: int = 0
    code: str = ""
    tax_number: str = ""
    responsible: str = ""

    @property
    def source(self) -> str:
        """What identifies the counterparty in reports and the store: ``catalog/ref``."""
        return f"{self.catalog}/{self.ref}" if self.catalog else self.ref


class Origin(StrEnum):
    """Where a name came from. The values are those of the JSON answer, and of ASTSYNC_ORIGIN in a dialplan."""

    SNAPSHOT = "snapshot"
    ONLINE = "online"


@dataclass(frozen=True, slots=True)
class Entry:
    """A number (digits only), the name it shows, and where it comes from.

    ``source`` is the counterparty (``Counterparty.source``), or ``Origin.ONLINE`` for a name that 1C told during a
    call.
    """

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
    """A phone field or a counterparty that got no entry: the name and the text in the source, and the reason."""

    source: str
    name: str
    text: str
    reason: str


class CardFacts(NamedTuple):
    """What helps to find the card of a counterparty in 1C, and who is to mend it; see ``Counterparty``."""

    code: str = ""
    tax_number: str = ""
    responsible: str = ""


class Claim(NamedTuple):
    """A counterparty that has a number, and its card in 1C.

    ``name`` is the caller name, ``source`` that of ``Counterparty.source``. ``counterparty`` and ``code`` are the name
    and the code of the card, ``kind`` and ``text`` those of the phone. ``verdict`` is what became of the claim and why,
    "" where nobody else has the number. ``rules`` are those by which the phone became the number, a line each; "" where
    the text alone explains it. ``extension`` is the phone of who keeps the card, "" where that is not known.
    """

    name: str
    source: str
    counterparty: str = ""
    code: str = ""
    kind: str = ""
    text: str = ""
    verdict: str = ""
    rules: str = ""
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A phone whose text and structure are different numbers: ``text`` and ``structure``; ``keys`` are those taken."""

    source: str
    name: str
    text: str
    structure: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """A number that counterparties of different names claim: the rule that decided, and all claims, the best first."""

    number: str
    decision: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Phonebook:
    """Entries by number, what was skipped, the conflicts and the doubts; ``counterparties`` counts those read.

    ``cards`` tell of the counterparties of all three, by ``Counterparty.source``.
    """

    entries: Mapping[str, Entry]
    skipped: tuple[Skipped, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    counterparties: int = 0
    doubts: tuple[Doubt, ...] = ()
    cards: Mapping[str, CardFacts] = field(default_factory=dict)


Note = Callable[[str, Sequence[Claim]], None]
"""Called with each number, in the order of the numbers, and with all its claims, the best first."""


def no_note(number: str, claims: Sequence[Claim]) -> None:
    """Note the claims of a number nowhere."""


Decide = Callable[[Note], Phonebook]
"""Makes the phonebook of a list that was read whole. May be called once."""
