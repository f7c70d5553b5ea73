"""The records of an open file, whatever its format, and what was found out about it on the way.

The larger readers are imported where their format is read.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from astsync.config import FieldsConfig
from astsync.finding import Finding
from astsync.language import joined, say
from astsync.sources.file.content import Content
from astsync.sources.file.csv_rows import LONGEST_LINE, CsvRows
from astsync.sources.file.encoding import encoding_of, text_lines, utf8_blocks
from astsync.sources.file.format import Shape, shape_of
from astsync.sources.file.json_rows import LONGEST_JSON_LINE, json_lines, json_list
from astsync.sources.file.section import FileConfig
from astsync.sources.file.table import Columns, Finder, Line, records
from astsync.text import one_line

Tell = Callable[[Finding], None]

_BLOCK = 1 << 18
_DELIMITERS = {"\t": say("tab")}


@dataclass(frozen=True, slots=True)
class Listing:
    """Records with their places ("line 7"), and the fields to read them by.

    ``sure``: the reference comes from the field of that name. ``checked``: the fields were found in the header.
    """

    records: Iterator[tuple[str, Any]]
    fields: FieldsConfig
    sure: bool = True
    checked: bool = False


def list_of(content: Content, config: FileConfig, tell: Tell) -> Listing:
    """Open the list in a file. ``tell`` is called with its format and all else that is found out.

    Raises SourceError, here and while the records are read.
    """
    shape = shape_of(content.stream, content.name, config.format)
    tell(Finding(say("format"), True, shape))
    if shape == "xlsx":
        return _sheet(content, config, tell)
    if shape in {"xml", "commerceml"}:
        return _xml(content, config, shape)
    encoding = encoding_of(content.stream, content.name, config.encoding)
    tell(Finding(say("encoding"), True, encoding.removesuffix("-sig")))
    if shape == "csv":
        return _csv(content, config, encoding, tell)
    if shape == "json":
        blocks = utf8_blocks(content.stream, content.name, encoding)
        return Listing(_placed("record", json_list(blocks, content.name, config.list)), config.fields)
    lines = text_lines(content.stream, content.name, encoding, LONGEST_JSON_LINE)
    if shape == "vcard":
        from astsync.sources.file.vcards import vcards

        return Listing(_placed("line", vcards(lines, content.name)), config.fields)
    return Listing(_placed("line", json_lines(lines, content.name)), config.fields)


def _xml(content: Content, config: FileConfig, shape: Shape) -> Listing:
    """Read XML: the document itself names its encoding, unless the configuration knows better."""
    from astsync.sources.file.commerceml import commerceml
    from astsync.sources.file.xml_rows import xml_list

    blocks, encoding = iter(lambda: content.stream.read(_BLOCK), b""), None
    if config.encoding:
        wanted = encoding_of(content.stream, content.name, config.encoding)
        blocks, encoding = utf8_blocks(content.stream, content.name, wanted), "utf-8"
    if shape == "commerceml":
        return Listing(_placed("record", commerceml(blocks, content.name, encoding)), config.fields)
    items = xml_list(blocks, content.name, config.list, config.fields, encoding)
    return Listing(_placed("record", items), config.fields)


def _csv(content: Content, config: FileConfig, encoding: str, tell: Tell) -> Listing:
    rows = CsvRows(text_lines(content.stream, content.name, encoding, LONGEST_LINE), content.name, config)
    tell(Finding(say("delimiter"), True, _DELIMITERS.get(rows.delimiter, rows.delimiter)))
    columns, below = Finder(config.fields, content.name).find(rows)
    return _table("line", columns, rows.even(columns, below), tell)


def _sheet(content: Content, config: FileConfig, tell: Tell) -> Listing:
    from astsync.sources.file.xlsx_rows import Workbook

    book = Workbook(content.stream, content.name)
    sheet = book.sheet(config.sheet)
    tell(Finding(say("sheet"), True, joined("", (one_line(sheet),))))  # foreign, though it may be called "list")
    where = say("the sheet {sheet} of {file}", sheet=one_line(sheet), file=content.name)
    columns, below = Finder(config.fields, where).find(book.rows(sheet))
    return _table("row", columns, below, tell)


def _table(word: Literal["line", "row"], columns: Columns, rows: Iterator[Line], tell: Tell) -> Listing:
    told = say("{columns} (line {number})", columns=columns.told(), number=columns.line)
    if word == "row":
        told = say("{columns} (row {number})", columns=columns.told(), number=columns.line)
    tell(Finding(say("columns"), True, told))
    return Listing(_placed(word, records(columns, rows)), columns.fields(), columns.sure, checked=True)


def _placed(word: str, records: Iterator[tuple[int, Any]]) -> Iterator[tuple[str, Any]]:
    for number, record in records:
        yield f"{word} {number}", record
