"""CSV as Excel, 1C and others write it."""

import re
from pathlib import Path
from typing import Any

import pytest

from astsync.errors import SourceBadAnswer, SourceQueryError
from astsync.phonebook.model import Phone
from tests.unit.file_source import READ, ROWS, check, csv_text, pull, short, write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1251"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_encodings_and_delimiters_are_found_out(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = write(tmp_path, csv_text(delimiter), encoding=encoding)
    assert short(pull(path)) == READ


def test_utf16_big_endian_with_its_mark(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xfe\xff" + csv_text("\t").encode("utf-16-be"), "text.txt")
    assert short(pull(path)) == READ


@pytest.mark.parametrize("encoding", ["cp866", "koi8-r", "utf-16-le", "mac-cyrillic"])
def test_other_encodings_are_read_when_they_are_named(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, csv_text(), encoding=encoding)
    assert short(pull(path, encoding=encoding)) == READ
    with pytest.raises(SourceBadAnswer) as caught:
        pull(path)
    assert encoding in caught.value.hint


def test_a_mark_is_no_part_of_the_first_header_when_utf8_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, csv_text(), encoding="utf-8-sig")
    assert short(pull(path, encoding="UTF-8")) == READ


def test_one_damaged_byte_in_utf8_is_named_and_nothing_is_read_as_another_encoding(tmp_path: Path) -> None:
    data = csv_text().encode() + "03;ООО Вектор;1\r\n".encode().replace("В".encode(), b"\xff")
    position = data.index(b"\xff")
    with pytest.raises(SourceBadAnswer) as caught:
        pull(write(tmp_path, data))
    assert caught.value.message == f"contacts.csv is not UTF-8: line 4, byte {position}"
    assert "damaged" in caught.value.hint


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_that_ends_within_a_letter_is_cut(tmp_path: Path, encoding: str) -> None:
    data = ("Name;Phones\n1;2\nБ" + "0" * (encoding == "utf-16")).encode(encoding)[:-1]
    with pytest.raises(SourceBadAnswer, match=r"ends within a letter of UTF-(8|16) \(line 3\): it is cut") as caught:
        pull(write(tmp_path, data))
    assert "Export it again" in caught.value.hint


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_text_without_the_mark_of_its_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, csv_text(";").encode())
    with pytest.raises(SourceBadAnswer, match=rf"is not {encoding.upper()}: line 1"):
        pull(path, encoding=encoding)


def test_a_last_line_without_an_end_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert len(pull(write(tmp_path, csv_text()))) == 2
    assert not caplog.text
    assert len(pull(write(tmp_path, csv_text().rstrip()))) == 2
    assert "the last line of contacts.csv has no end" in caplog.text


def test_a_byte_that_a_named_encoding_lacks_is_named(tmp_path: Path) -> None:
    data = csv_text().encode("windows-1251") + b"03;\x98;1\r\n"
    with pytest.raises(SourceBadAnswer, match=rf"not windows-1251: line 4, byte {data.index(0x98)}"):
        pull(write(tmp_path, data), encoding="windows-1251")
    with pytest.raises(SourceBadAnswer, match="line 4"):
        pull(write(tmp_path, data))


@pytest.mark.parametrize("encoding", ["windows-1252", "windows-1253", "windows-1250"])
def test_western_letters_are_never_read_as_russian(tmp_path: Path, encoding: str) -> None:
    names = {"windows-1252": "Müller Söhne", "windows-1253": "Παπαδόπουλος", "windows-1250": "Dvořák a synové"}
    path = write(tmp_path, f"Name;Phones\n{names[encoding]};+44 20 7946 0000\n", encoding=encoding)
    with pytest.raises(SourceBadAnswer, match="line 2, byte"):
        pull(path)
    assert [c.name for c in pull(path, encoding=encoding)] == [names[encoding]]


@pytest.mark.parametrize(
    "names",
    ["ООО «СССР» № 5\u00a0— СЁМА", "ИВАН", "ёлки", "Їжак і компанія", "ООО \xa0Ромашка", "«АКРОС»"],
)
def test_russian_and_ukrainian_in_windows_1251_is_told_from_few_words(tmp_path: Path, names: str) -> None:
    path = write(tmp_path, f"Name;Phones\n{names};1\n", encoding="windows-1251")
    assert [c.name.replace("\xa0", " ") for c in pull(path)] == [names.replace("\xa0", " ")]


def test_excels_first_line_names_the_delimiter(tmp_path: Path) -> None:
    text = "sep=|\r\nName|Phones\r\nA;B|+7 495 555-01-01\r\n"
    assert short(pull(write(tmp_path, text))) == [("A;B", "A;B", ["+7 495 555-01-01"])]


def test_quotes_hold_delimiters_quotes_and_line_ends(tmp_path: Path) -> None:
    text = 'Name,Phones\n"ООО ""Рога, копыта""\nи сыновья","555-01-01; 555-01-02"\n'
    assert short(pull(write(tmp_path, text))) == [
        ('ООО "Рога, копыта"\nи сыновья', 'ООО "Рога, копыта"\nи сыновья', ["555-01-01; 555-01-02"])
    ]


