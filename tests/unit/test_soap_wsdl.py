"""WSDLs as real configurations of 1C have them: strict zeep loads them, and a check lists what they offer."""

import logging
import os
import re
from pathlib import Path

import pytest

from astsync.errors import SourceBadAnswer, SourceError, SourceQueryError
from astsync.sandbox.onec.wsdl import DeclaredElement, Operation, WebService, wsdl
from astsync.sources.soap.pages import READ_WHOLE
from astsync.sources.soap.wsdl import loader as loading
from astsync.sources.soap.wsdl.cache import WsdlCache
from astsync.sources.soap.wsdl.loader import Transport, WsdlLoader, load_with_zeep
from tests.unit.soap_service import (
    ADDRESS,
    ASTSYNC,
    SHIPPED,
    answer,
    call_of,
    fixture,
    read_wsdl,
    service,
    source_of,
)
from tests.unit.stub_1c import QUICK, Reply

ASKED = "Отбор: string?, ДатаНачала: dateTime, Количество: decimal"
SIGNATURES = {
    "cyrillic": [
        f"ПолучитьКонтрагентов({ASKED}) -> return: СписокКонтрагентов, Количество: decimal, Ошибка: string?",
        "Сообщить(Текст: string) -> nothing",
        "Проверка() -> return: boolean",
    ],
    "neo-fly": ["GetClients(Since: date) -> return: Clients", "GetText() -> return: string"],
    "v8-core": [
        "GetTable(Filter: Structure?, Owner: CatalogRef.Контрагенты?) -> return: ValueTable",
        "GetArray() -> return: Array?",
        "GetAny() -> return: any",
        "GetPage() -> return: Page",
    ],
}


@pytest.mark.server
@pytest.mark.parametrize("name", SIGNATURES)
def test_a_check_lists_every_operation_of_a_real_wsdl(name: str) -> None:
    with service(fixture(name), lambda _asked: Reply(status=500)) as server:
        findings = list(source_of(server, operation="Нет такой").check())
    listed = next(finding for finding in findings if finding.part == "operations")
    assert listed.good
    assert listed.words.splitlines()[1:] == SIGNATURES[name]
    assert findings[-1].good is False
    assert findings[-1].words.startswith("the web service has no operation Нет такой")
    assert all(line.partition("(")[0] in findings[-1].hint for line in SIGNATURES[name])


@pytest.mark.server
def test_fifty_operations_are_all_listed() -> None:
    operations = tuple(
        Operation(f"Операция{n}", (DeclaredElement("Код"),), (DeclaredElement("return"),)) for n in range(50)
    )
    content = wsdl(WebService("Обмен", "http://www.example.ru", operations), "http://internal/ws/x.1cws")
    with service(content, lambda _asked: Reply(status=500)) as server:
        findings = list(source_of(server).check())
    lines = next(finding for finding in findings if finding.part == "operations").words.splitlines()
    assert lines[0] == "50 operations, ports ОбменSoap, ОбменSoap12"
    assert lines[1:] == [f"Операция{n}(Код: string) -> return: string" for n in range(50)]
    assert all(f"Операция{n}" in findings[-1].hint for n in range(50))


def test_a_namespace_that_is_no_uri_is_written_as_the_service_knows_it() -> None:
    call = call_of(fixture("cyrillic"), "ПолучитьКонтрагентов")
    space = "http://www.пример.рф/Обмен"
    assert f'"{space}"'.encode() in call.message({})
    assert b"%D0" not in call.message({})
    assert call.list_place().record == f"{{{space}}}Контрагент"
    assert call.headers()["SOAPAction"] == f'"{space}#Обмен:ПолучитьКонтрагентов"'.encode()


def test_a_namespace_may_hold_blanks() -> None:
    space = "Обмен с сайтом"
    content = fixture("cyrillic").replace("http://www.пример.рф/Обмен".encode(), space.encode())
    assert call_of(content, "ПолучитьКонтрагентов").list_place().record == f"{{{space}}}Контрагент"


