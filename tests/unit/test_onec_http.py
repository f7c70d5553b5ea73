"""The HTTP client for 1C: encodings, logins, broken answers, redirects, retries."""

import base64
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from astsync.config import SourceConfig
from astsync.errors import (
    ConfigError,
    SourceBadAnswer,
    SourceBusy,
    SourceError,
    SourceFailure,
    SourceLoginError,
    SourceRightsError,
    SourceUnreachable,
)
from astsync.phonebook.model import Counterparty
from astsync.sources import onec_http
from astsync.sources.odata import ODataSource
from astsync.sources.onec_errors import FEW, MANY, Fault, refusal
from astsync.sources.onec_http import encode_path, encode_query, read_json
from astsync.sources.onec_network import connection_fault
from astsync.sources.retrying import Patience, persist
from tests.unit.stub_1c import CATALOG, QUICK, Asked, Base, Reply, Server, as_json, odata_error, serving, small_base


@pytest.fixture
def base() -> Base:
    return small_base()


@pytest.fixture
def server(base: Base) -> Iterator[Server]:
    with serving(base) as running:
        yield running


def pull(server: Server, patience: Patience = QUICK, **changes: Any) -> list[Counterparty]:
    return list(ODataSource(server.config(**changes), patience=patience).pull())


def failing(base: Base, reply: Reply, times: int = 1000) -> None:
    """Fail the first ``times`` requests for pages of the catalog."""
    left = iter(range(times))
    base.before = lambda asked: reply if asked.path.endswith(CATALOG) and next(left, None) is not None else None


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


def test_a_body_that_trickles_is_given_up(base: Base, server: Server) -> None:
    failing(base, Reply(b" " * 100, slow=True))
    with pytest.raises(SourceBadAnswer, match="too slowly"):
        pull(server, Patience(first=0, deadline=0.1), timeout=0.1, page_size=50)


