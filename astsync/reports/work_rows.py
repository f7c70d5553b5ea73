"""The work list as rows, for CSV and workbooks."""

from collections.abc import Callable, Iterator

from astsync.language import spoken
from astsync.reports.causes import SHARED, Cause
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

Told = Callable[[str], str]
"""How a message is told: ``str`` in English for programs, ``spoken`` for people."""


def work_rows(work: WorkList, told: Told = spoken) -> Iterator[Row]:
    """A row for each phone and each claim of a number that several have, in the order of the list."""
    for group in work.groups:
        for item in group.items:
            yield _row(group.kind, group.cause, item, told)
    for shared in work.shared:
        for claim in shared.claims:
            yield _row("conflict", SHARED, claim, told)


def _row(kind: str, cause: Cause, item: WorkItem, told: Told) -> Row:
    about = (kind, item.number, item.name, item.source, item.text, told(item.reason))
    facts = (item.facts.code, item.facts.tax_number, item.catalog, item.facts.responsible)
    row = (*about, told(cause.title), told(cause.cure), item.repair, *facts, item.web or item.link)
    return tuple(map(printable, row))
