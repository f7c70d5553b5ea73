"""Faults that can be injected into the stand-in 1C while it runs, and the answers that they put in place of data.

Errors of 1C itself follow recorded answers; those of IIS and of proxies are generally known ones.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

from astsync.sandbox.onec.http_answers import (
    HttpAnswer,
    ODataError,
    application_exception,
    application_exception_in_xml,
    error_answer,
    no_entity,
    no_rights,
    platform_page,
)

FaultKind = Literal[
    "not_published",  # 404 without a body: OData is off, or there is no such publication
    "maintenance",  # 403: new sessions are forbidden; the application server's JSON with a BOM
    "no_entity",  # 404 code 8
    "no_rights",  # 401 code 20
    "login_encoding",  # 401.5: IIS's page for a login in a wrong encoding
    "no_session",  # 406: the session pool is full
    "versions",  # 409: plain text; web extension and server have different versions
    "no_licence",  # 500: the platform's HTML page
    "no_licence_json",  # 500: the same as the application server's JSON
    "no_licence_xml",  # 500: the same as its XML
    "session_timeout",  # 406: waiting for a session took too long; the application server's XML
    "platform_page",  # 200: the platform's HTML page; something between replaced its status
    "bitness",  # 500: 64-bit IIS cannot load a 32-bit module; plain text in windows-1251
    "no_key",  # 500: HTML; the hardware protection key is missing
    "disk_full",  # 500: HTML
    "business",  # 500 code -1
    "login_page",  # 200: an HTML page with a login form
    "redirect",  # 302 to that page
    "no_value",  # 200: JSON of another shape
    "empty",  # 200: an empty collection
    "query_too_long",  # 404.15: IIS's page
    "bad_gateway",  # 502: a proxy's page
    "unavailable",  # 503
    "gateway_timeout",  # 504
    "cut_json",  # 200: half of the body, with a Content-Length that agrees
    "cut_connection",  # 200: half of the body, with the Content-Length of the whole; then the connection ends
    "reset",  # the connection ends without an answer
    "hang",  # no answer until the server stops
    "slow",  # the correct answer after ``value`` seconds
    "too_large",  # 500 (disk full) for a page of more than ``value`` rows or without a limit
    "too_large_hang",  # the same, but no answer
    "short_page",  # the correct page without its last ``value`` rows
    # Only of web and HTTP services:
    "soap_fault",  # 500: an exception in the code of the service
    "soap_rights",  # 500: the same; the login lacks rights
    "nil_return",  # 200: the list is nil
    "empty_return",  # 200: an empty element, or no body
    "no_return",  # 200: an answer without the list
    "extra_element",  # 200: each record has a field that is not in the WSDL: the service has changed
    "no_name",  # 200: records without their names
    "same_page",  # the paging parameters have no effect
    "endless",  # 200: a list without an end
    "xml_bomb",  # 200: a document type with entities of entities
    "external_entity",  # 200: a document type with an entity that names a file
    "deep",  # 200: 100,000 nested levels
    # Only of ``identify``:
    "mtom",  # 200: the envelope as a part of an answer by MTOM
    "json_name",  # 200: the name in a record of JSON; of a web service in its text
    "name_list",  # 200: the same in a list
    "long_name",  # 200: a name of 1 MB
    "no_content",  # 204 of the HTTP service for a number that nobody has
    # Only of ``calls``:
    "one_call",  # 200: of the delivered calls only the first is written and named
    # Of all:
    "drip",  # the correct answer, 64 bytes every ``value`` seconds
]
"""The names of the faults."""

FAULT_KINDS: tuple[str, ...] = get_args(FaultKind)


@dataclass(slots=True)
class InjectedFault:
    """A fault that is switched on.

    It hits requests whose decoded path and query, with the operation of a web service behind, contain ``match``. It
    passes the first ``after`` of them and then hits ``times`` (None: all until it is switched off). ``value`` is a
    number of seconds or rows, by kind. ``hits`` counts the hits.
    """

    kind: FaultKind
    times: int | None = None
    after: int = 0
    match: str = ""
    value: float = 1
    hits: int = 0


@dataclass(slots=True)
class InjectedFaults:
    """The faults that are switched on. The first one that fits a request hits it."""

    _active: list[InjectedFault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: InjectedFault) -> InjectedFault:
        """Switch a fault on. Raises ValueError for an unknown kind."""
        if fault.kind not in FAULT_KINDS:
            raise ValueError(f"no fault is called {fault.kind!r}: {', '.join(FAULT_KINDS)}")
        with self._lock:
            self._active.append(fault)
        return fault

    def clear(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._active.clear()

    def take(self, request: str, top: int | None) -> InjectedFault | None:
        """The fault that hits a request (decoded path and query) for ``top`` rows. None: the true answer goes out."""
        with self._lock:
            return next((fault for fault in self._active if _hits(fault, request, top)), None)


def _hits(fault: InjectedFault, request: str, top: int | None) -> bool:
    """Whether the fault hits this request; it counts what it hits and what it passes."""
    page = "/standard.odata/Catalog_" in request and (top is None or top > fault.value)
    small = fault.kind.startswith("too_large") and not page
    spent = fault.times is not None and fault.hits >= fault.times
    if small or spent or fault.match not in request:
        return False
    if fault.after > 0:
        fault.after -= 1
        return False
    fault.hits += 1
    return True


_LOGIN_PAGE = (
    "<!DOCTYPE html><html><head><title>Вход</title></head><body><form method='post' action='/login'>"
    "<input name='user'><input name='password' type='password'><button>Войти</button></form></body></html>"
)
_NO_LICENCE = "Не обнаружено свободной лицензии!"
_REQUEST_FAILED = "HTTP: Internal server error\nОшибка при выполнении запроса GET к ресурсу /odata/x:\n" + (
    "по причине:\nОшибка при выполнении запроса\n" * 8
)


def _page(status: int, title: str, text: str = "") -> HttpAnswer:
    body = f"<html><head><title>{title}</title></head><body><h1>{title}</h1>{text}</body></html>"
    return HttpAnswer(status, body.encode(), "text/html; charset=utf-8")


def login_page() -> HttpAnswer:
    """The login page that a portal sends with status 200 instead of 401."""
    return HttpAnswer(200, _LOGIN_PAGE.encode(), "text/html; charset=utf-8")


def wrong_login(*, encoding: bool) -> HttpAnswer:
    """The answer 401 to a wrong login. ``encoding``: IIS's page 401.5 for a login that is not UTF-8."""
    answer = _page(401, "401.5 - Unauthorized: Authorization failed by an ISAPI/CGI application" if encoding else "401")
    answer.headers["WWW-Authenticate"] = 'Basic realm="1C:Enterprise 8.3"'
    return answer


