"""Local numbers: which groups of digits look like one, and which are a date, a sum or a postal code instead."""

import re
from collections.abc import Iterator
from typing import Final

from astsync.phonebook.numbers.not_phones import FULL_HOURS, SHORT_DATE
from astsync.phonebook.numbers.run_groups import Groups, digit_count

LEAST_LOCAL: Final = 5
"""Digits of the shortest local number."""

MOST_LOCAL: Final = 8
"""Digits of the longest local number."""

USUAL_LOCAL: Final = 7
"""Digits of the usual local number."""

PREFIXES: Final = frozenset("780")
"""Digits that, apart, belong to a whole number."""

# A text with a code in brackets, a prefix apart or a single last digit is a whole number that lost digits.
_LOCAL = re.compile(r"(?![780][ .-]|0)\d+(?:[ .-]{1,3}\d+)*(?<=\d\d)")
_AMOUNT = re.compile(r"\d{1,2}(?: \d{3}){2,}|\d{1,2}\.\d{3,}")
_ROUND = re.compile(r"\d{1,3}[ -]?000|[1-9]00[ -][1-9]00")  # sums, ranges, postal codes of cities
# The groups in which people write local numbers: 322 is 229-30-42. Nobody writes 2-3-2.
_USUAL_GROUPS = frozenset(
    tuple(map(int, groups))
    for groups in "34 322 1222 223 133 313 331 222 33 24 42 1122 2112 213 2211 123 15 122 32 23 14 1112".split()
)
_LONGEST_LOCAL = 20  # characters
_SIX = 6  # digits of a local number behind a code of four


def local_digits(text: str, trunk: str) -> int:
    """How many digits a text has that may be a local number: 7 for ``229-30-42``; 0 for a date or anything else."""
    if not LEAST_LOCAL <= len(text) <= _LONGEST_LOCAL or text[0] == trunk or not _LOCAL.fullmatch(text):
        return 0
    width = digit_count(text)
    if not LEAST_LOCAL <= width <= MOST_LOCAL:
        return 0
    odd = (
        FULL_HOURS.fullmatch(text)
        or _AMOUNT.fullmatch(text)
        or SHORT_DATE.fullmatch(text)
        or (width == _SIX and _ROUND.fullmatch(text))
    )
    return 0 if odd else width


def local_ends(groups: Groups, at: int, trunk: str) -> Iterator[int]:
    """Yield behind which groups a local number may end that begins with group ``at``."""
    run, first = groups.run, groups.digits[at]
    if first[0] == "0" or first in PREFIXES or (at == 0 and (run.plus or run.glued)):
        return
    totals, least = groups.totals, groups.totals[at] + LEAST_LOCAL
    for end in range(at + 1, min(at + MOST_LOCAL, groups.count) + 1):
        if end > at + 1 and not _goes_on(groups, at, end - 1):
            return
        if totals[end] > totals[at] + MOST_LOCAL:
            return
        if totals[end] < least or len(groups.digits[end - 1]) < 2 or not groups.parts_at(end):
            continue
        if (run.glued and end == groups.count) or not _is_usual(groups, at, end):
            continue
        if local_digits(groups.bare(at, end), trunk):
            yield end


def _is_usual(groups: Groups, at: int, end: int) -> bool:
    """Whether people write local numbers in such groups; alone in its run and without blanks, one may have any."""
    if end == at + 1 or (end - at == groups.count and not any(gap.blank for gap in groups.gaps[at + 1 : end])):
        return True
    widths = tuple(map(len, groups.digits[at:end]))
    return sum(widths) == MOST_LOCAL or widths in _USUAL_GROUPS


def _goes_on(groups: Groups, at: int, here: int) -> bool:
    """Whether a local number that begins with group ``at`` may go on with group ``here``."""
    gap, group = groups.gaps[here], groups.digits[here]
    if not gap.weak or (gap.blank and len(group) == 1):
        return False  # 305 8 495 …: a digit apart is a prefix
    if here > at + 1:
        return True
    # 5 31-40-11 is an index and a number; 2 77 11 21 and 2-77-11-21 are numbers.
    return not (len(groups.digits[at]) == 1 and gap.blank) or (
        len(group) == 2 and all(later.blank for later in groups.gaps[here : here + 2])
    )
