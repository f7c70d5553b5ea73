"""The stand-in 1C over real HTTP: what it publishes, how it pages, what it refuses."""

import json
from collections import Counter
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
import requests

from astsync.sandbox.onec import OneC
from tests.unit.onec_client import CATALOG, GUID, SECTION, Client

pytestmark = pytest.mark.server


class TestServiceRoot:
    def test_json_lists_the_composition(self, shared: Client) -> None:
        names = [row["name"] for row in shared.json()["value"]]
        assert {CATALOG, SECTION, "Catalog_Партнеры", "Catalog_ВидыКонтактнойИнформации"} <= set(names)

    def test_xml_is_the_default(self, shared: Client) -> None:
        response = shared.get()
        tree = ElementTree.XML(response.content)
        assert tree.tag == "{http://www.w3.org/2007/app}service"
        assert CATALOG in {element.get("href") for element in tree.iter("{http://www.w3.org/2007/app}collection")}

    def test_an_empty_composition_lists_nothing_and_serves_nothing(self, client: Client) -> None:
        client.onec.service.composition.clear()
        assert client.json()["value"] == []
        assert client.error(CATALOG) == (404, "8", f'"{CATALOG}" entity is not found')

    def test_metadata_is_well_formed_xml_of_the_sets(self, shared: Client) -> None:
        tree = ElementTree.XML(shared.get("$metadata", format="json").content.decode("utf-8-sig"))
        sets = {element.get("Name") for element in tree.iter("{http://schemas.microsoft.com/ado/2009/11/edm}EntitySet")}
        assert sets == shared.onec.service.composition


class TestFormats:
    def test_json_begins_with_a_mark_and_requests_cannot_read_it(self, shared: Client) -> None:
        response = shared.get(CATALOG, top="1", format="json")
        assert response.content.startswith(b"\xef\xbb\xbf")
        with pytest.raises(requests.exceptions.JSONDecodeError):
            response.json()

    def test_the_mark_and_the_name_of_the_encoding_are_habits(self) -> None:
        with OneC(5, bom=False, charset="windows-1251") as onec:
            response = Client(onec).get(CATALOG, top="1", format="json")
        assert "charset=windows-1251" in response.headers["Content-Type"]
        assert json.loads(response.content)["value"][0]["НаименованиеПолное"]

    @pytest.mark.parametrize(
        ("level", "head", "link"),
        [("nometadata", False, False), ("minimalmetadata", True, True), ("fullmetadata", True, True)],
    )
    def test_levels_of_metadata(self, shared: Client, level: str, head: bool, link: bool) -> None:
        response = shared.get(SECTION, top="1", format=f"application/json;odata={level}")
        document = json.loads(response.content.decode("utf-8-sig"))
        assert document.get("odata.metadata", "").endswith(f"/$metadata#{SECTION}") is head
        assert ("Вид@navigationLinkUrl" in document["value"][0]) is link
        assert ("odata.type" in document["value"][0]) is (level == "fullmetadata")

    def test_the_accept_header_asks_for_json(self, shared: Client) -> None:
        shared.session.headers["Accept"] = "application/json"
        try:
            response = shared.get(CATALOG, top="1")
        finally:
            del shared.session.headers["Accept"]
        assert "minimalmetadata" in response.headers["Content-Type"]

    def test_atom_is_the_default(self, shared: Client) -> None:
        response = shared.get(CATALOG, top="3", orderby="Ref_Key desc")
        assert response.headers["Content-Type"].startswith("application/atom+xml")
        space = "{http://schemas.microsoft.com/ado/2007/08/dataservices}"
        references = ElementTree.XML(response.content).iter(f"{space}DataVersion")
        assert len(list(references)) == 3

    def test_atom_counts_and_single_entities(self, shared: Client) -> None:
        spaces = {"m": "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"}
        feed = ElementTree.XML(shared.get(SECTION, filter="Тип eq 'Факс'", inlinecount="allpages").content)
        kinds = feed.findall(".//{http://schemas.microsoft.com/ado/2007/08/dataservices}Тип")
        assert feed.findtext("m:count", namespaces=spaces) == str(len(kinds))
        ref = shared.rows("Catalog_Партнеры", top="1", select="Ref_Key")[0]["Ref_Key"]
        entry = ElementTree.XML(shared.get(f"Catalog_Партнеры(guid'{ref}')").content)
        assert entry.tag == "{http://www.w3.org/2005/Atom}entry"
        assert ref in "".join(entry.itertext())

    def test_a_control_character_breaks_atom_but_not_json(self, client: Client) -> None:
        client.onec.add("Плохое\x02имя")
        assert client.rows(CATALOG, filter="startswith(Description,'Плохое')", select="Description") == [
            {"Description": "Плохое\x02имя"}
        ]
        response = client.get(CATALOG, select="Description")
        assert response.status_code == 400
        assert "недопустимый символ XML" in response.text


