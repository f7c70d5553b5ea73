"""The work list as Markdown: a heading for each cause, and a table."""

from collections.abc import Iterator, Sequence

from astsync.language import joined, say, spoken
from astsync.reports.causes import SHARED
from astsync.reports.markdown_text import safe
from astsync.reports.shown import shown
from astsync.reports.work_list import (
    WorkItem,
    WorkList,
    card_words,
    opening,
    since_words,
    title_of,
    title_of_shared,
    work_headline,
)
from astsync.text import printable


def render(work: WorkList) -> str:
    """The list as Markdown, in the language in use."""
    return "\n".join(_lines(work)) + "\n"


def _lines(work: WorkList) -> Iterator[str]:
    yield f"# {_told(work_headline(work))}"
    yield from (f"\n{_told(text)}" for text in (since_words(work), opening(work)) if text)
    for group in work.groups:
        doubt = group.kind == "doubt"
        columns = (say("Counterparty"), say("Phone as in 1C"), say("Reason") if doubt else say("Write"), say("Card"))
        yield from ("", f"## {_told(title_of(group))}", "", _told(group.cause.cure), "", *_head(columns))
        for item in group.items:
            yield _row((_told(item.name), _told(item.text), _told(item.reason if doubt else item.repair), _card(item)))
    if work.shared:
        names = (say("Number"), say("Counterparty"), say("Phone as in 1C"), say("Reason"), say("Card"))
        yield from ("", f"## {_told(title_of_shared(work))}", "", _told(SHARED.cure), "", *_head(names))
        for shared in work.shared:
            for claim in shared.claims:
                texts = (shared.number, claim.name, claim.text, claim.reason)
                yield _row((*map(_told, texts), _card(claim)))
    if not work.count:
        yield f"\n{spoken(say('Nothing to repair.'))}"


def _card(item: WorkItem) -> str:
    words = _told(joined(", ", card_words(item)))
    if item.web:
        return f"[{words}]({printable(item.web)})"
    return f"{words} `{printable(item.link)}`" if item.link else words


def _head(columns: Sequence[str]) -> tuple[str, str]:
    return _row([_told(column) for column in columns]), _row(["---"] * len(columns))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _told(text: str) -> str:
    return safe(shown(text))
