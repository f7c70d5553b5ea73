"""Every shape of 1C's refusals, told apart. The bodies are written from answers of real servers."""

import json
from collections.abc import Callable, Sequence

import pytest

from astsync.errors import (
    SourceBadAnswer,
    SourceBusy,
    SourceError,
    SourceFailure,
    SourceLoginError,
    SourceNotFound,
    SourceQueryError,
    SourceRightsError,
)
from astsync.sources.http.refusals import HTTP_RULES
from astsync.sources.soap.refusals import SOAP_RULES
from astsync.sources.web.client import read_json
from astsync.sources.web.refusals import RefusalRule, odata_refusal, refusal
from astsync.sources.web.retrying import FEW, MANY
from astsync.sources.web.server_words import odata_error, read_words
from astsync.text import one_line

DUMP = "77u/ew0Ke2EwMWY0NjVjLWVkNzAtNDQyZS1hZGE1" * 20
STACK = "core83.dll:0x0000000000085928 " * 30
METADATA = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"


def in_json(code: str, text: str) -> bytes:
    return json.dumps({"odata.error": {"code": code, "message": {"lang": "ru", "value": text}}}, indent=1).encode()


def in_xml(code: str, text: str) -> bytes:
    return (
        f'<m:error xmlns:m="{METADATA}">\n <m:code>{code}</m:code>\n <m:message>{text}</m:message>\n</m:error>'.encode()
    )


def exception(status: int, *descriptions: str) -> bytes:
    inner: dict[str, object] = {"descr": descriptions[-1], "creationStack": STACK, "data": DUMP}
    for description in reversed(descriptions[:-1]):
        inner = {"descr": description, "inner": inner}
    body = {"#exception": "{http://v8.1c.ru/8.2/virtual-resource-system}Exception"}
    return b"\xef\xbb\xbf" + json.dumps({**body, "exception": {"reason": status, **inner}}).encode()


def exception_in_xml(status: int, *descriptions: str, before: str = "") -> bytes:
    """The same as the web server's module writes it where XML was asked for, as 8.3.10 does."""
    inner = ""
    for description in reversed(descriptions):
        inner = f"<inner><descr>{description}</descr><creationStack>{STACK}</creationStack>{inner}</inner>"
    inner = inner.removeprefix("<inner>").removesuffix("</inner>")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<?xml-stylesheet type="text/xsl" href="/e1cib/exception.xsl"?>\n'
        f'{before}<exception xmlns="http://v8.1c.ru/8.2/virtual-resource-system" reason="{status}">'
        f"<data>{DUMP * 20}</data>{inner}</exception>"
    ).encode()


def page_of_1c(text: str, reason: str = "") -> bytes:
    title = "1C:Enterprise 8 application error"
    why = f"<br><b>by reason: </b><br>{reason}" if reason else ""
    head = f'<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN">\n<html><head><title>{title}</title></head>'
    return f"{head}<body><h2>{title}:</h2>{text}{why}</body></html>".encode()


def page(title: str, text: str = "") -> bytes:
    head = f"<head><title>{title}</title><style>b{{}}</style></head>"
    return f"<html>{head}<body><h1>{title}</h1>{text}</body></html>".encode()


MAINTENANCE = exception(
    403,
    "HTTP: Forbidden\nОшибка при выполнении запроса GET к ресурсу /odata/x:",
    "Начало сеанса с информационной базой запрещено.\nВедутся технические работы",
    "Ведутся технические работы",
)
SESSION = "Истекло время ожидания сеанса"
BOILERPLATE = "Ошибка при выполнении запроса POST к ресурсу /ws/x: " + "по причине " * 40
VERSIONS = (
    "1C:Enterprise 8 application error: Различаются версии клиента и сервера (8.3.27.1719 - 8.3.27.2130)".encode()
)
COMPARE = "{(3, 23)}: Неверные параметры в операции сравнения. Нельзя сравнивать поля неограниченной длины."