ONE_PORT = re.compile(rb'<port name="[^"]+Soap".*?</port>', re.DOTALL)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + SHIPPED,
        re.sub(rb'soapAction="[^"]*"', b'soapAction=""', SHIPPED),
        re.sub(rb'\s*soapAction="[^"]*"', b"", SHIPPED),
        ONE_PORT.sub(b"", SHIPPED),
        SHIPPED.replace(b"</definitions>", ONE_PORT.sub(b"", SHIPPED[SHIPPED.index(b"<service") :]).replace(
            b'<service name="astsync"', '<service name="Другой"'.encode()
        )),
    ],
    ids=["BOM", "empty action", "no action", "SOAP 1.2 alone", "two services"],
)  # fmt: skip
def test_odd_but_right_wsdls_are_read(content: bytes) -> None:
    assert call_of(content, "GetCounterparties").list_place().record.endswith("Counterparties")


def test_schemas_may_stand_beside_the_wsdl() -> None:
    schema = SHIPPED[SHIPPED.index(b"<xs:schema") : SHIPPED.index(b"</xs:schema>") + len(b"</xs:schema>")]
    there = b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:import namespace="%s" schemaLocation="%s"/>'
    space = ASTSYNC.encode()
    for place in (b"?xsd=xsd0", b"astsync.xsd", b"../ws/astsync?xsd=1", b"/base/hs/x"):
        content = SHIPPED.replace(schema, there % (space, place) + b"</xs:schema>")
        client = load_with_zeep(ADDRESS, Transport(ADDRESS, {ADDRESS: content}, lambda _url: schema), fresh=True).client
        assert client.get_type(f"{{{ASTSYNC}}}Counterparty")


def test_the_endpoint_is_the_path_of_the_wsdl_at_the_configured_host() -> None:
    assert call_of(fixture("neo-fly"), "GetClients").endpoint == "http://1c.example.local/base/ws/Neofly.1cws"
    other = call_of(fixture("neo-fly"), "GetClients", endpoint="https://proxy.example.local/x")
    assert other.endpoint == "https://proxy.example.local/x"


def test_a_port_without_an_address_is_called_where_the_wsdl_is() -> None:
    content = re.sub(rb"<soap(12)?bind:address[^>]*/>", b"", SHIPPED)
    assert content != SHIPPED
    assert call_of(content, "GetCounterparties").endpoint == ADDRESS.partition("?")[0]


def test_a_port_chooses_the_version_of_soap() -> None:
    assert call_of(SHIPPED, "GetCounterparties").operation.version == "1.1"
    call = call_of(SHIPPED, "GetCounterparties", port="astsyncSoap12")
    assert b"http://www.w3.org/2003/05/soap-envelope" in call.message({})
    kind = call.headers()["Content-Type"]
    assert kind == f'application/soap+xml; charset=utf-8; action="{ASTSYNC}#astsync:GetCounterparties"'.encode()


def test_an_unknown_port_is_told_with_those_that_exist() -> None:
    with pytest.raises(SourceQueryError, match="no port astsyncHttp") as caught:
        call_of(SHIPPED, "GetCounterparties", port="astsyncHttp")
    assert caught.value.hint == "Ports: astsyncSoap, astsyncSoap12."


def test_unset_parameters_are_1c_s_own_empty_values_or_nil_where_that_may_be() -> None:
    message = call_of(fixture("cyrillic"), "ПолучитьКонтрагентов").message({}).decode()
    assert ":ДатаНачала>0001-01-01T00:00:00<" in message
    assert ":Количество>0<" in message
    assert message.count("nil") == 1
    assert ":Отбор xmlns:xsi=" in message


def test_configured_parameters_are_sent_and_unknown_ones_refused_with_the_signature() -> None:
    call = call_of(fixture("cyrillic"), "ПолучитьКонтрагентов", parameters={"Отбор": "<&>", "Количество": 5})
    assert b"&lt;&amp;&gt;</" in call.message({})
    assert ":Количество>5<".encode() in call.message({})
    with pytest.raises(SourceQueryError, match="has no parameter Otbor") as caught:
        call_of(fixture("cyrillic"), "ПолучитьКонтрагентов", parameters={"Otbor": "x"})
    assert "Отбор: string?" in caught.value.hint