def test_a_bad_gzip_body_is_told(base: Base, server: Server) -> None:
    failing(base, Reply(b"no gzip", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(SourceBadAnswer, match="cannot be unpacked"):
        pull(server)


@pytest.mark.parametrize(
    ("location", "shown", "hint"),
    [
        ("/login?token=abc", "/login (HTTP 302)", "login page"),
        ("http://user:secret@portal.example.local/", "http://portal.example.local/ (HTTP 302)", "login page"),
        ("https://127.0.0.1/trade/", "https://127.0.0.1/trade/", "write https://127.0.0.1"),
        ("", "odata", "login page"),
    ],
)
def test_redirects_are_errors_that_name_the_target(server: Server, location: str, shown: str, hint: str) -> None:
    server.answer = lambda _asked: Reply(status=302, headers={"Location": location})
    with pytest.raises(SourceBadAnswer) as caught:
        pull(server)
    assert shown in caught.value.message
    assert hint in caught.value.hint
    assert not {"abc", "secret"} & set(caught.value.message.replace("=", " ").replace(":", " ").split())
    assert len(server.asked) == 1


def test_a_login_page_with_status_200_is_an_error(server: Server) -> None:
    server.answer = lambda _asked: Reply("<html><title>Вход в систему</title></html>".encode())
    with pytest.raises(SourceBadAnswer, match="a page: Вход в систему"):
        pull(server)
    assert len(server.asked) == 1


# --- tries


@pytest.mark.parametrize(
    ("status", "tries"),
    [(400, 1), (401, 1), (403, 1), (404, 1), (405, 1), (501, 1), (406, MANY), (409, MANY), (429, MANY)],
)
def test_requests_are_repeated_only_where_it_helps(base: Base, server: Server, status: int, tries: int) -> None:
    failing(base, Reply(status=status))
    with pytest.raises(SourceError):
        pull(server)
    pages = [asked.options.get("$top") for asked in server.asked_of(CATALOG) if "$select" in asked.options]
    assert pages == ["1000"] * tries


@pytest.mark.parametrize("status", [406, 409, 429, 502, 503, 504])
def test_passing_failures_pass(base: Base, server: Server, status: int) -> None:
    failing(base, Reply(status=status), times=3)
    assert len(pull(server)) == 2


def test_licences_are_waited_for(base: Base, server: Server) -> None:
    failing(base, Reply("Не обнаружено свободной лицензии!".encode(), 500), times=MANY)
    with pytest.raises(SourceBusy):
        pull(server)
    failing(base, Reply("Не обнаружено свободной лицензии!".encode(), 500), times=MANY - 1)
    assert len(pull(server)) == 2


def test_pages_shrink_while_the_server_fails_on_them(base: Base, server: Server) -> None:
    def too_large(asked: Asked) -> Reply | None:
        return odata_error(500, "-1", "мало памяти") if int(asked.options.get("$top", 0)) > 200 else None

    base.before = too_large
    assert len(pull(server)) == 2
    assert [asked.options["$top"] for asked in server.asked_of(CATALOG)] == ["125", "125"]


def test_pages_shrink_to_a_floor_and_then_the_pull_fails(base: Base, server: Server) -> None:
    failing(base, odata_error(500, "-1", "всегда"))
    with pytest.raises(SourceFailure, match="всегда"):
        pull(server, page_size=170)
    assert [asked.options["$top"] for asked in server.asked_of(CATALOG)] == ["170", "85", "50"]


def test_a_small_page_does_not_grow_to_the_floor(base: Base, server: Server) -> None:
    failing(base, odata_error(500, "-1", "всегда"))
    with pytest.raises(SourceFailure):
        pull(server, page_size=20)
    assert [asked.options["$top"] for asked in server.asked_of(CATALOG)] == ["20"]


def test_a_silent_server_is_asked_for_less_and_given_up(base: Base, server: Server) -> None:
    def silent(asked: Asked) -> Reply | None:
        if asked.path.endswith(CATALOG):
            time.sleep(0.2)
        return None

    base.before = silent
    with pytest.raises(SourceUnreachable, match=r"no answer within 0\.05 s"):
        pull(server, timeout=0.05, page_size=60)
    assert [asked.options["$top"] for asked in server.asked_of(CATALOG)] == ["60", "50", "50"]


def closed_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}/trade"


def test_a_refused_connection_is_told_soon() -> None:
    waits: list[float] = []
    source = ODataSource(SourceConfig(url=closed_port()), patience=Patience(sleep=waits.append))
    with pytest.raises(SourceUnreachable, match="refuses the connection"):
        list(source.pull())
    assert len(waits) == FEW - 1
    assert sum(waits) < 3


def test_a_name_that_is_not_known_is_told_at_once() -> None:
    waits: list[float] = []
    source = ODataSource(SourceConfig(url="http://1c.invalid/trade"), patience=Patience(sleep=waits.append))
    with pytest.raises(SourceUnreachable, match=r"no host 1c\.invalid"):
        list(source.pull())
    assert waits == []


def test_a_server_without_tls_is_told(server: Server) -> None:
    with pytest.raises(SourceUnreachable, match="speaks no TLS") as caught:
        pull(server, url=server.url.replace("http:", "https:"))
    assert "http://" in caught.value.hint


@pytest.mark.parametrize(
    ("error", "text", "tries", "hint"),
    [
        (
            requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED: self-signed"),
            "not trusted",
            1,
            "REQUESTS_CA_BUNDLE",
        ),
        (requests.exceptions.SSLError("handshake failure"), "no TLS connection", 1, "certificate"),
        (requests.exceptions.ConnectTimeout("x"), "no connection in time", 1, "firewall"),
        (requests.exceptions.ReadTimeout("x"), "no answer within 5 s", FEW, "source.timeout"),
        (requests.exceptions.ConnectionError("Read timed out."), "no answer within 5 s", FEW, "source.timeout"),
        (requests.exceptions.ConnectionError("reset by peer"), "broke before an answer", FEW, "https://"),
        (requests.exceptions.InvalidURL("x"), "InvalidURL", 1, "source.url"),
    ],
)
def test_failures_of_the_network_are_told_apart(
    error: requests.RequestException, text: str, tries: int, hint: str
) -> None:
    fault = connection_fault(error, "1c", 5, reached=False)
    assert isinstance(fault.error, SourceUnreachable)
    assert text in fault.error.message
    assert fault.tries == tries
    assert hint in fault.error.hint


def test_a_server_that_answered_before_is_waited_for() -> None:
    refused = requests.exceptions.ConnectionError("NewConnectionError: refused")
    assert connection_fault(refused, "1c", 5, reached=True).tries == MANY
    broken = connection_fault(requests.exceptions.ConnectionError("reset by peer"), "1c", 5, reached=True)
    assert broken.tries == MANY
    assert "https" not in broken.error.hint


def attempts(*results: object) -> Callable[[], object]:
    left = iter(results)
    return lambda: next(left)


def test_waits_grow_and_follow_the_server_within_bounds() -> None:
    waits: list[float] = []
    patience = Patience(first=1, longest=4, sleep=waits.append)
    busy = refusal(503, b"", "x")
    assert persist(attempts(busy, busy, busy, busy, "done"), patience) == "done"
    assert all(low <= wait <= low + 1 for low, wait in zip((1, 2, 4, 4), waits, strict=True))
    waits.clear()
    assert persist(attempts(refusal(429, b"", "x", wait=30), refusal(429, b"", "x", wait=9999), 1), patience) == 1
    assert waits == [30, 60]


def test_the_deadline_ends_the_tries() -> None:
    patience = Patience(first=0.01, longest=0.01, deadline=0.03)
    started = time.monotonic()
    with pytest.raises(SourceBusy):
        persist(lambda: refusal(503, b"", "x"), patience)
    assert time.monotonic() - started < 1


def test_a_bug_in_an_attempt_is_not_swallowed() -> None:
    def broken() -> str | Fault:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        persist(broken, QUICK)


def test_retry_after_is_read(base: Base, server: Server) -> None:
    waits: list[float] = []
    failing(base, as_json({}, 503, Retry_After="7"), times=1)
    pull(server, Patience(first=0, sleep=waits.append))
    assert waits == [7]
