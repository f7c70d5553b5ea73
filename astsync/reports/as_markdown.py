"""Markdown reports: a heading, a summary for each PBX, and a table."""

import re
from collections.abc import Iterable, Iterator

from astsync.engine.result import Problems, Report
from astsync.reports.as_text import headline, outcome, problems_headline, summary
from astsync.reports.shown import shown
from astsync.reports.tables import (
    CHANGE_COLUMNS,
    PROBLEM_COLUMNS,
    Row,
    change_rows,
    headings,
    problem_rows,
    shown_rows,
)

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!])")


def render(report: Report) -> str:
    """The report as Markdown."""
    lines = [f"# {_told(headline(report))}"]
    for pbx in report.pbx:
        lines.append(f"\n- **{_told(pbx.name)}**: {_told(summary(pbx, undo=report.undoes is not None))}")
        if done := outcome(pbx):
            lines.append(f"- **{_told(pbx.name)}**: {_told(done)}")
    return "\n".join([*lines, "", *_table(CHANGE_COLUMNS, change_rows(report))]) + "\n"


def render_problems(problems: Problems) -> str:
    """The problems as Markdown."""
    title = f"# {_told(problems_headline(problems))}"
    return "\n".join([title, "", *_table(PROBLEM_COLUMNS, problem_rows(problems))]) + "\n"


def _table(columns: Row, rows: Iterable[Row]) -> Iterator[str]:
    yield _row(tuple(map(_safe, headings(columns))))
    yield _row(("---",) * len(columns))
    yield from (_row(tuple(map(_safe, row))) for row in shown_rows(columns, rows))


def _row(cells: Row) -> str:
    return f"| {' | '.join(cells)} |"


def _told(text: str) -> str:
    """A message or a foreign text, in the language in use, safe in Markdown and on a terminal."""
    return _safe(shown(text))


def _safe(text: str) -> str:
    """Escape the characters that have a meaning in Markdown, or in HTML inside it."""
    return _SPECIAL.sub(r"\\\1", text)