REFUSALS = [
    pytest.param(401, in_json("20", "Нарушение прав доступа"), SourceRightsError, "Нарушение прав", "RLS", id="rights"),
    pytest.param(401, b"", SourceLoginError, "refused the login", "source.password", id="login"),
    pytest.param(401, page("401.5 - Unauthorized"), SourceLoginError, "401.5", "source.user", id="login-iis"),
    pytest.param(403, MAINTENANCE, SourceBusy, "Ведутся технические работы", "unlocked", id="maintenance"),
    pytest.param(403, page("403 Forbidden"), SourceRightsError, "403 Forbidden", "web server", id="forbidden"),
    pytest.param(404, in_json("8", '"CatalogX" entity is not found'), SourceNotFound, "CatalogX", "OData", id="set"),
    pytest.param(404, in_xml("9", 'Экземпляр "X" не найден'), SourceNotFound, 'Экземпляр "X"', "again", id="instance"),
    pytest.param(404, in_json("9", "Entity instance not found"), SourceNotFound, "instance", "again", id="instance-en"),
    pytest.param(404, b"", SourceNotFound, "no OData interface", "publication", id="no-publication"),
    pytest.param(404, page("404.15 - Not Found"), SourceQueryError, "too long", "maxQueryString", id="too-long-iis"),
    pytest.param(414, page("414 URI Too Long"), SourceQueryError, "too long", "LimitRequestLine", id="too-long"),
    pytest.param(400, in_json("6", "Сегмент пути Owner2 не найден!"), SourceQueryError, "Owner2", "name_field", id="6"),
    pytest.param(
        400, in_json("0", "The $expan parameter is not supported"), SourceQueryError, "$expan", "8.3.8", id="0"
    ),
    pytest.param(400, in_json("14", "Error parsing $filter"), SourceQueryError, "$filter", "configuration", id="14"),
    pytest.param(400, b"Bad Request", SourceQueryError, "Bad Request", "", id="400"),
    pytest.param(
        400, in_xml("-1", "недопустимый символ XML"), SourceBadAnswer, "символ", "comment", id="bad-character"
    ),
    pytest.param(405, b"", SourceQueryError, "HTTP 405", "GET", id="405"),
    pytest.param(501, in_json("21", "тип не поддерживается"), SourceQueryError, "не поддерживается", "", id="501"),
    pytest.param(406, b"", SourceBusy, "no free session", "poolSize", id="sessions"),
    pytest.param(409, VERSIONS, SourceBusy, "8.3.27.1719 - 8.3.27.2130", "update", id="versions"),
    pytest.param(429, b"", SourceBusy, "no more requests", "later", id="429"),
    pytest.param(
        500, page_of_1c("Не обнаружено свободной лицензии!"), SourceBusy, "свободной", "licence", id="licence"
    ),
    pytest.param(500, page_of_1c("There are no free licenses!"), SourceBusy, "no free", "licence", id="licence-en"),
    pytest.param(
        500, exception(500, "HTTP: Error", "Не найдена лицензия"), SourceBusy, "Не найдена", "", id="no-licence"
    ),
    pytest.param(406, exception_in_xml(406, BOILERPLATE, SESSION), SourceBusy, SESSION, "poolSize", id="session-xml"),
    pytest.param(
        500,
        exception_in_xml(500, BOILERPLATE, "Не обнаружено свободной лицензии!"),
        SourceBusy,
        "свободной лицензии",
        "licence",
        id="licence-xml",
    ),
    pytest.param(
        500, "%1 не является приложением Win32. ".encode("cp1251"), SourceFailure, "32 bits", "32-Bit", id="bitness"
    ),
    pytest.param(
        500,
        page("Error", "%1 is not a valid Win32 application."),
        SourceFailure,
        "IIS cannot load",
        "application pool",
        id="bitness-en",
    ),
    pytest.param(
        403, page("403.7 - Forbidden"), SourceLoginError, "client certificate", "SSL Settings", id="certificate-iis"
    ),
    pytest.param(
        400,
        page("400 No required SSL certificate was sent"),
        SourceLoginError,
        "client certificate",
        "ssl_verify_client",
        id="certificate-nginx",
    ),
    pytest.param(
        500, page_of_1c("Unrecoverable error", "No space left on device"), SourceFailure, "disk", "", id="disk"
    ),
    pytest.param(500, page_of_1c("Файл базы заблокирован"), SourceBusy, "заблокирован", "exclusively", id="locked"),
    pytest.param(500, page_of_1c("Permission denied"), SourceFailure, "denied", "account", id="permission"),
    pytest.param(500, in_json("-1", 'Не удалось провести "X"'), SourceFailure, 'провести "X"', "", id="business"),
    pytest.param(500, in_xml("-1", COMPARE), SourceFailure, "Неверные параметры", "", id="compare"),
    pytest.param(502, page("502 Bad Gateway"), SourceFailure, "no answer from 1C", "1C server", id="502"),
    pytest.param(503, page("Service Unavailable"), SourceBusy, "not available", "application pool", id="503"),
    pytest.param(504, page("504 Gateway Time-out"), SourceFailure, "no answer", "time-out", id="504"),
    pytest.param(418, b"", SourceBadAnswer, "unexpected", "", id="unexpected"),
]


