"""HTML reports: one page that needs nothing from the network."""

from collections.abc import Iterable

from astsync.engine.result import Problems, Report
from astsync.reports.as_text import headline, outcome, problems_headline, summary
from astsync.reports.tables import CHANGE_COLUMNS, PROBLEM_COLUMNS, Row, change_rows, problem_rows


def render(report: Report) -> str:
    """The report as a page: a summary for each PBX, and a table of all changes."""
    undo = report.undoes is not None
    notes = [(pbx.name, text) for pbx in report.pbx for text in (summary(pbx, undo=undo), outcome(pbx)) if text]
    return _page(f"astsync {report.command}", headline(report), notes, CHANGE_COLUMNS, change_rows(report))


def render_problems(problems: Problems) -> str:
    """The problems as a page with one table."""
    return _page("astsync problems", problems_headline(problems), (), PROBLEM_COLUMNS, problem_rows(problems))


def _page(title: str, lead: str, notes: Iterable[tuple[str, str]], columns: Row, rows: Iterable[Row]) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # only here: few reports are HTML

    environment = Environment(
        loader=PackageLoader("astsync.reports", "."),
        autoescape=True,  # names come from 1C, where anybody may have typed them
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html")
    return template.render(title=title, lead=lead, notes=notes, columns=columns, rows=rows) + "\n"
