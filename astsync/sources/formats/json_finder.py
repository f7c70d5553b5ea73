"""The way through a JSON document to its one list of records. What stands around the list is kept.

Objects of JSON by XDTO (``xdto_json``) are walked as what they stand for: the properties of a Structure are fields, the
rows of a ValueTable are records. So a list inside such an object is read record by record too.
"""

from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any, NamedTuple

from astsync.language import say
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
"""Characters that are enough to recognise an object of JSON by XDTO."""

Convert = Callable[[Any], Any]


class _Place(NamedTuple):
    """A value of the document that is to be read.

    ``rest`` is the path that leads on from here to the list: "" is the list itself, None is a place beside that way.
    ``path`` leads from the document to this place, for messages. ``name`` is the field of this place, "" for the
    document; ``keep`` is the record around it. ``deeper`` counts the levels that may follow.
    """

    rest: str | None
    path: str
    name: str
    keep: dict[str, Any]
    deeper: int

    def field(self, name: str, keep: dict[str, Any]) -> "_Place":
        """The place of a field in the object that stands here; ``keep`` is the record of that object."""
        return _Place(_rest(self.rest, name), f"{self.path}.{name}" if self.path else name, name, keep, self.deeper)

    def lower(self) -> "_Place":
        """This place, when one level more is entered."""
        return _Place(self.rest, self.path, self.name, self.keep, self.deeper - 1)


