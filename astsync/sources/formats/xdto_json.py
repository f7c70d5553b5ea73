"""JSON by XDTO, as 1C's СериализаторXDTO.ЗаписатьJSON writes any value, to plain records and lists.

``{"#type": "jv8:Structure", "#value": [{"name": {"#type": "jxs:string", "#value": "Phone"}, "Value": {…}}]}`` is the
record ``{"Phone": …}``. The shapes were taken from public projects that read or write them. Names and keys may also be
plain texts, because ``НазначениеТипаXML.Неявное`` leaves out the types that are known.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from astsync.language import say

TYPE, VALUE = "#type", "#value"
PAIRED = frozenset({"Structure", "FixedStructure", "Map", "FixedMap"})
"""Types whose value is a list of pairs: ``name`` or ``Key``, and ``Value``."""

TABLE = "ValueTable"
VALUE_LISTS = frozenset({"ValueListType", "ValueList"})
NAMES = frozenset({"name", "Key"})

MARKED = re.compile(r'\{\s*"#(type|value)"')
"""The beginning of an object that is written so."""

PAIR = re.compile(r'\[\s*\{\s*"(name|Key)"')
"""The beginning of a list of pairs whose type was left out."""

DEEPEST = 32
"""Values within each other that are looked into."""

_MARKS = frozenset({TYPE, VALUE})


def type_of(type_name: object) -> str:
    """Cut the prefix off the name of a type: ``jv8:Structure`` is a Structure."""
    return type_name.rpartition(":")[2] if isinstance(type_name, str) else ""


def is_marked(value: object) -> bool:
    """Whether a parsed value is an object of JSON by XDTO."""
    return isinstance(value, dict) and VALUE in value and value.keys() <= _MARKS


def xdto_value(value: object, deeper: int = DEEPEST) -> Any:
    """Convert a parsed value to records, lists, texts and numbers. Raises ValueError when it is nested too deeply."""
    if not isinstance(value, dict | list):
        return value
    if not deeper:
        raise ValueError(say("it is nested too deeply"))
    if isinstance(value, list):
        return [xdto_value(item, deeper - 1) for item in value]
    if value.keys() <= _MARKS:
        return _meant(type_of(value.get(TYPE)), value.get(VALUE), deeper - 1)
    return {name: xdto_value(inner, deeper - 1) for name, inner in value.items()}


def _meant(kind: str, value: object, deeper: int) -> Any:
    if kind == "Null":
        return None
    if isinstance(value, list) and (kind in PAIRED or (not kind and _are_pairs(value))):
        return _record(value, deeper)
    if isinstance(value, dict) and kind == TABLE:
        return _rows(value, deeper)
    if isinstance(value, dict) and kind in VALUE_LISTS:
        return [xdto_value(list_item(item), deeper) for item in _list(value.get("item"))]
    return xdto_value(value, deeper)


def _are_pairs(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(item, dict) and "Value" in item and item.keys() & NAMES for item in items)


def _record(pairs: list[Any], deeper: int) -> dict[str, Any]:
    found = (pair for pair in pairs if isinstance(pair, dict) and "Value" in pair)
    return {key_text(pair.get("name", pair.get("Key"))): xdto_value(pair["Value"], deeper) for pair in found}


def key_text(key: object) -> str:
    """Read the name of a property or the key of a pair; what is neither text nor number is ""."""
    meant = xdto_value(key)
    return str(meant) if isinstance(meant, str | int | float) and not isinstance(meant, bool) else ""


def column_names(columns: object) -> list[str]:
    """Read the names of the columns of a ValueTable."""
    return [key_text(column.get("Name")) if isinstance(column, dict) else "" for column in _list(columns)]


def table_row(row: object, columns: Iterable[str], deeper: int = DEEPEST) -> dict[str, Any]:
    """Convert a row of a ValueTable, which is a list of cells or an object whose field ``Value`` is that list."""
    cells = row.get("Value") if isinstance(row, dict) else row
    return {name: xdto_value(cell, deeper) for name, cell in zip(columns, _list(cells), strict=False)}


def list_item(item: object) -> object:
    """Take the value out of an item of a СписокЗначений, whose other fields are for its looks."""
    return item.get("value", item) if isinstance(item, dict) else item


def _rows(table: Mapping[str, Any], deeper: int) -> list[dict[str, Any]]:
    columns = column_names(table.get("column"))
    return [table_row(row, columns, deeper) for row in _list(table.get("row"))]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