@pytest.mark.parametrize(("status", "body", "kind", "text", "hint"), REFUSALS)
def test_refusals_are_told_apart(status: int, body: bytes, kind: type[SourceError], text: str, hint: str) -> None:
    error = refusal(status, body, "Catalog_X")
    assert type(error) is kind
    assert text in error.message
    assert f"HTTP {status}" in error.message
    assert error.hint
    assert hint in error.hint


@pytest.mark.parametrize(("status", "body", "_kind", "_text", "_hint"), REFUSALS)
def test_messages_are_one_clean_line(status: int, body: bytes, _kind: object, _text: object, _hint: object) -> None:
    message = refusal(status, body, "Catalog_X").message
    assert message.isprintable()
    assert len(message) < 420
    assert "core83" not in message
    assert DUMP[:40] not in message


@pytest.mark.parametrize(
    ("status", "body", "tries", "smaller"),
    [
        (400, in_json("6", "x"), 1, False),
        (401, b"", 1, False),
        (403, MAINTENANCE, 1, False),
        (404, b"", 1, False),
        (405, b"", 1, False),
        (501, b"", 1, False),
        (406, b"", MANY, False),
        (409, VERSIONS, MANY, False),
        (429, b"", MANY, False),
        (500, page_of_1c("Не обнаружено свободной лицензии!"), MANY, False),
        (500, page_of_1c("Ведутся технические работы"), FEW, False),
        (500, in_json("-1", "x"), 1, True),
        (502, b"", MANY, True),
        (503, b"", MANY, True),
        (504, b"", MANY, True),
    ],
)
def test_tries_only_where_trying_helps(status: int, body: bytes, tries: int, smaller: bool) -> None:
    error = refusal(status, body, "Catalog_X")
    assert (error.tries, error.smaller_page) == (tries, smaller)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("20", SourceRightsError),
        ("8", SourceNotFound),
        ("6", SourceQueryError),
        ("-1", SourceFailure),
        ("x", SourceQueryError),
    ],
)
def test_an_error_with_status_200_is_an_error(code: str, kind: type[SourceError]) -> None:
    words = odata_error({"odata.error": {"code": code, "message": {"value": "текст"}}})
    assert words is not None
    assert type(odata_refusal(words, "Catalog_X")) is kind


@pytest.mark.parametrize(
    ("body", "shape", "text", "code"),
    [
        (in_json("8", "нет"), "odata", "нет", 8),
        (b"\xef\xbb\xbf" + in_json("-1", "нет"), "odata", "нет", -1),
        (in_xml("9", "нет"), "odata", "нет", 9),
        (MAINTENANCE, "exception", "Начало сеанса с информационной базой запрещено. Ведутся технические работы", None),
        (exception(500, "a", "b"), "exception", "b", None),
        (exception_in_xml(406, BOILERPLATE, SESSION), "exception", SESSION, None),
        (exception_in_xml(500, "a", "b: c", "c"), "exception", "b: c", None),
        (b'<exception reason="500" descr="a"><inner descr="b"/></exception>', "exception", "b", None),
        (b"<exception><inner><descr>b</descr></inner><descr>a</descr></exception>", "exception", "b", None),
        (b"<exceptions><descr>a</descr></exceptions>", "plain", "<exceptions><descr>a</descr></exceptions>", None),
        (page_of_1c("Unrecoverable error", "full"), "1c page", "Unrecoverable error by reason: full", None),
        (VERSIONS, "1c page", "Различаются версии клиента и сервера (8.3.27.1719 - 8.3.27.2130)", None),
        (page("502 Bad Gateway"), "page", "502 Bad Gateway", None),
        ("<html><title>Ошибка</title>".encode("cp1251"), "page", "Ошибка", None),
        (b"  ", "empty", "", None),
        (b'{"other": 1}', "plain", '{"other": 1}', None),
        (b"<broken", "plain", "<broken", None),
        (b'{"odata.error": null}', "plain", '{"odata.error": null}', None),
        (b'{"odata.error": "odd"}', "odata", "odd", None),
        (b'<!DOCTYPE a [<!ENTITY e "boom">]><error>&e;</error>', "page", "<!DOCTYPE a [ ]> &e;", None),
    ],
)
def test_the_words_of_every_shape(body: bytes, shape: str, text: str, code: int | None) -> None:
    words = read_words(body)
    assert (words.shape, words.text, words.code) == (shape, text, code)


