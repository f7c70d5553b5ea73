"""One walk through a set that may change meanwhile: each page begins with the row that ended the page before.

1C keeps no snapshot between pages, and a page is asked for by the number of its first row ($skip). When a row before
that place is deleted, all rows behind it move forward by one, and the next page passes over a row that nobody has read.
Nothing in the answer shows it: there is one row fewer, and one row fewer comes.

The row that two pages share shows it. If another row stands in its place, rows have moved, and the walk steps back,
further each time, until a page begins with a row that it has read. From there it reads on, so nothing lies between.

Then the walk has read every row that kept its place among its neighbours. It can still miss a row that was renamed, and
so sorted to a place that the walk had passed already. That is why ``moved`` asks the caller for a second walk.
"""

import logging
from collections.abc import Callable, Iterator, Set

from astsync.errors import SourceBadAnswer
from astsync.language import say
from astsync.sources.onec.rows import Key, Row, keys_of

logger = logging.getLogger(__name__)

PageAt = Callable[[int, int], tuple[list[Row], bool]]
"""Asks for a page: the place of its first row, counted from 0, and how many rows it must hold at least.

Returns the rows, and whether as many came as were asked for.
"""

_MOST_SAME_PAGES = 3
"""The same page comes again this many times in succession only from a server that ignores ``$skip``."""

_MOST_IDLE_PAGES = 1000
"""Pages in succession without a new row. Fewer come even where somebody adds rows as fast as they are read."""

_MOST_TIMES_BACK = 30
"""Steps back in one walk. One deletion costs a few, because each step is twice as long as the one before."""

_MOST_GAPS = 3
"""Gaps in one walk. More are no deletions but a server that drops pages, and its rows need not be asked for further."""


class OverlappingPages:
    """Iterating gives the pages, without the rows that came before or that are in ``given``. Raises SourceBadAnswer.

    ``given`` are the keys of rows that an earlier walk has given. ``seen`` are the keys of this walk's rows so far.
    ``moved``: rows changed their places meanwhile.

    ``gaps`` are the places of empty pages where rows had been: either rows were deleted meanwhile, or the server
    dropped a page. A second walk decides.
    """

    def __init__(self, name: str, page_at: PageAt, key: Key, given: Set[str] = frozenset()) -> None:
        self._name, self._page_at, self._key, self._given = name, page_at, key, given
        self._place = 0
        self._shared = ""  # the key of the row that the next page must begin with
        self._first_key = ""  # of the page before; "" where that page tells nothing of the next one
        self._longest_page = 0
        self._same_pages, self._idle_pages = 0, 0  # in succession
        self._going_back = False
        self._stride = 1  # how many rows the next step back goes over
        self._times_back = 0
        self.seen: set[str] = set()
        self.moved = False
        self.gaps: list[int] = []

    def __iter__(self) -> Iterator[list[Row]]:
        while True:
            page, full = self._page_at(
                self._place, 2 if self._shared else 1
            )  # the shared row alone would be no progress
            keys = keys_of(page, self._key)
            if self._shared and self._place and not self._joins(keys):
                self._go_back(keys)
                continue
            if keys == [self._shared] and self._longest_page == 1:
                # A server that gives one row a page would give the shared row for ever: ask for the one behind it.
                self._place, self._shared = self._place + 1, ""
                continue
            if not keys or self._is_end(keys, full=full):
                if self._given and not self.seen:  # no row at all, where an earlier walk read some
                    self.gaps.append(self._place)
                return
            yield self._new(page, keys)
            self._go_on(keys)

    def _joins(self, keys: list[str]) -> bool:
        """Whether a page begins with a row that this walk has read: then no unread row lies between the pages."""
        joined = bool(keys) and keys[0] in self.seen
        self.moved |= not joined or keys[0] != self._shared
        return joined

    def _is_end(self, keys: list[str], *, full: bool) -> bool:
        """Whether the shared row is the last of the set.

        It is the last if it comes alone. After the page ``a b c`` the next one is ``c`` alone: nothing is behind ``c``.

        Rows that were added in front meanwhile push older rows onto this page: ``b c`` is the end too, if the page is
        not full. But if ``a b c`` itself comes again, the server may have ignored ``$skip``: that is no end.
        """
        return keys[-1] == self._shared and not full and (len(keys) == 1 or keys[0] != self._first_key)

    def _go_back(self, keys: list[str]) -> None:
        """Step back over rows that were read, twice as far each time: nobody knows how many were deleted."""
        if not (keys or self._going_back):  # empty pages on the way back belong to the same gap
            self.gaps.append(self._place)
        self._going_back = True
        self._times_back += 1
        if len(self.gaps) > _MOST_GAPS:
            raise not_whole_error(self._name, empty_page(self._place))
        if self._times_back > _MOST_TIMES_BACK:
            raise not_whole_error(self._name, say("its rows change their places all the time"))
        wrong = "begins with a row that was not read yet" if keys else "is empty"
        logger.debug("%s: the page at $skip=%d %s: going back", self._name, self._place, wrong)
        self._place = max(0, self._place - self._stride)
        self._stride *= 2
        # A page from further back may begin as the page before did, though the server heeds $skip.
        self._first_key = ""

    def _new(self, page: list[Row], keys: list[str]) -> list[Row]:
        before = len(self.seen)
        shared = int(keys[0] in self.seen)
        if not self._given and len(set(keys).difference(self.seen)) == len(keys) - shared > 0:  # as nearly all pages
            self.seen.update(keys)
            self._count_idle(keys[0], idle=False)
            return page[shared:]
        new: list[Row] = []
        for key, row in zip(keys, page, strict=True):
            if key not in self.seen:
                self.seen.add(key)
                if key not in self._given:
                    new.append(row)
        self._count_idle(keys[0], idle=len(self.seen) == before)
        return new

    def _count_idle(self, first_key: str, *, idle: bool) -> None:
        """Raise SourceBadAnswer when the same page comes again and again, or no new row for very long.

        Pages without a new row are right after a step back, and when many rows were added before them; but then each
        page is another one.
        """
        self._idle_pages = self._idle_pages + 1 if idle else 0
        self._same_pages = self._same_pages + 1 if idle and first_key == self._first_key else 0
        self._first_key = first_key
        if self._same_pages == _MOST_SAME_PAGES or self._idle_pages == _MOST_IDLE_PAGES:
            raise SourceBadAnswer(
                say("{name} cannot be read whole: the same rows come on every page", name=self._name),
                hint=say(
                    "$skip has no effect: the platform is older than 8.3.8, or a proxy before 1C drops the query."
                ),
            )

    def _go_on(self, keys: list[str]) -> None:
        """Let the next page begin with the last row of this one."""
        self._longest_page = max(self._longest_page, len(keys))
        self._place += len(keys) - 1
        self._shared = keys[-1]
        self._stride, self._going_back = len(keys), False


def empty_page(place: int) -> str:
    """Write the reason of a set that was not read whole because of a gap."""
    return say("the page at $skip={place:d} is empty where there had been rows", place=place)


class NotWhole(SourceBadAnswer):
    """A set of which rows are missing, or may be."""


def not_whole_error(name: str, why: str) -> NotWhole:
    """Make the error of a set that was not read whole."""
    return NotWhole(
        say("{name} was not read whole: {why}", name=name, why=why),
        hint=say(
            "Records were deleted or renamed while the list was read, or the server leaves some out: run again, best "
            "when nobody writes to 1C."
        ),
    )
