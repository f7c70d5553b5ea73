"""A long list in pages: by offset, page number or cursor, as ``[source.<kind>.paging]`` says.

No record may be lost silently, so:

- A page with fewer records than asked for is not the end: some services fill their pages before they filter them.
- An empty page is the end only if the next page is empty too. If records stand behind it, the list is refused: nobody
  knows what the empty page should have held. (By cursor the service itself tells the end, so empty pages are allowed.)
- Two pages without a new record mean that the parameter has no effect. The list would never end.
- Where the service says how many records there are, the pages must hold at least as many.
- While somebody works in the source, a record may move to a later page and come again. It counts once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from astsync.config import PagingConfig, ParameterValue
from astsync.errors import SourceBadAnswer, SourceNotFound, SourceQueryError
from astsync.language import counted, joined, say
from astsync.sources import bounds
from astsync.sources.formats.field_names import name_fields
from astsync.sources.formats.values import plain_text
from astsync.sources.records.fields import values_at
from astsync.sources.records.once import Once, endless
from astsync.sources.records.totals import check_total_found, refuse_part, refuse_short, total_of
from astsync.text import one_line

_MOST_REPEATED_PAGES = 2
"""Pages in succession that hold records, but none that is new."""

_MOST_EMPTY_PAGES = 1000
"""Empty pages in succession, of a service that tells a next cursor each time."""

_LONGEST_CURSOR = 64 * 1024
_WRONG_NEXT = say("The key next of the table paging names the field of the answer that holds the next cursor.")

Parameters = dict[str, ParameterValue]


@dataclass(slots=True)
class Page:
    """One answer: its records, and ``answer``, the fields around the list.

    ``records`` may be read as they come in, and ``answer`` be complete only after the last of them.
    """

    records: Iterable[object]
    answer: Mapping[str, Any] = field(default_factory=dict)


Ask = Callable[[Parameters], Page]
"""Asks for one page, with these parameters beside the configured ones."""


def paged(config: PagingConfig, ask: Ask, where: str) -> Iterator[object]:
    """Yield the records of the whole list, each once; ``where`` names the list in messages.

    Without paging there is one answer, whose records are all yielded, equal ones too. Raises SourceBadAnswer when the
    pages repeat or hold fewer records than the service says, SourceQueryError when the next cursor is missing or one
    answer is only a part of the list.
    """
    if config.by == "none":
        yield from _one_answer(config, ask({}), where)
        return
    walk = _Walk(config, where)
    while walk.goes_on:
        page = _asked(ask, walk)
        if page is None:
            break
        yield from walk.read(page)
    walk.finish()


def _one_answer(config: PagingConfig, page: Page, where: str) -> Iterator[object]:
    count = 0
    for record in page.records:
        count += 1
        yield record
    refuse_part(page.answer, count, config, where)


def _asked(ask: Ask, walk: "_Walk") -> Page | None:
    """Ask for the next page. None after an empty page, where the service refuses a page behind the end of its list."""
    try:
        return ask(walk.parameters())
    except (SourceNotFound, SourceQueryError):
        if not walk.behind_empty:
            raise
        return None


class _Walk:
    """The way from page to page: its place, and what was counted.

    ``_repeated`` counts the pages since the last new record, ``_empty`` those since the last record.
    """

    def __init__(self, config: PagingConfig, where: str) -> None:
        self._config = config
        self._where = where
        self._once = Once()
        self._cursors: set[str] = set()
        self._cursor = ""
        self._pages, self._records, self._repeated, self._empty = 0, 0, 0, 0
        self._longest = 1
        self._total: int | None = None
        self._answer: Mapping[str, Any] = {}
        self.goes_on = True

    @property
    def behind_empty(self) -> bool:
        """Whether the page before was empty."""
        return self._empty > 0

    def parameters(self) -> Parameters:
        """The parameters of the next page. The first page is asked for without a cursor."""
        size: Parameters = {self._config.size_parameter: self._config.size} if self._config.size_parameter else {}
        if self._config.by == "offset":
            # Behind an empty page the offset must move too: the longest page seen shows by how much, if nothing else.
            step = self._config.size if self._config.size_parameter else self._longest
            return {self._config.parameter: self._records + self._empty * step, **size}
        if self._config.by == "page":
            return {self._config.parameter: self._config.first + self._pages, **size}
        return {self._config.parameter: self._cursor, **size} if self._cursor else size

    def read(self, page: Page) -> Iterator[object]:
        """Yield the new records of a page, then decide whether to ask for another one."""
        seen, count = len(self._once), 0
        for record in page.records:
            count += 1
            if self._once.new(record):
                yield record
        self._note(page, count, fresh=len(self._once) - seen)
        self._check()
        self.goes_on = self._next_cursor(page, count) if self._config.by == "cursor" else self._next_page(count)

    def finish(self) -> None:
        """Compare the number of records with what the service said."""
        check_total_found(self._total, self._answer, self._config.total, self._where)
        refuse_short(self._total, self._records, self._where)

    def _note(self, page: Page, count: int, fresh: int) -> None:
        self._pages += 1
        self._records += count
        self._longest = max(self._longest, count)
        self._repeated = self._repeated + 1 if count and not fresh else 0
        self._answer = page.answer
        # Pages may disagree while records are added. The largest total counts: it accepts no list that is too short.
        told = (self._total, total_of(page.answer, self._config.total))
        self._total = max((total for total in told if total is not None), default=None)

    def _next_page(self, count: int) -> bool:
        """Go on after a page with records, and after the first empty one, unless the list had none at all.

        Raises SourceBadAnswer for records behind an empty page.
        """
        if count and self._empty:
            raise SourceBadAnswer(
                say("{where} cannot be read whole: it gave an empty page, and records behind it", where=self._where),
                hint=say("Mend the service: it must fill its pages, or tell a next cursor (source paging by cursor)."),
            )
        self._empty += not count
        return bool(count) or (self._records > 0 and self._empty < 2)

    def _check(self) -> None:
        if self._repeated >= _MOST_REPEATED_PAGES:
            raise self._without_effect(say("the same records come on every page"))
        if self._records > bounds.LARGEST_LIST:
            raise endless(self._where)

    def _next_cursor(self, page: Page, count: int) -> bool:
        values = values_at(page.answer, self._config.next)
        if values is None and self._pages == 1:
            self._check_missing(page, count)
        cursor = self._text(next((value for value in values or () if value is not None), None))
        if cursor and cursor in self._cursors:
            raise self._without_effect(say("the same cursor comes again"))
        self._empty = 0 if count else self._empty + 1
        if self._empty > _MOST_EMPTY_PAGES:
            raise self._without_effect(
                counted(
                    "{count:,} empty page came",
                    "{count:,} empty pages came one after the other",
                    self._empty,
                )
            )
        self._cursors.add(cursor)
        self._cursor = cursor
        return bool(cursor)

    def _check_missing(self, page: Page, count: int) -> None:
        """Refuse a full first page without a field for the next cursor: the rest of the list would be lost."""
        if self._config.size_parameter and count >= self._config.size:
            known = [str(name) for name in page.answer]
            raise SourceQueryError(
                say(
                    "{where} holds no field {field} (next of paging)",
                    where=self._where,
                    field=one_line(self._config.next),
                ),
                hint=joined(" ", (_WRONG_NEXT, name_fields(known, [self._config.next]))),
            )

    def _text(self, value: object) -> str:
        if isinstance(value, list | Mapping) or value is True:
            raise SourceQueryError(
                say(
                    "the field {field} of {where} holds no cursor (next of paging)",
                    field=one_line(self._config.next),
                    where=self._where,
                ),
                hint=_WRONG_NEXT,
            )
        return plain_text(value, _LONGEST_CURSOR)

    def _without_effect(self, why: str) -> SourceBadAnswer:
        return SourceBadAnswer(
            say(
                "{where} cannot be read whole: {why}, so the parameter {name} has no effect",
                where=self._where,
                why=why,
                name=one_line(self._config.parameter),
            ),
            hint=say(
                'Correct parameter in the table paging of the source, or write by = "none" when one answer holds the '
                "whole list."
            ),
        )
