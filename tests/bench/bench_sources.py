"""Times a pull of every kind of source, beside orjson and lxml alone over the same bytes. Run: make bench.

The answers of the stand-in 1C are recorded once and then played by another process, so that neither side waits for a
server that has to think. Each pull is a process of its own: seconds from its first import to the last counterparty,
and the most memory it had. A plain pull and one of astsync take turns, and their processor time is compared.
"""

import argparse
import csv
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import orjson
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from astsync.config.configfile import load
from astsync.phonebook.model import Counterparty
from astsync.sandbox.onec import OneC
from astsync.sources import CONFIG, open_source
from tests.bench.figures import median, say, say_machine, say_table, spread
from tests.bench.tape import Tape, playing, recording

SIZES = (10_000, 200_000)
_PLAIN = """\
plain: the same answers over requests; JSON parsed whole by orjson; XML by lxml's XMLPullParser, which stops at every
record, reads the texts of all its elements and lets it go; a text in an answer is parsed so as well. CSV: the csv
module. XLSX: openpyxl. times plain: processor time of astsync's process by that of the plain one, median"""
_PBX = '[[pbx]]\nname = "office"\nhost = "127.0.0.1"\nuser = "nobody"\nsecret = "unused"\n'
_PAGED = "[source.http.paging]\nby = 'cursor'\nparameter = 'cursor'\nsize_parameter = 'limit'\nnext = 'NextCursor'\n"
_SERVICE = "[source.http]\nservice = 'hs/astsync/counterparties'\n"
_VARIANT = """[source.soap]
wsdl = "{url}/ws/astsync_variants?wsdl"
cache_hours = 0
parameters = {Limit = 0}
operation = "GetCounterparties"""
KINDS = {
    "odata, pages of 1,000": ("odata", ""),
    "soap, pages of 1,000": ("soap", "[source.soap]\ncache_hours = 0\n"),
    "soap, one typed answer": ("soap", "[source.soap]\ncache_hours = 0\nparameters = {Limit = 0}\n"),
    "soap, JSON in a string": ("soap", f'{_VARIANT}JSON"\n'),
    "soap, XML in a string": ("soap", f'{_VARIANT}XML"\n'),
    "soap, base64 in a string": ("soap", f'{_VARIANT}Base64"\n'),
    "http, pages of 1,000": ("http", _SERVICE + _PAGED),
    "http, one answer": ("http", _SERVICE),
}
FILES = ("csv", "xlsx", "json", "jsonl")


class Pull(NamedTuple):
    """One pull: seconds that passed, seconds of the processor, the most memory in MB, and how much was counted."""

    seconds: float
    processor: float
    memory: float
    counted: int


@dataclass
class Pulls:
    """The pulls of one kind, ours and the plain ones, by turns; and the bytes that they read."""

    name: str
    bytes: int
    ours: list[Pull] = field(default_factory=list)
    plain: list[Pull] = field(default_factory=list)

    @property
    def row(self) -> list[str]:
        """The kind's line of the table. Only the processor's time is compared: a busy machine stretches the other."""
        ours, plain = [one.seconds for one in self.ours], [one.seconds for one in self.plain]
        memory = (median(one.memory for one in pulls) for pulls in (self.ours, self.plain))
        ratio = median(one.processor / other.processor for one, other in zip(self.ours, self.plain, strict=True))
        times = (f"{median(ours):.2f}", spread(ours, ".2f"), f"{median(plain):.2f}", f"{ratio:.1f}")
        return [self.name, f"{self.bytes / 1e6:,.1f} MB", *times, *(f"{one:,.0f} MB" for one in memory)]


def pull(way: str, *words: str) -> Pull:
    """Pull once, in a process of its own; see ``pull_once`` for the ways."""
    call = [sys.executable, "-m", "tests.bench.pull_once", way, *words]
    return Pull(*orjson.loads(subprocess.run(call, capture_output=True, check=True).stdout))


_PATIENT = "timeout = 3600\n"  # the stand-in sorts a million rows before it gives the first
BENCH = "bench", "bench"
"""The user and the password of the stand-in 1C."""


def configuration(folder: Path, kind: str, url: str, more: str, login: tuple[str, str] = BENCH) -> Path:
    """Write a configuration of a source of this kind, with more lines of its section; give the file."""
    file = folder / "astsync.toml"
    where = 'url = "{}"\nuser = "{}"\npassword = "{}"\n'.format(url, *login) if url else ""
    head = f'[source]\nkind = "{kind}"\n' + where
    file.write_text(head + more + _PBX, encoding="utf-8")
    return file


