"""A phone field in plain characters: what cannot be seen, or only looks like something else, is replaced.

The result holds lower-case letters, ASCII digits, blanks, line feeds and ASCII signs. All rooms behind this one may
rely on that.
"""

import re
import unicodedata
from urllib.parse import unquote

from astsync.phonebook.characters import LINE_ENDS, QUOTES, decode_entities, is_dash, is_invisible

_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_ANGLED = re.compile(r"<(\d{2,5})>")  # an area code in angle brackets: 8 <831> 413-27-60
# Circled digits, fractions and superscripts are no digits of a number. Inside a number they spoil it as a letter does,
# so all of them become one strange letter.
_NUMERAL = "ø"
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


def _blank(char: str) -> str | None:
    if char in LINE_ENDS:
        return "\n"
    if char in "\t_" or char in QUOTES or unicodedata.category(char) in {"Zs", "Sk"}:
        return " "
    return "" if is_invisible(char) else None


def _punctuation(char: str) -> str:
    """The ASCII sign for a sign: "-" for "–", "(" for "["; "?" where a phone field holds no such sign."""
    plain = unicodedata.normalize("NFKC", char)
    if is_dash(char):
        return "-"
    if plain in _OPENING:
        return "("
    if plain in _CLOSING:
        return ")"
    if char in "∕⁄⧸":
        return "/"
    if char in "·∙⋅‧․。":
        return "."
    if char in "、،":
        return ","
    return plain if len(plain) == 1 and plain.isascii() else "?"


def _plain_character(char: str) -> str:
    """What one character becomes: "" where it cannot be seen, "?" where no number goes on behind it."""
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    blank = _blank(char)
    if blank is not None:
        return blank
    if category[0] == "L":
        letter = unicodedata.normalize("NFKC", char).lower()
        return "е" if letter == "ё" else letter
    if char == "№":
        return char
    if category in {"No", "Nl"}:
        return _NUMERAL
    return "?" if category == "So" else _punctuation(char)


class _Table(dict[int, str]):
    """A table for ``str.translate`` that fills itself: a character is looked up when it is first met."""

    def __missing__(self, code: int) -> str:
        plain = self[code] = _plain_character(chr(code))
        return plain


_TABLE = _Table()


def plain(text: str) -> str:
    """Decode a phone field and make its characters plain: ``＋７%20［495］ Доб.`` becomes ``+7 (495) доб.``.

    Digits of every script become ASCII, dashes of every kind "-", brackets of every kind "(" and ")", line ends a line
    feed. Tabs, quotes and underscores become blanks. Signs that no phone field needs become "?".
    """
    if "%" in text:
        text = _PERCENT.sub(lambda match: unquote(match[0], errors="replace"), text)
    if "&" in text:
        text = decode_entities(text)
    if "<" in text:
        text = _ANGLED.sub(r"(\1)", text)
    return text.translate(_TABLE)
