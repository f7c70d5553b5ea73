"""One pull as a process of its own, by astsync or by orjson or lxml alone over the same bytes; prints its figures."""

import csv
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

_PIECE = 64 * 1024


def _ours(configuration: str) -> int:
    from astsync.config.file import load
    from astsync.sources import open_source

    config = load(Path(configuration), {})
    return sum(1 for _ in open_source(config.source).pull())


def _plain(tape: str, host: str) -> int:
    """Ask what the tape was asked, and parse every answer whole with orjson, or walk it with lxml."""
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
    value = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    return len(value)


def _walk_xml(pieces: Iterator[bytes]) -> int:
    """Walk the elements that stand in a list, letting each go."""
    from lxml import etree

    parser = etree.XMLPullParser(("end",), huge_tree=True)
    walked = 0
    for piece in pieces:
        parser.feed(piece)
        walked += _let_go(parser)
    return walked


def _let_go(parser: Any) -> int:
    walked = 0
    for _, element in parser.read_events():
        walked += 1
        element.clear()
        while (before := element.getprevious()) is not None:
            before.getparent().remove(before)
    return walked


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


WAYS: Mapping[str, Callable[..., int]] = {"ours": _ours, "plain": _plain, "file": _file}


def main() -> None:
    """Pull as the command line says, and print seconds, peak memory in MB and what was counted."""
    way, *rest = sys.argv[1:]
    start = time.perf_counter()
    count = WAYS[way](*rest)
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(orjson.dumps([seconds, memory, count]).decode() + "\n")


if __name__ == "__main__":
    main()
