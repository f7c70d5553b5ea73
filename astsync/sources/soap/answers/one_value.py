"""The answer of an operation that gives one value: a short document, read whole."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree.ElementTree import Element

from astsync.sources.formats.growing_xml import BadXml, ForbiddenXml, GrowingTree, is_nil, local
from astsync.sources.soap.answers.convert import typed_value
from astsync.sources.soap.answers.envelope import content_of, fault_text
from astsync.sources.soap.refusals import ServiceChanged, bad_soap_answer, soap_fault
from astsync.sources.soap.wsdl.answer_types import WsdlType
from astsync.sources.soap.wsdl.list_place import RETURN
from astsync.sources.web.server_words import body_text, page_words

_PART = re.compile(rb"\r?\n\r?\n")
_PAGE = (
    "Something before 1C answered (a login page, a proxy, another site), or the address is not that of the web "
    "service: look at source.soap.endpoint."
)
_FORBIDDEN = "1C writes no such documents: look at what stands between astsync and 1C."
_SHOWN = 4096


def read_value(body: bytes, operation: str, response: str, wsdl_type: WsdlType) -> Any:
    """Read the result of an operation: a text, None (nil), a record or a list.

    ``response`` is the tag of the answer's element, ``wsdl_type`` its type. Raises SourceError: also for an answer
    without a result, unless the WSDL allows that, and for one that the WSDL does not describe.
    """
    root = _document(_xml_part(body.strip()), operation)
    content = content_of(root, operation)
    if content is None:
        raise bad_soap_answer(operation, "holds nothing in its SOAP body")
    if local(content.tag) == "Fault":
        raise soap_fault(fault_text(content), operation)
    if _bare(content.tag) != _bare(response):
        raise ServiceChanged(
            f"the operation {operation} was answered with {local(content.tag)} instead of {local(response)}",
            hint="The service has changed since its WSDL was read, or the address leads to another service.",
        )
    return _result(content, operation, wsdl_type)


def _document(body: bytes, operation: str) -> Element:
    text = body_text(body[:_SHOWN]).lstrip("\ufeff \t\r\n")
    if not text:
        raise bad_soap_answer(operation, "is empty", _PAGE)
    if not text.startswith("<") or "<html" in text.lower():
        raise bad_soap_answer(operation, f"is not XML but a page: {page_words(text)}", _PAGE)
    with _explained(operation):
        tree = GrowingTree()
        tree.feed(body)
        tree.close()
        root = tree.root
    if root is None:
        raise bad_soap_answer(operation, "is empty", _PAGE)
    return root


@contextmanager
def _explained(operation: str) -> Iterator[None]:
    try:
        yield
    except ForbiddenXml as error:
        raise bad_soap_answer(operation, f"is refused: {error}", _FORBIDDEN) from None
    except BadXml as error:
        what = "is cut" if error.cut else "is damaged XML"
        raise bad_soap_answer(operation, f"{what}: {error}") from None


def _result(content: Element, operation: str, wsdl_type: WsdlType) -> Any:
    """Read the result. Without Out parameters it is the only output, whatever its name is."""
    known = wsdl_type.named(RETURN)
    if known is None and len(wsdl_type.elements) == 1:
        known = next(iter(wsdl_type.elements.items()))
    if known is None:
        raise bad_soap_answer(operation, f"holds no {RETURN}, and several other outputs")
    tag, element = known
    found = [child for child in content if _bare(child.tag) == _bare(tag)]
    if not found:
        stranger = next((child for child in content if child.tag not in wsdl_type.elements), None)
        if stranger is not None:
            raise ServiceChanged(
                f"the operation {operation} gives {local(stranger.tag)}, which its WSDL does not know",
                hint="If the service was changed, publish it again.",
            )
        raise bad_soap_answer(operation, f"holds no {local(tag)}")
    if len(found) > 1:
        if not element.many:
            raise bad_soap_answer(operation, f"holds {local(tag)} {len(found)} times: the WSDL allows it once")
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
