"""The problems of a pull as a work list for whoever keeps the cards in 1C: by cause, the most frequent first."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from astsync.engine.result import Problems
from astsync.language import counted, joined, say
from astsync.phonebook.model import CardFacts, Claim, Conflict, Doubt, Skipped
from astsync.reports.card_link import card_link, web_link
from astsync.reports.causes import DIFFERENT, NO_NAME, SHARED, Cause, cause_of
from astsync.store.records import Given


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A phone to repair, and its card. ``link`` opens the card inside 1C, ``web`` in a browser; "" where neither can.

    ``text`` is what stands in the card, ``reason`` what astsync says of it, or why a claim got its number or not.
    ``number`` is what was made of it all the same. ``repair`` is what to write instead, "" where that is not certain.
    """

    name: str
    source: str
    text: str
    reason: str
    number: str = ""
    repair: str = ""
    facts: CardFacts = field(default_factory=CardFacts)
    link: str = ""
    web: str = ""

    @property
    def catalog(self) -> str:
        """The catalog of the card, "" where the source does not tell."""
        return self.source.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class WorkGroup:
    """All problems of one cause. ``kind`` is that of their rows: skipped or doubt."""

    kind: str
    cause: Cause
    items: tuple[WorkItem, ...]


@dataclass(frozen=True, slots=True)
class SharedNumber:
    """A number that several counterparties claim, with all claims, the best first."""

    number: str
    decision: str
    claims: tuple[WorkItem, ...]


@dataclass(frozen=True, slots=True)
class WorkList:
    """The list: ``groups`` the most frequent first, then the numbers that several have.

    ``problems`` are those that are listed, ``before`` is the list since which they are new, None where all are listed;
    ``gone`` counts the problems of that list that are there no more. ``marks`` are those of all problems of the pull.
    """

    problems: Problems
    groups: tuple[WorkGroup, ...]
    shared: tuple[SharedNumber, ...]
    marks: tuple[str, ...]
    before: Given | None = None
    gone: int = 0

    @property
    def count(self) -> int:
        """How many problems are listed."""
        return sum(len(group.items) for group in self.groups) + len(self.shared)


def nothing_certain(_: str) -> str:
    """Suggest no repair."""
    return ""


def work_list(
    found: Problems,
    repair: Callable[[str], str] = nothing_certain,
    web_client: str = "",
    before: Given | None = None,
) -> WorkList:
    """Make the list. ``repair`` suggests a text for a field; with ``before`` only what is new since that list."""
    marks = tuple(_marks((*found.skipped, *found.doubts, *found.conflicts)))
    listed = found if before is None else _new(found, before.marks)
    cards = _Cards(found, web_client)
    by_cause: dict[Cause, list[WorkItem]] = {}
    for skip in listed.skipped:
        item = cards.item(skip.name, skip.source, skip.text, skip.reason, repair=repair(skip.text))
        by_cause.setdefault(cause_of(skip.reason), []).append(item)
    groups = [WorkGroup("skipped", cause, tuple(items)) for cause, items in by_cause.items()]
    if listed.doubts:
        groups.append(WorkGroup("doubt", DIFFERENT, tuple(map(cards.doubt, listed.doubts))))
    return WorkList(
        problems=listed,
        groups=tuple(sorted(groups, key=lambda group: (-len(group.items), group.cause.key))),
        shared=tuple(map(cards.shared, listed.conflicts)),
        marks=marks,
        before=before,
        gone=len(before.marks - set(marks)) if before is not None else 0,
    )


def kept_by(found: Problems, person: str) -> Problems:
    """The problems of the cards that a person keeps, by the name in 1C; case does not count.

    A number that several counterparties have is there if one of the cards is that person's.
    """
    cards = {source for source, facts in found.cards.items() if facts.responsible.casefold() == person.casefold()}
    return replace(
        found,
        skipped=tuple(one for one in found.skipped if one.source in cards),
        doubts=tuple(one for one in found.doubts if one.source in cards),
        conflicts=tuple(one for one in found.conflicts if any(claim.source in cards for claim in one.claims)),
    )


class _Cards:
    def __init__(self, found: Problems, web_client: str) -> None:
        self._facts, self._web_client = found.cards, web_client

    def item(
        self, name: str, source: str, text: str, reason: str, *, number: str = "", repair: str = "", code: str = ""
    ) -> WorkItem:
        """The item of a card; ``code`` is that of a claim."""
        catalog, _, ref = source.rpartition("/")
        link = card_link(catalog, ref)
        facts = self._facts.get(source) or CardFacts(code)
        return WorkItem(name, source, text, reason, number, repair, facts, link, web_link(self._web_client, link))

    def doubt(self, one: Doubt) -> WorkItem:
        """The item of a phone in doubt."""
        return self.item(one.name, one.source, one.text, in_doubt(one), number=", ".join(one.keys))

    def shared(self, one: Conflict) -> SharedNumber:
        """The item of a number that several counterparties have."""
        return SharedNumber(one.number, one.decision, tuple(self._claim(one.number, claim) for claim in one.claims))

    def _claim(self, number: str, claim: Claim) -> WorkItem:
        name = claim.counterparty or claim.name
        return self.item(name, claim.source, claim.text, claim.verdict, number=number, code=claim.code)


