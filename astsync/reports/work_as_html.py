"""The work list as a page that needs nothing from the network: a section for each cause, and links that open cards."""

from collections.abc import Iterator
from dataclasses import dataclass

from astsync.language import Message, in_use, joined, number, say, spoken
from astsync.reports.causes import SHARED, Cause
from astsync.reports.shown import shown
from astsync.reports.work_list import WorkItem, WorkList, card_words, opening, since_words, text_words, work_headline
from astsync.text import printable

_MOST_OPEN = 200
"""Rows beyond which a section begins folded."""


@dataclass(frozen=True, slots=True)
class WorkRow:
    """A row of the page; all texts are in the language in use and harmless, but not yet escaped.

    ``first`` is the number that several have, where that is another than in the row before.
    """

    name: str
    text: str
    note: str
    repair: str
    card: str
    link: str
    web: str
    first: str = ""


@dataclass(frozen=True, slots=True)
class WorkSection:
    """A cause with its rows."""

    title: str
    cure: str
    count: str
    rows: tuple[WorkRow, ...]
    shared: bool = False

    @property
    def folded(self) -> bool:
        """Whether it has so many rows that it begins folded."""
        return len(self.rows) > _MOST_OPEN


def render(work: WorkList) -> str:
    """The list as a page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # only here: few reports are HTML

    environment = Environment(
        loader=PackageLoader("astsync.reports", "."),
        autoescape=True,  # names come from 1C, where anybody may have typed them
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(say=lambda words, **data: spoken(Message(words, data)))
    sections = list(_sections(work))
    template = environment.get_template("work_list.html")
    return template.render(
        lang=in_use(),
        lead=shown(work_headline(work)),
        notes=[shown(text) for text in (since_words(work), opening(work)) if text],
        sections=sections,
    ) + "\n"  # fmt: skip


def _sections(work: WorkList) -> Iterator[WorkSection]:
    for group in work.groups:
        rows = tuple(_row(item, with_reason=group.kind == "doubt") for item in group.items)
        yield _section(group.cause, len(rows), rows)
    if work.shared:
        claims = tuple(
            _row(claim, with_reason=True, first=printable(shared.number) if at == 0 else "")
            for shared in work.shared
            for at, claim in enumerate(shared.claims)
        )
        yield _section(SHARED, len(work.shared), claims, shared=True)


def _section(cause: Cause, count: int, rows: tuple[WorkRow, ...], *, shared: bool = False) -> WorkSection:
    return WorkSection(shown(cause.title), shown(cause.cure), number(count), rows, shared)


def _row(item: WorkItem, *, with_reason: bool, first: str = "") -> WorkRow:
    return WorkRow(
        name=shown(item.name.strip() or say("(no name)")),
        text=shown(text_words(item)),
        note=shown(item.reason) if with_reason else "",
        repair=printable(item.repair),
        card=shown(joined(", ", card_words(item))),
        link=printable(item.link),
        web=printable(item.web),
        first=first,
    )
