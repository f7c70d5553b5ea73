"""Records of any shape to counterparties."""

import json
import logging
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astsync.config import FieldsConfig
from astsync.errors import SourceBadAnswer, SourceError, SourceQueryError
from astsync.phonebook.model import Counterparty, Phone
from astsync.sources import bounds
from astsync.sources.onec.phone_texts import TOO_LONG
from astsync.sources.records.fields import values_at
from astsync.sources.records.once import Once
from astsync.sources.records.reader import RecordReader

MIKO = {"Ref": "r-1", "Name": "ООО МИКО", "Phones": ["+7 (495) 555-01-42"]}
VALUE = (
    '{"version":4,"value":"+7 (495) 555-01-42","type":"Телефон","countryCode":"7","areaCode":"495","number":"5550142"}'
)
XML = (
    '<КонтактнаяИнформация xmlns="http://www.v8.1c.ru/ssl/contactinfo"><Состав КодСтраны="7" КодГорода="495" '
    'Номер="555-01-42" Добавочный=""/></КонтактнаяИнформация>'
)


def reader(**fields: Any) -> RecordReader:
    return RecordReader(FieldsConfig(**fields), "the list")


def finish(reading: RecordReader, records: list[Any]) -> None:
    for record in records:
        reading.read(record)
    reading.finish()


def read(record: object, **fields: Any) -> Counterparty | None:
    return reader(**fields).read(record)


def phones(value: object, **fields: Any) -> tuple[Phone, ...]:
    one = read({"Name": "x", "Phones": value}, **fields)
    assert one is not None
    return one.phones


def texts(value: object, **fields: Any) -> list[tuple[str, ...]]:
    return [phone.texts for phone in phones(value, **fields)]


def refused(records: list[Any], **fields: Any) -> SourceError:
    reading = reader(**fields)
    with pytest.raises(SourceError) as caught:
        finish(reading, records)
    assert caught.value.hint
    assert (caught.value.message + caught.value.hint).isprintable()
    return caught.value


# --- paths


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a", [1]),
        ("b.c", [2]),
        ("d.e", [3, 4]),
        ("d.f", [5]),
        ("x.y", [6]),
        ("no", None),
        ("b.no", None),
        ("a.no", None),
        ("d.no", None),
        ("none.at.all", []),
        ("empty.at.all", []),
    ],
)
def test_paths_lead_through_records_and_lists(path: str, found: list[int] | None) -> None:
    record = {"a": 1, "b": {"c": 2}, "d": [{"e": 3}, {"e": 4, "f": 5}], "x.y": 6, "none": None, "empty": []}
    assert values_at(record, path) == found


def test_a_path_into_endless_lists_ends() -> None:
    deep: Any = {"a": 1}
    for _ in range(5000):
        deep = [deep]
    assert values_at({"x": deep}, "x.a") is None
    assert texts(deep) == []


# --- counterparties


def test_a_record_becomes_a_counterparty() -> None:
    whole = {**MIKO, "Catalog": "Контрагенты", "DeletionMark": False}
    assert read(whole) == Counterparty("r-1", "ООО МИКО", (Phone(("+7 (495) 555-01-42",)),), "Контрагенты")


def test_a_record_tells_who_keeps_its_card() -> None:
    one = read({**MIKO, "TaxNumber": 7701234567, "Responsible": " Иванова А. П. "})
    assert one is not None
    assert (one.tax_number, one.responsible.strip()) == ("7701234567", "Иванова А. П.")
    other = read({**MIKO, "Manager": {"Name": "Петров"}}, responsible="Manager.Name")
    assert other is not None
    assert other.responsible == "Петров"
    odd = read({**MIKO, "Responsible": {"Name": "a record of another sense"}})
    assert odd is not None
    assert odd.responsible == ""


@pytest.mark.parametrize("value", [True, "true", 1, "1", "да", "Истина", " YES ", 1.0])
def test_what_is_marked_for_deletion_is_left_out(value: object) -> None:
    assert read({**MIKO, "DeletionMark": value}) is None


@pytest.mark.parametrize("value", [False, "false", 0, "", None, "нет", "Ложь", 2, []])
def test_what_is_not_marked_for_deletion_stays(value: object) -> None:
    assert read({**MIKO, "DeletionMark": value}) is not None


