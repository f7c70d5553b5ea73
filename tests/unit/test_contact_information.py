"""Contact information of 1C to phone fields."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astsync.phonebook.model import Phone, PhoneParts
from astsync.sources.formats.values import MAX_TEXT
from astsync.sources.onec.contact_rows import NO_TYPE, ContactBook, PhoneRow, current_phones, read_row
from astsync.sources.onec.metadata_names import ENGLISH, PART_FIELDS
from astsync.sources.onec.phone_texts import (
    BAD_JSON,
    BAD_XML,
    LONGEST_STRUCTURE,
    NO_PHONE,
    PIECES,
    TOO_LONG,
    read_mapping,
    read_value,
)

TODAY = date(2026, 3, 1)
KIND = "00000000-0000-4000-8000-000000000900"
NIL = "00000000-0000-0000-0000-000000000000"
NAMESPACES = 'xmlns="http://www.v8.1c.ru/ssl/contactinfo" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def in_json(country: object = "7", area: object = "495", number: object = "2293042", **more: Any) -> str:
    value = {"version": 4, "value": "любое", "comment": "стр.\n2", "type": "Телефон", "extNumber": "12"}
    return json.dumps({**value, "countryCode": country, "areaCode": area, "number": number, **more}, ensure_ascii=False)


def in_xml(number: str = "2293043", shown: str = "x") -> str:
    phone = f'<Состав xsi:type="НомерТелефона" КодСтраны="7" КодГорода="495" Номер="{number}" Добавочный="12"/>'
    root = f'<КонтактнаяИнформация {NAMESPACES} Представление="{shown}">'
    return f"{root}<Комментарий/>{phone}</КонтактнаяИнформация>"


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(["value", "number", "countryCode", "areaCode", "extNumber", "comment", "x"])
    packed = st.dictionaries(names, inner, max_size=4)
    return st.lists(inner, max_size=4) | packed | packed.map(lambda one: json.dumps(one, ensure_ascii=False))


def row(**columns: Any) -> dict[str, Any]:
    return {"Ref_Key": "1", "LineNumber": "1", "Тип": "Телефон", "Вид_Key": KIND, **columns}


def read(**columns: Any) -> PhoneRow:
    found = read_row(row(**columns))
    assert found is not None
    return found


def texts(**columns: Any) -> tuple[str, ...]:
    found = read_row(row(**columns))
    return () if found is None else found.texts


def test_what_people_see_comes_first_and_what_adds_nothing_goes() -> None:
    found = read(Значение=in_json(), Представление="+7 (495) 229-30-42", НомерТелефона="74952293042")
    assert (found.texts, found.parts) == (("+7 (495) 229-30-42",), None)


def test_a_structure_that_says_more_than_the_text_stays() -> None:
    found = read(Значение=in_json(value="229-30-42"), Представление="229-30-42")
    assert (found.texts, found.parts) == (("229-30-42",), PhoneParts("7", "495", "2293042"))


@pytest.mark.parametrize(
    ("columns", "seen"),
    [
        ({"Значение": in_json(value="8 495 229-30-42")}, "8 495 229-30-42"),
        ({"ЗначенияПолей": in_xml(shown="8 495 229-30-42")}, "8 495 229-30-42"),
        ({"ЗначенияПолей": "8 495 229-30-42"}, "8 495 229-30-42"),
        ({"Значение": in_json(value="8 495 1"), "ЗначенияПолей": in_xml(shown="8 495 2")}, "8 495 1"),
        ({"Значение": json.dumps(in_json(value="8 495 1"))}, '"{'),
        ({"Значение": json.dumps({"value": in_json(value="8 495 1")})}, "8 495 1"),
        ({"Значение": {"value": "8 495 1"}}, "8 495 1"),
        ({"Значение": 84951234567}, "84951234567"),
        ({"Представление": ["8 495 1", 2]}, "8 495 1; 2"),
        ({"ЗначенияПолей": "Представление=8 495 1\nКодСтраны=8"}, "8 495 1"),
        ({"ЗначенияПолей": "+7 (495) 1 = секретарь"}, "+7 (495) 1 = секретарь"),
        ({"ЗначенияПолей": "[495] 229-30-42"}, "[495] 229-30-42"),
    ],
)
def test_where_there_is_no_presentation_the_text_is_looked_for(columns: dict[str, Any], seen: str) -> None:
    assert texts(**columns)[0].startswith(seen)


LINES = "КодСтраны=7\nКодГорода=495\nНомерТелефона=2293042\nДобавочный=12\nКомментарий=до 18\n\tпо будням"


@pytest.mark.parametrize(
    ("columns", "parts"),
    [
        ({"Значение": in_json(value="")}, PhoneParts("7", "495", "2293042", "12", "стр.\n2")),
        ({"ЗначенияПолей": in_xml(shown="")}, PhoneParts("7", "495", "2293043", "12")),
        ({"ЗначенияПолей": "\ufeff " + in_json(value="", comment="")}, PhoneParts("7", "495", "2293042", "12")),
        ({"ЗначенияПолей": LINES}, PhoneParts("7", "495", "2293042", "12", "до 18 по будням")),
        (
            {"Значение": in_json(7, 495, 2293042.0, value=None, extNumber=None)},
            PhoneParts("7", "495", "2293042", "", "стр.\n2"),
        ),
        ({"Значение": in_json(number=["1", 2], value="")}, PhoneParts("7", "495", "1; 2", "12", "стр.\n2")),
        ({"Поле1": "7", "Поле2": "495", "Поле3": "2293042", "Поле4": 12}, PhoneParts("7", "495", "2293042", "12")),
        ({"Комментарий": "8 916 1"}, PhoneParts(comment="8 916 1")),
        ({"НомерТелефона": "84952293042891612345"}, PhoneParts(digits="84952293042891612345")),
    ],
)
def test_structures_of_every_kind(columns: dict[str, Any], parts: PhoneParts) -> None:
    found = read(**columns)
    assert (found.texts, found.parts, found.fault) == ((), parts, "")


@pytest.mark.parametrize(
    "value",
    ["", None, "{", "[]", "{}", in_json(number=""), in_json(number=" "), "\n", '"text"', 5, True, [], {}, ["x"]],
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
        '<!DOCTYPE a [<!ENTITY n "2293042">]><Состав Номер="&n;"/>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><Состав Номер="2293042"/>',
    ],
)
def test_a_useless_xml_value_falls_through(value: str) -> None:
    assert texts(ЗначенияПолей=value, Представление="123-45-67") == ("123-45-67",)


def wrapped(text: str, times: int) -> str:
    """Put a text into the JSON of a phone, that into another one, and so on."""
    for _ in range(times):
        text = json.dumps({"value": text})
    return text


DEEP = wrapped(in_json(), 8)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ('{"number": "2293042"', BAD_JSON),
        ('<!DOCTYPE a [<!ENTITY n "2293042">]><Состав Номер="&n;"/>', BAD_XML),
        ("<Состав Номер='2293042'>", BAD_XML),
        ({"phone": 2293042}, NO_PHONE),
        ({"number": {"value": "2293042"}}, NO_PHONE),
        ({"number": [["2293042"]]}, NO_PHONE),
        ('{"phone": ["2293042"]}', NO_PHONE),
        ("8 495 229-30-42 " * 4096, TOO_LONG),
        (in_json(number="8 495 229-30-42 " * 3000, value=""), TOO_LONG),
        (f'{{"number": "2293042", "x": "{"y" * 2**17}"}}', BAD_JSON),
        (DEEP, NO_PHONE),
        ({"value": '{"number": "2293042"', "comment": "x"}, BAD_JSON),
        ('{"value": "' + "y" * 2**17 + '8 495 229-30-42"}', TOO_LONG),
        ("<" + "y" * 2**17 + "8 495 229-30-42", TOO_LONG),
        (["8", "800", "555-35-35"], PIECES),
        ([{"value": "+7 (495)"}, 2293042], PIECES),
        (in_json(number=["7", "495", "2293042"], value=""), PIECES),
        (in_json(area=["495", 499], value=""), PIECES),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_read_is_told_as_it_came(value: object, fault: str) -> None:
    found = read(Значение=value)
    assert found.fault == fault
    assert 0 < len(found.texts[0]) <= MAX_TEXT
    assert any(map(str.isdigit, found.texts[0])) or len(str(value)) > LONGEST_STRUCTURE


def test_json_inside_json_is_read_some_levels_deep() -> None:
    assert texts(Значение=wrapped(in_json(value="8 495 1"), 3)) == ("8 495 1",)


def test_a_structure_inside_the_text_of_another_is_not_lost() -> None:
    inner = in_json(value="", comment="", extNumber="")
    found = read(Значение=json.dumps({"value": inner, "comment": "до 18", "areaCode": "499"}))
    assert (found.texts, found.parts) == ((), PhoneParts("7", "495", "2293042", "", "до 18"))
    found = read(Значение=json.dumps({"value": inner, "number": "555-01-01"}))
    assert (found.texts, found.parts) == ((), PhoneParts(number="555-01-01"))


def test_what_only_another_structure_of_a_row_holds_is_not_lost() -> None:
    found = read(Значение=in_json(number="\0", value="", comment=""), Комментарий="8 916 123-45-67")
    assert found.parts is not None
    assert (found.parts.area, found.parts.comment) == ("495", "8 916 123-45-67")
    found = read(Представление="229-30-42", Значение=in_json(value="", comment=""), Комментарий="8 916 123-45-67")
    assert found.parts == PhoneParts("7", "495", "2293042", "", "8 916 123-45-67")


def test_digits_that_no_machine_wrote_are_read_as_any_column() -> None:
    assert texts(НомерТелефона=["8 495 1"]) == ("8 495 1",)
    assert read(НомерТелефона={"phone": {"x": 10**30}}).fault == NO_PHONE
    assert read(Поле1=1e300, Поле3="").fault == NO_PHONE


def test_a_number_without_end_is_told() -> None:
    assert read(Значение=10**200).fault == TOO_LONG
    assert read_row(row(Значение=0)) is None


def test_a_text_is_never_cut_inside_a_number() -> None:
    (text,) = texts(Представление="ы" * (MAX_TEXT - 10) + " 8 495 229-30-42")
    assert text == "ы" * (MAX_TEXT - 10)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), nested, max_leaves=12))
def test_columns_of_any_shape_give_a_phone_or_a_fault(value: Any) -> None:
    for name in ("Представление", "Значение", "ЗначенияПолей", "НомерТелефона", "Поле3", "Комментарий", "ДействуетС"):
        found = read_row(row(**{name: value}))
        if found is not None:
            assert all(len(text) <= MAX_TEXT for text in (*found.texts, *(found.parts or ())))


SHORT = st.text("0123456789 +()=ж", max_size=6)


@given(st.fixed_dictionaries(dict.fromkeys(("value", *PART_FIELDS), SHORT | st.none()), optional={"x": SHORT}))
def test_the_json_of_1c_read_fast_is_read_the_same(value: dict[str, Any]) -> None:
    assert read_value(json.dumps(value)) == read_mapping(value)


def test_a_phone_row_of_an_english_configuration() -> None:
    columns = {"Type": "Phone", "Presentation": "229-30-42", "Value": in_json(value="229-30-42"), "Kind_Key": KIND}
    found = read_row({"Ref_Key": "1", "LineNumber": "2", **columns}, ENGLISH)
    assert found == PhoneRow(2, KIND, "0001-01-01", ("229-30-42",), PhoneParts("7", "495", "2293042"))
    assert read_row({**columns, "Type": "Address"}, ENGLISH) is None


@pytest.mark.parametrize("kind", ["Факс", "Адрес", "АдресЭлектроннойПочты"])
def test_other_contacts_are_no_phones(kind: str) -> None:
    assert read_row(row(Тип=kind, Представление="+7 (495) 229-30-42")) is None


@pytest.mark.parametrize("kind", ["", " ", None, 7, ["Телефон"], {"Тип": "Телефон"}])
def test_a_contact_without_a_type_is_a_line_in_problems_where_it_holds_digits(kind: object) -> None:
    found = read_row(row(Тип=kind, Представление="+7 (495) 229-30-42"))
    assert found is not None
    assert (found.texts, found.fault) == (("+7 (495) 229-30-42",), NO_TYPE)
    assert read_row(row(Тип=kind, Представление="уточнить")) is None


def test_an_empty_row_is_no_phone() -> None:
    assert read_row(row(Представление="  ", НомерТелефона=None)) is None


def test_half_of_a_surrogate_pair_does_not_break_the_text() -> None:
    assert texts(Представление="дом \ud83d 229-30-42") == ("дом ? 229-30-42",)


def of(*rows: dict[str, Any]) -> list[str]:
    read = [item for item in map(read_row, rows) if item is not None]
    return [phone.texts[0] for phone in current_phones(read, {}, TODAY)]


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