def record(folder: Path, url: str, kind: str, more: str, login: tuple[str, str] = BENCH) -> Tape:
    """Pull once through a recorder."""
    tape = Tape(folder / "tape")
    tape.folder.mkdir(parents=True)
    with recording(tape, url) as address:
        file = configuration(folder, kind, address, _PATIENT + more.replace("{url}", address), login)
        config = load(file, CONFIG, {})
        for _ in open_source(config.source).pull():
            pass
    return tape


def _measure(name: str, folder: Path, size: int, rounds: int, url: str) -> Pulls:
    kind, more = KINDS[name]
    tape = record(folder, url, kind, more)
    pulls = Pulls(name, tape.size)
    with playing(tape) as host:
        address = f"http://{host}/{url.rpartition('/')[2]}"
        file = configuration(folder, kind, address, more.replace("{url}", address))
        for _ in range(rounds):
            _round(pulls, size, ("ours", str(file)), ("plain", str(tape.folder), host))
    return pulls


def _round(pulls: Pulls, size: int, ours: Iterable[str], plain: Iterable[str]) -> None:
    done = pull(*ours)
    if not 0.9 * size < done.counted <= size:
        raise SystemExit(f"{pulls.name}: {done.counted:,} counterparties of {size:,}")
    pulls.ours.append(done)
    pulls.plain.append(pull(*plain))


def _rows(counterparties: Iterable[Counterparty]) -> Iterator[list[str]]:
    for one in counterparties:
        yield [one.ref, one.name, "; ".join(phone.texts[0] for phone in one.phones), one.catalog]


HEAD = ["Ref", "Name", "Phones", "Catalog"]


def write_csv(file: Path, rows: Iterable[list[str]]) -> None:
    """Write rows of ``HEAD`` as a file of CSV."""
    with file.open("w", encoding="utf-8-sig", newline="") as text:
        csv.writer(text, delimiter=";").writerows([HEAD, *rows])


def _write_xlsx(file: Path, rows: list[list[str]]) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in [HEAD, *rows]:
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", text) for text in row])
    book.save(file)


def _write_json(file: Path, rows: list[list[str]]) -> None:
    file.write_bytes(orjson.dumps([dict(zip(HEAD, row, strict=True)) for row in rows]))


def _write_lines(file: Path, rows: list[list[str]]) -> None:
    lines = (orjson.dumps(dict(zip(HEAD, row, strict=True))) + b"\n" for row in rows)
    file.write_bytes(b"".join(lines))


_WRITERS: dict[str, Callable[[Path, list[list[str]]], None]] = {
    "csv": write_csv,
    "xlsx": _write_xlsx,
    "json": _write_json,
    "jsonl": _write_lines,
}


def _measure_file(form: str, folder: Path, size: int, rounds: int, rows: list[list[str]]) -> Pulls:
    folder.mkdir(parents=True)
    file = folder / f"list.{form}"
    _WRITERS[form](file, rows)
    pulls = Pulls(f"file, {form.upper()}", file.stat().st_size)
    ours = configuration(folder, "file", "", f"[source.file]\npath = '{file.name}'\n")
    for _ in range(rounds):
        _round(pulls, size, ("ours", str(ours)), ("file", str(file)))
    return pulls


@contextmanager
def _served(size: int) -> Iterator[tuple[str, list[list[str]]]]:
    """Run a stand-in 1C; give its address and its list as rows of a file."""
    with OneC(size, user="bench", password="bench", first_delay=0) as onec, TemporaryDirectory() as folder:
        config = load(configuration(Path(folder), "odata", onec.url, ""), CONFIG, {})
        yield onec.url, list(_rows(open_source(config.source).pull()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_sources", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument("--size", type=int, action="append", help="default 10,000 and 200,000 counterparties")
    parser.add_argument("--kind", default="", help="only kinds whose name holds this, such as soap")
    parser.add_argument("--large", action="store_true", help=argparse.SUPPRESS)  # an option of the other benches
    parser.add_argument("--major", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure and print a table for each size."""
    options = _options()
    say_machine("pulls, each a process of its own")
    say(_PLAIN)
    for size in options.size or SIZES:
        with TemporaryDirectory() as folder, _served(size) as (url, rows):
            made = (Path(folder) / str(number) for number in range(100))
            kinds = [name for name in KINDS if options.kind in name]
            forms = [form for form in FILES if options.kind in f"file, {form}"]
            pulls = [_measure(name, next(made), size, options.rounds, url) for name in kinds]
            pulls += [_measure_file(form, next(made), size, options.rounds, rows) for form in forms]
        head = ("source", "bytes", "seconds", "least to most", "plain", "times plain", "peak memory", "plain's")
        say_table(f"{size:,} counterparties, medians of {options.rounds}", head, [one.row for one in pulls])
    say()


if __name__ == "__main__":
    main()
