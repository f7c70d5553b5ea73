"""Foreign text in Markdown."""

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!])")


def safe(text: str) -> str:
    """Escape the characters that have a meaning in Markdown, or in HTML inside it."""
    return _SPECIAL.sub(r"\\\1", text)
