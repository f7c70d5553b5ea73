"""Where the list stands in XML that no WSDL describes: at the configured path, or where a record has the name's field.

Without a path the uppermost list is taken, level by level: a record may hold lists of its own, such as its phones, and
their elements may have a field of the same name.
"""

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
"""Elements, the upper ones first, among which the first record must be.

The search begins anew with every piece of the document until the list is found, so it must be short.
"""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a list stands: ``parent`` holds it, its records have the tag ``record``.

    ``make`` converts an element to a record where the element alone does not say enough: the cells of a ValueTable's
    rows are named by its columns.
    """

    parent: Element
    record: str
    make: Callable[[Element], object] | None = None


def find_list(top: Element, path: str, name_field: str, *, whole: bool) -> Spot | None:
    """Find the list in as much of a document as was read; None where there is no list, or not yet.

    ``path`` leads from ``top`` to the list. Without one, the list is where an element has the field ``name_field``.
    Where no element has it, the first elements of one name beside each other are taken: the error then names the fields
    that they have. ``whole``: the document was read to its end.
    """
    if path:
        return _at_path(top, path.split("."), name_field, whole=whole)
    return _records(top, name_field) or _repeated(top)


def find_another(top: Element, path: str, name_field: str) -> str:
    """Find a record that is left in a document after its list was taken out; returns its path, or "".

    Such a record belongs to a second list, which would be lost silently.
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
    """Whether a document has a list of XDTO's general types that holds nothing: no element shows a field then."""
    return any(
        not len(element) and element.get(f"{XSI}type", "").rpartition(":")[2] in _LISTS for element in top.iter()
    )


def _named_below(top: Element, name_field: str, path: str) -> str:
    """Find a record anywhere below the element at ``path``; returns its path, or ""."""
    level = [(top, path)]
    while level:
        below = [(child, _path(here, child)) for element, here in level for child in element]
        for child, here in below:
            # The columns of a ValueTable have an element Name too, and are no records.
            if (_has_name(child, name_field) and child.tag != f"{CORE}column") or _is_table(child, name_field):
                return here
        level = [(child, here) for child, here in below if len(child)]
    return ""


def _path(above: str, child: Element) -> str:
    """Add an element to the path; the element Value of a property adds nothing to it."""
    return above if child.tag == _VALUE else f"{above}.{_name(child)}"


def _name(element: Element) -> str:
    """The name of an element in a path; a property of a Structure or a Map has a name of its own."""
    if element.tag == f"{CORE}Property":
        return element.get("name", "")
    if element.tag == f"{CORE}pair":
        return element.findtext(f"{CORE}Key") or ""
    return local(element.tag)


def _inside(element: Element) -> Element:
    """The element whose children are meant: the element Value of a property, else the element itself."""
    held = element.find(_VALUE) if element.tag in _PROPERTIES else None
    return element if held is None else held


def _is_table(element: Element, name_field: str) -> bool:
    """Whether an element is a ValueTable with rows and a column for the name."""
    return element.find(f"{CORE}row") is not None and name_field in table_columns(element)


def _follow(top: Element, path: list[str]) -> tuple[list[Element], list[tuple[Element, Element]]]:
    """Follow a path.

    Returns the elements that its last name may stand in, and their children of that name, each with its parent.
    """
    if path[0] == local(top.tag) and len(path) > 1:  # the document's own element may be named or left out
        path = path[1:]
    parents = [top]
    for name in path[:-1]:
        parents = [_inside(child) for parent in parents for child in parent if _name(child) == name]
    return parents, [(parent, child) for parent in parents for child in parent if _name(child) == path[-1]]


def _at_path(top: Element, path: list[str], name_field: str, *, whole: bool) -> Spot | None:
    parents, found = _follow(top, path)
    if found:
        parent, first = found[0]
        # The path may name the records themselves or what holds them.
        below = None if _has_name(first, name_field) else _records(first, name_field)
        return below or _alone(parent, first, whole=whole)
    return Spot(parents[0], path[-1]) if whole and parents and len(path) > 1 else None


def _alone(parent: Element, first: Element, *, whole: bool) -> Spot | None:
    """The list at a path whose element holds no record: either the list is empty, or this is its first record."""
    if first.tag in _PROPERTIES:
        return Spot(_inside(first), _VALUE) if whole else None
    if whole and not (len(first) or first.keys() or (first.text or "").strip()):
        return Spot(first, _NOTHING)
    return Spot(parent, first.tag)


def _records(top: Element, name_field: str) -> Spot | None:
    for parent, child in _breadth_first(top):
        if child.tag == f"{CORE}column":  # it has an element Name, and is no record
            return _table(parent)
        if _has_name(child, name_field):
            return Spot(parent, child.tag)
    return None


def _table(table: Element) -> Spot:
    columns = table_columns(table)
    return Spot(table, f"{CORE}row", lambda row: table_row(row, columns))


def _repeated(top: Element) -> Spot | None:
    """Find the first two elements of one name next to each other that hold elements themselves."""
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
    """Yield elements with their parents, level by level."""
    left = _LOOKED_AT
    level = [top]
    while level and left > 0:
        pairs = [(parent, child) for parent in level for child in parent[:left]]
        yield from pairs[:left]
        left -= len(pairs)
        level = [child for _parent, child in pairs]


def _has_name(element: Element, name_field: str) -> bool:
    """Whether an element has the field, or the first name of its path: as a child, an attribute, or a property."""
    names = {local(child.tag) for child in element}
    if not element.tag.startswith(CORE):  # the attribute ``name`` of a Property is no field of a record
        names.update(map(local, element.keys()))
    names.update(child.get("name", "") for child in element.iterfind(f"{CORE}Property"))
    names.update(key.text or "" for key in element.iterfind(f"{CORE}pair/{CORE}Key"))
    return bool(names & {name_field, name_field.partition(".")[0]})
