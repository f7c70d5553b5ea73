"""The parts of an XLSX file within bounds: what is small on the disk may be endless when it is unpacked.

openpyxl parses with defusedxml, which refuses entities; here document types are refused with them.
"""

import io
import re
from typing import IO, Any
from zipfile import ZipFile

LARGEST_PART = 1024**3
"""Bytes of an unpacked sheet; a million rows of ten columns take some 400 MB."""

LARGEST_STRINGS = 512 * 1024**2
"""Bytes of the unpacked table of strings, which is kept in memory."""

LARGEST_ROW = 4 * 1024**2
"""Bytes of one unpacked row of a sheet, or of one item of the table of strings; Excel's cells end at 32,767 letters."""

_WHOLE_PART = 32 * 1024**2
_STRINGS_TAGS = 16_000_000
_WHOLE_TAGS = 1_000_000
_MOST_PARTS = 10_000

_DOCTYPE = re.compile(rb"<\0?!\0?D\0?O\0?C\0?T\0?Y\0?P\0?E", re.IGNORECASE)
_SHEET_END = re.compile(rb"</(?:\w+:)?sheetData\s*>|<(?:\w+:)?sheetData\s*/>")
_ROW = re.compile(rb"<(?:\w+:)?row[\s>/]")
_OVERLAP = 64


class TooLarge(ValueError):
    """A part or a row of an XLSX file that is larger than any true one."""


class SheetEnd(Exception):
    """The data of a sheet has ended; what follows (links, rules of formats) is not read."""


class Archive(ZipFile):
    """A ZIP file whose parts are bounded, whoever opens them."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(stream)
        if len(self.namelist()) > _MOST_PARTS:
            raise TooLarge(f"it has more than {_MOST_PARTS} parts")
        self._names = {name.lower(): name for name in self.namelist()}

    def _named(self, name: str) -> str:
        """Give a part's name as the archive has it: 1C writes SharedStrings.xml and names sharedStrings.xml."""
        return self._names.get(name.lower(), name)

    def read(self, name: Any, pwd: bytes | None = None) -> bytes:
        """Give a small part whole."""
        with super().open(self._named(name), "r", pwd) as part:
            data = part.read(_WHOLE_PART + 1)
        if len(data) > _WHOLE_PART or data.count(b"<") > _WHOLE_TAGS:
            raise TooLarge(f"its part {name} is too large")
        _refuse_doctype(data)
        return data

    def strings(self, path: str) -> "StringsStream":
        """Open the table of strings; its reader calls ``item_done`` after each."""
        return StringsStream(super().open(self._named(path)), path)

    def sheet(self, path: str) -> "SheetStream":
        """Open a sheet; its reader calls ``row_done`` after each row."""
        return SheetStream(super().open(self._named(path)), path)


class StringsStream(io.RawIOBase):
    """The XML of the table of strings. What no item ends (one endless text, nested tags) is bounded as an item is."""

    def __init__(self, part: IO[bytes], name: str) -> None:
        self._part, self._name = part, name
        self._all = self._item = self._tags = 0
        self._before = b""

    def item_done(self) -> None:
        """Start to count the bytes of the next item."""
        self._item = 0

    def read(self, size: int = -1) -> bytes:
        """Give the next bytes. Raises TooLarge, or ValueError for a document type."""
        block = self._part.read(size if size > 0 else 1 << 16)
        self._all += len(block)
        self._item += len(block)
        self._tags += block.count(b"<")
        if self._all > LARGEST_STRINGS or self._tags > _STRINGS_TAGS:
            raise TooLarge(f"its part {self._name} holds too many strings")
        if self._item > LARGEST_ROW:
            raise TooLarge(f"an item of its part {self._name} is larger than {LARGEST_ROW // 1024**2} MiB")
        _refuse_doctype(self._before + block)
        self._before = block[-_OVERLAP:]
        return block

    def close(self) -> None:
        """Close the part."""
        self._part.close()
        super().close()


class SheetStream(io.RawIOBase):
    """The XML of a sheet until its data ends; then ``SheetEnd``, after a look at the rest."""

    def __init__(self, part: IO[bytes], name: str) -> None:
        self._part, self._name = part, name
        self._all = self._row = 0
        self._before = b""
        self._over = False

    def row_done(self) -> None:
        """Start to count the bytes of the next row."""
        self._row = 0

    def read(self, size: int = -1) -> bytes:
        """Give the next bytes. Raises SheetEnd, TooLarge, or ValueError for what is no sheet."""
        if self._over:
            self._pass_over()
            raise SheetEnd
        block = self._part.read(size if size > 0 else 1 << 16)
        self._count(len(block))
        seen = self._before + block
        _refuse_doctype(seen)
        end = _SHEET_END.search(seen)
        if end is not None:
            self._over = True
            self._no_rows(seen[end.end() :])
        self._before = seen[-_OVERLAP:]
        return block

    def close(self) -> None:
        """Close the part."""
        self._part.close()
        super().close()

    def _count(self, size: int) -> None:
        self._all += size
        self._row += size
        if self._all > LARGEST_PART:
            raise TooLarge(f"its sheet {self._name} is larger than {LARGEST_PART // 1024**3} GiB")
        if self._row > LARGEST_ROW:
            raise TooLarge(f"a row of its sheet {self._name} is larger than {LARGEST_ROW // 1024**2} MiB")

    def _pass_over(self) -> None:
        """Read the rest for its checksum; a row in it would be one that was not read."""
        while block := self._part.read(1 << 20):
            self._all += len(block)
            self._row = 0
            self._count(0)
            self._no_rows(self._before + block)
            self._before = block[-_OVERLAP:]

    def _no_rows(self, data: bytes) -> None:
        if _ROW.search(data):
            raise ValueError("rows stand outside of the data of the sheet")


def _refuse_doctype(data: bytes) -> None:
    if _DOCTYPE.search(data):
        raise ValueError("a document type is not accepted")
