"""The tables of the formats of a report."""

from collections.abc import Callable, Mapping, Sequence

from astsync.engine.result import Digest, Report
from astsync.reports import (
    as_csv,
    as_html,
    as_json,
    as_markdown,
    as_text,
    as_xlsx,
    digest_as_html,
    digest_as_json,
    digest_as_markdown,
    digest_as_text,
    history,
    work_as_html,
    work_as_json,
    work_as_markdown,
    work_as_text,
)
from astsync.reports.csv_dialect import CsvDialect
from astsync.reports.work_list import WorkList
from astsync.store.records import RunRecord

RENDERERS: Mapping[str, Callable[[Report], str]] = {
    "text": as_text.render,
    "json": as_json.render,
    "csv": as_csv.render,
    "markdown": as_markdown.render,
    "html": as_html.render,
}

PROBLEM_RENDERERS: Mapping[str, Callable[[WorkList], str]] = {
    "text": work_as_text.render,
    "json": work_as_json.render,
    "csv": as_csv.render_problems,
    "markdown": work_as_markdown.render,
    "html": work_as_html.render,
}

DIGEST_RENDERERS: Mapping[str, Callable[[Digest], str]] = {
    "text": digest_as_text.render,
    "json": digest_as_json.render,
    "markdown": digest_as_markdown.render,
    "html": digest_as_html.render,
}


def rendered(report: Report, form: str, dialect: CsvDialect) -> str | bytes:
    """A report in a format; ``dialect`` counts for CSV."""
    if form == "xlsx":
        return as_xlsx.render(report)
    return as_csv.render(report, dialect) if form == "csv" else RENDERERS[form](report)


def rendered_problems(work: WorkList, form: str, dialect: CsvDialect) -> str | bytes:
    """A work list of problems in a format."""
    if form == "xlsx":
        return as_xlsx.render_problems(work)
    return as_csv.render_problems(work, dialect) if form == "csv" else PROBLEM_RENDERERS[form](work)


def rendered_runs(runs: Sequence[RunRecord], form: str, dialect: CsvDialect) -> str | bytes:
    """Past runs in a format."""
    if form == "xlsx":
        return as_xlsx.render_runs(runs)
    if form == "csv":
        return as_csv.render_runs(runs, dialect)
    return history.as_json(runs) if form == "json" else history.as_text(runs)
