"""The rows of CSV as Excel, 1C and others write it: the delimiter found out, quotes read strictly."""

import csv
import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from astsync.errors import SourceBadAnswer, SourceError
from astsync.language import counted, joined, say
from astsync.sources.file.section import FileConfig
from astsync.sources.file.table import HEADER_WITHIN, Columns, Finder, Line
from astsync.text import one_line

logger = logging.getLogger(__name__)

LONGEST_LINE = 1 << 20
"""Characters of a line; Python's csv bounds a field to 131,072."""

_DELIMITERS = ";,\t|"
_SAMPLE = 3 * HEADER_WITHIN
_QUOTES = say(
    'Double the quotes inside quoted values, or write quote = "" in [source.file] when the file quotes nothing.'
)
_IN_QUOTES = say("A value that holds the delimiter must stand in quotes.")
_NEVER_CLOSED = say("A quote is never closed.")


class CsvRows:
    """The rows of one CSV file, each with the line that it ends on and cells without outer blanks.

    ``delimiter`` is the configured one, that of a first line ``sep=;``, or the one with which the columns are found.
    """

    def __init__(self, lines: Iterator[str], name: str, config: FileConfig) -> None:
        self._name, self._quote = name, config.quote
        self._line = 0
        self._ended = True
        start = list(islice(lines, _SAMPLE))
        separator = _separator(start[0]) if start else ""
        if separator:
            start, self._line = start[1:], 1
        self.delimiter = config.delimiter or separator or self._delimiter(start, Finder(config.fields, name))
        self._lines = chain(start, lines)

    def __iter__(self) -> Iterator[Line]:
        """The rows. Raises SourceBadAnswer that names the line where quotes are wrong or never closed."""
        try:
            for cells in self._reader(self._watched(), self.delimiter):
                yield self._line, list(map(str.strip, cells))
        except csv.Error as error:
            raise self._told(error) from None

    def even(self, columns: Columns, rows: Iterable[Line]) -> Iterator[Line]:
        """Pass on the rows below the header that fit it; a row may leave out its last cells.

        Raises SourceBadAnswer for a row with more: its cells would stand in wrong columns; and for a last row that is
        cut.
        """
        width = len(columns.header)
        last: Sequence[str] = ()
        for line, cells in rows:
            if len(cells) > width and any(cells[width:]):
                words = counted(
                    "line {line} of {file} has {count:,} value, the header has {width:,}",
                    "line {line} of {file} has {count:,} values, the header has {width:,}",
                    len(cells),
                    line=line,
                    file=self._name,
                    width=width,
                )
                raise SourceBadAnswer(words, hint=joined(" ", (_IN_QUOTES, _QUOTES)))
            yield line, cells
            last = cells
        if not self._ended and len(last) < width and any(last):
            raise SourceBadAnswer(
                say(
                    "line {line}, the last of {file}, is cut: it has {held:,} of {width:,} values and no end",
                    line=self._line,
                    file=self._name,
                    held=len(last),
                    width=width,
                ),
                hint=say("Export it again: the file is not whole."),
            )
        if not self._ended:
            logger.warning(
                "the last line of %s has no end: if the file is cut, its last value is too; end it with a line break",
                self._name,
            )

    def _delimiter(self, start: list[str], finder: Finder) -> str:
        # Phones are separated by commas and semicolons too. Only the right delimiter gives the columns of the header.
        def worth(delimiter: str) -> tuple[bool, int]:
            first = self._sampled(start, delimiter)
            return _has_header(finder, first), max((len(cells) for _, cells in first), default=0)

        return max(_DELIMITERS, key=worth)

    def _sampled(self, start: list[str], delimiter: str) -> list[Line]:
        """The first rows as far as they can be read: a sample may end within quotes."""
        first: list[Line] = []
        try:
            for cells in islice(self._reader(start, delimiter), HEADER_WITHIN):
                first.append((len(first) + 1, cells))
        except csv.Error:
            pass
        return first

    def _reader(self, lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
        if not self._quote:
            return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)
        return csv.reader(lines, delimiter=delimiter, quotechar=self._quote, strict=True)

    def _watched(self) -> Iterator[str]:
        """Pass the lines on, count them, and keep in mind whether the last one was ended."""
        for line in self._lines:
            self._line += 1
            self._ended = line.endswith(("\n", "\r"))
            yield line

    def _told(self, error: csv.Error) -> SourceBadAnswer:
        if "unexpected end" in str(error):
            return SourceBadAnswer(
                say("{file} ends within a quoted value: it is cut, or a quote is never closed", file=self._name),
                hint=joined(" ", (say("Export it again."), _QUOTES)),
            )
        if "field larger" in str(error):
            return SourceBadAnswer(
                say(
                    "line {line} of {file} stands in a value of more than {limit:,} characters",
                    line=self._line,
                    file=self._name,
                    limit=csv.field_size_limit(),
                ),
                hint=joined(" ", (_NEVER_CLOSED, _QUOTES)),
            )
        why = one_line(str(error))
        return SourceBadAnswer(
            say("line {line} of {file} is no CSV: {why}", line=self._line, file=self._name, why=why), hint=_QUOTES
        )


def _separator(line: str) -> str:
    """The delimiter that Excel's own first line names: ``sep=;``."""
    text = line.strip("\ufeff\r\n")
    return text[4] if len(text) == 5 and text.lower().startswith("sep=") else ""


def _has_header(finder: Finder, first: list[Line]) -> bool:
    """Whether the header is among the first rows, in one line or in two."""
    if any(_is_header(finder, row) for row in first):
        return True
    return any(finder.two_lines(first[at : at + 2]) is not None for at in range(len(first)))


def _is_header(finder: Finder, row: Line) -> bool:
    try:
        return finder.columns(*row) is not None
    except SourceError:  # two columns can be one field: columns they are
        return True
