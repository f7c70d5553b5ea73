"""Whole sets of 1C's OData, page by page; a set that cannot be read whole is an error.

1C has no server paging and keeps no snapshot between pages. While somebody works in 1C, rows may come twice or be
passed over, and a page shorter than asked for is not the end. So each row is given once, by its key; pages overlap
(``overlapping_pages``); and a set that changed while it was read is walked through again: the second walk meets what
the first one missed.
"""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from astsync.errors import SourceError
from astsync.sources.odata.atom import rows_of_atom
from astsync.sources.odata.overlapping_pages import NO_ROWS, Key, OverlappingPages, not_whole
from astsync.sources.onec.rows import Row
from astsync.sources.web.client import OneCClient, QueryOptions, read_json
from astsync.sources.web.refusals import bad_answer
from astsync.sources.web.retrying import FEW

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


class ODataPages:
    """Reads sets through one client. The page size shrinks when the server fails on a page, and stays small.

    ``allowed_only`` leaves out rows that the 1C user may not see; without it one such row refuses the whole list.
    """

    def __init__(self, client: OneCClient, page_size: int, *, allowed_only: bool = False) -> None:
        self._client = client
        self._size = page_size
        self._always: QueryOptions = {"allowedOnly": "true"} if allowed_only else {}
        self._counts = not allowed_only  # nobody knows whether a count leaves out what the rights hide

    def root(self) -> list[Row]:
        """Read the service document: the published sets. Raises SourceError."""
        return self._ask("", {"$format": "json"}, "the service root")

    def sample(self, name: str, options: QueryOptions) -> Row | None:
        """Read one row of a set with all its columns; None when no row fits. Raises SourceError."""
        rows = self.first(name, options, 1)
        return rows[0] if rows else None

    def first(self, name: str, options: QueryOptions, count: int) -> list[Row]:
        """Read the first rows of a set, ``count`` at most. Raises SourceError."""
        return self._ask(name, {"$format": JSON_FORMAT, **options, **self._always, "$top": count}, name)[:count]

    def rows(self, name: str, options: QueryOptions, key: Key, report: PageProgress | None = None) -> Iterator[Row]:
        """Read every row of a set once. ``options`` carry ``$select``, ``$filter``, ``$orderby``.

        ``report`` gets the number of rows read and, if the base counts them, their total, after each page. Raises
        SourceError, also when the base counts more rows than came.

        A second walk follows when the first saw rows move or pages empty, or when the base's count changed. The rows of
        all walks together are given. It is an error when rows are missing after the last walk, or when each walk met
        empty pages where rows should be.
        """
        given: set[str] = set()
        for again in range(_WALKS):
            total = self.count(name, options) if report else None
            walk = OverlappingPages(name, partial(self._page, name, options), key, given)
            for page in walk:
                yield from page
                if report:
                    report(len(walk.seen), None if total is None else max(total, len(walk.seen)))
            given = given | walk.seen if given else walk.seen
            now = self.count(name, options) if total is not None else None
            lost = self._lost(name, options, len(given), min(total or 0, now or 0))
            if not (lost or walk.gaps or (not again and (walk.moved or now != total))):
                return
            logger.info("%s changed while it was read, or is not whole: reading it again", name)
        raise not_whole(name, lost or NO_ROWS)

    def count(self, name: str, options: QueryOptions) -> int | None:
        """Ask for the number of rows that fit the filter; None for a base that does not answer ``/$count``.

        It is not tried again: a count only helps, and a base that fails on it is not asked for one any more.
        """
        if not self._counts:
            return None
        narrow = {key: value for key, value in options.items() if key == "$filter"}
        try:
            answer = self._client.attempt(f"{name}/$count", narrow, name, timeout=_COUNT_TIMEOUT)
        except SourceError:
            answer = b""
        text = answer[:32].decode("utf-8-sig", "replace").strip()
        self._counts = text.isascii() and text.isdecimal()
        return int(text) if self._counts else None

    def _lost(self, name: str, options: QueryOptions, got: int, expected: int) -> str:
        """Write how many rows are missing by the base's own count; "" where none are."""
        if got >= expected or not self._counts_by_filter(name, options, expected):
            return ""
        return f"{got} rows of {expected}"

    def _counts_by_filter(self, name: str, options: QueryOptions, filtered: int) -> bool:
        """Whether a count can be believed: a base that counts as many without the filter may have ignored it."""
        if "$filter" not in options:
            return True
        everything = self.count(name, {})
        return everything is not None and filtered < everything

    def _page(self, name: str, options: QueryOptions, skip: int, least: int) -> tuple[list[Row], bool]:
        def attempt() -> list[Row]:
            page = {"$format": JSON_FORMAT, **options, **self._always, "$top": max(self._size, least), "$skip": skip}
            return self._attempt(name, page, name)

        page = self._client.retries.persist(attempt, self._halve)
        return page, len(page) >= max(self._size, least)

    def _ask(self, name: str, options: QueryOptions, where: str) -> list[Row]:
        return self._client.retries.persist(lambda: self._attempt(name, options, where))

    def _attempt(self, name: str, options: QueryOptions, where: str) -> list[Row]:
        """Ask once. Old platforms, and proxies that drop the query's ``$format``, answer in Atom."""
        body = self._client.attempt(name, options, where)
        try:
            rows = rows_of_atom(body)
        except ValueError:
            hint = "Look at the proxy or web server before 1C."
            raise bad_answer(where, "is cut or damaged XML", hint, tries=FEW) from None
        return _list_in(read_json(body, where), where) if rows is None else rows

    def _halve(self) -> bool:
        smaller = max(SMALLEST_PAGE, self._size // 2)
        if smaller >= self._size:
            return False
        logger.warning("the source failed on a page of %d rows: trying %d", self._size, smaller)
        self._size = smaller
        return True


def _list_in(value: Any, where: str) -> list[Row]:
    """Find the list in an answer. Raises SourceBadAnswer where there is none: that is never an empty list."""
    rows = value.get("value") if isinstance(value, dict) else None
    if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
        return rows
    raise bad_answer(
        where, "holds no list «value»", "source.url must be the publication of a 1C infobase with its OData interface."
    )
