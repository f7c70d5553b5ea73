"""The HTTP client for 1C: encodings, logins, broken answers, redirects."""

import base64
import os
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest

from astsync.errors import (
    ConfigError,
    SourceBadAnswer,
    SourceLoginError,
    SourceRightsError,
    SourceUnreachable,
)
from astsync.sources.web import client as onec_http
from astsync.sources.web.addresses import encode_path
from astsync.sources.web.client import encode_query, read_json
from tests.unit.odata_source import pull
from tests.unit.stub_1c import Asked, Base, Reply, Server, failing, odata_error

pytestmark = pytest.mark.server


# --- encodings and logins


def test_a_byte_order_mark_and_a_lie_about_the_charset_do_no_harm(base: Base, server: Server) -> None:
    def marked(asked: Asked) -> Reply:
        plain = base._answer(asked)
        lie = {"Content-Type": "application/json; charset=windows-1251"}
        return Reply(b"\xef\xbb\xbf" + plain.body, plain.status, lie)

    base.before = marked
    assert [one.name for one in pull(server)] == ["ООО МИКО", "ИП Иванов"]


def test_a_cyrillic_login_goes_as_utf8(server: Server) -> None:
    pull(server, user="Администратор", password="Пароль-1")
    sent = {asked.headers["Authorization"] for asked in server.asked}
    assert [base64.b64decode(line.removeprefix("Basic ")).decode() for line in sent] == ["Администратор:Пароль-1"]


