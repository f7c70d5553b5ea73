"""One list of an HTTP service: its requests, its answers, and the pages between them.

Small answers are read whole, and asked for again when they are broken; large ones are read record by record as they
come, in constant memory.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from astsync.config import ParameterValue, values_of
from astsync.errors import SourceError
from astsync.sources.formats.json_list import JsonList
from astsync.sources.formats.xml_list import Sought, XmlList
from astsync.sources.http.refusals import HTTP_RULES
from astsync.sources.http.section import HttpConfig
from astsync.sources.records.paging import Page, Parameters, paged
from astsync.sources.web.client import WebClient, refuse_not_json
from astsync.sources.web.refusals import SERVICE_CURE, raise_hidden_error
from astsync.sources.web.retrying import FEW
from astsync.sources.web.stream import Body, WebRequest

_LONGEST_START = 4096
# A page by its first element: a list may well hold elements <meta> or <head> of its own.
_NO_LIST = re.compile(
    r"(?:\s++|<\?[^>]*+>|<!--.*?-->)*+<(?:!doctype\s+html|html|head|body|meta)\b|.*http://www\.w3\.org/2005/Atom",
    re.IGNORECASE | re.DOTALL,
)
_UTF_16 = (b"\xff\xfe<\0", b"\xfe\xff\0<")

_ACCEPT = {"Accept": b"application/json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"}
_BODY_TYPE = {"Content-Type": "application/json; charset=utf-8"}


class HttpPages:
    """Reads the list of a service through one client, page by page.

    ``answered`` counts the good answers; ``form`` is what they are, JSON or XML.
    """

    def __init__(self, client: WebClient, config: HttpConfig) -> None:
        self._client = client
        self._config = config
        self.answered = 0
        self.form = "JSON"
        self.paging = config.effective_paging
        self.list_path = config.list
        self.where = config.service or client.host
        self._headers = _ACCEPT | {name: secret.get_secret_value().encode() for name, secret in config.headers.items()}

    def records(self) -> Iterator[object]:
        """Read every record of the list. Raises SourceError."""
        return paged(self.paging, self.ask, self.where)

    def ask(self, more: Parameters) -> Page:
        """Ask for one page; ``more`` are the parameters of paging."""
        request = self._request({**values_of(self._config.parameters), **more})
        answer = self._client.retries.persist(lambda: self._attempt(request))
        self.answered += 1
        self.form = answer.form
        return Page(self._read(answer), answer.around)

    def _request(self, parameters: Mapping[str, ParameterValue]) -> WebRequest:
        if self._config.method == "GET":
            options = in_query(parameters)
            return WebRequest(self._config.service, self.where, options, headers=self._headers)
        headers: dict[str, str | bytes] = {**_BODY_TYPE, **self._headers}
        return WebRequest(self._config.service, self.where, body=orjson.dumps(parameters), headers=headers)

    def _attempt(self, request: WebRequest) -> "_ListAnswer":
        body = self._client.open(request)
        answer = _ListAnswer(body, self._config, self.list_path, self.where)
        try:
            answer.begin()
        except SourceError:
            body.close()
            raise
        return answer

    def _read(self, answer: "_ListAnswer") -> Iterator[object]:
        yield from answer
        self.list_path = self.list_path or answer.found  # the next pages have theirs in the same place


class _ListAnswer:
    """One answer: read whole where it is small, else record by record as it comes."""

    def __init__(self, body: Body, config: HttpConfig, path: str, where: str) -> None:
        self._body = body
        self._where = where
        self.form = _form(body.head)
        self._list = _xml(body, config, where) if self.form == "XML" else JsonList(body, path, where, SERVICE_CURE)
        self._records: list[object] | None = None

    def begin(self) -> None:
        """Read a small answer whole. Raises SourceError; for an answer that was cut it says that a new try may help."""
        raise_hidden_error(self._body.head, self._where, first=HTTP_RULES)
        if not self.form:
            refuse_not_json(self._body.head, self._where)
        if self._body.whole:
            try:
                self._records = list(self._list)
            except SourceError as error:
                error.tries = FEW if self._list.cut else 1
                raise

    @property
    def around(self) -> Mapping[str, Any]:
        """What stands around the list; whole once the list is read."""
        return self._list.answer

    @property
    def found(self) -> str:
        """The path of the list."""
        return self._list.found

    def __iter__(self) -> Iterator[object]:
        with self._body:
            yield from self._list if self._records is None else self._records


def _form(head: bytes) -> str:
    """Guess from its beginning what an answer is: JSON, XML, or "" for a page, or for Atom of an old platform."""
    start = head[:_LONGEST_START].decode("utf-8", "ignore").lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[")):
        return "JSON"
    if head.startswith(_UTF_16):
        return "XML"
    return "XML" if start.startswith("<") and not _NO_LIST.match(start) else ""


def _xml(body: Body, config: HttpConfig, where: str) -> XmlList:
    beside = frozenset({config.effective_paging.next.rpartition(".")[2]})
    return XmlList(body, Sought(config.list, config.fields.name, where, "source.http.list", beside), SERVICE_CURE)


def in_query(parameters: Mapping[str, ParameterValue]) -> dict[str, str | int]:
    """Parameters as they stand in a query: true and false in small letters."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, float) else value
        for name, value in parameters.items()
    }
