"""What a file is, told by how it begins and then by its name."""

import re
from pathlib import PurePath
from typing import IO, Literal

from astsync.errors import SourceBadAnswer
from astsync.language import say
from astsync.sources.file.commerceml import ROOT

Shape = Literal["csv", "xlsx", "json", "jsonl", "xml", "commerceml", "vcard"]

_HEAD = 64 * 1024
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", say("an old Excel file (.xls) or one with a password")),
    (b"MOXCEL", say("a spreadsheet document of 1C (.mxl)")),
    (b"%PDF", say("a PDF")),
    (b"{\\rtf", say("an RTF document")),
    (b"\x1f\x8b", say("packed with gzip")),
    (b"7z\xbc\xaf\x27\x1c", say("packed with 7-Zip")),
    (b"Rar!", say("packed with RAR")),
    (b"SQLite format 3\x00", say("an SQLite database")),
)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_HTML = re.compile(rb"\s*<(!doctype\s+html|html|head|body|meta|table|style|div)\b", re.IGNORECASE)
_XML = re.compile(rb"\s*<[^\s<>=\d]")  # the letter may be of any encoding
_EXCEL_2003 = b"urn:schemas-microsoft-com:office:spreadsheet"
# The start is looked at before the encoding is known: the name is sought in each that such files have.
_COMMERCEML = tuple(f"<{ROOT}".encode(encoding) for encoding in ("utf-8", "cp1251", "utf-16-le", "utf-16-be"))
_CARD = re.compile(rb"BEGIN:VCARD\s", re.IGNORECASE)
_NAMED: tuple[Shape, ...] = ("csv", "json", "jsonl", "vcard")
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_SUFFIXES: dict[str, Shape] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "csv",
    ".vcf": "vcard",
}
_SAVE = say("Save it as XLSX (Excel workbook) or as CSV.")


def shape_of(stream: IO[bytes], name: str, wanted: str) -> Shape:
    """A file's format by its content, then its suffix; ``wanted`` is ``source.file.format``.

    Raises SourceBadAnswer when it is of a format that is not read, or not the wanted one.
    """
    stream.seek(0)
    head = stream.read(_HEAD)
    stream.seek(0)
    _refuse_foreign(head, name)
    packed = head.startswith(_ZIP)
    if packed or wanted == "xlsx":
        if not packed or wanted not in {"auto", "xlsx"}:
            raise _other(name, say("a ZIP archive or XLSX") if packed else say("no XLSX"), wanted)
        return "xlsx"
    marked = _XML.match(_plain(head)) is not None
    if marked or wanted in {"xml", "commerceml"}:
        return _xml_shape(head, name, wanted, marked=marked)
    for known in _NAMED:
        if wanted == known:
            return known
    return _text_shape(_plain(head), PurePath(name).suffix.lower())


def _xml_shape(head: bytes, name: str, wanted: str, *, marked: bool) -> Shape:
    if not marked or wanted not in {"auto", "xml", "commerceml"}:
        raise _other(name, "XML" if marked else say("no XML"), wanted)
    if wanted == "xml":
        return "xml"
    return "commerceml" if wanted == "commerceml" or any(start in head for start in _COMMERCEML) else "xml"


def _other(name: str, what: str, wanted: str) -> SourceBadAnswer:
    return SourceBadAnswer(
        say("{file} is {what}, not {wanted}", file=name, what=what, wanted=wanted),
        hint=say('Correct source.file.format, or leave it "auto".'),
    )


def _refuse_foreign(head: bytes, name: str) -> None:
    what: str = next((words for start, words in _FOREIGN if head.startswith(start)), "")
    if not what and _HTML.match(_plain(head)):
        what = say("HTML, whatever its name says")
    if not what and _EXCEL_2003 in _plain(head):
        what = say("a table of Excel 2003 in XML")
    if what:
        raise SourceBadAnswer(say("{file} is {what}", file=name, what=what), hint=_SAVE)


def _plain(head: bytes) -> bytes:
    """The start of a text without its byte order mark and blanks, one byte for each ASCII character also of UTF-16."""
    for mark in _MARKS:
        head = head.removeprefix(mark)
    return head.replace(b"\0", b"").lstrip()


def _text_shape(head: bytes, suffix: str) -> Shape:
    named = _SUFFIXES.get(suffix)
    # CSV may begin with a bracket too: there the suffix decides.
    if named == "vcard" or _CARD.match(head):
        return "vcard"
    if named == "csv" or not head.startswith((b"{", b"[")):
        return "csv" if named != "jsonl" else named
    if named == "jsonl":
        return named
    lines = head.split(b"\n", 2)
    many = len(lines) > 1 and lines[0].rstrip().endswith(b"}") and lines[1].lstrip().startswith(b"{")
    return "jsonl" if many else "json"
