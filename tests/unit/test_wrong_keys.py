"""No key is invented: small numbers before a number, a digit too many or too few, numbers of a neighbour's country."""

from functools import cache

import pytest

from astsync.phonebook.numbers.parser import NumberParser
from tests.bench.wrong_keys import AREA_CODES, Made, national_spellings, score, small_numbers

PARSER = NumberParser(country="RU", area_code="495")
KAZAKHSTAN = NumberParser(country="KZ", area_code="727")


@cache
def parser_of(country: str) -> NumberParser:
    return NumberParser(country=country, area_code=AREA_CODES[country])


def read(text: str, country: str) -> tuple[str, ...]:
    return parser_of(country).parse(text).keys


def wrong(fields: list[Made]) -> list[tuple[Made, tuple[str, ...]]]:
    found = [(field, read(field.text, field.country)) for field in fields]
    return [(field, keys) for field, keys in found if any(key != field.key for key in keys)]


@pytest.mark.slow
@pytest.mark.parametrize(("grid", "least"), [(small_numbers, 0.8), (national_spellings, 0.35)])
def test_a_grid_has_no_wrong_key(grid: object, least: float) -> None:
    # Every fifth field of the long grid (five divides none of its sides); make bench prints the counts of all.
    fields = list(small_numbers())[::5] if grid is small_numbers else list(national_spellings())
    assert wrong(fields) == []
    assert score(fields, read).right >= least * len(fields)


@pytest.mark.parametrize("extra", ["1", "42", "7"])
@pytest.mark.parametrize(
    "text",
    [
        "+7 (495) 229-30-42",
        "8 (495) 229-30-42",
        "8-916-123-45-67",
        "(495) 229-30-42",
        "229-30-42",
        "89161234567",
        "8 916 123 45 67",
    ],
)
def test_a_digit_too_many_gives_no_key(text: str, extra: str) -> None:
    assert PARSER.parse(text + extra).keys == ()


@pytest.mark.parametrize(
    "text",
    [
        "+7 (495) 229-30-4",
        "8 (495) 229-3-42",
        "8 916 123 45 6",
        "(495) 229-30-4",
        "8 (343) 123-45-6",
        "7 701 234 56 7",
        "8 916 123 45 6 8 926 123 45 67 8",
        "+7 916 123 45",
    ],
)
def test_a_digit_too_few_gives_no_key(text: str) -> None:
    assert PARSER.parse(text).keys == ()


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("офис 301 229-30-42", ()),  # 301 may be the area code
        ("офис 12 229-30-42", ("74952293042",)),
        ("каб. 12 229-30-42", ("74952293042",)),
        ("МТС 29 123-45-67", ()),  # of Belarus, without its prefix
        ("17 229-30-42", ()),
        ("(17) 229-30-42", ()),
        ("8-29-123-45-67", ()),
        ("9-18 229-30-42", ("74952293042",)),
        ("10.00-19.00 229-30-42", ("74952293042",)),
        ("791-61-23 4567", ("74957916123",)),  # no mobile number, though its digits are one
        ("30 (812) 524-80-09", ()),  # 30 is Greece's calling code
        ("офис 30 (812) 524-80-09", ("78125248009",)),
        ("86 138 1234 5678", ()),
        ("8 (847) 213-82-010", ()),
        ("770181/82, 79161234567", ("79161234567",)),
        ("12.05.85", ()),
        ("8 916 123-45-67 12.05.85", ("79161234567",)),
        ("101,102,103,104", ()),
        ("2202 2001 2345 6789", ()),
    ],
)
def test_digits_that_stand_beside_a_number(text: str, keys: tuple[str, ...]) -> None:
    assert PARSER.parse(text).keys == keys


@pytest.mark.parametrize("text", ["12.05.85", "10.12.99"])
def test_a_short_date_is_no_local_number(text: str) -> None:
    assert NumberParser(country="RU", area_code="4852").parse(text).keys == ()


def test_many_numbers_one_blank_apart_are_all_found() -> None:
    numbers = [f"7495229{number}" for number in range(3010, 3074)]
    text = " ".join(f"({n[1:4]}) {n[4:7]}-{n[7:9]}-{n[9:]}" for n in numbers)
    assert PARSER.parse(text).keys == tuple(numbers)
    local = " ".join(f"{n[4:7]} {n[7:9]} {n[9:]}" for n in numbers)
    assert PARSER.parse(local).keys == tuple(numbers)
    uzbek = NumberParser(country="UZ", area_code="71")
    keys = tuple(f"998901863{number}" for number in range(310, 350))
    assert uzbek.parse(" ".join(f"{k[3:5]} {k[5:8]} {k[8:10]} {k[10:]}" for k in keys)).keys == keys


@pytest.mark.parametrize(
    "text",
    [
        "каб. 701 229-30-42",
        "229-30-42 (717)",
        "229-30-42 (7172)",
        "701 12 34 5, 229-30-42",
        "(7172) 22-33-4, 229-30-42",
    ],
)
def test_in_kazakhstan_its_own_codes_are_codes_too(text: str) -> None:
    assert KAZAKHSTAN.parse(text).keys == ()
