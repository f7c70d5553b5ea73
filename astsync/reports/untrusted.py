"""Text from 1C or a PBX made harmless for whoever reads a report: it may hold anything."""

import unicodedata

_HARMFUL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_STEERING = {"Cc", "Cf", "Zl", "Zp"}


def utf8(text: str) -> str:
    r"""Give text that UTF-8 can hold: what is none, a byte or a lone surrogate, becomes ``\xNN``."""
    if text.isascii():
        return text
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate that stands for no byte, as JSON's \ud800
        data = text.encode("utf-8", "surrogatepass")
    return data.decode("utf-8", "backslashreplace")


def printable(text: str) -> str:
    r"""Give text that cannot steer a terminal: control and direction characters become ``\xNN`` or ``\uNNNN``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if unicodedata.category(c) in _HARMFUL else c for c in utf8(text))


def escape_controls(text: str) -> str:
    r"""Give JSON text that cannot steer a terminal: control and direction characters become JSON's ``\uXXXX``.

    JSON itself asks that only of U+0000 to U+001F. Line feeds stay: they part the lines of the text.
    """
    if text.replace("\n", "").isprintable():
        return text
    steering = {c for c in set(text) - {"\n"} if unicodedata.category(c) in _STEERING}
    return text.translate({ord(c): _json_escape(c) for c in steering})


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be").hex()  # a pair of surrogates above U+FFFF
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