@pytest.mark.parametrize(
    ("ref", "wanted"),
    [(12, "12"), (12.0, "12"), ("", "ООО МИКО"), (None, "ООО МИКО"), (1.5, "1.5"), (10**500, "ООО МИКО")],
)
def test_a_reference_is_text_or_the_name(ref: object, wanted: str) -> None:
    one = read({**MIKO, "Ref": ref})
    assert one is not None
    assert one.ref == wanted


def test_other_fields_by_their_paths() -> None:
    record = {"Клиент": {"Наименование": "ИП Иванов", "Код": 7}, "Контакты": [{"Тел": "1"}, {"Тел": 2}], "Тел.": "3"}
    one = read(record, name="Клиент.Наименование", ref="Клиент.Код", phones=["Тел.", "Контакты.Тел"])
    assert one == Counterparty("7", "ИП Иванов", (Phone(("3",)), Phone(("1",)), Phone(("2",))))


@pytest.mark.parametrize(
    ("code", "wanted"), [("00-00000012", "00-00000012"), (12, "12"), (12.0, "12"), (None, ""), ([], ""), ({}, "")]
)
def test_a_code_of_the_usual_name_is_taken_where_it_is_one(code: object, wanted: str) -> None:
    one = read({**MIKO, "Code": code})
    assert one is not None
    assert one.code == wanted


def test_a_code_that_the_configuration_names_must_be_there_and_be_text() -> None:
    one = read({**MIKO, "Карточка": {"Код": "000000009"}}, code="Карточка.Код")
    assert one is not None
    assert one.code == "000000009"
    with pytest.raises(SourceQueryError, match="holds no text"):
        read({**MIKO, "Code": ["1"]}, code="Code")
    reader = RecordReader(FieldsConfig(code="Номер"), "the list")
    reader.read(MIKO)
    with pytest.raises(SourceQueryError, match="has the field Номер"):
        reader.finish()


# --- phones


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("+7 (495) 555-01-42", [("+7 (495) 555-01-42",)]),
        (74955550142, [("74955550142",)]),
        (74955550142.0, [("74955550142",)]),
        (["1", 2, ["3"]], [("1",), ("2",), ("3",)]),
        ({"Value": "1", "Presentation": "2", "Number": "1"}, [("2",)]),
        ({"Value": VALUE, "Presentation": "9"}, [("9",)]),
        ({"Value": VALUE, "Presentation": "нет"}, [("нет", "+7 (495) 555-01-42")]),
        ({"Value": XML, "Presentation": "9"}, [("9",)]),
        ({"Value": json.loads(VALUE)}, [("+7 (495) 555-01-42",)]),
        (json.loads(VALUE), [("+7 (495) 555-01-42",)]),
        ({"number": "5550142", "areaCode": "495"}, [()]),
        ({"Представление": "1", "НомерТелефона": "2"}, [("1",)]),
        (VALUE, [("+7 (495) 555-01-42",)]),
        ({"Value": '{"cut', "Presentation": "9"}, [("9",)]),
        ({"Value": "КодСтраны=7\nНомерТелефона=5550142", "Presentation": "9"}, [("9",)]),
        ({"Phone": [{"Number": "1"}, {"Number": "2"}]}, [("1",), ("2",)]),
        ({"Value": "", "Number": None}, []),
        ({"Тип": "Адрес", "Presentation": "115035, г. Москва"}, []),
        ({"Тип": "Телефон", "Presentation": "5"}, [("5",)]),
        ("", []),
        (None, []),
        (False, []),
        ([], []),
        (10**500, [(str(10**500),)]),  # with a fault: it is told
        (float("inf"), [("inf",)]),
    ],
)
def test_phones_of_every_shape(value: object, wanted: list[tuple[str, ...]]) -> None:
    assert texts(value) == wanted


def test_the_kind_of_a_phone() -> None:
    assert [phone.kind for phone in phones([{"Kind": " Мобильный ", "Value": "1"}, {"Value": "2"}])] == [
        "Мобильный",
        "",
    ]
    assert phones([{"Вид": {"Имя": "Рабочий"}, "Ном": "1"}], phone=["Ном"], kind="Вид.Имя")[0].kind == "Рабочий"


def test_texts_have_a_bound_and_are_valid_unicode() -> None:
    one = read({"Name": "я" * 5000 + "\ud83d", "Phones": "1" * 5000})
    assert one is not None
    assert (len(one.name), len(one.phones[0].texts[0]), one.phones[0].fault) == (2000, 2000, TOO_LONG)
    half = read({"Name": "я\ud83d", "Phones": []})
    assert half is not None
    assert half.name == "я?"


