"""Counterparties to the phonebook: each number gets one name, and what got no entry gets a reason.

A conflict can only be decided when all counterparties are known, because the last one may have the best claim. So
``read`` collects claims, and ``decide`` makes the phonebook of them. Some hundreds of thousands of claims wait in
between; they are kept as small as they can be (``WaitingClaims``).
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from astsync.language import say
from astsync.phonebook.claims import Claimant, Held, WaitingClaims, claim_of, ranked, told
from astsync.phonebook.model import (
    CardFacts,
    Claim,
    Conflict,
    Counterparty,
    Decide,
    Doubt,
    Entry,
    Note,
    Phone,
    Phonebook,
    Skipped,
    no_note,
)
from astsync.phonebook.names.languages import country_of
from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.parser import NumberParser
from astsync.phonebook.numbers.phone_row import RowReader, RowResult
from astsync.phonebook.packed_book import EntriesBuilder
from astsync.text import person_key

ConflictRule = Literal["first", "join", "skip"]
_NO_NAME, _NO_NUMBER = say("no name"), say("no number")


class BookBuilder:
    """Builds the phonebook. It is the same in whatever order the source gives its counterparties.

    ``conflict`` is what to do where several counterparties claim a number: the first of them gets it, their names are
    joined (up to ``max_length`` characters), or nobody gets it. ``extensions`` are those of the people who keep cards,
    by ``person_key`` of their names.
    """

    def __init__(
        self,
        numbers: NumberParser,
        names: NameMaker,
        conflict: ConflictRule = "first",
        max_length: int = 40,
        extensions: Mapping[str, str] | None = None,
    ) -> None:
        self._extensions = extensions or {}
        self._keys_of = numbers.keys
        self._read_row = RowReader(numbers).read
        self._names = names
        self._rule = conflict
        self._max_length = max_length
        self._claims = WaitingClaims()
        self._skipped: list[Skipped] = []
        self._doubts: list[Doubt] = []
        self._cards: dict[str, CardFacts] = {}
        self._counterparties = 0

    def read(self, counterparties: Iterable[Counterparty]) -> Decide:
        """Collect the claims of counterparties, and return ``decide``. Errors of the source pass through."""
        for counterparty in counterparties:
            self._counterparties += 1
            if counterparty.phones:  # most lists hold many without; they are not worth a line in ``problems``
                self._add(counterparty)
        return self.decide

    def _add(self, counterparty: Counterparty) -> None:
        results: list[tuple[Phone, tuple[str, ...], str | None, RowResult | None]] = []
        country = None
        for phone in counterparty.phones:
            texts, _, _, parts, fault = phone
            row = None
            if parts is None and len(texts) == 1 and not fault:  # the text alone explains its keys: no rules are kept
                keys, reason = self._keys_of(texts[0])
            else:
                row = self._read_row(phone)
                keys, reason = row.keys, row.reason
            results.append((phone, keys, reason, row))
            for key in keys:
                country = country or country_of(key)
        made = self._names.make(counterparty.name, country=country)
        if not made.name:
            self._skip(counterparty, counterparty.name, made.reason or _NO_NAME)
            return
        ref, name, _, catalog, rank, code, tax_number, responsible = counterparty
        source = f"{catalog}/{ref}" if catalog else ref
        card = Claimant(rank, catalog, name, code, source, made.name, tax_number, responsible)
        for phone, keys, reason, row in results:
            if row is not None and row.structure:
                self._doubt(counterparty, phone, row)
            if keys:
                text = phone.texts[0] if row is None else phone.text
                self._claims.add(keys, card, phone.rank, phone.kind, text, "\n".join(row.rules) if row else "")
            else:
                self._skip(counterparty, phone.text, reason or _NO_NUMBER)

    def _skip(self, counterparty: Counterparty, text: str, reason: str) -> None:
        self._skipped.append(Skipped(counterparty.source, counterparty.name, text, reason))
        self._keep_card(counterparty)

    def _doubt(self, counterparty: Counterparty, phone: Phone, row: RowResult) -> None:
        self._doubts.append(Doubt(counterparty.source, counterparty.name, phone.text, row.structure, row.keys))
        self._keep_card(counterparty)

    def _keep_card(self, card: Counterparty | Claimant) -> None:
        """Keep what tells of a card that is to be mended."""
        self._cards[card.source] = CardFacts(card.code.strip(), card.tax_number, card.responsible)

    def decide(self, note: Note) -> Phonebook:
        """The phonebook of what was read, which then is forgotten. ``note`` learns each number and its claims."""
        entries = EntriesBuilder()
        conflicts: list[Conflict] = []
        claims = self._claims
        for number, packed in claims.taken():
            if len(packed) == 1 and not self._extensions:  # as nearly all
                only = packed[0]
                if note is not no_note:
                    note(number, (claims.only(only),))
                entries.add(number, only[3], only[2])
                continue
            ordered = self._told([*map(claims.held, packed)])
            note(number, ordered)
            entry = self._settle(number, ordered, conflicts)
            if entry is not None:
                entries.add(entry.number, entry.name, entry.source)
        skipped = sorted(self._skipped, key=lambda s: (s.source, s.text, s.reason))
        doubts = sorted(self._doubts, key=lambda d: (d.source, d.text, d.structure))
        told = (tuple(skipped), tuple(conflicts), self._counterparties, tuple(doubts))
        return Phonebook(entries.built(), *told, self._cards)

    def _told(self, held: list[Held]) -> tuple[Claim, ...]:
        if len(held) == 1:
            only = claim_of(held[0])
            return (only._replace(extension=self._extension(held[0][0])) if self._extensions else only,)
        claims = ranked(held)
        alike = len({claim.held[0].shown for claim in claims}) == 1
        if not alike:
            for claim in claims:
                self._keep_card(claim.held[0])
        found = told(claims, "first" if alike else self._rule)
        if not self._extensions:
            return found
        phones = (self._extension(claim.held[0]) for claim in claims)
        return tuple(one._replace(extension=phone) for one, phone in zip(found, phones, strict=True))

    def _extension(self, card: Claimant) -> str:
        return self._extensions.get(person_key(card.responsible), "")

    def _settle(self, number: str, claims: tuple[Claim, ...], conflicts: list[Conflict]) -> Entry | None:
        """The entry of a number, or None. Adds to ``conflicts`` where counterparties of different names claim it."""
        first = claims[0]
        if len(claims) == 1 or len({claim.name for claim in claims}) == 1:
            return Entry(number, first.name, first.source)
        conflicts.append(Conflict(number, self._rule, claims))
        if self._rule == "skip":
            return None
        return Entry(number, self._joined(claims) if self._rule == "join" else first.name, first.source)

    def _joined(self, claims: tuple[Claim, ...]) -> str:
        """Different names, joined by `` / ``; a name that does not fit whole is left out."""
        name = claims[0].name
        for other in dict.fromkeys(claim.name for claim in claims[1:] if claim.name != name):
            longer = f"{name} / {other}"
            if len(longer) <= self._max_length and self._names.fits(longer):
                name = longer
        return name
