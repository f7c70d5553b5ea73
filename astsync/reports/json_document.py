"""What every JSON report is: one object with a version, indented, with a line end."""

from collections.abc import Mapping
from typing import Any

import orjson

from astsync.text import escape_controls, utf8

VERSION = 1


def json_document(data: Mapping[str, Any]) -> str:
    """Make the JSON text of a report. Times are written to the second.

    Texts may be foreign: bytes that are no text are written as ``\\xNN``, and nothing steers a terminal.
    """
    whole = {"version": VERSION, **_in_utf8(data)}
    return (
        escape_controls(orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_OMIT_MICROSECONDS).decode()) + "\n"
    )


def _in_utf8(value: Any) -> Any:
    if isinstance(value, str):
        return utf8(value)
    if isinstance(value, Mapping):
        return {key: _in_utf8(inner) for key, inner in value.items()}
    return [_in_utf8(inner) for inner in value] if isinstance(value, list | tuple) else value
