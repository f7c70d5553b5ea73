"""Elements of XML to records: JSON-like, named without namespaces, every value a text, a record or a list of them.

With a shape (the WSDL's type) an element that it does not know is an error: the service has changed. Without one, what
repeats is a list. The attributes of an element are fields of its record too. 1C's own general types (Structure, Map,
Array, ValueTable of ``http://v8.1c.ru/8.1/data/core``) become the records and lists that they mean.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from astsync.errors import SourceBadAnswer
from astsync.sources.soap.errors import unknown
from astsync.sources.soap.shape import DEEPEST, Shape
from astsync.sources.soap.tree import XSI, is_empty_nil, local

CORE = "{http://v8.1c.ru/8.1/data/core}"
"""The namespace of 1C's general types."""

_TYPE = f"{XSI}type"


def value(element: Element, shape: Shape | None = None, deeper: int = DEEPEST) -> Any:
    """Give the value of an element: a text, None (``xsi:nil``), a record, or a list.

    Raises ServiceChanged for an element that the shape does not know, SourceBadAnswer when it is nested too deeply.
    """
    if not deeper:
        raise SourceBadAnswer("the answer is nested too deeply", hint=f"Records may be {DEEPEST} levels deep.")
    kind = element.get(_TYPE)
    if shape is not None and kind and not shape.text:
        shape = shape.special(kind)
    if shape is None or (shape.open and not shape.fields):
        return _untyped(element, deeper)
    if is_empty_nil(element):
        return None
    if shape.text:
        if len(element):
            raise unknown(local(element[0].tag), local(element.tag), ())
        return element.text or ""
    return _typed(element, shape, deeper)


def _typed(element: Element, shape: Shape, deeper: int) -> dict[str, Any]:
    record = _attributes(element)
    for child in element:
        known = shape.fields.get(child.tag)
        if known is not None:
            inner = value(child, known.shape, deeper - 1)
            if known.many:
                record.setdefault(known.name, []).append(inner)
            else:
                record[known.name] = inner
        elif shape.open:
            record[local(child.tag)] = value(child, None, deeper - 1)
        else:
            raise unknown(local(child.tag), local(element.tag), shape.names())
    return record


def _attributes(element: Element) -> dict[str, Any]:
    return {local(key): text for key, text in element.items() if not key.startswith(XSI)}


def _untyped(element: Element, deeper: int) -> Any:
    if not len(element):
        if is_empty_nil(element):
            return None
        return element.text or _attributes(element) or ""
    first = element[0].tag
    if first.startswith(CORE):
        read = _CORE.get(local(first))
        if read is not None:
            return read(element, deeper - 1)
    record: dict[str, Any] = _attributes(element)
    repeated: set[str] = set()
    for child in element:
        name, inner = local(child.tag), value(child, None, deeper - 1)
        if name in repeated:
            record[name].append(inner)
        elif name in record:
            repeated.add(name)
            record[name] = [record[name], inner]
        else:
            record[name] = inner
    return record


def _structure(element: Element, deeper: int) -> dict[str, Any]:
    """Read a Structure: ``<Property name="Имя"><Value>…</Value></Property>``."""
    found = element.findall(f"{CORE}Property")
    return {item.get("name", ""): value(item[0], None, deeper) for item in found if len(item)}


def _map(element: Element, deeper: int) -> dict[str, Any]:
    """Read a Map: ``<pair><Key>Имя</Key><Value>…</Value></pair>``."""
    pairs = ((pair.findtext(f"{CORE}Key"), pair.find(f"{CORE}Value")) for pair in element)
    return {key or "": value(inner, None, deeper) for key, inner in pairs if inner is not None}


def _array(element: Element, deeper: int) -> list[Any]:
    return [value(item, None, deeper) for item in element]


def _table(element: Element, deeper: int) -> list[dict[str, Any]]:
    """Read a ValueTable: columns with their names, then rows with values in that order."""
    columns = table_columns(element)
    return [table_row(row, columns, deeper) for row in element.iterfind(f"{CORE}row")]


def table_columns(table: Element) -> list[str]:
    """Give the names of the columns of a ValueTable."""
    return [column.findtext(f"{CORE}Name") or "" for column in table.iterfind(f"{CORE}column")]


def table_row(row: Element, columns: Iterable[str], deeper: int = DEEPEST) -> dict[str, Any]:
    """Give the record of a row of a ValueTable."""
    cells = row.findall(f"{CORE}Value")
    return {name: value(cell, None, deeper) for name, cell in zip(columns, cells, strict=False)}


_CORE: Mapping[str, Callable[[Element, int], Any]] = {
    "Property": _structure,
    "pair": _map,
    "Value": _array,
    "column": _table,
    "row": _table,
}
