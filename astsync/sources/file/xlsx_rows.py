"""The rows of one sheet of an XLSX file, by openpyxl: values alone, a row at a time."""

import logging
import warnings
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from datetime import date, time, timedelta
from itertools import islice
from typing import IO, Any
from zipfile import BadZipFile

from astsync.errors import SourceBadAnswer, SourceQueryError
from astsync.sources.file.table import Line
from astsync.sources.file.xlsx_archive import Archive, SheetEnd, SheetStream, TooLarge
from astsync.text import one_line

logger = logging.getLogger(__name__)

STYLES = "xl/styles.xml"
LAST_ROW = 1_048_576
"""Excel's last row; what is numbered higher is no sheet."""

MOST_CELLS = 16_384
"""Excel's columns: no row has more cells."""

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ITEM, _TEXT = f"{_MAIN}si", f"{_MAIN}t"
_PARTS = {_TEXT, f"{_MAIN}r"}  # the others say how to pronounce

_BATCH = 500
_BROKEN = (
    BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ArithmeticError,
    AttributeError,
    LookupError,
    SyntaxError,
    TypeError,
    ValueError,
    RuntimeError,
)
"""What openpyxl and zipfile raise on files that are damaged, encrypted or were never XLSX."""


class Workbook:
    """An XLSX file: its visible sheets in their order, and the rows of one.

    Raises SourceBadAnswer: no XLSX, damaged, cut, with a document type, or too large when unpacked.
    """

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._name = name
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of parts that are not read
                self._load(stream)
        except _BROKEN as error:
            raise self._damaged(error) from None

    def _load(self, stream: IO[bytes]) -> None:
        from openpyxl.reader.excel import ExcelReader

        stream.seek(0)
        self._archive = Archive(stream)
        reader = ExcelReader(stream, read_only=True, data_only=True, keep_links=False)
        reader.archive = self._archive  # what bounds each part
        reader.read_manifest()
        reader.read_workbook()
        self._read_styles(reader.wb)
        self._book: Any = reader.wb
        self._strings = self._shared_strings(reader.package)
        found = [(sheet, rel) for sheet, rel in reader.parser.find_sheets() if "chartsheet" not in rel.Type]
        self._paths = {sheet.name: rel.target for sheet, rel in found}
        self.sheets = tuple(sheet.name for sheet, _ in found if sheet.state == "visible")

    def _shared_strings(self, package: Any) -> "_Strings":
        """Read the texts of all sheets: several times faster than openpyxl, which makes objects of all formats."""
        from openpyxl.xml.constants import SHARED_STRINGS
        from openpyxl.xml.functions import iterparse

        part = package.find(SHARED_STRINGS)
        if part is None:
            return _Strings(())
        with self._archive.strings(part.PartName[1:]) as stream:
            return _Strings(_texts(iterparse(stream, ("start", "end")), stream.item_done))

    def _read_styles(self, book: Any) -> None:
        """Read which formats are dates; many programs write styles that openpyxl does not take."""
        from openpyxl.styles.stylesheet import apply_stylesheet

        if STYLES in self._archive.namelist():
            self._archive.read(STYLES)  # its bounds hold
        try:
            apply_stylesheet(self._archive, book)
        except _BROKEN:
            logger.debug("the styles of %s cannot be read: dates count as numbers", self._name)

    def sheet(self, wanted: str) -> str:
        """Give the name of the wanted sheet, or of the first visible one. Raises SourceQueryError that lists them."""
        if not wanted and self.sheets:
            return self.sheets[0]
        folded = wanted.strip().casefold()
        found = [name for name in self._paths if name.strip().casefold() == folded]
        if not found:
            raise SourceQueryError(
                f"{self._name} has no {f'sheet {one_line(wanted)}' if wanted else 'visible sheet'}",
                hint=f"Name one in source.file.sheet: {', '.join(map(one_line, self._paths)) or 'there is none'}.",
            )
        return found[0]

    def rows(self, sheet: str) -> Iterator[Line]:
        """Give the rows that are there, with their numbers. Raises SourceBadAnswer when the sheet is damaged."""
        try:
            with self._archive.sheet(self._paths[sheet]) as stream:
                rows = self._parsed(stream)
                while batch := _batch(rows):
                    yield from batch
        except _BROKEN as error:
            raise self._damaged(error) from None

    def _parsed(self, stream: SheetStream) -> Iterator[Line]:
        from openpyxl.worksheet._reader import WorkSheetParser

        book = self._book
        dates = {"date_formats": book._date_formats, "timedelta_formats": book._timedelta_formats}
        parser = WorkSheetParser(stream, self._strings, data_only=True, epoch=book.epoch, **dates)
        try:
            for number, cells in parser.parse():
                if number > LAST_ROW:
                    raise TooLarge(f"it has a row {number}")
                if len(cells) > MOST_CELLS:
                    raise TooLarge(f"its row {number} has {len(cells)} cells")
                stream.row_done()
                yield number, _values(cells)
        except SheetEnd:
            return
        raise EOFError("the data of the sheet does not end")

    def _damaged(self, error: Exception) -> SourceBadAnswer:
        if isinstance(error, TooLarge):
            return SourceBadAnswer(
                f"{self._name} is too large when it is unpacked: {error}", hint="Export only the list, as XLSX or CSV."
            )
        return SourceBadAnswer(
            f"{self._name} is no whole XLSX file: {one_line(str(error)) or type(error).__name__}",
            hint="Save it again in Excel or LibreOffice as an Excel workbook (.xlsx) without a password, or as CSV.",
        )


class _Strings:
    """The table of strings as one block of UTF-8: a million rows have millions of them, and objects are large."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._block = bytearray()
        self._ends = array("Q", (0,))
        for text in texts:
            self._block += text.encode()
            self._ends.append(len(self._block))

    def __getitem__(self, place: int) -> str:
        if place < 0:
            raise IndexError("there are no strings before the first")
        return self._block[self._ends[place] : self._ends[place + 1]].decode()


def _batch(rows: Iterator[Line]) -> list[Line]:
    """Take some rows with warnings shut (of impossible dates): over a yield those of others would be shut too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(islice(rows, _BATCH))


def _texts(events: Iterator[tuple[str, Any]], done: Callable[[], None]) -> Iterator[str]:
    """Give the text of each item of the table of strings, its own or those of its runs; ``done`` is told of each."""
    _, root = next(events)
    for event, element in events:
        if event == "end" and element.tag == _ITEM:
            yield "".join(
                part.text or "" if part.tag == _TEXT else part.findtext(_TEXT, "")
                for part in element
                if part.tag in _PARTS
            )
            root.clear()  # else a million empty elements stay
            done()


def _values(cells: list[dict[str, Any]]) -> list[Any]:
    """Give the values at their places; dates and errors of formulas are no texts that anything is made of."""
    values: list[Any] = [None] * max((cell["column"] for cell in cells), default=0)
    for cell in cells:
        value = cell["value"]
        if cell["data_type"] != "e" and not isinstance(value, date | time | timedelta):
            values[cell["column"] - 1] = value.strip() if isinstance(value, str) else value
    return values
