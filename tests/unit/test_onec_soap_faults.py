"""The bad manners of the stand-in's web and HTTP services."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
import requests

from astsync.sandbox.onec import OneC
from tests.unit.soap_client import XSI, Services, tag

pytestmark = pytest.mark.server

HTTP = "hs/astsync/counterparties"


@pytest.fixture
def own() -> Iterator[Services]:
    """A stand-in of the test's own."""
    with OneC(20, seed=3) as onec:
        yield Services(onec)


def answers(services: Services) -> list[requests.Response]:
    """Ask the web service and the HTTP service."""
    return [services.call(), services.get(HTTP)]


class TestWholeAnswers:
    @pytest.mark.parametrize(
        ("kind", "status", "text"),
        [
            ("not_published", 404, ""),
            ("maintenance", 403, "Ведутся технические работы"),
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
            ("login_page", 200, "<form"),
            ("redirect", 302, ""),
            ("bad_gateway", 502, "Bad Gateway"),
            ("soap_fault", 500, "Справочник контрагентов закрыт для выгрузки"),
            ("soap_rights", 500, "недостаточно прав"),
        ],
    )
    def test_what_takes_the_place_of_the_list(self, own: Services, kind: Any, status: int, text: str) -> None:
        own.onec.fail(kind, times=2)
        for response in answers(own):
            assert (response.status_code, text in response.content.decode()) == (status, True)
        assert [response.status_code for response in answers(own)] == [200, 200]

    def test_the_wsdl_can_be_a_login_page(self, own: Services) -> None:
        own.onec.fail("login_page", match="wsdl")
        assert b"<form" in own.get("ws/astsync?wsdl").content
        assert own.call().status_code == 200

    def test_an_exception_in_the_module_is_told_twice(self, own: Services) -> None:
        own.onec.fail("soap_fault")
        text = own.fault(own.call())
        assert text.startswith("Неизвестная ошибка. {WebСервис.astsync_variants.Модуль(25)}: Справочник")
        assert "\nпо причине:\n{WebСервис" in text

    def test_the_first_request_after_silence_waits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        waits: list[float] = []
        with OneC(3, first_delay=0.3) as onec:
            monkeypatch.setattr(onec._stopping, "wait", waits.append)
            services = Services(onec)
            services.wsdl()
            services.wsdl()
        assert waits == [0.3]


class TestLists:
    @pytest.mark.parametrize("kind", ["nil_return", "empty_return", "no_return"])
    def test_no_list(self, own: Services, kind: Any) -> None:
        own.onec.fail(kind)
        element = ElementTree.XML(own.call().content).find(f".//{tag('return')}")
        assert (element is None) is (kind == "no_return")
        if element is not None:
            assert len(element) == 0
            assert element.get(f"{{{XSI}}}nil") == ("true" if kind == "nil_return" else None)
        body = own.get(HTTP).content
        wanted = {"nil_return": {"Counterparties": None, "NextCursor": None}, "no_return": {}}
        assert (json.loads(body) if body else None) == wanted.get(kind)

    def test_an_empty_list_is_well_formed(self, own: Services) -> None:
        own.onec.fail("empty")
        assert own.http() == {"Counterparties": [], "NextCursor": None}
        assert [child.tag for child in own.returned()] == [tag("NextCursor")]

    def test_a_field_that_nobody_announced(self, own: Services) -> None:
        own.onec.fail("extra_element")
        assert len(own.returned().findall(f"{tag('Counterparties')}/{tag('ИНН')}")) == 20
        assert all("ИНН" in record for record in own.http()["Counterparties"])

    def test_records_without_names(self, own: Services) -> None:
        own.onec.fail("no_name")
        assert not own.returned().findall(f".//{tag('Name')}")
        assert not any("Name" in record for record in own.http()["Counterparties"])

    def test_the_same_page_again_and_again(self, own: Services) -> None:
        own.onec.fail("same_page")
        first = own.http("?limit=5")
        assert own.http(f"?limit=5&cursor={first['NextCursor']}") == first
        assert own.http("?limit=5&offset=5")["Counterparties"] == own.http("?limit=5&page=3")["Counterparties"]

    @pytest.mark.parametrize("size", [20, 700])
    def test_a_body_cut_in_the_middle(self, size: int) -> None:
        with OneC(size, seed=3) as onec:
            services = Services(onec)
            whole = len(services.call().content)
            services.onec.fail("cut_json")
            response = services.call()
            assert len(response.content) == whole // 2 == int(response.headers["Content-Length"])
            services.onec.heal()
            services.onec.fail("cut_connection")
            with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
                services.call()

    def test_a_body_without_an_end(self, own: Services) -> None:
        own.onec.fail("endless")
        with requests.get(f"{own.onec.url}/{HTTP}", auth=own.login, timeout=20, stream=True) as response:
            assert "Content-Length" not in response.headers
            pieces = response.iter_content(65536)
            assert sum(len(next(pieces)) for _ in range(100)) > 1_000_000

    def test_a_body_that_drips(self, own: Services) -> None:
        truth = own.http("?limit=1")
        own.onec.fail("drip", value=0.01)
        start = time.monotonic()
        assert own.http("?limit=1") == truth
        assert time.monotonic() - start > 0.02


class TestDangerousXml:
    def test_entities_of_entities(self, own: Services) -> None:
        own.onec.fail("xml_bomb")
        body = own.call().content
        assert body.startswith(b"<!DOCTYPE")
        assert body.count(b"<!ENTITY") == 10

    def test_an_entity_that_is_a_file(self, own: Services) -> None:
        own.onec.fail("external_entity")
        assert b'SYSTEM "file:///etc/passwd"' in own.call().content

    def test_a_hundred_thousand_levels(self, own: Services) -> None:
        own.onec.fail("deep")
        assert own.call().content.count(b"<m>") == 100_000
        assert own.get(HTTP).content.count(b"[") == 100_000


def test_a_long_list_costs_little_memory() -> None:
    """The list of 20,000 is 11 MB as XML; the stand-in must not hold it."""
    program = (
        "import resource, requests\n"
        "from astsync.sandbox.onec import OneC\n"
        "from tests.unit.soap_client import envelope, Services\n"
        "with OneC(20_000) as onec:\n"
        "    services = Services(onec)\n"
        "    services.http('?limit=1')\n"
        "    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "    url = f'{onec.url}/hs/astsync/counterparties'\n"
        "    with requests.get(url, auth=services.login, timeout=60, stream=True) as response:\n"
        "        size = sum(map(len, response.iter_content(65536)))\n"
        "    print(size, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    size, grown = map(int, done.stdout.split())
    assert size > 8_000_000
    assert grown < size / 2
