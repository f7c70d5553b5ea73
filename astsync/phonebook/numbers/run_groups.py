"""A run as groups of digits and the gaps between them: where a number may go on, and where another may begin."""

import re
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple

from astsync.phonebook.numbers.runs import Run

GROUP: Final = re.compile(r"\d+")
_NO_DIGITS = str.maketrans("", "", "0123456789")
_ONE_PIECE = 10  # digits; a group with so many is a number by itself, whatever the country
_LEAST_REPEATED = 5  # digits of the shortest local number
_LONGEST_PERIOD = 6  # groups of one number
_LONGEST_WEAK = 3  # signs between two groups of a local number


def digit_count(text: str) -> int:
    """Count the digits 0 to 9 of a text."""
    return len(text) - len(text.translate(_NO_DIGITS))


class Gap(NamedTuple):
    """What stands between two groups of digits.

    ``weak``: it may stand inside a local number. ``joins``: it may stand inside a whole number. ``parts``: one number
    may end before it and another begin behind it. A gap may join and part; the cost of a cut decides then.
    ``slash``, ``blank``: it holds such a sign. ``opens``, ``closes``: a bracket opens, closes in it.
    """

    weak: bool
    joins: bool
    parts: bool
    slash: bool
    blank: bool
    opens: bool
    closes: bool


@lru_cache(maxsize=1024)
def _gap(text: str) -> Gap:
    slash = "/" in text or "\\" in text
    long = "--" in text or ".." in text or ". " in text
    parts = " " in text or "(" in text or text[-1] == ")" or long or slash
    weak = len(text) <= _LONGEST_WEAK and not text.strip(" .-") and ". " not in text
    return Gap(weak, not ("---" in text or ".." in text), parts, slash, " " in text, "(" in text, ")" in text)


def _period(digits: list[str], gaps: list[str]) -> int:
    """How many groups each number has, where a run repeats one way of writing; else 0.

    229-30-51-229-30-52 repeats groups of 3, 2 and 2 digits: 3.
    """
    count = len(digits)
    for period in range(1, min(count // 2, _LONGEST_PERIOD) + 1):
        widths = [len(group) for group in digits[:period]]
        if count % period or sum(widths) < _LEAST_REPEATED:
            continue
        between = gaps[period - 1]
        repeats = all(len(group) == widths[at % period] for at, group in enumerate(digits))
        inside = all(gap == (between if (at + 1) % period == 0 else gaps[at % period]) for at, gap in enumerate(gaps))
        if repeats and inside:
            return period
    return 0


class Groups:
    """A run as its groups of digits and the gaps between them; ``gaps[k]`` stands before group ``k``."""

    def __init__(self, run: Run) -> None:
        self.run, self.text = run, run.text
        matches = list(GROUP.finditer(run.text))
        self.digits = [match[0] for match in matches]
        self.starts = [match.start() for match in matches]
        self.ends = [match.end() for match in matches]
        self.count = len(matches)
        self.totals = [0, *accumulate(map(len, self.digits))]
        texts = [run.text[self.ends[at - 1] : self.starts[at]] for at in range(1, self.count)]
        opened = run.text.startswith("(")
        before = Gap(weak=False, joins=True, parts=True, slash=False, blank=True, opens=opened, closes=False)
        self.gaps = [before, *map(_gap, texts)]
        self._period = _period(self.digits, texts) if self.count > 1 else 0

    @property
    def closed(self) -> bool:
        """Whether a bracket closes behind the last group; before a comma a typist may leave it out."""
        return self.run.comma or ")" in self.text[self.ends[-1] :]

    @property
    def is_sparse(self) -> bool:
        """Whether most digits stand alone: 8 9 1 6 1 2 3."""
        return 2 * self.totals[-1] < 3 * self.count

    def slice(self, start: int, end: int) -> str:
        """The text of the groups from ``start`` up to ``end``, with the bracket that opens before it."""
        first = self.starts[start]
        if self.gaps[start].opens:
            first = self.text.rindex("(", 0, first)
        return self.text[first : self.ends[end - 1]]

    def bare(self, start: int, end: int) -> str:
        """The text of the groups from ``start`` up to ``end`` without any bracket around it."""
        return self.text[self.starts[start] : self.ends[end - 1]]

    def parts_at(self, at: int) -> bool:
        """Whether one piece may end, and the next begin, before group ``at``."""
        if at in {0, self.count} or self.gaps[at].parts:
            return True
        if self._period and at % self._period == 0:
            return True  # 229-30-51-229-30-52
        return len(self.digits[at - 1]) >= _ONE_PIECE and len(self.digits[at]) >= _ONE_PIECE  # 89161234567-89261234568

    def between(self, at: int) -> str:
        """The text between group ``at`` and the group before it."""
        return self.text[self.ends[at - 1] : self.starts[at]]

    def width(self, start: int, end: int) -> int:
        """How many digits the groups from ``start`` up to ``end`` have together."""
        return self.totals[end] - self.totals[start]
