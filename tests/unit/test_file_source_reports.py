"""Tables as 1C's reports and people's workbooks have them: parameters above, two lines of header, totals below."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astsync.errors import SourceQueryError
from astsync.sources.file.header import is_footer, whole_digits
from tests.unit.file_source import check, pull, short, workbook, write

Rows = list[list[Any]]

TITLES: Rows = [
    [None, "Контактная информация контрагентов"],
    [],
    [None, "Параметры:", None, "Период: 01.01.2026 - 30.11.2026"],
    [None, None, None, "Телефон: любой"],
    [None, "Отбор:", None, 'Контрагент В группе "Покупатели"'],
    [],
]
DATA: Rows = [
    [None, "ООО Ромашка", "+7 495 555-01-01", "8 916 555-01-01", "a@example.com"],
    [None, "ИП Ёлкин", "555-01-02", None, None],
]
READ = [
    ("ООО Ромашка", "ООО Ромашка", ["+7 495 555-01-01", "8 916 555-01-01"]),
    ("ИП Ёлкин", "ИП Ёлкин", ["555-01-02"]),
]
TOTAL: Rows = [[None, "Итого", 2, 1], [None, "Всего:", None, None], [None, "Итого по группе Покупатели"]]


def as_file(folder: Path, rows: Rows, form: str) -> Path:
    if form == "xlsx":
        return workbook(folder, ("Лист1", rows))
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([["" if cell is None else cell for cell in row] for row in rows])
    return write(folder, out.getvalue())


HEADERS: dict[str, Rows] = {
    "one line": [[None, "Контрагент", "Телефон", "Мобильный телефон", "E-mail"]],
    "groups": [
        [None, "Контрагент", "Контактная информация", None, None],
        [None, None, "Телефон", "Мобильный телефон", "E-mail"],
    ],
    "name below": [[None, "Сведения", "Связь"], [None, "Контрагент", "Телефон", "Мобильный телефон", "E-mail"]],
    "kinds below": [[None, "Контрагент", "Телефон", None, "E-mail"], [None, None, "рабочий", "мобильный", None]],
    "one phone twice": [[None, "Контрагент", "Основной", "Другой", "E-mail"], [None, None, "Телефон", "Телефон", None]],
}


@pytest.mark.parametrize("form", ["xlsx", "csv"])
@pytest.mark.parametrize("header", HEADERS)
def test_the_header_is_found_by_its_words_wherever_it_stands(tmp_path: Path, header: str, form: str) -> None:
    assert short(pull(as_file(tmp_path, [*TITLES, *HEADERS[header], *DATA, *TOTAL], form))) == READ
    assert short(pull(as_file(tmp_path, [*HEADERS[header], *DATA], form))) == READ


def test_commas_in_titles_do_not_hide_the_delimiter_of_a_header_of_two_lines(tmp_path: Path) -> None:
    text = "Отчёт, за год, по всем, кто есть, и был, и будет\n;Контрагент;Контакты\n;;Телефон\n;ООО Ромашка;555-01-01\n"
    assert [(name, texts) for _, name, texts in short(pull(write(tmp_path, text)))] == [("ООО Ромашка", ["555-01-01"])]


def test_the_kind_of_a_phone_has_the_words_of_both_lines(tmp_path: Path) -> None:
    counterparties = pull(as_file(tmp_path, [*HEADERS["kinds below"], *DATA], "xlsx"))
    assert [phone.kind for phone in counterparties[0].phones] == ["Телефон рабочий", "Телефон мобильный"]
    told = next(finding.words for finding in check(tmp_path / "contacts.xlsx") if finding.part == "columns")
    assert told == "name: Контрагент; phones: Телефон рабочий, Телефон мобильный (row 2)"


def test_what_stands_beside_a_group_of_phones_is_no_phone(tmp_path: Path) -> None:
    rows: Rows = [
        ["Контрагент", "Телефон", None, None, None, None],
        [None, "рабочий", "Адрес", "ИНН", "Вид телефона", "доб."],
        ["А", "555-01-01", "ул. Ленина 5", "7701234567", "рабочий", "123"],
    ]
    assert short(pull(as_file(tmp_path, rows, "xlsx"))) == [("А", "А", ["555-01-01"])]


def test_a_row_without_a_name_below_the_header_is_a_record_where_it_has_numbers(tmp_path: Path) -> None:
    rows: Rows = [["Контрагент", "Телефон"], [None, "+7 495 555-01-01", "555-01-02"], ["А", "555-01-03"]]
    assert [texts for _, _, texts in short(pull(as_file(tmp_path, rows, "xlsx")))] == [
        ["+7 495 555-01-01"],
        ["555-01-03"],
    ]


def test_columns_may_be_named_with_their_groups(tmp_path: Path) -> None:
    rows: Rows = [
        ["Контрагент", None, "Договор", None],
        ["Наименование", "Телефон", "Наименование", "Дата"],
        ["ООО Ромашка", "555-01-01", "Договор 5", "01.01.2026"],
    ]
    path = as_file(tmp_path, rows, "xlsx")
    with pytest.raises(SourceQueryError, match="several columns"):
        pull(path)
    fields = {"name": "Контрагент Наименование", "phones": "Контрагент Телефон"}
    assert [(name, texts) for _, name, texts in short(pull(path, fields))] == [("ООО Ромашка", ["555-01-01"])]


def test_a_header_that_is_repeated_is_no_record(tmp_path: Path) -> None:
    header = HEADERS["one line"]
    assert short(pull(as_file(tmp_path, [*header, DATA[0], *header, DATA[1]], "xlsx"))) == READ


def test_a_counterparty_that_is_called_total_and_has_a_phone_is_kept(tmp_path: Path) -> None:
    rows: Rows = [["Контрагент", "Телефон"], ["Итого", "+7 495 555-01-01"], ["Всего хорошего", None], ["Итого:", 12]]
    assert [name for _, name, _ in short(pull(as_file(tmp_path, rows, "xlsx")))] == ["Итого", "Всего хорошего"]


def test_a_table_without_a_header_is_told_by_the_row_that_is_likest(tmp_path: Path) -> None:
    with pytest.raises(SourceQueryError, match="has no column") as caught:
        pull(as_file(tmp_path, [*TITLES, [None, "Фирма", "Связь"], *DATA], "xlsx"))
    assert caught.value.hint


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_numbers_of_spreadsheets_arrive_as_whole_digits(tmp_path: Path, form: str) -> None:
    written = ["79161234567.0", "7.9161234567E10", "7,9161234567E+10", "7.91612E+10", "79161234567"]
    rows: Rows = [["Контрагент", "Телефон"], *([f"Ф{n}", text] for n, text in enumerate(written))]
    texts = [texts[0] for _, _, texts in short(pull(as_file(tmp_path, rows, form)))]
    assert texts == ["79161234567"] * 3 + ["7.91612E+10", "79161234567"]


@given(number=st.integers(10**10, 10**15 - 1))
def test_what_python_writes_of_a_whole_number_is_read_back(number: int) -> None:
    assert whole_digits(f"{float(number)}") == str(number)
    exponent = f"{number:.{len(str(number)) - 1}e}"
    assert whole_digits(exponent) == str(number)


@given(text=st.text("0123456789.,eE+- ", max_size=40))
def test_no_digit_is_made_up(text: str) -> None:
    whole = whole_digits(text)
    assert whole == text or text.replace(".", "").replace(",", "").startswith(whole)


@given(
    first=st.sampled_from(["Итого", "Всего:", "x"]), cells=st.lists(st.none() | st.integers() | st.text(), max_size=5)
)
def test_a_footer_holds_no_number_of_a_phone(first: str, cells: list[Any]) -> None:
    if is_footer(first, [first, *cells], range(1, 6)):
        assert not any(sum(map(str.isdigit, str(cell))) >= 5 for cell in cells)
