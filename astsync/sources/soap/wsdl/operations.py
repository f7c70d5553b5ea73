"""The operations that a WSDL describes, and the one that is called."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from zeep.exceptions import Error as ZeepError
from zeep.wsdl.bindings import Soap11Binding, Soap12Binding
from zeep.wsdl.utils import etree_to_string
from zeep.xsd import AnySimpleType, SkipValue

from astsync.config import ParameterValue, values_of
from astsync.errors import SourceQueryError
from astsync.language import joined, say
from astsync.sources.soap.section import SoapConfig
from astsync.sources.soap.wsdl.answer_types import WsdlType, WsdlTypes
from astsync.sources.soap.wsdl.list_place import ListPlace, ListSearch
from astsync.sources.soap.wsdl.loader import Wsdl
from astsync.text import listed, one_line

WRONG_KEYS = say("source.soap.parameters or paging")
"""The keys of the configuration that name parameters of an operation."""

_EMPTY: Mapping[str, ParameterValue] = {
    "boolean": False,
    "dateTime": "0001-01-01T00:00:00",
    "date": "0001-01-01",
    "time": "00:00:00",
    **dict.fromkeys(("decimal", "integer", "int", "long", "short", "double", "float"), 0),
    **dict.fromkeys(("nonNegativeInteger", "unsignedInt"), 0),
}
"""1C's own empty values, by the types of XML Schema: what a parameter gets that must be there and is not configured."""


@dataclass(frozen=True, slots=True, eq=False)
class OfferedOperation:
    """An operation at one port. ``port`` and ``service`` are names, ``version`` that of SOAP."""

    name: str
    service: str
    port: str
    version: str
    address: str
    binding: str
    described: Any

    @property
    def parameters(self) -> list[tuple[str, Any]]:
        """The parameters: names, and elements of zeep."""
        return _elements(self.described.input)

    @property
    def outputs(self) -> list[tuple[str, Any]]:
        """The result and Out parameters; nothing for an operation that gives no answer."""
        return _elements(self.described.output)

    def signature(self) -> str:
        """Write the operation as ``GetCounterparties(Cursor: string?, Limit: int) -> return: CounterpartyPage``.

        ``?`` marks what may be empty, ``[]`` what may be there several times.
        """
        given = ", ".join(_declared(name, element) for name, element in self.parameters)
        outputs = ", ".join(_declared(name, element) for name, element in self.outputs)
        return joined(" -> ", (one_line(f"{self.name}({given})"), one_line(outputs) or say("nothing")))


class OfferedOperations:
    """What a WSDL offers, and the operation, the address and the place of the list that the configuration chooses."""

    def __init__(self, wsdl: Wsdl, config: SoapConfig, wsdl_address: str) -> None:
        self._wsdl = wsdl
        self._config = config
        self._wsdl_address = wsdl_address
        self.operations = list(_operations(wsdl.client.wsdl.services))

    @property
    def ports(self) -> list[str]:
        """The names of the ports that speak SOAP."""
        return list(dict.fromkeys(operation.port for operation in self.operations))

    def choose(self) -> "OperationCall":
        """Find the configured operation. Raises SourceQueryError that lists what there is."""
        offered = [operation for operation in self.operations if self._config.port in {"", operation.port}]
        if not offered and self._config.port:
            raise SourceQueryError(
                say("the WSDL has no port {port} (source.soap.port)", port=one_line(self._config.port)),
                hint=say("Ports: {ports}.", ports=listed(self.ports) or say("none")),
            )
        found = [operation for operation in offered if operation.name == self._config.operation]
        if not found:
            raise self._no_operation(offered)
        operation = min(found, key=lambda operation: operation.version)
        return OperationCall(operation, self._wsdl, self._config, self._endpoint(operation))

    def _no_operation(self, offered: list[OfferedOperation]) -> SourceQueryError:
        words = say(
            "the web service has no operation {operation} (source.soap.operation)",
            operation=one_line(self._config.operation),
        )
        if not offered:
            return SourceQueryError(words, hint=say("The service has no operations."))
        services = listed(operation.service for operation in offered)
        names = listed((operation.name for operation in offered), 60)
        hint = say("Operations of {services}: {operations}.", services=services, operations=names)
        return SourceQueryError(words, hint=hint)

    def _endpoint(self, operation: OfferedOperation) -> str:
        """Choose where calls go: as configured, else the path that the WSDL names, at the host of the WSDL.

        The host in a WSDL may be one that cannot be reached from here; that of the WSDL's own address can.
        """
        if self._config.endpoint:
            return self._config.endpoint
        asked, named = urlsplit(self._wsdl_address), urlsplit(operation.address)
        return asked._replace(path=named.path or asked.path, query=named.query, fragment="").geturl()


