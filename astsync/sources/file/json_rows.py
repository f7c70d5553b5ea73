"""The records of JSON (one list, streamed) and of JSON lines (an object a line)."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from astsync.errors import SourceBadAnswer
from astsync.language import say
from astsync.sources.formats.json_list import JsonList
from astsync.sources.formats.xdto_json import xdto_value
from astsync.sources.records.totals import next_named
from astsync.text import error_words, one_line

LONGEST_JSON_LINE = 4 << 20
"""Characters of a line."""

_MAY_BE_XDTO = '"#value"'
_CURE = say("Export the file again and check that it is whole.")


def json_list(blocks: Iterable[bytes], name: str, path: str) -> Iterator[tuple[int, Any]]:
    """Each item of the list in one JSON document, with its number; ``path`` leads to it.

    Raises SourceError when the document is cut or damaged, or when the list is not found.
    """
    records = JsonList(blocks, path, name, cure=_CURE)
    yield from enumerate(records, 1)
    named = next_named(records.answer)
    if named:
        raise SourceBadAnswer(
            say("{file} is a part of a list: {field} names the next one", file=name, field=one_line(named)),
            hint=say("Save the whole list in one file; or let astsync read the service itself, with source.http."),
        )


def json_lines(lines: Iterable[str], name: str) -> Iterator[tuple[int, Any]]:
    """The value of each line that is not blank, with its number. Raises SourceBadAnswer that names a bad line."""
    for number, line in enumerate(lines, 1):
        if text := line.strip("\ufeff \t\r\n"):
            yield number, _value(text, number, name)


def _value(text: str, number: int, name: str) -> Any:
    try:
        value = xdto_value(orjson.loads(text)) if _MAY_BE_XDTO in text else orjson.loads(text)
    except ValueError as error:
        raise SourceBadAnswer(
            say("line {line} of {file} is no JSON: {why}", line=number, file=name, why=error_words(error)),
            hint=say("Each line must be one object; if the last one is cut, export the file again."),
        ) from None
    if not isinstance(value, dict):
        raise SourceBadAnswer(
            say("line {line} of {file} is no JSON object", line=number, file=name),
            hint=say('For one list over the whole file write format = "json".'),
        )
    return value
