"""The stand-in 1C: an HTTP server that publishes an invented infobase by OData, web services and an HTTP service.

``astsync demo`` and tests use it. By hand::

    python -m astsync.sandbox.onec --size 500 --port 0
"""

import re
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Self
from urllib.parse import quote, unquote

from astsync.sandbox.onec.data import PHONE, Contact, Item, Record
from astsync.sandbox.onec.faults import FaultKind, InjectedFault, InjectedFaults, fault_answer, too_long
from astsync.sandbox.onec.http_answers import BOM, HttpAnswer
from astsync.sandbox.onec.infobase import FLAVOURS, Flavour, make_infobase
from astsync.sandbox.onec.invented_phones import TypedText
from astsync.sandbox.onec.item_tables import Table
from astsync.sandbox.onec.odata_query import SetReader, json_level, wanted_rows
from astsync.sandbox.onec.odata_service import ODataService
from astsync.sandbox.onec.published_services import HttpRequest, PublishedServices
from astsync.sandbox.onec.server import Dropped, Server

USER, PASSWORD = "Администратор", "Пароль-1"
COUNTERPARTIES = "Контрагенты"


@dataclass(slots=True)
class LoggedRequest:
    """A request in the log: method, decoded path and query, and what was answered. ``status`` 0: no answer yet.

    ``operation`` is that of a web service that was called, by the header of SOAP.
    """

    method: str
    path: str
    query: str
    status: int = 0
    rows: int = 0
    operation: str = ""

    @property
    def told(self) -> str:
        """Path, query and operation, by which faults and tests find it."""
        return f"{self.path}?{self.query}{f' {self.operation}' if self.operation else ''}"

    @property
    def set(self) -> str:
        """The requested set, with the rest of the path behind its name."""
        return self.path.partition("/odata/standard.odata")[2].strip("/")


