"""Whole numbers in a run: which groups of digits are one number, and how sure that is."""

from collections.abc import Iterator
from typing import Final

from astsync.phonebook.numbers.local_numbers import LEAST_LOCAL
from astsync.phonebook.numbers.pieces import SURE, Piece, PieceKind
from astsync.phonebook.numbers.reading import Number, NumberReader
from astsync.phonebook.numbers.run_groups import Groups
from astsync.phonebook.numbers.small_numbers import is_placed

MOST_DIGITS: Final = 18
"""Digits of a number with an international prefix."""

CODE_DIGITS: Final = 3
"""Digits of the usual area code."""

NATIONAL_DIGITS: Final = 10
"""Digits of a national number where the usual area code has three: Russia, Kazakhstan, the USA."""

_MOST_GROUPS = 8  # of one number among others; alone it may have each digit apart
_MOST_BEFORE_BRACKET = 6  # digits: a prefix and an area code
_MOST_PREFIXED = 9  # digits before a slash that are no whole number yet: 8 495 229/30/42
_MOST_READ = 60  # candidates of one run that are read closely, beside those that its length allows


def _is_international_prefix(groups: list[str]) -> bool:
    """Whether two groups begin an international number: 8 10 375 …, 00 49 …"""
    return (
        groups[0] in {"8", "00"}
        and len(groups) > 1
        and (groups[1][:2] == "10" if groups[0] == "8" else groups[1][0] != "0")
    )


