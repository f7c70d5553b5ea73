"""Writes a WSDL as 1C:Enterprise does: document/literal wrapped, SOAP 1.1 and 1.2.

The layout follows real ones to the letter: indented by tabs, one attribute a line, the same prefixes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

XS = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
_HTTP = "http://schemas.xmlsoap.org/soap/http"
_BINDINGS = (
    ("Soap", "soapbind", "http://schemas.xmlsoap.org/wsdl/soap/"),
    ("Soap12", "soap12bind", "http://schemas.xmlsoap.org/wsdl/soap12/"),
)


@dataclass(frozen=True, slots=True)
class DeclaredElement:
    """The declaration of a parameter, an output or a field.

    ``type`` is one of XML Schema (xs:string) or of the service (tns:Phone).
    """

    name: str
    type: str = "xs:string"
    optional: bool = False
    many: bool = False
    nillable: bool = False

    @property
    def attributes(self) -> dict[str, str]:
        """The attributes of the declaration in 1C's order."""
        given = {"name": self.name, "type": self.type}
        if self.optional or self.many:
            given["minOccurs"] = "0"
        if self.many:
            given["maxOccurs"] = "unbounded"
        return given | ({"nillable": "true"} if self.nillable else {})


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a web service. The first output is ``return``, the others are Out parameters."""

    name: str
    parameters: tuple[DeclaredElement, ...]
    outputs: tuple[DeclaredElement, ...]


@dataclass(frozen=True, slots=True)
class WebService:
    """A web service. ``types`` is its XDTO package, ``file`` the file name of its publication."""

    name: str
    namespace: str
    operations: tuple[Operation, ...]
    types: Mapping[str, tuple[DeclaredElement, ...]] = field(default_factory=dict)
    file: str = ""

    @property
    def paths(self) -> tuple[str, str]:
        """The names below ``ws/`` under which it can be called."""
        return self.name, self.file or f"{self.name}.1cws"

    def operation(self, name: str) -> Operation | None:
        """Find an operation by its name."""
        return next((operation for operation in self.operations if operation.name == name), None)


def wsdl(service: WebService, address: str) -> bytes:
    """Write the WSDL of a service. ``address`` is the address that its ports name."""
    spaces = {
        "xmlns": "http://schemas.xmlsoap.org/wsdl/",
        "xmlns:soap12bind": _BINDINGS[1][2],
        "xmlns:soapbind": _BINDINGS[0][2],
        "xmlns:tns": service.namespace,
        "xmlns:wsp": "http://schemas.xmlsoap.org/ws/2004/09/policy",
        "xmlns:wsu": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
        "xmlns:xsd": XS,
        "xmlns:xsd1": service.namespace,
        "name": service.name,
        "targetNamespace": service.namespace,
    }
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', *_tag(0, "definitions", spaces)]
    for part in (_types(service), _messages(service), _port_type(service), _all_bindings(service)):
        lines.extend(part)
    lines.extend(_ports(service, address))
    lines.append("</definitions>")
    return "\n".join(lines).encode()


def _tag(depth: int, name: str, attributes: Mapping[str, str], *, empty: bool = False) -> Iterator[str]:
    """Write an opening or an empty tag, one attribute a line."""
    tabs, end = "\t" * depth, "/>" if empty else ">"
    written = [f"{key}={quoteattr(value)}" for key, value in attributes.items()]
    first = f"{tabs}<{name}" + (f" {written[0]}" if written else "")
    lines = [first, *(f"{tabs}\t\t{attribute}" for attribute in written[1:])]
    lines[-1] += end
    yield from lines


def _sequence(elements: tuple[DeclaredElement, ...], depth: int) -> Iterator[str]:
    tabs = "\t" * depth
    if not elements:
        yield f"{tabs}<xs:sequence/>"
        return
    yield f"{tabs}<xs:sequence>"
    for element in elements:
        yield from _tag(depth + 1, "xs:element", element.attributes, empty=True)
    yield f"{tabs}</xs:sequence>"


def _type(name: str, fields: tuple[DeclaredElement, ...], depth: int) -> Iterator[str]:
    tabs = "\t" * depth
    yield from _tag(depth, "xs:complexType", {"name": name})
    yield from _sequence(fields, depth + 1)
    yield f"{tabs}</xs:complexType>"


def _types(service: WebService) -> Iterator[str]:
    spaces = {
        "xmlns:tns": service.namespace,
        "xmlns:xs": XS,
        "xmlns:xs1": service.namespace,
        "targetNamespace": service.namespace,
        "attributeFormDefault": "unqualified",
        "elementFormDefault": "qualified",
    }
    yield "\t<types>"
    yield from _tag(2, "xs:schema", spaces)
    for name, fields in service.types.items():
        yield from _type(name, fields, 3)
    for operation in service.operations:
        yield from _wrapper(operation.name, operation.parameters)
        yield from _wrapper(f"{operation.name}Response", operation.outputs)
    yield "\t\t</xs:schema>"
    yield "\t</types>"


def _wrapper(name: str, elements: tuple[DeclaredElement, ...]) -> Iterator[str]:
    yield from _tag(3, "xs:element", {"name": name})
    yield "\t\t\t\t<xs:complexType>"
    yield from _sequence(elements, 5)
    yield "\t\t\t\t</xs:complexType>"
    yield "\t\t\t</xs:element>"


def _messages(service: WebService) -> Iterator[str]:
    for operation in service.operations:
        for suffix, element in (("Request", operation.name), ("Response", f"{operation.name}Response")):
            yield from _tag(1, "message", {"name": f"{operation.name}{suffix}Message"})
            yield from _tag(2, "part", {"name": "parameters", "element": f"tns:{element}"}, empty=True)
            yield "\t</message>"


def _port_type(service: WebService) -> Iterator[str]:
    yield from _tag(1, "portType", {"name": f"{service.name}PortType"})
    for operation in service.operations:
        yield from _tag(2, "operation", {"name": operation.name})
        for way, suffix in (("input", "Request"), ("output", "Response")):
            yield from _tag(3, way, {"message": f"tns:{operation.name}{suffix}Message"}, empty=True)
        yield "\t\t</operation>"
    yield "\t</portType>"


def _all_bindings(service: WebService) -> Iterator[str]:
    for suffix, prefix, _ in _BINDINGS:
        attributes = {"name": f"{service.name}{suffix}Binding", "type": f"tns:{service.name}PortType"}
        yield from _tag(1, "binding", attributes)
        yield from _tag(2, f"{prefix}:binding", {"style": "document", "transport": _HTTP}, empty=True)
        for operation in service.operations:
            yield from _bound(service, operation, prefix)
        yield "\t</binding>"


def _bound(service: WebService, operation: Operation, prefix: str) -> Iterator[str]:
    action = {"style": "document", "soapAction": f"{service.namespace}#{service.name}:{operation.name}"}
    yield from _tag(2, "operation", {"name": operation.name})
    yield from _tag(3, f"{prefix}:operation", action, empty=True)
    for way in ("input", "output"):
        yield f"\t\t\t<{way}>"
        yield from _tag(4, f"{prefix}:body", {"use": "literal"}, empty=True)
        yield f"\t\t\t</{way}>"
    yield "\t\t</operation>"


def _ports(service: WebService, address: str) -> Iterator[str]:
    claim = {
        "xmlns:wsi": "http://ws-i.org/schemas/conformanceClaim/",
        "conformsTo": "http://ws-i.org/profiles/basic/1.1",
    }
    yield from _tag(1, "service", {"name": service.name})
    for suffix, prefix, _ in _BINDINGS:
        port = {"name": f"{service.name}{suffix}", "binding": f"tns:{service.name}{suffix}Binding"}
        yield from _tag(2, "port", port)
        if suffix == "Soap":  # Basic Profile 1.1 of WS-I knows only SOAP 1.1
            yield "\t\t\t<documentation> "
            yield from _tag(4, "wsi:Claim", claim, empty=True)
            yield "\t\t\t</documentation>"
        yield from _tag(3, f"{prefix}:address", {"location": address}, empty=True)
        yield "\t\t</port>"
    yield "\t</service>"