def test_an_operation_without_an_answer_is_refused() -> None:
    with pytest.raises(SourceQueryError, match="Сообщить gives no answer"):
        call_of(fixture("cyrillic"), "Сообщить").list_place()


BOMB = b'<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
BAD = {
    "html": (b"<!DOCTYPE html><html><head><title>Login</title></head></html>", "not XML but a page: Login"),
    "text": ("Нет доступа".encode(), "not XML but a page: Нет доступа"),
    "empty": (b"", "the WSDL is empty"),
    "cut": (SHIPPED[:3000], "damaged XML"),
    "bomb": (SHIPPED.replace(b"<definitions", BOMB + b"<definitions", 1), "refused: it has a document type"),
    "schema": ((Path(__file__).parents[2] / "examples/1c/astsync.xsd").read_bytes(), "no WSDL but the document schema"),
    "assertion of zeep": (
        SHIPPED.replace(b'message="tns:GetCounterpartiesRequestMessage"', b"", 1),
        "cannot be used",
    ),
    "broken": (SHIPPED.replace(b'"tns:CounterpartyPage"', b'"tns:Absent"'), "cannot be used"),
}


@pytest.mark.server
@pytest.mark.parametrize("name", BAD)
def test_what_is_no_wsdl_is_refused_with_words_and_a_cure(name: str) -> None:
    content, words = BAD[name]
    with service(content, lambda _asked: Reply(status=500)) as server:
        with pytest.raises(SourceBadAnswer, match=words) as caught:
            list(source_of(server).pull())
        findings = list(source_of(server).check())
    assert caught.value.exit_code == 4
    assert caught.value.hint
    assert [finding.good for finding in findings] == [False]
    assert len(server.asked) == 2


def test_what_zeep_warns_of_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    odd = fixture("cyrillic").replace(b'<operation name="', b'<operation name="X', 1)
    assert odd != fixture("cyrillic")
    with caplog.at_level(logging.INFO):
        read_wsdl(odd)
    assert "the WSDL: The wsdl:operation" in caplog.text


@pytest.mark.parametrize(
    "place", ["http://other.example.local/x.xsd", "file:///etc/passwd", "https://1c.example.local/"]
)
def test_nothing_is_fetched_from_another_server(place: str) -> None:
    """A login never goes to another host; nor is any file of this machine read."""
    content = SHIPPED.replace(
        b"\t\t<xs:schema",
        b'\t\t<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:import namespace="urn:x" schemaLocation="%s"/>'
        b"</xs:schema>\n\t\t<xs:schema" % place.encode(),
        1,
    )
    with pytest.raises(SourceBadAnswer, match="on another server"):
        read_wsdl(content)


def test_an_import_of_its_own_server_is_followed_and_bounded() -> None:
    part = b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:import namespace="urn:%d" schemaLocation="%s"/>'
    content = SHIPPED.replace(b"\t\t<xs:schema", part % (0, b"/base/ws/0.xsd") + b"</xs:schema><xs:schema", 1)
    fetched: list[str] = []

    def endless(url: str) -> bytes:
        fetched.append(url)
        number = len(fetched)
        head = part.replace(b"<xs:schema", b'<xs:schema targetNamespace="urn:%d"' % (number - 1), 1)
        return head % (number, b"/base/ws/%d.xsd" % number) + b"</xs:schema>"

    with pytest.raises(SourceBadAnswer, match="too large"):
        load_with_zeep(ADDRESS, Transport(ADDRESS, {ADDRESS: content}, endless), fresh=True)
    assert fetched[0] == "http://1c.example.local/base/ws/0.xsd"
    assert len(fetched) < 100


@pytest.mark.server
def test_a_wsdl_without_an_end_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "LARGEST_WSDL", 1000)
    with service(SHIPPED, lambda _asked: Reply()) as server, pytest.raises(SourceBadAnswer, match="too large"):
        list(source_of(server).pull())


EMPTY = answer("GetCounterparties", ASTSYNC, '<m:return><m:NextCursor xsi:nil="true"/></m:return>')