def too_long() -> HttpAnswer:
    """The page of IIS for a query that is longer than its limit."""
    return _page(404, "404.15 - Not Found", "The query string is too long.")


def _versions() -> HttpAnswer:
    text = "1C:Enterprise 8 application error: Различаются версии клиента и сервера (8.3.27.1719 - 8.3.27.2130)"
    return HttpAnswer(409, text.encode(), "text/plain; charset=utf-8")


def _maintenance() -> HttpAnswer:
    outer = "HTTP: Forbidden\nОшибка при выполнении запроса GET к ресурсу /odata/x:"
    works = "Ведутся технические работы"
    return application_exception(403, outer, f"Начало сеанса с информационной базой запрещено.\n{works}", works)


def _disk_full() -> HttpAnswer:
    full = "The device is full '/tmp/v8_x.tmp'. 28(0x0000001C): No space left on device"
    return platform_page(500, "Unrecoverable error", full)


def _no_licence_json() -> HttpAnswer:
    outer = "HTTP: Internal server error\nОшибка при выполнении запроса GET к ресурсу /odata/x:"
    return application_exception(500, outer, "Ошибка при выполнении операции с информационной базой", _NO_LICENCE)


def _no_licence_xml() -> HttpAnswer:
    return application_exception_in_xml(500, _REQUEST_FAILED, "Ошибка при выполнении операции", _NO_LICENCE)


def _session_timeout() -> HttpAnswer:
    return application_exception_in_xml(406, _REQUEST_FAILED, "Истекло время ожидания сеанса")


def _bitness() -> HttpAnswer:
    return HttpAnswer(500, "%1 не является приложением Win32. ".encode("cp1251"), "text/html")


_JSON = "application/json;odata=nometadata;charset=utf-8"
_WHOLE: dict[str, Callable[[], HttpAnswer]] = {
    "not_published": lambda: HttpAnswer(404),
    "maintenance": _maintenance,
    "login_encoding": lambda: wrong_login(encoding=True),
    "no_session": lambda: HttpAnswer(406),
    "versions": _versions,
    "no_licence": lambda: platform_page(500, "Ошибка при выполнении операции с информационной базой", _NO_LICENCE),
    "no_licence_json": _no_licence_json,
    "no_licence_xml": _no_licence_xml,
    "session_timeout": _session_timeout,
    "platform_page": lambda: platform_page(200, "Ошибка при выполнении операции с информационной базой", _NO_LICENCE),
    "bitness": _bitness,
    "no_key": lambda: platform_page(500, "Не найдена лицензия. Не обнаружен ключ защиты программы!"),
    "disk_full": _disk_full,
    "login_page": login_page,
    "redirect": lambda: HttpAnswer(302, headers={"Location": "/login"}),
    "no_value": lambda: HttpAnswer(200, b'{"result": "ok", "data": []}', _JSON),
    "empty": lambda: HttpAnswer(200, b'{"value":[]}', _JSON, mark=True),
    "query_too_long": too_long,
    "bad_gateway": lambda: _page(502, "502 Bad Gateway"),
    "unavailable": lambda: _page(503, "503 Service Unavailable"),
    "gateway_timeout": lambda: _page(504, "504 Gateway Time-out"),
    "too_large": _disk_full,
}


def fault_answer(fault: InjectedFault, name: str, *, as_json: bool) -> HttpAnswer | None:
    """The answer that a fault puts in place of the true one. None: the fault only changes the true one."""
    errors = {
        "no_entity": no_entity(name),
        "no_rights": no_rights(),
        "business": ODataError(500, -1, 'Не удалось провести "X"'),
    }
    if fault.kind in errors:
        return error_answer(errors[fault.kind], as_json=as_json)
    return _WHOLE[fault.kind]() if fault.kind in _WHOLE else None
