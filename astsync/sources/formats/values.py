"""Values of a source's rows, which are not to be trusted, as texts and numbers that every later step can bear.

Text that leaves a source is valid Unicode (no halves of surrogate pairs, which neither SQLite nor a terminal takes) and
has a bound: nothing sensible is longer, and later steps stay fast.
"""

from collections.abc import Mapping
from typing import Any

from astsync.errors import SourceBadAnswer

MAX_TEXT = 2000
"""Characters of a name, a phone text or the name of a kind; what is longer is cut. 1C's own names end at 150."""

_LONGEST_REFERENCE = 200
_LONGEST_LINE_NUMBER = 18
_LONGEST_NUMBER = 400  # bits
_NOT_1C = "1C writes no such rows: look at what stands between astsync and 1C, or at what source.url leads to."

Row = Mapping[str, Any]


def text_of(value: object, longest: int = MAX_TEXT) -> str:
    """Give a value of JSON as text of at most ``longest`` characters.

    Numbers are text as they are written; what is neither number nor text is "". Half of a surrogate pair becomes "?".
    """
    if isinstance(value, str):
        text = value[:longest]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        text = str(value)[:longest]
    else:
        return ""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def plain_text(value: object, longest: int = MAX_TEXT) -> str:
    """Give a value as bounded text; a whole number never as ``1.0`` (spreadsheets keep all numbers so)."""
    if isinstance(value, str):
        return value if len(value) <= longest and value.isascii() else text_of(value, longest)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and value.bit_length() > _LONGEST_NUMBER:
        return ""
    return text_of(value, longest)


def column(row: Row, name: str, longest: int = MAX_TEXT) -> str:
    """Give a text column of a row; absent and null are "". Raises SourceBadAnswer when it holds no text."""
    value = row.get(name)
    if isinstance(value, bool | list | dict):
        raise SourceBadAnswer(f"a row holds no text in its column {name}", hint=_NOT_1C)
    return text_of(value, longest)


def line_number(row: Row) -> int | None:
    """Give LineNumber, Edm.Int64, which 1C writes as a string; None when it is absent or no such number."""
    text = text_of(row.get("LineNumber"), _LONGEST_LINE_NUMBER + 1)
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_LINE_NUMBER else None


def ref_key(row: Row) -> str:
    """Give the reference of a row. Raises SourceBadAnswer when it has none that can name it."""
    reference = row.get("Ref_Key")
    if isinstance(reference, str) and 0 < len(reference) <= _LONGEST_REFERENCE and reference.isprintable():
        return reference
    raise SourceBadAnswer("a row came without its reference (Ref_Key)", hint=f"The set is no catalog of 1C. {_NOT_1C}")


def row_key(row: Row) -> str:
    """Give what names a row of a tabular section. Raises SourceBadAnswer: without it rows would pass for one."""
    line = line_number(row)
    if line is None:
        raise SourceBadAnswer("a row of contact information came without its LineNumber", hint=_NOT_1C)
    return f"{ref_key(row)}/{line}"
