"""Small numbers beside phone numbers: houses, offices, lines of a list, office hours, extensions without a word."""

import re
from collections.abc import Iterator
from typing import Final

from astsync.phonebook.numbers.field import Run
from astsync.phonebook.numbers.local_numbers import SHORT_DATE
from astsync.phonebook.numbers.run_groups import Groups, digit_count
from astsync.phonebook.numbers.ways import Kind, Piece

MOST_INDEX: Final = 4
"""Digits of a small number before a phone number."""

_MOST_SKIPPED = 6  # digits: a house and its part, a postal code, a short number of the office
_LEAST_ACCOUNT = 9  # digits in one piece
_HOURS = re.compile(r"(?:[01]?\d|2[0-4])(?:[.:][0-5]\d)?(?:-(?:[01]?\d|2[0-4])(?:[.:][0-5]\d)?)?")
_TWO_HOURS = re.compile(r"\d+-\d+|\d+[.:]\d\d(?:-.*)?")
_PLACES = (
    r"домофон|оф(?:[иі]с\w{0,3})?|каб(?:инет\w{0,2})?|кв(?:арт\w{0,4})?|комн?(?:ат\w{0,2})?|д(?:ом\w{0,2})?|корп(?:ус\w{0,2})?|стр(?:оен\w{0,3})?"
    r"|эт(?:аж\w{0,2})?|под(?:ъезд\w{0,2})?|отд(?:ел\w{0,6})?|маг(?:азин\w{0,2})?|школ\w{0,2}|сад\w{0,2}|цех\w{0,2}|склад\w{0,2}"
    r"|аптек\w{0,2}|уч(?:аст\w{0,4})?|бригад\w{0,2}|пав(?:ильон\w{0,2})?|бокс\w{0,2}|ряд\w{0,2}|мест\w{0,2}|пост\w{0,2}|секци\w{0,2}"
    r"|касс\w{0,2}|пом(?:ещен\w{0,3})?|терминал\w{0,2}|филиал\w{0,2}|лини\w{0,2}|ауд(?:итор\w{0,3})?|палат\w{0,2}|окн\w{0,2}"
    r"|объект\w{0,2}|п|к|до|азс|мкр|сектор|автобус|ячейк\w|а/я|в/ч|кабін\w{0,3}|буд(?:инок)?|поверх|room|office|floor|apt"
)
# "т.1 731-40-11" is the first telephone; with a blank behind it, or more digits, "т." stands before a number.
_PLACE = re.compile(rf"(?:(?<![^\W\d_])(?:{_PLACES})|№)[\s.№#]{{0,3}}\Z|(?<![^\W\d_])(?P<phone>т(?:ел)?\.?)\Z")


def is_placed(run: Run) -> bool:
    """Tell whether a word before a run makes its first digits those of a place: an office, a house, a floor."""
    match = _PLACE.search(run.before) if run.before else None
    return match is not None and not (match["phone"] and run.text[1:2].isdigit())


def small_pieces(groups: Groups, at: int) -> Iterator[Piece]:
    """Yield the digits up to the next blank, or in brackets, as a small number that is part of none."""
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
    short = len(digits) <= _MOST_SKIPPED or _HOURS.fullmatch(text) or SHORT_DATE.fullmatch(text)
    if at and ended and short:
        yield Piece(end, Kind.AFTER)
    if not opens and (at or (len(digits) >= _LEAST_ACCOUNT and end == at + 1)):
        yield Piece(end, Kind.ACCOUNT)


def _small_kind(groups: Groups, at: int, end: int, text: str) -> Kind | None:
    """Tell what a small number may stand before, by what marks it."""
    if end == groups.count:
        return None
    digits = digit_count(text)
    gap = groups.gaps[end]
    opens = groups.gaps[at].opens
    if digits > MOST_INDEX and not _HOURS.fullmatch(text):
        whole = digits <= _MOST_SKIPPED and end == at + 1 and gap.blank and not opens
        return Kind.INDEX if whole else None
    dotted = groups.between(end).startswith(". ")
    placed = at == 0 and is_placed(groups.run)
    hours = gap.blank and _HOURS.fullmatch(text) is not None and _TWO_HOURS.fullmatch(text) is not None
    if (digits <= 2 and (dotted or (gap.closes and not opens))) or (placed and gap.blank and not opens) or hours:
        return Kind.MARKED
    if opens and not gap.closes:
        return None
    if opens and at:
        return Kind.REMARK  # 906 491 08 65 (12) 906 491 08 66
    if opens:
        return Kind.INDEX if digits <= 2 else None
    return Kind.INDEX if gap.blank or gap.opens else None
