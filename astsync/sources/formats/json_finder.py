"""The way through a JSON document to its one list of records; what stands around it is kept.

Objects of JSON by XDTO (``xdto_json``) are walked as what they mean: the properties of a Structure are fields, the rows
of a ValueTable are records. So a list in one is read record by record too.
"""

from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any

from astsync.sources import bounds
from astsync.sources.formats.json_text import JsonText
from astsync.sources.formats.xdto_json import (
    MARKED,
    NAMES,
    PAIR,
    PAIRED,
    TABLE,
    TYPE,
    VALUE,
    VALUE_LISTS,
    column_names,
    is_marked,
    key_text,
    list_item,
    table_row,
    type_of,
    xdto_value,
)
from astsync.text import one_line

_DEEPEST = 20
_MANY_KEPT = 500
_LONGEST_KEPT = 64 * 1024
_LIST_SAMPLE = 20
_AHEAD = 64
"""Characters by which an object of JSON by XDTO is known."""

Convert = Callable[[Any], Any]


class ListFinder:
    """Walks a document down to its list, and keeps what it passes by."""

    def __init__(self, text: JsonText, path: str) -> None:
        self._text = text
        self._named = bool(path)
        self._path = path or None
        self._room = _MANY_KEPT
        self._values = 0  # that were read one by one, records among them
        self.itself = False
        self.answer: dict[str, Any] = {}
        self.lists: dict[str, None] = {}
        self.empty: dict[str, None] = {}
        self.arrays: dict[str, None] = {}
        self.instead: dict[str, None] = {}

    def document(self, start: str) -> Iterator[Any]:
        """Walk the whole document, whose first character is ``start``; gives the items of the list."""
        if start == "[" and not self._named:
            yield from self._list("")
        elif start == "[":
            self.itself = True
            yield from self._all(self._path, "", _DEEPEST)
        elif self._is_marked():
            yield from self._marked(self._path, "", "", self.answer, _DEEPEST)
        elif start == "{":
            yield from self._object(self._path, "", self.answer, _DEEPEST)
        else:
            self._text.value()

    def _object(self, path: str | None, here: str, keep: dict[str, Any], deeper: int) -> Iterator[Any]:
        """Walk through an object; ``path`` leads on from here to the list, None: it is not on this way."""
        self._text.take("{")
        for _ in self._parts("}"):
            name = self._text.name()
            below = f"{here}.{name}" if here else name
            yield from self._field(_rest(path, name), name, below, keep, deeper)

    def _field(self, rest: str | None, name: str, here: str, keep: dict[str, Any], deeper: int) -> Iterator[Any]:
        start = self._text.peek()
        if start == "[":
            self._note(self.arrays, here)
            yield from self._array(rest, name, here, keep, deeper)
        elif deeper and self._is_marked():
            yield from self._marked(rest, name, here, keep, deeper - 1)
        elif start == "{" and rest != "" and deeper:
            inner: dict[str, Any] = {}
            self._keep(keep, name, inner)
            yield from self._object(rest, here, inner, deeper - 1)
        else:
            self._single(rest, name, here, keep)

    def _single(self, rest: str | None, name: str, here: str, keep: dict[str, Any], kind: str = "") -> None:
        """Read and keep one value, which is no list; ``kind`` is its type in JSON by XDTO."""
        value = self._plain({TYPE: kind, VALUE: self._text.value()}) if kind else self._plain(self._text.value())
        self._keep(keep, name, value)
        if rest == "":
            self._note(self.instead, f"{one_line(here)} is {'null' if value is None else 'no list'}")

    def _array(self, rest: str | None, name: str, here: str, keep: dict[str, Any], deeper: int) -> Iterator[Any]:
        if rest and deeper:
            yield from self._all(rest, here, deeper - 1)
            return
        self._text.take("[")
        start = self._text.peek()
        if rest == "" or (not self._named and start == "{"):
            yield from self._items_of(rest, name, here, keep, self._plain)
            return
        if start == "]" and not self._named:
            self._note(self.empty, here)
        self._pass_over(name, keep, self._items(self._plain))

    def _items_of(
        self, rest: str | None, name: str, here: str, keep: dict[str, Any], convert: Convert
    ) -> Iterator[Any]:
        """Read a list whose bracket is read: the named one, or one of records that nobody named."""
        items = self._items(convert)
        if rest == "":
            self._note(self.lists, here)
            yield from items
        elif self._named:
            self._pass_over(name, keep, items)
        else:
            yield from self._candidate(name, here, keep, items)

    def _candidate(self, name: str, here: str, keep: dict[str, Any], items: Iterator[Any]) -> Iterator[Any]:
        """Give the records of a list that nobody named; of a second one nothing is given, for it is an error."""
        start = list(islice(items, 1))
        if not start:
            self._note(self.empty, here)
            return
        if not isinstance(start[0], dict):  # texts that are marked by XDTO
            self._pass_over(name, keep, chain(start, items))
            return
        first = not self.lists
        self._note(self.lists, here)
        for record in chain(start, items):
            if first:
                yield record

    def _list(self, here: str) -> Iterator[Any]:
        self._note(self.lists, here)
        self._text.take("[")
        yield from self._items(self._plain)

    def _items(self, convert: Convert) -> Iterator[Any]:
        for _ in self._parts("]"):
            yield convert(self._text.value())

    def _parts(self, end: str) -> Iterator[None]:
        """Stop at every part of an array or object; over millions of them a document has no end."""
        for _ in self._text.parts(end):
            self._values += 1
            if self._values > bounds.LARGEST_LIST:
                raise self._text.damaged(f"has no end: more than {bounds.LARGEST_LIST} values")
            yield

    def _all(self, path: str | None, here: str, deeper: int) -> Iterator[Any]:
        """Walk into every item of an array on the way to the list."""
        self._text.take("[")
        for _ in self._parts("]"):
            if self._is_marked():
                yield from self._marked(path, "", here, {}, deeper)
            elif self._text.peek() == "{":
                yield from self._object(path, here, {}, deeper)
            else:
                self._text.value()

    def _is_marked(self) -> bool:
        """Tell whether an object of JSON by XDTO comes next."""
        return self._text.peek() == "{" and MARKED.match(self._text.ahead(_AHEAD)) is not None

    def _plain(self, value: Any) -> Any:
        """Give what a value means. Ordinary records, which are most, cost a look at their names."""
        if not is_marked(value):
            return value
        return self._meant(xdto_value, value)

    def _meant(self, convert: Convert, value: Any) -> Any:
        try:
            return convert(value)
        except ValueError:
            raise self._text.damaged("is nested too deeply") from None

    def _marked(self, rest: str | None, name: str, here: str, keep: dict[str, Any], deeper: int) -> Iterator[Any]:
        """Walk through an object of JSON by XDTO that stands in the field ``name``; "" is the document itself."""
        self._text.take("{")
        kind = ""
        for _ in self._parts("}"):
            mark = self._text.name()
            if mark == TYPE:
                kind = type_of(self._text.value())
            elif mark == VALUE:
                yield from self._value(kind, rest, name, here, keep, deeper)
            else:
                self._text.value()

    def _value(
        self, kind: str, rest: str | None, name: str, here: str, keep: dict[str, Any], deeper: int
    ) -> Iterator[Any]:
        start = self._text.peek()
        if start == "[" and (kind in PAIRED or (not kind and PAIR.match(self._text.ahead(_AHEAD)))):
            yield from self._pairs(rest, here, self._kept(keep, name), deeper)
        elif start == "[":
            yield from self._array(rest, name, here, keep, deeper)
        elif start == "{" and (kind == TABLE or kind in VALUE_LISTS):
            yield from self._rows(rest, name, here, keep)
        elif start == "{" and deeper:  # an object of the configuration: its fields by their names
            yield from self._object(rest, here, self._kept(keep, name), deeper - 1)
        else:
            self._single(rest, name, here, keep, kind)

    def _kept(self, keep: dict[str, Any], name: str) -> dict[str, Any]:
        """Give where the fields of a record are kept: in the document's own, or in a new one by its name."""
        if not name:
            return keep
        inner: dict[str, Any] = {}
        self._keep(keep, name, inner)
        return inner

    def _pairs(self, rest: str | None, here: str, keep: dict[str, Any], deeper: int) -> Iterator[Any]:
        """Walk through a Structure or a Map: ``[{"name": …, "Value": …}, …]``."""
        self._text.take("[")
        for _ in self._parts("]"):
            if self._text.peek() == "{":
                yield from self._pair(rest, here, keep, deeper)
            else:
                self._text.value()

    def _pair(self, rest: str | None, here: str, keep: dict[str, Any], deeper: int) -> Iterator[Any]:
        self._text.take("{")
        name = ""
        for _ in self._parts("}"):
            part = self._text.name()
            if part in NAMES:
                name = str(self._meant(key_text, self._text.value()))
            elif part == "Value":
                below = f"{here}.{name}" if here else name
                yield from self._field(_rest(rest, name), name, below, keep, deeper)
            else:
                self._text.value()

    def _rows(self, rest: str | None, name: str, here: str, keep: dict[str, Any]) -> Iterator[Any]:
        """Walk through a ValueTable (``column`` and ``row``) or a list of values (``item``)."""
        self._text.take("{")
        columns: list[str] = []
        for _ in self._parts("}"):
            part = self._text.name()
            if part == "column":
                columns = self._meant(column_names, self._text.value())
            elif part in {"row", "item"} and self._text.peek() == "[":
                self._text.take("[")
                convert = self._row_of(columns) if part == "row" else self._list_item
                yield from self._items_of(rest, name, here, keep, convert)
            else:
                self._text.value()

    def _row_of(self, columns: list[str]) -> Convert:
        return lambda row: self._meant(lambda cells: table_row(cells, columns), row)

    def _list_item(self, item: Any) -> Any:
        return self._plain(list_item(item))

    def _pass_over(self, name: str, keep: dict[str, Any], items: Iterator[Any]) -> None:
        """Read an array that is not the list, and keep its beginning."""
        sample: list[Any] = []
        for value in items:
            if len(sample) < _LIST_SAMPLE:
                sample.append(value)
        self._keep(keep, name, sample)

    def _keep(self, keep: dict[str, Any], name: str, value: Any) -> None:
        if self._room and not (isinstance(value, str) and len(value) > _LONGEST_KEPT):
            self._room -= 1
            keep[name] = value

    def _note(self, notes: dict[str, None], text: str) -> None:
        if len(notes) < _LIST_SAMPLE:
            notes[text] = None


def _rest(path: str | None, name: str) -> str | None:
    """Give the path that is left below a field: "" when the field is its end, None when it leads elsewhere."""
    if path is None or not path.startswith(name):
        return None
    rest = path[len(name) :]
    return rest.removeprefix(".") if rest == "" or rest.startswith(".") else None
