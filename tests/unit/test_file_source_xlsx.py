"""XLSX as Excel, LibreOffice and 1C write it, and files that only look so."""

import tracemalloc
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from astsync.errors import SourceBadAnswer, SourceQueryError
from astsync.sources.file import xlsx_archive, xlsx_rows
from tests.unit.file_source import READ, ROWS, check, pull, repacked, short, workbook, write

SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
TABLE: list[list[Any]] = [list(row) for row in ROWS]
READ_PARTS = [SHEET, STRINGS, "xl/workbook.xml", "xl/styles.xml", "_rels/.rels", "xl/_rels/workbook.xml.rels"]
STRICT = b"http://purl.oclc.org/ooxml/"
DOCTYPE = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def book(folder: Path, rows: list[list[Any]] | None = None) -> Path:
    return workbook(folder, ("Лист1", TABLE if rows is None else rows))


def after_prolog(data: bytes, insert: bytes) -> bytes:
    end = data.index(b"?>") + 2 if data.startswith(b"<?xml") else 0
    return data[:end] + insert + data[end:]


@pytest.mark.parametrize("shared", [True, False])
def test_a_sheet_is_read_with_its_texts_in_either_place(tmp_path: Path, shared: bool) -> None:
    assert short(pull(workbook(tmp_path, ("Лист1", TABLE), shared=shared))) == READ


def test_titles_above_the_header_and_empty_rows_are_passed_over(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["Контрагенты"],
        [],
        [None, "на дату", datetime(2026, 11, 1, tzinfo=UTC).replace(tzinfo=None)],
    ]
    shifted = [[None, *row] for row in TABLE]
    assert short(pull(book(tmp_path, [*rows, *shifted, [], [None]]))) == READ


def test_numbers_are_digits_and_dates_are_no_phones(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["Код", "Наименование", "Телефон", "Мобильный телефон"],
        [1, "А", 74955550101.0, 74955550102],
        [2.0, "Б", datetime(2026, 11, 1, tzinfo=UTC).replace(tzinfo=None), True],
        [3, 2026, "=1/0", "#N/A"],
    ]
    assert short(pull(book(tmp_path, rows))) == [
        ("1", "А", ["74955550101", "74955550102"]),
        ("2", "Б", []),
        ("3", "2026", []),
    ]


def test_a_number_with_an_exponent_is_its_digits(tmp_path: Path) -> None:
    path = repacked(
        book(tmp_path, [["Name", "Phones"], ["А", 5]]), {SHEET: lambda d: d.replace(b"<v>5<", b"<v>7.4955550101E+10<")}
    )
    assert short(pull(path)) == [("А", "А", ["74955550101"])]


@pytest.mark.parametrize("form", ["dd.mm.yyyy", '[$-419]d" г."', "[h]:mm", "#,##0.00", '0" d"', "[Red]0"])
def test_a_number_in_a_format_of_dates_is_no_phone(tmp_path: Path, form: str) -> None:
    table = openpyxl.Workbook()
    table.active.append(["Name", "Phones", "Мобильный телефон"])  # type: ignore[union-attr]
    table.active.append(["А", 74955550101, 74955550102])  # type: ignore[union-attr]
    table.active["B2"].number_format = form  # type: ignore[index]
    table.save(tmp_path / "contacts.xlsx")
    is_date = form in {"dd.mm.yyyy", '[$-419]d" г."', "[h]:mm"}
    fields = {"phones": ("Phones", "Мобильный телефон")}
    phones = [] if is_date else ["74955550101"]
    assert short(pull(tmp_path / "contacts.xlsx", fields)) == [("А", "А", [*phones, "74955550102"])]


def test_the_format_of_a_number_is_the_file_s_own_where_it_has_one(tmp_path: Path) -> None:
    """Excel's number 14 is a date; a program may use that number for a format of its own."""

    def own(data: bytes) -> bytes:
        fonts = data.index(b"<fonts")
        data = data[:fonts] + b'<numFmts count="1"><numFmt numFmtId="14" formatCode="0"/></numFmts>' + data[fonts:]
        return data.replace(b'numFmtId="0"', b'numFmtId="14"')

    path = repacked(book(tmp_path, [["Name", "Phones"], ["А", 74955550101]]), {"xl/styles.xml": own})
    assert short(pull(path)) == [("А", "А", ["74955550101"])]


