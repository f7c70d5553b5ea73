"""Every format of a report against its golden file; ``make golden`` writes them anew, and git shows what changed."""

import csv
import io
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from astsync.engine.result import Applied, PbxReport, Problems, Report
from astsync.errors import PbxUnreachable, SafetyError
from astsync.phonebook.claims import Claimant, Held, ranked, told
from astsync.phonebook.keeping import Missed, Trace
from astsync.phonebook.model import Conflict, Doubt, Entry, Skipped
from astsync.phonebook.plan import make_plan
from astsync.reports.formats import PROBLEM_RENDERERS, RENDERERS
from astsync.text import printable

GOLDEN = Path(__file__).parents[1] / "golden"
PULLED = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
DESIRED = {
    number: Entry(number, name, f"Контрагенты/{number}")
    for number, name in {
        "74955550101": "OOO Romashka",
        "74955550102": "IP Shchukin P.P.",
        "74955550103": "AO Vektor",
        "375295550104": "Кафе «У Юры»",
    }.items()
}
EXISTING = {
    "74955550102": "IP Schukin",
    "74955550103": "AO Vektor",
    "74955550199": "OOO Gone",
    "101": "Reception \x1b[31m\udcc8\u202e",
}


def reports() -> dict[str, Report]:
    plan = make_plan(EXISTING, DESIRED, owned={"74955550102", "74955550199"})
    wild = make_plan(EXISTING, DESIRED, owned=set(), foreign="delete")
    done = PbxReport("office", plan, Applied(2, 1, 1, written=3), verified=True)
    failed = PbxReport(
        "branch", plan, Applied(1, 1, 0, written=2, failed={"375295550104": "Database \x07error"}), verified=False
    )
    many = {f"7495556{i:04}": f"7495556{i:04} cannot be stored" for i in range(25)}
    trace = Trace(6, PULLED, "2026-11-20 09:00:00")
    odd = make_plan(
        {**EXISTING, "": "", " lead": "x", "k" * 300: "x", "a\nb": "x"},
        DESIRED,
        owned={"74955550102", "74955550199"},
        unnameable={"", " lead", "k" * 300, "a\nb"},
    )
    stuck = PbxReport(
        "stuck", odd, Applied(failed={**many, "74955550102": "refused"}), False, None, Missed(trace, 3, 4, same=True)
    )
    lost = PbxReport("far", error=PbxUnreachable("far: no connection to AMI at 192.0.2.1:5038: timed out"))
    refused = PbxReport("wild", wild, error=SafetyError("wild: the plan would delete 2 of 4 entries (50%)"))
    alike = {number: Entry(number, name) for number, name in EXISTING.items() if number.startswith("7")}
    in_step = PbxReport("calm", make_plan(EXISTING, alike, owned=set()), Applied(written=3), verified=True)
    idle = PbxReport("idle", make_plan(EXISTING, alike, owned=set()), Applied(), verified=True)
    verdicts = {"74955550101": "taken: older code 9 before 12", "74955550102": "taken: its kind of contact \x07 first"}
    source = "1C OData at http://1c.example.local/trade (Контрагенты)"
    return {
        "sync": Report("sync", 7, source, True, PULLED, 5, 2, 1, (done, failed, stuck, lost, refused)),
        "diff": Report("diff", None, source, True, PULLED, 5, 2, 1, (PbxReport("office", plan),), verdicts=verdicts),
        "push": Report("push", 8, source, False, PULLED, 5, 2, 1, (in_step, idle)),
    }


@pytest.fixture
def moscow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "MSK-3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def problems() -> Problems:
    skipped = (
        Skipped("Контрагенты/1", "ООО «Ромашка»", "=cmd|'/c calc'!A1", "no phone number found"),
        Skipped("Контрагенты/2", "<script>alert(1)</script>", "+7 495 | `x` \x1b[2J", "an extension only"),
        Skipped("Контрагенты/3", "", "", "no name"),
    )
    cards = (
        Claimant(0, "Контрагенты", "ООО «Ромашка»", "00-00000012", "Контрагенты/1", "OOO Romashka"),
        Claimant(1, "Партнеры", "АО <b>Вектор</b>", "", "Партнеры/9", "AO Vektor"),
    )
    held: list[Held] = [(card, 0, "Телефон", "+7 495 555-01-01", ()) for card in cards]
    conflicts = tuple(
        Conflict(f"7495555010{i}", rule, told(ranked(held), rule)) for i, rule in enumerate(("first", "join", "skip"))
    )
    doubts = (
        Doubt("Контрагенты/4", "ООО «Вектор»", "+7 (495) 555-01-03", "+7 (495) 555-01-04", ("74955550103",)),
        Doubt("Контрагенты/5", "<b>АО</b>", "555-01-05", "+375 (17) 555-01-05"),
    )
    return Problems("1C OData at http://1c.example.local/trade (Контрагенты)", 5, skipped, conflicts, doubts)


def golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("ASTSYNC_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8", newline="")
    assert text == path.read_bytes().decode()


@pytest.mark.parametrize("form", RENDERERS)
@pytest.mark.parametrize("name", reports())
def test_a_report_is_as_its_golden_file(name: str, form: str, moscow: None) -> None:
    golden(f"{name}.{form}", RENDERERS[form](reports()[name]))


@pytest.mark.parametrize("form", PROBLEM_RENDERERS)
def test_the_problems_are_as_their_golden_file(form: str) -> None:
    golden(f"problems.{form}", PROBLEM_RENDERERS[form](problems()))


def test_many_that_failed_alike_are_one_line_and_json_has_them_all(moscow: None) -> None:
    report = reports()["sync"]
    for form in ("text", "csv", "markdown", "html"):
        text = RENDERERS[form](report)
        assert text.count("cannot be stored") == 1
        assert "(and 24 more keys in the same way)" in text.replace("\\", "")
    stuck = json.loads(RENDERERS["json"](report))["pbx"][2]
    assert len(stuck["failures"]) == 26
    assert stuck["failures"][24] == {"number": "74955560024", "reason": "74955560024 cannot be stored"}


def test_the_same_problem_again_and_again_is_counted() -> None:
    same = [Skipped(f"К/{i}", "", "нет", "no phone number found") for i in range(21)]
    few = [Skipped(f"К/{i}", "ООО", "нет", "no phone number found") for i in range(20)]
    lines = PROBLEM_RENDERERS["text"](Problems("1C", 5, (*same, *few), ())).splitlines()
    assert lines[1] == "  (no name): нет: no phone number found (21 times)"
    assert lines[2:] == ["  ООО: нет: no phone number found"] * 20


def test_no_cell_of_a_csv_is_a_formula() -> None:
    rows = list(csv.reader(io.StringIO(PROBLEM_RENDERERS["csv"](problems()))))
    assert rows[1][4] == "'=cmd|'/c calc'!A1"
    assert rows[2][4].startswith("'+7 495")
    assert not [cell for row in rows for cell in row if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]


def test_a_page_runs_nothing_and_loads_nothing() -> None:
    page = PROBLEM_RENDERERS["html"](problems())
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://1c.example.local", "")


@pytest.mark.parametrize(
    "text", ["\x1b]0;title\x07", "a\nb", "\u202egnp.exe", "\u200b", "\x9b31m", "\ue000", "\U000e0041"]
)
def test_nothing_that_steers_a_terminal_is_printed(text: str) -> None:
    assert printable(text).isascii()
    assert printable(text).isprintable()


@pytest.mark.parametrize("text", ["\ud800", "a\udcc8b\ud800", "\udfff\x9b"])
def test_surrogates_of_any_kind_are_printed(text: str) -> None:
    printable(text).encode()
    assert printable(text).isprintable()


def test_a_json_report_cannot_steer_a_terminal() -> None:
    rude = Skipped("Контрагенты/1", "\x9b31m \u202e \x7f \ud800 \U000e0041", "\x1b[2J", "no number")
    text = PROBLEM_RENDERERS["json"](Problems("1C", 1, (rude,), ()))
    assert text.replace("\n", "").isprintable()
    assert json.loads(text)["skipped"][0]["text"] == "\x1b[2J"
    assert json.loads(text)["skipped"][0]["name"].startswith("\x9b31m \u202e \x7f ")


def test_plain_letters_of_any_script_are_printed_as_they_are() -> None:
    for text in ("ООО «Ромашка» № 5", "Müller", "王小明", "😀"):
        assert printable(text) == text
