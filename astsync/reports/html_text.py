"""Names and words as HTML: foreign text is harmless and readable, and what differs between two names is marked."""

import re
from html import escape

from astsync.language import say, spoken
from astsync.reports.difference import NamePart, pieces
from astsync.reports.shown import shown
from astsync.text import printable

_LONGEST = 300  # characters of a text that is shown whole
_BEGINNING = 100  # of a longer one, until somebody unfolds it
_IN_EMOJI = re.compile("(?<=[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d(?=[\u2190-\u2bff\U0001f000-\U0001faff])")


def marked(old: str, new: str) -> str:
    """Two names as one text: words that went and words that came, and inside them the letters."""
    html = "".join(
        f"{escape(same, quote=False)}{_part('del', before)}{_part('ins', after)}"
        for same, before, after in pieces(old, new)
    )
    longest = max(old, new, key=len)
    return html if len(longest) <= _LONGEST else _unfolding(new or old, html)


def _part(tag: str, part: NamePart) -> str:
    if not part.whole:
        return ""
    if not part.whole.strip():
        return f"<{tag}>{'␣' * len(part.whole)}</{tag}>"  # a blank more or less, which nobody would see
    before, text, after = (escape(one, quote=False) for one in part)
    if before or after:
        return f"<{tag}>{before}<b>{text}</b>{after}</{tag}>"
    lead = " " if text[0].isspace() else ""  # the mark begins at the word
    return f"{lead}<{tag}>{text[len(lead) :]}</{tag}>"


def named(name: str) -> str:
    """A name; an empty one is told apart from no cell."""
    if not name.strip():
        return f"<small>{escape(spoken(say('(an empty name)')), quote=False)}</small>"
    return _folded(name)


def _folded(text: str) -> str:
    html = escape(text, quote=False)
    return html if len(text) <= _LONGEST else _unfolding(text, html)


def _unfolding(name: str, html: str) -> str:
    length = spoken(say("({count:,} characters)", count=len(name)))
    begin = escape(name[:_BEGINNING], quote=False)
    return f"<details class=long><summary>{begin}… {length}</summary>{html}</details>"


def foreign(text: str) -> str:
    """A foreign text; the end of a very long one is folded away."""
    return _folded(safe(text))


def worded(message: str) -> str:
    """A message in the language in use."""
    return escape(shown(message), quote=False)


def safe(text: str) -> str:
    """Foreign text that is harmless on a page: as on a terminal, but the joints inside an emoji stay."""
    if text.isascii() and text.isprintable():
        return text
    return "\u200d".join(map(printable, _IN_EMOJI.split(text)))
