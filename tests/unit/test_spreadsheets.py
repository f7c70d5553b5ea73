"""Workbooks and CSV for Excel: what a spreadsheet shows is what the report says."""

import csv
import io
import re
import shutil
import subprocess
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from astsync.engine.result import PbxReport, Report
from astsync.errors import ConfigError, PbxUnreachable
from astsync.language import say, using
from astsync.phonebook.model import Entry
from astsync.phonebook.plan import make_plan
from astsync.reports import as_csv, as_xlsx
from astsync.reports.csv_dialect import CsvDialect
from astsync.reports.work_list import work_list
from astsync.store.records import RunPart, RunRecord
from tests.unit.sample_reports import problems, reports

OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
RUNS = (
    RunRecord(8, "sync", datetime(2026, 11, 21, 9, tzinfo=UTC), None, None, "", None, None, False, ()),
    RunRecord(
        7,
        "sync",
        datetime(2026, 11, 21, 8, tzinfo=UTC),
        datetime(2026, 11, 21, 8, 1, tzinfo=UTC),
        7,
        "branch: no connection",
        None,
        None,
        True,
        (RunPart("office", "cidname", 1, 2, 3, 0, True), RunPart("branch", "cidname", error="branch: no connection")),
    ),
)
EVIL = [
    "=1+1",
    "+7",
    "-1",
    "@x",
    "\t=1",
    "\u202egnp",
    "👍",
    "x" * 40_000,
    "a\nb",
    "<b>",
    '"',
    ";",
    "0012",
    " lead",
    "22-11-10",
    "(495) 1",
    "1 мая",
    '5" трубы',
    "3" * 300,
    "8\u00a0495\u00a01",
    " 0012",
    " =1+1",
]


def evil_report() -> Report:
    """Names and keys that a spreadsheet may take for something else."""
    desired = {f"0{at}": Entry(f"0{at}", name, name) for at, name in enumerate(EVIL)}
    plan = make_plan({}, desired, owned=set())
    return Report("diff", None, "=cmd()", True, datetime(2026, 11, 21, tzinfo=UTC), 1, 0, 0, (PbxReport("=pbx", plan),))


def cells(data: bytes, sheet: int = 0) -> list[list[object]]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    return [[cell.value for cell in row] for row in book.worksheets[sheet].iter_rows()]


def test_a_workbook_has_text_alone_under_a_frozen_and_filtered_head() -> None:
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx.render(evil_report())))
    changes, totals = book.worksheets
    assert changes.freeze_panes == "A2"
    assert changes.auto_filter.ref == f"A1:G{len(EVIL) + 1}"
    assert [cell.value for cell in changes[1]] == ["PBX", "Change", "Number", "Old name", "New name", "Source", "Note"]
    kinds = {cell.data_type for row in changes.iter_rows(min_row=2) for cell in row if cell.value is not None}
    assert kinds <= {"s", "inlineStr"}
    found = [row[4].value for row in changes.iter_rows(min_row=2)]
    assert found[0] == "=1+1"
    assert "0012" in found
    assert max(len(str(name)) for name in found) == 32_767
    assert totals.title == "Totals"
    assert totals["A2"].value == "Source"


@pytest.mark.parametrize("name", reports())
def test_a_workbook_has_the_rows_of_the_csv(name: str) -> None:
    report = reports()[name]
    plain = list(csv.reader(io.StringIO(as_csv.render(report))))[1:]
    found = [[value or "" for value in row] for row in cells(as_xlsx.render(report))[1:]]
    assert [row[2:6] for row in found] == [[text.removeprefix("'") for text in row[2:6]] for row in plain]


def test_more_rows_than_a_sheet_takes_go_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(as_xlsx, "_MOST_ROWS", 5)
    monkeypatch.setattr(as_xlsx, "_MEASURED", 2)
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx.render(evil_report())))
    assert book.sheetnames == ["Changes", "Changes 2", "Changes 3", "Changes 4", "Changes 5", "Totals"]
    rows = [row[2].value for sheet in book.worksheets[:5] for row in sheet.iter_rows(min_row=2)]
    assert len(rows) == len(set(rows)) == len(EVIL)


