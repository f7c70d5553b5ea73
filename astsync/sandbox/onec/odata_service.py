"""The OData service of the stand-in 1C: answers a request, without the network."""

import base64
import binascii
import hmac
import re
import threading
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

import orjson

from astsync.sandbox.onec.faults import login_page, wrong_login
from astsync.sandbox.onec.http_answers import (
    HttpAnswer,
    ODataError,
    atom_entry,
    atom_feed,
    error_answer,
    json_collection,
    no_entity,
    no_segment,
    service_json,
    service_xml,
)
from astsync.sandbox.onec.infobase import EntitySet
from astsync.sandbox.onec.metadata import atom_types, metadata_xml
from astsync.sandbox.onec.odata_query import Query, SetReader, json_level, parse_query

_ENTITY = re.compile(r"([^(/]+)(?:\(([^()]*)\))?(?:/(.+))?")
_XML = "application/atom+xml;type=feed;charset=utf-8"


@dataclass(slots=True)
class ODataService:
    """One publication. ``composition`` are the published sets. ``user`` "" is an infobase without users.

    ``atom``: every answer is Atom, also when JSON is wanted, as platform 8.3.5 answers.
    """

    reader: SetReader
    publication: str
    user: str
    password: str = field(repr=False)
    composition: set[str]
    lock: threading.RLock = field(default_factory=threading.RLock)
    origin: str = ""
    atom: bool = False

    @property
    def root(self) -> str:
        """The address of the service root."""
        return f"{self.origin}/{quote(self.publication)}/odata/standard.odata"

    def answer(self, method: str, target: str, authorization: str, accept: str, *, short_by: int = 0) -> HttpAnswer:
        """Answer a request for ``target``, the encoded path and query. The last ``short_by`` rows are left out."""
        raw_path, _, raw_query = target.partition("?")
        path = unquote(raw_path)
        prefix = f"/{self.publication}/odata/standard.odata"
        if path == "/login":
            return login_page()
        if path != prefix and not path.startswith(prefix + "/"):
            return HttpAnswer(404)
        refusal = self.refusal(authorization)
        if refusal is not None:
            return refusal
        level = "" if self.atom else json_level(raw_query, accept)
        try:
            return self._odata(method, path.removeprefix(prefix).strip("/"), parse_query(raw_query, level), short_by)
        except ODataError as error:
            return error_answer(error, as_json=bool(level))

    def refusal(self, authorization: str) -> HttpAnswer | None:
        """Check a Basic login, which must be UTF-8. None: it is accepted."""
        if not self.user:
            return None
        scheme, _, encoded = authorization.partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return wrong_login(encoding=False)
        if scheme.lower() == "basic" and hmac.compare_digest(given, f"{self.user}:{self.password}".encode()):
            return None
        return wrong_login(encoding=not _is_utf8(given))

    def _odata(self, method: str, path: str, query: Query, short_by: int) -> HttpAnswer:
        if method != "GET":
            raise ODataError(405, 19, "HTTP method is forbidden")
        with self.lock:
            if path == "":
                return self._root(query)
            if path == "$metadata":
                sets = (self.reader.base.sets[name] for name in sorted(self.composition))
                return HttpAnswer(200, metadata_xml(sets), "application/xml;charset=utf-8", mark=True)
            return self._entity(path, query, short_by)

    def _root(self, query: Query) -> HttpAnswer:
        names = sorted(self.composition)
        if not query.level:
            return HttpAnswer(200, service_xml(self.root, names), "application/atomsvc+xml;charset=utf-8")
        return self._json(service_json(self.root, names), query)

    def _entity(self, path: str, query: Query, short_by: int) -> HttpAnswer:
        match = _ENTITY.fullmatch(path)
        if match is None or match[1] not in self.composition:
            raise no_entity(path)
        entity = self.reader.base.sets[match[1]]
        if match[3] == "$count" and match[2] is None:
            return HttpAnswer(
                200, str(self.reader.count(entity, query)).encode(), "text/plain;charset=utf-8", mark=True
            )
        if match[3] is not None:
            raise no_segment(match[3])
        return self._collection(entity, query, short_by) if match[2] is None else self._one(entity, match[2], query)

    def _one(self, entity: EntitySet, key: str, query: Query) -> HttpAnswer:
        row = self.reader.one(entity, key, query)
        if not query.level:
            return HttpAnswer(200, atom_entry(entity.name, row, atom_types(entity)), _XML.replace("feed", "entry"))
        head = self._head(query, f"{entity.name}/@Element")
        return self._json(orjson.dumps({**head, **row}), query)

    def _collection(self, entity: EntitySet, query: Query, short_by: int) -> HttpAnswer:
        page = self.reader.page(entity, query)
        rows = list(page.rows)[:-short_by] if short_by else page.rows
        count = page.count if query.inline_count else None
        if not query.level:
            body = atom_feed(self.root, entity.name, rows, atom_types(entity), count)
            return HttpAnswer(200, body, _XML, rows=page.shown)
        head = self._head(query, entity.name)
        if count is not None:
            head["odata.count"] = str(count)
        body, shown = json_collection(head, rows)
        answer = self._json(body, query)
        answer.rows = shown
        return answer

    def _head(self, query: Query, name: str) -> dict[str, str]:
        return {} if query.level == "nometadata" else {"odata.metadata": f"{self.root}/$metadata#{name}"}

    @staticmethod
    def _json(body: bytes, query: Query) -> HttpAnswer:
        return HttpAnswer(200, body, f"application/json;odata={query.level};charset=utf-8", mark=True)


def _is_utf8(login: bytes) -> bool:
    try:
        login.decode()
    except UnicodeDecodeError:
        return False
    return True