class WholeNumbers:
    """The whole numbers of one run, found by a reader of its country."""

    def __init__(self, reader: NumberReader, groups: Groups) -> None:
        self._reader, self._groups = reader, groups
        # To read closely asks libphonenumber, which takes long. A longer run may ask more often, up to a bound.
        self._budget = _MOST_READ + len(groups.text) // 2
        self._known: dict[int, list[Piece]] = {}

    def starting(self, at: int, *, plus: bool) -> list[Piece]:
        """The numbers that begin with group ``at``. They are read once and then remembered."""
        known = self._known.get(at)
        if known is None:
            known = self._known[at] = list(self._find(at, plus=plus))
        return known

    def _find(self, at: int, *, plus: bool) -> Iterator[Piece]:
        groups = self._groups
        gaps, totals, digits = groups.gaps, groups.totals, groups.digits
        first = at == 0 or _is_international_prefix(digits[at : at + 2])
        counts = self._reader.counts("".join(digits[at : at + 3])[:3], plus=plus, first=first)
        most = groups.count if at == 0 and groups.count <= MOST_DIGITS else min(at + _MOST_GROUPS, groups.count)
        longest = totals[at] + MOST_DIGITS
        for end in range(at + 1, most + 1):
            if end > at + 1:
                gap = gaps[end - 1]
                if not (self._joins(at, end - 1) if gap.slash or gap.opens else gap.joins):
                    return
            if totals[end] > longest:
                return
            if totals[end] - totals[at] not in counts:
                continue
            if not groups.parts_at(end) and not self._has_hyphen_tail(at, end):
                continue
            number = self._read(groups.slice(at, end), plus=plus)
            kind = self._kind(at, end, number, plus=plus) if number is not None else None
            if kind is not None:
                yield from self._ended(end, kind, number)

    def _ended(self, end: int, kind: PieceKind, number: Number | None) -> Iterator[Piece]:
        """The number as a piece; a hyphen tail (see ``_has_hyphen_tail``) is passed over with it."""
        if self._groups.parts_at(end):
            yield Piece(end, kind, number)
        elif kind in SURE:
            yield Piece(self._groups.count, kind, number)

    def _read(self, text: str, *, plus: bool) -> Number | None:
        plain = self._reader.read_plain(text, plus=plus)
        if plain is not None or not self._budget:
            return plain
        self._budget -= 1
        return self._reader.read_closely(text, plus=plus)

    def _has_hyphen_tail(self, at: int, end: int) -> bool:
        """Whether other last digits of a number follow a hyphen: 8-(3412)-65-08-71-72."""
        groups = self._groups
        if end != groups.count - 1 or not 2 <= len(groups.digits[end]) <= 4:
            return False
        prefix_apart = groups.digits[at] in {self._reader.plan.trunk, self._reader.code} and not groups.gaps[at].opens
        if not prefix_apart and len(groups.digits[at]) < CODE_DIGITS:
            return False
        pairs = [len(group) for group in groups.digits[end - 2 : end]] == [2, 2]
        return (pairs or len(groups.digits[end - 1]) >= LEAST_LOCAL) and groups.between(end) == "-"

    def _joins(self, at: int, here: int) -> bool:
        """Whether a slash or a bracket before group ``here`` may stand inside a number that begins with ``at``."""
        groups = self._groups
        gap = groups.gaps[here]
        prefixed = (at == 0 and groups.run.plus) or groups.digits[at] in {self._reader.plan.trunk, self._reader.code}
        so_far = groups.width(at, here)
        if gap.opens:  # only prefixes and area codes stand before a bracket: 351-40-11 (220) has an extension
            last = here + 1 == groups.count or groups.gaps[here + 1].opens
            return gap.joins and (so_far <= _MOST_BEFORE_BRACKET or (prefixed and not last))
        if at and not groups.gaps[at].slash:
            return False
        if so_far <= _MOST_BEFORE_BRACKET or (prefixed and so_far <= _MOST_PREFIXED and len(groups.between(here)) == 1):
            return gap.joins
        return all(groups.gaps[k].slash for k in range(at + 1, here))

    def _kind(self, at: int, end: int, number: Number, *, plus: bool) -> PieceKind | None:
        """How sure a number is, by its prefix and its code; None where its groups are not those of a number."""
        groups = self._groups
        first = groups.digits[at]
        even = self._is_even(at, end)
        if self._lost_a_digit(at, end, even=even):
            return None
        if plus:
            return PieceKind.PREFIXED
        if groups.width(at, end) > len(number.national):
            return self._kind_of_prefixed(at, end, number)
        if groups.gaps[at].opens and any(gap.closes for gap in groups.gaps[at + 1 : end]):
            return PieceKind.BRACKETED
        has_word_of_place = at == 0 and is_placed(groups.run)
        if has_word_of_place and len(first) in {CODE_DIGITS - 1, CODE_DIGITS} and end > 1 and groups.gaps[1].blank:
            return None  # офис 301 229-30-42
        code = CODE_DIGITS if self._reader.plan.length >= NATIONAL_DIGITS else CODE_DIGITS - 1
        whole = end == at + 1 or (even and end - at == groups.count)
        if self._is_local_first(at, end) or (len(first) < code and not whole):
            return None
        return PieceKind.BARE

    def _lost_a_digit(self, at: int, end: int, *, even: bool) -> bool:
        """Whether a last digit apart belongs to what follows: 8 905 900 11 7 5 этаж, 8 903 625 17 4 8 903 …"""
        groups = self._groups
        if len(groups.digits[end - 1]) > 1 or all(len(group) == 1 for group in groups.digits[at:end]):
            return False
        twice = len(groups.digits[max(end - 2, 0)]) == 1
        return twice or end < groups.count or (not even and groups.gaps[end - 1].blank)

    def _kind_of_prefixed(self, at: int, end: int, number: Number) -> PieceKind | None:
        groups = self._groups
        first, home = groups.digits[at], number.country_code == self._reader.code
        if not home and any(gap.slash for gap in groups.gaps[at + 1 : end]):
            return None
        if groups.gaps[at].opens or len(first) not in {2, 3} or first[0] == "0":
            return PieceKind.PREFIXED
        if home:
            return PieceKind.BARE
        return PieceKind.PREFIXED if first in {number.country_code, "810", "38"} else None

    def _is_local_first(self, at: int, end: int) -> bool:
        """Whether the groups are a local number and what follows it, no whole number: 351-40-11 220, 225 82 86 12."""
        groups = self._groups
        widths = [len(group) for group in groups.digits[at:end]]
        if widths[:3] == [3, 2, 2] and len(widths) == 4:
            return self._reader.plan.length >= NATIONAL_DIGITS or self._reader.plan.code_width < CODE_DIGITS
        gaps = groups.gaps[at + 2 : end]
        hyphens = [place for place, gap in enumerate(gaps) if not gap.blank]
        return bool(hyphens) and any(gap.blank for gap in gaps[hyphens[0] :])

    def _is_even(self, at: int, end: int) -> bool:
        """Whether all gaps of a number are alike: 9 161 234 567 is one number, 9-18 229-30-70 is not."""
        return len({self._groups.between(k) for k in range(at + 1, end)}) == 1
