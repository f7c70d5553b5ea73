"""A preview of real rows: what a phone would show for a few counterparties."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from astsync.phonebook.model import Counterparty
from astsync.phonebook.names.languages import country_of
from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.parser import NumberParser
from astsync.phonebook.numbers.phone_row import RowReader

ROWS = 3
LOOKED_AT = 500
"""Counterparties that are read to find those rows."""


@dataclass(frozen=True, slots=True)
class Row:
    """A number and the name that a phone shows for it, with the field and the name in 1C that they were made of."""

    number: str
    name: str
    phone_text: str
    source_name: str


def preview(counterparties: Iterable[Counterparty], parser: NumberParser, maker: NameMaker) -> list[Row]:
    """The first rows that a phone would show, one for each counterparty."""
    found: list[Row] = []
    reader = RowReader(parser)
    for one, _ in zip(counterparties, range(LOOKED_AT), strict=False):
        found += list(_row(one, reader, maker))
        if len(found) == ROWS:
            break
    return found


def _row(one: Counterparty, reader: RowReader, maker: NameMaker) -> Iterator[Row]:
    for phone in one.phones:
        number = next(iter(reader.read(phone).keys), "")
        name = maker.make(one.name, country=country_of(number)).name if number else ""
        if name:
            text = next((text for text in phone.texts if any(map(str.isdigit, text))), phone.text)
            yield Row(number, name, text, one.name)
            return
