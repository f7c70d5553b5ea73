"""Whole numbers in a run: which groups of digits are one number, and how sure that is."""

from collections.abc import Iterator
from typing import Final

from astsync.phonebook.numbers.local_numbers import LOCAL_DIGITS
from astsync.phonebook.numbers.reading import Number, Reader
from astsync.phonebook.numbers.run_groups import WHOLE, Groups
from astsync.phonebook.numbers.small_numbers import is_placed
from astsync.phonebook.numbers.ways import Kind, Piece

MOST_NUMBER: Final = 18
"""Digits of a number with an international prefix."""

CODE: Final = 3
"""Digits of the usual area code."""

_MOST_GROUPS = 8  # of one number among others; alone it may have each digit apart
_MOST_BEFORE_BRACKET = 6  # digits: a prefix and an area code
_MOST_PREFIXED = 9  # digits before a slash that are no whole number yet: 8 495 229/30/42
_MOST_READ = 60  # candidates of one run that are read closely, beside those that its length allows


def _is_international_prefix(groups: list[str]) -> bool:
    """Tell whether two groups begin 8 10 375 … or 00 49 …"""
    return (
        groups[0] in {"8", "00"}
        and len(groups) > 1
        and (groups[1][:2] == "10" if groups[0] == "8" else groups[1][0] != "0")
    )


