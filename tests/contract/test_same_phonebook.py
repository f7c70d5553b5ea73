"""The same 5,000 counterparties by every kind of source give the same phonebook, byte for byte."""

import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import orjson
import pytest

from astsync.phonebook.book import BookBuilder
from astsync.phonebook.model import no_note
from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.parser import NumberParser
from astsync.sandbox.onec import OneC
from astsync.sources import Source
from tests.contract.source_rigs import FILES, SECRET, WAYS, rig_over

SIZE = 5_000
UNCARRIED = re.compile(rb"\\\\u00[01][0-9a-f]")  # control characters, as JSON writes them: XML has none
TABLES = ("file-csv", "file-xlsx")
LOOSE = {"skipped", "counterparties"}
"""A table holds one text of a phone, not all the ways in which 1C writes it; files count no rows without any text."""


@pytest.fixture(scope="module")
def onec() -> Iterator[OneC]:
    with OneC(SIZE, 7, password=SECRET, dirt=0.1) as started:
        yield started


@pytest.fixture(scope="module")
def by_odata(onec: OneC) -> dict[str, bytes]:
    return phonebook(rig_over(onec, "odata-ut11", Path()).source())


def phonebook(source: Source) -> dict[str, bytes]:
    """Build the phonebook and write each part of it down."""
    book = BookBuilder(NumberParser(country="RU"), NameMaker()).read(source.pull())(no_note)
    parts = {
        "entries": sorted(map(asdict, book.entries.values()), key=lambda one: str(one["number"])),
        "skipped": sorted((one.source, one.reason) for one in book.skipped),
        "conflicts": [
            (one.number, one.decision, *((claim.name, claim.source, claim.verdict) for claim in one.claims))
            for one in book.conflicts
        ],
        "counterparties": book.counterparties,
    }
    return {name: UNCARRIED.sub(b"", orjson.dumps(part)) for name, part in parts.items()}


@pytest.mark.parametrize("way", [*WAYS, *FILES])
def test_the_same_phonebook(way: str, onec: OneC, by_odata: dict[str, bytes], tmp_path: Path) -> None:
    found = phonebook(rig_over(onec, way, tmp_path).source())
    assert len(orjson.loads(found["entries"])) > SIZE
    compared = found.keys() - (LOOSE if way in TABLES else {"counterparties"} if way in FILES else set())
    assert [name for name in compared if found[name] != by_odata[name]] == []


@pytest.mark.parametrize("way", ["odata-bp30", "soap", "soap-json", "http", *FILES])
def test_the_same_codes_where_the_catalog_has_codes(way: str, tmp_path: Path) -> None:
    with OneC(60, 7, flavour="bp30", password=SECRET) as onec:
        codes = {one.ref: one.code for one in rig_over(onec, way, tmp_path).source().pull()}
        wanted = {r.item.ref: r.item.code.strip() for r in onec.records() if not (r.item.deleted or r.item.folder)}
    assert len(set(codes.values())) == len(codes) > 50
    assert codes == {ref: wanted[ref] for ref in codes}
