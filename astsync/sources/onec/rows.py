"""Rows of 1C's tables, as its interfaces give them: what names a row, and columns of text."""

import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from astsync.errors import SourceBadAnswer
from astsync.language import joined, say
from astsync.sources.formats.values import MAX_TEXT, text_of

Row = Mapping[str, Any]
"""Values of JSON by the names of columns."""

Key = Callable[[Row], str]
"""Reads what names a row. Raises SourceBadAnswer."""

KEY_COLUMNS = ("Ref_Key", "LineNumber")
"""The columns that name a row of a tabular section; the first alone names a row of a catalog."""

_REFERENCE, _REFERENCE_AND_LINE = itemgetter(KEY_COLUMNS[0]), itemgetter(*KEY_COLUMNS)
_GUID = "[0-9a-fA-F-]{36}"
_USUAL_REFERENCES = re.compile(rf"{_GUID}(?:\n{_GUID})*")
_USUAL_KEYS = re.compile(rf"{_GUID}/[1-9][0-9]{{0,17}}(?:\n{_GUID}/[1-9][0-9]{{0,17}})*")
_LONGEST_REFERENCE = 200
_LONGEST_LINE_NUMBER = 18
_NOT_1C = say("1C writes no such rows: look at what stands between astsync and 1C, or at what source.url leads to.")


def column(row: Row, name: str, longest: int = MAX_TEXT) -> str:
    """Read a column of text; an absent one and null are "". Raises SourceBadAnswer when it holds no text."""
    value = row.get(name)
    if isinstance(value, bool | list | dict):
        raise SourceBadAnswer(say("a row holds no text in its column {column}", column=name), hint=_NOT_1C)
    return text_of(value, longest)


def line_number(row: Row) -> int | None:
    """Read LineNumber (Edm.Int64, which 1C writes as a string); None when it is absent or no such number."""
    value = row.get("LineNumber")
    text = value if type(value) is str else text_of(value, _LONGEST_LINE_NUMBER + 1)
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_LINE_NUMBER else None


def ref_key(row: Row) -> str:
    """Read the reference of a row. Raises SourceBadAnswer when there is none, or a very long or unprintable one."""
    reference = row.get("Ref_Key")
    if isinstance(reference, str) and 0 < len(reference) <= _LONGEST_REFERENCE and reference.isprintable():
        return reference
    hint = joined(" ", (say("The set is no catalog of 1C."), _NOT_1C))
    raise SourceBadAnswer(say("a row came without its reference (Ref_Key)"), hint=hint)


def row_key(row: Row) -> str:
    """Read what names a row of a tabular section. Raises SourceBadAnswer: two rows without it would count as one."""
    line = line_number(row)
    if line is None:
        raise SourceBadAnswer(say("a row of contact information came without its LineNumber"), hint=_NOT_1C)
    return f"{ref_key(row)}/{line}"


def keys_of(rows: Sequence[Row], key: Key) -> list[str]:
    """Read what names each of some rows. Raises SourceBadAnswer.

    A page of usual references, and perhaps numbers of lines, is looked at as one text. That gives the same keys.
    """
    usual = _USUAL_REFERENCES if key is ref_key else _USUAL_KEYS if key is row_key else None
    if usual is None or not rows:
        return [key(row) for row in rows]
    try:
        keys = [*map(_REFERENCE, rows)] if key is ref_key else [*map("/".join, map(_REFERENCE_AND_LINE, rows))]
        together = "\n".join(keys)
    except (KeyError, TypeError):  # a column is not there, or holds no text
        together = ""
    if together.count("\n") == len(rows) - 1 and usual.fullmatch(together):
        return keys
    return [key(row) for row in rows]
