"""The bench of sources: what it holds astsync against does read everything, and its files can be written."""

import base64
from pathlib import Path

import orjson
import pytest
from openpyxl import load_workbook

from tests.bench import bench_sources, pull_once
from tests.bench.bench_sources import Pull, Pulls

RECORD = "<m:Counterparties><m:Ref>1</m:Ref><m:Phones><m:Number>2</m:Number></m:Phones></m:Counterparties>"
PLAIN = RECORD.replace("m:", "")
TEXTS = {
    "typed": (RECORD * 3, 6),
    "xml": ((PLAIN * 3).replace("<", "&lt;").join(("&lt;a>", "&lt;/a>")), 7),
    "json": (orjson.dumps({"a": [1]}).decode(), 2),
    "base64": (base64.encodebytes(orjson.dumps({"a": [1] * 50})).decode(), 2),
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_plain_walk_reads_every_text_also_within_a_text(name: str) -> None:
    inside, count = TEXTS[name]
    content = f'<e><b><m:return xmlns:m="urn:x">{inside}</m:return></b></e>'.encode()
    assert pull_once._walk_xml([content[:40], content[40:]]) == count


def test_the_peak_is_that_of_this_process() -> None:
    assert 5 < pull_once._peak() < 5000


def test_a_row_tells_medians_and_compares_the_time_of_the_processor() -> None:
    ours, plain = [Pull(3.0, 2.0, 60.0, 9), Pull(4.0, 2.2, 70.0, 9), Pull(9.0, 2.1, 80.0, 9)], [Pull(1, 1, 30, 9)] * 3
    row = Pulls("soap", 2_500_000, ours, plain).row
    assert row == ["soap", "2.5 MB", "4.00", "3.00 to 9.00", "1.00", "2.1", "70 MB", "30 MB"]


def test_names_with_control_characters_go_into_a_workbook_without_them(tmp_path: Path) -> None:
    bench_sources._write_xlsx(tmp_path / "a.xlsx", [["1", "ООО\x01 МИКО", "2", "3"]])
    book = load_workbook(tmp_path / "a.xlsx", read_only=True)
    assert [row[1] for row in book.worksheets[0].iter_rows(values_only=True)] == ["Name", "ООО МИКО"]
    book.close()
