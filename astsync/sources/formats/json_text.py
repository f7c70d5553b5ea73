"""JSON text that comes in chunks, read value by value: a window that moves over the document."""

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from astsync.errors import SourceBadAnswer

LONGEST_VALUE = 4 * 1024 * 1024
"""Characters of one value that is read whole, such as a record."""

_NO_BLANK = re.compile(r"[^ \t\n\r]")
_CLOSING = frozenset('}]"')
_AFTER_VALUE = frozenset(",]}: \t\n\r")
_DECODER = json.JSONDecoder(strict=False)


class JsonText:
    """The document, and the place in it up to which it was read. ``where`` names it in messages, ``cure`` is the hint.

    All methods raise SourceBadAnswer when the document is damaged there, and what ``chunks`` raises. ``cut`` tells
    then whether a part of it may be missing.
    """

    def __init__(self, chunks: Iterable[bytes], where: str, cure: str) -> None:
        self._chunks = iter(chunks)
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._where = where
        self._cure = cure
        self._text = ""
        self._at = 0
        self._ended = False
        self.cut = False

    def peek(self) -> str:
        """Give the next character that is no blank, or "" at the end; it stays to be read."""
        while True:
            start = _NO_BLANK.search(self._text, self._at)
            if start is not None:
                self._at = start.start()
                return start[0]
            self._at = len(self._text)
            if not self._more():
                return ""

    def ahead(self, size: int) -> str:
        """Give what comes next, at most ``size`` characters; it stays to be read."""
        while len(self._text) - self._at < size and self._more():
            pass
        return self._text[self._at : self._at + size]

    def take(self, mark: str) -> None:
        """Read past one character that must come now."""
        if self.peek() != mark:
            raise self._cut()
        self._at += 1

    def parts(self, end: str) -> Iterator[None]:
        """Stop at every part of an array or object whose first bracket is read; the caller reads the part."""
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
            length = end - self._at
            if self._is_over(end) or not self._more():
                self._at += length  # the window may have moved
                return value

    def _cut(self) -> SourceBadAnswer:
        self.cut = True
        return self.damaged("is cut or damaged JSON")

    def damaged(self, what: str) -> SourceBadAnswer:
        """Make the error of a document that cannot be read."""
        return SourceBadAnswer(f"{self._where} {what}", hint=self._cure)

    def _decoded(self) -> tuple[Any, int] | None:
        """Decode the value here; None when it may be cut by the end of the window."""
        try:
            return _DECODER.raw_decode(self._text, self._at)
        except json.JSONDecodeError:
            return None
        except RecursionError:
            raise self.damaged("is nested too deeply") from None
        except ValueError:  # Python refuses whole numbers of more than 4300 digits
            raise self.damaged("holds a number that is too long") from None

    def _is_over(self, end: int) -> bool:
        """Tell whether a value ends for sure at ``end``: a number may go on behind the window."""
        return self._text[end - 1] in _CLOSING or self._text[end : end + 1] in _AFTER_VALUE

    def _more(self) -> bool:
        """Widen the window by as much again as is left in it; False at the end of the document.

        A place in the text counts from the window's new beginning afterwards.
        """
        left = self._text[self._at :]
        if len(left) > LONGEST_VALUE:
            raise self.damaged(f"holds a value of more than {LONGEST_VALUE} characters, or is damaged JSON")
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
                f"{self._where} is not UTF-8",
                hint="JSON is UTF-8: in 1C write УстановитьТелоИзСтроки(Текст, КодировкаТекста.UTF8).",
            ) from None