def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CACHE_DIRECTORY", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.server
def test_the_wsdl_is_kept_for_its_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = cached(tmp_path, monkeypatch)
    with service(SHIPPED, lambda _asked: Reply(EMPTY)) as server:
        for _ in range(3):
            assert list(source_of(server, cache_hours=1).pull()) == []
    assert [asked.raw.endswith("?wsdl") for asked in server.asked] == [True, False, False, False]
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert "тайна".encode() not in file.read_bytes()
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.server
@pytest.mark.parametrize("damage", [b"", b"{}", b"[1]", b'{"version":1,"key":"x","time":0,"documents":{}}', b"\xff"])
def test_a_damaged_copy_is_asked_for_again(damage: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = cached(tmp_path, monkeypatch)
    with service(SHIPPED, lambda _asked: Reply(EMPTY)) as server:
        list(source_of(server, cache_hours=1).pull())
        (file,) = folder.iterdir()
        good = file.read_bytes()
        file.write_bytes(damage)
        list(source_of(server, cache_hours=1).pull())
    assert sum(asked.raw.endswith("?wsdl") for asked in server.asked) == 2
    assert len(file.read_bytes()) == pytest.approx(len(good), abs=20)


@pytest.mark.server
def test_a_copy_that_is_no_wsdl_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached(tmp_path, monkeypatch)
    with service(SHIPPED, lambda _asked: Reply(EMPTY)) as server:
        address = f"{server.url}/base/ws/service?wsdl"
        WsdlCache(address, "Иванов").write({address: b"<html>"})
        assert list(source_of(server, cache_hours=1).pull()) == []


@pytest.mark.server
def test_without_hours_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = cached(tmp_path, monkeypatch)
    with service(SHIPPED, lambda _asked: Reply(EMPTY)) as server:
        list(source_of(server, cache_hours=0).pull())
    assert not folder.exists()


@pytest.mark.server
def test_an_old_copy_serves_while_the_wsdl_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cached(tmp_path, monkeypatch)
    with service(SHIPPED, lambda _asked: Reply(EMPTY)) as server:
        list(source_of(server, cache_hours=1).pull())
        monkeypatch.setattr("astsync.sources.soap.wsdl.cache.time.time", lambda: 9e9)
        server.answer = lambda asked: Reply(status=503) if asked.raw.endswith("?wsdl") else Reply(EMPTY)
        with caplog.at_level(logging.WARNING):
            assert list(source_of(server, cache_hours=1).pull()) == []
        server.answer = lambda asked: Reply(status=401) if asked.raw.endswith("?wsdl") else Reply(EMPTY)
        with pytest.raises(SourceError, match="refused the login"):
            list(source_of(server, cache_hours=1).pull())
    assert "going on with the WSDL of" in caplog.text


@pytest.mark.server
def test_a_folder_that_cannot_be_written_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CACHE_DIRECTORY", str(tmp_path / "file" / "cache"))
    with service(SHIPPED, lambda _asked: Reply(EMPTY)) as server:
        assert list(source_of(server, cache_hours=1).pull()) == []


def test_a_clock_that_went_back_makes_a_copy_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = WsdlCache("a", "b", tmp_path)
    cache.write({"a": b"\xff\x00"})
    kept = cache.read()
    assert kept is not None
    assert kept.documents == {"a": b"\xff\x00"}
    monkeypatch.setattr("astsync.sources.soap.wsdl.cache.time.time", lambda: 0.0)
    kept = cache.read()
    assert kept is not None
    assert kept.age == float("inf")
    assert WsdlCache("a", "c", tmp_path).read() is None


@pytest.mark.server
def test_a_changed_service_drops_the_copy_and_is_read_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached(tmp_path, monkeypatch)
    record = "<m:Ref>1</m:Ref><m:Name>ООО МИКО</m:Name><m:DeletionMark>false</m:DeletionMark>"
    phone = "<m:Phones><m:Number>+7 495 555-01-02</m:Number></m:Phones>"
    inn = "<m:ИНН>7700000000</m:ИНН>"
    changed = SHIPPED.replace(
        b'\t\t\t\t\t<xs:element name="DeletionMark"',
        '<xs:element name="ИНН" type="xs:string"/><xs:element name="DeletionMark"'.encode(),
    )
    assert changed != SHIPPED
    body = answer(
        "GetCounterparties",
        ASTSYNC,
        f"<m:return><m:Counterparties>{record}{inn}{phone}</m:Counterparties></m:return>",
    )
    with service(SHIPPED, lambda _asked: Reply(EMPTY)) as server:
        list(source_of(server, cache_hours=1).pull())
        server.answer = lambda asked: Reply(SHIPPED if asked.raw.endswith("?wsdl") else body)
        with pytest.raises(SourceBadAnswer, match="ИНН, which the WSDL does not know"):
            list(source_of(server, cache_hours=1).pull())
        assert [asked.raw.endswith("?wsdl") for asked in server.asked[2:]] == [False, True, False]
        server.answer = lambda asked: Reply(changed if asked.raw.endswith("?wsdl") else body)
        assert [one.name for one in source_of(server, cache_hours=1).pull()] == ["ООО МИКО"]


@pytest.mark.server
def test_a_change_in_the_middle_of_the_list_makes_the_next_pull_read_the_wsdl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was given already cannot be taken back; but a copy that does not fit must not fail for a day."""
    folder = cached(tmp_path, monkeypatch)
    record = "<m:Counterparties><m:Ref>1</m:Ref><m:Name>ООО МИКО</m:Name><m:DeletionMark>false</m:DeletionMark>{}"
    plain = record.format("<m:Phones><m:Number>+7 495 555-01-02</m:Number></m:Phones></m:Counterparties>")
    other = plain.replace("<m:Ref>", "<m:ИНН>7700000000</m:ИНН><m:Ref>")
    body = answer("GetCounterparties", ASTSYNC, f"<m:return>{plain * READ_WHOLE}{other}</m:return>")
    with service(SHIPPED, lambda _asked: Reply(EMPTY)) as server:
        list(source_of(server, cache_hours=1).pull())
        assert list(folder.iterdir())
        server.answer = lambda _asked: Reply(body)
        pulled = source_of(server, cache_hours=1).pull()
        with pytest.raises(SourceBadAnswer, match="ИНН, which the WSDL does not know"):
            list(pulled)
    assert not list(folder.iterdir())


@pytest.mark.server
def test_a_copy_of_no_use_does_not_hide_why_the_wsdl_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached(tmp_path, monkeypatch)
    with service(SHIPPED, lambda _asked: Reply(status=503)) as server:
        address = f"{server.url}/base/ws/service?wsdl"
        WsdlCache(address, "Иванов").write({address: b"<html>"})
        monkeypatch.setattr("astsync.sources.soap.wsdl.cache.time.time", lambda: 9e9)
        server.answer = lambda _asked: Reply(status=503)
        with pytest.raises(SourceError, match="503"):
            list(source_of(server, cache_hours=1).pull())


def test_a_file_that_somebody_else_may_have_put_there_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = WsdlCache("a", "b", tmp_path)
    cache.write({"a": b"<a/>"})
    kept = cache.path.read_bytes()
    assert cache.read() is not None
    monkeypatch.setattr("astsync.sources.soap.wsdl.cache.os.geteuid", lambda: 4242)
    assert cache.read() is None
    monkeypatch.undo()
    cache.drop()
    (tmp_path / "real").write_bytes(kept)
    cache.path.symlink_to(tmp_path / "real")
    assert cache.read() is None
    cache.drop()
    os.mkfifo(cache.path)
    assert cache.read() is None


@pytest.mark.server
def test_the_loader_tells_an_operation_that_only_the_new_wsdl_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached(tmp_path, monkeypatch)
    with service(fixture("neo-fly"), lambda _asked: Reply(EMPTY)) as server:
        config = source_of(server, cache_hours=1)._config
        WsdlLoader(config, QUICK).load()
        server.answer = lambda asked: Reply(SHIPPED if asked.raw.endswith("?wsdl") else EMPTY)
        assert list(source_of(server, cache_hours=1).pull()) == []
