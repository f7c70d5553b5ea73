"""Web services that are none, or give no whole list: exit code 4, the cure, not one write."""

from pathlib import Path

import pytest

from tests.cli.sandbox import Sandbox
from tests.cli.test_bad_lists import BILLION_LAUGHS, refuses, set_source
from tests.unit.soap_service import ASTSYNC, SHIPPED, answer, envelope, service
from tests.unit.stub_1c import Asked, Reply, Server, serving

OPERATION = "GetCounterparties"
RECORD = (
    "<m:Counterparties><m:Ref>1</m:Ref><m:Name>ООО Ромашка</m:Name><m:DeletionMark>false</m:DeletionMark>"
    "<m:Catalog>Контрагенты</m:Catalog><m:Phones><m:Kind/><m:Value/><m:Presentation/><m:Number>+7 495 555-01-42"
    "</m:Number></m:Phones></m:Counterparties>"
)
GOOD = answer(OPERATION, ASTSYNC, f"<m:return>{RECORD}</m:return>")
PAGE = "<html><title>Вход</title></html>".encode()


def from_service(box: Sandbox, server: Server, more: str = "") -> None:
    set_source(
        box,
        f'kind = "soap"\nuser = "u"\npassword = "p"\ntimeout = 5\n'
        f'[source.soap]\nwsdl = "{server.url}/base/ws/service?wsdl"\ncache_hours = 0\n{more}',
    )


def test_the_good_answer_is_synced(box: Sandbox) -> None:
    with service(SHIPPED, lambda _asked: Reply(GOOD)) as server:
        from_service(box, server)
        assert box.run("sync").code == 0
    assert box.pbx.family() == {"74955550142": "OOO Romashka"}


WSDLS = {
    "a page": (PAGE, "Вход"),
    "cut": (SHIPPED[: len(SHIPPED) // 2], "XML"),
    "a bomb": (SHIPPED.replace(b"?>", b"?>" + BILLION_LAUGHS, 1), "document type"),
    "nothing": (b"", "empty"),
}


@pytest.mark.parametrize("case", WSDLS)
def test_what_is_no_wsdl(box: Sandbox, case: str) -> None:
    content, words = WSDLS[case]
    with service(content, lambda _asked: Reply(GOOD)) as server:
        from_service(box, server)
        assert words in refuses(box, cure="1C writes the WSDL itself: open the address")
        assert {asked.raw.rpartition("?")[2] for asked in server.asked} == {"wsdl"}


CHOICES = {
    "operation": ('operation = "GetClients"', "no operation GetClients", OPERATION),
    "parameter": ('parameters = { "Группа" = "1" }', "no parameter Группа", "Cursor: string?, Limit: int,"),
    "list": ('list = "Clients"', "Clients", "Counterparties"),
    "field": ('[source.soap.fields]\nname = "Имя"', "Имя", "Name"),
}


@pytest.mark.parametrize("case", CHOICES)
def test_what_the_service_does_not_have(box: Sandbox, case: str) -> None:
    more, words, exists = CHOICES[case]
    with service(SHIPPED, lambda _asked: Reply(GOOD)) as server:
        from_service(box, server, more)
        assert words in refuses(box, cure=exists)


FAULT = envelope(
    "<soap:Fault><faultcode>soap:Server</faultcode><faultstring>Недостаточно прав</faultstring></soap:Fault>"
)
ANSWERS = {
    "fault": (Reply(FAULT, 500), "Недостаточно прав"),
    "page": (Reply(PAGE), "Вход"),
    "cut": (Reply(GOOD[:-60]), "cut"),
    "nil": (Reply(answer(OPERATION, ASTSYNC, '<m:return xsi:nil="true"/>')), "return is nil"),
    "empty": (Reply(answer(OPERATION, ASTSYNC, "<m:return/>")), "return holds nothing"),
    "a bomb": (Reply(BILLION_LAUGHS + GOOD.replace("ООО".encode(), b"&b;")), "document type"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_that_is_no_whole_list(box: Sandbox, case: str) -> None:
    reply, words = ANSWERS[case]
    with service(SHIPPED, lambda _asked: reply) as server:
        from_service(box, server)
        assert words in refuses(box, cure="")


@pytest.mark.parametrize("where", ["wsdl", "answer"])
def test_external_entities_are_refused_and_not_fetched(box: Sandbox, where: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("тайна", encoding="utf-8")
    with serving(lambda _asked: Reply(b"secret")) as elsewhere:
        doctype = (
            f'<!DOCTYPE x [<!ENTITY b SYSTEM "{elsewhere.url}/b"><!ENTITY c SYSTEM "{secret.as_uri()}">]>'.encode()
        )
        call = doctype + GOOD.replace("ООО".encode(), b"&b;&c;")
        wsdl = SHIPPED.replace(b"?>", b"?>" + doctype, 1) if where == "wsdl" else SHIPPED

        def answered(_asked: Asked) -> Reply:
            return Reply(call)

        with service(wsdl, answered) as server:
            from_service(box, server)
            what = refuses(box, cure="")
        assert "document type" in what
        assert "тайна" not in what
        assert elsewhere.asked == []