def test_a_formula_has_the_value_that_was_counted_last(tmp_path: Path) -> None:
    def counted(data: bytes) -> bytes:
        assert b"<f>1+1</f><v" in data
        return data.replace(b"<f>1+1</f><v />", b"<f>1+1</f><v>74955550101</v>").replace(
            b"<f>1+1</f><v></v>", b"<f>1+1</f><v>74955550101</v>"
        )

    path = book(tmp_path, [["Name", "Phones"], ["А", "=1+1"]])
    assert short(pull(repacked(path, {SHEET: counted}))) == [("А", "А", ["74955550101"])]


def test_a_workbook_of_the_strict_kind_is_read(tmp_path: Path) -> None:
    def strict(data: bytes) -> bytes:
        data = data.replace(
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main", STRICT + b"spreadsheetml/main"
        )
        return data.replace(
            b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            STRICT + b"officeDocument/relationships",
        )

    assert short(pull(repacked(book(tmp_path), dict.fromkeys(READ_PARTS, strict)))) == READ


def test_truth_marks_deletion(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["Name", "Phones", "DeletionMark"], ["А", "1", True], ["Б", "2", False], ["В", "3", 1]]
    assert [c.name for c in pull(book(tmp_path, rows))] == ["Б"]


def test_the_first_visible_sheet_or_the_named_one_is_read(tmp_path: Path) -> None:
    other = [["Name", "Phones"], ["Другой", "9"]]
    path = workbook(tmp_path, ("Черновик", other), ("Список", TABLE), ("Ещё", other), hidden=("Черновик",))
    assert short(pull(path)) == READ
    assert [c.name for c in pull(path, sheet=" черновик ")] == ["Другой"]
    with pytest.raises(SourceQueryError, match="no sheet Лист1") as caught:
        pull(path, sheet="Лист1")
    assert "Черновик, Список, Ещё" in caught.value.hint


def test_missing_columns_are_told(tmp_path: Path) -> None:
    with pytest.raises(SourceQueryError, match=r"the sheet Лист1 of contacts\.xlsx has no column Телефоны") as caught:
        pull(book(tmp_path), {"phones": "Телефоны", "name": "Наименование"})
    assert "Did you mean Телефон?" in caught.value.hint


@pytest.mark.parametrize("dimension", [b'<dimension ref="A1"/>', b'<dimension ref="A1:XFD1048576"/>', b""])
def test_what_the_file_says_of_its_size_is_not_believed(tmp_path: Path, dimension: bytes) -> None:
    def change(data: bytes) -> bytes:
        assert b'<dimension ref="A1:C3"' in data
        start = data.index(b"<dimension")
        return data[:start] + dimension + data[data.index(b">", start) + 1 :]

    assert short(pull(repacked(book(tmp_path), {SHEET: change}))) == READ


def test_parts_whose_names_differ_in_case_are_found_as_1c_writes_them(tmp_path: Path) -> None:
    path = repacked(book(tmp_path), {}, {STRINGS: "xl/SharedStrings.xml", SHEET: "xl/Worksheets/Sheet1.xml"})
    assert short(pull(path)) == READ


def test_styles_that_cannot_be_read_do_no_harm(tmp_path: Path) -> None:
    path = repacked(
        book(tmp_path), {"xl/styles.xml": lambda _: b'<styleSheet xmlns="x"><fills><fill/></fills></styleSheet>'}
    )
    assert short(pull(path)) == READ


def test_the_name_without_a_suffix_does_not_matter(tmp_path: Path) -> None:
    path = book(tmp_path).rename(tmp_path / "выгрузка")
    assert short(pull(path)) == READ
    assert check(path)[1].words == "xlsx"


def test_the_check_tells_the_sheet_and_the_columns(tmp_path: Path) -> None:
    findings = check(book(tmp_path))
    found = {f.part: f.words for f in findings}
    assert found["sheet"] == "Лист1"
    assert found["columns"] == "name: Наименование; phones: Телефон; ref: Ссылка (row 1)"
    assert "ООО Ромашка: +7 495 555-01-01" in {f.words for f in findings if f.part == "counterparty"}


def test_an_empty_sheet_has_no_rows(tmp_path: Path) -> None:
    with pytest.raises(SourceBadAnswer, match="holds no rows"):
        pull(book(tmp_path, []))


FOREIGN = [
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "an old Excel file"),
    ("<html><table><tr><td>Наименование</td></tr></table></html>".encode("windows-1251"), "is HTML"),
    ("<html>".encode("utf-16"), "is HTML"),
    (
        b'\xef\xbb\xbf<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
        "Excel 2003",
    ),
    (b"%PDF-1.7", "a PDF"),
    (b"MOXCEL\0\x08", "a spreadsheet document of 1C"),
    (b"\x1f\x8b\x08", "packed with gzip"),
]


