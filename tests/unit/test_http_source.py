"""Counterparties from an HTTP service: requests, answers of every kind, refusals, and what a check tells."""

import base64
import gzip
import json
import logging
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from astsync.config import FieldsConfig, PagingConfig
from astsync.errors import (
    SourceBadAnswer,
    SourceBusy,
    SourceError,
    SourceFailure,
    SourceLoginError,
    SourceNotFound,
    SourceQueryError,
    SourceRightsError,
    SourceUnreachable,
)
from astsync.finding import Finding
from astsync.phonebook.model import Counterparty
from astsync.sandbox.onec import OneC
from astsync.sources import open_source
from astsync.sources.http.section import HttpConfig
from astsync.sources.http.source import HttpSource
from astsync.sources.odata.source import ODataSource
from astsync.sources.web import stream as onec_stream
from astsync.sources.web.retrying import Patience
from tests.configs import source_config
from tests.unit.dripping import Drip, dripping
from tests.unit.stub_1c import QUICK, Asked, Reply, Server, as_json, serving
from tests.unit.test_xdto_json import xdto

pytestmark = pytest.mark.server

ROWS = [{"Ref": str(n), "Name": f"ООО Ромашка {n}", "Phones": [f"+7 495 555-01-{n:02}"]} for n in range(25)]
NO_PAGING = PagingConfig()


def answer_all(_asked: Asked) -> Reply:
    return as_json({"Counterparties": ROWS, "NextCursor": None})


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(answer_all) as running:
        yield running


def source(server: Server, patience: Patience = QUICK, login: dict[str, Any] | None = None, **http: Any) -> HttpSource:
    config = source_config(kind="http", url=f"{server.url}/trade", timeout=5, http=HttpConfig(**http), **(login or {}))
    return HttpSource(config, patience=patience)


def pull(server: Server, **http: Any) -> list[Counterparty]:
    return list(source(server, **http).pull())


def refused(server: Server, reply: Reply | None = None, **http: Any) -> SourceError:
    if reply is not None:
        server.answer = lambda _asked: reply
    with pytest.raises(SourceError) as caught:
        pull(server, **http)
    error = caught.value
    assert error.exit_code == 4
    assert error.hint
    assert (error.message + error.hint).isprintable()
    return error


# --- requests


def test_the_shipped_service_is_read_by_its_cursor_without_configuration(server: Server) -> None:
    def answer(asked: Asked) -> Reply:
        start = int(asked.options.get("cursor", 0))
        end = start + 10
        return as_json({"Counterparties": ROWS[start:end], "NextCursor": str(end) if end < len(ROWS) else None})

    server.answer = answer
    assert [one.name for one in pull(server)] == [row["Name"] for row in ROWS]
    assert {asked.path for asked in server.asked} == {"/trade/hs/astsync/counterparties"}
    assert [asked.options for asked in server.asked] == [
        {"limit": "1000"},
        {"cursor": "10", "limit": "1000"},
        {"cursor": "20", "limit": "1000"},
    ]


def test_parameters_of_a_get_are_written_for_1c(server: Server) -> None:
    pull(server, service="hs/crm/клиенты", parameters={"вид": "все сразу+", "all": True, "n": 1.5}, paging=NO_PAGING)
    asked = server.asked[0]
    assert asked.path == "/trade/hs/crm/клиенты"
    query = asked.raw.partition("?")[2]
    assert query == "%D0%B2%D0%B8%D0%B4=%D0%B2%D1%81%D0%B5%20%D1%81%D1%80%D0%B0%D0%B7%D1%83%2B&all=true&n=1.5"


