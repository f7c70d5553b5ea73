"""CSV reports: for the Excel of the language in use, or plain for programs. Both are safe to open in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from astsync.engine.result import Report
from astsync.language import in_use
from astsync.reports.csv_dialect import CsvDialect
from astsync.reports.tables import (
    AMOUNT_COLUMNS,
    CHANGE_COLUMNS,
    RUN_COLUMNS,
    Row,
    change_rows,
    headings,
    run_rows,
    shown_rows,
)
from astsync.reports.work_list import WorkList
from astsync.reports.work_rows import TO_HAND_OVER, WORK_COLUMNS, rows_to_hand_over, work_rows
from astsync.store.records import RunRecord
from astsync.text import printable

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MARK = "\ufeff"  # Excel takes a file without it for the code page of its Windows
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_LITERAL = 255  # characters of a text in a formula of Excel
_DELIMITERS = {"ru": ";"}  # that of the list in Windows; where decimals have a comma it is a semicolon


def render(report: Report, dialect: CsvDialect = CsvDialect.PLAIN) -> str:
    """One row for each change."""
    return _table(CHANGE_COLUMNS, change_rows(report), dialect)


def render_problems(work: WorkList, dialect: CsvDialect = CsvDialect.PLAIN) -> str:
    """One row for each problem."""
    if dialect is CsvDialect.PLAIN:
        return _table(WORK_COLUMNS, work_rows(work), dialect)
    return _table(TO_HAND_OVER, rows_to_hand_over(work), dialect)


def render_runs(runs: Sequence[RunRecord], dialect: CsvDialect = CsvDialect.PLAIN) -> str:
    """One row for each PBX of a run, and one for a run that has none."""
    return _table(RUN_COLUMNS, run_rows(runs), dialect)


def render_table(columns: Row, rows: Iterable[Row], dialect: CsvDialect = CsvDialect.PLAIN) -> str:
    """Any rows under their columns."""
    return _table(columns, rows, dialect)


def _table(columns: Row, rows: Iterable[Row], dialect: CsvDialect) -> str:
    out = io.StringIO()
    if dialect is CsvDialect.PLAIN:
        writer = csv.writer(out)
        writer.writerow(columns)
        writer.writerows(tuple(_harmless(printable(text)) for text in row) for row in rows)
        return out.getvalue()
    amounts = [column in AMOUNT_COLUMNS for column in columns]
    out.write(_MARK)
    writer = csv.writer(out, delimiter=_DELIMITERS.get(in_use(), ","))
    writer.writerow(headings(columns))
    for row in shown_rows(columns, rows):
        writer.writerow([text if amount else _as_text(text) for text, amount in zip(row, amounts, strict=True)])
    return out.getvalue()


def _harmless(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula. Anybody may have typed it into 1C."""
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def _as_text(text: str) -> str:
    """Text that Excel would take for an amount, a date or a formula, as a formula whose result is this text.

    Else 74952293042 becomes 7,4952E+10, 0012 becomes 12, 22-11-10 a day, and (495) less than nothing. Blanks before
    it are no help, and a no-break space, as people copy it from web pages, separates thousands in Russian.
    """
    bare = text.lstrip()
    begins = bare[:1].isdigit() or bare.startswith(("=", "+", "-", "@", "(", ".", ","))
    if begins and len(text) <= _LONGEST_LITERAL and not _CONTROLS.search(text):
        return '="{}"'.format(text.replace('"', '""'))
    return _harmless(text)