class TestValues:
    def test_types_of_values(self, shared: Client) -> None:
        row = shared.rows(SECTION, top="1", filter="Тип eq 'Телефон'")[0]
        assert row["LineNumber"] in {"1", "2"}
        assert row["ДействуетС"] == "0001-01-01T00:00:00"
        header = shared.rows(CATALOG, top="1")[0]
        assert header["DataVersion"] == "AAAAAQAAAAA="
        assert header["DeletionMark"] is False
        assert header["ИНН"].startswith("00")

    def test_deleted_rows_are_returned(self, shared: Client) -> None:
        marks = Counter(row["DeletionMark"] for row in shared.rows(CATALOG, select="DeletionMark"))
        assert marks[True] > 0
        assert marks.total() == 300

    def test_lines_lie_inside_the_parent_too(self, shared: Client) -> None:
        row = shared.rows(CATALOG, top="1", filter="КонтактнаяИнформация/any(d: d/Тип eq 'Телефон')")[0]
        same = shared.rows(SECTION, filter=f"Ref_Key eq guid'{row['Ref_Key']}'")
        assert row["КонтактнаяИнформация"] == same

    def test_parts_agree_with_the_text(self, shared: Client) -> None:
        rows = shared.rows(SECTION, filter="Тип eq 'Телефон'")
        values = [json.loads(row["Значение"]) for row in rows if row["Значение"]]
        assert any(value["number"] == "" for value in values)
        filled = next(value for value in values if value["number"] and value["countryCode"] == "7")
        assert filled["areaCode"] in filled["value"]

    def test_one_entity_has_no_value_list_and_no_key_in_its_lines(self, shared: Client) -> None:
        record = next(record for record in shared.onec.records() if record.contacts)
        entity = shared.json(f"{CATALOG}(guid'{record.item.ref}')")
        assert "value" not in entity
        assert entity["Description"] == record.item.name
        assert "Ref_Key" not in entity["КонтактнаяИнформация"][0]

    def test_one_line_by_its_composite_key(self, shared: Client) -> None:
        record = next(record for record in shared.onec.records() if len(record.contacts) > 1)
        line = shared.json(f"{SECTION}(Ref_Key=guid'{record.item.ref}',LineNumber=2)")
        assert line["Представление"] == record.contacts[1].text

    def test_no_such_instance(self, shared: Client) -> None:
        assert shared.error(f"{CATALOG}(1)")[:2] == (400, "6")
        assert shared.error(f"{CATALOG}({GUID})/Нет")[:2] == (400, "6")
        assert shared.error(f"{CATALOG}({GUID})") == (404, "9", "Entity instance not found")


class TestPaging:
    def test_without_top_comes_the_whole_set(self, shared: Client) -> None:
        assert len(shared.rows(CATALOG, select="Ref_Key")) == 300

    def test_skip_goes_before_top(self, shared: Client) -> None:
        whole = shared.rows(CATALOG, select="Ref_Key", orderby="Ref_Key")
        assert shared.rows(CATALOG, select="Ref_Key", orderby="Ref_Key", top="5", skip="10") == whole[10:15]
        assert shared.rows(CATALOG, top="5", skip="300") == []

    def test_order_by_reference_is_by_presentation_and_stable(self, shared: Client) -> None:
        rows = shared.pages(CATALOG, 37, select="Ref_Key,Description", orderby="Ref_Key")
        names = [row["Description"].casefold() for row in rows]
        keys = [row["Ref_Key"] for row in rows]
        assert names == sorted(names)
        assert keys != sorted(keys)
        assert len(set(keys)) == 300

    def test_lines_by_reference_alone_are_lost_and_doubled(self, shared: Client) -> None:
        def keys(order: str) -> list[tuple[str, str]]:
            rows = shared.pages(SECTION, 10, select="Ref_Key,LineNumber", orderby=order)
            return [(row["Ref_Key"], row["LineNumber"]) for row in rows]

        good, bad = keys("Ref_Key,LineNumber"), keys("Ref_Key")
        assert len(set(good)) == len(good) == len(bad)
        assert len(set(bad)) < len(bad)
        assert set(good) - set(bad)

    def test_other_orders(self, shared: Client) -> None:
        rows = shared.rows(CATALOG, select="ИНН", orderby="ИНН desc")
        assert [row["ИНН"] for row in rows] == sorted((row["ИНН"] for row in rows), reverse=True)

    def test_inlinecount_is_a_string_and_lifts_the_page(self, shared: Client) -> None:
        document = shared.json(CATALOG, inlinecount="allpages", top="1", select="Ref_Key")
        assert document["odata.count"] == "300"
        assert len(document["value"]) == 300

    def test_count_is_a_marked_number(self, shared: Client) -> None:
        response = shared.get(f"{CATALOG}/$count", filter="DeletionMark eq false")
        assert response.content.startswith(b"\xef\xbb\xbf")
        assert 0 < int(response.content.decode("utf-8-sig")) < 300

    def test_orders_that_cannot_be(self, shared: Client) -> None:
        assert shared.error(CATALOG, orderby="Ref_Key up")[:2] == (400, "14")
        assert shared.error(SECTION, orderby="Значение")[:2] == (500, "-1")


