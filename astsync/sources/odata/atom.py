"""Answers of OData in Atom, which some bases give whatever format is asked for, as the rows that JSON would have."""

from typing import Any
from xml.parsers import expat

from astsync.sources.onec.rows import Row

_ROOTS = frozenset({"feed", "service"})
_BOOLEAN = "Edm.Boolean"
_COLLECTION = "Collection("


def rows_of_atom(body: bytes) -> list[Row] | None:
    """Read the rows of a feed, or the sets of a service document; None where the body is neither.

    Raises ValueError for a feed that is cut or damaged.
    """
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return None
    reader = _FeedReader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    try:
        parser.Parse(body, True)
    except _NotAtomError:
        return None
    except (expat.ExpatError, LookupError) as error:  # LookupError: an encoding that nobody knows
        if reader.root is None:
            return None
        raise ValueError(f"not XML: {error}") from None
    return reader.rows


class _NotAtomError(Exception):
    """The document is another one."""


class _FeedReader:
    """Collects rows: ``m:properties`` with fields, of which a collection holds elements with fields of their own."""

    def __init__(self) -> None:
        self.root: str | None = None
        self.rows: list[Row] = []
        self._open: list[dict[str, Any]] = []
        self._fields: list[tuple[str, Any, bool]] = []
        self._text: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = _local(tag)
        if self.root is None:
            self.root = name
            if name not in _ROOTS:
                raise _NotAtomError
        if not self._open:
            if name == "properties":
                self._open.append({})
            elif name == "collection" and "href" in attributes:
                self.rows.append({"name": attributes["href"], "url": attributes["href"]})
            return
        if len(self._fields) == len(self._open):  # an element of a collection, or the fields of a record in a field
            self._open.append({})
            if name == "element":
                return
        kind = {_local(key): value for key, value in attributes.items()}
        empty: Any = [] if kind.get("type", "").startswith(_COLLECTION) else ""
        self._fields.append((name, None if kind.get("null") == "true" else empty, kind.get("type") == _BOOLEAN))
        self._text.clear()

    def text(self, text: str) -> None:
        if self._fields:
            self._text.append(text)

    def end(self, tag: str) -> None:
        name = _local(tag)
        if not self._open:
            return
        if name == "properties" and len(self._open) == 1 and not self._fields:
            self.rows.append(self._open.pop())
        elif name == "element" and len(self._open) == len(self._fields) + 1:
            row = self._open.pop()
            held = self._fields[-1][1]
            if isinstance(held, list):
                held.append(row)
        else:
            self._end_field()

    def _end_field(self) -> None:
        if len(self._open) > len(self._fields):  # the fields of a record in a field: nobody reads them
            self._open.pop()
        name, value, boolean = self._fields.pop()
        text = "".join(self._text)
        self._text.clear()
        if value == "":
            value = text == "true" if boolean else text
        self._open[-1][name] = value

    def refuse(self, *_declaration: object) -> None:
        raise _NotAtomError  # entities come only with a document type; feeds have none, pages of HTML do


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