def test_headers_are_compared_without_case_blanks_and_marks(tmp_path: Path) -> None:
    text = " \u00a0НАИМЕНОВАНИЕ ; мобильный   телефон\nООО Ромашка;1\n"
    assert short(pull(write(tmp_path, text), {"name": "Наименование", "phones": "Мобильный телефон"})) == [
        ("ООО Ромашка", "ООО Ромашка", ["1"])
    ]


def test_titles_may_stand_above_the_header_and_empty_rows_anywhere(tmp_path: Path) -> None:
    text = f"Список контрагентов\n\n;;\nна 01.11.2026\n{csv_text()}\n;;\n\n"
    assert short(pull(write(tmp_path, text))) == READ


def test_several_columns_of_phones_name_their_kinds(tmp_path: Path) -> None:
    text = "Код;Наименование;Телефон;Мобильный телефон;Телефон\n1;А;10;20;30\n2;Б;;21;\n"
    first, second = pull(write(tmp_path, text))
    assert [(p.texts, p.kind) for p in first.phones] == [
        (("10",), "Телефон"),
        (("20",), "Мобильный телефон"),
        (("30",), "Телефон"),
    ]
    assert [p.texts for p in second.phones] == [("21",)]


def test_rows_of_one_reference_are_one_counterparty_with_all_phones(tmp_path: Path) -> None:
    text = "Ref;Name;Phones;Kind;Catalog\n1;А;10;Рабочий;К\n2;Б;20;;К\n1;А;11;Домашний;К\n1;А;10;Рабочий;К\n1;В;12;;П\n"
    counterparties = pull(write(tmp_path, text))
    assert [(c.source, c.name, [(p.texts[0], p.kind) for p in c.phones]) for c in counterparties] == [
        ("К/1", "А", [("10", "Рабочий"), ("11", "Домашний")]),
        ("К/2", "Б", [("20", "")]),
        ("П/1", "В", [("12", "")]),
    ]


def test_a_row_that_is_one_phone_gives_its_texts_most_trusted_first(tmp_path: Path) -> None:
    value = '{""countryCode"":""7"",""areaCode"":""495"",""number"":""5550101""}'
    text = f'Ref;Name;Number;Presentation;Value\n1;А;74955550101;+7 495 555-01-01;"{value}"\n'
    (counterparty,) = pull(write(tmp_path, text))
    assert counterparty.phones == (Phone(("+7 495 555-01-01",)),)


def test_what_is_marked_for_deletion_is_left_out(tmp_path: Path) -> None:
    text = "Наименование;Телефон;Пометка удаления\nА;1;Да\nБ;2;Нет\nВ;3;\nГ;4;true\n"
    assert [c.name for c in pull(write(tmp_path, text))] == ["Б", "В"]


def test_a_usual_column_that_names_no_counterparty_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "Код;Наименование;Телефон\n1;А;10\n1;Б;20\n")
    with pytest.raises(SourceQueryError, match="one reference 1 for А and Б"):
        pull(path)
    assert [c.ref for c in pull(path, {"ref": ""})] == ["А", "Б"]


def test_the_usual_column_of_codes_tells_the_code(tmp_path: Path) -> None:
    (both,) = pull(write(tmp_path, "GUID;Код;Наименование;Телефон\na;00-7;А;1\na;00-7;А;2\n"))
    assert (both.ref, both.code, len(both.phones)) == ("a", "00-7", 2)
    (alone,) = pull(write(tmp_path, "Код;Наименование;Телефон\n00-7;А;1\n"))
    assert (alone.ref, alone.code) == ("00-7", "00-7")
    (twice,) = pull(write(tmp_path, "GUID;Код;Код;Наименование;Телефон\na;1;2;А;1\n"))
    assert (twice.ref, twice.code) == ("a", "")


def test_with_a_named_reference_the_first_name_counts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path, "Код;Наименование;Телефон\n1;А;10\n1;Б;20\n")
    assert short(pull(path, {"ref": "Код"})) == [("1", "А", ["10", "20"])]
    assert "the first name counts" in caplog.text


def test_a_row_without_name_and_reference_is_named_by_its_line(tmp_path: Path) -> None:
    assert short(pull(write(tmp_path, "Name;Phones\nА;1\n;2\n;3\n"))) == [
        ("А", "А", ["1"]),
        ("line 3", "", ["2"]),
        ("line 4", "", ["3"]),
    ]


def test_missing_columns_are_told_with_those_that_exist_and_the_nearest(tmp_path: Path) -> None:
    path = write(tmp_path, "Код;Наименовние;Тел.\n1;А;10\n")
    with pytest.raises(SourceQueryError) as caught:
        pull(path, {"name": "Наименование", "phones": ["Тел."]})
    assert caught.value.message == "contacts.csv has no column Наименование"
    assert "Did you mean Наименовние?" in caught.value.hint
    assert "Код, Наименовние, Тел." in caught.value.hint


