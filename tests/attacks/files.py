"""Attacks of a source that is a file: pipes, devices, files without end, and files that change while they are read."""

import contextlib
import os
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.attacks.attack import Attack, Stage
from tests.attacks.place import Place, counterparties

Make = Callable[[Path], None]


def _file(make: Make, name: str = "list.csv", **keys: object) -> Stage:
    """The stage of a file that ``make`` writes."""

    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        file = place.folder / "hostile" / name
        file.parent.mkdir()
        make(file)
        place.settings["source.file"] = {"path": str(file), **keys}
        yield

    return stage


def _named(path: str) -> Stage:
    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        place.settings["source.file"] = {"path": path}
        yield

    return stage


def _sparse(size: int, start: bytes = b"") -> Make:
    def make(file: Path) -> None:
        file.write_bytes(start)
        os.truncate(file, size)

    return make


def _line_without_end(file: Path) -> None:
    with file.open("wb") as stream:
        stream.write(b"Ref;Name;Phones\n1;")
        for _ in range(300):
            stream.write(b"x" * (1 << 20))


def _bomb_of_xlsx(file: Path) -> None:
    """A workbook whose one sheet unpacks to 4 GB."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", _TYPES)
        book.writestr("_rels/.rels", _RELATIONS.format(type="officeDocument", target="xl/workbook.xml"))
        book.writestr("xl/workbook.xml", _BOOK)
        book.writestr("xl/_rels/workbook.xml.rels", _RELATIONS.format(type="worksheet", target="worksheets/s.xml"))
        with book.open("xl/worksheets/s.xml", "w", force_zip64=True) as sheet:
            sheet.write(b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>')
            row = b'<row><c t="inlineStr"><is><t>' + b"x" * 1000 + b"</t></is></c></row>"
            for _ in range(2000):
                sheet.write(row * 1000)


_MAIN = "http://schemas.openxmlformats.org"
_TYPES = f'<Types xmlns="{_MAIN}/package/2006/content-types"/>'
_RELATIONS = (
    f'<Relationships xmlns="{_MAIN}/package/2006/relationships"><Relationship Id="r1" '
    f'Type="{_MAIN}/officeDocument/2006/relationships/{{type}}" Target="{{target}}"/></Relationships>'
)
_BOOK = (
    f'<workbook xmlns="{_MAIN}/spreadsheetml/2006/main" xmlns:r="{_MAIN}/officeDocument/2006/relationships">'
    '<sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>'
)
_ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><x>&j;</x>"
)
_EXTERNAL = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'


def _text(text: str) -> Make:
    def make(file: Path) -> None:
        file.write_text(text, encoding="utf-8")

    return make


@contextmanager
def _pipe(write: Callable[[int], None]) -> Iterator[int]:
    """A pipe that a thread writes to until its reader has gone. The end to read from."""
    reading, writing = os.pipe()

    def run() -> None:
        with contextlib.suppress(OSError):
            write(writing)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield reading
    finally:
        os.close(reading)
        thread.join()
        os.close(writing)


def _stdin(write: Callable[[int], None]) -> Stage:
    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        place.settings["source.file"] = {"path": "-"}
        with _pipe(write) as reading:
            place.child.stdin = reading
            yield

    return stage


def _pours(writing: int) -> None:
    while True:
        os.write(writing, b"1;" + b"x" * 65_000 + b"\n")


def _drips(writing: int) -> None:
    while True:
        os.write(writing, b"x")
        time.sleep(0.1)  # the drip is the matter


@contextmanager
def _silent_input(place: Place) -> Iterator[None]:
    place.settings["source.file"] = {"path": "-"}
    reading, writing = os.pipe()
    place.child.stdin = reading
    try:
        yield
    finally:
        os.close(reading)
        os.close(writing)


@contextmanager
def _replaced(place: Place) -> Iterator[None]:
    """The list, with a long tail without phones, written anew piece by piece again and again while it is read."""
    file = place.folder / "list.csv"
    tail = "".join(f"m{n};ООО Много {n};\n" for n in range(20_000))
    data = (counterparties(later=True) + tail).encode()
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            with file.open("wb") as stream:
                for start in range(0, len(data), 4096):
                    stream.write(data[start : start + 4096])
                    stream.flush()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _deep_json(opens: str, closes: str) -> str:
    return opens * 100_000 + closes * 100_000


def attacks() -> Iterator[Attack]:
    """All attacks of this side."""
    four = frozenset({4})
    rows: tuple[tuple[str, Stage], ...] = (
        ("a pipe that nobody writes to", _file(lambda file: os.mkfifo(file))),
        ("a folder", _file(lambda file: file.mkdir())),
        ("/dev/zero", _named("/dev/zero")),
        ("/dev/full", _named("/dev/full")),
        ("/proc/self/mem", _named("/proc/self/mem")),
        ("a link to itself", _file(lambda file: file.symlink_to(file))),
        ("10 GB of zeros", _file(_sparse(10 * 1024**3))),
        ("1 GB of zeros", _file(_sparse(1024**3))),
        ("a line of 300 MB", _file(_line_without_end)),
        ("a workbook that unpacks to 2 GB", _file(_bomb_of_xlsx, "list.xlsx")),
        ("a bomb of entities", _file(_text(_ENTITIES), "list.xml")),
        (
            "an external entity",
            _file(_text(_EXTERNAL), "list.xml"),
        ),
        ("100,000 levels of JSON", _file(_text(_deep_json("[", "]")), "list.json")),
        ("100,000 levels of XML", _file(_text(_deep_json("<a>", "</a>")), "list.xml")),
        ("a number of a million digits", _file(_text('[{"Name": ' + "9" * 10**6 + ', "Phones": 1}]'), "list.json")),
        ("a string that does not end", _file(_text('[{"Name": "' + "x" * 10**7), "list.json")),
        ("standard input, silent", _silent_input),
        ("standard input, at full speed for ever", _stdin(_pours)),
        ("standard input, dripping", _stdin(_drips)),
    )
    for name, stage in rows:
        yield Attack("A file", name, stage, four)
    yield Attack(
        "A file", "written anew while it is read", _replaced, frozenset({0, 4, 6}), stays=True, converges=False
    )