def test_an_exception_in_xml_with_a_document_type_is_not_read() -> None:
    words = read_words(exception_in_xml(500, "&e;", before='<!DOCTYPE exception [<!ENTITY e "boom">]>'))
    assert words.shape != "exception"


@pytest.mark.parametrize("rules", [(), HTTP_RULES, SOAP_RULES])
@pytest.mark.parametrize("body", [exception, exception_in_xml])
def test_an_exception_means_the_same_over_each_interface(
    body: Callable[..., bytes], rules: Sequence[RefusalRule]
) -> None:
    assert type(refusal(406, body(406, BOILERPLATE, SESSION), "x", first=rules)) is SourceBusy
    assert type(refusal(500, body(500, BOILERPLATE, "Не найдена лицензия"), "x", first=rules)) is SourceBusy
    assert type(refusal(403, body(403, "Ведутся технические работы"), "x", first=rules)) is SourceBusy


@pytest.mark.parametrize(
    ("body", "kind", "text", "tries"),
    [
        (page_of_1c("Не обнаружено свободной лицензии!"), SourceBusy, "no free licence", MANY),
        (page_of_1c("Различаются версии клиента и сервера (8.3.27.1719 - 8.3.27.2130)"), SourceBusy, "versions", MANY),
        (page_of_1c("Идентификация пользователя не выполнена"), SourceLoginError, "refused the login", 1),
        (page_of_1c("Unrecoverable error"), SourceFailure, "Unrecoverable error", 1),
        (exception_in_xml(406, BOILERPLATE, SESSION), SourceBusy, SESSION, MANY),
        (exception(403, "x", "Ведутся технические работы"), SourceBusy, "no sessions now", 1),
        (exception(7, "x", "непонятно"), SourceFailure, "непонятно", 1),
        (in_xml("20", "Нарушение прав доступа"), SourceRightsError, "Нарушение прав", 1),
    ],
)
def test_an_error_that_comes_with_status_200_is_told_apart(
    body: bytes, kind: type[SourceError], text: str, tries: int
) -> None:
    with pytest.raises(kind) as caught:
        read_json(body, "Catalog_X")
    assert type(caught.value) is kind
    assert text in caught.value.message
    assert caught.value.tries == tries


@pytest.mark.parametrize("body", [page("Login"), b'[{"Name": "1C:Enterprise 8 application error"', b"", b"<list/>"])
def test_a_body_that_says_nothing_of_an_error_is_something_else(body: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        read_json(body, "Catalog_X")
    assert type(caught.value) is SourceBadAnswer


@pytest.mark.parametrize(
    "document",
    [
        '<feed xmlns="http://www.w3.org/2005/Atom"><title/></feed>',
        '<service xmlns="http://www.w3.org/2007/app"><workspace/></service>',
    ],
)
def test_atom_where_json_was_asked_for_is_an_old_platform(document: str) -> None:
    body = f'<?xml version="1.0"?>{document}'.encode()
    with pytest.raises(SourceBadAnswer, match="Atom") as caught:
        read_json(body, "Catalog_X")
    assert "8.3.5" in caught.value.hint
    assert 'kind = "soap"' in caught.value.hint


def test_foreign_text_is_cleaned() -> None:
    assert one_line("a\r\nb\x00c\x1b[31m\u202ed\ttoo") == "a b c [31m d too"
    assert one_line("x " * 400) == "x " * 149 + "x…"
    assert one_line(f"before {DUMP} after") == "before … after"
