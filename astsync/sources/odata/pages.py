"""Whole sets of 1C's OData, page by page; a set that cannot be read whole is an error.

1C has no server paging and keeps no snapshot between pages. While somebody works in 1C, rows may come twice or be
passed over, and a page shorter than asked for is not the end. So each row is given once, by its key; pages overlap
(``overlapping_pages``); the base is asked how many rows there are; and a set that changed while it was read is walked
through again: the second walk meets what the first one missed.
"""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any, Protocol

from astsync.errors import SourceBadAnswer, SourceError, SourceNotFound, SourceRightsError
from astsync.language import counted, say
from astsync.sources.odata.atom import rows_of_atom
from astsync.sources.odata.overlapping_pages import OverlappingPages, empty_page, not_whole_error
from astsync.sources.onec.rows import Key, Row
from astsync.sources.web.client import LOOK_BEFORE, QueryOptions, read_json
from astsync.sources.web.retrying import FEW, Retries

logger = logging.getLogger(__name__)

JSON_FORMAT = "application/json;odata=nometadata"
SMALLEST_PAGE = 50
"""A page is not halved below this many rows: a server that fails on so few fails for another reason."""

_COUNT_TIMEOUT = 20.0
_WALKS = 3
"""How often a set is read at most; two are enough unless something is wrong."""

PageProgress = Callable[[int, int | None], None]


def guid(reference: str) -> str:
    """Write a reference as ``$filter`` wants it."""
    quoted = reference.replace("'", "''")
    return f"guid'{quoted}'"


class PageClient(Protocol):
    """What asks for pages: a client, or several that are kept for several threads."""

    @property
    def retries(self) -> Retries:
        """The tries of a request."""
        ...

    def ask_once(self, path: str, options: QueryOptions, where: str, *, timeout: float | None = None) -> bytes:
        """Ask once and read a good answer whole, as ``WebClient`` does. Raises SourceError."""
        ...