@pytest.mark.parametrize(("data", "words"), FOREIGN, ids=[words for _, words in FOREIGN])
@pytest.mark.parametrize("wanted", ["auto", "xlsx", "csv"])
def test_formats_that_are_not_read_are_named_with_the_cure(
    tmp_path: Path, data: bytes, words: str, wanted: str
) -> None:
    with pytest.raises(SourceBadAnswer, match=words) as caught:
        pull(write(tmp_path, data, "contacts.xls"), format=wanted)
    assert "XLSX" in caught.value.hint


def test_a_wanted_format_that_the_file_has_not(tmp_path: Path) -> None:
    with pytest.raises(SourceBadAnswer, match="not csv"):
        pull(book(tmp_path), format="csv")
    with pytest.raises(SourceBadAnswer, match="not xlsx"):
        pull(write(tmp_path, "Name;Phones\n"), format="xlsx")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_cut_file_is_refused(tmp_path: Path, share: float) -> None:
    path = book(tmp_path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(SourceBadAnswer, match="no whole XLSX file") as caught:
        pull(path)
    assert caught.value.hint


def test_an_archive_that_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "contacts.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", "<x/>")
    with pytest.raises(SourceBadAnswer, match="no whole XLSX file"):
        pull(path)


def cut_data(data: bytes) -> bytes:
    return data[: data.index(b"</sheetData>") - 20]


def second_data(data: bytes) -> bytes:
    return data.replace(b"</worksheet>", b"<sheetData/></worksheet>")


def wild_row(data: bytes) -> bytes:
    return data.replace(b'r="3"', b'r="2000000000"')


def wrong_string(data: bytes) -> bytes:
    return data.replace(b"<v>0</v>", b"<v>999</v>")


def string_before_the_first(data: bytes) -> bytes:
    return data.replace(b"<v>0</v>", b"<v>-1</v>")


@pytest.mark.parametrize("change", [cut_data, second_data, wild_row, wrong_string, string_before_the_first])
def test_a_damaged_sheet_is_refused(tmp_path: Path, change: Any) -> None:
    with pytest.raises(SourceBadAnswer, match=r"no whole XLSX file|too large"):
        pull(repacked(book(tmp_path), {SHEET: change}))


def test_a_comment_hides_no_rows(tmp_path: Path) -> None:
    path = repacked(book(tmp_path), {SHEET: lambda d: d.replace(b"<sheetData>", b"<!-- </sheetData> --><sheetData>")})
    assert short(pull(path)) == READ


@pytest.mark.parametrize("part", READ_PARTS)
def test_entities_and_document_types_are_refused_everywhere(tmp_path: Path, part: str) -> None:
    path = repacked(book(tmp_path), {part: lambda data: after_prolog(data, DOCTYPE)})
    with pytest.raises(SourceBadAnswer, match=r"a document type is not accepted"):
        pull(path)


def test_an_external_entity_is_not_fetched(tmp_path: Path) -> None:
    secret = write(tmp_path, "Тайна", "secret.txt")
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'.encode()

    def change(data: bytes) -> bytes:
        return after_prolog(data, entity).replace("ООО Ромашка".encode(), b"&e;")

    with pytest.raises(SourceBadAnswer) as caught:
        pull(repacked(book(tmp_path), {STRINGS: change}))
    assert "Тайна" not in str(caught.value)


def bomb(data: bytes) -> bytes:
    return data.replace(b"</row>", b"<c/>" * 1_100_000 + b"</row>", 1)


@pytest.mark.slow
def test_a_row_that_is_a_bomb_is_refused(tmp_path: Path) -> None:
    path = repacked(book(tmp_path), {SHEET: bomb})
    assert path.stat().st_size < 50_000
    with pytest.raises(SourceBadAnswer, match="too large when it is unpacked: a row"):
        pull(path)


def test_strings_and_small_parts_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = repacked(book(tmp_path), {STRINGS: lambda d: d.replace(b"</sst>", b"<si/>" * 5000 + b"</sst>")})
    for limit, size in (("MOST_STRINGS", 3000), ("LARGEST_STRINGS", 10_000)):
        monkeypatch.setattr(xlsx_rows, limit, size)
        with pytest.raises(SourceBadAnswer, match=r"unpacked: its part .* (too many strings|is larger)"):
            pull(path)
        monkeypatch.undo()
    monkeypatch.setattr(xlsx_archive, "_WHOLE_PART", 500)
    with pytest.raises(SourceBadAnswer, match="too large"):
        pull(path)


