"""The plays of formats and files: JSON, XML, tables, cards, workbooks, contact information."""

import io
import zipfile
from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Any, cast

from astsync.phonebook.model import Counterparty, Phone
from astsync.sources.file.content import Content
from astsync.sources.file.listing import list_of
from astsync.sources.file.section import FileConfig
from astsync.sources.formats.json_list import JsonList
from astsync.sources.formats.markup import elements, html_text, html_title
from astsync.sources.formats.xml_list import Sought, XmlList
from astsync.sources.onec.contact_rows import ContactBook
from astsync.sources.onec.metadata_names import ENGLISH, RUSSIAN, MetadataNames, in_trust, phone_like
from astsync.sources.onec.phone_texts import as_phones, gather
from astsync.sources.onec.rows import row_key
from astsync.sources.web.client import read_json
from tests.fuzz.parsers import seeds
from tests.fuzz.parsers.target import WHERE, Play, chance_of, check_counterparty, counterparties, same_in_pieces

_TODAY = date(2026, 3, 1)
_PATHS = ("", "", "Counterparties", "data.items", "d", "Name")


def json_list(data: bytes) -> object:
    chance = chance_of(data)
    path = chance.choice(_PATHS)

    def read(pieces: Iterable[bytes]) -> object:
        found = JsonList(pieces, path, WHERE, "the cure")
        return list(found), found.answer, found.found

    records = cast("tuple[list[object], Any, str]", same_in_pieces(data, chance, read))[0]
    return min(counterparties(records), 3)


def xml_list(data: bytes) -> object:
    chance = chance_of(data)
    path, encoding = (
        chance.choice(("", "", "Counterparties", "Клиент", "Answer.r")),
        chance.choice((None, None, "utf-8")),
    )

    def read(pieces: Iterable[bytes]) -> object:
        sought = Sought(path, "Name", WHERE, "source.http.list", frozenset({"NextCursor"}))
        found = XmlList(pieces, sought, "the cure", encoding)
        return list(found), found.answer

    records = cast("tuple[list[object], Any]", same_in_pieces(data, chance, read))[0]
    return min(counterparties(records), 3)


_SHAPES = ("csv", "json", "jsonl", "xml", "commerceml", "vcard", "xlsx")
_FORCED = [FileConfig.model_validate({"path": "x", "format": shape}) for shape in _SHAPES]
_CSV = [
    FileConfig.model_validate({"path": "x", **options})
    for options in (
        {}, {"delimiter": ";"}, {"quote": ""}, {"encoding": "cp866"}, {"encoding": "utf-16-le"},
        {"fields": {"name": "Контрагент", "phones": ["Рабочий", "Мобильный"]}}, {"list": "Counterparties"},
    )
]  # fmt: skip


def file_named(suffix: str) -> Play:
    def play(data: bytes) -> object:
        chance = chance_of(data)
        config = chance.choice(_CSV if chance.random() < 0.8 else _FORCED)
        content = Content(io.BytesIO(data), f"x.{suffix}", len(data))
        told: list[str] = []
        listing = list_of(content, config, lambda finding: told.append(finding.words))
        count = counterparties((record for _place, record in listing.records), listing.fields)
        return told[0], min(count, 3)

    return play


@cache
def _workbook() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(seeds.workbooks()[0])) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def xlsx_part(data: bytes) -> object:
    """Put a part of a workbook into a good one; the first line names it."""
    name, _, content = data.partition(b"\n")
    parts = {**_workbook(), name.decode("latin-1").replace("\0", ""): content}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for part, inside in parts.items():
            archive.writestr(zipfile.ZipInfo(part), inside)
    return file_named("xlsx")(out.getvalue())


def markup(data: bytes) -> object:
    text = data.decode("utf-8", "replace")
    html_text(text)
    html_title(text)
    return min(len(elements(text)), 3)


def contact_rows(data: bytes) -> object:
    value = read_json(data, WHERE)
    rows = value if isinstance(value, list) else [value]
    book, found = ContactBook({"5": "Телефон"}, _TODAY), 0
    for row in rows:
        if isinstance(row, dict):
            for names in (RUSSIAN, ENGLISH):
                book.add("1", row, names)
            row_key(row) if chance_of(data).random() < 0.1 else None
    page = [{**row, "Ref_Key": "1"} for row in rows if isinstance(row, dict)]
    for names in (RUSSIAN, ENGLISH):
        if _taken(page, names, whole=True) != _taken(page, names, whole=False):
            raise AssertionError("a page of rows gives other phones than its rows")
    for phone in book.take("1"):
        found += 1
        check_counterparty(Counterparty("1", "", (phone,)))
    return min(found, 2)


def _taken(page: list[dict[str, Any]], names: MetadataNames, *, whole: bool) -> tuple[Phone, ...]:
    """The phones of rows that are read as a page, or one by one."""
    book = ContactBook({"5": "Телефон"}, _TODAY)
    if whole:
        book.add_page(page, names)
    else:
        for row in page:
            book.add("1", row, names)
    return book.take("1")


def phone_texts(data: bytes) -> object:
    text = data.decode("utf-8", "surrogatepass" if data[:1] < b"0" else "replace") if _is_text(data) else ""
    phones = as_phones(gather((text,), digits=text[:5]))
    for phone in phones:
        check_counterparty(Counterparty("1", "", (phone,)))
    in_trust((text,))
    phone_like((text,))
    return bool(phones) and (phones[0].parts is None, phones[0].fault)


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data[:1] >= b"0"
    return True