class ODataPages:
    """Reads sets through one client. The page size shrinks when the server fails on a page, and stays small.

    ``allowed_only`` leaves out rows that the 1C user may not see; without it one such row refuses the whole list.
    """

    def __init__(self, client: PageClient, page_size: int, *, allowed_only: bool = False) -> None:
        self._client = client
        self._size = page_size
        self._always: QueryOptions = {"allowedOnly": "true"} if allowed_only else {}
        self._count_works = not allowed_only  # nobody knows whether a count leaves out what the rights hide

    def root(self) -> list[Row]:
        """Read the service document: the published sets. Raises SourceError."""
        return self._ask("", {"$format": "json"}, say("the service root"))

    def sample(self, name: str, options: QueryOptions) -> Row | None:
        """Read one row of a set with all its columns; None when no row fits. Raises SourceError."""
        rows = self.first(name, options, 1)
        return rows[0] if rows else None

    def first(self, name: str, options: QueryOptions, count: int) -> list[Row]:
        """Read the first rows of a set, ``count`` at most. Raises SourceError."""
        return self._ask(name, {"$format": JSON_FORMAT, **options, **self._always, "$top": count}, name)[:count]

    def rows(
        self,
        name: str,
        options: QueryOptions,
        key: Key,
        report: PageProgress | None = None,
        *,
        counted: bool = True,
    ) -> Iterator[Row]:
        """Read every row of a set once, as ``batches`` does."""
        return chain.from_iterable(self.batches(name, options, key, report, counted=counted))

    def batches(
        self,
        name: str,
        options: QueryOptions,
        key: Key,
        report: PageProgress | None = None,
        *,
        counted: bool = True,
    ) -> Iterator[list[Row]]:
        """Read every row of a set once, page by page. ``options`` carry ``$select``, ``$filter``, ``$orderby``.

        The rows of all walks together are given. Another walk follows a walk with gaps, and one after which rows are
        missing by the base's count; the first walk also where anything changed meanwhile. Raises SourceError, also when
        the last walk has gaps, or rows are missing after it. ``counted`` is False for a few rows, which need no count.

        ``report`` gets after each page the number of rows read, and their total if the base counts them.

        A first page without rows is asked for again where no count says that the set is empty. If none come again, the
        set is taken to be empty. Nothing else can show it: only the safety limits hold back what that would delete.
        """
        given: set[str] = set()
        for number in range(1, _WALKS + 1):
            count_before = self.count(name, options) if counted else None
            walk = OverlappingPages(name, partial(self._page, name, options), key, given)
            for page in walk:
                yield page
                if report:
                    report(len(walk.seen), None if count_before is None else max(count_before, len(walk.seen)))
            given = given | walk.seen if given else walk.seen
            count_after = None if count_before is None else self.count(name, options)
            # Rows lack, or this walk may have lost some: that is no whole list, whichever walk it was.
            gap = empty_page(walk.gaps[-1]) if walk.gaps else ""
            flaw = self._missing_words(name, options, len(given), count_before, count_after) or gap
            # Nothing shows a loss, but what changed during the first walk can hide one: a row that moved to a place
            # which the walk had passed. The second walk meets that row. From then on a change is no reason to read
            # again: in a busy base there is one in every walk.
            doubt = _doubt_words(walk, count_before, count_after) if number == 1 else ""
            if not (flaw or doubt):
                return
            again = "; reading it again" if number < _WALKS else ""
            logger.info("%s: walk %d of %d: %s%s", name, number, _WALKS, flaw or doubt, again)
        raise not_whole_error(name, flaw)

    def count(self, name: str, options: QueryOptions) -> int | None:
        """Ask for the number of rows that fit the filter; None for a base that does not answer ``/$count``.

        It is not tried again: a count only helps, and a base that fails on it is not asked for one any more. A set that
        is not there, or that the user may not read, says nothing of the others.
        """
        if not self._count_works:
            return None
        narrow = {key: value for key, value in options.items() if key == "$filter"}
        try:
            return _number_in(self._client.ask_once(f"{name}/$count", narrow, name, timeout=_COUNT_TIMEOUT), name)
        except (SourceNotFound, SourceRightsError) as error:
            logger.info("%s: cannot be counted, so nothing shows whether all its rows came: %s", name, error)
        except SourceError as error:
            self._count_works = False
            logger.info("%s: cannot be counted, and no other set will be: %s", name, error)
        return None

    def _missing_words(self, name: str, options: QueryOptions, got: int, before: int | None, after: int | None) -> str:
        """Write how many rows are missing by the base's own count; "" where none are."""
        # Rows that were added or deleted while the set was read need not have come: the smaller count is owed.
        expected = min(before or 0, after or 0)
        if got >= expected or not self._count_heeds_filter(name, options, expected):
            return ""
        return counted("{count:,} row of {expected:,}", "{count:,} rows of {expected:,}", got, expected=expected)

    def _count_heeds_filter(self, name: str, options: QueryOptions, filtered: int) -> bool:
        """Whether a count can be believed: a base that counts as many without the filter may have ignored it."""
        if "$filter" not in options:
            return True
        everything = self.count(name, {})
        return everything is not None and filtered < everything

    def _page(self, name: str, options: QueryOptions, skip: int, least: int) -> tuple[list[Row], bool]:
        def page_once() -> list[Row]:
            page = {"$format": JSON_FORMAT, **options, **self._always, "$top": max(self._size, least), "$skip": skip}
            return self._rows_once(name, page, name)

        page = self._client.retries.persist(page_once, self._halve)
        return page, len(page) >= max(self._size, least)

    def _ask(self, name: str, options: QueryOptions, where: str) -> list[Row]:
        return self._client.retries.persist(lambda: self._rows_once(name, options, where))

    def _rows_once(self, name: str, options: QueryOptions, where: str) -> list[Row]:
        """Ask once; ``where`` names the set in messages.

        Old platforms, and proxies that drop the query's ``$format``, answer in Atom.
        """
        body = self._client.ask_once(name, options, where)
        try:
            rows = rows_of_atom(body)
        except ValueError:
            raise SourceBadAnswer(
                say("the answer about {where} is cut or damaged XML", where=where), hint=LOOK_BEFORE, tries=FEW
            ) from None
        return _list_in(read_json(body, where), where) if rows is None else rows

    def _halve(self) -> bool:
        smaller = max(SMALLEST_PAGE, self._size // 2)
        if smaller >= self._size:
            return False
        logger.warning("the source failed on a page of %d rows: trying %d", self._size, smaller)
        self._size = smaller
        return True


def _doubt_words(walk: OverlappingPages, before: int | None, after: int | None) -> str:
    """Write why a first walk may have missed rows though it met no gap; "" where there is no reason."""
    if walk.moved:
        return "rows changed their places"
    if before != after:
        counted_after = "the count after it failed" if after is None else f"{after} after it"
        return f"the base counted {before} rows before it, {counted_after}"
    if not walk.seen and before != 0:
        return "no row came, and no count says that it is empty"
    return ""


def _number_in(body: bytes, where: str) -> int:
    """Read the answer to ``/$count``. Raises SourceBadAnswer where it is no number."""
    text = body[:32].decode("utf-8-sig", "replace").strip()
    if text.isascii() and text.isdecimal():
        return int(text)
    raise SourceBadAnswer(
        say("the answer about {where} is no number of rows", where=where), hint=say("Nothing needs to be done.")
    )


def _list_in(value: Any, where: str) -> list[Row]:
    """Find the list in an answer. Raises SourceBadAnswer where there is none: that is never an empty list."""
    rows = value.get("value") if isinstance(value, dict) else None
    if isinstance(rows, list) and set(map(type, rows)) <= {dict}:
        return rows
    hint = say("source.url must be the publication of a 1C infobase with its OData interface.")
    raise SourceBadAnswer(say("the answer about {where} holds no list «value»", where=where), hint=hint)
