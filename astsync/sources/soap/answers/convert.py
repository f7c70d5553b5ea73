"""Elements of an answer to records, by the types of the WSDL.

An element that the WSDL's type does not know is an error: the service has changed, and what it gives now may mean
something else. What the WSDL leaves open is read as any other XML is (``formats.xml_convert``).
"""

from typing import Any
from xml.etree.ElementTree import Element

from astsync.sources.formats.growing_xml import XSI, is_empty_nil, local
from astsync.sources.formats.xml_convert import DEEPEST, attributes, element_value, too_deep
from astsync.sources.soap.refusals import unknown_element
from astsync.sources.soap.wsdl.answer_types import WsdlType

_TYPE = f"{XSI}type"


def typed_value(element: Element, wsdl_type: WsdlType | None = None, deeper: int = DEEPEST) -> Any:
    """Convert an element to a text, None (``xsi:nil``), a record, or a list. ``deeper``: levels that may follow.

    Raises ServiceChanged for an element that the type does not know, SourceBadAnswer when it is nested too deeply.
    """
    if not deeper:
        raise too_deep()
    kind = element.get(_TYPE)
    if wsdl_type is not None and kind and not wsdl_type.text:
        wsdl_type = wsdl_type.special(kind)
    if wsdl_type is None or (wsdl_type.open and not wsdl_type.elements):
        return element_value(element, deeper)
    if is_empty_nil(element):
        return None
    if wsdl_type.text:
        if len(element):
            raise unknown_element(local(element[0].tag), local(element.tag), ())
        return element.text or ""
    return _typed(element, wsdl_type, deeper)


def _typed(element: Element, wsdl_type: WsdlType, deeper: int) -> dict[str, Any]:
    record = attributes(element)
    for child in element:
        known = wsdl_type.elements.get(child.tag)
        if known is not None:
            inner = typed_value(child, known.type, deeper - 1)
            if known.many:
                record.setdefault(known.name, []).append(inner)
            else:
                record[known.name] = inner
        elif wsdl_type.open:
            record[local(child.tag)] = element_value(child, deeper - 1)
        else:
            raise unknown_element(local(child.tag), local(element.tag), wsdl_type.names())
    return record
