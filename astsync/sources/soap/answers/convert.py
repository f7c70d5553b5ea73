"""Elements of an answer that the WSDL describes, to records.

An element that the WSDL's type (the shape) does not know is an error: the service has changed. What the WSDL leaves
open is read as XML of any other kind is (``sources.xml.convert``).
"""

from typing import Any
from xml.etree.ElementTree import Element

from astsync.sources.formats.growing_xml import XSI, is_empty_nil, local
from astsync.sources.formats.xml_convert import CORE, DEEPEST, attributes, too_deep
from astsync.sources.formats.xml_convert import value as open_value
from astsync.sources.soap.rules import unknown
from astsync.sources.soap.wsdl.shape import Shape

__all__ = ["CORE", "value"]

_TYPE = f"{XSI}type"


def value(element: Element, shape: Shape | None = None, deeper: int = DEEPEST) -> Any:
    """Give the value of an element: a text, None (``xsi:nil``), a record, or a list.

    Raises ServiceChanged for an element that the shape does not know, SourceBadAnswer when it is nested too deeply.
    """
    if not deeper:
        raise too_deep()
    kind = element.get(_TYPE)
    if shape is not None and kind and not shape.text:
        shape = shape.special(kind)
    if shape is None or (shape.open and not shape.fields):
        return open_value(element, deeper)
    if is_empty_nil(element):
        return None
    if shape.text:
        if len(element):
            raise unknown(local(element[0].tag), local(element.tag), ())
        return element.text or ""
    return _typed(element, shape, deeper)


def _typed(element: Element, shape: Shape, deeper: int) -> dict[str, Any]:
    record = attributes(element)
    for child in element:
        known = shape.fields.get(child.tag)
        if known is not None:
            inner = value(child, known.shape, deeper - 1)
            if known.many:
                record.setdefault(known.name, []).append(inner)
            else:
                record[known.name] = inner
        elif shape.open:
            record[local(child.tag)] = open_value(child, deeper - 1)
        else:
            raise unknown(local(child.tag), local(element.tag), shape.names())
    return record
