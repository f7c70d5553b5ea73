"""The rows of one sheet of an XLSX file: values alone, a row at a time.

A reader of our own, over the XML of the standard library. Two libraries were measured beside it with 200,000 rows.
openpyxl's public way takes three to four times the processor time, cannot bound its table of strings, and does not find
a part whose name differs in case. python-calamine takes a third of the time but keeps the whole sheet in memory, skips
the checksums, and a file of 3 kB ends the process: for a value in the last cell of the last row it makes the table of
all cells before.
"""

import posixpath
import re
import zlib
from array import array
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import IO, Any
from xml.etree.ElementTree import Element
from zipfile import BadZipFile

from astsync.errors import SourceBadAnswer, SourceQueryError
from astsync.language import counted, joined, say
from astsync.sources.file.table import Line
from astsync.sources.file.xlsx_archive import LARGEST_PART, LARGEST_STRINGS, Archive, TooLarge
from astsync.sources.formats.growing_xml import ForbiddenXml, local
from astsync.text import error_words, one_line

LAST_ROW = 1_048_576
"""Excel's last row; what is numbered higher is no sheet."""

MOST_CELLS = 16_384
"""Excel's columns: no row has more cells."""

MOST_STRINGS = 8_000_000
"""Items of the table of strings: a million rows of eight texts, none of them twice."""

_DATES = frozenset(map(str, (*range(14, 23), *range(45, 48))))
"""The formats that Excel has built in for dates and times."""

_LONGEST_FORMAT = 255
_UNSHOWN = re.compile(r'".*?"|\[(?!hh?\]|mm?\]|ss?\])[^\]]*\]')
"""Of a format: words in quotation marks, and what stands in brackets but for passed hours, minutes and seconds."""

_DATE_LETTER = re.compile(r"(?<![_\\])[dmhys]", re.IGNORECASE)
_BROKEN = (BadZipFile, zlib.error, EOFError, OSError, ArithmeticError, LookupError, RuntimeError, ValueError)
"""What files raise that are damaged, encrypted or were never XLSX."""


