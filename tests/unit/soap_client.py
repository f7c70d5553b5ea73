"""A client of the stand-in's web and HTTP services, for their tests: plain XML and JSON, as they travel."""

import json
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import requests
from requests.auth import HTTPBasicAuth

from astsync.sandbox.onec import OneC
from astsync.sandbox.onec.web_services import MIKO_NAMESPACE, NAMESPACE

XSI = "http://www.w3.org/2001/XMLSchema-instance"
ENVELOPES = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope"}
LIST = "GetCounterparties"


def tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def envelope(operation: str, parameters: Mapping[str, str | None], version: str, namespace: str) -> bytes:
    """Write a request; a parameter that is None is nil."""
    inside = "".join(
        f'<m:{name} xsi:nil="true"/>' if value is None else f"<m:{name}>{escape(value)}</m:{name}>"
        for name, value in parameters.items()
    )
    wrapper = f'<m:{operation} xmlns:m="{namespace}" xmlns:xsi="{XSI}">{inside}</m:{operation}>'
    return f'<s:Envelope xmlns:s="{ENVELOPES[version]}"><s:Body>{wrapper}</s:Body></s:Envelope>'.encode()


class Services:
    """Asks the web half of a stand-in with its right login."""

    def __init__(self, onec: OneC) -> None:
        self.onec = onec
        self.login: HTTPBasicAuth | None = HTTPBasicAuth(onec.user.encode(), onec.password.encode())

    def wsdl(self, path: str = "ws/astsync") -> ElementTree.Element:
        return ElementTree.XML(self.get(f"{path}?wsdl").content)

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.onec.url}/{path}", auth=self.login, timeout=20, allow_redirects=False)

    def post(self, path: str, body: bytes) -> requests.Response:
        return requests.post(f"{self.onec.url}/{path}", data=body, auth=self.login, timeout=20, allow_redirects=False)

    def call(
        self, operation: str = LIST, version: str = "1.1", path: str = "ws/astsync_variants", **given: str | None
    ) -> requests.Response:
        parameters: dict[str, str | None] = {"Cursor": None, "Limit": "0", "ChangedSince": None, **given}
        return self.post(path, envelope(operation, parameters, version, NAMESPACE))

    def returned(self, operation: str = LIST, version: str = "1.1", **given: str | None) -> ElementTree.Element:
        """Give the element ``return`` of a good answer."""
        response = self.call(operation, version, "ws/astsync_variants", **given)
        assert response.status_code == 200, response.text
        found = ElementTree.XML(response.content).find(f".//{tag('return')}")
        assert found is not None
        return found

    def fault(self, response: requests.Response) -> str:
        """Give the text of a fault of SOAP 1.1."""
        assert response.status_code == 500
        return ElementTree.XML(response.content).findtext(".//faultstring") or ""

    def http(self, query: str = "") -> Any:
        response = self.get(f"hs/astsync/counterparties{query}")
        assert response.status_code == 200, response.text
        return json.loads(response.content.decode("utf-8-sig"))

    def identify(self, number: str) -> str:
        body = envelope("identify", {"Number": number}, "1.1", MIKO_NAMESPACE)
        response = self.post("ws/1C_MIKO_identify_number.1cws", body)
        assert response.status_code == 200, response.text
        return ElementTree.XML(response.content).findtext(f".//{{{MIKO_NAMESPACE}}}return") or ""


def record_of(element: ElementTree.Element) -> dict[str, Any]:
    """Read an element ``Counterparties`` as the JSON of the same counterparty."""
    record: dict[str, Any] = {"Phones": []}
    for child in element:
        name = child.tag.rpartition("}")[2]
        if name == "Phones":
            record["Phones"].append({field.tag.rpartition("}")[2]: field.text for field in child})
        else:
            record[name] = child.text == "true" if name == "DeletionMark" else child.text or ""
    return record


def records_of(page: ElementTree.Element) -> list[dict[str, Any]]:
    return [record_of(child) for child in page if child.tag.endswith("Counterparties")]
