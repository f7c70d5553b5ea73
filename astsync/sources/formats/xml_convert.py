"""Elements of XML to records: JSON-like, named without namespaces, every value a text, a record or a list of them.

Elements of one name beside each other become a list. The attributes of an element are fields of its record too. The
general types of XDTO (Structure, Map, Array, ValueTable of ``http://v8.1c.ru/8.1/data/core``) become the records and
lists that they stand for.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from astsync.errors import SourceBadAnswer
from astsync.language import say
from astsync.sources.formats.growing_xml import XSI, is_empty_nil, local

CORE = "{http://v8.1c.ru/8.1/data/core}"
"""The namespace of XDTO's general types."""

DEEPEST = 16
"""Records within each other that are looked into."""


def element_value(element: Element, deeper: int = DEEPEST) -> Any:
    """Convert an element to a text, None (``xsi:nil``), a record, or a list. ``deeper``: levels that may follow.

    Raises SourceBadAnswer when it is nested too deeply.
    """
    if not deeper:
        raise too_deep()
    if not len(element):
        if is_empty_nil(element):
            return None
        return element.text or attributes(element) or ""
    first = element[0].tag
    if first.startswith(CORE):
        read = _CORE.get(local(first))
        if read is not None:
            return read(element, deeper - 1)
    return _record(element, deeper)


def too_deep() -> SourceBadAnswer:
    """The error of an element that is nested too deeply, to be raised."""
    return SourceBadAnswer(
        say("the answer is nested too deeply"), hint=say("Records may be {levels} levels deep.", levels=DEEPEST)
    )


def attributes(element: Element) -> dict[str, Any]:
    """Read the attributes of an element as fields, without those of XML Schema itself."""
    return {local(key): text for key, text in element.items() if not key.startswith(XSI)}


def _record(element: Element, deeper: int) -> dict[str, Any]:
    record = attributes(element)
    repeated: set[str] = set()
    for child in element:
        name, inner = local(child.tag), element_value(child, deeper - 1)
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
    return {item.get("name", ""): element_value(item[0], deeper) for item in found if len(item)}


def _map(element: Element, deeper: int) -> dict[str, Any]:
    """Read a Map: ``<pair><Key>Имя</Key><Value>…</Value></pair>``."""
    pairs = ((pair.findtext(f"{CORE}Key"), pair.find(f"{CORE}Value")) for pair in element)
    return {key or "": element_value(inner, deeper) for key, inner in pairs if inner is not None}


def _array(element: Element, deeper: int) -> list[Any]:
    return [element_value(item, deeper) for item in element]


def _table(element: Element, deeper: int) -> list[dict[str, Any]]:
    """Read a ValueTable: columns with their names, then rows with values in that order."""
    columns = table_columns(element)
    return [table_row(row, columns, deeper) for row in element.iterfind(f"{CORE}row")]


def table_columns(table: Element) -> list[str]:
    """Read the names of the columns of a ValueTable."""
    return [column.findtext(f"{CORE}Name") or "" for column in table.iterfind(f"{CORE}column")]


def table_row(row: Element, columns: Iterable[str], deeper: int = DEEPEST) -> dict[str, Any]:
    """Convert a row of a ValueTable to a record."""
    cells = row.findall(f"{CORE}Value")
    return {name: element_value(cell, deeper) for name, cell in zip(columns, cells, strict=False)}


_CORE: Mapping[str, Callable[[Element, int], Any]] = {
    "Property": _structure,
    "pair": _map,
    "Value": _array,
    "column": _table,
    "row": _table,
}
