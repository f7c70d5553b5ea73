"""Rows as they should not be: folders, odd names and phones, lines without a number, texts that are too long."""

import pytest

from astsync.errors import SourceBadAnswer, SourceBusy, SourceError, SourceQueryError
from astsync.phonebook.model import Counterparty
from astsync.sources.formats.values import MAX_TEXT, text_of
from astsync.sources.odata.section import ODataConfig
from astsync.sources.odata.source import ODataSource
from astsync.sources.onec.contact_rows import ODD_DATE, current_phones, read_row, today_here
from astsync.sources.onec.phone_texts import TOO_LONG
from astsync.sources.onec.rows import column, line_number, ref_key, row_key
from tests.unit.odata_source import pull
from tests.unit.stub_1c import (
    CATALOG,
    CONTACT_SET,
    GUID,
    QUICK,
    ROOT,
    Asked,
    Base,
    Reply,
    Server,
    as_json,
    contact,
    odata_error,
    owner,
)

pytestmark = pytest.mark.server

SECTION = "КонтактнаяИнформация"


def pull_unchecked(server: Server, *catalogs: str) -> list[Counterparty]:
    """Pull catalogs that the configuration itself would refuse."""
    config = server.config()
    odata = config.table(ODataConfig).model_copy(update={"catalogs": catalogs})
    return list(ODataSource(config.model_copy(update={"odata": odata}), patience=QUICK).pull())


def whole(asked: Asked) -> bool:
    """Tell whether this asks for a whole row of the catalog."""
    return asked.path == f"{ROOT}/{CATALOG}" and "$select" not in asked.options


# --- folders


def test_folders_are_left_out_where_the_catalog_has_them(base: Base, server: Server) -> None:
    base.sets[CATALOG] = [owner(8, "Папка", IsFolder=True), owner(1, "ООО МИКО", IsFolder=False)]
    assert [one.name for one in pull(server)] == ["ООО МИКО"]
    assert server.pages_of(CATALOG)[0].options["$select"] == "Ref_Key,Description,DeletionMark,IsFolder"


@pytest.mark.parametrize(("code", "wanted"), [("000000009 ", "000000009"), (9, "9"), (None, "")])
def test_codes_are_read_where_the_catalog_has_them(base: Base, server: Server, code: object, wanted: str) -> None:
    base.sets[CATALOG] = [owner(8, "Папка", IsFolder=True, Code=""), owner(1, "ООО МИКО", IsFolder=False, Code=code)]
    base.before = lambda asked: (
        as_json({"value": base.sets[CATALOG][1:]}) if asked.options.get("$filter") == "IsFolder eq false" else None
    )
    assert [one.code for one in pull(server)] == [wanted]
    assert server.pages_of(CATALOG)[0].options["$select"] == "Ref_Key,Description,DeletionMark,IsFolder,Code"


def test_one_small_request_shows_whether_there_are_folders(base: Base, server: Server) -> None:
    assert len(pull(server)) == 2
    assert [asked.options["$top"] for asked in server.asked_of(CATALOG) if whole(asked)] == ["1"]
    assert server.pages_of(CATALOG)[0].options["$select"] == "Ref_Key,Description,DeletionMark"


@pytest.mark.parametrize(
    "refusal", [odata_error(400, "14", "нет"), odata_error(500, "-1", "нет"), odata_error(401, "20", "нет"), Reply()]
)
def test_without_a_sample_row_the_list_is_read_all_the_same(base: Base, server: Server, refusal: Reply) -> None:
    base.before = lambda asked: refusal if whole(asked) else None
    assert len(pull(server)) == 2


def test_a_busy_server_is_busy(base: Base, server: Server) -> None:
    base.before = lambda asked: Reply(status=406) if whole(asked) else None
    with pytest.raises(SourceBusy):
        pull(server)


def test_folders_tell_nothing_about_missing_fields(base: Base, server: Server) -> None:
    folder, item = owner(8, "Папка", IsFolder=True), owner(1, "МИКО", IsFolder=False, НаименованиеПолное="")
    refusal = odata_error(400, "6", "Сегмент пути не найден!")

    def answer(asked: Asked) -> Reply | None:
        if whole(asked):
            return as_json({"value": [item if asked.options.get("$filter") == "IsFolder eq false" else folder]})
        return refusal if "Наименование," in asked.options.get("$select", "") else None

    base.before = answer
    with pytest.raises(SourceQueryError, match=r"has no field Наименование$") as caught:
        pull(server, name_field="Наименование")
    assert "Description, НаименованиеПолное." in caught.value.hint


