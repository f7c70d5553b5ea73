"""CSV reports (RFC 4180, UTF-8), safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable

from astsync.engine.result import Problems, Report
from astsync.reports.tables import CHANGE_COLUMNS, PROBLEM_COLUMNS, Row, change_rows, problem_rows

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(report: Report) -> str:
    """One row for each change."""
    return _table(CHANGE_COLUMNS, change_rows(report))


def render_problems(problems: Problems) -> str:
    """One row for each problem."""
    return _table(PROBLEM_COLUMNS, problem_rows(problems))


def _table(columns: Row, rows: Iterable[Row]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows(tuple(map(_cell, row)) for row in rows)
    return out.getvalue()


def _cell(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula. Anybody may have typed it into 1C."""
    return f"'{text}" if text.startswith(_FORMULA) else text