class OperationCall:
    """Calls of one operation: where they go, what they say, where the list stands in their answers."""

    def __init__(self, operation: OfferedOperation, wsdl: Wsdl, config: SoapConfig, endpoint: str) -> None:
        self.operation = operation
        self.endpoint = endpoint
        self._client = wsdl.client
        self._renamed = wsdl.renamed
        self._config = config
        self._service = wsdl.client.create_service(operation.binding, endpoint)
        self._check_parameters(config.parameters)

    def list_place(self) -> ListPlace:
        """Find the list in the answer. Raises SourceQueryError."""
        if not self.operation.outputs:
            raise SourceQueryError(
                say("the operation {operation} gives no answer", operation=one_line(self.operation.name)),
                hint=say("Choose one that returns the list in source.soap.operation."),
            )
        return ListSearch(self.operation.name, *self.response(), self._config).place()

    def response(self) -> tuple[str, WsdlType]:
        """The tag of the answer's element and its type. The operation must give an answer."""
        types = WsdlTypes(self._client.wsdl.types.types, self._renamed)
        body = self.operation.described.output.body
        return types.tag(body), types.of(body.type)

    def headers(self) -> dict[str, str | bytes]:
        """The headers that SOAP wants."""
        action = str(self.operation.described.soapaction or "")
        if self.operation.version == "1.2":
            kind = "application/soap+xml; charset=utf-8" + (f'; action="{action}"' if action else "")
            return {"Content-Type": kind.encode(), "Accept": "application/soap+xml, text/xml"}
        return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'.encode(), "Accept": "text/xml"}

    def message(self, parameters: Mapping[str, ParameterValue]) -> bytes:
        """Write the envelope of a call with these parameters besides the configured ones. Raises SourceQueryError."""
        fixed = values_of(self._config.parameters)
        given = {**fixed, **parameters}
        self._check_parameters(given)
        try:
            envelope = self._client.create_message(self._service, self.operation.name, **self._arguments(given))
        except (ZeepError, ValueError, TypeError, AttributeError, LookupError) as error:
            words = one_line(str(error))
            for name, value in fixed.items():  # they are secrets
                words = words.replace(str(value), f"<{name}>") if str(value) else words
            raise self._wrong(
                say(
                    "the operation {operation} does not take these parameters: {words}",
                    operation=one_line(self.operation.name),
                    words=words,
                )
            ) from None
        message = bytes(etree_to_string(envelope))
        for name, space in self._renamed.items():
            message = message.replace(f'"{name}"'.encode(), quoteattr(space).encode())
        return message

    def _arguments(self, given: Mapping[str, ParameterValue]) -> dict[str, Any]:
        """Choose the value of each parameter.

        Without a configured value it is left out if it is optional, else nil if that is allowed, else 1C's own empty
        value.
        """
        arguments: dict[str, Any] = {}
        for name, element in self.operation.parameters:
            if name in given:
                arguments[name] = given[name]
            elif element.is_optional:
                arguments[name] = SkipValue
            elif element.nillable:
                arguments[name] = None
            else:
                arguments[name] = _empty(element.type)
        return arguments

    def _check_parameters(self, given: Iterable[str]) -> None:
        known = {name for name, _element in self.operation.parameters}
        wrong = [name for name in given if name not in known]
        if wrong:
            raise self._wrong(
                say(
                    "the operation {operation} has no parameter {names}",
                    operation=one_line(self.operation.name),
                    names=listed(wrong),
                )
            )

    def _wrong(self, words: str) -> SourceQueryError:
        return SourceQueryError(
            words,
            hint=say(
                "Correct {keys}. The operation: {signature}", keys=WRONG_KEYS, signature=self.operation.signature()
            ),
        )


def _operations(services: Mapping[str, Any]) -> Iterator[OfferedOperation]:
    for service, described in services.items():
        for port, offered in described.ports.items():
            version = _version(offered.binding)
            if version:
                address = str((offered.binding_options or {}).get("address") or "")
                for name, operation in offered.binding.all().items():
                    yield OfferedOperation(
                        str(name), service, port, version, address, offered.binding.name.text, operation
                    )


def _version(binding: Any) -> str:
    if isinstance(binding, Soap12Binding):
        return "1.2"
    return "1.1" if isinstance(binding, Soap11Binding) else ""


def _elements(message: Any) -> list[tuple[str, Any]]:
    body = getattr(message, "body", None)
    if body is None:
        return []
    return [(str(element.name), element) for _name, element in getattr(body.type, "elements", ())]


def _declared(name: str, element: Any) -> str:
    many = "[]" if element.accepts_multiple else ""
    empty = "?" if element.is_optional or getattr(element, "nillable", False) else ""
    kind = getattr(getattr(element, "type", None), "name", None) or "any"
    return f"{name}: {kind}{many}{'' if many else empty}"


def _empty(xsd_type: Any) -> Any:
    if not isinstance(xsd_type, AnySimpleType):
        return SkipValue
    return _EMPTY.get(str(xsd_type.name), "")