# --- what is wrong is told together with what there is


@pytest.mark.parametrize("record", ["text", 5, None, ["a"], True])
def test_what_is_no_record_is_refused(record: object) -> None:
    error = refused([MIKO, record])
    assert isinstance(error, SourceBadAnswer)
    assert "number 2" in error.message


@pytest.mark.parametrize(
    ("fields", "told", "offered"),
    [
        ({"name": "Nane"}, "no record of the list has the field Nane (name)", "Did you mean Name?"),
        ({"phones": ["Тел", "Tel"]}, "the field Тел, Tel (phones)", "The fields that exist: Ref, Name, Phones."),
        ({"ref": "GUID"}, "the field GUID (ref)", "Ref, Name, Phones"),
        ({"deleted": "Удален"}, "the field Удален (deleted)", "Ref, Name, Phones"),
        ({"name": "Phones"}, "the field Phones of the list holds no text (name)", "Ref, Name, Phones"),
    ],
)
def test_a_field_that_no_record_has_is_told(fields: dict[str, Any], told: str, offered: str) -> None:
    error = refused([MIKO, MIKO], **fields)
    assert isinstance(error, SourceQueryError)
    assert told in error.message
    assert offered in error.hint


def test_phones_whose_fields_are_others_are_told() -> None:
    error = refused([{"Name": "x", "Phones": [{"Номер": "1", "Доб": "2"}]}])
    assert error.message == "no record of the list has the field Value, Presentation, Number of a phone (phone)"
    assert error.hint.endswith("The fields that exist: Номер, Доб.")


def test_fields_that_only_some_records_have_are_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    reading = reader(phones=["Phones", "Mobile"])
    for record in ({"Name": "a"}, {"Phones": ["1"]}, {"Name": "c", "DeletionMark": True}):
        reading.read(record)
    reading.finish()
    assert "no record has the field Mobile" in caplog.text


def test_an_empty_list_has_no_faults() -> None:
    reader(name="x", ref="y").finish()


def test_names_of_foreign_fields_are_safe_to_show_and_few() -> None:
    error = refused([{f"\x1b[31m{number}": 1 for number in range(500)}])
    assert len(error.hint) < 2000


# --- once


def test_more_records_than_any_list_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "LARGEST_LIST", 2)
    reader = RecordReader(FieldsConfig(), "the list")
    reader.read({"Name": "A"})
    reader.read({"Name": "B"})
    with pytest.raises(SourceBadAnswer, match="the list has no end: more than 2 records"):
        reader.read({"Name": "C"})


def test_records_without_end_are_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for record in ({"a": deep}, {"a": 10**5000}):
        with pytest.raises(SourceBadAnswer):
            Once().new(record)


def test_records_that_are_alike_pass_once() -> None:
    once = Once()
    given_twice = [MIKO, dict(MIKO), {**MIKO, "Phones": ["2"]}, {"a": 10**30}, {"a": 10**30}, {"a": "\ud83d"}]
    assert [once.new(record) for record in given_twice] == [True, False, True, True, False, True]
    assert len(once) == 4


# --- whatever comes

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.just(VALUE)
    | st.integers(500, 600).map(lambda size: 10**size)
)
KEYS = (
    st.sampled_from(["Ref", "Name", "Phones", "Value", "Kind", "Number", "DeletionMark", "number", "Тип"]) | st.text()
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.dictionaries(KEYS, ANYTHING, max_size=6) | ANYTHING, max_size=4),
    st.sampled_from([{}, {"phones": ["Phones.Number", "a.b"], "name": "Name.Name", "kind": "Kind.Kind", "ref": "Ref"}]),
)
def test_nothing_but_an_error_of_the_source_comes_out(records: list[Any], fields: dict[str, Any]) -> None:
    reading = reader(**fields)
    with suppress(SourceError):
        for record in records:
            one = reading.read(record)
            if one is not None:
                said = [one.ref, one.name, one.catalog, *(phone.text for phone in one.phones)]
                assert "".join(said).encode()[:1] == "".join(said)[:1].encode()[:1]
                assert all(len(text) <= 2000 for text in said)
        reading.finish()
    once = Once()
    with suppress(SourceError):
        assert [record for record in records if once.new(record)][:1] == records[:1]