# --- names


@pytest.mark.parametrize("value", [False, 5, 1.5, {"a": "b"}, ["x"]])
def test_a_name_field_that_is_no_text_is_named_with_those_that_are(base: Base, server: Server, value: object) -> None:
    base.sets[CATALOG] = [owner(1, "МИКО", Поле=value, НаименованиеПолное="")]
    with pytest.raises(SourceQueryError, match=r"the field Поле of the catalog Контрагенты holds no text") as caught:
        pull(server, name_field="Поле")
    assert "source.odata.name_field" in caught.value.hint
    assert "Description, НаименованиеПолное." in caught.value.hint
    assert server.asked_of(CONTACT_SET) == []


def test_the_mark_for_deletion_names_nobody(server: Server) -> None:
    with pytest.raises(SourceQueryError, match="DeletionMark"):
        pull(server, name_field="DeletionMark")


def test_a_later_row_can_hold_no_text_either(base: Base, server: Server) -> None:
    base.sets[CATALOG] = [owner(1, "МИКО", Поле=None), owner(2, "x", Поле=True)]
    with pytest.raises(SourceQueryError, match="Поле") as caught:
        pull(server, name_field="Поле")
    assert "Description" in caught.value.hint


def test_without_a_sample_row_no_fields_are_listed(base: Base, server: Server) -> None:
    base.before = lambda asked: odata_error(500, "-1", "нет") if whole(asked) else None
    with pytest.raises(SourceQueryError, match="DeletionMark") as caught:
        pull(server, name_field="DeletionMark")
    assert caught.value.hint == "Correct source.odata.name_field."


def test_both_spellings_of_a_catalog_are_one(server: Server) -> None:
    assert len(pull_unchecked(server, "Контрагенты", "Catalog_Контрагенты")) == 2
    assert len(server.asked_of(CONTACT_SET)) == len({asked.raw for asked in server.asked_of(CONTACT_SET)})


# --- texts


def test_texts_that_leave_the_source_have_a_bound(base: Base, server: Server) -> None:
    long = "ы" * 300_000
    value = f'{{"countryCode": "7", "areaCode": "495", "number": "{"1" * 3000}"}}'
    base.sets[CATALOG] = [owner(1, long)]
    base.sets[CONTACT_SET] = [contact(1, long, НомерТелефона="2" * 300_000, Значение=value, ЗначенияПолей=f"{{{long}")]
    base.sets["Catalog_ВидыКонтактнойИнформации"] = [{"Ref_Key": GUID.format(900), "Description": long}]
    (found,) = pull(server)
    (phone,) = found.phones
    assert found.name == phone.kind == "ы" * MAX_TEXT
    assert phone.texts == ("ы" * MAX_TEXT,)
    assert phone.fault == TOO_LONG


def test_texts_that_leave_the_source_are_unicode(base: Base, server: Server) -> None:
    half = "\\ud800"
    rows = [owner(1, f"A{half}B")]
    kinds = [{"Ref_Key": GUID.format(900), "Description": f"C{half}"}]
    answers = {CATALOG: rows, CONTACT_SET: [contact(1, f"1{half}2")], "Catalog_ВидыКонтактнойИнформации": kinds}

    def escaped(asked: Asked) -> Reply | None:
        given = answers.get(asked.path.removeprefix(f"{ROOT}/"))
        plain = as_json({"value": [] if asked.options.get("$skip", "0") != "0" else given})
        return Reply(plain.body.replace(rb"\\u", rb"\u")) if given else None

    base.before = escaped
    (found,) = pull(server)
    assert (found.name, found.phones[0].texts, found.phones[0].kind) == ("A?B", ("1?2",), "C?")


