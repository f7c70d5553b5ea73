"""The work list as plain text: a cause with what to do, then a few lines for each phone."""

from collections.abc import Iterator

from astsync.language import joined, say, spoken
from astsync.reports.causes import SHARED
from astsync.reports.shown import shown
from astsync.reports.work_list import (
    SharedNumber,
    WorkItem,
    WorkList,
    card_words,
    opening,
    since_words,
    text_words,
    title_of,
    title_of_shared,
    work_headline,
)
from astsync.text import printable


def render(work: WorkList) -> str:
    """The list as plain text, in the language in use."""
    return "\n".join(_lines(work)) + "\n"


def _lines(work: WorkList) -> Iterator[str]:
    yield shown(work_headline(work))
    if since := since_words(work):
        yield shown(since)
    if not work.count:
        yield spoken(say("Nothing to repair.") if work.before is None else say("Nothing new to repair."))
        return
    if how := opening(work):
        yield shown(how)
    for group in work.groups:
        yield from ("", shown(title_of(group)), shown(group.cause.cure))
        for item in group.items:
            yield from _item(item, with_reason=group.kind == "doubt")
    if work.shared:
        yield from ("", shown(title_of_shared(work)), shown(SHARED.cure))
        for shared in work.shared:
            yield from _shared(shared)


def _item(item: WorkItem, *, with_reason: bool) -> Iterator[str]:
    yield f"  {_card(item)}"
    if text := shown(text_words(item)):
        told = say("{text} → write {repair}", text=text, repair=item.repair) if item.repair else text
        yield f"    {shown(told)}"
    if with_reason:
        yield f"    {shown(item.reason)}"
    yield from _link(item)


def _card(item: WorkItem) -> str:
    name = item.name.strip() or say("(no name)")
    words = joined(", ", card_words(item))
    return shown(say("{name} ({card})", name=name, card=words) if words else name)


def _link(item: WorkItem) -> Iterator[str]:
    if item.web or item.link:
        yield f"    {printable(item.web or item.link)}"


def _shared(shared: SharedNumber) -> Iterator[str]:
    yield f"  {printable(shared.number)}"
    for claim in shared.claims:
        yield f"    {_card(claim)}: {printable(claim.text)}"
        if claim.reason:
            yield f"      {shown(claim.reason)}"
        yield from (f"  {line}" for line in _link(claim))
