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
from astsync.sources.onec.rows import Row

logger = logging.getLogger(__name__)

Key = Callable[[Row], str]
Ask = Callable[[int, int], tuple[list[Row], bool]]
"""Asks for a page: the place of its first row, counted from 0, and how many rows it must hold at least.

Returns the rows, and whether as many came as were asked for.
"""

_SAME_PAGES = 3
_IDLE_PAGES = 1000
_MOST_STEPS_BACK = 30
_MOST_GAPS = 3
NO_ROWS = "a page is empty where there had been rows"


class OverlappingPages:
    """Iterating gives the pages, without the rows that came before or that are in ``given``. Raises SourceError.

    ``given`` are the keys of rows that an earlier walk has given. ``seen`` are the keys of this walk's rows so far.
    ``moved``: rows changed their places meanwhile.

    ``gaps`` counts empty pages where rows had been: either rows were deleted meanwhile, or the server dropped a page.
    A second walk decides.
    """

    def __init__(self, name: str, ask: Ask, key: Key, given: Set[str] = frozenset()) -> None:
        self._name, self._ask, self._key, self._given = name, ask, key, given
        self._place, self._shared = 0, ""
        self._longest = 0
        self._stepping_back = False
        self._step, self._steps_back = 1, 0
        self._first, self._same, self._idle = "", 0, 0
        self.seen: set[str] = set()
        self.moved = False
        self.gaps = 0

    def __iter__(self) -> Iterator[list[Row]]:
        while True:
            page, full = self._ask(self._place, 2 if self._shared else 1)
            keys = [self._key(row) for row in page]
            if self._shared and self._place and not self._joins(keys):
                self._go_back(keys)
                continue
            if keys == [self._shared] and self._longest == 1:
                # A server that gives one row a page would give the shared row for ever: ask for the one behind it.
                self._place, self._shared = self._place + 1, ""
                continue
            if not keys or self._is_end(keys, full=full):
                self.gaps += not self.seen and bool(self._given)  # no row at all, where an earlier walk read some
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

        It is when it comes alone. It also is when rows that were added before it meanwhile come with it and the page
        is not full; the same page again is no end, but a server that ignores $skip.
        """
        return keys[-1] == self._shared and not full and (len(keys) == 1 or keys[0] != self._first)

    def _go_back(self, keys: list[str]) -> None:
        """Step back over rows that were read, twice as far each time: nobody knows how many were deleted."""
        if not (keys or self._stepping_back):
            self.gaps += 1
        self._stepping_back = True
        self._steps_back += 1
        if self.gaps > _MOST_GAPS:
            raise not_whole(self._name, NO_ROWS)
        if self._steps_back > _MOST_STEPS_BACK:
            raise not_whole(self._name, "its rows change their places all the time")
        logger.debug("%s: rows were deleted before place %d: going back", self._name, self._place)
        self._place = max(0, self._place - self._step)
        self._step *= 2
        self._first = ""

    def _new(self, page: list[Row], keys: list[str]) -> list[Row]:
        before = len(self.seen)
        new: list[Row] = []
        for key, row in zip(keys, page, strict=True):
            if key not in self.seen:
                self.seen.add(key)
                if key not in self._given:
                    new.append(row)
        self._count_idle(keys[0], idle=len(self.seen) == before)
        return new

    def _count_idle(self, first: str, *, idle: bool) -> None:
        """Raise SourceBadAnswer when the same page comes again and again, or no new row for very long.

        Pages without a new row are right after a step back, and when many rows were added before them; but then each
        page is another one.
        """
        self._idle = self._idle + 1 if idle else 0
        self._same = self._same + 1 if idle and first == self._first else 0
        self._first = first
        if self._same == _SAME_PAGES or self._idle == _IDLE_PAGES:
            raise SourceBadAnswer(
                f"{self._name} cannot be read whole: the same rows come on every page",
                hint="$skip has no effect: the platform is older than 8.3.8, or a proxy before 1C drops the query.",
            )

    def _go_on(self, keys: list[str]) -> None:
        """Let the next page begin with the last row of this one."""
        self._longest = max(self._longest, len(keys))
        self._place += len(keys) - 1
        self._shared = keys[-1]
        self._step, self._stepping_back = len(keys), False


def not_whole(name: str, why: str) -> SourceBadAnswer:
    """Make the error of a set that was not read whole."""
    return SourceBadAnswer(
        f"{name} was not read whole: {why}",
        hint="Records were deleted or renamed while the list was read, or the server leaves some out: run again, best "
        "when nobody writes to 1C.",
    )
