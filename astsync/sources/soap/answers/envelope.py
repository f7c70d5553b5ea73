"""SOAP envelopes, 1.1 and 1.2: where the list stands in one, and what is wrong with it.

A long answer is read while it comes in, so the tree of its envelope still grows. While it grows a missing element only
means that it has not come yet (``holder_of`` and the others return None); once the envelope is complete the same is an
error (``check_whole``). A SOAP fault is raised from a complete envelope too, for its words may not have come yet.
"""

from xml.etree.ElementTree import Element

from astsync.errors import SourceBadAnswer
from astsync.language import counted, say
from astsync.sources.formats.growing_xml import is_nil, local
from astsync.sources.soap.refusals import CALL, ServiceChanged, bad_soap_answer, soap_fault
from astsync.sources.soap.wsdl.list_place import ListPlace
from astsync.text import one_line

ENVELOPES = ("{http://schemas.xmlsoap.org/soap/envelope/}", "{http://www.w3.org/2003/05/soap-envelope}")
"""The namespaces of SOAP 1.1 and 1.2."""

EMPTY = say(
    "If there are no counterparties at all, this is right; else look at the service's module, and at its user's rights."
)


def space_of(root: Element, operation: str) -> str:
    """Find the namespace of an envelope. Raises SourceBadAnswer when the document is something else."""
    found = next((space for space in ENVELOPES if root.tag == f"{space}Envelope"), None)
    if found is None:
        raise bad_soap_answer(
            say(
                "the answer of the operation {operation} is no SOAP envelope but the document {name}",
                operation=operation,
                name=one_line(local(root.tag)),
            )
        )
    return found


def content_of(root: Element, operation: str) -> Element | None:
    """Find the element inside the body; None: it has not come yet. Raises SourceBadAnswer for no envelope."""
    space = space_of(root, operation)
    body = root.find(f"{space}Body")
    return body[0] if body is not None and len(body) else None


def response_of(root: Element, place: ListPlace) -> Element | None:
    """Find the answer's element; None: it has not come yet, or it is a fault, which ``check_whole`` raises."""
    content = content_of(root, place.operation)
    return content if content is not None and content.tag == place.response else None


def holder_of(root: Element, place: ListPlace) -> Element | None:
    """Find the element that holds the list; None: it has not come yet."""
    element = response_of(root, place)
    for tag in place.path:
        element = element.find(tag) if element is not None else None
    return element


def check_whole(root: Element, place: ListPlace) -> Element:
    """Find the element that holds the list, in an envelope that is complete.

    Raises SourceError: the SOAP fault that stands there instead, or what is missing or empty on the way.
    """
    content = content_of(root, place.operation)
    if content is None:
        raise no_content(place.operation)
    if local(content.tag) == "Fault":
        raise soap_fault(fault_text(content), place.operation)
    if content.tag != place.response:
        raise ServiceChanged(
            _other_answer(place.operation, one_line(local(content.tag)), one_line(local(place.response))),
            hint=say(
                "The service has changed since its WSDL was read, or source.soap.endpoint leads to another service."
            ),
        )
    return _follow(content, place)


def no_content(operation: str) -> SourceBadAnswer:
    """The error of an envelope without anything in its body, to be raised."""
    return bad_soap_answer(
        say("the answer of the operation {operation} holds nothing in its SOAP body", operation=operation)
    )


def missing(operation: str, name: str, hint: str = CALL) -> SourceBadAnswer:
    """The error of an answer that lacks an element, to be raised."""
    words = say("the answer of the operation {operation} holds no {element}", operation=operation, element=name)
    return bad_soap_answer(words, hint)


def repeated(operation: str, name: str, times: int) -> SourceBadAnswer:
    """The error of an answer in which an element stands several times, to be raised."""
    return bad_soap_answer(
        counted(
            "the answer of the operation {operation} holds {element} {count:,} time: the WSDL allows it once",
            "the answer of the operation {operation} holds {element} {count:,} times: the WSDL allows it once",
            times,
            operation=operation,
            element=name,
        )
    )


def _other_answer(operation: str, got: str, wanted: str) -> str:
    if got == wanted:
        return say(
            "the operation {operation} was answered with {got} of another namespace instead of {wanted}",
            operation=operation,
            got=got,
            wanted=wanted,
        )
    return say(
        "the operation {operation} was answered with {got} instead of {wanted}",
        operation=operation,
        got=got,
        wanted=wanted,
    )


def _follow(content: Element, place: ListPlace) -> Element:
    element = content
    for tag in place.path:
        found, name = element.findall(tag), one_line(local(tag))
        if not found:
            raise missing(place.operation, name, EMPTY)
        if len(found) > 1:
            raise repeated(place.operation, name, len(found))
        below = found[0]
        if is_nil(below):
            words = say(
                "the answer of the operation {operation} holds nothing: {element} is nil",
                operation=place.operation,
                element=name,
            )
            raise bad_soap_answer(words, EMPTY)
        element = below
    return element


def fault_text(fault: Element) -> str:
    """Find the words of a fault of SOAP 1.1 or 1.2; without such words all its text."""
    named = ("faultstring", "Text")
    found = [element.text or "" for element in fault.iter() if local(element.tag) in named]
    return " ".join(found) or " ".join(" ".join(fault.itertext()).split())
