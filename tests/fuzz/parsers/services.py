"""The plays of services: a web server, OData, HTTP services, web services and their WSDLs."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, cast

import orjson
import requests

from astsync.config import PagingConfig
from astsync.errors import SourceError
from astsync.sources.http.pages import HttpPages
from astsync.sources.http.refusals import HTTP_RULES
from astsync.sources.http.section import HttpConfig
from astsync.sources.odata.atom import rows_of_atom
from astsync.sources.odata.pages import ODataPages
from astsync.sources.onec.metadata_names import phone_like
from astsync.sources.onec.rows import ref_key
from astsync.sources.records.one_name import NAME_FIELDS, extension_in_text, name_in_text, name_in_value
from astsync.sources.records.paging import Page, paged
from astsync.sources.records.reader import RecordReader
from astsync.sources.soap.answers.one_value import read_value
from astsync.sources.soap.answers.reader import AnswerReader
from astsync.sources.soap.refusals import SOAP_RULES, soap_fault
from astsync.sources.soap.section import SoapConfig
from astsync.sources.soap.wsdl.answer_types import WsdlType
from astsync.sources.soap.wsdl.cache import WsdlCache
from astsync.sources.soap.wsdl.list_place import ListPlace
from astsync.sources.soap.wsdl.loader import Transport, load_with_zeep
from astsync.sources.soap.wsdl.operations import OfferedOperations
from astsync.sources.web import client as web
from astsync.sources.web.client import WebClient, read_json
from astsync.sources.web.refusals import odata_refusal, raise_hidden_error, refusal
from astsync.sources.web.server_words import body_text, may_tell_error, read_words
from astsync.sources.web.stream import Body
from tests.fuzz.parsers.target import WHERE, chance_of, check_error, counterparties, folder, in_pieces, same_in_pieces
from tests.unit.soap_service import ADDRESS, SHIPPED, call_of, fixture
from tests.unit.test_soap_answers import NAMED, OPERATION


class _Retries:
    def persist(self, attempt: Callable[[], Any], shrink: object = None) -> Any:
        return attempt()


class _Answered:
    """A client of the web whose every answer has this body."""

    host = "1c.example.local"

    def __init__(self, data: bytes, size: int = 1 << 20) -> None:
        self._data, self._size = data, size
        self.retries = _Retries()

    def ask_once(self, path: str, options: object, where: str, *, timeout: float | None = None) -> bytes:
        return self._data

    def open(self, request: object) -> Body:
        return cast("Body", _Body(self._data, self._size))


class _Body:
    def __init__(self, data: bytes, size: int) -> None:
        self.head, self._rest, self._size = data[:size], data[size:], size
        self.whole = not self._rest

    def __enter__(self) -> "_Body":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        yield self.head
        yield from in_pieces(self._rest, self._size)

    def close(self) -> None:
        pass


_HTTP = [
    HttpConfig.model_validate({"service": "x", **options})
    for options in (
        {}, {"list": "Counterparties"}, {"paging": {"by": "cursor", "parameter": "c", "next": "NextCursor"}},
        {"paging": {"by": "page", "parameter": "p", "total": "total"}}, {"method": "POST", "list": "data.items"},
    )
]  # fmt: skip


def http_service(data: bytes) -> object:
    chance = chance_of(data)
    size = 1 << 20 if chance.random() < 0.7 else 1 + int(chance.random() * 300)
    pages = HttpPages(cast("WebClient", _Answered(data, size)), chance.choice(_HTTP))
    return min(counterparties(pages.records()), 3), pages.form


def pages_of_lines(data: bytes) -> object:
    """Take the bytes as the pages of one list, a line each."""
    chance = chance_of(data)
    lines = iter(data.split(b"\n")[:50])
    config = chance.choice(_PAGING)

    def ask(_more: object) -> Page:
        answer = orjson.loads(next(lines, b"[]"))
        return Page(answer, {}) if isinstance(answer, list) else Page(answer.get("list") or (), answer)

    try:
        return min(sum(1 for _ in paged(config, ask, WHERE)), 3)
    except (orjson.JSONDecodeError, AttributeError, TypeError):
        return "no pages"  # of the harness, not of the product


_PAGING = [
    PagingConfig.model_validate(options)
    for options in (
        {}, {"by": "offset", "parameter": "o", "size": 2, "size_parameter": "l"}, {"by": "page", "parameter": "p"},
        {"by": "cursor", "parameter": "c", "next": "next"},
        {"by": "offset", "parameter": "o", "size": 2, "total": "total"},
    )
]  # fmt: skip


def server_words(data: bytes) -> object:
    words = read_words(data)
    assert len(words.text) <= 300
    words.text.encode()
    may_tell_error(data)
    for status in (401, 404, 500):
        for rules in ((), HTTP_RULES, SOAP_RULES):
            check_error(refusal(status, data, WHERE, first=rules))
    check_error(odata_refusal(words, WHERE))
    check_error(soap_fault(words.text, "List"))
    raise_hidden_error(data, WHERE)
    return words.shape, words.code is None, words.reason is None


def json_answer(data: bytes) -> object:
    return type(read_json(data, WHERE)).__name__


def web_headers(data: bytes) -> object:
    response = requests.Response()
    response.status_code, response.url = 302, "http://1c.example.local/base"
    response.request = requests.Request("GET", response.url).prepare()
    told = data.decode("latin-1")
    response.headers.update({"Location": told, "Retry-After": told, "WWW-Authenticate": told})
    assert web._retry_after(response) >= 0
    list(web._login_hints(response))
    check_error(web._redirect(response, WHERE))
    return told[:4].isdecimal()


def atom(data: bytes) -> object:
    rows = rows_of_atom(data)
    return None if rows is None else min(len(rows), 3)


def odata(data: bytes) -> object:
    pages = ODataPages(cast("WebClient", _Answered(data)), 2)
    chance = chance_of(data)
    if chance.random() < 0.1:
        return pages.count("X", {})
    rows = list(pages.rows("X", {}, ref_key, counted=False)) if chance.random() < 0.3 else pages.first("X", {}, 5)
    for row in rows:
        phone_like(row)
    return min(len(rows), 3)


@cache
def _places() -> tuple[tuple[ListPlace, SoapConfig], ...]:
    wanted: list[tuple[bytes, str, dict[str, Any]]] = [
        (SHIPPED, OPERATION, {}), (fixture("v8-core"), "GetAny", NAMED), (fixture("v8-core"), "GetArray", NAMED),
        (fixture("neo-fly"), "GetText", NAMED), (fixture("neo-fly"), "GetText", {**NAMED, "decode": "json"}),
    ]  # fmt: skip
    return tuple(
        (call_of(content, operation, **soap).list_place(), SoapConfig(operation=operation, **soap))
        for content, operation, soap in wanted
    )


def soap_answer(data: bytes) -> object:
    chance = chance_of(data)
    fitting = [one for one in _places() if one[0].operation.encode() in data] or _places()
    place, config = chance.choice(fitting)

    def read(pieces: Iterable[bytes]) -> object:
        around: dict[str, Any] = {}
        reader = AnswerReader(place, config, RecordReader(config.fields, WHERE))
        return list(reader.read(pieces, around, first=chance.random() < 2)), around

    records = cast("tuple[list[object], Any]", same_in_pieces(data, chance, read))[0]
    return min(counterparties(records, config.fields), 3), place.form


def one_name(data: bytes) -> object:
    """Take the bytes as what an HTTP service answers about one number."""
    extension = extension_in_text(body_text(data), "Extension")
    assert extension == "" or (extension.isascii() and extension.isdecimal()), extension
    name = name_in_text(body_text(data), chance_of(data).choice((NAME_FIELDS, ("Name",), ("a.b",))), WHERE)
    name.encode()
    return bool(name)


@cache
def _identify() -> tuple[tuple[str, str, WsdlType], ...]:
    wanted = [(SHIPPED, "identify"), (fixture("v8-core"), "GetAny"), (fixture("neo-fly"), "GetText")]
    return tuple((operation, *call_of(content, operation).response()) for content, operation in wanted)


def soap_name(data: bytes) -> object:
    """Take the bytes as the answer of an operation that tells one name."""
    fitting = [one for one in _identify() if one[0].encode() in data] or _identify()
    value = read_value(data, *chance_of(data).choice(fitting))
    if isinstance(value, str):
        return bool(name_in_text(value, NAME_FIELDS, WHERE))
    name_in_value(value, NAME_FIELDS, WHERE).encode()
    return type(value).__name__


def _nowhere(url: str) -> bytes:
    raise SourceError(f"{url} is not there")


def wsdl_mend(data: bytes) -> object:
    return bool(Transport(ADDRESS, {ADDRESS: data}, _nowhere).load(ADDRESS))


def wsdl_whole(data: bytes) -> object:
    """Let zeep read it, and choose its first operation, so far that a call can be written."""
    config = SoapConfig(operation="any")
    wsdl = load_with_zeep(ADDRESS, Transport(ADDRESS, {ADDRESS: data}, _nowhere), fresh=True)
    found = OfferedOperations(wsdl, config, ADDRESS)
    for operation in found.operations[:2]:
        operation.signature()
        chosen = config.model_copy(update={"operation": operation.name})
        call = OfferedOperations(wsdl, chosen, ADDRESS).choose()
        call.headers()
        call.message({})
        call.list_place()
    return min(len(found.operations), 3)


def wsdl_cache(data: bytes) -> object:
    kept = WsdlCache("http://x", "u", folder())
    kept.path.write_bytes(data)
    found = kept.read()
    return found and (len(found.documents), found.age >= 0)
