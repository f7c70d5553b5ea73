"""A name in plain characters: pictures, quotes and what cannot be seen go; letters of the wrong alphabet turn back.

What is left is safe in a dialplan, in AMI and on the display of a phone.
"""

import re
import unicodedata
from typing import Final

from astsync.phonebook.characters import LINE_ENDS, QUOTES, is_dash, is_invisible

# Letters that look alike in print: people type a Latin "C" in СМАРТ and a Cyrillic "а" in Samsung.
_LATIN, _CYRILLIC = "ABCEHKMOPTXYIaceopxyiëË", "АВСЕНКМОРТХУІасеорхуіёЁ"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN = str.maketrans(_CYRILLIC, _LATIN)
_SOME_LATIN, _SOME_CYRILLIC = re.compile("[A-Za-zëË]"), re.compile("[\u0400-\u052f]")
_RUN = re.compile(r"[^\W\d_]+")
_LETTER = "[A-Za-z\u00c0-\u02af\u0400-\u052f]"
_IN_WORD_QUOTE = re.compile(f"(?<={_LETTER})['’ʼ‘`´ʹ](?={_LETTER})")


ALL_QUOTES: Final = "".join(sorted(QUOTES))
_ANY_QUOTE = f"[{re.escape(ALL_QUOTES)}]"
_QUOTES_IN_A_ROW = re.compile(f"{_ANY_QUOTE}+")


def _unmixed(match: re.Match[str]) -> str:
    word = match[0]
    if not (_SOME_LATIN.search(word) and _SOME_CYRILLIC.search(word)):
        return word
    latin = [c for c in word if c.isascii() or c in "ëË"]
    if all(c in _LATIN for c in latin):
        return word.translate(_TO_CYRILLIC)
    cyrillic = [c for c in word if "\u0400" <= c <= "\u052f"]
    return word.translate(_TO_LATIN) if all(c in _CYRILLIC for c in cyrillic) else word


def unmix(word: str) -> str:
    """Turn look-alike letters in a mixed word back: СМАРТ with a Latin "C" becomes all Cyrillic.

    Where both alphabets could be the wrong one, Cyrillic wins. A word with other letters of both stays as it is.
    """
    return _RUN.sub(_unmixed, word) if not word.isascii() and _SOME_LATIN.search(word) else word


def _is_mark_of_latin(char: str) -> bool:
    return "\u0300" <= char <= "\u036f" or "\u20d0" <= char <= "\u20ff" or "\ufe00" <= char <= "\ufe0f"


# Characters that end a string, a command or an expression in a dialplan, a shell or AMI, and what replaces them.
# Quotes and the tilde are dangerous too; they are replaced as all quotes and dashes are.
_DANGEROUS = {**dict.fromkeys("\\|$^=<>", " "), ";": ",", "[": "(", "{": "(", "]": ")", "}": ")"}


def _name_character(char: str) -> str:
    category = unicodedata.category(char)
    if char in QUOTES or char in LINE_ENDS or category == "Zs":
        return " "
    if is_dash(char):
        return "-"
    if char in _DANGEROUS:
        return _DANGEROUS[char]
    if category in {"Mn", "Me"}:
        return "" if _is_mark_of_latin(char) else char
    # Pictures carry no name; № is one of the symbols to Unicode and is not a picture.
    return "" if is_invisible(char) or (category in {"So", "Sk"} and char != "№") else char


_MOST_CHARACTERS = 20_000  # remembered, so that memory has a bound; Chinese names hold some thousands


class _NameTable(dict[int, str]):
    """A table for ``str.translate`` that fills itself: a character is looked up when it is first met."""

    def __missing__(self, code: int) -> str:
        plain = _name_character(chr(code))
        if len(self) < _MOST_CHARACTERS:
            self[code] = plain
        return plain


# Stands for an apostrophe inside a word while all other quotes go; NUL itself never reaches this table.
_KEPT = "\x00"
_NAME_TABLE = _NameTable({ord(_KEPT): "'"})


_PLAIN_NAME = re.compile(r"[А-Яа-яЁёA-Za-z0-9 .,()&+-]*")


_MOST_SHORT = 64  # characters of a word whose marks are not counted
_MOST_MARKS = 4  # on one letter; Vietnamese and Hebrew need two


def _with_few_marks(text: str) -> str:
    """Keep the first few marks of each letter: NFC sorts them, in time by the square of their count."""
    kept: list[str] = []
    marks = 0
    for char in text:
        if char.isalnum():
            marks = 0
        elif unicodedata.category(char)[0] == "M":
            marks += 1
        if marks <= _MOST_MARKS or unicodedata.category(char)[0] != "M":
            kept.append(char)
    return "".join(kept)


def _around_word(match: re.Match[str]) -> str:
    """A blank where quotes part two words, as in ``ООО"Ромашка"``; else nothing."""
    text, start, end = match.string, match.start(), match.end()
    behind = start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_.,")
    return " " if behind and end < len(text) and (text[end].isalnum() or text[end] == "_") else ""


def plain(text: str) -> str:
    """A name in NFC with plain dashes and blanks, without quotes, pictures and what cannot be seen.

    ``«Роза»–Сервис; O’Нил`` becomes ``Роза-Сервис, O'Нил``: characters that are dangerous in a dialplan become blanks,
    commas and round brackets, and an apostrophe stays between two letters alone.
    """
    text = text.strip(ALL_QUOTES)
    if _PLAIN_NAME.fullmatch(text):
        return text
    few = text if len(text) <= _MOST_SHORT else _with_few_marks(text)
    composed = unicodedata.normalize("NFC", few.replace(_KEPT, ""))
    return _QUOTES_IN_A_ROW.sub(_around_word, _IN_WORD_QUOTE.sub(_KEPT, composed)).translate(_NAME_TABLE)
