"""The web and HTTP services of the stand-in 1C: one list by every way, its pages, what they refuse."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from requests.auth import HTTPBasicAuth

from astsync.sandbox.onec import OneC
from astsync.sandbox.onec.export import stored
from astsync.sandbox.onec.web_services import NAMESPACE
from tests.unit.soap_client import XSI, Services, envelope, record_of, records_of, tag

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def shared() -> Iterator[Services]:
    """A stand-in that no test changes: more counterparties than are answered from memory."""
    with OneC(700, seed=7) as onec:
        yield Services(onec)


@pytest.fixture
def own() -> Iterator[Services]:
    """A stand-in of the test's own."""
    with OneC(40, seed=3) as onec:
        yield Services(onec)


@pytest.fixture(scope="module")
def whole(shared: Services) -> list[dict[str, Any]]:
    """The list as the HTTP service gives it in one answer."""
    found: list[dict[str, Any]] = shared.http()["Counterparties"]
    return found


def plain(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what XML cannot carry."""
    cleaned: list[dict[str, Any]] = json.loads(re.sub(r"\\u00[01][0-9a-f]", "", json.dumps(records)))
    return cleaned


class TestOneList:
    def test_it_holds_every_counterparty_once_in_the_order_of_references(
        self, shared: Services, whole: list[dict[str, Any]]
    ) -> None:
        refs = [record["Ref"] for record in whole]
        assert refs == sorted((record.item.ref for record in shared.onec.records()), key=stored)
        assert len(set(refs)) == 700

    def test_phones_are_those_that_count_today(self, shared: Services, whole: list[dict[str, Any]]) -> None:
        dated = 0
        for given in whole:
            record = shared.onec.record(given["Ref"])
            old = [phone for phone in record.phones if phone.since == "2019-03-01T00:00:00"]
            dated += len(old)
            texts = [phone.text for phone in record.phones if phone not in old and phone.text.strip()]
            assert [phone["Presentation"] for phone in given["Phones"] if "Presentation" in phone] == texts
            assert {phone["Kind"] for phone in given["Phones"]} <= {phone.kind for phone in record.phones}
        assert dated > 0

    def test_structured_values_come_as_1c_keeps_them(self, whole: list[dict[str, Any]]) -> None:
        values = [phone["Value"] for record in whole for phone in record["Phones"] if "Value" in phone]
        assert {frozenset(json.loads(value)) >= {"countryCode", "areaCode", "number"} for value in values} == {True}

    @pytest.mark.parametrize("flavour", ["bp-old", "bp-oldest"])
    def test_older_configurations_and_folders(self, flavour: str) -> None:
        with OneC(60, seed=5, flavour=flavour) as onec:
            found = Services(onec).http()["Counterparties"]
        values = [phone.get("Value", "") for record in found for phone in record["Phones"]]
        assert len(found) == 60  # folders are left out
        assert any(value.startswith("<") for value in values) is (flavour == "bp-old")

    @pytest.mark.parametrize("version", ["1.1", "1.2"])
    def test_typed(self, shared: Services, whole: list[dict[str, Any]], version: str) -> None:
        page = shared.returned(version=version)
        assert records_of(page) == [{**record, "Phones": record["Phones"]} for record in plain(whole)]
        assert page[-1].tag == tag("NextCursor")
        assert page[-1].get(f"{{{XSI}}}nil") == "true"

    def test_json_in_a_text(self, shared: Services, whole: list[dict[str, Any]]) -> None:
        text = shared.returned("GetCounterpartiesJSON").text or ""
        assert json.loads(text) == {"Counterparties": whole, "NextCursor": None}

    @pytest.mark.parametrize("operation", ["GetCounterpartiesXML", "GetCounterpartiesCDATA"])
    def test_xml_in_a_text(self, shared: Services, whole: list[dict[str, Any]], operation: str) -> None:
        text = shared.returned(operation).text or ""
        assert text.startswith("<?xml version")
        document = ElementTree.XML(text.encode())
        assert [record_of(child) for child in document if child.tag == "Counterparties"] == plain(whole)

    def test_the_two_ways_to_hold_xml_in_a_text_differ(self, shared: Services) -> None:
        assert b"&lt;?xml" in shared.call("GetCounterpartiesXML", Limit="1").content
        assert b"<![CDATA[<?xml" in shared.call("GetCounterpartiesCDATA", Limit="1").content

    def test_base64_in_a_text(self, shared: Services, whole: list[dict[str, Any]]) -> None:
        text = shared.returned("GetCounterpartiesBase64").text or ""
        assert max(map(len, text.splitlines())) == 76
        assert json.loads(base64.b64decode(text))["Counterparties"] == whole

    def test_several_outputs(self, shared: Services) -> None:
        answer = ElementTree.XML(shared.call("GetCounterpartiesCounted", Limit="2").content)
        assert answer.findtext(f".//{tag('Total')}") == "700"
        assert len(answer.findall(f".//{tag('Counterparties')}")) == 2

    def test_it_follows_the_data(self, own: Services) -> None:
        first = own.http()["Counterparties"][0]
        own.onec.change(first["Ref"], name="ООО «Новое имя»", phones=["8 (495) 555-01-42"], deleted=True)
        added = own.onec.add("ИП Щукин", ["8 (495) 555-01-43"])
        found = {record["Ref"]: record for record in own.http()["Counterparties"]}
        assert found[first["Ref"]]["Name"] == "ООО «Новое имя»"
        assert found[first["Ref"]]["DeletionMark"] is True
        assert [phone["Presentation"] for phone in found[first["Ref"]]["Phones"]] == ["8 (495) 555-01-42"]
        assert found[added.item.ref]["Name"] == "ИП Щукин"

    def test_long_answers_follow_the_data_too(self) -> None:
        with OneC(600, seed=2) as onec:
            services = Services(onec)
            first = services.http()["Counterparties"][0]
            assert services.http()["Counterparties"][0] == first
            onec.change(first["Ref"], name="ООО «Новое имя»")
            assert services.http()["Counterparties"][0]["Name"] == "ООО «Новое имя»"

    def test_of_a_register_it_gives_what_the_module_for_older_configurations_gives(self) -> None:
        with OneC(30, flavour="ut103") as onec:
            records = Services(onec).http()["Counterparties"]
            contacts = [onec.record(record["Ref"]).phones for record in records]
        given = [phone for record in records for phone in record["Phones"]]
        written = [phone for phones in contacts for phone in phones if phone.parts[2]]
        values = [json.loads(phone["Value"]) for phone in given if "Value" in phone]
        assert {key for phone in given for key in phone} == {"Kind", "Value", "Presentation"}
        assert [list(value) for value in values] == [["countryCode", "areaCode", "number", "extNumber"]] * len(written)
        assert [value["number"] for value in values] == [phone.parts[2] for phone in written]

    def test_an_infobase_without_users_needs_no_login(self) -> None:
        with OneC(3, user="") as onec:
            services = Services(onec)
            services.login = None
            assert len(services.http()["Counterparties"]) == 3


class TestPages:
    @pytest.mark.parametrize("size", [1, 7, 40, 1000])
    def test_by_cursor(self, own: Services, size: int) -> None:
        found, cursor, pages = [], "", 0
        while cursor or not pages:
            page = own.returned(Cursor=cursor or None, Limit=str(size))
            found += records_of(page)
            cursor = page.findtext(tag("NextCursor")) or ""
            pages += 1
        assert found == plain(own.http()["Counterparties"])
        assert pages == 40 // size + 1  # a full page has a cursor, as of examples/1c, also where nothing follows

    def test_what_is_added_or_removed_meanwhile_moves_nothing(self, own: Services) -> None:
        before = [record["Ref"] for record in own.http()["Counterparties"]]
        first = own.http("?limit=10")
        own.onec.remove(first["Counterparties"][0]["Ref"])
        own.onec.remove(first["NextCursor"])
        rest = own.http(f"?limit=100&cursor={first['NextCursor']}")
        assert [record["Ref"] for record in rest["Counterparties"]] == before[10:]

    @pytest.mark.parametrize("query", ["?offset={}&limit=15", "?page={}&limit=15"])
    def test_by_offset_and_by_page(self, own: Services, query: str) -> None:
        places = (0, 15, 30, 45) if "offset" in query else (1, 2, 3, 4)
        pages = [own.http(query.format(place))["Counterparties"] for place in places]
        assert list(map(len, pages)) == [15, 15, 10, 0]
        assert [record for page in pages for record in page] == own.http()["Counterparties"]

    def test_by_post(self, own: Services) -> None:
        first = own.http("?limit=3")
        body = json.dumps({"limit": 3, "cursor": first["NextCursor"]}).encode()
        response = own.post("hs/astsync/counterparties", body)
        second = json.loads(response.content.decode("utf-8-sig"))
        assert first["Counterparties"] + second["Counterparties"] == own.http("?limit=6")["Counterparties"]

    def test_the_service_bounds_its_pages(self, own: Services, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("astsync.sandbox.onec.export.LARGEST_PAGE", 5)
        assert len(records_of(own.returned(Limit="1000"))) == 5
        assert len(records_of(own.returned(Limit="0"))) == 40

    def test_a_cursor_that_is_no_reference_is_a_fault(self, own: Services) -> None:
        assert "не является ссылкой" in own.fault(own.call(Cursor="мусор"))
        response = own.get("hs/astsync/counterparties?cursor=x")
        assert (response.status_code, "не является ссылкой" in response.content.decode()) == (500, True)


class TestRefusals:
    def test_other_services_are_not_there(self, own: Services) -> None:
        assert [own.get(path).status_code for path in ("ws/other?wsdl", "hs/astsync/other", "hs/x")] == [404] * 3

    def test_a_wrong_login(self, own: Services) -> None:
        own.login = HTTPBasicAuth(own.onec.user.encode(), b"other")
        assert own.get("ws/astsync?wsdl").status_code == 401
        assert own.call().status_code == 401
        assert own.get("hs/astsync/counterparties").status_code == 401

    def test_nil_for_a_parameter_that_cannot_be_nil(self, own: Services) -> None:
        assert own.fault(own.call(Limit=None)).startswith("Ошибка преобразования данных XDTO")

    @pytest.mark.parametrize("given", [{"Limit": "много"}, {"Лишний": "1"}])
    def test_parameters_that_the_wsdl_does_not_know(self, own: Services, given: dict[str, str]) -> None:
        assert own.fault(own.call(**given)).startswith("Ошибка преобразования данных XDTO")

    def test_an_operation_that_is_not_there(self, own: Services) -> None:
        assert "GetNothing" in own.fault(own.call("GetNothing"))
        assert "GetCounterpartiesJSON" in own.fault(own.call("GetCounterpartiesJSON", path="ws/astsync"))

    @pytest.mark.parametrize("body", [b"", b"<", b"<a/>", envelope("x", {}, "1.1", "urn:other")])
    def test_bodies_that_are_no_call(self, own: Services, body: bytes) -> None:
        assert own.fault(own.post("ws/astsync", body))

    def test_a_method_that_is_not_allowed(self, own: Services) -> None:
        assert own.get("ws/astsync").status_code == 405

    def test_rights_that_do_not_reach_a_row_fail_the_whole_list(self, own: Services) -> None:
        own.onec.hide(own.onec.records()[5].item.ref)
        assert "недостаточно прав" in own.fault(own.call())
        assert own.get("hs/astsync/counterparties").status_code == 500

    def test_faults_of_soap_1_2(self, own: Services) -> None:
        response = own.call("GetNothing", version="1.2")
        space = "{http://www.w3.org/2003/05/soap-envelope}"
        assert response.headers["Content-Type"] == "application/soap+xml; charset=utf-8"
        assert "GetNothing" in (ElementTree.XML(response.content).findtext(f".//{space}Text") or "")


class TestIdentify:
    @pytest.mark.parametrize("spelling", ["7{}", "8{}", "+7 {}", "{}"])
    def test_it_names_a_known_number(self, own: Services, spelling: str) -> None:
        own.onec.add("ООО «МИКО & Ко»", ["+7 (495) 555-01-42"])
        assert own.identify(spelling.format("4955550142")) == "ООО «МИКО & Ко»"

    def test_an_unknown_number_has_no_name(self, own: Services) -> None:
        assert own.identify("+7 495 555-01-99") == ""
        assert own.identify("") == ""

    def test_who_is_marked_for_deletion_is_not_named(self, own: Services) -> None:
        added = own.onec.add("ООО «Было»", ["+7 (495) 555-01-42"])
        assert own.identify("74955550142") == "ООО «Было»"
        own.onec.change(added.item.ref, deleted=True)
        assert own.identify("74955550142") == ""

    def test_all_services_tell_the_same_name(self, own: Services) -> None:
        own.onec.add("ООО «МИКО & Ко»", ["+7 (495) 555-01-42"])
        body = envelope("identify", {"Number": "74955550142"}, "1.1", NAMESPACE)
        assert "ООО «МИКО &amp; Ко»" in own.post("ws/astsync", body).content.decode()
        assert own.get("hs/astsync/identify?number=74955550142").content.decode("utf-8-sig") == "ООО «МИКО & Ко»"
        assert own.get("hs/astsync/identify?number=74955550199").content.decode("utf-8-sig") == ""

    def test_a_fault_hits_the_question_alone(self, own: Services) -> None:
        own.onec.fail("not_published", match="identify")
        assert own.get("hs/astsync/identify?number=74955550142").status_code == 404
        assert own.get("hs/astsync/counterparties").status_code == 200