class ListFinder:
    """Walks a document down to its list. The document is read once, from its beginning to its end.

    Where ``path`` is "", the list is the document itself or the one array in it that begins with an object. A second
    array of that kind is an error, but may come at the very end: its records are passed over until then.

    ``itself``: the document is an array, though a path was named. ``answer`` holds the fields around the list,
    ``lists`` the paths of lists of records, ``empty`` those of empty arrays, ``arrays`` those of all arrays in objects.
    ``instead`` says what stands at the named path where that is no array.
    """

    def __init__(self, text: JsonText, path: str) -> None:
        self._text = text
        self._path = path
        self._room = _MANY_KEPT
        self._values = 0  # read one by one so far, records among them
        self.itself = False
        self.answer: dict[str, Any] = {}
        self.lists: dict[str, None] = {}
        self.empty: dict[str, None] = {}
        self.arrays: dict[str, None] = {}
        self.instead: dict[str, None] = {}

    def document(self, start: str) -> Iterator[Any]:
        """Walk through the whole document, whose first character is ``start``, and yield the items of the list."""
        place = _Place(self._path or None, "", "", self.answer, _DEEPEST)
        if start == "[" and not self._path:
            yield from self._list()
        elif start == "[":
            self.itself = True
            yield from self._each(place)
        elif self._is_marked():
            yield from self._marked(place)
        elif start == "{":
            yield from self._object(place, self.answer)
        else:
            self._text.value()

    def _list(self) -> Iterator[Any]:
        self._note(self.lists, "")
        self._text.take("[")
        yield from self._items(self._plain)

    def _object(self, place: _Place, keep: dict[str, Any]) -> Iterator[Any]:
        """Walk through the fields of an object."""
        self._text.take("{")
        for _ in self._parts("}"):
            yield from self._field(place.field(self._text.name(), keep))

    def _field(self, place: _Place) -> Iterator[Any]:
        start = self._text.peek()
        if start == "[":
            self._note(self.arrays, place.path)
            yield from self._array(place)
        elif place.deeper and self._is_marked():
            yield from self._marked(place.lower())
        elif start == "{" and place.rest != "" and place.deeper:
            yield from self._object(place.lower(), self._record(place))
        else:
            self._single(place)

    def _single(self, place: _Place, kind: str = "") -> None:
        """Read and keep one value that is no array. ``kind`` is its type in JSON by XDTO."""
        value = self._plain({TYPE: kind, VALUE: self._text.value()} if kind else self._text.value())
        self._keep(place, value)
        if place.rest == "":
            path = one_line(place.path)
            self._note(self.instead, say("{path} is null", path=path) if value is None else _no_list(path))

    def _array(self, place: _Place) -> Iterator[Any]:
        if place.rest and place.deeper:
            yield from self._each(place.lower())
            return
        self._text.take("[")
        start = self._text.peek()
        if place.rest == "" or (not self._path and start == "{"):
            yield from self._items_of(place, self._plain)
            return
        if start == "]" and not self._path:
            self._note(self.empty, place.path)
        self._pass_over(place, self._items(self._plain))

    def _each(self, place: _Place) -> Iterator[Any]:
        """Walk into every item of an array that the path leads through."""
        self._text.take("[")
        for _ in self._parts("]"):
            if self._is_marked():
                yield from self._marked(place._replace(name="", keep={}))
            elif self._text.peek() == "{":
                yield from self._object(place, {})
            else:
                self._text.value()

    def _items_of(self, place: _Place, convert: Convert) -> Iterator[Any]:
        """Read an array whose bracket was read: the named list, an unnamed list of records, or anything else."""
        items = self._items(convert)
        if place.rest == "":
            self._note(self.lists, place.path)
            yield from items
        elif self._path:
            self._pass_over(place, items)
        else:
            yield from self._candidate(place, items)

    def _candidate(self, place: _Place, items: Iterator[Any]) -> Iterator[Any]:
        """Read an array that may be the list, where no path names one."""
        start = list(islice(items, 1))
        if not start:
            self._note(self.empty, place.path)
            return
        if not isinstance(start[0], dict):  # texts, each written as an object of JSON by XDTO
            self._pass_over(place, chain(start, items))
            return
        first = not self.lists
        self._note(self.lists, place.path)
        for record in chain(start, items):
            if first:
                yield record

    def _items(self, convert: Convert) -> Iterator[Any]:
        for _ in self._parts("]"):
            yield convert(self._text.value())

    def _parts(self, end: str) -> Iterator[None]:
        """Yield before every part of an array or object. A document with millions of parts is refused as endless."""
        for _ in self._text.parts(end):
            self._values += 1
            if self._values > bounds.LARGEST_LIST:
                where, limit = self._text.where, bounds.LARGEST_LIST
                raise self._text.damaged(
                    say("{where} has no end: more than {limit:,} values", where=where, limit=limit)
                )
            yield

    def _is_marked(self) -> bool:
        """Whether an object of JSON by XDTO comes next."""
        return self._text.peek() == "{" and MARKED.match(self._text.ahead(_AHEAD)) is not None

    def _plain(self, value: Any) -> Any:
        """Convert a value if it is JSON by XDTO. Ordinary records, which are most, cost a look at their names."""
        if not is_marked(value):
            return value
        return self._meant(xdto_value, value)

    def _meant(self, convert: Convert, value: Any) -> Any:
        try:
            return convert(value)
        except ValueError:
            raise self._text.too_deep() from None

    def _marked(self, place: _Place) -> Iterator[Any]:
        """Walk through an object of JSON by XDTO."""
        self._text.take("{")
        kind = ""
        for _ in self._parts("}"):
            mark = self._text.name()
            if mark == TYPE:
                kind = type_of(self._text.value())
            elif mark == VALUE:
                yield from self._value(place, kind)
            else:
                self._text.value()

    def _value(self, place: _Place, kind: str) -> Iterator[Any]:
        start = self._text.peek()
        if start == "[" and (kind in PAIRED or (not kind and PAIR.match(self._text.ahead(_AHEAD)))):
            yield from self._pairs(place, self._kept(place))
        elif start == "[":
            yield from self._array(place)
        elif start == "{" and (kind == TABLE or kind in VALUE_LISTS):
            yield from self._rows(place)
        elif start == "{" and place.deeper:  # a catalog item or a document of 1C: an object with fields of its own
            yield from self._object(place.lower(), self._kept(place))
        else:
            self._single(place, kind)

    def _pairs(self, place: _Place, keep: dict[str, Any]) -> Iterator[Any]:
        """Walk through a Structure or a Map: ``[{"name": …, "Value": …}, …]``."""
        self._text.take("[")
        for _ in self._parts("]"):
            if self._text.peek() == "{":
                yield from self._pair(place, keep)
            else:
                self._text.value()

    def _pair(self, place: _Place, keep: dict[str, Any]) -> Iterator[Any]:
        self._text.take("{")
        name = ""
        for _ in self._parts("}"):
            part = self._text.name()
            if part in NAMES:
                name = str(self._meant(key_text, self._text.value()))
            elif part == "Value":
                yield from self._field(place.field(name, keep))
            else:
                self._text.value()

    def _rows(self, place: _Place) -> Iterator[Any]:
        """Walk through a ValueTable (``column`` and ``row``) or a list of values (``item``)."""
        self._text.take("{")
        columns: list[str] = []
        for _ in self._parts("}"):
            part = self._text.name()
            if part == "column":
                columns = self._meant(column_names, self._text.value())
            elif part in {"row", "item"} and self._text.peek() == "[":
                self._text.take("[")
                yield from self._items_of(place, self._row_of(columns) if part == "row" else self._list_item)
            else:
                self._text.value()

    def _row_of(self, columns: list[str]) -> Convert:
        return lambda row: self._meant(lambda cells: table_row(cells, columns), row)

    def _list_item(self, item: Any) -> Any:
        return self._plain(list_item(item))

    def _pass_over(self, place: _Place, items: Iterator[Any]) -> None:
        """Read an array that is not the list; only its beginning is kept."""
        sample: list[Any] = []
        for value in items:
            if len(sample) < _LIST_SAMPLE:
                sample.append(value)
        self._keep(place, sample)

    def _kept(self, place: _Place) -> dict[str, Any]:
        """The record for the fields of the object that stands here; the document's own fields are the answer."""
        return self._record(place) if place.name else place.keep

    def _record(self, place: _Place) -> dict[str, Any]:
        record: dict[str, Any] = {}
        self._keep(place, record)
        return record

    def _keep(self, place: _Place, value: Any) -> None:
        if self._room and not (isinstance(value, str) and len(value) > _LONGEST_KEPT):
            self._room -= 1
            place.keep[place.name] = value

    def _note(self, notes: dict[str, None], text: str) -> None:
        if len(notes) < _LIST_SAMPLE:
            notes[text] = None


def _no_list(path: str) -> str:
    return say("{path} is no list", path=path)


def _rest(path: str | None, name: str) -> str | None:
    """The path that is left below a field: "" where the field is its end, None where it leads elsewhere."""
    if path is None or not path.startswith(name):
        return None
    rest = path[len(name) :]
    return rest.removeprefix(".") if rest == "" or rest.startswith(".") else None