@pytest.mark.parametrize("key", ["ref", "deleted", "catalog", "kind", "code", "tax_number", "responsible"])
def test_every_column_that_is_named_must_be_there(tmp_path: Path, key: str) -> None:
    with pytest.raises(SourceQueryError, match="no column Нету"):
        pull(write(tmp_path, csv_text()), {"name": "Наименование", "phones": "Телефон", key: "Нету"})


def test_of_several_named_columns_of_phones_all_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SourceQueryError, match="no column Факс"):
        pull(write(tmp_path, csv_text()), {"name": "Наименование", "phones": ["Телефон", "Факс"]})


@pytest.mark.parametrize("header", ["Наименование;Контрагент;Телефон", "Name;name;Телефон"])
def test_two_columns_that_can_be_the_name_are_an_error(tmp_path: Path, header: str) -> None:
    with pytest.raises(SourceQueryError, match=r"several columns of contacts\.csv can be name"):
        pull(write(tmp_path, f"{header}\nА;Б;1\n"))


FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ('Name;Phones\nА;"555', {}, "ends within a quoted value"),
    ('Name;Phones\n"ООО "Ромашка"";1\n', {}, "line 2 of contacts.csv is no CSV"),
    ("Name;Phones\nРога; копыта;1\n", {}, "line 2 of contacts.csv has 3 values, the header has 2"),
    ("Name;Phones;Ref\nА;1;2\nБ;", {}, "line 3, the last of contacts.csv, is cut"),
    ("Name;Phones\n" + "А" * (1 << 20), {}, "line 2 of contacts.csv is longer"),
    ('Name;Phones\n"' + "А\n" * 70_000 + '";1\n', {}, "more than 131,072 characters"),
    ("Name;Phones\nА\0;1\n", {}, "NUL"),
    ("Name;Phones\nА\0;1\n", {"encoding": "utf-8"}, "line 2 of contacts.csv holds NUL"),
    ("\n\n ; \n", {}, "holds no rows"),
]


@pytest.mark.parametrize(("text", "options", "words"), FAULTS, ids=[words for _, _, words in FAULTS])
def test_what_is_no_whole_csv_is_refused(tmp_path: Path, text: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(SourceBadAnswer, match=words) as caught:
        pull(write(tmp_path, text), **options)
    assert caught.value.hint


def test_trailing_delimiters_and_short_rows_do_no_harm(tmp_path: Path) -> None:
    assert short(pull(write(tmp_path, "Name;Phones;Note\nА;1\nБ;2;x;;;\nВ;3;y"))) == [
        ("А", "А", ["1"]),
        ("Б", "Б", ["2"]),
        ("В", "В", ["3"]),
    ]


def test_a_file_that_quotes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, 'Name;Phones\n"Ромашка" ООО;1\n')
    assert short(pull(path, quote="")) == [('"Ромашка" ООО', '"Ромашка" ООО', ["1"])]


def test_a_list_with_a_header_alone_is_empty_and_no_error(tmp_path: Path) -> None:
    assert pull(write(tmp_path, csv_text(rows=ROWS[:1]))) == []


def test_the_check_tells_what_was_found_out(tmp_path: Path) -> None:
    findings = check(write(tmp_path, csv_text("\t"), "contacts.csv", "windows-1251"))
    found = {f.part: f.words for f in findings if f.part != "counterparty"}
    assert re.search(r"\d+ bytes, changed \d+ s ago", found.pop("file contacts.csv"))
    assert found == {
        "format": "csv",
        "encoding": "windows-1251",
        "delimiter": "tab",
        "columns": "name: Наименование; phones: Телефон; ref: Ссылка (line 1)",
        "list": "2 read: 2 counterparties",
    }
    assert [f.words for f in findings if f.part == "counterparty"] == [
        "ООО Ромашка: +7 495 555-01-01",
        "ИП Ёлкин: 555-01-02",
    ]


def test_the_check_ends_with_the_fault_and_its_cure(tmp_path: Path) -> None:
    *before, last = check(write(tmp_path, "Name;Тел\nА;1\n"))
    assert [f.part for f in before] == ["file contacts.csv", "format", "encoding", "delimiter"]
    assert (last.good, last.words) == (False, "contacts.csv has no column Phones")
    assert "Тел" in last.hint


def test_a_table_tells_who_keeps_a_card(tmp_path: Path) -> None:
    text = "Код;Наименование;Телефон;ИНН;Ответственный\n1;А;10;7701234567;Иванова\n1;А;20;7701234567;Иванова\n"
    (one,) = pull(write(tmp_path, text))
    assert (one.code, one.tax_number, one.responsible) == ("1", "7701234567", "Иванова")
    (two,) = pull(write(tmp_path, "Код;Наименование;Телефон;Менеджер;Ответственный\n1;А;10;Петров;Иванова\n"))
    assert two.responsible == ""