@pytest.mark.parametrize("reference", ["", "\ud800", "a\nb", "x" * 201, None, 5, ["x"]])
def test_a_reference_must_name_its_row(reference: object) -> None:
    with pytest.raises(SourceBadAnswer, match="Ref_Key"):
        ref_key({"Ref_Key": reference})


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), ("", ""), (5, "5"), (1.5, "1.5"), (None, ""), (True, ""), ({}, ""), ([1], ""), ("\udfff", "?")],
)
def test_values_as_text(value: object, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize("value", [True, {}, ["x"], 1.5, None])
@pytest.mark.parametrize("name", ["НомерТелефона", "Значение", "ЗначенияПолей", "Вид_Key"])
def test_a_column_that_holds_something_else_does_not_hide_the_text(name: str, value: object) -> None:
    read = read_row({"Тип": "Телефон", "Представление": "1", name: value})
    assert read is not None
    assert (read.texts, read.parts, read.fault) == (("1",), None, "")


@pytest.mark.parametrize("value", [True, ["x"], 5, "вчера"])
def test_a_date_that_is_none_is_a_fault_of_its_row(value: object) -> None:
    read = read_row({"Тип": "Телефон", "Представление": "1", "ДействуетС": value})
    assert read is not None
    assert (read.texts, read.fault) == (("1",), ODD_DATE)


@pytest.mark.parametrize("value", [True, {}, ["x"]])
def test_a_column_that_names_its_row_must_be_text(value: object) -> None:
    with pytest.raises(SourceBadAnswer, match="Вид"):
        column({"Вид": value}, "Вид")
    assert column({"Вид": None}, "Вид") == column({}, "Вид") == ""


# --- lines


@pytest.mark.parametrize(
    ("value", "line"),
    [("1", 1), (12, 12), ("1" * 18, int("1" * 18)), *((odd, None) for odd in ("1" * 19, "9" * 5000, "", "x", None))],
)
def test_line_numbers(value: object, line: int | None) -> None:
    assert line_number({"LineNumber": value}) == line


@pytest.mark.parametrize("value", [True, [1], {}, -1, 1.0, "²"])
def test_other_things_are_no_line_numbers(value: object) -> None:
    assert line_number({"LineNumber": value}) is None


def test_a_line_number_without_end_harms_nothing() -> None:
    row = read_row({"Тип": "Телефон", "Представление": "1", "LineNumber": "9" * 5000})
    assert row is not None
    assert [phone.texts for phone in current_phones([row], {}, today_here())] == [("1",)]


def test_lines_without_a_number_are_an_error(base: Base, server: Server) -> None:
    assert row_key({"Ref_Key": "a", "LineNumber": "2"}) == "a/2"
    base.sets[CONTACT_SET] = [contact(1, "1", LineNumber=None), contact(1, "2", LineNumber=None)]
    with pytest.raises(SourceBadAnswer, match="without its LineNumber") as caught:
        pull(server)
    assert caught.value.hint


def test_lines_inside_the_catalog_may_go_without_numbers(base: Base, server: Server) -> None:
    del base.sets[CONTACT_SET]
    lines = [contact(1, str(number), LineNumber=None) for number in range(3)]
    base.sets[CATALOG] = [owner(1, "МИКО", **{SECTION: lines})]
    assert [phone.texts for phone in pull(server)[0].phones] == [("0",), ("1",), ("2",)]


@pytest.mark.parametrize("odd", ["text", None, 5, True, ["x"]])
def test_lines_inside_the_catalog_are_rows(base: Base, server: Server, odd: object) -> None:
    del base.sets[CONTACT_SET]
    base.sets[CATALOG] = [owner(1, "МИКО", **{SECTION: [contact(1, "1"), odd]})]
    with pytest.raises(SourceBadAnswer, match="no row"):
        pull(server)


# --- words of others in messages


def test_names_of_sets_are_shown_clean(base: Base, server: Server) -> None:
    base.sets = {"Catalog_Evil\r\n\x1b[31m": [], "Catalog_Контрагенты2\n": []}
    with pytest.raises(SourceError) as caught:
        pull(server)
    assert "Did you mean Контрагенты2?" in caught.value.hint
    with pytest.raises(SourceError) as listed:
        pull_unchecked(server, "Zzz\nz")
    assert "Zzz z" in listed.value.message
    assert "Evil [31m" in listed.value.hint
    assert all(one.value.message.isprintable() and one.value.hint.isprintable() for one in (caught, listed))


def test_names_of_fields_are_shown_clean(base: Base, server: Server) -> None:
    base.sets[CATALOG] = [owner(1, "МИКО", **{"Evil\r\n\x1b[31m": ""})]
    with pytest.raises(SourceQueryError) as caught:
        pull(server, name_field="DeletionMark")
    assert "Evil [31m" in caught.value.hint
    assert caught.value.hint.isprintable()


def test_odd_names_of_sets_name_nothing(base: Base, server: Server) -> None:
    odd = [{"name": [1]}, {"name": {"a": 1}, "url": None}, {}, {"name": None, "url": CATALOG}, {"name": CONTACT_SET}]
    base.before = lambda asked: as_json({"value": odd}) if asked.path == f"{ROOT}/" else None
    assert len(pull(server)) == 2
