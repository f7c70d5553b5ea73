"""The tables of phone fields and names, row by row."""

from functools import cache

import pytest

from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.parser import NumberParser
from tests.unit.cases import rows

PHONES = rows("phones.tsv", 3)
NAMES = rows("names.tsv", 2)
FIELDS = rows("fields.tsv", 4)
JUDGED = rows("fields_judged.tsv", 4)
PARSER = NumberParser(country="RU", area_code="495")
MAKER = NameMaker()


def test_tables_are_whole() -> None:
    assert len(PHONES) > 450
    assert len(NAMES) > 450
    assert len(FIELDS) > 440
    assert {category for category, _, _ in PHONES} >= {"prefix", "ext", "multi", "suffix", "unicode", "invalid"}


@pytest.mark.parametrize(("category", "field", "wanted"), PHONES)
def test_phone(category: str, field: str, wanted: str) -> None:
    result = PARSER.parse(field)
    assert ",".join(result.keys) == wanted
    assert (result.reason is None) == bool(wanted)


@cache
def parser_of(base: str) -> NumberParser:
    country, _, area = base.partition(":")
    return NumberParser(country=country, area_code=area)


@pytest.mark.parametrize(("category", "field", "wanted", "base"), FIELDS)
def test_field_of_a_base(category: str, field: str, wanted: str, base: str) -> None:
    result = parser_of(base).parse(field)
    assert ",".join(result.keys) == wanted
    assert (result.reason is None) == bool(wanted)


def test_fields_that_testers_judged() -> None:
    found = [(field, base, ",".join(parser_of(base).parse(field).keys), wanted) for _, field, wanted, base in JUDGED]
    assert [row for row in found if row[2] != row[3]] == []
    assert len(JUDGED) > 2_300


@pytest.mark.parametrize(("name", "wanted"), NAMES)
def test_name(name: str, wanted: str) -> None:
    result = MAKER.make(name)
    assert result.name == wanted
    assert (result.reason is None) == bool(wanted)
