"""The file itself, JSON, JSON lines, standard input, and what is found out about them."""

import io
import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from astsync.errors import (
    SourceBadAnswer,
    SourceError,
    SourceFailure,
    SourceNotFound,
    SourceRightsError,
    SourceUnreachable,
)
from astsync.sources import open_source
from astsync.sources.file import content
from astsync.sources.file.encoding import encoding_of, text_lines
from astsync.sources.file.merge import Merger
from astsync.sources.file.section import FileConfig
from astsync.stopping import Stopping
from tests.unit.file_source import READ, ROWS, check, config, csv_text, pull, short, workbook, write
from tests.unit.test_xdto_json import xdto

RECORDS: list[dict[str, Any]] = [
    {
        "Ref": "01",
        "Name": "ООО Ромашка",
        "DeletionMark": False,
        "Phones": [{"Number": "+7 495 555-01-01", "Kind": "Т"}],
    },
    {"Ref": "03", "Name": "Удалён", "DeletionMark": True, "Phones": [{"Number": "1"}]},
    {"Ref": "02", "Name": "ИП Ёлкин", "DeletionMark": False, "Phones": ["555-01-02"]},
]


def lines(records: list[Any]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1251"])
@pytest.mark.parametrize(
    ("document", "path"),
    [
        (RECORDS, ""),
        ({"Counterparties": RECORDS, "NextCursor": None}, ""),
        ({"data": {"errors": [], "items": RECORDS}, "other": [{"a": 1}]}, "data.items"),
    ],
)
def test_a_list_in_json(tmp_path: Path, encoding: str, document: Any, path: str) -> None:
    file = write(tmp_path, json.dumps(document, ensure_ascii=False), "contacts.json", encoding)
    assert short(pull(file, list=path)) == READ


def test_rows_of_one_reference_are_one_in_json_too(tmp_path: Path) -> None:
    rows = [{"Ref": "1", "Name": "А", "Phones": "10"}, {"Ref": "1", "Name": "А", "Phones": "11"}]
    assert short(pull(write(tmp_path, json.dumps(rows), "contacts.json"))) == [("1", "А", ["10", "11"])]


@pytest.mark.parametrize("cut", [1, 20, 150])
def test_cut_json_is_refused(tmp_path: Path, cut: int) -> None:
    with pytest.raises(SourceError) as caught:
        pull(write(tmp_path, json.dumps(RECORDS)[:-cut], "contacts.json"))
    assert caught.value.hint == "Export the file again and check that it is whole."


def test_a_page_of_a_list_is_no_file_to_read(tmp_path: Path) -> None:
    page = {"meta": {"nextHref": "http://crm.example.local/2"}, "rows": RECORDS}
    with pytest.raises(SourceBadAnswer, match=r"is a part of a list: meta\.nextHref names the next one"):
        pull(write(tmp_path, json.dumps(page), "contacts.json"))


def test_the_place_of_the_list_is_told_for_what_it_is(tmp_path: Path) -> None:
    for document, hint in (
        ({"data": {"items": RECORDS}}, "The lists that exist: data.items."),
        (RECORDS, "itself a list"),
    ):
        with pytest.raises(SourceBadAnswer, match=r"holds no list at data\.rows") as caught:
            pull(write(tmp_path, json.dumps(document), "contacts.json"), list="data.rows")
        assert hint in caught.value.hint
        assert "Export" not in caught.value.hint


@pytest.mark.parametrize("name", ["contacts.jsonl", "contacts.ndjson", "contacts"])
def test_json_lines(tmp_path: Path, name: str) -> None:
    assert short(pull(write(tmp_path, lines(RECORDS) + "\n \n", name))) == READ


def test_one_json_line_is_told_by_its_suffix_or_the_configuration(tmp_path: Path) -> None:
    assert short(pull(write(tmp_path, lines(RECORDS[:1]), "contacts.jsonl"))) == READ[:1]
    assert short(pull(write(tmp_path, lines(RECORDS[:1]), "contacts.txt"), format="jsonl")) == READ[:1]


@pytest.mark.parametrize(
    ("bad", "words"),
    [('{"Name": "Б", "Pho', "line 2 of .* is no JSON"), ("[1]", "line 2 of .* is no JSON object"), ("{]", "line 2 of")],
)
def test_a_bad_line_is_named(tmp_path: Path, bad: str, words: str) -> None:
    with pytest.raises(SourceBadAnswer, match=words):
        pull(write(tmp_path, lines(RECORDS[:1]) + bad + "\n", "contacts.jsonl"))


def test_fields_that_no_record_has_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, lines([{"Наименование": "А", "Телефон": "1"}]), "contacts.jsonl")
    with pytest.raises(SourceError) as caught:
        pull(path)
    assert "Наименование, Телефон" in caught.value.hint
    assert short(pull(path, {"name": "Наименование", "phones": "Телефон"})) == [("А", "А", ["1"])]