def test_without_a_user_no_login_is_sent(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    pull(server)
    assert not [asked for asked in server.asked if "Authorization" in asked.headers]


def test_proxies_of_the_environment_are_not_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert len(pull(server)) == 2


def test_a_password_file_that_cannot_be_read_is_a_configuration_error(server: Server, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"source\.password_file"):
        pull(server, user="u", password_file=tmp_path / "none")


def test_a_certificate_file_that_is_not_there_is_named(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(ConfigError, match=r"/nowhere/ca\.pem"):
        pull(server)


def test_a_pipe_is_no_certificate_file(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with pytest.raises(ConfigError, match="no certificate file"):
        pull(server)


def test_wrong_login_and_missing_rights_are_told_apart(server: Server) -> None:
    server.answer = lambda _asked: Reply(status=401, headers={"WWW-Authenticate": "Negotiate"})
    with pytest.raises(SourceLoginError) as caught:
        pull(server)
    assert "source.user is empty" in caught.value.hint
    assert "only Negotiate" in caught.value.hint
    server.answer = lambda _asked: odata_error(401, "20", "Нарушение прав доступа")
    with pytest.raises(SourceRightsError):
        pull(server)


def test_secrets_are_in_no_message(server: Server) -> None:
    server.answer = lambda _asked: Reply(status=401)
    with pytest.raises(SourceLoginError) as caught:
        pull(server, user="Администратор", password="Тайна-1")
    assert "Тайна" not in repr((caught.value, caught.value.hint))
    assert len(server.asked) == 1


def test_queries_and_paths_are_encoded_for_1c() -> None:
    assert encode_query({"$filter": "Тип eq 'x+y'", "$top": 5}) == "$filter=%D0%A2%D0%B8%D0%BF%20eq%20'x%2By'&$top=5"
    assert encode_path("http://1c/база?x=1#y") == "http://1c/%D0%B1%D0%B0%D0%B7%D0%B0"
    assert encode_path("http://1c/%D0%B1%D0%B0%D0%B7%D0%B0") == "http://1c/%D0%B1%D0%B0%D0%B7%D0%B0"


# --- answers that are broken, or not 1C's


@pytest.mark.parametrize("lost", [1, 100_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_cut_body_is_an_error(base: Base, server: Server, chunked: bool, lost: int) -> None:
    body = b'{"value": []}'
    failing(base, Reply(body, chunked=True) if chunked else Reply(body, length=len(body) + lost))
    with pytest.raises(SourceUnreachable, match="in the middle of an answer"):
        pull(server)


def test_a_cut_body_is_asked_for_again(base: Base, server: Server) -> None:
    failing(base, Reply(b'{"value": []}', length=100), times=1)
    assert len(pull(server)) == 2


def test_control_characters_and_half_surrogates_in_the_data_are_forgiven() -> None:
    assert read_json(b'{"a": "\x02"}', "x") == {"a": "\x02"}
    assert read_json(rb'{"a": "\ud83d"}', "x") == {"a": "\ud83d"}


def test_a_body_without_end_is_refused(base: Base, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onec_http, "LARGEST_BODY", 10_000)
    failing(base, Reply(b'{"value": [' + b" " * 20_000))
    with pytest.raises(SourceBadAnswer, match="too large") as caught:
        pull(server)
    assert "page_size" in caught.value.hint


def test_a_bad_gzip_body_is_told(base: Base, server: Server) -> None:
    failing(base, Reply(b"no gzip", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(SourceBadAnswer, match="cannot be unpacked"):
        pull(server)


@pytest.mark.parametrize("values", [b"{}," * 50, b"[]," * 50, b"1," * 120, b"<a/>" * 120])
def test_a_page_that_would_fill_the_memory_is_refused_before_it_is_parsed(
    base: Base, server: Server, values: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onec_http, "MOST_VALUES", 100)
    failing(base, Reply(b'{"value": [' + values + b"1]}"))
    with pytest.raises(SourceBadAnswer, match="holds too many values") as caught:
        pull(server)
    assert "page_size" in caught.value.hint


@pytest.mark.parametrize("start", [b'{"value": "', b'{"value": "\x01', b"", b'{"value": "\xff'])
def test_any_text_of_a_page_is_read_in_bounded_memory(start: bytes) -> None:
    """A letter takes four bytes beside an emoji, and a page is decoded, parsed, and read for its words."""
    page = start + "😀".encode() + b"x" * (onec_http.LARGEST_BODY - 32) + b'"}'
    tracemalloc.start()
    with suppress(SourceBadAnswer):
        read_json(page, "x")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 280 * 1024 * 1024  # some of it orjson only reserves


@pytest.mark.parametrize(
    ("location", "shown", "hint"),
    [
        ("/login?token=abc", "/login (HTTP 302)", "login page"),
        ("http://user:secret@portal.example.local/", "http://portal.example.local/ (HTTP 302)", "login page"),
        ("https://127.0.0.1/trade/", "https://127.0.0.1/trade/", "write https://127.0.0.1"),
        ("", "odata", "login page"),
        ("http://[", "a redirect to nowhere (HTTP 302)", "login page"),
        ("http://1c.example.local:x/a%0Ab", "http://1c.example.local:x/a%0Ab", "login page"),
        ("https://127.0.0.1:99999999/", "https://127.0.0.1:99999999/", "write https://127.0.0.1:99999999…"),
        ("https://x@127.0.0.1:\x1b2/\x9b3", "https://127.0.0.1: 2/ 3", "write https://127.0.0.1: 2…"),
    ],
)
def test_redirects_are_errors_that_name_the_target(server: Server, location: str, shown: str, hint: str) -> None:
    server.answer = lambda _asked: Reply(status=302, headers={"Location": location})
    with pytest.raises(SourceBadAnswer) as caught:
        pull(server)
    assert shown in caught.value.message
    assert hint in caught.value.hint
    assert (caught.value.message + caught.value.hint).isprintable()
    assert not {"abc", "secret"} & set(caught.value.message.replace("=", " ").replace(":", " ").split())
    assert len(server.asked) == 1


def test_a_login_page_with_status_200_is_an_error(server: Server) -> None:
    server.answer = lambda _asked: Reply("<html><title>Вход в систему</title></html>".encode())
    with pytest.raises(SourceBadAnswer, match="a page: Вход в систему"):
        pull(server)
    assert len(server.asked) == 1
