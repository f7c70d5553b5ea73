"""One pull as a process of its own, by astsync or by orjson or lxml alone over the same bytes; prints its figures.

Ways: ``ours`` and ``plain`` pull; ``built`` pulls and makes the phonebook, ``read`` is orjson over the same bytes and
libphonenumber's matcher over the same fields; ``file`` reads a file.
"""

import base64
import csv
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

_PIECE = 64 * 1024


def _ours(configuration: str) -> int:
    from astsync.config.configfile import load
    from astsync.sources import CONFIG, open_source

    config = load(Path(configuration), CONFIG, {})
    return sum(1 for _ in open_source(config.source).pull())


def _built(configuration: str) -> int:
    from astsync.parts import Parts

    parts = Parts.load(Path(configuration), {})
    with parts.engine("bench", (), parts.options(dry_run=True)) as engine:
        return engine.problems().counterparties


def _read(tape: str, fields: str) -> int:
    """Parse the answers of a tape with orjson, and look for numbers in fields, a JSON list in a file."""
    from phonenumbers import Leniency, PhoneNumberMatcher

    from tests.bench.tape import Tape

    played = Tape(Path(tape))
    for asked, _, _ in played.requests():
        _parse((played.folder / asked.key).read_bytes())
    texts = orjson.loads(Path(fields).read_bytes())
    return sum(1 for text in texts for _ in PhoneNumberMatcher(text, "RU", leniency=Leniency.VALID))


def _plain(tape: str, host: str) -> int:
    """Ask what the tape was asked, and parse every answer whole with orjson, or walk it with lxml, as its type says."""
    import requests

    from tests.bench.tape import Tape

    done = 0
    with requests.Session() as session:
        for asked, _, kind in Tape(Path(tape)).requests():
            headers = {"Content-Type": asked.type} if asked.type else {}
            url = f"http://{host}{asked.path}"
            with session.request(asked.method, url, data=asked.body or None, headers=headers, stream=True) as answer:
                done += _walk_xml(answer.iter_content(_PIECE)) if "xml" in kind else _parse(answer.content)
    return done


def _parse(body: bytes) -> int:
    """Parse one document of JSON, whatever it is."""
    orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    return 1


def _walk_xml(pieces: Iterable[bytes]) -> int:
    """Walk a list in XML with lxml: stop at every record, read the texts of all its elements, let it go.

    Of lxml's ways that were tried this is the quickest: an event for each element costs a quarter more.
    """
    from lxml import etree

    parser = etree.XMLPullParser(("end",), tag=("{*}Counterparties", "{*}return"), huge_tree=True)
    walked = 0
    for piece in pieces:
        parser.feed(piece)
        for _, element in parser.read_events():
            walked += _texts(element) + _inside(element)
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    return walked


def _texts(element: Any) -> int:
    return sum(1 for inner in element.iter() if inner.text)


def _inside(element: Any) -> int:
    """Parse the list that stands in the text of an element: JSON, XML, or base64 of JSON."""
    text = element.text or ""
    if len(element) or not text.strip():
        return 0
    if text.startswith("<"):
        content = text.encode()
        return _walk_xml(content[start : start + _PIECE] for start in range(0, len(content), _PIECE))
    return _parse(text.encode() if text.startswith("{") else base64.b64decode(text))


def _file(path: str) -> int:
    """Read a file with what its kind needs at least."""
    file = Path(path)
    if file.suffix == ".csv":
        with file.open(encoding="utf-8-sig", newline="") as text:
            return sum(1 for _ in csv.reader(text, delimiter=";"))
    if file.suffix == ".jsonl":
        with file.open("rb") as lines:
            return sum(1 for line in lines if orjson.loads(line))
    if file.suffix == ".xlsx":
        from openpyxl import load_workbook

        book = load_workbook(file, read_only=True, data_only=True)
        return sum(1 for _ in book.worksheets[0].iter_rows(values_only=True))
    return _parse(file.read_bytes())


WAYS: Mapping[str, Callable[..., int]] = {
    "ours": _ours,
    "built": _built,
    "plain": _plain,
    "read": _read,
    "file": _file,
}


def _peak() -> float:
    """Give the most memory that this program had, in MB. ``ru_maxrss`` would tell its parent's where that had more."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Pull as the command line says, and print seconds, those of the processor, peak memory in MB and a count."""
    way, *rest = sys.argv[1:]
    start = time.perf_counter()
    count = WAYS[way](*rest)
    processor = sum(os.times()[:4])  # with that of processes which it started
    figures = [time.perf_counter() - start, processor, _peak(), count]
    sys.stdout.write(orjson.dumps(figures).decode() + "\n")


if __name__ == "__main__":
    main()
