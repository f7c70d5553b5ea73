"""The list in XML that no WSDL describes: found by the configured path, or by what its records must have."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from astsync.sources.formats.growing_xml import XSI, local
from astsync.sources.formats.xml_convert import CORE, table_columns, table_row

_VALUE = f"{CORE}Value"
_PROPERTIES = (f"{CORE}Property", f"{CORE}pair")
_LISTS = frozenset({"Array", "FixedArray", "ValueTable"})
_NOTHING = ""
"""The tag of no element."""

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


def find_list(top: Element, path: str, name_field: str, *, whole: bool) -> Spot | None:
    """Find the list in what is there of a document.

    ``path`` is the configured one from ``top`` on. A record is known by its field ``name_field``; of several lists
    the uppermost is taken. Where no element has that field the first one that repeats is taken, for the message that
    names its fields. ``whole``: nothing more will come. None: there is no list, or not yet.
    """
    if path:
        return _at_path(top, path.split("."), name_field, whole=whole)
    return _records(top, name_field) or _repeated(top)


def find_another(top: Element, path: str, name_field: str) -> str:
    """Give the path of a record that is still in a document after its one list was taken out, "" where none is.

    What is left of a second list would be lost without a word.
    """
    if not path:
        return _named_below(top, name_field, local(top.tag))
    _parents, found = _follow(top, path.split("."))
    for _parent, child in found:
        below = path if _has_name(child, name_field) else _named_below(child, name_field, path)
        if below:
            return below
    return ""


def says_empty(top: Element) -> bool:
    """Tell whether a document has a list of 1C's general types that is there and holds nothing."""
    return any(
        not len(element) and element.get(f"{XSI}type", "").rpartition(":")[2] in _LISTS for element in top.iter()
    )


def _named_below(top: Element, name_field: str, path: str) -> str:
    """Give the path of a record anywhere below the element that ``path`` leads to, "" where there is none."""
    level = [(top, path)]
    while level:
        below = [(child, _path(here, child)) for element, here in level for child in element]
        for child, here in below:
            if (_has_name(child, name_field) and child.tag != f"{CORE}column") or _is_table(child, name_field):
                return here
        level = [(child, here) for child, here in below if len(child)]
    return ""


def _path(above: str, child: Element) -> str:
    """Lead on to an element; a property goes by its name, and its value adds nothing."""
    return above if child.tag == _VALUE else f"{above}.{_name(child)}"


def _name(element: Element) -> str:
    """Give the name of an element: of a property of a Structure or a Map its own."""
    if element.tag == f"{CORE}Property":
        return element.get("name", "")
    if element.tag == f"{CORE}pair":
        return element.findtext(f"{CORE}Key") or ""
    return local(element.tag)


def _inside(element: Element) -> Element:
    """Give what holds the elements below: of a property its value."""
    held = element.find(_VALUE) if element.tag in _PROPERTIES else None
    return element if held is None else held


def _is_table(element: Element, name_field: str) -> bool:
    """Tell whether an element is a ValueTable with rows that have the name."""
    return element.find(f"{CORE}row") is not None and name_field in table_columns(element)


def _follow(top: Element, path: list[str]) -> tuple[list[Element], list[tuple[Element, Element]]]:
    """Give the elements that the path without its last name leads to, and what has that name in them."""
    if path[0] == local(top.tag) and len(path) > 1:
        path = path[1:]
    parents = [top]
    for name in path[:-1]:
        parents = [_inside(child) for parent in parents for child in parent if _name(child) == name]
    return parents, [(parent, child) for parent in parents for child in parent if _name(child) == path[-1]]


def _at_path(top: Element, path: list[str], name_field: str, *, whole: bool) -> Spot | None:
    parents, found = _follow(top, path)
    if found:
        parent, first = found[0]
        below = None if _has_name(first, name_field) else _records(first, name_field)
        return below or _alone(parent, first, whole=whole)
    return Spot(parents[0], path[-1]) if whole and parents and len(path) > 1 else None


def _alone(parent: Element, first: Element, *, whole: bool) -> Spot | None:
    """Give the list whose element of the path holds no record: it is empty, or is itself the first record."""
    if first.tag in _PROPERTIES:
        return Spot(_inside(first), _VALUE) if whole else None
    if whole and not (len(first) or first.keys() or (first.text or "").strip()):
        return Spot(first, _NOTHING)
    return Spot(parent, first.tag)


def _records(top: Element, name_field: str) -> Spot | None:
    for parent, child in _breadth_first(top):
        if child.tag == f"{CORE}column":
            return _table(parent)
        if _has_name(child, name_field):
            return Spot(parent, child.tag)
    return None


def _table(table: Element) -> Spot:
    columns = table_columns(table)
    return Spot(table, f"{CORE}row", lambda row: table_row(row, columns))


def _repeated(top: Element) -> Spot | None:
    """Find the first elements of one name beside each other that hold elements themselves."""
    before: tuple[Element, Element] | None = None
    for parent, child in _breadth_first(top):
        if child.tag in _PROPERTIES:  # fields of one record
            continue
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


def _has_name(element: Element, name_field: str) -> bool:
    names = {local(child.tag) for child in element}
    if not element.tag.startswith(CORE):  # a property's own name is none of a record
        names.update(map(local, element.keys()))
    names.update(child.get("name", "") for child in element.iterfind(f"{CORE}Property"))
    names.update(key.text or "" for key in element.iterfind(f"{CORE}pair/{CORE}Key"))
    return bool(names & {name_field, name_field.partition(".")[0]})
