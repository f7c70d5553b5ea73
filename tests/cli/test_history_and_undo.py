"""``history`` and ``undo`` as a user runs them."""

import csv
import io
import json
from typing import Any

import openpyxl
import pytest

from tests.cli.sandbox import Sandbox


def history(box: Sandbox, *arguments: str) -> list[dict[str, Any]]:
    done = box.run("history", "--format", "json", *arguments)
    assert (done.code, done.err) == (0, "")
    data = json.loads(done.out)
    assert list(data) == ["version", "runs"]
    assert data["version"] == 1
    runs: list[dict[str, Any]] = data["runs"]
    return runs


def test_history_of_no_runs(box: Sandbox) -> None:
    assert box.run("history").out == "no runs yet\n"
    assert history(box) == []
    assert list(box.folder.glob("store*")) == []


def test_sync_undo_redo(box: Sandbox) -> None:
    box.pbx.fill({"101": "Reception"})
    box.run("sync")
    whole = box.pbx.family()
    undone = box.run("undo", "--yes")
    assert (undone.code, undone.err) == (0, "")
    assert undone.out.startswith("putting back run 1 (sync of 20")
    share = f"office: {len(whole) - 1} of {len(whole)} entries: 0 to add, 0 to change, {len(whole) - 1} to delete"
    assert share in undone.out
    assert f"0 added, 0 changed, {len(whole) - 1} deleted; verified" in undone.out
    assert "the next sync, push or watch writes it again" in undone.out
    assert box.pbx.family() == {"101": "Reception"}
    again = box.run("undo", "--yes", "--format", "json")
    assert (again.code, again.report["undoes"], again.report["run"]) == (0, 2, 3)
    assert box.pbx.family() == whole
    assert box.run("sync", "--format", "json").pbx["add"] == []
    words = box.run("history").out.splitlines()
    assert [line.split()[0] for line in words[::2]] == ["4", "3", "2", "1"]
    assert "undo  exit 0  (put back run 2)  (can be undone)" in words[2]
    assert "undo  exit 0  (put back run 1)  (put back by run 3)" in words[4]
    assert "sync  exit 0  (put back by run 2)" in words[6]
    assert words[7].strip() == f"office: {len(whole) - 1} added, 0 changed, 0 deleted"


def test_the_keys_of_history_are_pinned(box: Sandbox) -> None:
    box.run("sync")
    box.onec.stop()
    assert box.run("sync").code == 4
    failed, first = history(box)
    assert history(box, "--limit", "1") == [failed]
    assert list(first) == [
        "run", "command", "started", "finished", "exit_code", "message", "undoable", "undoes", "undone_by", "pbx",
    ]  # fmt: skip
    assert (first["undoable"], first["message"]) == (True, "")
    assert (failed["exit_code"], failed["undoable"]) == (4, False)
    assert ("refuses the connection" in failed["message"], failed["pbx"]) == (True, [])
    (pbx,) = first["pbx"]
    assert list(pbx) == ["name", "family", "add", "change", "delete", "failed", "verified", "error"]
    assert (pbx["name"], pbx["add"], pbx["verified"], pbx["error"]) == ("office", len(box.pbx.family()), True, None)


def test_the_idle_runs_of_a_day_are_a_line(box: Sandbox) -> None:
    for _ in range(4):
        assert box.run("sync").code == 0
    box.onec.stop()
    assert box.run("sync").code == 4
    failed, idle, first, part = (line for line in box.run("history").out.splitlines() if "connection" not in line)
    assert failed.split()[0] == "5"
    assert idle.strip().endswith("3 runs with nothing to do (sync)  runs 2 to 4")
    assert (first.split()[0], part.split()[0]) == ("1", "office:")
    every = box.run("history", "--all").out
    assert [line.split()[0] for line in every.splitlines() if line[:5].strip().isdigit()] == ["5", "4", "3", "2", "1"]
    assert len(box.run("history", "--limit", "2").out.splitlines()) == 3
    assert [run["run"] for run in history(box)] == [5, 4, 3, 2, 1]


