"""A JSON document of any size, its one list read record by record in constant memory.

The standard library's own decoder reads one value from where it is told to and says where that value ends: with it the
document is walked down to the list, and each record is one call. Over 80 MB this was as fast as orjson or ijson are, it
forgives the control characters and half surrogate pairs that come from users' data, and what stands around the list is
kept as well (the next cursor, an error's words).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from astsync.errors import SourceBadAnswer, SourceQueryError
from astsync.sources.formats.error_fields import in_words, refuse_error
from astsync.sources.formats.field_names import name_fields
from astsync.sources.formats.json_finder import ListFinder
from astsync.sources.formats.json_text import JsonText
from astsync.text import listed, one_line

_NAME_LIST = 'Name the path to the list of counterparties in the key list of the source, such as "data.items".'


class JsonList:
    """The list of records in one JSON document.

    ``path`` leads to it (names with dots between; a list on the way means all its items); "" means the document itself
    or the one list of records that it holds. ``where`` names the document in messages, ``cure`` tells what to do where
    it is damaged. ``answer`` holds, once the list is read, what stands around it.
    """

    def __init__(self, chunks: Iterable[bytes], path: str, where: str, cure: str) -> None:
        self._text = JsonText(chunks, where, cure)
        self._path = path
        self._where = where
        self._finder = ListFinder(self._text, path)

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
        refuse_error(self.answer, self._where)
        if len(self._finder.lists) > 1 and not self._path:
            raise SourceQueryError(f"{self._where} holds several lists: {listed(self._finder.lists)}", hint=_NAME_LIST)
        if not self._finder.lists and not self._finder.empty:
            raise self._no_list()

    def _no_list(self) -> SourceBadAnswer:
        at = f" at {one_line(self._path)}" if self._path else " of records"
        found = f" ({'; '.join(self._finder.instead)})" if self._finder.instead else ""
        said = "" if self._path or not self.answer else f": {in_words(self.answer)}"
        hint = _NAME_LIST
        if self._finder.itself:
            hint = "It is itself a list: leave the key list of the source empty."
        elif self._finder.arrays:
            hint += " " + name_fields(self._finder.arrays, [self._path]).replace("fields", "lists")
        return SourceBadAnswer(f"{self._where} holds no list{at}{found}{said}", hint=hint)
