"""JSON text that comes in chunks, read value by value.

Only a window of the document is in memory: what was decoded and not yet read. Values, such as records, are read whole,
so the window always grows to hold the next one.
"""

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from astsync.errors import SourceBadAnswer
from astsync.language import say

LONGEST_VALUE = 4 * 1024 * 1024
"""Characters of one value that is read whole, such as a record; and of blanks between two values."""

_NO_BLANK = re.compile(r"[^ \t\n\r]")
_CLOSING = frozenset('}]"')
_AFTER_VALUE = frozenset(",]}: \t\n\r")
_DECODER = json.JSONDecoder(strict=False)  # control characters in texts are allowed: users paste them


class JsonText:
    """A document and the place up to which it was read. ``where`` names it in messages, ``cure`` is the hint.

    All methods raise SourceBadAnswer when the document is damaged at that place, and what ``chunks`` raises. ``cut``
    then says whether a part of the document may be missing.
    """

    def __init__(self, chunks: Iterable[bytes], where: str, cure: str) -> None:
        self._chunks = iter(chunks)
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()  # a character may be split between two chunks
        self.where = where
        self._cure = cure
        self._text = ""
        self._at = 0
        self._ended = False
        self.cut = False

    def peek(self) -> str:
        """Look at the next character that is no blank, without reading it; "" at the end."""
        blanks = 0
        while True:
            start = _NO_BLANK.search(self._text, self._at)
            if start is not None:
                self._at = start.start()
                return start[0]
            blanks += len(self._text) - self._at
            if blanks > LONGEST_VALUE:
                raise self.damaged(
                    say(
                        "{where} has no end: more than {limit:,} blanks between two values",
                        where=self.where,
                        limit=LONGEST_VALUE,
                    )
                )
            self._at = len(self._text)
            if not self._more():
                return ""

    def ahead(self, size: int) -> str:
        """Look at what comes next, at most ``size`` characters, without reading it."""
        while len(self._text) - self._at < size and self._more():
            pass
        return self._text[self._at : self._at + size]

    def take(self, mark: str) -> None:
        """Read one character, which must be this one."""
        if self.peek() != mark:
            raise self._cut()
        self._at += 1

    def parts(self, end: str) -> Iterator[None]:
        """Yield before every part of an array or object whose first bracket was read. The caller reads the part."""
        if self.peek() == end:
            self._at += 1
            return
        while True:
            yield
            if self.peek() == end:
                self._at += 1
                return
            self.take(",")

    def name(self) -> str:
        """Read the name of a field and its colon."""
        if self.peek() != '"':
            raise self._cut()
        name = self.value()
        self.take(":")
        return str(name)

    def value(self) -> Any:
        """Read one value whole."""
        self.peek()
        while True:
            found = self._decoded()
            if found is None:
                if not self._more():
                    raise self._cut()
                continue
            value, end = found
            length = end - self._at  # a place would be wrong after ``_more``, which moves the window
            if self._is_over(end) or not self._more():
                self._at += length
                return value

    def _cut(self) -> SourceBadAnswer:
        # The decoder's error does not say which of the two it is; the message says both.
        self.cut = True
        return self.damaged(say("{where} is cut or damaged JSON", where=self.where))

    def damaged(self, words: str) -> SourceBadAnswer:
        """The error of a document that cannot be read, to be raised; ``words`` say why."""
        return SourceBadAnswer(words, hint=self._cure)

    def too_deep(self) -> SourceBadAnswer:
        """The error of values that are nested too deeply, to be raised."""
        return self.damaged(say("{where} is nested too deeply", where=self.where))

    def _decoded(self) -> tuple[Any, int] | None:
        """Decode the value here, and find its end; None where the end of the window may cut it."""
        try:
            return _DECODER.raw_decode(self._text, self._at)
        except json.JSONDecodeError:
            return None
        except RecursionError:
            raise self.too_deep() from None
        except ValueError:  # Python refuses whole numbers of more than 4300 digits
            raise self.damaged(say("{where} holds a number that is too long", where=self.where)) from None

    def _is_over(self, end: int) -> bool:
        """Whether a value surely ends at ``end``. A number at the end of the window may have more digits behind it."""
        return self._text[end - 1] in _CLOSING or self._text[end : end + 1] in _AFTER_VALUE

    def _more(self) -> bool:
        """Move the window to this place and read more of the document into it; False at the document's end."""
        # A value that the window cuts is decoded anew from its beginning. So the window at least doubles each time: all
        # attempts on one value together then read no more than about twice its length, however small the chunks are.
        left = self._text[self._at :]
        if len(left) > LONGEST_VALUE:
            raise self.damaged(
                say(
                    "{where} holds a value of more than {limit:,} characters, or is damaged JSON",
                    where=self.where,
                    limit=LONGEST_VALUE,
                )
            )
        parts, got = [left], 0
        while not self._ended and got <= len(left):
            parts.append(self._chunk())
            got += len(parts[-1])
        self._text, self._at = "".join(parts), 0
        return got > 0

    def _chunk(self) -> str:
        chunk = next(self._chunks, None)
        self._ended = chunk is None
        try:
            return self._decoder.decode(chunk or b"", self._ended)
        except UnicodeDecodeError:
            raise SourceBadAnswer(
                say("{where} is not UTF-8", where=self.where),
                hint=say("JSON is UTF-8: in 1C write УстановитьТелоИзСтроки(Текст, КодировкаТекста.UTF8)."),
            ) from None
