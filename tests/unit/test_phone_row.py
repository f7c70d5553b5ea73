"""What a phone row says: the text that people see, and the structure beside it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astsync.config import FieldsConfig
from astsync.phonebook.model import Phone, PhoneParts
from astsync.phonebook.numbers.parser import NumberParser
from astsync.phonebook.numbers.phone_row import CUT_OFF, TWO_READINGS, RowReader, RowResult
from astsync.sources.onec.contact_rows import read_row
from astsync.sources.records.phones import PhoneReader
from tests.unit.bsp import split_json

FILE = Path(__file__).parents[1] / "fixtures/contact_rows.jsonl"
ROWS = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
RU, MOSCOW = RowReader(NumberParser(country="RU")), RowReader(NumberParser(country="RU", area_code="495"))


def read(texts: str | tuple[str, ...], *parts: str, reader: RowReader = RU, **more: str) -> RowResult:
    given = (texts,) if isinstance(texts, str) else texts
    return reader.read(Phone(given, parts=PhoneParts(*parts, **more) if parts or more else None))


def of_row(row: dict[str, Any], reader: RowReader = MOSCOW) -> RowResult:
    found = read_row(row)
    assert found is not None
    return reader.read(found.phone({}))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["Представление"] or str(row)[:40])
def test_rows_as_1c_stores_them(row: dict[str, Any]) -> None:
    found = of_row(row)
    assert list(found.keys) == row["wanted"]
    assert not found.structure


def test_a_local_number_takes_the_area_of_a_true_structure() -> None:
    assert read("77-13-15", "7", "4852", "77-13-15").keys == ("74852771315",)
    assert read("229-30-42", "7", "812", "2293042", reader=MOSCOW).keys == ("78122293042",)
    assert read("77-13-15, 58-13-16", "7", "4852", "77-13-15", "58-13-16").keys == ("74852771315", "74852581316")
    assert read("т. 77-13-15 доб. 12", "8", "(4852)", "771315", "12").keys == ("74852771315",)


def test_an_area_may_be_written_with_the_trunk_prefix() -> None:
    minsk = RowReader(NumberParser(country="BY"))
    assert read("255-13-17", "375", "017", "255-13-17", reader=minsk).keys == ("375172551317",)


def test_the_rule_names_the_structure() -> None:
    assert read("77-13-15", "7", "4852", "77-13-15").rules == ("74852771315: area code from the structure",)


@pytest.mark.parametrize(
    ("parts", "spelled"),
    [
        (PhoneParts("7", "(495)", "229-30-42", "12", "Иван"), "+7 (495) 229-30-42, доб. 12, Иван"),
        (PhoneParts("8", "495", "2293042"), "8 (495) 2293042"),
        (PhoneParts("423", "230", "13-07"), "423 230 13-07"),
        (PhoneParts("84955551317"), "84955551317"),
        (PhoneParts("", "", "2293042", digits="1"), "2293042"),
        (PhoneParts(digits="84952293042"), "84952293042"),
    ],
)
def test_a_structure_is_shown_as_people_write_it(parts: PhoneParts, spelled: str) -> None:
    assert Phone((), parts=parts).text == spelled


@pytest.mark.parametrize(
    "parts",
    [
        ("555", "13", "25"),  # a machine's split
        ("7", "812", "555-13-26"),  # of another number
        ("375", "17", "555-13-25"),  # a country that the text does not name
        ("7", "", "555-13-25"),
        ("7", "8", "555-13-25"),
    ],
)
def test_a_local_number_takes_no_other_area(parts: tuple[str, str, str]) -> None:
    assert read("555-13-25", *parts).keys == ()
    assert read("555-13-25", *parts, reader=MOSCOW).keys == ("74955551325",)


@pytest.mark.parametrize(
    ("extension", "comment", "second"),
    [
        ("58-13-16", "", ("74852581316",)),
        ("8 916 555-13-18", "", ("79165551318",)),
        ("", "моб. +7 916 555-13-18", ("79165551318",)),
        ("58-13-16", "8 916 555-13-18", ("74852581316", "79165551318")),
        ("12", "", ()),
        ("12, 13", "", ()),
        ("581316", "", ()),
        ("7713156", "", ()),
        ("", "заявка 1234567", ()),
        ("12345", "этаж 5", ()),
        ("", "с 9-00 до 18-00", ()),
        ("", "ИНН 7715123456", ()),
    ],
)
def test_a_second_number_beside_the_text_is_a_number_and_an_extension_is_none(
    extension: str, comment: str, second: tuple[str, ...]
) -> None:
    text, parts = "+7 (4852) 77-13-15", ("7", "4852", "77-13-15", extension, comment)
    assert read(text, *parts).keys == ("74852771315", *second)
    assert read((), *parts).keys == ("74852771315", *second)


def test_an_area_code_is_never_the_country_of_a_text_without_a_plus() -> None:
    for text in ("(423) 230-13-07", "(495) 229-30-42", "961 555-13-18", "(351) 222-13-33", "(382) 22-13-07"):
        row = {"Представление": text, "Значение": split_json(text)}
        assert of_row(row).keys == MOSCOW.read(Phone((text,))).keys
        assert not of_row(row).structure


@pytest.mark.parametrize(
    ("parts", "keys"),
    [
        (("7", "495", "229-30-42"), ("74952293042",)),
        (("+7", "(495)", "2293042"), ("74952293042",)),
        (("8", "495", "2293042"), ("74952293042",)),
        (("", "495", "229 30 42"), ("74952293042",)),
        (("7", "", "9165551318"), ("79165551318",)),
        (("375", "29", "123-45-67"), ("375291234567",)),
        (("49", "30", "901820"), ("4930901820",)),
        (("", "", "8 (495) 229-30-42"), ("74952293042",)),  # the whole text in Номер
        (("7", "495", "+7 (495) 229-30-42"), ("74952293042",)),
        (("7", "", "84952293042"), ("74952293042",)),
        (("", "", "8495229304289165551318"), ()),  # glued: where one ends nobody knows
        (("8495229304289165551318", "", ""), ()),
        (("", "", "849522930428916555131"), ()),
        (("", "", "8 495 229-30-42, 8 916 555-13-18"), ("74952293042", "79165551318")),
        (("7", "495", "8 (495) 229-30-42, 8 916 555-13-18"), ("74952293042", "79165551318")),
        (("8", "3812", "95-50-51 95-50-52"), ("73812955051", "73812955052")),
        (("", "", "375291234567"), ("375291234567",)),
        (("375", "29", "375291234567"), ("375291234567",)),
        (("7", "495", "22930422293043"), ()),
        (("74955550451", "", ""), ("74955550451",)),  # all digits in КодСтраны
        (("84955550451", "", ""), ("74955550451",)),
        (("+375291234567", "", ""), ("375291234567",)),
        (("7", "4955550451", ""), ("74955550451",)),
        (("495", "229", "30-42"), ("74952293042",)),  # a machine's split, whose text has gone
        (("961", "555", "13-18"), ("79615551318",)),
        (("8", "916", "5551318"), ("79165551318",)),
        (("4852", "77", "13-15"), ("74852771315",)),
        (("7", "495", "22-93"), ()),
        (("7", "", "2293042"), ()),
    ],
)
def test_the_structure_speaks_where_there_is_no_text(parts: tuple[str, str, str], keys: tuple[str, ...]) -> None:
    found = read((), *parts)
    assert found.keys == keys
    assert bool(found.reason) is not bool(keys)


def test_a_whole_number_in_the_comment_speaks_where_the_parts_give_none() -> None:
    assert read((), "7", "495", "", "", "моб. 8 916 555-13-18").keys == ("79165551318",)
    assert read("комната 12", comment="8 916 555-13-18").keys == ("79165551318",)
    assert read((), "101", "8", "495", ") 229-30-72", reader=MOSCOW).keys in {(), ("74952293072",)}


def test_a_structure_of_two_readings_gives_no_number() -> None:
    found = read((), "423", "2", "30-13-07")
    assert (found.keys, found.reason) == ((), TWO_READINGS)


@pytest.mark.parametrize("number", [("423", "23", "01307"), ("7", "495", "22930428916123")])
def test_a_structure_that_is_refused_stays_so_beside_a_second_number(number: tuple[str, ...]) -> None:
    assert read((), *number, comment="8 916 123-45-67").keys == ("79161234567",)


def test_a_text_without_digits_does_not_silence_the_structure() -> None:
    assert read("секретарь", "7", "495", "2293042") == read((), "7", "495", "2293042")


def test_digits_that_a_machine_wrote_are_the_last_resort() -> None:
    assert read((), digits="74952293042").keys == ("74952293042",)
    assert read((), "7", "", "2293042", digits="74952293042").keys == ("74952293042",)
    assert read("229-3O-42", digits="74952293042").keys == ()
    assert read((), digits="84952293042891655513").reason == CUT_OFF
    assert read((), digits="телефон7(495)2293042").keys == ()


@pytest.mark.parametrize(
    ("text", "parts", "structure"),
    [
        ("+7 (495) 229-30-42", ("7", "495", "2293043"), "+7 (495) 2293043"),
        ("+7 (495) 229-30-42", ("7", "495", "229-30-42"), ""),
        ("8 495 229-30-42, 229-30-43", ("7", "495", "2293043"), ""),
        ("229-30-42", ("375", "17", "229-30-42"), "+375 (17) 229-30-42"),
        ("229-30-42", ("7", "495", "229-30-42"), ""),
        ("+7 (495) 229-30-42", ("7", "495", "2293"), ""),
        ("+7 (495) 229-30-42", ("", "", ""), ""),
        ("звонить после 18:00", ("7", "495", "2293042"), "+7 (495) 2293042"),
    ],
)
def test_a_structure_that_names_another_number_is_told(text: str, parts: tuple[str, str, str], structure: str) -> None:
    assert read(text, *parts).structure == structure


def test_a_row_that_cannot_be_read_gives_its_fault() -> None:
    assert RU.read(Phone(("84952293042",), fault="odd")) == RowResult((), "odd")
    assert RU.read(Phone(())).reason == "the field is empty"


TYPED = st.text("0123456789 ()+-.,;/добтел№", max_size=40)


@given(TYPED)
def test_a_split_of_the_text_changes_nothing(text: str) -> None:
    row = {"Представление": text, "Значение": split_json(text)}
    if (found := read_row(row)) is not None:
        alone = MOSCOW.read(Phone((text.rstrip(),)))
        assert MOSCOW.read(found.phone({})) == alone


@given(TYPED, st.tuples(TYPED, TYPED, TYPED, TYPED, TYPED, TYPED))
def test_any_row_gives_keys_or_a_reason(text: str, parts: tuple[str, str, str, str, str, str]) -> None:
    for given_texts in ((), (text,)):
        found = RU.read(Phone(given_texts, parts=PhoneParts(*parts)))
        assert bool(found.keys) != bool(found.reason)


def phones_of(record: dict[str, Any], **fields: Any) -> list[str]:
    found = PhoneReader(FieldsConfig(**fields)).read({"Phones": [record]})
    return [key for phone in found for key in MOSCOW.read(phone).keys]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["Представление"] or str(row)[:40])
def test_the_same_rows_as_records_say_the_same(row: dict[str, Any]) -> None:
    plain = {name: value for name, value in row.items() if name not in {"wanted", "register"}}
    named = ["Представление", "Значение", "ЗначенияПолей"]
    assert phones_of(plain) == phones_of(plain, phone=named) == phones_of(plain, phone=named[::-1]) == row["wanted"]
    held = {"Value": row.get("Значение") or row.get("ЗначенияПолей"), "Presentation": row["Представление"]}
    assert phones_of(held) == row["wanted"]


@pytest.mark.parametrize("row", [row for row in ROWS if row["Представление"] and "Значение" in row], ids=str)
def test_the_split_is_that_of_1c(row: dict[str, Any]) -> None:
    assert json.loads(row["Значение"]).items() <= json.loads(split_json(row["Представление"])).items()
