"""Injected faults of the web services and the HTTP service: answers in place of the list, and spoilt lists."""

from collections.abc import Callable, Iterator, Mapping
from itertools import cycle

import orjson

from astsync.sandbox.onec.export import ExportedRecord
from astsync.sandbox.onec.http_answers import BOM, HttpAnswer
from astsync.sandbox.onec.soap import NO_RIGHTS, closing, content_type, fault_envelope, module_fault, opening, output
from astsync.sandbox.onec.wsdl import WebService

_CLOSED = "Справочник контрагентов закрыт для выгрузки"
_DEPTH = 100_000
_JSON = "application/json; charset=utf-8"
_PLAIN = "text/plain; charset=utf-8"
Listed = Callable[[Iterator[bytes]], Iterator[bytes]]

LISTED: Mapping[str, Listed] = {
    "nil_return": lambda _: output("return", iter(()), nil=True),
    "empty_return": lambda _: output("return", iter(())),
    "no_return": lambda _: iter(()),
}
"""Faults that change how the outputs of an operation are written."""


def web_fault(fault: str, service: WebService, version: str) -> HttpAnswer | None:
    """The answer that a fault puts in place of a web service's. None: the fault only changes the list."""
    if fault in {"soap_fault", "soap_rights"}:
        text = _CLOSED if fault == "soap_fault" else NO_RIGHTS
        return fault_envelope(version, module_fault(service.name, text))
    body = _BODIES[fault](opening(version), closing()) if fault in _BODIES else None
    return None if body is None else HttpAnswer(200, body, content_type(version))


def _bomb(before: bytes, after: bytes) -> bytes:
    levels = (f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    entities = "".join(('<!ENTITY a0 "ха-ха">', *levels)).encode()
    return b"<!DOCTYPE bomb [" + entities + b"]>" + before + b"<m>&a9;</m>" + after


def _external(before: bytes, after: bytes) -> bytes:
    entity = b'<!DOCTYPE e [<!ENTITY passwd SYSTEM "file:///etc/passwd">]>'
    return entity + before + b"<m>&passwd;</m>" + after


def _deep(before: bytes, after: bytes) -> bytes:
    return before + b"<m>" * _DEPTH + b"</m>" * _DEPTH + after


def _exception(text: str) -> HttpAnswer:
    return HttpAnswer(500, f"{{HTTPСервис.astsync.Модуль(25)}}: {text}".encode(), _PLAIN, mark=True)


_BODIES: Mapping[str, Callable[[bytes, bytes], bytes]] = {
    "xml_bomb": _bomb,
    "external_entity": _external,
    "deep": _deep,
}

HTTP_INSTEAD: Mapping[str, Callable[[], HttpAnswer]] = {
    "soap_fault": lambda: _exception(_CLOSED),
    "soap_rights": lambda: _exception(NO_RIGHTS),
    "nil_return": lambda: HttpAnswer(200, b'{"Counterparties":null,"NextCursor":null}', _JSON),
    "empty_return": lambda: HttpAnswer(200, b"", _JSON),
    "no_return": lambda: HttpAnswer(200, b"{}", _JSON),
    "deep": lambda: HttpAnswer(200, b"[" * _DEPTH + b"]" * _DEPTH, _JSON),
}
"""The answers that faults put in place of the HTTP service's."""


def spoilt_records(records: Iterator[ExportedRecord], fault: str) -> Iterator[ExportedRecord]:
    """Spoil the records of a list: add an unknown field, leave out names, or repeat the list without end."""
    if fault == "extra_element":
        return ({**record, "ИНН": "0000000000"} for record in records)
    if fault == "no_name":
        return ({name: value for name, value in record.items() if name != "Name"} for record in records)
    return cycle(records) if fault == "endless" else records


_LONG = 1024 * 1024


def spoilt_name(name: str, fault: str) -> str:
    """Spoil what ``identify`` tells: wrap the name as other services do, or make it endless."""
    if fault == "json_name":
        return orjson.dumps({"Name": name}).decode()
    if fault == "name_list":
        return orjson.dumps([{"Name": name}] if name else []).decode()
    return "ООО " * (_LONG // 7) if fault == "long_name" else name


def in_parts(envelope: bytes, kind: str) -> HttpAnswer:
    """Write an answer by MTOM: one part, with a byte order mark as some web servers put one before it."""
    head = f'Content-Type: application/xop+xml; charset=utf-8; type="{kind.partition(";")[0]}"\r\nContent-ID: <root>'
    body = b"--uuid:1c\r\n%s\r\n\r\n%s%s\r\n--uuid:1c--\r\n" % (head.encode(), BOM, envelope)
    return HttpAnswer(200, body, 'multipart/related; type="application/xop+xml"; boundary="uuid:1c"')
