"""SOAP 1.1 and 1.2 of the stand-in 1C: reads parameters from requests, writes results and faults as envelopes."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from astsync.sandbox.onec.http_answers import HttpAnswer
from astsync.sandbox.onec.wsdl import XS, XSI, Operation, WebService

_SPACES = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope"}
_TYPES = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}
NO_RIGHTS = "У пользователя недостаточно прав на исполнение операции над базой данных."
_NIL = f"{{{XSI}}}nil"


class SoapFault(Exception):
    """1C answers a fault instead of a result: HTTP 500 and a text. ``sender``: the request was wrong."""

    def __init__(self, text: str, *, sender: bool = False) -> None:
        super().__init__(text)
        self.text, self.sender = text, sender


@dataclass(frozen=True, slots=True)
class SoapCall:
    """A call of an operation by SOAP 1.1 or 1.2. A parameter that is absent or xsi:nil is ""."""

    version: str
    operation: Operation
    parameters: dict[str, str]


def module_fault(service: str, text: str, line: int = 25) -> SoapFault:
    """The fault for an exception in the 1C code of a web service. The text follows recorded faults."""
    told = f"{{WebСервис.{service}.Модуль({line})}}: {text}"
    return SoapFault(f"Неизвестная ошибка. {told}\nпо причине:\n{told}")


def conversion_fault(service: WebService, name: str, why: str) -> SoapFault:
    """The fault for a parameter that does not agree with the WSDL."""
    property_ = f"НачалоСвойства: {{{service.namespace}}}{name}\nФорма: Элемент"
    return SoapFault(f"Ошибка преобразования данных XDTO:\n{property_}\nпо причине:\n{why}", sender=True)


def version_of(body: bytes) -> str:
    """The version of SOAP of a request, which may be malformed."""
    return "1.2" if _SPACES["1.2"].encode() in body[:2000] else "1.1"


def read_call(body: bytes, service: WebService) -> SoapCall:
    """Parse a request. Raises SoapFault."""
    version = version_of(body)
    try:
        envelope = ElementTree.XML(body)
    except ElementTree.ParseError as error:
        raise SoapFault(f"Ошибка разбора XML: {error}", sender=True) from None
    found = envelope.find(f"{{{_SPACES[version]}}}Body")
    wrapper = found[0] if found is not None and len(found) else None
    if envelope.tag != f"{{{_SPACES[version]}}}Envelope" or wrapper is None:
        raise SoapFault("Неверный формат сообщения SOAP", sender=True)
    space, _, name = wrapper.tag.removeprefix("{").rpartition("}")
    operation = service.operation(name) if space == service.namespace else None
    if operation is None:
        raise SoapFault(f"Операция не найдена: {{{space}}}{name}", sender=True)
    return SoapCall(version, operation, _parameters(wrapper, operation, service))


def _parameters(wrapper: ElementTree.Element, operation: Operation, service: WebService) -> dict[str, str]:
    known = {element.name: element for element in operation.parameters}
    values = dict.fromkeys(known, "")
    for child in wrapper:
        name = child.tag.removeprefix(f"{{{service.namespace}}}")
        if name not in known:
            raise conversion_fault(service, name, f"Свойство '{name}' не определено в типе {operation.name}")
        nil = child.get(_NIL) in {"true", "1"}
        if nil and not known[name].nillable:
            raise conversion_fault(service, name, "Значение Неопределено недопустимо для свойства")
        values[name] = "" if nil else (child.text or "").strip()
        _check_number(values[name], known[name].type, service, name)
    return values


def _check_number(text: str, kind: str, service: WebService, name: str) -> None:
    if kind != "xs:int" or text.removeprefix("-").isdecimal():
        return
    raise conversion_fault(service, name, f"Тип не совпадает: '{text}' не соответствует типу {{{XS}}}int")


def opening(version: str) -> bytes:
    """The beginning of an envelope, up to the content of its body."""
    return f'<soap:Envelope xmlns:soap="{_SPACES[version]}">\n\t<soap:Header/>\n\t<soap:Body>\n'.encode()


def closing() -> bytes:
    """The end of an envelope."""
    return b"\t</soap:Body>\n</soap:Envelope>"


def output(name: str, content: Iterator[bytes], *, nil: bool = False) -> Iterator[bytes]:
    """Write one output, ``return`` or an Out parameter."""
    spaces = f'xmlns:xs="{XS}"\n\t\t\t\t\txmlns:xsi="{XSI}"'
    if nil:
        yield f'\t\t\t<m:{name} {spaces}\n\t\t\t\t\txsi:nil="true"/>\n'.encode()
        return
    yield f"\t\t\t<m:{name} {spaces}>".encode()
    yield from content
    yield f"</m:{name}>\n".encode()


def wrapped(service: WebService, call: SoapCall, outputs: Iterator[bytes]) -> Iterator[bytes]:
    """Write the answer to a call around its outputs."""
    wrapper = f"m:{call.operation.name}Response"
    yield opening(call.version)
    yield f'\t\t<{wrapper} xmlns:m="{escape(service.namespace)}">\n'.encode()
    yield from outputs
    yield f"\t\t</{wrapper}>\n".encode()
    yield closing()


def content_type(version: str) -> str:
    """The Content-Type of an answer."""
    return _TYPES[version]


def fault_envelope(version: str, fault: SoapFault) -> HttpAnswer:
    """Write a fault, with status 500."""
    text = escape(fault.text)
    if version == "1.2":
        code = "Sender" if fault.sender else "Receiver"
        reason = f'<soap:Reason><soap:Text xml:lang="ru">{text}</soap:Text></soap:Reason>'
        inside = f"<soap:Code><soap:Value>soap:{code}</soap:Value></soap:Code>{reason}<soap:Detail/>"
    else:
        code = "Client" if fault.sender else "Server"
        inside = f"<faultcode>soap:{code}</faultcode><faultstring>{text}</faultstring><detail/>"
    body = b"%s<soap:Fault>%s</soap:Fault>%s" % (opening(version), inside.encode(), closing())
    return HttpAnswer(500, body, _TYPES[version])
