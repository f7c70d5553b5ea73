"""A look at real rows: what a phone would show for a few counterparties."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from astsync.phonebook.languages import country_of
from astsync.phonebook.model import Counterparty, Phone
from astsync.phonebook.names import NameMaker
from astsync.phonebook.numbers import NumberParser

ROWS = 3
LOOKED_AT = 500
"""Counterparties that are read to find those rows."""


@dataclass(frozen=True, slots=True)
class Row:
    """A number and the name a phone shows for it, and the field and the name they were made of."""

    number: str
    name: str
    phone_text: str
    source_name: str


def preview(counterparties: Iterable[Counterparty], parser: NumberParser, maker: NameMaker) -> list[Row]:
    """Give the first rows that a phone would show, one a counterparty."""
    found: list[Row] = []
    for one, _ in zip(counterparties, range(LOOKED_AT), strict=False):
        found += list(_row(one, parser, maker))
        if len(found) == ROWS:
            break
    return found


def _row(one: Counterparty, parser: NumberParser, maker: NameMaker) -> Iterator[Row]:
    for phone in one.phones:
        text, number = _number(phone, parser)
        name = maker.make(one.name, country=country_of(number)).name if number else ""
        if name:
            yield Row(number, name, text, one.name)
            return


def _number(phone: Phone, parser: NumberParser) -> tuple[str, str]:
    """Give the first text of a phone field that makes a key, and that key; both empty where none does."""
    for text in phone.texts:
        keys = parser.parse(text).keys
        if keys:
            return text, keys[0]
    return "", ""
