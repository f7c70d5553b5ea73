"""The work list as rows, for CSV and workbooks."""

from collections.abc import Iterator

from astsync.reports.causes import SHARED, Cause
from astsync.reports.shown import shown
from astsync.reports.tables import Row
from astsync.reports.work_list import WorkItem, WorkList
from astsync.text import printable

WORK_COLUMNS: Row = (
    "problem",
    "number",
    "name",
    "source",
    "text",
    "reason",
    "cause",
    "to_do",
    "repair",
    "code",
    "tax_number",
    "catalog",
    "responsible",
    "link",
)

TO_HAND_OVER: Row = (
    "cause",
    "to_do",
    "name",
    "text",
    "repair",
    "code",
    "tax_number",
    "catalog",
    "responsible",
    "number",
    "reason",
    "link",
)
"""The columns for whoever keeps the cards, in the order of their work."""
_OF_PEOPLE = [WORK_COLUMNS.index(column) for column in TO_HAND_OVER]


def work_rows(work: WorkList) -> Iterator[Row]:
    """A row for each phone and each claim of a number that several have, in the order of the list: all in English."""
    return (tuple(map(printable, map(str, row))) for row in _rows(work))


def rows_to_hand_over(work: WorkList) -> Iterator[Row]:
    """The same for people, in the language in use.

    A reason stands only where it says more than the cause: of a phone in doubt, and of a number that several have.
    """
    reason = WORK_COLUMNS.index("reason")
    for row in _rows(work):
        cells = ["" if at == reason and row[0] == "skipped" else shown(cell) for at, cell in enumerate(row)]
        yield tuple(cells[at] for at in _OF_PEOPLE)


def _rows(work: WorkList) -> Iterator[Row]:
    for group in work.groups:
        for item in group.items:
            yield _row(group.kind, group.cause, item)
    for shared in work.shared:
        for claim in shared.claims:
            yield _row("conflict", SHARED, claim)


def _row(kind: str, cause: Cause, item: WorkItem) -> Row:
    about = (kind, item.number, item.name, item.source, item.text, item.reason)
    facts = (item.facts.code, item.facts.tax_number, item.catalog, item.facts.responsible)
    return (*about, cause.title, cause.cure, item.repair, *facts, item.web or item.link)
