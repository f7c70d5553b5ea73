"""One way through a set that may change meanwhile: each page begins with the row that ended the page before.

1C has no snapshot between pages, and a page is asked for by the number of its first row. So a row that is deleted
before that place pulls all others forward, and as many of them would be passed over as were deleted, without a sign:
fewer rows come, and fewer there are. The row that two pages share shows it. Where another row stands in its place the
walk goes back to rows that it has read, and from there on. Then it has met every row that stayed where it was among its
neighbours; one that was renamed past the walk can still be missed, which is why ``moved`` asks for a second walk.
"""

import logging
from collections.abc import Callable, Iterator, Set

from astsync.errors import SourceBadAnswer
from astsync.sources.formats.values import Row

logger = logging.getLogger(__name__)

Key = Callable[[Row], str]
Ask = Callable[[int, int], tuple[list[Row], bool]]
"""Asks for the rows from a place on, the first row's being 0, for at least so many; True: as many came."""

_SAME_PAGES = 3
_IDLE_PAGES = 1000
_MOST_STEPS_BACK = 30
_MOST_GAPS = 3
NO_ROWS = "a page is empty where there had been rows"


class OverlappingPages:
    """Iterating gives the pages, without the rows that came before or that are in ``given``. Raises SourceError.

    ``met`` are the keys of all rows so far. ``moved``: rows changed their places meanwhile. ``gaps``: how many
    pages were empty where there had been a row; one is the truth after deletions, or a lie of a server that leaves
    pages out, and only another walk can tell.
    """

    def __init__(self, name: str, ask: Ask, key: Key, given: Set[str] = frozenset()) -> None:
        self._name, self._ask, self._key, self._given = name, ask, key, given
        self._place, self._shared = 0, ""
        self._longest = 0
        self._astray = False
        self._step, self._steps_back = 1, 0
        self._first, self._same, self._idle = "", 0, 0
        self.met: set[str] = set()
        self.moved = False
        self.gaps = 0

    def __iter__(self) -> Iterator[list[Row]]:
        while True:
            page, full = self._ask(self._place, 2 if self._shared else 1)
            marks = [self._key(row) for row in page]
            if self._shared and self._place and not self._joins(marks):
                self._go_back(marks)
                continue
            if marks == [self._shared] and self._longest == 1:
                # A server that gives one row a page never gives the one behind the shared row with it.
                self._place, self._shared = self._place + 1, ""
                continue
            if not marks or self._is_end(marks, full=full):
                self.gaps += not self.met and bool(self._given)
                return
            yield self._new(page, marks)
            self._go_on(marks)

    def _joins(self, marks: list[str]) -> bool:
        """Tell whether a page begins with a row that was read, so that nothing lies between."""
        joined = bool(marks) and marks[0] in self.met
        self.moved |= not joined or marks[0] != self._shared
        return joined

    def _is_end(self, marks: list[str], *, full: bool) -> bool:
        """Tell whether nothing stands behind the shared row, be it with what was added before it meanwhile."""
        return marks[-1] == self._shared and not full and (len(marks) == 1 or marks[0] != self._first)

    def _go_back(self, marks: list[str]) -> None:
        if not (marks or self._astray):
            self.gaps += 1
        self._astray = True
        self._steps_back += 1
        if self.gaps > _MOST_GAPS:
            raise not_whole(self._name, NO_ROWS)
        if self._steps_back > _MOST_STEPS_BACK:
            raise not_whole(self._name, "its rows change their places all the time")
        logger.debug("%s: rows were deleted before place %d: going back", self._name, self._place)
        self._place = max(0, self._place - self._step)
        self._step *= 2
        self._first = ""

    def _new(self, page: list[Row], marks: list[str]) -> list[Row]:
        before = len(self.met)
        new: list[Row] = []
        for mark, row in zip(marks, page, strict=True):
            if mark not in self.met:
                self.met.add(mark)
                if mark not in self._given:
                    new.append(row)
        self._count_idle(marks[0], idle=len(self.met) == before)
        return new

    def _count_idle(self, first: str, *, idle: bool) -> None:
        """Raise SourceBadAnswer when the walk gets nowhere.

        Pages without new rows may come after a step back, or when many were added before them; but those move on.
        """
        self._idle = self._idle + 1 if idle else 0
        self._same = self._same + 1 if idle and first == self._first else 0
        self._first = first
        if self._same == _SAME_PAGES or self._idle == _IDLE_PAGES:
            raise SourceBadAnswer(
                f"{self._name} cannot be read whole: the same rows come on every page",
                hint="$skip has no effect: the platform is older than 8.3.8, or a proxy before 1C drops the query.",
            )

    def _go_on(self, marks: list[str]) -> None:
        """Let the next page begin with the last row of this one."""
        self._longest = max(self._longest, len(marks))
        self._place += len(marks) - 1
        self._shared = marks[-1]
        self._step, self._astray = len(marks), False


def not_whole(name: str, why: str) -> SourceBadAnswer:
    """Make the error of a set of which rows are missing."""
    return SourceBadAnswer(
        f"{name} was not read whole: {why}",
        hint="Records were deleted or renamed while the list was read, or the server leaves some out: run again, best "
        "when nobody writes to 1C.",
    )
