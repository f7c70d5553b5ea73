"""The fields of records (JSON-like mappings): paths to them, their values as text, and their names for messages."""

from collections.abc import Mapping
from typing import Any

Record = Mapping[str, Any]
"""JSON-like: text, whole and other numbers, truth, None, lists and dicts."""

DEEPEST = 16
"""Lists and records inside each other that are looked into."""


def values_at(value: object, path: str) -> list[Any] | None:
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
