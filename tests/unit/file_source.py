"""What the tests of the file source share: files in many shapes, and reading them."""

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl

from astsync.config import FieldsConfig, SourceConfig
from astsync.finding import Finding
from astsync.phonebook.model import Counterparty
from astsync.sources import open_source
from astsync.sources.file.section import FileConfig
from tests.configs import source_config

ROWS = (
    ("Ссылка", "Наименование", "Телефон"),
    ("01", "ООО Ромашка", "+7 495 555-01-01"),
    ("02", "ИП Ёлкин", "555-01-02"),
)
READ = [("01", "ООО Ромашка", ["+7 495 555-01-01"]), ("02", "ИП Ёлкин", ["555-01-02"])]

_MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPE = (
    b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    b'spreadsheetml.sharedStrings+xml"/></Types>'
)

Short = tuple[str, str, list[str]]


def csv_text(delimiter: str = ";", rows: tuple[tuple[str, ...], ...] = ROWS) -> str:
    return "".join(delimiter.join(row) + "\r\n" for row in rows)


def config(path: Path, fields: dict[str, Any] | None = None, **options: Any) -> SourceConfig:
    if fields is not None:
        options["fields"] = FieldsConfig(**fields)
    return source_config(kind="file", file=FileConfig(path=path, **options))


def pull(path: Path, fields: dict[str, Any] | None = None, **options: Any) -> list[Counterparty]:
    return list(open_source(config(path, fields, **options)).pull())


def short(counterparties: list[Counterparty]) -> list[Short]:
    return [(c.ref, c.name, [text for phone in c.phones for text in phone.texts]) for c in counterparties]


def check(path: Path, fields: dict[str, Any] | None = None, **options: Any) -> list[Finding]:
    return list(open_source(config(path, fields, **options)).check())


def write(folder: Path, data: bytes | str, name: str = "contacts.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode(encoding))
    return path


def _with_shared_strings(path: Path) -> Path:
    """Move the texts of the cells into a part of their own, as Excel and 1C write them; openpyxl leaves them inside."""
    strings: dict[bytes, int] = {}

    def shared(cell: re.Match[bytes]) -> bytes:
        return b' t="s"><v>%d</v></c>' % strings.setdefault(cell[1], len(strings))

    def sheet(data: bytes) -> bytes:
        return re.sub(rb' t="inlineStr"><is>(.*?)</is></c>', shared, data)

    with zipfile.ZipFile(path) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
    repacked(path, dict.fromkeys(sheets, sheet) | {"[Content_Types].xml": lambda d: d.replace(b"</Types>", _TYPE)})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        items = b"".join(b"<si>%s</si>" % item for item in strings)
        archive.writestr("xl/sharedStrings.xml", b'<sst xmlns="%s">%s</sst>' % (_MAIN, items))
    return path


def workbook(
    folder: Path, *sheets: tuple[str, list[list[Any]]], hidden: tuple[str, ...] = (), shared: bool = True
) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
        if title in hidden:
            sheet.sheet_state = "hidden"
    path = folder / "contacts.xlsx"
    book.save(path)
    return _with_shared_strings(path) if shared else path


def repacked(path: Path, change: dict[str, Any], rename: dict[str, str] | None = None) -> Path:
    """Write an XLSX file anew, with parts changed by functions of their bytes and renamed."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr((rename or {}).get(name, name), change[name](data) if name in change else data)
    path.write_bytes(out.getvalue())
    return path
