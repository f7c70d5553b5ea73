"""Errors that a service tells inside a good answer, in a field beside the list."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from astsync.errors import SourceFailure
from astsync.language import say
from astsync.text import one_line

_ERROR = re.compile(r"error|exception|ошибка|исключение", re.IGNORECASE)
_NO_ERROR = {"", "0", "ok", "none", "null", "no", "нет", "success", "false"}


def refuse_error(answer: Mapping[str, Any], where: str) -> None:
    """Refuse an answer that has such a field. Raises SourceFailure with its text."""
    told = next((value for key, value in answer.items() if _ERROR.fullmatch(key) and _tells(value)), None)
    if told is not None:
        raise SourceFailure(
            say("{where} tells of an error: {words}", where=where, words=in_words(told)),
            hint=say("The text is the service's own: mend it there."),
        )


def _tells(value: object) -> bool:
    """Whether the value of an error field stands for an error: many services always send the field."""
    if isinstance(value, str):
        return value.strip().casefold() not in _NO_ERROR
    return bool(value)


def in_words(value: object) -> str:
    """Write all texts inside a value, with the names of their fields, as one line of a message."""
    return one_line(" ".join(_texts(value, 5))) or say("without words")


def _texts(value: object, deeper: int) -> Iterator[str]:
    if isinstance(value, str | int | float):
        yield str(value)[:1000]
    elif isinstance(value, Mapping) and deeper:
        for key, inner in value.items():
            yield f"{key}:"
            yield from _texts(inner, deeper - 1)
    elif isinstance(value, list) and deeper:
        for inner in value[:5]:
            yield from _texts(inner, deeper - 1)
