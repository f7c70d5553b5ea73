"""What spreadsheets and typists did to the numbers of a field undone: 7.9161234567e10, 79161234567,00, 7:916:123:45:67.

A repair is exact or it is not made: a number that a spreadsheet has rounded lost digits, and stays no number. Every
pattern here looks at a bounded stretch behind a digit or a sign, so the work grows with the length of the text.
"""

import re
from collections.abc import Callable
from typing import Final

from astsync.language import say

SPREADSHEET: Final = say("a spreadsheet's number restored")
SEPARATORS: Final = say("odd separators taken as hyphens")

# 79161234567.0, 79 161 234 569,00: the fraction of a whole number, where nothing of a number follows it.
_FRACTION = re.compile(
    r"(?<=\d\d\d)[.,]0{1,2}(?!\d|[.,-]\d)"
    r"(?= {0,3}(?:\Z|[^\d .,])|[.,](?!\d)| (?=\+?\d{9,12}(?:[.,]0)?(?!\d)))"
)
# 7.9161234563e10: as many decimals as the exponent says, so that no digit is lost.
_FLOAT = re.compile(r"(?<![\d.,])(\d)[.,](\d{6,14})[eе]\+?(\d{1,3})(?!\d)")
_EXPONENT = re.compile(r"[eе][+0189]")
_THOUSANDS = re.compile(r"(?<![\d.,(])\d{1,3}(?:,\d{3}){2,4}(?![\d,]|\.\d)")
_LIST_SPREAD = 20  # 101,102,105 are numbers of one office, not thousands
# 7:913:007:31:12, 8•916•123•45•98: one sign between all groups. Bounded: at most eleven groups of four digits.
_SAME_SIGN = re.compile(r"(?<!\d)(?<!\d[^\w\s])\d{1,4}([^\w\s()+/\\.-])\d{1,4}(?:\1\d{1,4}){2,9}(?!\1?\d)")
_SIGN = re.compile(r"\d[^\w\s()+/\\.-]\d")
# 8 916 123,45 67: a comma typed within a number that has its prefix apart.
_STRAY_COMMA = re.compile(
    r"(?<![\d,])(?<![\d,][ (-])(?:\+? ?7|8)[ (-]{1,2}\d{1,4}(?:[ )-]{1,2}\d{1,4}){0,4},"
    r"(?:\d{1,4}(?!\d)[ -]?){1,4}(?![\d,])"
)
# 8-w-10, 8p10: between both the caller waits for the second dialling tone. With it gone, 810 is one prefix.
_TONE = re.compile(r"(?<!\d)8[ -]?[wpг][ -]?10(?=[ -]?\d)")

IsNumber = Callable[[str], bool]
"""Whether digits are a whole phone number with its prefix."""


def repair(text: str, is_number: IsNumber) -> tuple[str, list[str]]:
    """Undo the damage in a plain text (see ``cleaning.plain``). Returns the text and the rules used."""
    rules: list[str] = []
    restored = _restore(text) if "." in text or "," in text else text
    if restored != text:
        rules.append(SPREADSHEET)
    if "10" in restored and ("w" in restored or "p" in restored or "г" in restored):
        restored = _TONE.sub("810", restored)
    joined = restored
    if _SIGN.search(restored):
        joined = _SAME_SIGN.sub(lambda match: _joined(match[0], match[1], is_number), restored)
    if "," in joined:
        joined = _STRAY_COMMA.sub(lambda match: _joined(match[0], ",", is_number), joined)
    if joined != restored:
        rules.append(SEPARATORS)
    return joined, rules


def _restore(text: str) -> str:
    if ".0" in text or ",0" in text:
        text = _FRACTION.sub("", text)
    if _EXPONENT.search(text):
        text = _FLOAT.sub(_whole, text)
    return _THOUSANDS.sub(_without_commas, text) if text.count(",") > 1 else text


def _whole(match: re.Match[str]) -> str:
    return match[1] + match[2] if len(match[2]) == int(match[3]) else match[0]


def _without_commas(match: re.Match[str]) -> str:
    groups = match[0].split(",")
    values = [int(group) for group in groups]
    is_list = len(groups[0]) == len(groups[1]) and max(values) - min(values) < _LIST_SPREAD
    return match[0] if is_list else "".join(groups)


def _joined(text: str, sign: str, is_number: IsNumber) -> str:
    digits = "".join(filter(str.isdigit, text))
    return text.replace(sign, "-") if is_number(digits) else text