def test_no_room_for_temporary_files_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(ConfigError, match="cannot make the workbook: No such file") as fault:
        as_xlsx.render(evil_report())
    assert "TMPDIR" in fault.value.hint


def test_problems_and_runs_have_their_totals() -> None:
    totals = cells(as_xlsx.render_problems(work_list(problems())), 1)
    assert ["no phone number found", "1"] in totals
    assert ["One number on several cards", "3"] in totals
    assert ["Failed runs", "1"] in cells(as_xlsx.render_runs(RUNS), 1)
    assert ["Deleted", "3"] in cells(as_xlsx.render_runs(RUNS), 1)


def test_the_csv_of_excel_has_a_mark_its_delimiter_and_codes_as_text() -> None:
    report = evil_report()
    english = as_csv.render(report, CsvDialect.EXCEL)
    assert english.startswith("\ufeffPBX,Change,Number,")
    assert '"=""00"""' in english
    with using("ru"):
        assert as_csv.render(report, CsvDialect.EXCEL).count(";") >= 6 * (len(EVIL) + 1)
    rows = list(csv.reader(io.StringIO(english.removeprefix("\ufeff"))))
    formulas = [cell for row in rows for cell in row if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]
    assert [cell for cell in formulas if re.fullmatch(r'="([^"]|"")*"', cell) is None] == []


@pytest.mark.parametrize("text", ["8\u00a0495\u00a01", " 0012", "\u00a0=1+1", " -1"])
def test_blanks_make_no_amount_and_no_formula_of_a_text(text: str) -> None:
    shown = as_csv.render_table(("text",), [(text,)], CsvDialect.EXCEL)
    assert shown.splitlines()[1] == f'"=""{text}"""'


def test_a_byte_that_is_no_text_in_an_error_spoils_no_workbook() -> None:
    error = PbxUnreachable(say("it says {words}", words="\udcff\x1b"))
    report = replace(evil_report(), pbx=(PbxReport("p", error=error),))
    totals = [row for row in cells(as_xlsx.render(report), 1) if row[0] == "p"]
    assert [str(row[1]) for row in totals][-1:] == ["it says \\xff\\x1b"]


def test_the_plain_csv_is_the_same_in_every_language() -> None:
    english = as_csv.render_runs(RUNS)
    with using("ru"):
        assert as_csv.render_runs(RUNS) == english
    assert english.splitlines()[0].startswith("run,command,started,finished,exit_code,pbx,added")
    assert len(english.splitlines()) == 4


@pytest.mark.slow
@pytest.mark.skipif(OFFICE is None, reason="NO LIBREOFFICE: apt install libreoffice-calc-nogui")
@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_libreoffice_shows_the_cells_of_the_report(form: str, language: str, tmp_path: Path) -> None:
    report = evil_report()
    file = tmp_path / f"report.{form}"
    with using(language):
        data = as_csv.render(report, CsvDialect.EXCEL).encode() if form == "csv" else as_xlsx.render(report)
    file.write_bytes(data)
    # 44 or 59: the delimiter that Excel of the language takes; 34: quotes; 76: UTF-8; "true" last: formulas are run.
    options = f"{59 if language == 'ru' else 44},34,76,1,,0,false,true,false,false,false,-1"
    reading = [f"--infilter=CSV:{options}"] if form == "csv" else []
    command = [
        str(OFFICE), f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", *reading, "--convert-to",
        "csv:Text - txt - csv (StarCalc):9,34,76,1,,0,false,true,false,false,false,1",
        "--outdir", str(tmp_path / "out"), str(file),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    (shown,) = (tmp_path / "out").iterdir()
    rows = list(csv.reader(io.StringIO(shown.read_text(encoding="utf-8-sig")), delimiter="\t"))
    assert [row[2] for row in rows[1:]] == sorted(f"0{at}" for at in range(len(EVIL)))
    names = {row[2]: row[4].removeprefix("'") for row in rows[1:]}
    assert names["00"] == "=1+1"
    assert names["012"] == "0012"
    assert names["09"] == "<b>"
    assert [names[f"0{at}"] for at in range(14, 18)] == EVIL[14:18]
