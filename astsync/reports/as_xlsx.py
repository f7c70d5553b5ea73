"""Reports as workbooks of Excel: cells of text, a frozen and filtered head, and a sheet of totals."""

import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from astsync.engine.result import Report
from astsync.errors import ConfigError
from astsync.language import number, say, spoken
from astsync.reports.as_text import headline, outcome, summary
from astsync.reports.causes import SHARED
from astsync.reports.shown import shown
from astsync.reports.tables import (
    CHANGE_COLUMNS,
    RUN_COLUMNS,
    Row,
    change_rows,
    headings,
    run_rows,
    shown_rows,
)
from astsync.reports.work_list import WorkList, work_headline
from astsync.reports.work_rows import TO_HAND_OVER, rows_to_hand_over
from astsync.store.records import RunRecord

_MOST_ROWS = 1_048_575  # of a sheet, below its head; then comes another sheet
_LONGEST = 32_767  # characters of a cell; both are limits of Excel
_NARROW, _WIDE = 8, 60  # characters
_MEASURED = 200  # rows that decide about the width of a column
Total = tuple[str, str]


def render(report: Report) -> bytes:
    """A row for each change, and what came of each PBX."""
    undo = report.undoes is not None
    totals: list[Total] = [(spoken(say("Source")), shown(headline(report)))]
    for pbx in report.pbx:
        totals += [(pbx.name, shown(text)) for text in (summary(pbx, undo=undo), outcome(pbx)) if text]
        totals += [(pbx.name, shown(pbx.error.under(pbx.name)))] if pbx.error is not None else []
    return _book(spoken(say("Changes")), CHANGE_COLUMNS, change_rows(report), totals)


def render_problems(work: WorkList) -> bytes:
    """A row for each problem, and how often each cause is there."""
    totals = [
        (spoken(say("Source")), shown(work_headline(work))),
        *((shown(group.cause.title), number(len(group.items))) for group in work.groups),
        (shown(SHARED.title), number(len(work.shared))),
    ]
    return _book(spoken(say("Problems")), TO_HAND_OVER, rows_to_hand_over(work), totals)


def render_runs(runs: Sequence[RunRecord]) -> bytes:
    """A row for each PBX of a run, and sums."""
    parts = [part for run in runs for part in run.parts]
    totals = [
        (spoken(say("Runs")), number(len(runs))),
        (spoken(say("Failed runs")), number(sum(run.exit_code not in {0, None} for run in runs))),
        (spoken(say("Added")), number(sum(part.added for part in parts))),
        (spoken(say("Changed")), number(sum(part.changed for part in parts))),
        (spoken(say("Deleted")), number(sum(part.deleted for part in parts))),
    ]
    return _book(spoken(say("Runs")), RUN_COLUMNS, run_rows(runs), totals)


def render_table(title: str, columns: Row, rows: Iterable[Row], totals: Iterable[Total]) -> bytes:
    """Any rows under their columns, and sums. ``title`` is the sheet's: at most 31 characters, none of []:*?/\\."""
    return _book(title, columns, rows, totals)


def _book(title: str, columns: Row, rows: Iterable[Row], totals: Iterable[Total]) -> bytes:
    """A workbook. Raises ConfigError where there is no room for its temporary files."""
    try:
        with tempfile.TemporaryFile() as room:  # the library itself leaves files open where there is none
            room.write(bytes(4096))
        return _written(title, columns, rows, totals)
    except (OSError, XlsxWriterException) as error:
        raise ConfigError(
            say("cannot make the workbook: {why}", why=getattr(error, "strerror", None) or str(error)),
            hint=say("It needs room for temporary files: free some, or name another folder in TMPDIR."),
        ) from None


def _written(title: str, columns: Row, rows: Iterable[Row], totals: Iterable[Total]) -> bytes:
    data = io.BytesIO()
    # Rows are written one after another, into temporary files, and leave the memory.
    with xlsxwriter.Workbook(data, {"constant_memory": True, "in_memory": False}) as book:
        bold = book.add_format({"bold": True})
        left, at = shown_rows(columns, rows), 1
        while True:
            sheet = book.add_worksheet(title if at == 1 else f"{title} {at}")
            left, more = _sheet(sheet, headings(columns), left, bold)
            at += 1
            if not more:
                break
        sums = book.add_worksheet(spoken(say("Totals")))
        _sheet(sums, ("", ""), iter(totals), bold)
    return data.getvalue()


def _sheet(sheet: Any, head: Row, rows: Iterator[Row], bold: Any) -> tuple[Iterator[Row], bool]:
    """Write as many rows as a sheet takes. Returns the rows that are left, and whether there may be some."""
    first = list(islice(rows, _MEASURED))
    for column, width in enumerate(_widths(head, first)):
        sheet.set_column(column, column, width)
    for column, text in enumerate(head):
        sheet.write_string(0, column, text, bold)
    last = 0
    for last, row in enumerate(_together(first, islice(rows, _MOST_ROWS - len(first))), 1):
        for column, text in enumerate(row):
            sheet.write_string(last, column, text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")
    if any(head):
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, last, len(head) - 1)
    return rows, last == _MOST_ROWS


def _together(first: Iterable[Row], more: Iterable[Row]) -> Iterator[Row]:
    yield from first
    yield from more


def _widths(head: Row, rows: Sequence[Row]) -> Iterator[int]:
    for column, text in enumerate(head):
        longest = max([len(text) + 3, *(len(row[column]) for row in rows)])  # 3: the button of the filter
        yield min(max(longest, _NARROW), _WIDE)
