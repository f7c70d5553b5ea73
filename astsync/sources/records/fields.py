"""The fields of records (JSON-like mappings): paths to them, their values as text, and their names for messages."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from astsync.sources.formats.values import plain_text
from astsync.sources.web.server_words import clean

__all__ = ["DEEPEST", "MANY_FIELDS", "Record", "field_names", "look_up", "name_fields", "plain_text"]

Record = Mapping[str, Any]
"""JSON-like: text, whole and other numbers, truth, None, lists and dicts."""

DEEPEST = 16
"""Lists and records inside each other that are looked into."""

MANY_FIELDS = 40


def look_up(value: object, path: str) -> list[Any] | None:
    """Give the values at a path of names; a list on the way means all its items. None where there is no such field.

    A name may itself hold dots: what the record has as a whole is taken first. None or an empty list on the way is a
    field without values.
    """
    if isinstance(value, dict) and path in value:
        return [value[path]]
    return _walk(value, path, DEEPEST)


def _walk(value: object, path: str, deeper: int) -> list[Any] | None:
    if value is None:
        return []
    if not deeper:
        return None
    if isinstance(value, list):
        return _walk_list(value, path, deeper - 1)
    if not isinstance(value, dict):
        return None
    if path in value:
        return [value[path]]
    name, dot, rest = path.partition(".")
    return _walk(value[name], rest, deeper - 1) if dot and name in value else None


def _walk_list(items: list[Any], path: str, deeper: int) -> list[Any] | None:
    found = [values for item in items if (values := _walk(item, path, deeper)) is not None]
    return [value for values in found for value in values] if found or not items else None


def field_names(value: object, deeper: int = 4) -> Iterator[str]:
    """Give the paths of the fields of a record, those of records inside as ``Phones.Number``."""
    if isinstance(value, list) and deeper:
        for item in value[:3]:
            yield from field_names(item, deeper - 1)
    elif isinstance(value, dict) and deeper:
        for name, inner in list(value.items())[:MANY_FIELDS]:
            yield str(name)
            yield from (f"{name}.{below}" for below in field_names(inner, deeper - 1))


def name_fields(known: Iterable[str], wanted: Iterable[str]) -> str:
    """Tell which fields exist, for a hint: first those that look like the wanted ones."""
    names = list(dict.fromkeys(known))
    if not names:
        return "There are no fields."
    folded = {name.casefold(): name for name in names}
    near = [folded[hit] for want in wanted for hit in difflib.get_close_matches(want.casefold(), folded, 2, 0.7)]
    mean = f"Did you mean {', '.join(map(clean, dict.fromkeys(near)))}? " if near else ""
    more = f" and {len(names) - MANY_FIELDS} more" if len(names) > MANY_FIELDS else ""
    return f"{mean}The fields that exist: {', '.join(map(clean, names[:MANY_FIELDS]))}{more}."