@pytest.mark.parametrize("start", ["[Name];Phones", '{"a"};Phones'])
def test_a_csv_may_begin_like_json(tmp_path: Path, start: str) -> None:
    header = start.split(";")[0]
    assert short(pull(write(tmp_path, f"{start}\nА;1\n"), {"name": header}, quote="")) == [("А", "А", ["1"])]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound, match="no file absent") as caught:
        pull(tmp_path / "absent.csv")
    assert str(tmp_path) not in str(caught.value)
    with pytest.raises(SourceNotFound):
        pull(write(tmp_path, "x") / "inside.csv")


def test_an_empty_file(tmp_path: Path) -> None:
    with pytest.raises(SourceBadAnswer, match="0 bytes"):
        pull(write(tmp_path, b""))


def test_a_folder_a_pipe_and_a_device_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(SourceBadAnswer, match="is a folder"):
        pull(tmp_path)
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(SourceBadAnswer, match="a pipe or a device") as caught:
            pull(path)
        assert '"-"' in caught.value.hint


def test_a_refused_file_is_told_as_a_matter_of_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(SourceRightsError, match=r"contacts\.csv may not be read"):
        pull(tmp_path / "contacts.csv")


def test_a_path_that_no_system_takes() -> None:
    with pytest.raises(SourceUnreachable, match="cannot be opened"):
        pull(Path("/x" * 3000))


def test_a_file_that_changes_while_it_is_read_gives_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, csv_text())

    def grow(*_: object) -> None:
        with path.open("ab") as more:
            more.write(b"03;X;1\r\n")

    with pytest.raises(SourceBadAnswer, match="changed while it was read"):
        next(open_source(config(path)).pull(grow))


def test_a_file_that_is_replaced_is_read_whole(tmp_path: Path) -> None:
    path = write(tmp_path, csv_text())

    def replace(*_: object) -> None:
        write(tmp_path, "other", "new.csv").replace(path)

    assert short(list(open_source(config(path)).pull(replace))) == READ


def test_too_large_a_file(tmp_path: Path) -> None:
    path = write(tmp_path, csv_text())
    os.truncate(path, content.LARGEST_FILE + 1)
    with pytest.raises(SourceBadAnswer, match="larger than 2 GiB"):
        pull(path)