class OneC:
    """A 1C:Enterprise with one published infobase of invented counterparties, on the loopback; a context manager.

    The data: ``size`` is the number of counterparties. The same ``seed`` gives the same bytes. ``dirt`` (0 to 1) is the
    share of spoilt names and phones. ``flavour`` is a name from ``FLAVOURS`` or a ``Flavour``.

    The server: ``url`` is the address of the publication. ``user`` "" is an infobase without users. The first request
    after ``idle`` seconds without one takes ``first_delay`` seconds more: 1C starts a session (11 to 30 s on a live
    one). ``bom``: JSON begins with a BOM, as behind many web servers. ``charset`` is the encoding in Content-Type; the
    body is always UTF-8, but IIS may call it windows-1251. ``longest_query`` is the limit of IIS for a query (2048
    characters by default, a Cyrillic letter has six): a longer one gets its page 404.15; 0: no limit.

    While it runs ``service.composition`` (the published sets) may be changed. ``requests`` is the log of requests.

    Beside OData it publishes ``ws/astsync`` (the web service of examples/1c: the list and ``identify``),
    ``ws/astsync_variants`` (the same list as texts of JSON, XML and base64, and with two outputs),
    ``hs/astsync/counterparties`` (the HTTP service: cursor, offset or page, limit; GET or POST),
    ``hs/astsync/identify?number=``, ``hs/astsync/calls`` (POST; what came is in ``web.call_register``) and
    ``ws/1C_MIKO_identify_number.1cws``. ``web.host`` replaces the host in the WSDL: behind a proxy 1C writes an
    internal one.
    """

    def __init__(
        self,
        size: int = 500,
        seed: int = 1,
        *,
        flavour: str | Flavour = "ut11",
        publication: str = "trade",
        user: str = USER,
        password: str = PASSWORD,
        port: int = 0,
        first_delay: float = 0.0,
        idle: float = 20.0,
        dirt: float = 0.03,
        bom: bool = True,
        charset: str = "utf-8",
        longest_query: int = 0,
    ) -> None:
        self.flavour = FLAVOURS[flavour] if isinstance(flavour, str) else flavour
        self.base = make_infobase(self.flavour, size, seed, dirt)
        self.first_delay, self.idle = first_delay, idle
        self.bom, self.charset, self.longest_query = bom, charset, longest_query
        self.requests: deque[LoggedRequest] = deque(maxlen=100_000)
        composition = {name for name, entity in self.base.sets.items() if self.flavour.sections or not entity.section}
        self.service = ODataService(SetReader(self.base), publication, user, password, composition)
        self.web = PublishedServices(self.service, COUNTERPARTIES)
        self._faults = InjectedFaults()
        self._seen: float | None = None
        self._stopping = threading.Event()
        self._port = port
        self._server: Server | None = None

    @property
    def user(self) -> str:
        """The login. "": the infobase has no users."""
        return self.service.user

    @property
    def password(self) -> str:
        """The password."""
        return self.service.password

    @property
    def url(self) -> str:
        """The address of the publication (http://127.0.0.1:54321/trade). Raises RuntimeError before ``start``."""
        return f"{self._running().origin}/{quote(self.service.publication)}"

    def start(self) -> Self:
        """Listen on 127.0.0.1, after a stop on the same port as before. Raises OSError when the port is taken."""
        self._stopping.clear()
        self._server = Server(self._port, self._respond)
        self._port = self._server.server_address[1]
        self.service.origin = self._server.origin
        self._server.start()
        return self

    def stop(self) -> None:
        """Stop listening, end all connections, wait for the threads. The data stay."""
        self._stopping.set()
        if self._server is not None:
            self._server.close()
            self._server = None
        self.web.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # The data and their changes.

    def table(self, catalog: str = COUNTERPARTIES) -> Table:
        """The table of a catalog. It has a length, and its iteration yields ``Record``, folders too."""
        return self.base.tables[catalog]

    def records(self, catalog: str = COUNTERPARTIES) -> list[Record]:
        """All items of a catalog with their contacts, without folders."""
        return [record for record in self.table(catalog) if not record.item.folder]

    def record(self, ref: str, catalog: str = COUNTERPARTIES) -> Record:
        """One item by its reference. Raises KeyError."""
        return self.table(catalog).record(self._index(ref, catalog))

    def change(
        self,
        ref: str,
        *,
        name: str | None = None,
        phones: Sequence[str] | None = None,
        deleted: bool | None = None,
        responsible: str | None = None,
        extension: str | None = None,
        catalog: str = COUNTERPARTIES,
    ) -> Record:
        """Rename an item, replace its phones (texts), mark it or not, tell who keeps it. Raises KeyError."""
        with self.service.lock:
            table, index = self.table(catalog), self._index(ref, catalog)
            item = table.item(index)
            if name is not None:
                item = replace(item, name=name, full_name=name)
            if deleted is not None:
                item = replace(item, deleted=deleted)
            if responsible is not None:
                item = replace(item, responsible=responsible)
            if extension is not None:
                item = replace(item, extension=extension)
            contacts = None if phones is None else _other_phones(table.contacts(index), phones)
            table.change(index, item, contacts)
            return table.record(index)

    def add(self, name: str, phones: Sequence[str] = (), *, catalog: str = COUNTERPARTIES) -> Record:
        """Add an item. Returns it; its reference is random, as in 1C."""
        with self.service.lock:
            table = self.table(catalog)
            item = Item(str(uuid.uuid4()), name, name, code=f"{len(table) + 1:09} ")
            return table.record(table.add(item, _other_phones((), phones)))

    def remove(self, ref: str, *, catalog: str = COUNTERPARTIES) -> None:
        """Remove an item for good. Raises KeyError."""
        with self.service.lock:
            self.table(catalog).remove(self._index(ref, catalog))

    def hide(self, *refs: str) -> None:
        """Take the rights to these items from the login (RLS). Without arguments: give back all rights."""
        hidden = self.service.reader.hidden
        with self.service.lock:
            hidden.update(refs) if refs else hidden.clear()

    # Faults.

    def fail(
        self, kind: FaultKind, *, times: int | None = None, after: int = 0, match: str = "", value: float = 1
    ) -> InjectedFault:
        """Switch a fault on, see ``faults.FaultKind`` and ``faults.InjectedFault``. Raises ValueError."""
        return self._faults.add(InjectedFault(kind, times, after, match, value))

    def heal(self) -> None:
        """Switch all faults off."""
        self._faults.clear()

    def asked(self, text: str = "") -> list[LoggedRequest]:
        """The logged requests whose decoded path, query and operation contain ``text``."""
        return [request for request in list(self.requests) if text in request.told]

    # Answering a request.

    def _respond(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        path, _, query = target.partition("?")
        request = LoggedRequest(method, unquote(path), unquote(query), operation=_operation(headers))
        self.requests.append(request)
        if 0 < self.longest_query < len(query):
            return too_long()
        self._start_session()
        answer = self._finish(self._answer(request, HttpRequest(method, target, headers, body)))
        request.status, request.rows = answer.status, answer.rows
        return answer

    def _answer(self, request: LoggedRequest, asked: HttpRequest) -> HttpAnswer:
        raw_query, accept = asked.target.partition("?")[2], asked.headers.get("accept", "")
        fault = self._faults.take(request.told, wanted_rows(raw_query))
        if fault is not None:
            self._suffer(fault)
        kind = fault.kind if fault is not None else ""
        instead = self._instead(fault, request, json=bool(json_level(raw_query, accept)))
        if instead is not None:
            return instead
        short_by = int(fault.value) if fault is not None and kind == "short_page" else 0
        answer = self.web.answer(asked, kind) or self.service.answer(
            request.method, asked.target, asked.headers.get("authorization", ""), accept, short_by=short_by
        )
        return answer if fault is None else self._spoilt(answer, fault)

    def _instead(self, fault: InjectedFault | None, request: LoggedRequest, *, json: bool) -> HttpAnswer | None:
        """The answer that a fault puts in place of the true one. The web services make their own ``empty`` answer."""
        if fault is None or (fault.kind == "empty" and not request.set):
            return None
        return fault_answer(fault, request.set, as_json=json)

    def _suffer(self, fault: InjectedFault) -> None:
        """Wait as long as the fault says. Raises Dropped for faults without an answer."""
        if fault.kind == "slow":
            self._stopping.wait(fault.value)
        if fault.kind in {"hang", "too_large_hang"}:
            self._stopping.wait()
        if fault.kind in {"hang", "too_large_hang", "reset"}:
            raise Dropped

    def _spoilt(self, answer: HttpAnswer, fault: InjectedFault) -> HttpAnswer:
        length = len(answer.body) if answer.parts is None else answer.length or 0
        if fault.kind in {"cut_json", "cut_connection"}:
            answer.sent = length // 2
        if fault.kind == "cut_json":
            answer.parts, answer.length = answer.parts or iter((answer.body,)), length // 2
        if fault.kind == "drip":
            answer.length = length
            answer.parts = self._drip((answer.body,) if answer.parts is None else answer.parts, fault.value)
        return answer

    def _drip(self, parts: Iterable[bytes], seconds: float) -> Iterator[bytes]:
        for part in parts:
            for start in range(0, len(part), 64):
                self._stopping.wait(seconds)
                yield part[start : start + 64]

    def _start_session(self) -> None:
        now = time.monotonic()
        fresh, self._seen = self._seen is None or now - self._seen > self.idle, now
        if fresh and self.first_delay > 0:
            self._stopping.wait(self.first_delay)
            self._seen = time.monotonic()

    def _finish(self, answer: HttpAnswer) -> HttpAnswer:
        if answer.mark and self.bom:
            _put_mark(answer)
        answer.content_type = answer.content_type.replace("charset=utf-8", f"charset={self.charset}")
        return answer

    def _running(self) -> Server:
        if self._server is None:
            raise RuntimeError("the stand-in 1C does not run: call start() first")
        return self._server

    def _index(self, ref: str, catalog: str) -> int:
        index = self.table(catalog).find(ref)
        if index is None:
            raise KeyError(f"{catalog} has no {ref}")
        return index


def _operation(headers: Mapping[str, str]) -> str:
    """The operation of a call of a web service: the end of ``…#astsync:identify`` in the header of SOAP 1.1 or 1.2."""
    named = re.search(r':(\w+)"', headers.get("soapaction", "") or headers.get("content-type", ""))
    return named[1] if named else ""


def _put_mark(answer: HttpAnswer) -> None:
    if answer.sent is not None:
        answer.sent += len(BOM)
    if answer.parts is None:
        answer.body = BOM + answer.body
        return
    answer.parts = chain((BOM,), answer.parts)
    if answer.length is not None:
        answer.length += len(BOM)


def _other_phones(contacts: Iterable[Contact], phones: Sequence[str]) -> tuple[Contact, ...]:
    others = [contact for contact in contacts if contact.type != PHONE]
    return (*(Contact(PHONE, "Телефон", TypedText(text)) for text in phones), *others)