class TestSelect:
    def test_an_unknown_field(self, shared: Client) -> None:
        assert shared.error(CATALOG, select="Ref_Key,Code") == (400, "6", "Сегмент пути Code не найден!")
        assert shared.error(CATALOG, orderby="Нет")[:2] == (400, "6")
        assert shared.error(CATALOG, filter="IsFolder eq false")[:2] == (400, "6")

    def test_two_stars_leave_the_section_out(self, shared: Client) -> None:
        assert "КонтактнаяИнформация" not in shared.rows(CATALOG, top="1", select="**")[0]

    def test_a_field_of_the_section(self, shared: Client) -> None:
        rows = shared.rows(CATALOG, select="Ref_Key,КонтактнаяИнформация/Тип")
        assert {key for row in rows for line in row["КонтактнаяИнформация"] for key in line} == {"Тип"}

    def test_presentations(self, shared: Client) -> None:
        row = shared.rows(CATALOG, top="1", select="Партнер_Key,Партнер____Presentation")[0]
        partner = shared.onec.record(row["Партнер_Key"], "Партнеры")
        assert row["Партнер____Presentation"] == partner.item.name
        assert shared.error(SECTION, select="Вид____Presentation")[:2] == (400, "6")

    def test_expand_gives_the_kind_unless_select_forgets_it(self, shared: Client) -> None:
        options = {"top": "1", "filter": "Тип eq 'Телефон'", "expand": "Вид"}
        row = shared.rows(SECTION, select="Ref_Key,Вид/Description", **options)[0]
        assert row["Вид"]["Description"] in {"Телефон", "Мобильный телефон"}
        assert set(shared.rows(SECTION, select="Ref_Key", **options)[0]) == {"Ref_Key"}
        assert shared.error(SECTION, expand="Нет")[:2] == (400, "6")


