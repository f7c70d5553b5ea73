"""Text for a terminal: colours, and lines that are wrapped at words."""

import re
import unicodedata
from collections.abc import Callable, Iterator

Paint = Callable[[str, str], str]
"""Called as ``paint(style, text)``: the text in the colour of the style, a word of ``_CODES``."""

_CODES = {"good": "32", "changed": "33", "bad": "31", "faint": "2", "more": "1;32", "less": "1;31", "strong": "1"}
_SGR = re.compile(r"(\x1b\[[\d;]*m)")
_NARROWEST = 20  # columns; with fewer nothing is wrapped


def plain(_: str, text: str) -> str:
    """A ``Paint`` without colours."""
    return text


def coloured(style: str, text: str) -> str:
    """A ``Paint`` with the colours of a terminal (ECMA-48, SGR)."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if text else ""


def fitted(text: str, width: int, further: int = 2) -> str:
    """Wrap the lines of a text at words, so that none is wider than ``width`` columns.

    What follows stands two columns in; where the line began further in, ``further`` columns from there. A word that is
    wider than a line is cut. Colours take no place.
    """
    if width < _NARROWEST:
        return text
    return "\n".join(part for line in text.split("\n") for part in _wrapped(line, width, further))


def _wrapped(line: str, width: int, further: int) -> Iterator[str]:
    if _columns(line) <= width:
        yield line
        return
    body = line.lstrip(" ")
    first = len(line) - len(body)
    hanging = first + further if first else 2
    hanging = hanging if hanging <= width // 2 else 0
    indent, now, used = " " * hanging, " " * first, first
    gap = ""
    for word in re.findall(r" +|[^ ]+", body):
        if word[0] == " ":
            gap = word
            continue
        size = _columns(word)
        if used + len(gap) + size > width and used > hanging:
            yield now
            now, used, gap = indent, hanging, ""
        now, used, gap = now + gap, used + len(gap), ""
        *full, rest = _chunks(word, width - used, width - hanging) if used + size > width else (word,)
        for chunk in full:
            yield now + chunk
            now, used = indent, hanging
        now, used = now + rest, used + _columns(rest)
    yield now


def _chunks(word: str, first: int, width: int) -> list[str]:
    """A word in parts: one of at most ``first`` columns, then some of ``width``."""
    found, room = [""], first
    for part in _SGR.split(word):
        if part.startswith("\x1b"):
            found[-1] += part
            continue
        for character in part:
            size = _width(character)
            if size > room:
                found.append("")
                room = width
            found[-1] += character
            room -= size
    return found


def _columns(text: str) -> int:
    bare = _SGR.sub("", text) if "\x1b" in text else text
    return len(bare) if bare.isascii() else sum(map(_width, bare))


def _width(character: str) -> int:
    """The columns that terminals give a character (Unicode, UAX 11)."""
    if character.isascii():
        return 1
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
