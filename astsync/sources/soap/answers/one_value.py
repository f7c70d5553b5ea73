"""The answer of an operation that gives one value: a short document, read whole."""

import re
from typing import Any
from xml.etree.ElementTree import Element

from astsync.language import say
from astsync.sources.formats.growing_xml import BadXml, GrowingTree, is_nil, local
from astsync.sources.soap.answers.convert import typed_value
from astsync.sources.soap.answers.envelope import content_of, fault_text, missing, no_content, repeated
from astsync.sources.soap.refusals import (
    PAGE,
    ServiceChanged,
    bad_soap_answer,
    empty_soap_answer,
    page_answered,
    soap_fault,
    unreadable,
)
from astsync.sources.soap.wsdl.answer_types import WsdlType
from astsync.sources.soap.wsdl.list_place import RETURN
from astsync.sources.web.server_words import body_text, page_words
from astsync.text import one_line

_PART = re.compile(rb"\r?\n\r?\n")
_SHOWN = 4096


def read_value(body: bytes, operation: str, response: str, wsdl_type: WsdlType) -> Any:
    """Read the result of an operation: a text, None (nil), a record or a list.

    ``response`` is the tag of the answer's element, ``wsdl_type`` its type. Raises SourceError: also for an answer
    without a result, unless the WSDL allows that, and for one that the WSDL does not describe.
    """
    operation = one_line(operation)
    root = _document(_xml_part(body.strip()), operation)
    content = content_of(root, operation)
    if content is None:
        raise no_content(operation)
    if local(content.tag) == "Fault":
        raise soap_fault(fault_text(content), operation)
    if _bare(content.tag) != _bare(response):
        raise ServiceChanged(
            say(
                "the operation {operation} was answered with {got} instead of {wanted}",
                operation=operation,
                got=one_line(local(content.tag)),
                wanted=one_line(local(response)),
            ),
            hint=say("The service has changed since its WSDL was read, or the address leads to another service."),
        )
    return _result(content, operation, wsdl_type)


def _document(body: bytes, operation: str) -> Element:
    text = body_text(body[:_SHOWN]).lstrip("\ufeff \t\r\n")
    if not text:
        raise empty_soap_answer(operation, PAGE)
    if not text.startswith("<") or "<html" in text.lower():
        raise page_answered(operation, page_words(text), PAGE)
    tree = GrowingTree()
    try:
        tree.feed(body)
        tree.close()
    except BadXml as error:
        raise unreadable(error, operation) from None
    if tree.root is None:
        raise empty_soap_answer(operation, PAGE)
    return tree.root


def _result(content: Element, operation: str, wsdl_type: WsdlType) -> Any:
    """Read the result. Without Out parameters it is the only output, whatever its name is."""
    known = wsdl_type.named(RETURN)
    if known is None and len(wsdl_type.elements) == 1:
        known = next(iter(wsdl_type.elements.items()))
    if known is None:
        raise bad_soap_answer(
            say(
                "the answer of the operation {operation} holds no {element}, and several other outputs",
                operation=operation,
                element=RETURN,
            )
        )
    tag, element = known
    found = [child for child in content if _bare(child.tag) == _bare(tag)]
    if not found:
        stranger = next((child for child in content if child.tag not in wsdl_type.elements), None)
        if stranger is not None:
            raise ServiceChanged(
                say(
                    "the operation {operation} gives {element}, which its WSDL does not know",
                    operation=operation,
                    element=one_line(local(stranger.tag)),
                ),
                hint=say("If the service was changed, publish it again."),
            )
        raise missing(operation, one_line(local(tag)))
    if len(found) > 1:
        if not element.many:
            raise repeated(operation, one_line(local(tag)), len(found))
        return [typed_value(one, element.type) for one in found]
    if is_nil(found[0]):
        return None
    return typed_value(found[0], element.type)


def _bare(tag: str) -> str:
    """A tag without the scheme of its namespace: answers of the service of 2013 were printed with one, and without."""
    return tag.replace("{http://", "{", 1)


def _xml_part(body: bytes) -> bytes:
    """Take the envelope out of an answer by MTOM: the first part, behind the headers of its own."""
    if not body.startswith(b"--"):
        return body
    boundary, _, rest = body.partition(b"\n")
    parts = rest.split(boundary.strip())
    inside = _PART.split(parts[0], maxsplit=1)
    return inside[-1].strip()
