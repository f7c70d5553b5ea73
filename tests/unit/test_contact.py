"""Contact information of 1C to phone fields."""

import json
from datetime import date
from typing import Any

import pytest

from astsync.phonebook.model import Phone
from astsync.sources.contact import ContactBook, phones, read_row, render

TODAY = date(2026, 3, 1)
KIND = "00000000-0000-4000-8000-000000000900"
NIL = "00000000-0000-0000-0000-000000000000"
NAMESPACES = 'xmlns="http://www.v8.1c.ru/ssl/contactinfo" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def in_json(country: str = "7", area: str = "495", number: str = "2293042", **more: Any) -> str:
    value = {"version": 4, "value": "любое", "comment": "стр.\n2", "type": "Телефон", "extNumber": "12"}
    return json.dumps({**value, "countryCode": country, "areaCode": area, "number": number, **more}, ensure_ascii=False)


def in_xml(number: str = "2293043", inside: str = "") -> str:
    phone = f'<Состав xsi:type="НомерТелефона" КодСтраны="7" КодГорода="495" Номер="{number}" Добавочный="12"/>'
    return f'<КонтактнаяИнформация {NAMESPACES} Представление="x">{inside}<Комментарий/>{phone}</КонтактнаяИнформация>'


def row(**columns: Any) -> dict[str, Any]:
    return {"Ref_Key": "1", "LineNumber": "1", "Тип": "Телефон", "Вид_Key": KIND, **columns}


def texts(**columns: Any) -> tuple[str, ...]:
    read = read_row(row(**columns))
    return () if read is None else read.texts


def test_the_order_of_trust() -> None:
    given = texts(Значение=in_json(), ЗначенияПолей=in_xml(), Представление="+7 (495) 1", НомерТелефона="74952293044")
    assert given == ("+7 (495) 2293042", "+7 (495) 2293043", "+7 (495) 1", "74952293044")


@pytest.mark.parametrize(
    "value", ["", None, "{", "[]", "{}", in_json(number=""), in_json(number=" "), "\n", '"text"', 5, '{"number": null}']
)
def test_a_useless_json_value_falls_through(value: object) -> None:
    assert texts(Значение=value, Представление="123-45-67") == ("123-45-67",)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "<",
        "<a><b></a>",
        "<КонтактнаяИнформация/>",
        in_xml(number=""),
        "КодСтраны=7\nКодГорода=495\nНомерТелефона=2293042",
        '<!DOCTYPE a [<!ENTITY n "2293042">]><Состав Номер="&n;"/>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><Состав Номер="2293042"/>',
    ],
)
def test_a_useless_xml_value_falls_through(value: str) -> None:
    assert texts(ЗначенияПолей=value, Представление="123-45-67") == ("123-45-67",)


def test_json_may_stand_in_the_xml_column_and_after_a_byte_order_mark() -> None:
    assert texts(ЗначенияПолей="\ufeff " + in_json()) == ("+7 (495) 2293042",)


def test_same_texts_are_given_once() -> None:
    assert texts(Значение=in_json(), Представление="+7 (495) 2293042", НомерТелефона=" ") == ("+7 (495) 2293042",)


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("7", "495", "229-30-42"), "+7 (495) 2293042"),
        (("+7", "(495)", "2293042"), "+7 (495) 2293042"),
        (("7", "", "9161234567"), "+7 9161234567"),
        (("", "495", "229 30 42"), "(495) 2293042"),
        (("", "", "2293042"), "2293042"),
        (("7", "495", "229-3O-42"), "+7 (495) 229-3O-42"),
        (("7", "495", "2293042,\n2293043"), "+7 (495) 2293042, 2293043"),
        (("7", "495", "+7 495 229"), "+7 495 229"),
        (("код", "495", "2293042"), "(495) 2293042"),
    ],
)
def test_parts_are_written_as_a_person_would(parts: tuple[str, str, str], text: str) -> None:
    assert render(*parts) == text


@pytest.mark.parametrize("kind", ["Факс", "Адрес", "АдресЭлектроннойПочты", "", None])
def test_other_contacts_are_no_phones(kind: str | None) -> None:
    assert read_row(row(Тип=kind, Представление="+7 (495) 229-30-42")) is None


def test_an_empty_row_is_no_phone() -> None:
    assert read_row(row(Представление="  ", НомерТелефона=None)) is None


def test_half_of_a_surrogate_pair_does_not_break_the_text() -> None:
    assert texts(Представление="дом \ud83d 229-30-42") == ("дом ? 229-30-42",)


def of(*rows: dict[str, Any]) -> list[str]:
    read = [item for item in map(read_row, rows) if item is not None]
    return [phone.texts[0] for phone in phones(read, {}, TODAY)]


def dated(text: str, since: str, line: int = 1, kind: str = KIND) -> dict[str, Any]:
    return row(Представление=text, ДействуетС=f"{since}T00:00:00", LineNumber=str(line), Вид_Key=kind)


def test_of_a_history_the_latest_that_is_not_in_the_future_counts() -> None:
    history = [dated("old", "2020-01-01"), dated("now", "2026-03-01", 2), dated("future", "2026-03-02", 3)]
    assert of(*history) == ["now"]


def test_kinds_have_histories_of_their_own() -> None:
    assert of(dated("a", "2020-01-01"), dated("b", "2021-01-01", 2, "other")) == ["a", "b"]


def test_without_a_history_every_row_counts() -> None:
    rows = [dated("a", "0001-01-01"), dated("b", "0001-01-01", 2), row(Представление="c", LineNumber="3")]
    assert of(*rows) == ["a", "b", "c"]


def test_an_empty_row_ends_a_history() -> None:
    assert of(dated("old", "2020-01-01"), dated("", "2024-01-01", 2)) == []
    assert of(dated("old", "2020-01-01"), dated("", "2026-03-02", 2)) == ["old"]


def test_a_history_that_is_all_in_the_future_gives_nothing() -> None:
    assert of(dated("future", "2026-03-02")) == []


@pytest.mark.parametrize("kind", ["", NIL])
def test_rows_without_a_kind_are_no_history(kind: str) -> None:
    assert of(dated("a", "2020-01-01", 1, kind), dated("b", "2021-01-01", 2, kind)) == ["a", "b"]


def test_lines_are_numbers_though_1c_writes_text() -> None:
    assert of(*(row(Представление=str(line), LineNumber=str(line)) for line in (10, 9, 1))) == ["1", "9", "10"]


def test_the_book_gives_phones_once_and_counts_what_nobody_took() -> None:
    book = ContactBook({KIND: "Мобильный"}, TODAY)
    book.add("one", row(Представление="123"))
    book.add("two", row(Представление="456"))
    book.add("two", row(Тип="Факс", Представление="789"))
    assert book.take("one") == (Phone(("123",), "Мобильный"),)
    assert book.take("one") == ()
    assert book.owners == 1