def test_parameters_of_a_post_are_its_json_body(server: Server) -> None:
    paging = PagingConfig(by="offset", parameter="offset", size_parameter="limit", size=100)

    def answer(asked: Asked) -> Reply:
        return as_json(ROWS[json.loads(asked.body)["offset"] :])

    server.answer = answer
    assert len(pull(server, method="POST", parameters={"вид": "все", "deep": True}, paging=paging)) == 25
    assert json.loads(server.asked[0].body) == {"вид": "все", "deep": True, "offset": 0, "limit": 100}
    assert server.asked[0].headers["Content-Type"] == "application/json; charset=utf-8"
    assert server.asked[0].raw == "/trade/hs/astsync/counterparties"


def test_headers_are_sent_and_never_shown(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    headers = {"X-Token": SecretStr("тайна-1"), "Accept": SecretStr("text/json")}
    reading = source(server, headers=headers)
    list(reading.pull())
    sent = server.asked[0].headers
    assert sent["X-Token"].encode("latin-1").decode() == "тайна-1"
    assert sent["Accept"] == "text/json"
    error = refused(server, Reply(status=500), headers=headers)
    shown = f"{error!r} {error.hint} {reading.describe()} {reading.__dict__} {caplog.text}"
    assert "тайна" not in shown


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: ?to=login\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno header at all\r\n\r\n[",
        b"no HTTP",
        b"",
    ],
)
def test_parameters_are_sent_and_never_shown(answer: bytes, method: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with dripping(lambda _asked: Drip(answer, times=0)) as server:
        http = {"method": method, "parameters": {"token": "s3cr3t", "most": 77_001, "$key": "s3cr3t"}}
        config = source_config(kind="http", url=f"http://{server.place}/trade", http=http)
        reading = HttpSource(config, patience=QUICK)
        with pytest.raises(SourceError) as caught:
            list(reading.pull())
    told = "".join(traceback.format_exception(caught.value))
    shown = f"{told} {caught.value.hint} {reading.describe()} {config!r} {config} {reading.__dict__} {caplog.text}"
    assert "s3cr3t" not in shown
    assert "77001" not in shown
    assert method == "POST" or "token=s3cr3t&most=77001&$key=s3cr3t" in server.asked[0].decode()
    assert "Starting new HTTP connection" in caplog.text  # so urllib3 was heard


@pytest.mark.parametrize(
    ("http", "told"),
    [
        ({"headers": {"X Token": "a"}}, "no name of a header"),
        ({"headers": {"X-Token": "тайна\r\nX: y"}}, "X-Token must not hold line breaks"),
        ({"service": "hs/a?x=1"}, "write it as parameters"),
        ({"service": "http://1c/hs/a"}, "what follows source.url"),
        ({"paging": {"by": "page"}}, "name the parameter"),
    ],
)
def test_wrong_configuration_is_told_without_secrets(http: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told) as caught:
        HttpConfig(**http)
    assert "тайна" not in str(caught.value)


def test_the_login_goes_as_for_odata(server: Server) -> None:
    login = {"user": "Администратор", "password": "Пароль-1"}
    list(source(server, login=login).pull())
    sent = server.asked[0].headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent).decode() == "Администратор:Пароль-1"


def test_the_address_may_be_the_url_itself(server: Server) -> None:
    assert len(pull(server, service="")) == 25
    assert server.asked[0].path.rstrip("/") == "/trade"


def test_the_kind_is_known() -> None:
    opened = open_source(source_config(kind="http", url="http://1c.example.local/trade"))
    assert opened.describe() == "HTTP service at http://1c.example.local/trade/hs/astsync/counterparties"


# --- answers


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (ROWS, ""),
        ({"data": {"items": ROWS}, "total": 25}, ""),
        ({"data": {"items": ROWS}, "log": [{"at": 1}]}, "data.items"),
        ({"groups": [{"items": ROWS[:9]}, {"items": ROWS[9:]}]}, "groups.items"),
    ],
)
def test_the_list_is_found_or_named(server: Server, value: object, path: str) -> None:
    server.answer = lambda _asked: as_json(value)
    assert len(pull(server, service="hs/x", list=path)) == 25


