"""The list in XML that no WSDL describes: found by the configured path, or by what its records must have."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from astsync.config import FieldsConfig
from astsync.sources.soap.convert import CORE, table_columns, table_row
from astsync.sources.soap.tree import local

_LOOKED_AT = 5000
"""Elements, the upper ones first, among which the first record must be."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a list stands: ``parent`` holds it, its records have the tag ``record``.

    ``make`` turns an element into a record where that takes more than the element itself (the rows of a ValueTable).
    """

    parent: Element
    record: str
    make: Callable[[Element], object] | None = None


def find_list(top: Element, path: str, fields: FieldsConfig, *, whole: bool) -> Spot | None:
    """Find the list in what is there of a document.

    ``path`` is the configured one from ``top`` on. A record is known by its field ``fields.name``; of several lists
    the uppermost is taken. Where no element has that field the first one that repeats is taken, for the message that
    names its fields. ``whole``: nothing more will come. None: there is no list, or not yet.
    """
    if path:
        return _at_path(top, path.split("."), fields, whole=whole)
    return _records(top, fields) or _repeated(top)


def find_another(top: Element, path: str, fields: FieldsConfig) -> str:
    """Give the path of a record that is still in a document after its one list was taken out, "" where none is.

    What is left of a second list would be lost without a word.
    """
    if not path:
        return _named_below(top, fields, local(top.tag))
    _parents, found = _follow(top, path.split("."))
    for _parent, child in found:
        below = path if _has_name(child, fields) else _named_below(child, fields, path)
        if below:
            return below
    return ""


def _named_below(top: Element, fields: FieldsConfig, path: str) -> str:
    """Give the path of a record anywhere below the element that ``path`` leads to, "" where there is none."""
    level = [(top, path)]
    while level:
        below = [(child, f"{here}.{local(child.tag)}") for element, here in level for child in element]
        for child, here in below:
            if (_has_name(child, fields) and child.tag != f"{CORE}column") or _is_table(child, fields):
                return here
        level = [(child, here) for child, here in below if len(child)]
    return ""


def _is_table(element: Element, fields: FieldsConfig) -> bool:
    """Tell whether an element is a ValueTable with rows that have the name."""
    return element.find(f"{CORE}row") is not None and fields.name in table_columns(element)


def _follow(top: Element, path: list[str]) -> tuple[list[Element], list[tuple[Element, Element]]]:
    """Give the elements that the path without its last name leads to, and what has that name in them."""
    if path[0] == local(top.tag) and len(path) > 1:
        path = path[1:]
    parents = [top]
    for name in path[:-1]:
        parents = [child for parent in parents for child in parent if local(child.tag) == name]
    return parents, [(parent, child) for parent in parents for child in parent if local(child.tag) == path[-1]]


def _at_path(top: Element, path: list[str], fields: FieldsConfig, *, whole: bool) -> Spot | None:
    parents, found = _follow(top, path)
    if found:
        parent, first = found[0]
        inside = None if _has_name(first, fields) else _records(first, fields)
        return inside or Spot(parent, first.tag)
    return Spot(parents[0], path[-1]) if whole and parents and len(path) > 1 else None


def _records(top: Element, fields: FieldsConfig) -> Spot | None:
    for parent, child in _breadth_first(top):
        if child.tag == f"{CORE}column":
            return _table(parent)
        if _has_name(child, fields):
            return Spot(parent, child.tag)
    return None


def _table(table: Element) -> Spot:
    columns = table_columns(table)
    return Spot(table, f"{CORE}row", lambda row: table_row(row, columns))


def _repeated(top: Element) -> Spot | None:
    """Find the first elements of one name beside each other that hold elements themselves."""
    before: tuple[Element, Element] | None = None
    for parent, child in _breadth_first(top):
        if len(child) and before is not None and before[0] is parent and before[1].tag == child.tag:
            return Spot(parent, child.tag)
        if len(child):
            before = parent, child
    return None


def _breadth_first(top: Element) -> Iterator[tuple[Element, Element]]:
    """Give elements with their parents, the upper ones first."""
    left = _LOOKED_AT
    level = [top]
    while level and left > 0:
        pairs = [(parent, child) for parent in level for child in parent[:left]]
        yield from pairs[:left]
        left -= len(pairs)
        level = [child for _parent, child in pairs]


def _has_name(element: Element, fields: FieldsConfig) -> bool:
    names = {local(child.tag) for child in element}
    names.update(map(local, element.keys()))
    names.update(child.get("name", "") for child in element.iterfind(f"{CORE}Property"))
    names.update(key.text or "" for key in element.iterfind(f"{CORE}pair/{CORE}Key"))
    return bool(names & {fields.name, fields.name.partition(".")[0]})
