"""Lists that are not whole, or were never lists, from files and HTTP services: exit code 4, the cure, not one write."""

import json
import sys
import zipfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from astsync.sources import bounds
from astsync.sources.file import xlsx_archive
from astsync.sources.web import stream
from tests.cli.sandbox import Done, Sandbox
from tests.unit.file_source import ROWS, csv_text, repacked, workbook
from tests.unit.stub_1c import Asked, Reply, Server, as_json, serving

RECORDS = [{"Ref": str(n), "Name": f"ООО Ромашка {n}", "Phones": [f"+7 495 555-01-{n:02}"]} for n in range(30)]
WHOLE_JSON = json.dumps(RECORDS, ensure_ascii=False)
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
BILLION_LAUGHS = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def refuses(box: Sandbox, *, cure: str) -> str:
    """Run ``sync``: it must fail as a source does, leave the PBX and the snapshot alone, and name the cure."""
    box.pbx.fill({"74955550142": "kept"})
    done = box.run("sync")
    assert (done.code, done.out, box.pbx.writes) == (4, "", 0), done
    assert box.pbx.family() == {"74955550142": "kept"}
    what, hint = done.err.rstrip("\n").split("\n  ", 1)
    assert what.startswith("astsync: ")
    assert cure in hint
    assert "Traceback" not in done.err
    return what


def from_file(box: Sandbox, data: bytes | str, name: str = "contacts.csv", more: str = "") -> None:
    path = box.folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    set_source(box, f'kind = "file"\n[source.file]\npath = "{path}"\n{more}')


def from_http(box: Sandbox, server: Server, more: str = "") -> None:
    set_source(box, f'kind = "http"\nurl = "{server.url}"\ntimeout = 5\n[source.http]\nservice = "hs/list"\n{more}')


def set_source(box: Sandbox, lines: str) -> None:
    box.write()
    text = box.configuration.read_text(encoding="utf-8")
    box.configuration.write_text(f"[source]\n{lines}\n[numbers]{text.partition('[numbers]')[2]}", encoding="utf-8")


def paged_by(way: str, more: str = "") -> str:
    return f'[source.http.paging]\nby = "{way}"\nparameter = "{way}"\n{more}\n'


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(lambda _asked: as_json(RECORDS)) as running:
        yield running


# --- files

