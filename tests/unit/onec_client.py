"""A client of the stand-in 1C, for its tests."""

import json
from typing import Any
from urllib.parse import quote, urlencode

import requests

from astsync.sandbox.onec import OneC

CATALOG = "Catalog_Контрагенты"
SECTION = "Catalog_Контрагенты_КонтактнаяИнформация"
NOMETADATA = "application/json;odata=nometadata"
GUID = "guid'00000000-0000-0000-0000-000000000001'"


class Client:
    """Asks as a careful client does: UTF-8 login, percent-encoded names, %20 for blanks."""

    def __init__(self, onec: OneC, user: bytes | None = None, password: bytes | None = None) -> None:
        self.onec = onec
        self.session = requests.Session()
        self.timeout = 20.0
        self.login = (user or onec.user.encode(), password or onec.password.encode())

    def get(self, path: str = "", raw_query: str | None = None, **options: str) -> requests.Response:
        pairs = [(f"${name}" if name != "allowedOnly" else name, value) for name, value in options.items()]
        query = urlencode(pairs, quote_via=quote, safe="$(),'/:") if raw_query is None else raw_query
        url = f"{self.onec.url}/odata/standard.odata/{quote(path, safe=chr(36) + '/()=,' + chr(39))}?{query}"
        auth: Any = self.login if self.onec.user else None
        return self.session.get(url, auth=auth, timeout=self.timeout)

    def json(self, path: str = "", **options: str) -> Any:
        response = self.get(path, format=NOMETADATA, **options)
        assert response.status_code == 200, response.text
        return json.loads(response.content.decode("utf-8-sig"))

    def rows(self, path: str, **options: str) -> list[dict[str, Any]]:
        value: list[dict[str, Any]] = self.json(path, **options)["value"]
        return value

    def error(self, path: str, **options: str) -> tuple[int, str, str]:
        response = self.get(path, format="json", **options)
        error = json.loads(response.content.decode("utf-8-sig"))["odata.error"]
        return response.status_code, error["code"], error["message"]["value"]

    def pages(self, path: str, size: int, **options: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while page := self.rows(path, top=str(size), skip=str(len(rows)), **options):
            rows += page
        return rows
