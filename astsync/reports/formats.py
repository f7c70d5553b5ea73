"""The tables of the formats of a report."""

from collections.abc import Callable, Mapping, Sequence

from astsync.engine.result import Problems, Report
from astsync.reports import as_csv, as_html, as_json, as_markdown, as_text, as_xlsx, history
from astsync.reports.csv_dialect import CsvDialect
from astsync.store.records import RunRecord

RENDERERS: Mapping[str, Callable[[Report], str]] = {
    "text": as_text.render,
    "json": as_json.render,
    "csv": as_csv.render,
    "markdown": as_markdown.render,
    "html": as_html.render,
}

PROBLEM_RENDERERS: Mapping[str, Callable[[Problems], str]] = {
    "text": as_text.render_problems,
    "json": as_json.render_problems,
    "csv": as_csv.render_problems,
    "markdown": as_markdown.render_problems,
    "html": as_html.render_problems,
}


def rendered(report: Report, form: str, dialect: CsvDialect) -> str | bytes:
    """A report in a format; ``dialect`` counts for CSV."""
    if form == "xlsx":
        return as_xlsx.render(report)
    return as_csv.render(report, dialect) if form == "csv" else RENDERERS[form](report)


def rendered_problems(problems: Problems, form: str, dialect: CsvDialect) -> str | bytes:
    """Problems in a format."""
    if form == "xlsx":
        return as_xlsx.render_problems(problems)
    return as_csv.render_problems(problems, dialect) if form == "csv" else PROBLEM_RENDERERS[form](problems)


def rendered_runs(runs: Sequence[RunRecord], form: str, dialect: CsvDialect) -> str | bytes:
    """Past runs in a format."""
    if form == "xlsx":
        return as_xlsx.render_runs(runs)
    if form == "csv":
        return as_csv.render_runs(runs, dialect)
    return history.as_json(runs) if form == "json" else history.as_text(runs)