def test_every_change_of_a_run_in_every_format(box: Sandbox) -> None:
    box.pbx.fill({"101": "Reception"})
    box.run("sync")
    whole = box.pbx.family()
    report = json.loads(box.run("history", "1", "--format", "json").out)
    assert list(report)[:3] == ["version", "run", "command"]
    assert list(report["changes"][0]) == ["pbx", "number", "change", "old", "new"]
    added = {one["number"]: one["new"] for one in report["changes"]}
    assert {**added, "101": "Reception"} == whole
    assert {(one["pbx"], one["change"], one["old"]) for one in report["changes"]} == {("office", "add", None)}
    text = box.run("history", "1").out
    assert all(f"  + {number}  {name}" in text for number, name in added.items())
    assert f"office: {len(added)} keys" in text
    rows = list(csv.DictReader(io.StringIO(box.run("history", "1", "--format", "csv", "--csv-dialect", "plain").out)))
    assert {row["number"]: row["new"] for row in rows} == added
    assert {row["change"] for row in rows} == {"add"}
    file = box.folder / "run.xlsx"
    assert box.run("history", "1", "--format", "xlsx", "--output", str(file)).code == 0
    book = openpyxl.load_workbook(file)
    assert book.sheetnames == ["Run 1", "Totals"]
    assert {row[4].value: row[7].value for row in book["Run 1"].iter_rows(min_row=2)} == added


def test_a_run_without_changes_says_why_there_are_none(box: Sandbox) -> None:
    box.write("[store]\n", "[store]\nkeep_runs = 1\n")
    box.run("sync")
    box.run("sync")
    assert "It changed nothing on a PBX." in box.run("history", "2").out
    box.pbx.wipe()
    box.run("sync")
    assert "Its record is kept no longer (store.keep_runs)." in box.run("history", "1").out
    assert box.run("history", "9").code == 2
    assert box.run("history", "1", "--number", "84955550101").code == 2


def test_the_life_of_a_number(box: Sandbox) -> None:
    box.onec.add("ООО «Первая»", ["8 (495) 555-01-01"])
    box.run("sync")
    box.pbx.fill({"74955550101": "By hand"})
    box.run("sync")
    box.run("undo", "--yes")
    life = json.loads(box.run("history", "--number", "8 495 555 01 01", "--format", "json").out)
    assert list(life) == ["version", "number", "keys", "changes", "entries"]
    assert [(one["run"], one["command"], one["change"], one["old"], one["new"]) for one in life["changes"]] == [
        (1, "sync", "add", None, "OOO Pervaya"),
        (2, "sync", "change", "By hand", "OOO Pervaya"),
        (3, "undo", "change", "OOO Pervaya", "By hand"),
    ]
    assert life["entries"][0]["name"] == "OOO Pervaya"
    text = box.run("history", "--number", "8 495 555 01 01").out
    assert text.startswith("74955550101, as the key 74955550101\n")
    assert "run 2, sync  ~ office  By hand -> OOO Pervaya\n" in text
    assert "Now in the list: OOO Pervaya (Контрагенты/" in text
    rows = list(csv.reader(io.StringIO(
        box.run("history", "--number", "+74955550101", "--format", "csv", "--csv-dialect", "plain").out
    )))  # fmt: skip
    assert [row[5] for row in rows] == ["change", "add", "change", "change"]
    other = box.run("history", "--number", "8 495 555 99 99")
    assert "No run on record changed it." in other.out
    assert "It is not in the list of the last sync." in other.out
    assert box.run("history", "--number", "нет").code == 2


def test_a_key_that_is_taken_over_is_told(box: Sandbox) -> None:
    box.onec.add("ООО «Первая»", ["8 (495) 555-01-01"])
    box.pbx.fill({"74955550101": "OOO Pervaya"})
    box.run("sync")
    assert "= office  OOO Pervaya (astsync's from then on)" in box.run("history", "--number", "74955550101").out