def in_doubt(doubt: Doubt) -> str:
    """What was made of a phone whose visible text and structure disagree."""
    if not doubt.keys:
        return say(
            "the text gives no number, but the parts of the number in the source say {structure}",
            structure=doubt.structure,
        )
    return say(
        "{keys} taken from the text, but the parts of the number in the source say {structure}",
        keys=joined(", ", doubt.keys),
        structure=doubt.structure,
    )


def _new(found: Problems, known: Collection[str]) -> Problems:
    """The problems whose marks are not known."""
    return replace(
        found,
        skipped=tuple(one for one in found.skipped if _mark(one) not in known),
        conflicts=tuple(one for one in found.conflicts if _mark(one) not in known),
        doubts=tuple(one for one in found.doubts if _mark(one) not in known),
    )


def _marks(found: Iterable[Skipped | Doubt | Conflict]) -> Iterator[str]:
    return iter(dict.fromkeys(map(_mark, found)))


def _mark(one: Skipped | Doubt | Conflict) -> str:
    """What tells a problem from others: its card and its text, or its number and all who have it.

    Not the reason: after a change of the configuration the same phones are no new work.
    """
    if isinstance(one, Conflict):
        parts = ("conflict", one.number, *sorted(claim.source for claim in one.claims))
    elif isinstance(one, Doubt):
        parts = ("doubt", one.source, one.text, one.structure)
    else:
        parts = ("skipped", one.source, one.text)
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()


def work_headline(work: WorkList) -> str:
    """Where the problems come from, and how many there are. It may hold foreign text."""
    found = work.problems
    counts = [
        counted("{count:,} counterparty", "{count:,} counterparties", found.counterparties),
        counted("{count:,} phone without an entry", "{count:,} phones without an entry", len(found.skipped)),
        counted("{count:,} number on several cards", "{count:,} numbers on several cards", len(found.conflicts)),
    ]
    if found.doubts:
        counts.append(counted("{count:,} phone in doubt", "{count:,} phones in doubt", len(found.doubts)))
    return say("{source}: {counts}", source=found.source, counts=joined(", ", counts))


def since_words(work: WorkList) -> str:
    """Since when the problems are new, and how many of the list before are gone; "" where all are listed."""
    if work.before is None:
        return ""
    when = f"{work.before.at.astimezone():%Y-%m-%d %H:%M}"
    return counted(
        "New since the list of {when}; {count:,} problem of that list is gone.",
        "New since the list of {when}; {count:,} problems of that list are gone.",
        work.gone,
        when=when,
    )


def opening(work: WorkList) -> str:
    """How to open a card by its link, where there are links that only 1C itself opens; else ""."""
    items = (*(item for group in work.groups for item in group.items), *(c for one in work.shared for c in one.claims))
    return _OPENING if any(item.link and not item.web for item in items) else ""


_OPENING = say(
    "To open a card, copy its link (e1cib/…), press Shift+F11 in 1C, paste the link and press «Перейти». The phones "
    "mostly stand in the contact information of the card. Save the card when it is mended."
)


def card_words(item: WorkItem) -> Iterator[str]:
    """What tells a card from others beside its name: code or ИНН, catalog, who keeps it."""
    if item.facts.code:
        yield say("code {code}", code=item.facts.code)
    elif item.facts.tax_number:
        yield say("ИНН {number}", number=item.facts.tax_number)
    elif not item.link:
        yield item.source
    if item.catalog and (item.facts.code or item.facts.tax_number or item.link):
        yield item.catalog
    if item.facts.responsible:
        yield say("kept by {person}", person=item.facts.responsible)


def text_words(item: WorkItem) -> str:
    """The phone as it stands in the card; "" where the card has no name, as that is not about a phone."""
    return item.text or ("" if cause_of(item.reason) is NO_NAME else say("(empty)"))


def title_of(group: WorkGroup) -> str:
    """The title of a group, with its count."""
    return say("{title}: {count:,}", title=group.cause.title, count=len(group.items))


def title_of_shared(work: WorkList) -> str:
    """The title of the numbers that several have, with their count."""
    return say("{title}: {count:,}", title=SHARED.title, count=len(work.shared))
