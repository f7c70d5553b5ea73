"""Markdown reports: a heading, a summary for each PBX, and a table."""

from collections.abc import Iterable, Iterator

from astsync.engine.result import Report
from astsync.reports.as_text import headline, outcome, summary
from astsync.reports.markdown_text import safe
from astsync.reports.shown import shown
from astsync.reports.tables import (
    CHANGE_COLUMNS,
    Row,
    change_rows,
    headings,
    shown_rows,
)


def render(report: Report) -> str:
    """The report as Markdown."""
    lines = [f"# {_told(headline(report))}"]
    for pbx in report.pbx:
        lines.append(f"\n- **{_told(pbx.name)}**: {_told(summary(pbx, undo=report.undoes is not None))}")
        if done := outcome(pbx):
            lines.append(f"- **{_told(pbx.name)}**: {_told(done)}")
    return "\n".join([*lines, "", *_table(CHANGE_COLUMNS, change_rows(report))]) + "\n"


def _table(columns: Row, rows: Iterable[Row]) -> Iterator[str]:
    yield _row(tuple(map(safe, headings(columns))))
    yield _row(("---",) * len(columns))
    yield from (_row(tuple(map(safe, row))) for row in shown_rows(columns, rows))


def _row(cells: Row) -> str:
    return f"| {' | '.join(cells)} |"


def _told(text: str) -> str:
    """A message or a foreign text, in the language in use, safe in Markdown and on a terminal."""
    return safe(shown(text))
