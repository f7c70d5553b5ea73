"""The tables of the formats of a report. A format is loaded when a report is rendered in it, with its libraries."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astsync.engine.result import Digest, Report
    from astsync.reports.csv_dialect import CsvDialect
    from astsync.reports.work_list import WorkList
    from astsync.store.records import RunRecord


def _late(module: str, function: str = "render") -> Callable[..., Any]:
    """A renderer of a module of ``reports``, which is imported when it renders."""

    def render(*given: object) -> Any:
        return getattr(import_module(f"astsync.reports.{module}"), function)(*given)

    return render


RENDERERS: "Mapping[str, Callable[[Report], str]]" = {
    "text": _late("as_text"),
    "json": _late("as_json"),
    "csv": _late("as_csv"),
    "markdown": _late("as_markdown"),
    "html": _late("as_html"),
}

PROBLEM_RENDERERS: "Mapping[str, Callable[[WorkList], str]]" = {
    "text": _late("work_as_text"),
    "json": _late("work_as_json"),
    "csv": _late("as_csv", "render_problems"),
    "markdown": _late("work_as_markdown"),
    "html": _late("work_as_html"),
}

DIGEST_RENDERERS: "Mapping[str, Callable[[Digest], str]]" = {
    "text": _late("digest_as_text"),
    "json": _late("digest_as_json"),
    "markdown": _late("digest_as_markdown"),
    "html": _late("digest_as_html"),
}


def rendered(report: "Report", form: str, dialect: "CsvDialect") -> str | bytes:
    """A report in a format; ``dialect`` counts for CSV."""
    if form == "xlsx":
        from astsync.reports import as_xlsx

        return as_xlsx.render(report)
    if form == "csv":
        from astsync.reports import as_csv

        return as_csv.render(report, dialect)
    return RENDERERS[form](report)


def rendered_problems(work: "WorkList", form: str, dialect: "CsvDialect") -> str | bytes:
    """A work list of problems in a format."""
    if form == "xlsx":
        from astsync.reports import as_xlsx

        return as_xlsx.render_problems(work)
    if form == "csv":
        from astsync.reports import as_csv

        return as_csv.render_problems(work, dialect)
    return PROBLEM_RENDERERS[form](work)


def rendered_runs(runs: "Sequence[RunRecord]", form: str, dialect: "CsvDialect") -> str | bytes:
    """Past runs in a format."""
    if form == "xlsx":
        from astsync.reports import as_xlsx

        return as_xlsx.render_runs(runs)
    if form == "csv":
        from astsync.reports import as_csv

        return as_csv.render_runs(runs, dialect)
    from astsync.reports import history

    return history.as_json(runs) if form == "json" else history.as_text(runs)