def test_a_mark_and_a_lie_about_the_charset_do_no_harm(server: Server) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(ROWS, ensure_ascii=False).encode()
    server.answer = lambda _asked: Reply(body, headers={"Content-Type": "application/json; charset=windows-1251"})
    assert pull(server)[0].name == "ООО Ромашка 0"


def test_gzip_is_unpacked(server: Server) -> None:
    server.answer = lambda _asked: Reply(gzip.compress(json.dumps(ROWS).encode()), headers={"Content-Encoding": "gzip"})
    assert len(pull(server)) == 25


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every answer for a large one."""
    monkeypatch.setattr(onec_stream, "LARGEST_HEAD", 1)


@pytest.mark.usefixtures("streamed")
def test_large_answers_are_read_as_they_come(server: Server) -> None:
    many = [{**row, "Ref": f"{row['Ref']}-{n}"} for n in range(200) for row in ROWS]
    server.answer = lambda _asked: as_json({"list": many, "NextCursor": None})
    steps: list[tuple[str, int, int | None]] = []
    counterparties = source(server).pull(lambda *step: steps.append(step))
    assert next(counterparties).ref == "0-0"
    assert sum(1 for _ in counterparties) == 4999
    assert steps == [("counterparties", done, None) for done in range(1000, 5001, 1000)] + [
        ("counterparties", 5000, 5000)
    ]


@pytest.mark.parametrize("large", [False, True])
def test_a_field_that_does_not_exist_is_told(server: Server, large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if large:
        monkeypatch.setattr(onec_stream, "LARGEST_HEAD", 1)
    error = refused(server, fields=FieldsConfig(name="Наименование"))
    assert isinstance(error, SourceQueryError)
    assert "has the field Наименование (name)" in error.message
    assert "Ref, Name, Phones" in error.hint


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        (b"", SourceBadAnswer, "is empty"),
        (b"<html><title>\xd0\x92\xd1\x85\xd0\xbe\xd0\xb4</title></html>", SourceBadAnswer, "a page: Вход"),
        ("Нет доступа".encode(), SourceBadAnswer, "a page: Нет доступа"),
        (json.dumps(ROWS).encode()[:-9], SourceBadAnswer, "cut or damaged"),
        (b'{"error": "no rights"}', SourceFailure, "no rights"),
        (b'{"result": {"n": 1}}', SourceBadAnswer, "holds no list"),
        (b'{"Counterparties": null}', SourceBadAnswer, "holds no list"),
        (b'{"a": [{}], "b": [{}]}', SourceQueryError, "several lists: a, b"),
        (b"[1, 2]", SourceBadAnswer, "what is no record: a number, number 1"),
        (json.dumps(ROWS, ensure_ascii=False).encode("cp1251"), SourceBadAnswer, "not UTF-8"),
        (b'{"a":' * 5000, SourceBadAnswer, "nested too deeply"),
        (b'[{"Name": ' + b"9" * 5000 + b"}]", SourceBadAnswer, "too long"),
    ],
    ids=lambda value: str(value)[:16],
)
@pytest.mark.parametrize("large", [False, True])
def test_what_is_no_list_is_an_error(
    server: Server, body: bytes, kind: type[SourceError], told: str, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if large:
        monkeypatch.setattr(onec_stream, "LARGEST_HEAD", 1)
    error = refused(server, Reply(body))
    assert type(error) is kind
    assert told in error.message


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_broken_connection_is_never_a_short_list(
    server: Server, large: bool, chunked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if large:
        monkeypatch.setattr(onec_stream, "LARGEST_HEAD", 1)
    body = json.dumps(ROWS).encode()
    error = refused(server, Reply(body, chunked=True) if chunked else Reply(body, length=len(body) + 10))
    assert isinstance(error, SourceUnreachable)
    assert "in the middle of an answer" in error.message


@pytest.mark.parametrize("reply", [Reply(b'[{"Name": "x"'), Reply(b"[]", length=10), Reply(status=502)])
def test_what_passes_is_asked_for_again(server: Server, reply: Reply) -> None:
    left = iter([reply])
    server.answer = lambda asked: next(left, None) or answer_all(asked)
    assert len(pull(server)) == 25
    assert len(server.asked) == 2


@pytest.mark.parametrize("body", [b"{}", b'{"a":' * 5000, b"<html>", b'{"error": "x"}', b"[5]"])
def test_what_will_not_pass_is_asked_for_once(server: Server, body: bytes) -> None:
    refused(server, Reply(body))
    assert len(server.asked) == 1


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("large", [False, True])
def test_an_answer_without_end_is_given_up(
    server: Server, zipped: bool, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if large:
        monkeypatch.setattr(onec_stream, "LARGEST_HEAD", 1)
    monkeypatch.setattr(onec_stream, "LARGEST_STREAM", 50_000)
    body = b'{"a": "' + b"x" * 3_000_000
    reply = Reply(gzip.compress(body), headers={"Content-Encoding": "gzip"}) if zipped else Reply(body)
    assert "is too large: more than 50,000 bytes" in refused(server, reply).message


# --- pages


@pytest.mark.parametrize(
    "paging",
    [
        PagingConfig(by="offset", parameter="at", size_parameter="n", size=10),
        PagingConfig(by="page", parameter="p", size_parameter="n", size=10),
    ],
    ids=["offset", "page"],
)
def test_pages_are_read_to_the_empty_one(server: Server, paging: PagingConfig) -> None:
    def answer(asked: Asked) -> Reply:
        start = int(asked.options["at"]) if "at" in asked.options else 10 * (int(asked.options["p"]) - 1)
        return as_json({"rows": ROWS[start : start + 10], "notes": []})

    server.answer = answer
    assert [one.ref for one in pull(server, service="hs/x", paging=paging)] == [row["Ref"] for row in ROWS]


def test_the_same_page_for_ever_is_told(server: Server) -> None:
    error = refused(server, service="hs/x", paging=PagingConfig(by="offset", parameter="skip"))
    assert isinstance(error, SourceBadAnswer)
    assert "the parameter skip has no effect" in error.message
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    "around",
    [
        {"NextCursor": "x"},
        {"next": 2},
        {"links": {"next": "http://crm.example.local/2"}},
        {"@odata.nextLink": "x"},
        {"meta": {"nextHref": "http://crm.example.local/2"}},
        {"_links": {"next": {"href": "http://crm.example.local/2"}}},
        {"next_page_url": "http://crm.example.local/2"},
        {"hasMore": True},
        {"has_next": True},
        {"isLast": False},
        {"total": 26},
    ],
)
def test_a_part_never_passes_for_the_whole(server: Server, around: dict[str, Any]) -> None:
    error = refused(server, as_json({"items": ROWS, **around}), service="hs/x", list="items")
    assert isinstance(error, SourceQueryError)
    assert "gives its list in parts" in error.message
    assert "paging" in error.hint


def test_nothing_next_is_no_part(server: Server) -> None:
    server.answer = lambda _asked: as_json(
        {"items": ROWS, "next": None, "meta": {"next": ""}, "hasMore": False, "last": 1}
    )
    assert len(pull(server, service="hs/x")) == 25


def test_a_page_that_fails_fails_the_list(server: Server) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(status=500) if "cursor" in asked.options else as_json({"items": ROWS, "NextCursor": "2"})

    server.answer = answer
    assert isinstance(refused(server), SourceFailure)


# --- refusals


@pytest.mark.parametrize(
    ("reply", "kind", "told", "hint"),
    [
        (Reply(status=401), SourceLoginError, "refused the login", "source.user is empty"),
        (Reply(status=403), SourceRightsError, "is forbidden", "«Использование»"),
        (Reply("Ведутся технические работы".encode(), 403), SourceBusy, "no sessions now", "unlocked"),
        (Reply(status=404), SourceNotFound, "no HTTP service hs/astsync/counterparties", "publishExtensionsByDefault"),
        (Reply(status=410), SourceNotFound, "any more", "«HTTP-сервисы»"),
        (Reply(b"404.15 too long", 404), SourceQueryError, "too long", "maxQueryString"),
        (Reply(status=405), SourceQueryError, "does not take this method", "source.http.method"),
        (Reply("Неверный limit".encode(), 400), SourceQueryError, "Неверный limit", "parameters"),
        (Reply("{Ошибка}: Деление на 0".encode(), 500), SourceFailure, "Деление на 0", "technological log"),
        (Reply("Нарушение прав доступа!".encode(), 500), SourceRightsError, "may not read", "role"),
        (Reply("Не обнаружено свободной лицензии!".encode(), 500), SourceBusy, "no free licence", "licence"),
        (Reply("Не обнаружено свободной лицензии!".encode(), 400), SourceBusy, "no free licence", "licence"),
        (Reply(status=406), SourceBusy, "no free session", "poolSize"),
        (Reply(status=409), SourceBusy, "different versions", "restart"),
        (Reply(status=502), SourceFailure, "no answer from 1C", "time-out"),
        (Reply(status=204), SourceBadAnswer, "unexpected answer", "the status 200"),
        (Reply(status=418), SourceBadAnswer, "unexpected answer", "the status 200"),
        (Reply(status=302, headers={"Location": "/login"}), SourceBadAnswer, "a redirect to", "login page"),
    ],
    ids=lambda value: str(value)[:24] if isinstance(value, str) else "",
)
def test_refusals_have_their_cures(server: Server, reply: Reply, kind: type[SourceError], told: str, hint: str) -> None:
    error = refused(server, reply)
    assert type(error) is kind
    assert told in error.message
    assert hint in error.hint
    assert "OData" not in error.message + error.hint


def test_nobody_listens() -> None:
    config = source_config(kind="http", url="http://127.0.0.1:9/trade")
    with pytest.raises(SourceUnreachable) as caught:
        list(HttpSource(config, patience=QUICK).pull())
    assert caught.value.hint


def test_the_language_that_a_browser_adds_is_told(server: Server) -> None:
    server.answer = lambda _asked: Reply(status=404)
    config = source_config(kind="http", url=f"{server.url}/trade/ru_RU")
    with pytest.raises(SourceNotFound) as caught:
        list(HttpSource(config, patience=QUICK).pull())
    assert "a browser adds" in caught.value.hint


# --- check


def findings(server: Server, **http: Any) -> list[Finding]:
    found = list(source(server, **http).check())
    assert all((one.part + one.words + one.hint).isprintable() for one in found)
    assert all(one.hint for one in found if one.good is False)
    return found


def test_a_check_tells_each_step_and_three_counterparties(server: Server) -> None:
    assert [(one.part, one.good, one.words) for one in findings(server)] == [
        ("address", True, "hs/astsync/counterparties answers JSON"),
        ("login", True, "none is sent, and none is asked for"),
        ("list", True, "Counterparties: 25 records"),
        ("paging", True, "by cursor: the first page holds the whole list"),
        ("fields", True, "name Name, phones Phones"),
        ("counterparty", None, "ООО Ромашка 0: +7 495 555-01-00"),
        ("counterparty", None, "ООО Ромашка 1: +7 495 555-01-01"),
        ("counterparty", None, "ООО Ромашка 2: +7 495 555-01-02"),
    ]


def test_a_check_reads_two_pages(server: Server) -> None:
    def answer(asked: Asked) -> Reply:
        start = int(asked.options.get("cursor", 0))
        return as_json({"items": ROWS[start : start + 5], "NextCursor": str(start + 5)})

    server.answer = answer
    assert ("paging", True) in [(one.part, one.good) for one in findings(server)]
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("reply", "bad", "good"),
    [
        (Reply(status=401), "login", []),
        (Reply(status=404), "address", []),
        (Reply(status=403), "rights", []),
        (Reply(status=406), "1C", []),
        (Reply(b"{}"), "list", []),
        (as_json([]), "list", ["address", "login"]),
        (as_json([{"Имя": "x"}]), "fields", ["address", "login", "list", "paging"]),
        (as_json(["x"]), "fields", ["address", "login", "list", "paging"]),
    ],
    ids=lambda value: str(value)[:10],
)
def test_a_check_tells_the_step_that_fails(server: Server, reply: Reply, bad: str, good: list[str]) -> None:
    server.answer = lambda _asked: reply
    found = findings(server)
    assert [one.part for one in found if one.good is False] == [bad]
    assert [one.part for one in found if one.good] == good


# --- the stand-in 1C


@pytest.mark.parametrize(
    "paging",
    [
        None,
        NO_PAGING,
        PagingConfig(by="offset", parameter="offset", size_parameter="limit", size=70),
        PagingConfig(by="page", parameter="page", size_parameter="limit", size=70),
    ],
    ids=["default", "none", "offset", "page"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_shipped_service_gives_what_odata_gives(paging: PagingConfig | None, method: str) -> None:
    with OneC(150, 3, password="Пароль-1") as onec:
        login: dict[str, Any] = {"url": onec.url, "user": onec.user, "password": SecretStr("Пароль-1"), "timeout": 5.0}
        http = HttpConfig.model_validate({"method": method} | ({"paging": paging} if paging else {}))
        found = HttpSource(source_config(kind="http", http=http, **login), patience=QUICK).pull()
        wanted = ODataSource(source_config(**login), patience=QUICK).pull()
        assert facts(found) == facts(wanted)


def facts(counterparties: Iterator[Counterparty]) -> dict[str, Any]:
    return {one.source: (one.name, [(phone.texts, phone.kind) for phone in one.phones]) for one in counterparties}


# --- what 1C says in the place of a list

EXCEPTION = (
    '<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="x.xsl"?>'
    '<exception xmlns="http://v8.1c.ru/8.2/virtual-resource-system" reason="{reason}"><descr>x</descr>'
    "<inner><descr>{text}</descr></inner></exception>"
)


@pytest.mark.parametrize("status", [200, 406])
def test_a_session_that_timed_out_is_waited_for(server: Server, status: int) -> None:
    text = "Истекло время ожидания сеанса"
    error = refused(server, Reply(EXCEPTION.format(reason=406, text=text).encode(), status))
    assert type(error) is SourceBusy
    assert text in error.message
    assert len(server.asked) > 1


def test_an_exception_in_json_with_status_200_is_told_by_its_innermost_words(server: Server) -> None:
    inner = {"descr": "Не найдена лицензия", "creationStack": "core83.dll:0x0000000000085928 " * 30}
    body = {"#exception": "{http://v8.1c.ru/8.2/virtual-resource-system}Exception"}
    error = refused(server, as_json({**body, "exception": {"reason": 500, "descr": "x", "inner": inner}}))
    assert type(error) is SourceBusy
    assert "Не найдена лицензия" in error.message
    assert "core83" not in error.message


def test_a_page_of_1c_with_status_200_is_an_error_of_1c(server: Server) -> None:
    page = "<html><title>1C:Enterprise 8 application error</title><body>Файл базы заблокирован</body></html>"
    error = refused(server, Reply(page.encode()))
    assert type(error) is SourceBusy
    assert "заблокирован" in error.message


def test_json_by_xdto_is_read_as_the_records_that_it_means(server: Server) -> None:
    server.answer = lambda _asked: as_json(xdto({"Counterparties": ROWS, "NextCursor": None}))
    assert pull(server, service="hs/x") == pull_plain(server)


def pull_plain(server: Server) -> list[Counterparty]:
    server.answer = answer_all
    return pull(server, service="hs/x")
