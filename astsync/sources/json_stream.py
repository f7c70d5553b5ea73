"""A JSON document of any size, its one list read record by record in constant memory.

The standard library's own decoder reads one value from where it is told to and says where that value ends: with it the
document is walked down to the list, and each record is one call. Over 80 MB this was as fast as orjson or ijson are, it
forgives the control characters and half surrogate pairs that come from users' data, and what stands around the list is
kept as well (the next cursor, an error's words).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from astsync.errors import SourceBadAnswer, SourceFailure, SourceQueryError
from astsync.sources.json_text import SERVICE_CURE, JsonText
from astsync.sources.onec.words import clean
from astsync.sources.records.reader import LARGEST_LIST, name_fields

_DEEPEST = 20
_MANY_KEPT = 500
_LONGEST_KEPT = 64 * 1024
_LIST_SAMPLE = 20
_ERROR = re.compile(r"error|exception|ошибка|исключение", re.IGNORECASE)
_NO_ERROR = {"", "0", "ok", "none", "null", "no", "нет", "success", "false"}
_NAME_LIST = 'Name the path to the list of counterparties in the key list of the source, such as "data.items".'


class JsonList:
    """The list of records in one JSON document.

    ``path`` leads to it (names with dots between; a list on the way means all its items); "" means the document itself
    or the one list of records that it holds. ``where`` names the document in messages, ``cure`` tells what to do where
    it is damaged. ``answer`` holds, once the list is read, what stands around it.
    """

    def __init__(self, chunks: Iterable[bytes], path: str, where: str, cure: str = SERVICE_CURE) -> None:
        self._text = JsonText(chunks, where, cure)
        self._path = path
        self._where = where
        self._finder = _Finder(self._text, path)

    @property
    def answer(self) -> Mapping[str, Any]:
        """What stands around the list, in part when it is much."""
        return self._finder.answer

    @property
    def cut(self) -> bool:
        """Whether the document could not be read because a part of it may be missing: it may be whole next time."""
        return self._text.cut

    @property
    def found(self) -> str:
        """The path of the list that was read; "" for the document itself. Known once the list is read."""
        return next(iter(self._finder.lists or self._finder.empty), "")

    def __iter__(self) -> Iterator[Any]:
        """Give every item of the list.

        Raises SourceBadAnswer when the document is damaged or holds no list, SourceQueryError when it holds several
        and none is named, SourceFailure when it tells of an error.
        """
        start = self._text.peek()
        if not start:
            raise self._text.damaged("is empty")
        yield from self._finder.document(start)
        if self._text.peek():
            raise self._text.damaged("goes on after the end of its JSON")
        self._check()

    def _check(self) -> None:
        told = next((value for key, value in self.answer.items() if _ERROR.fullmatch(key) and _tells(value)), None)
        if told is not None:
            raise SourceFailure(
                f"{self._where} tells of an error: {_words(told)}", hint="The text is the service's own: mend it there."
            )
        if len(self._finder.lists) > 1 and not self._path:
            raise SourceQueryError(
                f"{self._where} holds several lists: {', '.join(map(clean, self._finder.lists))}", hint=_NAME_LIST
            )
        if not self._finder.lists and not self._finder.empty:
            raise self._no_list()

    def _no_list(self) -> SourceBadAnswer:
        at = f" at {clean(self._path)}" if self._path else " of records"
        found = f" ({'; '.join(self._finder.instead)})" if self._finder.instead else ""
        said = "" if self._path or not self.answer else f": {_words(self.answer)}"
        hint = _NAME_LIST
        if self._finder.itself:
            hint = "It is itself a list: leave the key list of the source empty."
        elif self._finder.arrays:
            hint += " " + name_fields(self._finder.arrays, [self._path]).replace("fields", "lists")
        return SourceBadAnswer(f"{self._where} holds no list{at}{found}{said}", hint=hint)


class _Finder:
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
        elif start == "{" and rest != "" and deeper:
            inner: dict[str, Any] = {}
            self._keep(keep, name, inner)
            yield from self._object(rest, here, inner, deeper - 1)
        else:
            value = self._text.value()
            self._keep(keep, name, value)
            if rest == "":
                self._note(self.instead, f"{clean(here)} is {'null' if value is None else 'no list'}")

    def _array(self, rest: str | None, name: str, here: str, keep: dict[str, Any], deeper: int) -> Iterator[Any]:
        if rest == "":
            yield from self._list(here)
        elif rest and deeper:
            yield from self._all(rest, here, deeper - 1)
        else:
            self._text.take("[")
            start = "" if self._named else self._text.peek()
            if start == "{":
                yield from self._candidate(here)
                return
            if start == "]":
                self._note(self.empty, here)
            self._pass_over(name, keep)

    def _candidate(self, here: str) -> Iterator[Any]:
        """Read a list of records that nobody named; of a second one nothing is given, for it is an error."""
        first = not self.lists
        self._note(self.lists, here)
        for record in self._items():
            if first:
                yield record

    def _list(self, here: str) -> Iterator[Any]:
        self._note(self.lists, here)
        self._text.take("[")
        yield from self._items()

    def _items(self) -> Iterator[Any]:
        for _ in self._parts("]"):
            yield self._text.value()

    def _parts(self, end: str) -> Iterator[None]:
        """Stop at every part of an array or object; over millions of them a document has no end."""
        for _ in self._text.parts(end):
            self._values += 1
            if self._values > LARGEST_LIST:
                raise self._text.damaged(f"has no end: more than {LARGEST_LIST} values")
            yield

    def _all(self, path: str | None, here: str, deeper: int) -> Iterator[Any]:
        """Walk into every item of an array on the way to the list."""
        self._text.take("[")
        for _ in self._parts("]"):
            if self._text.peek() == "{":
                yield from self._object(path, here, {}, deeper)
            else:
                self._text.value()

    def _pass_over(self, name: str, keep: dict[str, Any]) -> None:
        """Read the rest of an array that is not the list, and keep its beginning."""
        sample: list[Any] = []
        for value in self._items():
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


def _tells(value: object) -> bool:
    """Tell whether the field error holds one; many services write it also where all is well."""
    if isinstance(value, str):
        return value.strip().casefold() not in _NO_ERROR
    return bool(value)


def _words(value: object) -> str:
    """Give the texts of a value, of an error's fields for example, in one line."""
    return clean(" ".join(_texts(value, 5))) or "without words"


def _texts(value: object, deeper: int) -> Iterator[str]:
    if isinstance(value, str | int | float):
        yield str(value)[:1000]
    elif isinstance(value, Mapping) and deeper:
        for key, inner in value.items():
            yield f"{key}:"
            yield from _texts(inner, deeper - 1)
    elif isinstance(value, list) and deeper:
        for inner in value[:5]:
            yield from _texts(inner, deeper - 1)
