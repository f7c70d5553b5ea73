"""The rigs of the contract of sources: for each kind a running stand-in with known records, and the source over it."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, Protocol
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from astsync.config import SourceConfig
from astsync.phonebook.numbers.parser import NumberParser
from astsync.sandbox.onec import OneC
from astsync.sandbox.onec.data import Record
from astsync.sandbox.onec.export import Export
from astsync.sandbox.onec.infobase import FLAVOURS
from astsync.sources import SOURCE, Source
from astsync.sources.file.source import FileSource
from astsync.sources.http.source import HttpSource
from astsync.sources.odata.source import ODataSource
from astsync.sources.onec.phone_texts import as_phones, gather
from astsync.sources.soap.source import SoapSource
from astsync.sources.web.retrying import Patience

SECRET = "Пароль-1"
LIST = "hs/astsync/counterparties"
PATIENCE = Patience(first=0, longest=0, deadline=5, sleep=lambda _seconds: None)
Section = dict[str, Any]


class Readable(Protocol):
    """A source, and what it should find."""

    def source(self) -> Source:
        """Make a source that reads the stand-in."""
        ...

    def records(self) -> list[Record]:
        """Give what the source should find, marked for deletion included."""
        ...


class Rig(Protocol):
    """A stand-in of what a kind reads."""

    def source(self, *, password: str = SECRET) -> Source:
        """Make a source that reads the stand-in."""
        ...

    def records(self) -> list[Record]:
        """Give what the source should find, marked for deletion included."""
        ...

    def rename(self, record: Record, name: str) -> None:
        """Rename a counterparty."""
        ...

    def delete(self, record: Record) -> None:
        """Mark a counterparty for deletion."""
        ...

    def stop(self) -> None:
        """Take away what is read."""
        ...


@dataclass
class OneCRig:
    """A running stand-in 1C, asked in the way that the section ``more`` of ``kind`` says."""

    onec: OneC
    kind: str
    more: Section = field(default_factory=dict)

    def source(self, *, password: str = SECRET, timeout: float = 20) -> Source:
        login = {"user": self.onec.user, "password": password if self.onec.user else ""}
        common = {"kind": self.kind, "url": self.onec.url, "timeout": timeout, **login}
        config = SOURCE.model_validate({**common, self.kind: self._section()})
        return _OPENERS[self.kind](config)

    def _section(self) -> Section:
        return {key: value.format(url=self.onec.url) if key == "wsdl" else value for key, value in self.more.items()}

    def records(self) -> list[Record]:
        return self.onec.records()

    def rename(self, record: Record, name: str) -> None:
        self.onec.change(record.item.ref, name=name)

    def delete(self, record: Record) -> None:
        self.onec.change(record.item.ref, deleted=True)

    def stop(self) -> None:
        self.onec.stop()


_OPENERS: Mapping[str, Callable[[SourceConfig], Source]] = {
    "odata": lambda config: ODataSource(config, patience=PATIENCE),
    "soap": lambda config: SoapSource(config, patience=PATIENCE),
    "http": lambda config: HttpSource(config, patience=PATIENCE),
}


@dataclass
class FileRig:
    """A file with the records of a stand-in 1C, written anew when they change."""

    onec: OneC
    file: Path

    def __post_init__(self) -> None:
        self._write()

    def _write(self) -> None:
        _WRITERS[self.file.suffix](self.file, list(exported(self.onec)))

    def source(self, *, password: str = SECRET) -> Source:
        return FileSource(SOURCE.model_validate({"kind": "file", "file": {"path": self.file}}))

    def records(self) -> list[Record]:
        return self.onec.records()

    def rename(self, record: Record, name: str) -> None:
        self.onec.change(record.item.ref, name=name)
        self._write()

    def delete(self, record: Record) -> None:
        self.onec.change(record.item.ref, deleted=True)
        self._write()

    def stop(self) -> None:
        self.file.unlink()


def exported(onec: OneC) -> Iterator[Section]:
    """Give the list as the 1C side of examples/1c exports it."""
    export = Export(onec.base, "Контрагенты")
    return export.records(export.order())


HEAD = ("Ref", "Name", "DeletionMark", "Catalog", "Код", "Kind", "Phones")


def table(records: list[Section]) -> Iterator[list[str]]:
    """Give the list as a table with a row for each phone, written in the first way that holds a number."""
    parser = NumberParser(country="RU")
    for record in records:
        mark = "Да" if record["DeletionMark"] else "Нет"
        for phone in record["Phones"] or [{}]:
            held = gather((phone.get("Presentation", ""), phone.get("Value", "")), digits=phone.get("Number", ""))
            texts = [one.text for one in as_phones(held)]
            text = next((text for text in texts if parser.parse(text).keys), "".join(texts))
            card = [record["Ref"], record["Name"], mark, record["Catalog"], record.get("Code", "")]
            yield [*card, phone.get("Kind", ""), text]


def _write_csv(file: Path, records: list[Section]) -> None:
    text = StringIO(newline="")
    csv.writer(text, delimiter=";").writerows([HEAD, *table(records)])
    file.write_text(text.getvalue(), encoding="utf-8-sig", newline="")


def _write_xlsx(file: Path, records: list[Section]) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in [list(HEAD), *table(records)]:
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", cell) for cell in row])
    book.save(file)


def _write_json(file: Path, records: list[Section]) -> None:
    file.write_text(json.dumps({"Counterparties": records}, ensure_ascii=False), encoding="utf-8")


def _write_lines(file: Path, records: list[Section]) -> None:
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    file.write_text("".join(lines), encoding="utf-8")


def _write_xdto(file: Path, records: list[Section]) -> None:
    file.write_text(json.dumps(_xdto({"Counterparties": records}), ensure_ascii=False), encoding="utf-8")


def _xdto(value: Any) -> Any:
    """Write a value as 1C's СериализаторXDTO does."""
    if isinstance(value, dict):
        pairs = [{"name": _xdto(name), "Value": _xdto(inner)} for name, inner in value.items()]
        return {"#type": "jv8:Structure", "#value": pairs}
    if isinstance(value, list):
        return {"#type": "jv8:Array", "#value": [_xdto(item) for item in value]}
    return {"#type": "jxs:boolean" if isinstance(value, bool) else "jxs:string", "#value": value}