FILES: dict[str, tuple[str, bytes | str, str, str, str]] = {
    "no columns": ("contacts.csv", "Код;Имя;Тел\n1;А;2\n", "", "has no column Name, Phones", "Код, Имя, Тел"),
    "no named column": (
        "contacts.csv",
        csv_text(),
        '[source.file.fields]\nname = "Наименование"\nphones = ["Факс"]\n',
        "has no column Факс",
        "Ссылка, Наименование, Телефон",
    ),
    "csv cut in quotes": ("contacts.csv", 'Name;Phones\nА;1\n"Б', "", "is cut, or a quote", "Export it again"),
    "csv cut in a row": ("contacts.csv", "Name;Phones\nА;1\nБ", "", "is cut: it has 1 of 2 values", "Export it again"),
    "csv cut in a letter": ("contacts.csv", csv_text().encode() + b"\xd0", "", "it is cut", "Export it again"),
    "json cut": ("contacts.json", WHOLE_JSON[:-7], "", "is cut or damaged JSON", "Export the file again"),
    "jsonl cut": ("contacts.jsonl", '{"Name": "А", "Phones": "1"}\n{"Na', "", "line 2 of", "export the file again"),
    "a page": ("contacts.json", f'{{"next": "x", "rows": {WHOLE_JSON}}}', "", "is a part of a list", "the whole list"),
    "no list there": ("contacts.json", WHOLE_JSON, 'list = "a.b"\n', "holds no list at a.b", "itself a list"),
    "no such field": ("contacts.json", WHOLE_JSON.replace("Name", "N"), "", "the field Name", "Ref, N, Phones"),
    "wrong charset": ("contacts.csv", csv_text().encode("cp1251"), 'encoding = "utf-8"\n', "not UTF-8", "encoding"),
    "koi8-r": ("contacts.csv", csv_text().encode("koi8-r"), "", "looks like koi8-r", 'encoding = "koi8-r"'),
    "html": ("contacts.xls", "<html><table><tr><td>Name", "", "is HTML", "Save it as XLSX"),
    "empty": ("contacts.csv", "", "", "is empty (0 bytes)", "the export wrote nothing"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_is_no_whole_list(box: Sandbox, case: str) -> None:
    name, data, more, words, cure = FILES[case]
    from_file(box, data, name, more)
    assert words in refuses(box, cure=cure)


def test_a_file_that_is_not_there(box: Sandbox) -> None:
    set_source(box, 'kind = "file"\n[source.file]\npath = "absent.csv"\n')
    assert "there is no file absent.csv" in refuses(box, cure="source.file.path")


def book(folder: Path) -> Path:
    return workbook(folder, ("Лист1", [list(row) for row in ROWS]))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_a_cut_workbook(box: Sandbox, share: float) -> None:
    data = book(box.folder).read_bytes()
    from_file(box, data[: int(len(data) * share)], "contacts.xlsx")
    assert "is no whole XLSX file" in refuses(box, cure="Save it again")


@pytest.mark.parametrize("part", [SHEET, STRINGS])
def test_a_bomb_in_a_workbook(box: Sandbox, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_archive, "LARGEST_ROW", 200_000)

    def bomb(data: bytes) -> bytes:
        return data.replace(b"</t>", b"A" * 1_000_000 + b"</t>").replace(b"</row>", b" " * 1_000_000 + b"</row>", 1)

    path = repacked(book(box.folder), {part: bomb})
    assert path.stat().st_size < 30_000
    from_file(box, path.read_bytes(), path.name)
    assert "is too large when it is unpacked" in refuses(box, cure="Export only the list")


@pytest.mark.parametrize("part", [SHEET, STRINGS, "xl/workbook.xml"])
@pytest.mark.parametrize("external", [False, True])
def test_entities_in_a_workbook(box: Sandbox, part: str, external: bool, server: Server) -> None:
    fetched = f'<!DOCTYPE x [<!ENTITY b SYSTEM "{server.url}/secret">]>'.encode()
    doctype = fetched if external else BILLION_LAUGHS

    def change(data: bytes) -> bytes:
        end = data.index(b"?>") + 2 if data.startswith(b"<?xml") else 0
        return data[:end] + doctype + data[end:].replace(b"<t>", b"<t>&b;")

    path = repacked(book(box.folder), {part: change})
    from_file(box, path.read_bytes(), path.name)
    assert "a document type is not accepted" in refuses(box, cure="Save it again")
    assert server.asked == []


# --- standard input


def piped(box: Sandbox, data: bytes) -> Done:
    set_source(box, 'kind = "file"\n[source.file]\npath = "-"\n')
    (box.folder / "input").write_bytes(data)
    with (box.folder / "input").open() as given:
        box.patch.setattr(sys, "stdin", given)
        return box.run("sync")


def test_standard_input_is_synced_whatever_its_format(box: Sandbox) -> None:
    wanted = {"74955550101": "OOO Romashka", "74955550102": "IP Yolkin"}
    for data in (csv_text().encode("cp1251"), csv_text("\t").encode("utf-16"), book(box.folder).read_bytes()):
        done = piped(box, data)
        assert done.code == 0
        assert "standard input: 2 counterparties" in done.out
        assert box.pbx.family() == wanted


def test_empty_standard_input_is_an_error(box: Sandbox) -> None:
    done = piped(box, b"")
    assert (done.code, done.out, box.pbx.writes) == (4, "", 0)
    assert "standard input is empty" in done.err
    assert "astsync sync < contacts.csv" in done.err


# --- HTTP services

ANSWERS: dict[str, tuple[Reply, str, str, str]] = {
    "login page": (Reply("<html><title>Вход</title>".encode()), "", "not JSON but a page: Вход", "Open source.url"),
    "charset": (Reply(WHOLE_JSON.encode("cp1251")), "", "is not UTF-8", "КодировкаТекста.UTF8"),
    "empty": (Reply(b""), "", "is empty", "Open source.url"),
    "no list there": (as_json({"data": {"rows": RECORDS}}), 'list = "data.items"', "holds no list at", "data.rows"),
    "no such field": (as_json(RECORDS), '[source.http.fields]\nname = "Имя"', "has the field Имя", "Ref, Name, Phones"),
    "no page asked for": (as_json({"rows": RECORDS, "next": "x"}), "", "gives its list in parts", "paging"),
    "fewer than told": (as_json({"rows": RECORDS, "total": 31}), "", "tells of 31 records and gave 30", "paging"),
    "offset ignored": (as_json(RECORDS), paged_by("offset"), "parameter offset has no effect", "Correct parameter"),
    "page ignored": (as_json(RECORDS), paged_by("page"), "parameter page has no effect", "Correct parameter"),
    "cursor stands still": (
        as_json({"rows": RECORDS, "next": "x"}),
        paged_by("cursor", 'next = "next"'),
        "the same cursor comes again",
        "Correct parameter",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_that_is_no_whole_list(box: Sandbox, server: Server, case: str) -> None:
    reply, more, words, cure = ANSWERS[case]
    server.answer = lambda _asked: reply
    from_http(box, server, more)
    assert words in refuses(box, cure=cure)
    assert len(server.asked) <= 3


@pytest.mark.parametrize("way", ["offset", "page"])
def test_an_empty_page_in_the_middle(box: Sandbox, server: Server, way: str) -> None:
    def answer(asked: Asked) -> Reply:
        start = int(asked.options["offset"]) if way == "offset" else 10 * (int(asked.options["page"]) - 1)
        return as_json([] if start == 10 else RECORDS[start : start + 10])

    server.answer = answer
    from_http(box, server, paged_by(way))
    assert "an empty page, and records behind it" in refuses(box, cure="Mend the service")


def test_pages_that_hold_fewer_records_than_the_service_tells(box: Sandbox, server: Server) -> None:
    def answer(asked: Asked) -> Reply:
        start = int(asked.options["offset"])
        return as_json({"rows": RECORDS[start : start + 10], "meta": {"size": 45}})

    server.answer = answer
    from_http(box, server, paged_by("offset", 'total = "meta.size"'))
    assert "it tells of 45 records, its pages gave 30" in refuses(box, cure="loses records")


@pytest.mark.parametrize(
    ("start", "unit", "words"),
    [
        (b"[", b" " * 1000, "is too large"),
        (b"[", b'{"Name": "A"}' + b" " * 999 + b",", "is too large"),
        (b'{"a": [', b"1,", "has no end"),
        (b"[", b"{},", "has no end"),
    ],
)
def test_an_answer_without_end(
    box: Sandbox, server: Server, monkeypatch: pytest.MonkeyPatch, start: bytes, unit: bytes, words: str
) -> None:
    monkeypatch.setattr(stream, "LARGEST_HEAD", 1)
    monkeypatch.setattr(stream, "LARGEST_STREAM", 500_000)
    monkeypatch.setattr(bounds, "LARGEST_LIST", 20_000)
    server.answer = lambda _asked: Reply(start + unit * (2_000_000 // len(unit)))
    from_http(box, server)
    assert words in refuses(box, cure="")


def test_pages_without_end(box: Sandbox, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "LARGEST_LIST", 500)
    numbers = count()
    server.answer = lambda _asked: as_json([{"Name": f"{next(numbers)}", "Phones": ""} for _ in range(100)])
    from_http(box, server, paged_by("page"))
    assert "has no end: more than" in refuses(box, cure="Look at what the source gives")


def test_a_zipped_csv_is_no_workbook(box: Sandbox) -> None:
    with zipfile.ZipFile(box.folder / "contacts.zip", "w") as archive:
        archive.writestr("contacts.csv", csv_text())
    from_file(box, (box.folder / "contacts.zip").read_bytes(), "contacts.zip")
    assert "is no whole XLSX file" in refuses(box, cure="Save it again")
