"""Text from 1C or a PBX made harmless for whoever reads a report: it may hold anything."""

import unicodedata

_HARMFUL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def utf8(text: str) -> str:
    r"""Give text that UTF-8 can hold: a byte that is none (a surrogate escape) becomes ``\xNN``."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def printable(text: str) -> str:
    r"""Give text that cannot steer a terminal: control and direction characters become ``\xNN`` or ``\uNNNN``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if unicodedata.category(c) in _HARMFUL else c for c in utf8(text))


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
