"""A JSON document of any size, its one list read record by record in constant memory.

The decoder of the standard library reads one value at a given place, and says where that value ends. With it the
document is walked down to the list; then each record is one call. Over 80 MB this was as fast as orjson or ijson. It
accepts the control characters and half surrogate pairs that come from users' data. What stands around the list is kept
too (the next cursor, the text of an error).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from astsync.errors import SourceBadAnswer, SourceQueryError
from astsync.language import joined, say
from astsync.sources.formats.error_fields import in_words, refuse_error
from astsync.sources.formats.field_names import name_fields
from astsync.sources.formats.json_finder import ListFinder
from astsync.sources.formats.json_text import JsonText
from astsync.text import listed, one_line

_NAME_LIST = say('Name the path to the list of counterparties in the key list of the source, such as "data.items".')
_NO_PATH = say("It is itself a list: leave the key list of the source empty.")


class JsonList:
    """The list of records in one JSON document.

    ``path`` leads to it: names with dots between them; a list on the way means all its items. "" means the document
    itself, or the one list of records that it holds. ``where`` names the document in messages, ``cure`` is the hint
    where it is damaged. ``answer`` is complete once the list is read.
    """

    def __init__(self, chunks: Iterable[bytes], path: str, where: str, cure: str) -> None:
        self._text = JsonText(chunks, where, cure)
        self._path = path
        self._where = where
        self._finder = ListFinder(self._text, path)

    @property
    def answer(self) -> Mapping[str, Any]:
        """What stands around the list; only its beginning where that is much."""
        return self._finder.answer

    @property
    def cut(self) -> bool:
        """Whether a part of the document may be missing. Then it may be whole the next time."""
        return self._text.cut

    @property
    def found(self) -> str:
        """The path of the list that was read; "" for the document itself. Known once the list is read."""
        return next(iter(self._finder.lists or self._finder.empty), "")

    def __iter__(self) -> Iterator[Any]:
        """Read every item of the list.

        Raises SourceBadAnswer when the document is damaged or holds no list, SourceQueryError when it holds several
        lists and ``path`` names none, SourceFailure when it tells of an error.
        """
        start = self._text.peek()
        if not start:
            raise self._text.damaged(say("{where} is empty", where=self._where))
        yield from self._finder.document(start)
        if self._text.peek():
            raise self._text.damaged(say("{where} goes on after the end of its JSON", where=self._where))
        self._check()

    def _check(self) -> None:
        refuse_error(self.answer, self._where)
        if len(self._finder.lists) > 1 and not self._path:
            words = say("{where} holds several lists: {lists}", where=self._where, lists=listed(self._finder.lists))
            raise SourceQueryError(words, hint=_NAME_LIST)
        if not self._finder.lists and not self._finder.empty:
            raise self._no_list()

    def _no_list(self) -> SourceBadAnswer:
        hint: str = _NAME_LIST
        if self._finder.itself:
            hint = _NO_PATH
        elif self._finder.arrays:
            hint = joined(" ", (hint, name_fields(self._finder.arrays, [self._path], "lists")))
        return SourceBadAnswer(self._no_list_words(), hint=hint)

    def _no_list_words(self) -> str:
        where, path = self._where, one_line(self._path)
        if not path:
            words = say("{where} holds no list of records", where=where)
            return joined(": ", (words, in_words(self.answer))) if self.answer else words
        if not self._finder.instead:
            return say("{where} holds no list at {path}", where=where, path=path)
        instead = joined("; ", self._finder.instead)
        return say("{where} holds no list at {path} ({instead})", where=where, path=path, instead=instead)