@pytest.mark.parametrize("unit", [b"A", b"<a>", b"<a/>", b"<r><t>A</t></r>"], ids=["text", "nested", "tags", "runs"])
def test_a_bomb_in_the_table_of_strings_is_refused_before_it_unfolds(
    tmp_path: Path, unit: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_archive, "LARGEST_ROW", 100_000)
    text = b"<si><t>" if unit == b"A" else b"<si>"
    bomb = text + unit * (300_000 // len(unit))
    path = repacked(book(tmp_path), {STRINGS: lambda data: data.replace(b"</sst>", bomb)})
    with pytest.raises(
        SourceBadAnswer, match=r"unpacked: (a row of )?its part xl/sharedStrings\.xml (is larger|has more)"
    ):
        pull(path)


@pytest.mark.parametrize("part", [SHEET, STRINGS])
def test_elements_within_elements_are_refused_before_they_fill_the_memory(tmp_path: Path, part: str) -> None:
    path = repacked(book(tmp_path), {part: lambda data: data[: data.rindex(b"</")] + b"<a>" * 100_000})
    with pytest.raises(SourceBadAnswer, match=r"unpacked: its part .* has more than 64 elements within each other"):
        pull(path)


def test_the_last_cell_of_the_last_row_takes_no_table_of_all_cells_before(tmp_path: Path) -> None:
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    path = repacked(book(tmp_path), {SHEET: lambda data: data.replace(b"</sheetData>", far)})
    tracemalloc.start()
    try:
        assert short(pull(path))[:2] == READ
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("cell", [b"XFE1", b"AAAA1", b"1", b"A1A"])
def test_a_cell_in_no_column_is_refused(tmp_path: Path, cell: bytes) -> None:
    path = repacked(book(tmp_path), {SHEET: lambda data: data.replace(b'r="B2"', b'r="%s"' % cell)})
    with pytest.raises(SourceBadAnswer, match="there is no column"):
        pull(path)


def test_a_part_with_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    path = book(tmp_path)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "stored.xlsx", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    data = (tmp_path / "stored.xlsx").read_bytes()
    assert data.count(b"555-01-02") == 1
    with pytest.raises(SourceBadAnswer, match=r"no whole XLSX file: Bad CRC-32"):
        pull(write(tmp_path, data.replace(b"555-01-02", b"555-01-03"), path.name))


def test_a_part_that_is_packed_as_no_program_does_is_refused(tmp_path: Path) -> None:
    path = book(tmp_path)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "packed.xlsx", "w", zipfile.ZIP_BZIP2) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(SourceBadAnswer, match="packed in a way that no XLSX file is"):
        pull(tmp_path / "packed.xlsx")


def test_a_row_of_more_cells_than_excel_has_columns_is_refused(tmp_path: Path) -> None:
    cells = b"<c/>" * 20_000 + b"</row>"
    path = repacked(book(tmp_path), {SHEET: lambda data: data.replace(b"</row>", cells, 1)})
    with pytest.raises(SourceBadAnswer, match=r"unpacked: its row 1 has 20,003 cells"):
        pull(path)


def test_a_sheet_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_rows, "LARGEST_PART", 300)
    with pytest.raises(SourceBadAnswer, match="too large"):
        pull(book(tmp_path))


def test_what_follows_the_rows_is_read_for_its_checksum_alone(tmp_path: Path) -> None:
    tail = b"</sheetData><x>" + b"<y/>" * 1_200_000 + b"</x>"
    path = repacked(book(tmp_path), {SHEET: lambda d: d.replace(b"</sheetData>", tail)})
    assert short(pull(path)) == READ


def test_many_rows_come_in_pieces(tmp_path: Path) -> None:
    count = 2000
    rows: list[list[Any]] = [["Name", "Phones"]] + [[f"Имя {n}", n] for n in range(count - 1)]
    assert len(pull(book(tmp_path, rows))) == count - 1


def test_texts_are_those_of_their_runs_without_the_pronunciation(tmp_path: Path) -> None:
    rich = "<r><rPr><b/></rPr><t>ООО </t></r><r><t>Ромашка</t></r><rPh sb='0' eb='1'><t>kana</t></rPh>".encode()
    plain = "<t>ООО Ромашка</t>".encode()

    def change(data: bytes) -> bytes:
        data = data.replace(
            "".join(f"&#{ord(c)};" if ord(c) > 127 else c for c in "<t>ООО Ромашка</t>").encode(), plain
        )
        assert plain in data
        return data.replace(plain, rich)

    assert short(pull(repacked(book(tmp_path), {STRINGS: change}))) == READ
