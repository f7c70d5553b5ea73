"""Small numbers beside phone numbers: houses, offices, lines of a list, office hours, extensions without a word."""

from collections.abc import Iterator
from typing import Final

from astsync.phonebook.numbers.not_phones import PLACE_BEFORE, SHORT_DATE, are_hours, are_surely_hours
from astsync.phonebook.numbers.pieces import Piece, PieceKind
from astsync.phonebook.numbers.run_groups import Groups, digit_count
from astsync.phonebook.numbers.runs import Run

MOST_INDEX: Final = 4
"""Digits of a small number before a phone number."""

_MOST_SKIPPED = 6  # digits: a house and its part, a postal code, a short number of the office
_LEAST_ACCOUNT = 9  # digits in one piece


def is_placed(run: Run) -> bool:
    """Whether a word before a run makes its first digits a place, as ``офис`` does of ``301 229-30-42``."""
    match = PLACE_BEFORE.search(run.before) if run.before else None
    return match is not None and not (match["phone"] and run.text[1:2].isdigit())


def small_pieces(groups: Groups, at: int) -> Iterator[Piece]:
    """Yield the digits from group ``at`` to the next blank, or in brackets, as the small numbers they may be."""
    end = at + 1
    while end < groups.count and not groups.gaps[end].blank and not groups.gaps[end].opens:
        if groups.gaps[end].closes or end - at > _MOST_SKIPPED:
            break
        end += 1
    if end < groups.count and not groups.parts_at(end):
        return
    text, digits = groups.bare(at, end), "".join(groups.digits[at:end])
    opens = groups.gaps[at].opens
    closes = groups.gaps[end].closes if end < groups.count else groups.closed
    kind = _small_kind(groups, at, end, text)
    if kind is not None:
        yield Piece(end, kind)
    ended = not opens or closes
    short = len(digits) <= _MOST_SKIPPED or are_hours(text) or SHORT_DATE.fullmatch(text)
    if at and ended and short:
        yield Piece(end, PieceKind.AFTER)
    if not opens and (at or (len(digits) >= _LEAST_ACCOUNT and end == at + 1)):
        yield Piece(end, PieceKind.ACCOUNT)


def _small_kind(groups: Groups, at: int, end: int, text: str) -> PieceKind | None:
    """What a small number before a number is, by what marks it; None where it cannot stand before one."""
    if end == groups.count:
        return None
    digits = digit_count(text)
    gap = groups.gaps[end]
    opens = groups.gaps[at].opens
    if digits > MOST_INDEX and not are_hours(text):
        whole = digits <= _MOST_SKIPPED and end == at + 1 and gap.blank and not opens
        return PieceKind.INDEX if whole else None
    dotted = groups.between(end).startswith(". ")
    placed = at == 0 and is_placed(groups.run)
    hours = gap.blank and are_surely_hours(text)
    if (digits <= 2 and (dotted or (gap.closes and not opens))) or (placed and gap.blank and not opens) or hours:
        return PieceKind.MARKED
    if opens and not gap.closes:
        return None
    if opens and at:
        return PieceKind.REMARK  # 906 491 08 65 (12) 906 491 08 66
    if opens:
        return PieceKind.INDEX if digits <= 2 else None
    return PieceKind.INDEX if gap.blank or gap.opens else None