class TestFilter:
    @pytest.mark.parametrize(
        ("text", "kinds"),
        [
            ("Тип eq 'Телефон'", {"Телефон"}),
            ("not (Тип eq 'Телефон' or Тип eq 'Адрес')", {"АдресЭлектроннойПочты", "Факс"}),
            ("Тип ne 'Телефон' and Тип ne 'Факс'", {"АдресЭлектроннойПочты", "Адрес"}),
            ("substringof('ул. Новая',Представление)", {"Адрес"}),
            ("startswith(Представление,'info') eq true", {"АдресЭлектроннойПочты"}),
            ("like(Представление,'%@%.ru') and endswith(Тип,'Почты')", {"АдресЭлектроннойПочты"}),
            ("Тип eq concat('Фа','кс')", {"Факс"}),
            ("Тип eq 'it''s'", set()),
        ],
    )
    def test_what_it_understands(self, shared: Client, text: str, kinds: set[str]) -> None:
        assert {row["Тип"] for row in shared.rows(SECTION, filter=text, select="Тип")} == kinds

    def test_texts_of_unlimited_length_are_not_searched(self, shared: Client) -> None:
        assert shared.error(SECTION, filter="like(Значение,'%1%')")[:2] == (500, "-1")

    def test_a_function_that_this_1c_does_not_have(self, shared: Client) -> None:
        shared.onec.service.reader.missing.add("like")
        try:
            assert shared.error(SECTION, filter="like(Представление,'%1%')")[:2] == (400, "21")
        finally:
            shared.onec.service.reader.missing.clear()

    def test_numbers_and_dates(self, shared: Client) -> None:
        assert {row["LineNumber"] for row in shared.rows(SECTION, filter="LineNumber ge 2")} >= {"2", "3"}
        dated = shared.rows(SECTION, filter="ДействуетС gt datetime'2000-01-01T00:00:00'")
        assert len(dated) % 2 == 0

    def test_keyset_paging_does_not_work(self, shared: Client) -> None:
        status, code, text = shared.error(CATALOG, filter=f"Ref_Key gt {GUID}")
        assert (status, code) == (500, "-1")
        assert "Нельзя сравнивать поля неограниченной длины и поля несовместимых типов." in text
        middle = shared.rows(CATALOG, select="Ref_Key", orderby="Ref_Key", top="1", skip="150")[0]["Ref_Key"]
        wrong = shared.rows(CATALOG, select="Ref_Key", orderby="Ref_Key", filter=f"Ref_Key gt '{middle}'")
        assert len(wrong) != 149

    def test_strings_of_unlimited_length_cannot_be_compared(self, shared: Client) -> None:
        assert shared.error(SECTION, filter="Значение eq ''")[:2] == (500, "-1")
        assert shared.error(SECTION, filter="LineNumber eq 'много'")[:2] == (500, "-1")

    def test_any_looks_into_the_section_only(self, shared: Client) -> None:
        assert shared.error(CATALOG, filter="Нет/any(d: d/Тип eq 'Телефон')")[:2] == (400, "6")
        every = shared.rows(CATALOG, filter="КонтактнаяИнформация/all(d: d/Тип eq 'Телефон')", select="**")
        assert 0 < len(every) < 300

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("length(Тип) eq 1", "21"),
            ("contains(Тип,'x')", "14"),
            ("Тип eq", "14"),
            ("Тип", "14"),
            ("(Тип eq 'x'", "14"),
            ("Тип eq 'x' 'y'", "14"),
            ("Тип eq #", "14"),
        ],
    )
    def test_what_it_refuses(self, shared: Client, text: str, code: str) -> None:
        assert shared.error(SECTION, filter=text)[:2] == (400, code)

    def test_a_plus_for_a_blank(self, shared: Client) -> None:
        response = shared.get(SECTION, raw_query="$format=json&$filter=Тип+eq+'Телефон'")
        assert response.status_code == 400
        assert "Операция не разрешена в предложении" in response.text

    def test_unknown_options(self, shared: Client) -> None:
        assert shared.error(CATALOG, expan="Вид") == (400, "0", "The $expan parameter is not supported")
        assert shared.error(CATALOG, skiptoken="1")[:2] == (400, "0")
        assert shared.error(CATALOG, top="-1")[0] == 400

    def test_composite_fields_need_a_cast(self) -> None:
        with OneC(30, flavour="bp30") as onec:
            client = Client(onec)
            owner = client.rows("Catalog_КонтактныеЛица", top="1")[0]["ОбъектВладелец"]
            name = "ОбъектВладелец"
            assert client.rows("Catalog_КонтактныеЛица", filter=f"{name} eq guid'{owner}'") == []
            assert client.rows("Catalog_КонтактныеЛица", filter=f"{name} eq cast(guid'{owner}','{CATALOG}')")


class TestRights:
    def test_a_wrong_login_is_not_a_lack_of_rights(self, shared: Client) -> None:
        stranger = Client(shared.onec, user=b"guest")
        response = stranger.get(CATALOG, format="json")
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith("Basic")
        assert b"odata.error" not in response.content

    def test_the_login_must_be_utf8(self, shared: Client) -> None:
        login = shared.onec.user, shared.onec.password
        response = Client(shared.onec, *(text.encode("cp1251") for text in login)).get()
        assert response.status_code == 401
        assert "401.5" in response.text

    @pytest.mark.parametrize("header", ["", "Basic !!!", "Basic", "Bearer dGVzdA=="])
    def test_no_login_or_a_strange_one(self, shared: Client, header: str) -> None:
        url = f"{shared.onec.url}/odata/standard.odata/"
        assert requests.get(url, headers={"Authorization": header}, timeout=20).status_code == 401

    def test_a_base_without_users(self) -> None:
        with OneC(5, user="") as onec:
            assert len(Client(onec).rows(CATALOG)) == 5

    def test_one_hidden_row_refuses_the_request_or_is_left_out_silently(self, client: Client) -> None:
        record = next(record for record in client.onec.records() if record.phones)
        client.onec.hide(record.item.ref)
        for path in (CATALOG, SECTION):
            assert client.error(path) == (401, "20", "Нарушение прав доступа")
            assert all(row["Ref_Key"] != record.item.ref for row in client.rows(path, allowedOnly="true"))
        assert len(client.rows(CATALOG, allowedOnly="true")) == 59
        assert client.error(f"{CATALOG}(guid'{record.item.ref}')")[:2] == (401, "20")
        client.onec.hide()
        assert len(client.rows(CATALOG)) == 60

    def test_only_reading(self, shared: Client) -> None:
        url = f"{shared.onec.url}/odata/standard.odata/{quote(CATALOG)}?$format=json"
        login: Any = shared.login
        response = requests.post(url, data=b"{}", auth=login, timeout=20)
        assert response.status_code == 405
        assert '"19"' in response.text
