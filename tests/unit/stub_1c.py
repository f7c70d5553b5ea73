"""A tiny HTTP server for the tests of sources: a function answers, every request is kept."""

import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from astsync.config import SourceConfig
from astsync.sources.odata.section import ODataConfig
from astsync.sources.web.retrying import Patience
from tests.configs import source_config

ROOT = "/trade/odata/standard.odata"
GUID = "00000000-0000-4000-8000-{:012d}"
QUICK = Patience(first=0, longest=0, deadline=10, sleep=lambda _seconds: None)


@dataclass
class Reply:
    """``length`` is what Content-Length claims; ``chunked`` cuts the last chunk."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    chunked: bool = False


@dataclass
class Asked:
    path: str
    raw: str
    options: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""


Answer = Callable[[Asked], Reply]


def as_json(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(json.dumps(value, ensure_ascii=False).encode(), status, headers)


def odata_error(status: int, code: str, text: str) -> Reply:
    return as_json({"odata.error": {"code": code, "message": {"lang": "ru", "value": text}}}, status)


class Server:
    """The running server: its address, its requests, and the function that answers (replace it at will)."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.url = ""

    def config(self, **changes: Any) -> SourceConfig:
        odata = {key: changes.pop(key) for key in ODataConfig.model_fields if key in changes}
        return source_config(**{"url": f"{self.url}/trade", "odata": ODataConfig(**odata), "timeout": 5, **changes})

    def asked_of(self, name: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == f"{ROOT}/{name}"]

    def pages_of(self, name: str) -> list[Asked]:
        """Give the requests for a set's pages, without the one for a whole row."""
        return [asked for asked in self.asked_of(name) if "$skip" in asked.options]


class _Handler(BaseHTTPRequestHandler):
    stub: Server

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: no waiting for acknowledgements

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = Asked(unquote(parts.path), self.path, dict(parse_qsl(parts.query)), dict(self.headers.items()), body)
        self.stub.asked.append(asked)
        self._send(self.stub.answer(asked))

    def do_POST(self) -> None:
        self.do_GET()

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for key, value in reply.headers.items():
            self.send_header(key.replace("_", "-"), value)
        if reply.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(reply.body) if reply.length is None else reply.length))
        self.close_connection |= reply.chunked or reply.length is not None
        self.end_headers()
        self.wfile.write(f"{len(reply.body) + 10:x}\r\n".encode() if reply.chunked else b"")
        self.wfile.write(reply.body)

    def log_request(self, *args: Any) -> None:
        """Stay quiet."""


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: Any) -> None:
        """Clients that have had enough close their connections: no news."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*args)


@contextmanager
def serving(answer: Answer) -> Iterator[Server]:
    server = Server(answer)
    with _Quiet(("127.0.0.1", 0), type("Handler", (_Handler,), {"stub": server})) as http:
        server.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


Rows = Sequence[dict[str, Any]]


class Base:
    """An infobase: sets by name, answered as 1C answers them. ``before`` may answer instead (None: go on)."""

    def __init__(self, **sets: Rows) -> None:
        self.sets: dict[str, Rows] = dict(sets)
        self.counts = False
        self.before: Callable[[Asked], Reply | None] = lambda _asked: None

    def __call__(self, asked: Asked) -> Reply:
        return self.before(asked) or self._answer(asked)

    def _answer(self, asked: Asked) -> Reply:
        name = asked.path.removeprefix(f"{ROOT}/")
        if name == "":
            return as_json({"value": [{"name": known, "url": known} for known in self.sets]})
        if name.endswith("/$count"):
            rows = self._rows(name.removesuffix("/$count"), asked.options) if self.counts else None
            return Reply(status=404) if rows is None else Reply(b"\xef\xbb\xbf" + str(len(rows)).encode())
        if name not in self.sets:
            return odata_error(404, "8", f'"{name}" entity is not found')
        return self._page(self._rows(name, asked.options), asked.options)

    def _rows(self, name: str, options: dict[str, str]) -> Rows:
        rows = self.sets[name]
        return [row for row in rows if row.get("Тип") == "Телефон"] if "Тип eq" in options.get("$filter", "") else rows

    def _page(self, rows: Rows, options: dict[str, str]) -> Reply:
        fields = options["$select"].split(",") if "$select" in options else None
        for name in fields or ():
            if rows and name not in rows[0]:
                return odata_error(400, "6", f"Сегмент пути {name} не найден!")
        skip = int(options.get("$skip", 0))
        page = rows[skip : skip + int(options["$top"])] if "$top" in options else rows
        return as_json({"value": [{name: row[name] for name in fields or row} for row in page]})


def owner(number: int, name: str, **more: Any) -> dict[str, Any]:
    return {"Ref_Key": GUID.format(number), "Description": name, "DeletionMark": False, **more}


def contact(number: int, text: str, line: int = 1, **more: Any) -> dict[str, Any]:
    row = {"Ref_Key": GUID.format(number), "LineNumber": str(line), "Тип": "Телефон", "Представление": text}
    return {**row, "НомерТелефона": "", "Вид_Key": GUID.format(900), **more}


CATALOG = "Catalog_Контрагенты"
CONTACT_SET = f"{CATALOG}_КонтактнаяИнформация"


def small_base() -> Base:
    base = Base()
    base.sets[CATALOG] = [owner(1, "ООО МИКО"), owner(2, "ИП Иванов"), owner(3, "Старый", DeletionMark=True)]
    base.sets[CONTACT_SET] = [contact(1, "+7 (495) 229-30-42"), contact(2, "8 916 123-45-67"), contact(3, "123-45-67")]
    base.sets["Catalog_ВидыКонтактнойИнформации"] = [{"Ref_Key": GUID.format(900), "Description": "Мобильный"}]
    return base


def failing(base: Base, reply: Reply, times: int = 1000) -> None:
    """Fail the first ``times`` requests for pages of the catalog."""
    left = iter(range(times))

    def fail(asked: Asked) -> Reply | None:
        page = asked.path.endswith(CATALOG) and "$skip" in asked.options
        return reply if page and next(left, None) is not None else None

    base.before = fail