class NumberPieces:
    """The whole numbers of one run, found by a reader of its country."""

    def __init__(self, reader: Reader, length: int) -> None:
        """``length``: characters of the run, which bound how many candidates are read closely."""
        self._reader = reader
        self._budget = _MOST_READ + length // 2
        self._known: dict[int, list[Piece]] = {}

    def starting(self, groups: Groups, at: int, *, plus: bool) -> list[Piece]:
        """The numbers that begin with a group, read once."""
        known = self._known.get(at)
        if known is None:
            known = self._known[at] = list(self._find(groups, at, plus=plus))
        return known

    def _find(self, groups: Groups, at: int, *, plus: bool) -> Iterator[Piece]:
        gaps, totals, digits = groups.gaps, groups.totals, groups.digits
        first = at == 0 or _is_international_prefix(digits[at : at + 2])
        counts = self._reader.counts("".join(digits[at : at + 3])[:3], plus=plus, first=first)
        most = groups.count if at == 0 and groups.count <= MOST_NUMBER else min(at + _MOST_GROUPS, groups.count)
        longest = totals[at] + MOST_NUMBER
        for end in range(at + 1, most + 1):
            if end > at + 1:
                gap = gaps[end - 1]
                if not (self._joins(groups, at, end - 1) if gap.slash or gap.opens else gap.joins):
                    return
            if totals[end] > longest:
                return
            if totals[end] - totals[at] not in counts:
                continue
            if not groups.parts_at(end) and not self._has_hyphen_tail(groups, at, end):
                continue
            number = self._read(groups.slice(at, end), plus=plus)
            kind = self._kind(groups, at, end, number, plus=plus) if number is not None else None
            if kind is not None:
                yield from self._ended(groups, end, kind, number)

    @staticmethod
    def _ended(groups: Groups, end: int, kind: Kind, number: Number | None) -> Iterator[Piece]:
        if groups.parts_at(end):
            yield Piece(end, kind, number)
        elif kind in {Kind.PREFIXED, Kind.BRACKETED}:
            yield Piece(groups.count, kind, number)

    def _read(self, text: str, *, plus: bool) -> Number | None:
        plain = self._reader.read_plain(text, plus=plus)
        if plain is not None or not self._budget:
            return plain
        self._budget -= 1
        return self._reader.read_closely(text, plus=plus)

    def _has_hyphen_tail(self, groups: Groups, at: int, end: int) -> bool:
        """Tell whether other last digits of a number follow a hyphen: 8-(3412)-65-08-71-72."""
        if end != groups.count - 1 or not 2 <= len(groups.digits[end]) <= 4:
            return False
        prefix_apart = groups.digits[at] in {self._reader.plan.trunk, self._reader.code} and not groups.gaps[at].opens
        if not prefix_apart and len(groups.digits[at]) < CODE:
            return False
        pairs = [len(group) for group in groups.digits[end - 2 : end]] == [2, 2]
        return (pairs or len(groups.digits[end - 1]) >= LOCAL_DIGITS[0]) and groups.between(end) == "-"

    def _joins(self, groups: Groups, at: int, here: int) -> bool:
        """Tell whether a slash or a bracket before group ``here`` may stand inside a number that begins with ``at``."""
        gap = groups.gaps[here]
        prefixed = (at == 0 and groups.run.plus) or groups.digits[at] in {self._reader.plan.trunk, self._reader.code}
        so_far = groups.width(at, here)
        if gap.opens:  # prefixes and area codes stand before a bracket: 351-40-11 (220) has an extension
            last = here + 1 == groups.count or groups.gaps[here + 1].opens
            return gap.joins and (so_far <= _MOST_BEFORE_BRACKET or (prefixed and not last))
        if at and not groups.gaps[at].slash:
            return False
        if so_far <= _MOST_BEFORE_BRACKET or (prefixed and so_far <= _MOST_PREFIXED and len(groups.between(here)) == 1):
            return gap.joins
        return all(groups.gaps[k].slash for k in range(at + 1, here))

    def _kind(self, groups: Groups, at: int, end: int, number: Number, *, plus: bool) -> Kind | None:
        """Tell how sure a number is, by its prefix and its code; None where its groups are not those of a number."""
        first = groups.digits[at]
        even = self._is_even(groups, at, end)
        if self._lost_a_digit(groups, at, end, even=even):
            return None
        if plus:
            return Kind.PREFIXED
        if groups.width(at, end) > len(number.national):
            return self._kind_of_prefixed(groups, at, end, number)
        if groups.gaps[at].opens and any(gap.closes for gap in groups.gaps[at + 1 : end]):
            return Kind.BRACKETED
        if at == 0 and len(first) in {CODE - 1, CODE} and end > 1 and groups.gaps[1].blank and is_placed(groups.run):
            return None  # офис 301 229-30-42
        code = CODE if self._reader.plan.length >= WHOLE else CODE - 1
        whole = end == at + 1 or (even and end - at == groups.count)
        if self._is_local_first(groups, at, end) or (len(first) < code and not whole):
            return None
        return Kind.BARE

    @staticmethod
    def _lost_a_digit(groups: Groups, at: int, end: int, *, even: bool) -> bool:
        """Tell whether a last digit apart belongs to what follows: 8 905 900 11 7 5 этаж, 8 903 625 17 4 8 903 …"""
        if len(groups.digits[end - 1]) > 1 or all(len(group) == 1 for group in groups.digits[at:end]):
            return False
        twice = len(groups.digits[max(end - 2, 0)]) == 1
        return twice or end < groups.count or (not even and groups.gaps[end - 1].blank)

    def _kind_of_prefixed(self, groups: Groups, at: int, end: int, number: Number) -> Kind | None:
        first, home = groups.digits[at], number.country_code == self._reader.code
        if not home and any(gap.slash for gap in groups.gaps[at + 1 : end]):
            return None
        if groups.gaps[at].opens or len(first) not in {2, 3} or first[0] == "0":
            return Kind.PREFIXED
        if home:
            return Kind.BARE
        return Kind.PREFIXED if first in {number.country_code, "810", "38"} else None

    def _is_local_first(self, groups: Groups, at: int, end: int) -> bool:
        """Tell a local number and what follows it from a number without brackets: 351-40-11 220, 225 82 86 12."""
        widths = [len(group) for group in groups.digits[at:end]]
        if widths[:3] == [3, 2, 2] and len(widths) == 4:
            return self._reader.plan.length >= WHOLE or self._reader.plan.code_width < CODE
        gaps = groups.gaps[at + 2 : end]
        hyphens = [place for place, gap in enumerate(gaps) if not gap.blank]
        return bool(hyphens) and any(gap.blank for gap in gaps[hyphens[0] :])

    @staticmethod
    def _is_even(groups: Groups, at: int, end: int) -> bool:
        """Tell whether all gaps of a number are alike: 9 161 234 567 is one number, 9-18 229-30-70 is not."""
        texts = {groups.between(k) for k in range(at + 1, end)}
        return len(texts) == 1
