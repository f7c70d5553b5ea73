"""The pages of help, in Markdown, a file for each topic and language; the README's chapters are these same files."""

import re
from difflib import get_close_matches
from pathlib import Path

from astsync.language import ENGLISH, in_use

PLACE = Path(__file__).parent

TOPICS = (
    "start",
    "commands",
    "configuration",
    "1c",
    "sources",
    "asterisk",
    "dialplan",
    "freepbx",
    "mikopbx",
    "issabel",
    "askozia",
    "tls",
    "numbers",
    "names",
    "limits",
    "undo",
    "problems",
    "lookup",
    "watch",
    "serve",
    "calls",
    "report",
    "notify",
    "status",
    "store",
    "forgets",
    "json",
    "errors",
    "exit-codes",
    "demo",
    "known-limits",
)
"""The names of the pages, in the order in which somebody new will want them. They are the same in each language."""


def page(topic: str) -> str:
    """The Markdown of a topic's page, in the language in use. Raises KeyError where there is no such topic."""
    if topic not in TOPICS:
        raise KeyError(topic)
    file = PLACE / in_use() / f"{topic}.md"
    if not file.is_file():
        file = PLACE / ENGLISH / f"{topic}.md"
    return file.read_text(encoding="utf-8")


def title(topic: str) -> str:
    """The title of a topic's page, in the language in use. Raises KeyError."""
    heading = re.match(r"# (.+)", page(topic))
    return heading[1] if heading else topic


def nearest(word: str, known: tuple[str, ...] = TOPICS) -> str:
    """The name that a mistyped word is likely to mean; "" where none is near."""
    return next(iter(get_close_matches(word.lower(), known, 1, 0.6)), "")
