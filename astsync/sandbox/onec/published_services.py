"""Answers requests to the web services (``ws/``) and the HTTP service (``hs/``) of the stand-in 1C."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from urllib.parse import quote, unquote

import orjson

from astsync.sandbox.onec import list_writers
from astsync.sandbox.onec.call_register import CallRegister, WrongDelivery
from astsync.sandbox.onec.export import Export, ExportedRecord, ListPage, NumberIndex, WrongCursor
from astsync.sandbox.onec.http_answers import HttpAnswer
from astsync.sandbox.onec.odata_query import query_options
from astsync.sandbox.onec.odata_service import ODataService
from astsync.sandbox.onec.service_faults import HTTP_INSTEAD, LISTED, in_parts, spoilt_name, spoilt_records, web_fault
from astsync.sandbox.onec.soap import (
    NO_RIGHTS,
    SoapCall,
    SoapFault,
    content_type,
    fault_envelope,
    module_fault,
    output,
    read_call,
    version_of,
    wrapped,
)
from astsync.sandbox.onec.spool import Spool
from astsync.sandbox.onec.web_services import IDENTIFY, LIST, MIKO, WEB_SERVICES
from astsync.sandbox.onec.wsdl import WebService, wsdl

HTTP_SERVICE = "astsync/counterparties"
HTTP_IDENTIFY = "astsync/identify"
HTTP_CALLS = "astsync/calls"
_JSON = "application/json; charset=utf-8"
_PLAIN = "text/plain; charset=utf-8"
_LONG = 500
"""An answer with more counterparties is written to the disk and sent from there."""

_WRONG_CURSOR = "Значение параметра Cursor не является ссылкой"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request. ``target`` is the encoded path and query. Names of headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The decoded path."""
        return unquote(self.target.partition("?")[0])

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the query, decoded."""
        return query_options(self.target.partition("?")[2])


class PublishedServices:
    """The web services and the HTTP service of a publication.

    ``host`` is the host in the address that the WSDL names; "" is that of the request.
    """

    def __init__(self, service: ODataService, catalog: str) -> None:
        self.host = ""
        self._service = service
        self._export = Export(service.reader.base, catalog)
        self._numbers = NumberIndex(self._export)
        self._spool = Spool()
        self.call_register = CallRegister(self._has_card)

    def close(self) -> None:
        """Remove the answers that are on the disk."""
        self._spool.close()

    def answer(self, asked: HttpRequest, fault: str = "") -> HttpAnswer | None:
        """Answer a request with the injected ``fault`` of that name. None: the path is none of ``ws/`` and ``hs/``."""
        root, _, rest = asked.path.removeprefix(f"/{self._service.publication}/").partition("/")
        if root not in {"ws", "hs"} or not asked.path.startswith(f"/{self._service.publication}/"):
            return None
        service = next((one for one in WEB_SERVICES if rest in one.paths), None) if root == "ws" else None
        if service is None and (root != "hs" or rest not in self._http_services):
            return HttpAnswer(404)
        refusal = self._service.refusal(asked.headers.get("authorization", ""))
        if refusal is not None:
            return refusal
        with self._service.lock:
            if service is not None:
                return self._soap(asked, service, fault)
            return self._http_services[rest](asked, fault)

    @property
    def _http_services(self) -> Mapping[str, Callable[[HttpRequest, str], HttpAnswer]]:
        return {HTTP_SERVICE: self._http, HTTP_IDENTIFY: self._http_name, HTTP_CALLS: self._http_calls}

    # Web services.

    def _soap(self, asked: HttpRequest, service: WebService, fault: str) -> HttpAnswer:
        if "wsdl" in {name.lower() for name in asked.query}:
            return HttpAnswer(200, wsdl(service, self._address(asked, service)), "text/xml; charset=utf-8")
        if asked.method != "POST":
            return HttpAnswer(405, headers={"Allow": "POST"})
        instead = web_fault(fault, service, version_of(asked.body))
        if instead is not None:
            return instead
        try:
            call = read_call(asked.body, service)
            if call.operation.name == IDENTIFY:
                return self._identify(call, service, fault)
            return self._list(call, service, fault)
        except SoapFault as error:
            return fault_envelope(version_of(asked.body), error)

    def _address(self, asked: HttpRequest, service: WebService) -> str:
        host = self.host or asked.headers.get("host", "localhost")
        return f"http://{host}/{quote(self._service.publication)}/ws/{quote(service.paths[1])}"

    def _identify(self, call: SoapCall, service: WebService, fault: str) -> HttpAnswer:
        """Tell the name of a number, as examples/1c do: by the right of everybody, so that hidden rows are a fault."""
        bare = service is MIKO  # whose callers know of no extensions
        name = spoilt_name(self._name(call.parameters["Number"], fault, bare=bare), fault)
        text = list_writers.xml_text(name).encode()
        outputs = LISTED.get(fault, _outputs)(iter((text,)))
        body = b"".join(wrapped(service, call, outputs))
        kind = content_type(call.version)
        return in_parts(body, kind) if fault == "mtom" else HttpAnswer(200, body, kind)

    def _name(self, number: str, fault: str, *, bare: bool = False) -> str:
        if any(self._export.table.find(ref) is not None for ref in self._service.reader.hidden):
            raise module_fault("astsync", NO_RIGHTS, 61)
        if fault == "empty":
            return ""
        return self._numbers.name(number) if bare else self._numbers.answer(number)

    def _list(self, call: SoapCall, service: WebService, fault: str) -> HttpAnswer:
        limit = int(call.parameters["Limit"] or 0)
        page = self._part("" if fault == "same_page" else call.parameters["Cursor"], limit)
        if fault == "empty":
            page = ListPage(page.indexes[:0], None)
        total = str(len(self._export.order())).encode()
        write = _WRITERS[call.operation.name.removeprefix(LIST)]

        def body() -> Iterable[bytes]:
            records = spoilt_records(self._export.records(page.indexes), fault)
            outputs = LISTED.get(fault, _outputs)(write(records, page.cursor))
            if len(call.operation.outputs) > 1:
                outputs = chain(outputs, output("Total", iter((total,))))
            return wrapped(service, call, outputs)

        name = f"{call.version} {call.operation.name} {fault}"
        return self._sent(name, page, body, content_type(call.version))

    def _part(self, cursor: str, limit: int) -> ListPage:
        if any(self._export.table.find(ref) is not None for ref in self._service.reader.hidden):
            raise module_fault("astsync", NO_RIGHTS, 61)
        try:
            return self._export.page(cursor, limit)
        except WrongCursor:
            raise module_fault("astsync", _WRONG_CURSOR, 34) from None

    def _sent(self, name: str, page: ListPage, body: Callable[[], Iterable[bytes]], kind: str) -> HttpAnswer:
        """Send a short body from memory, a long one from the disk, an endless one while it is made."""
        if name.endswith("endless"):
            return HttpAnswer(200, content_type=kind, parts=iter(body()))
        rows = len(page.indexes)
        if rows <= _LONG:
            return HttpAnswer(200, b"".join(body()), kind, rows=rows)
        place = f"{name} {page.indexes[0]} {rows} {page.cursor}"
        parts, length = self._spool.body(place, self._export.table.revision, body)
        return HttpAnswer(200, content_type=kind, rows=rows, parts=parts, length=length)

    # The HTTP service.

    def _http(self, asked: HttpRequest, fault: str) -> HttpAnswer:
        if fault in HTTP_INSTEAD:
            return HTTP_INSTEAD[fault]()
        try:
            page = self._http_page(_parameters(asked), fault)
        except (SoapFault, ValueError) as error:
            return HttpAnswer(500, str(error).encode(), _PLAIN, mark=True)

        def body() -> Iterable[bytes]:
            return list_writers.json_list(spoilt_records(self._export.records(page.indexes), fault), page.cursor)

        answer = self._sent(f"http {fault}", page, body, _JSON)
        answer.mark = True
        return answer

    def _http_name(self, asked: HttpRequest, fault: str) -> HttpAnswer:
        if fault in HTTP_INSTEAD and fault != "nil_return":
            return HTTP_INSTEAD[fault]()
        if asked.method != "GET":
            return HttpAnswer(405, headers={"Allow": "GET"})
        try:
            name = spoilt_name(self._name(asked.query.get("number", ""), fault), fault)
        except SoapFault as error:
            return HttpAnswer(500, str(error).encode(), _PLAIN, mark=True)
        if fault == "nil_return":
            return HttpAnswer(200, b"null", _JSON, mark=True)
        if fault == "no_content" and not name:
            return HttpAnswer(204)
        kind = _JSON if fault in {"json_name", "name_list"} else _PLAIN
        return HttpAnswer(200, name.encode(), kind, mark=True)

    def _http_calls(self, asked: HttpRequest, fault: str) -> HttpAnswer:
        """Take a delivery of calls, as examples/1c do."""
        if fault in HTTP_INSTEAD:
            return HTTP_INSTEAD[fault]()
        if asked.method != "POST":
            return HttpAnswer(405, headers={"Allow": "POST"})
        try:
            accepted = self.call_register.take(asked.body, 1 if fault == "one_call" else None)
        except WrongDelivery as error:
            return HttpAnswer(400, str(error).encode(), _PLAIN, mark=True)
        return HttpAnswer(200, orjson.dumps({"accepted": accepted}), _JSON, mark=True)

    def _has_card(self, catalog: str, ref: str) -> bool:
        table = self._service.reader.base.tables.get(catalog)
        try:
            return table is not None and table.find(ref) is not None
        except ValueError:  # it is no reference
            return False

    def _http_page(self, given: Mapping[str, str], fault: str) -> ListPage:
        limit = int(given.get("limit") or 0)
        everything = self._part("" if fault == "same_page" else given.get("cursor", ""), limit)
        if fault == "empty":
            return ListPage(everything.indexes[:0], None)
        if "offset" in given or "page" in given:
            size = limit or 1000
            skip = int(given["offset"]) if "offset" in given else (int(given["page"]) - 1) * size
            skip = 0 if fault == "same_page" else max(0, skip)
            return ListPage(self._export.offset(skip, size).indexes, None)
        return everything


def _parameters(asked: HttpRequest) -> Mapping[str, str]:
    """The parameters in the query and in a body of JSON. Raises ValueError."""
    if asked.method != "POST" or not asked.body:
        return asked.query
    given = orjson.loads(asked.body)
    if not isinstance(given, dict):
        raise ValueError("Ожидается объект JSON")  # noqa: TRY004  the request is wrong, not the program
    return {**asked.query, **{name: "" if value is None else str(value) for name, value in given.items()}}


def _outputs(content: Iterator[bytes]) -> Iterator[bytes]:
    return output("return", content)


def _typed(records: Iterator[ExportedRecord], cursor: str | None) -> Iterator[bytes]:
    yield b"\n"
    yield from list_writers.typed_records(records, "m:", 4)
    yield list_writers.cursor_element(cursor, "m:", 4)
    yield b"\t\t\t"


_WRITERS: Mapping[str, Callable[[Iterator[ExportedRecord], str | None], Iterator[bytes]]] = {
    "": _typed,
    "Counted": _typed,
    "JSON": lambda records, cursor: list_writers.escaped(list_writers.json_list(records, cursor)),
    "XML": lambda records, cursor: list_writers.escaped(list_writers.xml_list(records, cursor)),
    "CDATA": lambda records, cursor: list_writers.cdata(list_writers.xml_list(records, cursor)),
    "Base64": lambda records, cursor: list_writers.in_base64(list_writers.json_list(records, cursor)),
}
