"""What phone fields and names have in common: the kinds of characters, and the entities of HTML."""

import html
import re
import sys
import unicodedata
from html.entities import html5
from typing import Final

QUOTES: Final = frozenset("\"'`«»‹›“”„‟‘’‚‛″′‴‵‶‷´ˮ＂＇｀❛❜❝❞〝〞〟「」『』")
"""Quotation marks, primes and apostrophes of all scripts."""

LINE_ENDS: Final = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
"""The characters at which ``str.splitlines`` starts a new line."""

_DASHES = frozenset("−~～〜∼˗ーｰ﹣－")
_ENTITY = re.compile(r"&(#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
# Exports that cut a text to a length leave such entities without their semicolon. Only these four are decoded then:
# other names of entities are also words (A&LTD is a firm).
_WITHOUT_SEMICOLON = re.compile(r"&(quot|laquo|raquo|nbsp)(?![A-Za-z;])")
_MOST_DECODED = 3  # times: an export of an export writes &amp;quot;


def is_invisible(char: str) -> bool:
    """Whether a character has no shape of its own: controls, format characters, marks, surrogates, unassigned."""
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me"}


def is_dash(char: str) -> bool:
    """Whether a character is a hyphen, a dash, a minus or a tilde of any width."""
    return char in _DASHES or unicodedata.category(char) == "Pd"


def _decoded(match: re.Match[str]) -> str:
    name = match[1]
    if name[0] != "#":
        return html5.get(f"{name};", match[0])
    code = int(f"0{name[1:]}", 16) if name[1] in "xX" else int(name[1:])
    return html.unescape(match[0]) if code <= sys.maxunicode else " "


def decode_entities(text: str) -> str:
    """Replace the entities of HTML by their characters: ``&laquo;`` by ``«``, ``&amp;#43;`` by ``+``.

    Entities that were encoded again are decoded up to three times. A name that HTML does not know stays as it is.
    """
    for _ in range(_MOST_DECODED):
        decoded = _ENTITY.sub(_decoded, _WITHOUT_SEMICOLON.sub(r"&\1;", text))
        if decoded == text:
            break
        text = decoded
    return text
