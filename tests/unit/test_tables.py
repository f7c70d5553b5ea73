"""The tables of phone fields and names: a failing test lists every row that differs, with its line."""

from functools import cache

from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.parser import NumberParser
from tests.unit.cases import table

PHONES = table("phones.tsv", 3)
NAMES = table("names.tsv", 2)
FIELDS = table("fields.tsv", 4)
JUDGED = table("fields_judged.tsv", 4)
PARSER = NumberParser(country="RU", area_code="495")
MAKER = NameMaker()


def test_tables_are_whole() -> None:
    assert len(PHONES.rows) > 450
    assert len(NAMES.rows) > 450
    assert len(FIELDS.rows) > 440
    assert len(JUDGED.rows) > 2_300
    categories = {category for category, _, _ in PHONES.rows.values()}
    assert categories >= {"prefix", "ext", "multi", "suffix", "unicode", "invalid"}


def keys(parser: NumberParser, field: str) -> str:
    """The keys of a field; a field that gives none has a reason, and no other has."""
    result = parser.parse(field)
    assert (result.reason is None) == bool(result.keys), field
    return ",".join(result.keys)


@cache
def parser_of(base: str) -> NumberParser:
    country, _, area = base.partition(":")
    return NumberParser(country=country, area_code=area)


def test_phones() -> None:
    PHONES.check(lambda _category, field, _wanted: keys(PARSER, field), wanted=2)


def test_fields_of_a_base() -> None:
    FIELDS.check(lambda _category, field, _wanted, base: keys(parser_of(base), field), wanted=2)


def test_fields_that_testers_judged() -> None:
    JUDGED.check(lambda _category, field, _wanted, base: keys(parser_of(base), field), wanted=2)


def test_names() -> None:
    def name_of(name: str, _wanted: str) -> str:
        result = MAKER.make(name)
        assert (result.reason is None) == bool(result.name), name
        return result.name

    NAMES.check(name_of, wanted=1)
