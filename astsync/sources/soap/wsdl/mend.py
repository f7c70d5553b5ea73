"""Types that a WSDL of 1C uses without describing them, put into it.

1C names types of its own (``http://v8.1c.ru/8.1/data/core``: Structure, Array, ...) and of packages of other
configurations, and gives no schema for them. zeep refuses such a WSDL. So each type and element that is missing is
described as one that may hold anything; the strictness about everything else stays.

The namespace of a 1C service is any text («Обмен», ``neo-fly``). lxml accepts only what is a URI by the letter, so the
other ones are percent-encoded for zeep, and written as 1C knows them in calls.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote
from xml.parsers import expat

from lxml import etree

_XS = "http://www.w3.org/2001/XMLSchema"
_WSDL = "http://schemas.xmlsoap.org/wsdl/"
DEFINITIONS = f"{{{_WSDL}}}definitions"
"""The tag of a WSDL's document."""

_TYPES = ("type", "base", "itemType")
_ELEMENTS = ("ref", "element")
_OWN = frozenset({_XS, _WSDL, "http://www.w3.org/XML/1998/namespace"})
_SCHEMA = f"{{{_XS}}}schema"


def encode_namespaces(content: bytes, renamed: dict[str, str]) -> bytes:
    """Percent-encode the namespaces that are no URIs; ``renamed`` gets what they were called, by their new names."""
    text = content.decode("utf-8", "replace")
    for space in sorted(_spaces(content), key=len, reverse=True):
        new = quote(space, safe="!#$&'()*+,/:;=?@[]~%")
        if new != space:
            renamed[new] = space
            text = text.replace(f'"{space}"', f'"{new}"').replace(f"'{space}'", f"'{new}'")
    return text.encode() if renamed else content


def original_tag(tag: str, renamed: Mapping[str, str]) -> str:
    """Write a tag of zeep with the namespace that the service knows."""
    space, closing, name = tag.removeprefix("{").rpartition("}")
    return f"{{{renamed.get(space, space)}}}{name}" if closing else tag


def _spaces(content: bytes) -> set[str]:
    """Find the namespaces of a document; what is not well formed is left to the parser behind."""
    found: set[str] = set()
    parser = expat.ParserCreate(namespace_separator="\f")  # no XML holds one: expat refuses it within a namespace
    parser.StartNamespaceDeclHandler = lambda _prefix, space: found.add(space or "")
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError):  # the last two: an encoding of many bytes
        return set()
    return found


def parse_xml(content: bytes) -> Any:
    """Parse XML into lxml's tree without entities and without fetching anything. Raises ValueError."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(error.msg) from None


def add_missing_types(root: Any) -> bytes:
    """Write a document as text. A WSDL gets schemas for the namespaces that it uses and neither has nor imports."""
    types = root.find(f"{{{_WSDL}}}types")
    missing = _missing(root) if root.tag == DEFINITIONS else {}
    if types is None and missing:
        types = etree.SubElement(root, f"{{{_WSDL}}}types")
        root.insert(0, types)
    for space, (type_names, element_names) in missing.items():
        types.append(_schema(space, sorted(type_names), sorted(element_names)))
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True))


def _missing(root: Any) -> dict[str, tuple[set[str], set[str]]]:
    known = _OWN | {schema.get("targetNamespace", "") for schema in root.iter(_SCHEMA)} | set(_imported(root))
    found: dict[str, tuple[set[str], set[str]]] = {}
    for space, name, place in _names(root):
        if space not in known:
            found.setdefault(space, (set(), set()))[place].add(name)
    return found


def _imported(root: Any) -> Iterator[str]:
    """Find the namespaces whose schemas are in other documents and will be fetched."""
    for element in root.iter(f"{{{_XS}}}import", f"{{{_WSDL}}}import"):
        if element.get("schemaLocation") or element.get("location"):
            yield element.get("namespace", "")


def _names(root: Any) -> Iterator[tuple[str, str, int]]:
    """Find the names used in schemas and messages: namespace, name, and 0 for a type or 1 for an element."""
    for element in root.iter(f"{{{_XS}}}*", f"{{{_WSDL}}}part"):
        for place, keys in enumerate((_TYPES, _ELEMENTS)):
            for key in keys:
                prefix, colon, name = element.get(key, "").rpartition(":")
                space = element.nsmap.get(prefix or None)
                if name and space and (colon or place == 0):
                    yield space, name, place


def _schema(space: str, type_names: list[str], element_names: list[str]) -> Any:
    schema = etree.Element(_SCHEMA, nsmap={"xs": _XS}, targetNamespace=space, elementFormDefault="qualified")
    for name in type_names:
        sequence = etree.SubElement(_sub(schema, "complexType", name=name), f"{{{_XS}}}sequence")
        _sub(sequence, "any", minOccurs="0", maxOccurs="unbounded", processContents="lax")
    for name in element_names:
        _sub(schema, "element", name=name)
    return schema


def _sub(parent: Any, kind: str, **attributes: str) -> Any:
    return etree.SubElement(parent, f"{{{_XS}}}{kind}", **attributes)