def test_a_changed_key_refuses_and_is_named(box: Sandbox) -> None:
    box.run("sync")
    number = next(iter(box.pbx.family()))
    box.pbx.fill({number: "By hand"})
    box.pbx.actions.clear()
    for command in (["undo", "--yes"], ["undo", "1", "--yes"], ["undo", "--dry-run"]):
        refused = box.run(*command)
        assert refused.code == 6
        assert f"1 key has changed since run 1: {number}" in refused.err
        assert "--skip-changed" in refused.err
        assert "Nothing was put back there." in refused.err
        assert "in step" not in refused.out
        assert "writes it again" not in refused.out
    assert box.pbx.writes == 0
    assert box.run("undo", "1", "--yes", "--skip-changed").code == 0
    assert box.pbx.family() == {number: "By hand"}


def test_a_refused_undo_is_not_told_as_done(box: Sandbox) -> None:
    box.run("sync")
    box.pbx.fill(dict.fromkeys(box.pbx.family(), "By hand"))
    refused = box.run("undo", "--yes")
    assert "office: nothing to put back, 0 unchanged" in refused.out
    assert "undo  exit 6  (was to put back run 1)" in box.run("history").out
    for form, words in (("markdown", "nothing to put back"), ("html", "refused, nothing was written")):
        assert words in box.run("undo", "--dry-run", "--format", form).out


def test_a_run_that_cannot_be_undone_is_a_fault_of_usage(box: Sandbox) -> None:
    for command in (["undo", "--yes"], ["undo", "7", "--yes"], ["undo", "first"]):
        assert box.run(*command).code == 2
    assert "astsync history" in box.run("undo", "--yes").err


def test_a_dry_undo_writes_nothing(box: Sandbox) -> None:
    box.run("sync")
    whole, runs = box.pbx.family(), history(box)
    box.pbx.actions.clear()
    dry = box.run("undo", "--dry-run", "--format", "json")
    assert (dry.code, dry.report["run"], len(dry.pbx["delete"])) == (0, None, len(whole))
    assert (box.pbx.writes, history(box)) == (0, runs)


def test_foreign_entries_are_listed_when_asked_for(box: Sandbox) -> None:
    box.pbx.fill({"101": "Reception", "102": "=1+1"})
    assert "Reception" not in box.run("diff").out
    assert "  = 101  Reception\n  = 102  =1+1\n" in box.run("diff", "--foreign").out
    assert "kept" not in box.run("diff", "--format", "json").pbx
    kept = [{"number": "101", "name": "Reception"}, {"number": "102", "name": "=1+1"}]
    assert box.run("diff", "--foreign", "--format", "json").pbx["kept"] == kept
    assert (
        "office,foreign,101,Reception,Reception,,kept"
        in box.run("diff", "--foreign", "--format", "csv", "--csv-dialect", "plain").out
    )
    assert (
        "office,foreign,102,'=1+1,'=1+1,,kept"
        in box.run("diff", "--foreign", "--format", "csv", "--csv-dialect", "plain").out
    )


def test_bytes_of_any_kind_come_back_as_they_were(box: Sandbox) -> None:
    box.run("sync")
    number = next(iter(box.pbx.family()))
    key = f"/cidname/{number}".encode()
    box.pbx.database[key] = b"\xc8\xe2\xe0\xed \x1b[31m"
    assert box.run("sync", "--allow-changes").code == 0
    undone = box.run("undo", "--yes", "--format", "json")
    assert undone.code == 0
    assert box.pbx.database[key] == b"\xc8\xe2\xe0\xed \x1b[31m"
    assert "\x1b" not in box.run("undo", "--dry-run").out + undone.out


def test_keep_runs_bounds_what_can_be_undone(box: Sandbox) -> None:
    box.write("[store]\n", "[store]\nkeep_runs = 1\n")
    box.run("sync")
    box.pbx.wipe()
    box.run("sync")
    assert [run["undoable"] for run in history(box)] == [True, False]


def test_a_run_on_a_damaged_store_goes_on_and_tells_it(box: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    box.run("sync")
    (box.folder / "store.sqlite3").write_bytes(b"\0" * 9_000)
    whole = box.pbx.family()
    assert box.run("diff", "--exit-code").code == 0
    done = box.run("sync")
    assert (done.code, box.pbx.family()) == (0, whole)
    assert "moved to" in caplog.text
    assert len(list(box.folder.glob("store.sqlite3.corrupt-*"))) == 1
    assert history(box)[0]["run"] == 1
