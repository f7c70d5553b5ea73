"""The headers and totals of reports: a header in two lines, the upper of which names groups, and rows of totals.

A cell that is merged over several columns keeps its text in the first of them; the others are empty. So a group goes
on to the right until the next text in the upper line.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

_LONGEST_WORDS = 40
_DIGITS = 3
_LIKE_PHONE = re.compile(
    r"^\d{1,2}$|раб|моб|сот|дом|осн|доп|личн|город|служ|конт|тел|номер|phone|mobile|cell|work|home|office|main",
    re.IGNORECASE,
)
_NO_PHONE = re.compile(
    r"вид|тип|код|доб|дата|комм|прим|договор|счет|счёт|инн|лицо|mail|почт|адрес|факс|fax|ext|type|kind|date|address",
    re.IGNORECASE,
)
_FOOTER = re.compile(
    r"((общий |grand )?(итог\w*|всего|total)|количество записей|кол-во)( по\b.*)?[ :.\d]*", re.IGNORECASE
)
_FOOTER_LETTERS = frozenset("иИвВоОкКtTgG ")
_WRITTEN_WHOLE = re.compile(r"(\d{5,20})[.,]0{1,6}")
_WITH_EXPONENT = re.compile(r"(\d)[.,](\d{4,19})[eE]\+?(\d{1,2})")


@dataclass(frozen=True, slots=True)
class Joined:
    """Two lines of a header as one: ``cells`` to find columns by, ``full`` with the words of both lines."""

    cells: list[str]
    full: list[str]


def joined(upper: Sequence[Any], lower: Sequence[Any], is_phone: Callable[[str], bool]) -> Joined:
    """Join two lines; below a group that is a phone («Телефон») stand its kinds («рабочий», «мобильный»)."""
    cells, full, group = [], [], ""
    for above, below in _pairs(upper, lower):
        group = above or (group if below else "")
        kind = below and is_phone(group) and _LIKE_PHONE.search(below) and not _NO_PHONE.search(below)
        cells.append(group if kind else below or group)
        full.append(f"{group} {below}".strip() if below != group else below)
    return Joined(cells, full)


def continues(upper: Sequence[Any], lower: Sequence[Any], name: int) -> bool:
    """Whether the row ``lower`` is the second line of the header ``upper``, and not the first record.

    A record has a name: the second line has nothing in the column ``name``. Its other cells are short words without
    numbers. At least one of them stands below an empty cell, which is a part of a merged one.
    """
    if len(lower) > name and lower[name] not in (None, ""):
        return False
    held = [cell for cell in lower if cell not in (None, "")]
    if not held or not all(isinstance(cell, str) and _are_words(cell) for cell in held):
        return False
    return any(below and not above for above, below in _pairs(upper, lower))


def is_footer(first: str, cells: Sequence[Any], phones: Sequence[int]) -> bool:
    """Whether a row is one of totals, told by its first text («Итого»).

    A counterparty may be called so («Итого ООО»): a row with a phone is a record.
    """
    if first[:1] not in _FOOTER_LETTERS or not _FOOTER.fullmatch(first.strip()):
        return False
    return not any(sum(map(str.isdigit, str(cells[at]))) >= 5 for at in phones if at < len(cells))


def whole_digits(text: str) -> str:
    """The digits of a number that a spreadsheet wrote as a fraction or with an exponent.

    ``79161234567.0`` and ``7.9161234567E+10`` are ``79161234567``. Where digits were lost (``7.91612E+10``) the text
    stays as it is: with zeros in their places it would be somebody else's number.
    """
    found = _WRITTEN_WHOLE.fullmatch(text)
    if found:
        return found[1]
    found = _WITH_EXPONENT.fullmatch(text)
    return found[1] + found[2] if found and len(found[2]) == int(found[3]) else text


def _are_words(cell: str) -> bool:
    return len(cell) <= _LONGEST_WORDS and sum(map(str.isdigit, cell)) < _DIGITS


def _pairs(upper: Sequence[Any], lower: Sequence[Any]) -> list[tuple[str, str]]:
    width = max(len(upper), len(lower))
    return [(_words(upper, at), _words(lower, at)) for at in range(width)]


def _words(cells: Sequence[Any], at: int) -> str:
    cell = cells[at] if at < len(cells) else ""
    return " ".join(cell.split()) if isinstance(cell, str) else ""
