"""The stand-in 1C over real HTTP: its bad manners, its connections, its log."""

import json
import os
import subprocess
import sys
import threading
import time
from typing import Any
from xml.etree import ElementTree

import pytest
import requests

from astsync.sandbox.onec import OneC
from tests.unit.onec_client import CATALOG, NOMETADATA, SECTION, Client

pytestmark = pytest.mark.server


class TestFaults:
    def test_wrong_publication_has_no_body(self, shared: Client) -> None:
        response = requests.get(f"{shared.onec.url}x/odata/standard.odata/", timeout=20)
        assert (response.status_code, response.content) == (404, b"")

    @pytest.mark.parametrize(
        ("kind", "status", "text"),
        [
            ("not_published", 404, ""),
            ("maintenance", 403, "Ведутся технические работы"),
            ("no_entity", 404, '"8"'),
            ("no_rights", 401, "Нарушение прав доступа"),
            ("login_encoding", 401, "401.5"),
            ("no_session", 406, ""),
            ("versions", 409, "Различаются версии клиента и сервера"),
            ("no_licence", 500, "Не обнаружено свободной лицензии!"),
            ("no_licence_json", 500, "Не обнаружено свободной лицензии!"),
            ("no_licence_xml", 500, "Не обнаружено свободной лицензии!"),
            ("session_timeout", 406, "Истекло время ожидания сеанса"),
            ("platform_page", 200, "Не обнаружено свободной лицензии!"),
            ("no_key", 500, "Не обнаружен ключ защиты"),
            ("disk_full", 500, "No space left on device"),
            ("business", 500, '"-1"'),
            ("login_page", 200, "<form"),
            ("redirect", 200, "<form"),
            ("no_value", 200, '"result"'),
            ("empty", 200, '"value":[]'),
            ("query_too_long", 404, "404.15"),
            ("bad_gateway", 502, "Bad Gateway"),
            ("unavailable", 503, "Unavailable"),
            ("gateway_timeout", 504, "Time-out"),
        ],
    )
    def test_an_answer_in_place_of_the_true_one(self, client: Client, kind: Any, status: int, text: str) -> None:
        fault = client.onec.fail(kind, times=1)
        response = client.get(CATALOG, format="json")
        response.encoding = "utf-8"
        assert response.status_code == status
        assert text in response.text
        assert fault.hits == 1
        assert len(client.rows(CATALOG)) == 60

    def test_application_exceptions_hide_the_text_inside(self, client: Client) -> None:
        client.onec.fail("maintenance")
        body = client.get().content
        assert body.startswith(b"\xef\xbb\xbf{")
        outer = json.loads(body.decode("utf-8-sig"))["exception"]
        assert outer["reason"] == 403
        assert outer["inner"]["inner"]["descr"] == "Ведутся технические работы"

    def test_errors_are_xml_unless_json_was_asked(self, client: Client) -> None:
        tree = ElementTree.XML(client.get("Catalog_Нет").content.decode("utf-8-sig"))
        space = "{http://schemas.microsoft.com/ado/2007/08/dataservices/metadata}"
        assert (tree.tag, tree.findtext(f"{space}code")) == (f"{space}error", "8")

    def test_json_cut_in_the_middle(self, client: Client) -> None:
        client.onec.fail("cut_json")
        with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
            client.rows(CATALOG)

    @pytest.mark.parametrize("kind", ["cut_connection", "reset"])
    def test_a_connection_that_breaks(self, client: Client, kind: Any) -> None:
        client.onec.fail(kind, times=1)
        with pytest.raises((requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            client.rows(CATALOG)
        assert len(client.rows(CATALOG)) == 60

    def test_a_page_that_fails_once(self, client: Client) -> None:
        client.onec.fail("unavailable", times=1, match="$skip=20")
        pages = [client.get(CATALOG, format=NOMETADATA, top="20", skip=skip).status_code for skip in ("0", "20", "20")]
        assert pages == [200, 503, 200]

    def test_a_fault_after_some_requests(self, client: Client) -> None:
        client.onec.fail("no_session", after=2)
        assert [client.get().status_code for _ in range(4)] == [200, 200, 406, 406]
        client.onec.heal()
        assert client.get().status_code == 200

    def test_a_page_that_is_too_large(self, client: Client) -> None:
        client.onec.fail("too_large", value=25)
        sizes = {top: client.get(CATALOG, format=NOMETADATA, top=top).status_code for top in ("50", "26", "25")}
        assert sizes == {"50": 500, "26": 500, "25": 200}
        assert client.get(CATALOG, format=NOMETADATA).status_code == 500
        assert client.get(format=NOMETADATA).status_code == 200  # the service root is no page of rows

    def test_a_short_page_in_the_middle(self, client: Client) -> None:
        client.onec.fail("short_page", times=1, after=1, value=3)
        sizes = [len(client.rows(CATALOG, top="20", skip=skip)) for skip in ("0", "20", "40")]
        assert sizes == [20, 17, 20]

    def test_a_slow_first_request(self, monkeypatch: pytest.MonkeyPatch) -> None:
        waits: list[float] = []
        with OneC(5, first_delay=0.3) as onec:
            monkeypatch.setattr(onec._stopping, "wait", waits.append)
            client = Client(onec)
            for idle, waited in ((60, 1), (60, 1), (0, 2)):
                onec.idle = idle
                client.get()
                assert waits == [0.3] * waited

    def test_slow_and_hanging_answers(self, client: Client) -> None:
        client.onec.fail("slow", times=1, value=0.2)
        begun = time.monotonic()
        assert len(client.rows(CATALOG)) == 60
        assert time.monotonic() - begun >= 0.2
        client.onec.fail("hang", times=1)
        client.timeout = 0.2
        with pytest.raises(requests.exceptions.ReadTimeout):
            client.get()
        assert client.onec.requests[-1].status == 0

    def test_an_unknown_fault(self, client: Client) -> None:
        kind: Any = "no_such"
        with pytest.raises(ValueError, match="no fault is called 'no_such'"):
            client.onec.fail(kind)


class TestServer:
    def test_the_log_tells_what_was_asked(self, client: Client) -> None:
        client.rows(SECTION, top="4", filter="Тип eq 'Телефон'")
        request = client.onec.requests[-1]
        assert (request.method, request.set, request.status, request.rows) == ("GET", SECTION, 200, 4)
        assert "$filter=Тип eq 'Телефон'" in request.query
        assert len(client.onec.asked("$filter=Тип")) == 1

    def test_one_connection_serves_many_requests_quickly(self, client: Client) -> None:
        spent = []
        for _ in range(50):
            begun = time.monotonic()
            client.rows(CATALOG, top="1")
            spent.append(time.monotonic() - begun)
        # Nagle's algorithm waiting for an acknowledgement would be 40 ms each; a busy machine makes some slow, not all.
        assert min(spent) < 0.03

    def test_stop_leaves_nothing_behind_and_start_takes_the_same_port(self) -> None:
        before = threading.active_count()
        onec = OneC(5)
        with onec:
            url = onec.url
            client = Client(onec)
            client.get()
            onec.fail("hang", times=1)
            client.timeout = 0.1
            with pytest.raises(requests.exceptions.ReadTimeout):
                client.get()
        assert threading.active_count() == before
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.get(url, timeout=1)
        with pytest.raises(RuntimeError, match="call start"):
            _ = onec.url
        with onec:
            assert onec.url == url
            assert len(Client(onec).rows(CATALOG)) == 5

    def test_a_cyrillic_publication(self) -> None:
        with OneC(3, publication="торговля") as onec:
            assert onec.url.isascii()
            assert len(Client(onec).rows(CATALOG)) == 3

    def test_secrets_do_not_print(self, shared: Client) -> None:
        assert shared.onec.password not in repr(shared.onec) + repr(shared.onec.service)

    def test_by_hand_it_prints_its_address_and_ends_on_a_signal(self) -> None:
        command = [sys.executable, "-m", "astsync.sandbox.onec", "--size", "4", "--flavour", "bp30"]
        poor = {**os.environ, "PYTHONIOENCODING": "ascii"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8", env=poor) as process:
            assert process.stdout is not None
            try:
                told = dict(process.stdout.readline().split() for _ in range(3))
                login = told["user"].encode(), told["password"].encode()
                auth: Any = login
                answer = requests.get(f"{told['url']}/odata/standard.odata/?$format=json", auth=auth, timeout=20)
            finally:
                process.terminate()
        assert answer.status_code == 200
        assert process.returncode == 0
