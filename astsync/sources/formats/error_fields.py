"""What stands around a list in an answer, where that tells of an error, in words."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from astsync.errors import SourceFailure
from astsync.text import one_line

_ERROR = re.compile(r"error|exception|ошибка|исключение", re.IGNORECASE)
_NO_ERROR = {"", "0", "ok", "none", "null", "no", "нет", "success", "false"}


def refuse_error(answer: Mapping[str, Any], where: str) -> None:
    """Refuse an answer whose fields beside the list tell of an error. Raises SourceFailure with its words."""
    told = next((value for key, value in answer.items() if _ERROR.fullmatch(key) and _tells(value)), None)
    if told is not None:
        raise SourceFailure(
            f"{where} tells of an error: {in_words(told)}", hint="The text is the service's own: mend it there."
        )


def _tells(value: object) -> bool:
    """Tell whether the field error holds one; many services write it also where all is well."""
    if isinstance(value, str):
        return value.strip().casefold() not in _NO_ERROR
    return bool(value)


def in_words(value: object) -> str:
    """Give the texts of a value, of an error's fields for example, in one line."""
    return one_line(" ".join(_texts(value, 5))) or "without words"


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
