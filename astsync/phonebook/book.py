"""Counterparties to the phonebook: one number, one name, and a reason for everything that got no entry."""

from collections.abc import Iterable
from typing import Literal

from astsync.phonebook.languages import country_of
from astsync.phonebook.model import Conflict, Counterparty, Doubt, Entry, Phone, Phonebook, Skipped
from astsync.phonebook.names import NameMaker
from astsync.phonebook.numbers import NumberParser
from astsync.phonebook.phone_row import RowReader, RowResult

ConflictRule = Literal["first", "join", "skip"]

_Claim = tuple[tuple[int, int, str, str, str], Entry]
"""What orders claims of one number (ranks of catalog and kind of contact, kind, name, reference), and the entry."""


class BookBuilder:
    """Builds the phonebook; the same one in whatever order the source gives its counterparties."""

    def __init__(
        self, numbers: NumberParser, names: NameMaker, conflict: ConflictRule = "first", max_length: int = 40
    ) -> None:
        self._read_row = RowReader(numbers).read
        self._names = names
        self._rule = conflict
        self._max_length = max_length
        self._claims: dict[str, list[_Claim]] = {}
        self._skipped: list[Skipped] = []
        self._doubts: list[Doubt] = []
        self._counterparties = 0

    def build(self, counterparties: Iterable[Counterparty]) -> Phonebook:
        """Read all counterparties and decide the conflicts; an error of the source passes through."""
        for counterparty in counterparties:
            self._counterparties += 1
            self._add(counterparty)
        return self._decide()

    def _add(self, counterparty: Counterparty) -> None:
        if not counterparty.phones:
            return  # most lists hold many without a phone; that is no fault of a field
        results = [(phone, self._read_row(phone)) for phone in counterparty.phones]
        countries = (country_of(key) for _, result in results for key in result.keys)
        made = self._names.make(counterparty.name, country=next(filter(None, countries), None))
        if not made.name:
            self._skip(counterparty, counterparty.name, made.reason or "no name")
            return
        for phone, result in results:
            if not result.keys:
                self._skip(counterparty, phone.text, result.reason or "no number")
            if result.structure:
                self._doubt(counterparty, phone, result)
            for key in result.keys:
                self._claim(counterparty, phone, Entry(key, made.name, counterparty.source))

    def _skip(self, counterparty: Counterparty, text: str, reason: str) -> None:
        self._skipped.append(Skipped(counterparty.source, counterparty.name, text, reason))

    def _doubt(self, counterparty: Counterparty, phone: Phone, row: RowResult) -> None:
        self._doubts.append(Doubt(counterparty.source, counterparty.name, phone.text, row.structure, row.keys))

    def _claim(self, counterparty: Counterparty, phone: Phone, entry: Entry) -> None:
        order = (counterparty.rank, phone.rank, phone.kind, _in_order(counterparty.name), counterparty.ref)
        self._claims.setdefault(entry.number, []).append((order, entry))

    def _decide(self) -> Phonebook:
        entries: dict[str, Entry] = {}
        conflicts: list[Conflict] = []
        for number in sorted(self._claims):
            claims = _distinct(self._claims[number])
            entry = claims[0] if len(claims) == 1 else self._settle(claims, conflicts)
            if entry is not None:
                entries[number] = entry
        skipped = sorted(self._skipped, key=lambda s: (s.source, s.text, s.reason))
        doubts = sorted(self._doubts, key=lambda d: (d.source, d.text, d.structure))
        return Phonebook(entries, tuple(skipped), tuple(conflicts), self._counterparties, tuple(doubts))

    def _settle(self, claims: tuple[Entry, ...], conflicts: list[Conflict]) -> Entry | None:
        """Decide a number that several counterparties claim, and note it when their names differ."""
        if len({claim.name for claim in claims}) == 1:
            return claims[0]
        winner = self._joined(claims) if self._rule == "join" else claims[0]
        conflicts.append(Conflict(winner.number, self._rule, claims))
        return None if self._rule == "skip" else winner

    def _joined(self, claims: tuple[Entry, ...]) -> Entry:
        """Join names by `` / `` as far as whole names fit, in characters and in bytes."""
        name = claims[0].name
        for other in dict.fromkeys(claim.name for claim in claims[1:] if claim.name != name):
            longer = f"{name} / {other}"
            if len(longer) <= self._max_length and self._names.fits(longer):
                name = longer
        return Entry(claims[0].number, name, claims[0].source)


def _distinct(claims: list[_Claim]) -> tuple[Entry, ...]:
    """Order a number's claims and keep one a counterparty."""
    if len(claims) == 1:
        return (claims[0][1],)
    first: dict[str, Entry] = {}
    for _, entry in sorted(claims, key=lambda claim: claim[0]):
        first.setdefault(entry.source, entry)
    return tuple(first.values())


def _in_order(name: str) -> str:
    """Give a name as it is ordered: without what not every kind of source can carry (XML has no control characters)."""
    return name.strip() if name.isprintable() else "".join(filter(str.isprintable, name)).strip()