def _write_xml(file: Path, records: list[Section]) -> None:
    file.write_text(f"<Answer>{_element('Counterparties', records)}</Answer>", encoding="utf-8", newline="")


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(_element(key, inner) for key, inner in value.items())}</{name}>"
    text = str(value).lower() if isinstance(value, bool) else ILLEGAL_CHARACTERS_RE.sub("", value)
    return f"<{name}>{escape(text)}</{name}>"


_WRITERS: Mapping[str, Callable[[Path, list[Section]], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
    ".json": _write_json,
    ".jsonl": _write_lines,
    ".xdto": _write_xdto,
    ".xml": _write_xml,
}

_VARIANT = {"wsdl": "{url}/ws/astsync_variants?wsdl", "cache_hours": 0}
_CURSOR = {"by": "cursor", "parameter": "cursor", "size_parameter": "limit", "size": 50, "next": "NextCursor"}
_OFFSET = {"by": "offset", "parameter": "offset", "size_parameter": "limit", "size": 50}
_PAGE = {"by": "page", "parameter": "page", "size_parameter": "limit", "size": 50}
WAYS: Mapping[str, tuple[str, Section]] = {
    "soap": ("soap", {"cache_hours": 0}),
    "soap-one-answer": ("soap", {"cache_hours": 0, "parameters": {"Limit": 0}}),
    "soap-json": ("soap", {**_VARIANT, "operation": "GetCounterpartiesJSON"}),
    "soap-xml": ("soap", {**_VARIANT, "operation": "GetCounterpartiesXML"}),
    "soap-cdata": ("soap", {**_VARIANT, "operation": "GetCounterpartiesCDATA"}),
    "soap-base64": ("soap", {**_VARIANT, "operation": "GetCounterpartiesBase64"}),
    "soap-outputs": ("soap", {**_VARIANT, "operation": "GetCounterpartiesCounted"}),
    "soap-1.2": ("soap", {"cache_hours": 0, "port": "astsyncSoap12"}),
    "http": ("http", {"service": LIST}),
    "http-cursor": ("http", {"service": LIST, "paging": _CURSOR}),
    "http-offset": ("http", {"service": LIST, "paging": _OFFSET}),
    "http-page": ("http", {"service": LIST, "paging": _PAGE}),
    "http-post": ("http", {"service": LIST, "method": "POST", "paging": _CURSOR}),
}
FILES = tuple(f"file-{suffix[1:]}" for suffix in _WRITERS)
ODATA = tuple(f"odata-{name}" for name, flavour in sorted(FLAVOURS.items()) if flavour.contacts)
ALL = (*ODATA, *WAYS, *FILES)
"""Every rig, by its name."""


@contextmanager
def make_rig(name: str, folder: Path, size: int) -> Iterator[Rig]:
    """Start a stand-in 1C of so many counterparties and give the rig of a name of ``ALL``."""
    flavour = name.removeprefix("odata-") if name in ODATA else "ut11"
    with OneC(size, 3, flavour=flavour, password=SECRET, charset="windows-1251") as onec:
        yield rig_over(onec, name, folder)


def rig_over(onec: OneC, name: str, folder: Path) -> Rig:
    """Give the rig of a name over a stand-in that runs."""
    if name in FILES:
        return FileRig(onec, folder / f"list.{name.removeprefix('file-')}")
    if name in ODATA:
        catalogs = {"catalogs": ["Counterparties"]} if onec.flavour.english else {}
        return OneCRig(onec, "odata", {"page_size": 50, **catalogs})
    return OneCRig(onec, *WAYS[name])
