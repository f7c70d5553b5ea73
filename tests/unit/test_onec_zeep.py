"""zeep, strict, over the stand-in's web services: the WSDL is one that a SOAP library takes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import zeep
from requests.auth import HTTPBasicAuth
from zeep.exceptions import Fault, TransportError, XMLParseError

from astsync.sandbox.onec import OneC
from tests.unit.soap_client import Services, records_of

pytestmark = pytest.mark.server

# zeep's own functions carry no types.
CLIENT: Any = zeep.Client
TRANSPORT: Any = zeep.Transport
Open = Callable[..., Any]


@pytest.fixture
def onec() -> Iterator[OneC]:
    with OneC(30, seed=3) as onec:
        yield onec


@pytest.fixture
def open_(onec: OneC) -> Iterator[Open]:
    with requests.Session() as session:
        session.auth = HTTPBasicAuth(onec.user.encode(), onec.password.encode())

        def client(path: str = "ws/astsync", **options: Any) -> Any:
            transport = TRANSPORT(session=session, timeout=20, operation_timeout=20)
            return CLIENT(
                f"{onec.url}/{path}?wsdl", transport=transport, settings=zeep.Settings(strict=True), **options
            )

        yield client


def test_typed_lists(onec: OneC, open_: Open) -> None:
    page = open_().service.GetCounterparties(Cursor=None, Limit=10, ChangedSince=None)
    wanted = records_of(Services(onec).returned(Limit="10"))
    assert [one.Ref for one in page.Counterparties] == [one["Ref"] for one in wanted]
    assert [[phone.Presentation for phone in one.Phones] for one in page.Counterparties] == [
        [phone.get("Presentation") for phone in one["Phones"]] for one in wanted
    ]
    assert page.NextCursor == wanted[-1]["Ref"]


def test_both_versions_of_soap(open_: Open) -> None:
    names = {name.rpartition("}")[2] for name in open_().wsdl.bindings}
    assert names == {"astsyncSoapBinding", "astsyncSoap12Binding"}
    pages = [
        open_(port_name=port).service.GetCounterparties(None, 3, None) for port in ("astsyncSoap", "astsyncSoap12")
    ]
    assert [one.Ref for one in pages[0].Counterparties] == [one.Ref for one in pages[1].Counterparties]
    assert len(pages[0].Counterparties) == 3


def test_texts_and_several_outputs(open_: Open) -> None:
    service = open_("ws/astsync_variants").service
    assert service.GetCounterpartiesJSON(None, 1, None).startswith('{"Counterparties"')
    assert service.GetCounterpartiesXML(None, 1, None).startswith("<?xml")
    assert service.GetCounterpartiesCDATA(None, 1, None) == service.GetCounterpartiesXML(None, 1, None)
    counted = service.GetCounterpartiesCounted(None, 2, None)
    assert (len(counted["return"].Counterparties), counted.Total) == (2, 30)


def test_an_address_that_cannot_be_reached(onec: OneC, open_: Open) -> None:
    onec.web.host = "1c-inner.invalid:8080"
    client = open_()
    with pytest.raises(requests.ConnectionError):
        client.service.GetCounterparties(None, 1, None)
    service = client.create_service("{urn:astsync:counterparties:1}astsyncSoapBinding", f"{onec.url}/ws/astsync.1cws")
    assert len(service.GetCounterparties(None, 1, None).Counterparties) == 1


@pytest.mark.parametrize(
    ("kind", "error", "text"),
    [
        ("soap_fault", Fault, "закрыт для выгрузки"),
        ("extra_element", XMLParseError, "ИНН"),
        ("login_page", TransportError, "invalid XML"),
        ("cut_json", TransportError, "invalid XML"),
        ("maintenance", TransportError, "invalid XML"),
    ],
)
def test_what_zeep_makes_of_faults(onec: OneC, open_: Open, kind: Any, error: type[Exception], text: str) -> None:
    service = open_().service
    onec.fail(kind)
    with pytest.raises(error, match=text):
        service.GetCounterparties(None, 0, None)


def test_identify(onec: OneC, open_: Open) -> None:
    onec.add("ООО «МИКО & Ко»", ["+7 (495) 555-01-42"])
    service = open_("ws/1C_MIKO_identify_number.1cws").service
    assert service.identify("84955550142") == "ООО «МИКО & Ко»"
    assert service.identify("+7 495 555-01-99") is None