@pytest.fixture
def given_input(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give bytes in a pipe on standard input, of which the writer may stay open."""
    with ExitStack() as stack:

        def give(data: bytes, *, endless: bool = False) -> None:
            reader, writer = os.pipe()
            os.write(writer, data)
            if endless:
                stack.callback(os.close, writer)
            else:
                os.close(writer)
            monkeypatch.setattr(sys, "stdin", stack.enter_context(os.fdopen(reader)))

        yield give


STANDARD = Path("-")


def stopped() -> Stopping:
    stopping = Stopping()
    stopping.set()
    return stopping


def test_standard_input_gives_any_format(tmp_path: Path, given_input: Any) -> None:
    for data in (
        csv_text().encode("windows-1251"),
        json.dumps(RECORDS).encode(),
        lines(RECORDS).encode(),
        workbook(tmp_path, ("Лист", [list(row) for row in ROWS])).read_bytes(),
    ):
        given_input(data)
        assert short(pull(STANDARD)) == READ


def test_standard_input_can_be_read_once(given_input: Any) -> None:
    given_input(csv_text().encode())
    assert short(pull(STANDARD)) == READ
    with pytest.raises(SourceBadAnswer, match="standard input is empty") as caught:
        pull(STANDARD)
    assert "astsync sync < contacts.csv" in caught.value.hint


def test_standard_input_is_bounded(given_input: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "LARGEST_FILE", 10)
    given_input(csv_text().encode())
    with pytest.raises(SourceBadAnswer, match="standard input is larger"):
        pull(STANDARD)


@pytest.mark.parametrize("stopping", [Stopping(0.2), stopped()], ids=["its time is over", "it must end"])
def test_the_end_of_the_run_ends_the_wait_for_standard_input(stopping: Stopping, given_input: Any) -> None:
    given_input(csv_text().encode(), endless=True)
    with pytest.raises(SourceUnreachable, match="standard input was not read whole when the run had to end"):
        list(open_source(config(STANDARD)).pull(stopping=stopping))


@pytest.mark.parametrize("data", [csv_text(), json.dumps(RECORDS)])
def test_nothing_is_read_once_the_run_must_end(tmp_path: Path, data: str) -> None:
    path = write(tmp_path, data)
    with pytest.raises(SourceUnreachable, match="was not read whole when the run had to end"):
        list(open_source(config(path)).pull(stopping=stopped()))


def test_a_terminal_is_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    with pytest.raises(SourceUnreachable, match="a terminal"):
        pull(STANDARD)
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SourceUnreachable, match="closed"):
        pull(STANDARD)


def test_the_description_tells_no_folder(tmp_path: Path) -> None:
    assert open_source(config(tmp_path / "contacts.csv")).describe() == "file contacts.csv"
    assert open_source(config(STANDARD)).describe() == "standard input"


def test_the_check_tells_size_age_and_format(tmp_path: Path) -> None:
    path = write(tmp_path, lines(RECORDS), "contacts.jsonl")
    os.utime(path, (time.time() - 3 * 3600,) * 2)
    found = check(path)
    assert [(f.part, f.good, f.words) for f in found] == [
        ("file contacts.jsonl", True, f"{path.stat().st_size} bytes, changed 3 h ago"),
        ("format", True, "jsonl"),
        ("encoding", True, "utf-8"),
        ("list", True, "3 read: 2 counterparties"),
        ("counterparty", None, "ООО Ромашка: +7 495 555-01-01 (Т)"),
        ("counterparty", None, "ИП Ёлкин: 555-01-02"),
    ]


def test_the_check_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    (found,) = check(tmp_path / "contacts.csv")
    assert (found.part, found.good) == ("file contacts.csv", False)
    assert "source.file.path" in found.hint


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    path = write(tmp_path, "Name;Phones\n" + "".join(f"Имя {n};{n}\n" for n in range(2500)))
    list(open_source(config(path)).pull(lambda *step: told.append(step)))
    assert told == [("contacts.csv", 1000, None), ("contacts.csv", 2000, None), ("contacts.csv", 2500, 2500)]


@pytest.mark.parametrize(
    "keys",
    [{"encoding": "klingon"}, {"encoding": "base64"}, {"delimiter": '"'}, {"delimiter": "a"}, {"quote": "\n"}],
)
def test_keys_that_cannot_be(keys: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        FileConfig.model_validate({"path": "contacts.csv", **keys})


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0\ufeff"), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=8), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_what_is_utf8_or_has_a_mark_is_read_as_it_is(names: list[str], encoding: str) -> None:
    text = "Name;Phones\n" + "\n".join(names) + "\n"
    stream = io.BytesIO(text.encode(encoding))
    assert "".join(text_lines(stream, "x", encoding_of(stream, "x"), 1000)) == text


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=1, max_size=300))
def test_whatever_bytes_a_file_holds_only_source_errors_come(data: bytes) -> None:
    path = Path(f"/proc/self/fd/{(pipe := os.memfd_create('contacts'))}")
    try:
        os.write(pipe, b"Name;Phones\n" + data)
        with suppress(SourceError):
            pull(path)
    finally:
        os.close(pipe)


def test_a_full_disk_for_the_rows_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Merger, "_flush", full)
    with pytest.raises(SourceFailure, match="cannot be kept in a temporary file: database or disk is full") as caught:
        pull(write(tmp_path, csv_text()))
    assert "TMPDIR" in caught.value.hint


@pytest.mark.parametrize("name", ["contacts.json", "contacts.jsonl"])
def test_json_by_xdto_is_read_as_the_records_that_it_means(tmp_path: Path, name: str) -> None:
    records = [{"Ref": ref, "Name": title, "Phones": phones} for ref, title, phones in READ]
    lines = [xdto(records)] if name.endswith(".json") else [xdto(record) for record in records]
    path = write(tmp_path, "\n".join(json.dumps(line, ensure_ascii=False) for line in lines), name)
    assert short(pull(path)) == READ