class Workbook:
    """An XLSX file: its visible sheets in their order, and the rows of one.

    Raises SourceBadAnswer: no XLSX, damaged, cut, with a document type, or too large when unpacked.
    """

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._name = name
        try:
            self._load(stream)
        except _BROKEN as error:
            raise self._damaged(error) from None

    def _load(self, stream: IO[bytes]) -> None:
        stream.seek(0)
        self._archive = Archive(stream)
        book = next((path for kind, path in self._related("").values() if kind == "officeDocument"), "xl/workbook.xml")
        related = self._related(book)
        # Some programs relate neither strings nor styles to the workbook; they stand where Excel puts them.
        paths = {"sharedStrings": "xl/sharedStrings.xml", "styles": "xl/styles.xml"} | dict(related.values())
        self._paths: dict[str, str] = {}
        visible = []
        for sheet in self._archive.tree(book).iterfind("{*}sheets/{*}sheet"):
            identifier = next((value for key, value in sheet.items() if local(key) == "id"), "")
            kind, path = related[identifier] if identifier else ("", "")  # old files keep the names of removed sheets
            if kind == "worksheet":
                title = sheet.get("name", "")
                self._paths[title] = path
                visible += [title] if sheet.get("state", "visible") == "visible" else []
        self.sheets = tuple(visible)
        self._dates = self._date_styles(paths["styles"])
        self._strings = _Strings(self._texts(paths["sharedStrings"]))

    def _related(self, part: str) -> dict[str, tuple[str, str]]:
        """The parts that a part ("": the file itself) relates to: their kinds and paths by identifiers."""
        folder, name = posixpath.split(part)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        relations = self._archive.tree(path) if path in self._archive else ()
        return {
            relation.get("Id", ""): (
                relation.get("Type", "").rpartition("/")[2],
                posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/"),
            )
            for relation in relations
            if relation.get("TargetMode") != "External"
        }

    def _date_styles(self, path: str) -> frozenset[str]:
        """The numbers of the styles that show a number as a date or a time."""
        if path not in self._archive:
            return frozenset()
        styles = self._archive.tree(path)
        own = {item.get("numFmtId"): item.get("formatCode", "") for item in styles.iterfind("{*}numFmts/{*}numFmt")}
        formats = [item.get("numFmtId") for item in styles.iterfind("{*}cellXfs/{*}xf")]
        dates = (_is_date(own[item]) if item in own else item in _DATES for item in formats)
        return frozenset(str(number) for number, date in enumerate(dates) if date)

    def _texts(self, path: str) -> Iterator[str]:
        """The texts that the cells of all sheets name by their numbers."""
        if path not in self._archive:
            return
        for number, item in enumerate(self._archive.children(path, LARGEST_STRINGS)):
            if number >= MOST_STRINGS:
                raise TooLarge(say("its part {part} holds too many strings", part=one_line(path)))
            yield _text(item)

    def sheet(self, wanted: str) -> str:
        """The name of the wanted sheet, or of the first visible one. Raises SourceQueryError that lists the sheets."""
        if not wanted and self.sheets:
            return self.sheets[0]
        folded = wanted.strip().casefold()
        found = [name for name in self._paths if name.strip().casefold() == folded]
        if not found:
            words = say("{file} has no visible sheet", file=self._name)
            if wanted:
                words = say("{file} has no sheet {sheet}", file=self._name, sheet=one_line(wanted))
            raise SourceQueryError(words, hint=self._sheets_hint())
        return found[0]

    def _sheets_hint(self) -> str:
        if not self._paths:
            return say("There are no sheets.")
        return say("Name one in source.file.sheet: {sheets}.", sheets=joined(", ", map(one_line, self._paths)))

    def rows(self, sheet: str) -> Iterator[Line]:
        """The rows that are there, with their numbers. Raises SourceBadAnswer when the sheet is damaged."""
        number = 0
        try:
            for row in self._archive.children(self._paths[sheet], LARGEST_PART, "sheetData"):
                number = int(float(row.get("r", number + 1)))  # some programs write 3.0
                if number > LAST_ROW:
                    raise TooLarge(say("it has a row {row}", row=number))
                if len(row) > MOST_CELLS:
                    raise TooLarge(
                        counted(
                            "its row {row} has {count:,} cell",
                            "its row {row} has {count:,} cells",
                            len(row),
                            row=number,
                        )
                    )
                yield number, self._values(row)
        except _BROKEN as error:
            raise self._damaged(error) from None

    def _values(self, row: Element) -> list[Any]:
        """The values at their places; a cell that does not name its place stands behind the one before it."""
        space = row.tag.removesuffix("row")
        values: list[Any] = []
        place = 0
        for cell in row:
            reference = cell.get("r")
            place = _column(reference.strip("$0123456789")) if reference else place + 1
            values.extend([None] * (place - len(values)))
            values[place - 1] = self._value(cell, space)
        return values

    def _value(self, cell: Element, space: str) -> Any:
        """A cell's value, for a formula the one that was counted last; of dates and errors nothing is ever made."""
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return _text(cell.find(f"{space}is"))
        text = cell.findtext(f"{space}v")
        if not text or kind in {"d", "e"}:
            return None
        if kind == "s":
            return self._strings[int(text)]
        if kind == "b":
            return bool(int(text))
        if kind == "n":
            return None if cell.get("s") in self._dates else _number(text)
        return text.strip()

    def _damaged(self, error: Exception) -> SourceBadAnswer:
        if isinstance(error, TooLarge):
            return SourceBadAnswer(
                say("{file} is too large when it is unpacked: {why}", file=self._name, why=error_words(error)),
                hint=say("Export only the list, as XLSX or CSV."),
            )
        words = say("a document type is not accepted") if isinstance(error, ForbiddenXml) else error_words(error)
        return SourceBadAnswer(
            say("{file} is no whole XLSX file: {why}", file=self._name, why=words or type(error).__name__),
            hint=say(
                "Save it again in Excel or LibreOffice as an Excel workbook (.xlsx) without a password, or as CSV."
            ),
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
            raise IndexError(say("there are no strings before the first"))
        return self._block[self._ends[place] : self._ends[place + 1]].decode()


def _text(item: Iterable[Element] | None) -> str:
    """The text of an item: its own or those of its runs. The other elements say how to pronounce it."""
    texts = []
    for part in () if item is None else item:
        kind = local(part.tag)
        if kind == "t":
            texts.append(part.text or "")
        elif kind == "r":
            texts.append(part.findtext(f"{part.tag[:-1]}t", ""))
    return "".join(texts).strip()


def _number(text: str) -> int | float:
    """A number; what is written whole stays whole: a phone may have more digits than a float holds."""
    return float(text) if "." in text or "e" in text.lower() else int(text)


@lru_cache(MOST_CELLS)
def _column(letters: str) -> int:
    """The place of a column, from 1, by its letters."""
    place = 0
    for letter in letters[:4].upper():
        place = place * 26 + int(letter, 36) - 9
    if not 0 < place <= MOST_CELLS or not letters.isalpha():
        raise ValueError(say("there is no column {column}", column=one_line(letters[:4])))
    return place


def _is_date(form: str) -> bool:
    """Whether a format shows a number as a date or a time: it has a letter of those, and not as a word."""
    positive = form[:_LONGEST_FORMAT].partition(";")[0]
    return _DATE_LETTER.search(_UNSHOWN.sub("", positive)) is not None
