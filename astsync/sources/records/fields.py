"""Records, and the values at a path in them."""

from collections.abc import Mapping
from typing import Any

Record = Mapping[str, Any]
"""A mapping as in JSON: its values are texts, numbers, booleans, None, lists and dicts."""

DEEPEST = 16
"""Levels of lists and records inside each other that are looked into."""


def values_at(value: object, path: str) -> list[Any] | None:
    """Find the values at a path: names with dots between them. A list on the way means all its items.

    Returns None where there is no such field. A null or an empty list on the way is a field without values: []. A name
    may itself hold dots, so a field named like the whole path is taken first.
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
