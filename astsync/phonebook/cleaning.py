"""What cannot be seen, or only looks like something else: the characters of phone fields and names made plain."""

import re
import sys
import unicodedata
from html.entities import html5

_QUOTES = frozenset("\"'`«»‹›“”„‟‘’‚‛″′‴‵‶‷´ˮ＂＇｀❛❜❝❞〝〞〟「」『』")
_DASHES = frozenset("−~～〜∼˗ーｰ﹣－")
_LINE_ENDS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
# Circled digits, fractions and superscripts are no digits of a number: within one they spoil it as a letter does.
_NUMERAL = "ø"
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


def is_invisible(char: str) -> bool:
    """Tell whether a character has no shape of its own: controls, format characters, marks, surrogates, unassigned."""
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me"}


def is_quote(char: str) -> bool:
    """Tell whether a character is a quotation mark, a prime or an apostrophe of any script."""
    return char in _QUOTES


def is_dash(char: str) -> bool:
    """Tell whether a character is a hyphen, a dash, a minus or a tilde of any width."""
    return char in _DASHES or unicodedata.category(char) == "Pd"


def _blank(char: str) -> str | None:
    if char in _LINE_ENDS:
        return "\n"
    if char in "\t_" or char in _QUOTES or unicodedata.category(char) in {"Zs", "Sk"}:
        return " "
    return "" if is_invisible(char) else None


def _punctuation(char: str) -> str:
    """Give the ASCII sign that a sign stands for; "?" for those that stand for nothing in a phone field."""
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


def _phone_character(char: str) -> str:
    """Give what one character of a phone field becomes: "" when it cannot be seen, "?" when it stops a number."""
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


class _PhoneTable(dict[int, str]):
    """A table for ``str.translate`` that fills itself, a character when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = plain = _phone_character(chr(code))
        return plain


_PHONE_TABLE = _PhoneTable()


def plain_phone_text(text: str) -> str:
    """Give a phone field with lower-case letters, ASCII digits and signs, and nothing that cannot be seen.

    Digits of every script become ASCII, dashes of every kind "-", brackets "(" and ")", blanks " ", line ends a line
    feed; quotes and underscores become blanks. Signs that no number holds become "?".
    """
    return text.translate(_PHONE_TABLE)


# Letters that look alike in print: a typist's Latin "C" in СМАРТ and a Cyrillic "а" in Samsung.
_LATIN, _CYRILLIC = "ABCEHKMOPTXYIaceopxyiëË", "АВСЕНКМОРТХУІасеорхуіёЁ"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN = str.maketrans(_CYRILLIC, _LATIN)
_SOME_LATIN, _SOME_CYRILLIC = re.compile("[A-Za-zëË]"), re.compile("[\u0400-\u052f]")
_RUN = re.compile(r"[^\W\d_]+")
_LETTER = "[A-Za-z\u00c0-\u02af\u0400-\u052f]"
_IN_WORD_QUOTE = re.compile(f"(?<={_LETTER})['’ʼ‘`´ʹ](?={_LETTER})")


_ALL_QUOTES = "".join(sorted(_QUOTES))
_ANY_QUOTE = f"[{re.escape(_ALL_QUOTES)}]"
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
    """Turn letters of the wrong alphabet in a mixed word back, where all of them have a look-alike in the right one."""
    return _RUN.sub(_unmixed, word) if not word.isascii() and _SOME_LATIN.search(word) else word


def _is_mark_of_latin(char: str) -> bool:
    return "\u0300" <= char <= "\u036f" or "\u20d0" <= char <= "\u20ff" or "\ufe00" <= char <= "\ufe0f"


# Characters that end a string, a command or an expression in a dialplan, a shell or AMI, and what stands for them.
# Quotes and the tilde go as quotes and dashes do.
_DANGEROUS = {**dict.fromkeys("\\|$^=<>", " "), ";": ",", "[": "(", "{": "(", "]": ")", "}": ")"}


def _name_character(char: str) -> str:
    category = unicodedata.category(char)
    if is_quote(char) or char in _LINE_ENDS or category == "Zs":
        return " "
    if is_dash(char):
        return "-"
    if char in _DANGEROUS:
        return _DANGEROUS[char]
    if category in {"Mn", "Me"}:
        return "" if _is_mark_of_latin(char) else char
    # Pictures carry no name; № is one of the symbols to Unicode and is not a picture.
    return "" if is_invisible(char) or (category in {"So", "Sk"} and char != "№") else char


_MOST_CHARACTERS = 20_000  # remembered: Chinese names hold some thousands


class _NameTable(dict[int, str]):
    """A table for ``str.translate`` that fills itself, a character when it is first met."""

    def __missing__(self, code: int) -> str:
        plain = _name_character(chr(code))
        if len(self) < _MOST_CHARACTERS:
            self[code] = plain
        return plain


# Stands for an apostrophe inside a word while all other quotes go; NUL itself never reaches this table.
_KEPT = "\x00"
_NAME_TABLE = _NameTable({ord(_KEPT): "'"})


_PLAIN_NAME = re.compile(r"[А-Яа-яЁёA-Za-z0-9 .,()&+-]*")


_ENTITY = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([A-Za-z][A-Za-z0-9]{1,30}));")
# What is left of an entity when its semicolon was cut off; no more of them, for "A&LTD" is a name.
_WITHOUT_END = re.compile(r"&(quot|laquo|raquo|nbsp)(?![A-Za-z;])")
_MOST_DECODED = 3  # times: &amp;amp;quot; comes from exports of exports


def _of_entity(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name is not None:
        return html5.get(f"{name};", match[0])
    code = int(decimal) if decimal is not None else int(hexadecimal, 16)
    return chr(code) if code <= sys.maxunicode else " "


def without_entities(text: str) -> str:
    """Give a text with the entities of HTML decoded, also those that were encoded again. Unknown ones stay."""
    for _ in range(_MOST_DECODED):
        decoded = _ENTITY.sub(_of_entity, _WITHOUT_END.sub(r"&\1;", text))
        if decoded == text:
            break
        text = decoded
    return text


_MOST_SHORT = 64  # characters of a word whose marks are not counted
_MOST_MARKS = 4  # on one letter; Vietnamese and Hebrew need two


def _with_few_marks(text: str) -> str:
    """Drop marks beyond the first few of a letter: Unicode puts them in order, in time by the square of their count."""
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
    """Keep a blank for quotes that part two words: ``ООО"Ромашка"``."""
    text, start, end = match.string, match.start(), match.end()
    behind = start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_.,")
    return " " if behind and end < len(text) and (text[end].isalnum() or text[end] == "_") else ""


def plain_name_text(text: str) -> str:
    """Give a name in NFC with plain dashes and blanks, without quotes, pictures and what cannot be seen.

    Characters that are dangerous in a dialplan become blanks, commas and round brackets.
    An apostrophe between two letters stays, as "'".
    """
    text = text.strip(_ALL_QUOTES)
    if _PLAIN_NAME.fullmatch(text):
        return text
    few = text if len(text) <= _MOST_SHORT else _with_few_marks(text)
    composed = unicodedata.normalize("NFC", few.replace(_KEPT, ""))
    return _QUOTES_IN_A_ROW.sub(_around_word, _IN_WORD_QUOTE.sub(_KEPT, composed)).translate(_NAME_TABLE)
