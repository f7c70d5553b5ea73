"""The list of calls, through the real command line."""

import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest

from astsync.calls.model import CallGap, CallResult, Direction, Evidence, PastCall
from astsync.store import CallJournal
from tests.cli.sandbox import Sandbox

MISSED, BACK, AGAIN = "74955550171", "74955550172", "74955550173"


def call(phone: str, ago: float, **more: object) -> PastCall:
    started = datetime.now(UTC) - timedelta(seconds=ago)
    values: dict[str, object] = {
        "id": f"office:{ago:.0f}.{phone[-2:]}",
        "pbx": "office",
        "direction": Direction.INCOMING,
        "phone": phone,
        "extension": "101",
        "rung": ("101", "102"),
        "did": "84955550100",
        "started": started,
        "answered": None,
        "ended": started + timedelta(seconds=20),
        "result": CallResult.MISSED,
        **more,
    }
    return PastCall(**values)  # type: ignore[arg-type]


def picked_up(phone: str, ago: float, **more: object) -> PastCall:
    one = call(phone, ago, result=CallResult.ANSWERED, **more)
    return replace(one, answered=one.started + timedelta(seconds=5))


@pytest.fixture
def calls(box: Sandbox) -> Sandbox:
    """A store with six calls of the last minutes, and a gap."""
    box.run("sync")
    now = datetime.now(UTC)
    with closing(CallJournal(box.folder / "store.sqlite3", 90)) as journal:
        given = [
            call(MISSED, 50),
            call(BACK, 49),
            picked_up(BACK, 40, direction=Direction.OUTGOING, rung=()),
            call(AGAIN, 39),
            picked_up(AGAIN, 30),
            call("", 20),
        ]
        journal.add([(one, Evidence.EVENTS) for one in given], time.time())
        journal.add_gap(CallGap("office", now - timedelta(minutes=9), now - timedelta(minutes=8), "no file"))
    return box


def test_the_missed_calls_say_whether_somebody_called_back(calls: Sandbox) -> None:
    done = calls.run("calls", "--missed", "--since", "24h")
    lines = done.out.splitlines()
    assert done.code == 0
    assert [line.strip() for line in lines if line.startswith("      ")] == [
        "nobody called back",
        "called back",
        "called again, answered",
        "nobody called back",
    ]
    assert "withheld" in done.out
    assert "4 calls since" in done.out
    assert "4 missed, to 2 of them nobody called back" in done.out
    assert "may be missing: no file" in done.out
    assert max(map(len, lines[:-1])) <= 80


def test_json_has_all_of_each_call(calls: Sandbox) -> None:
    report = calls.run("calls", "--since", "24h", "--format", "json").report
    assert list(report) == ["version", "since", "until", "calls", "cut", "gaps"]
    assert list(report["calls"][0]) == [
        "id", "pbx", "direction", "phone", "name", "extension", "rung", "did", "started", "answered", "ended", "wait",
        "talk", "result", "called_back",
    ]  # fmt: skip
    assert [one["called_back"] for one in report["calls"]] == ["no", "called", None, "answered", None, "no"]
    assert [gap["why"] for gap in report["gaps"]] == ["no file"]


@pytest.mark.parametrize("number", ["8 (495) 555-01-72", "+74955550172", BACK])
def test_the_calls_of_a_number_in_any_spelling(calls: Sandbox, number: str) -> None:
    report = calls.run("calls", "--since", "24h", "--number", number, "--format", "json").report
    assert [one["phone"] for one in report["calls"]] == [BACK, BACK]


@pytest.mark.parametrize(("chosen", "count"), [(("--missed",), 4), (("--number", AGAIN), 2)])
def test_the_list_is_cut_after_it_is_chosen(
    calls: Sandbox, chosen: tuple[str, ...], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("astsync.cli.calls.MOST_LISTED", 4)
    report = calls.run("calls", "--since", "24h", *chosen, "--format", "json").report
    assert (report["cut"], len(report["calls"])) == (False, count)
    assert calls.run("calls", "--since", "24h", "--format", "json").report["cut"] is True


def test_tables_and_a_page(calls: Sandbox) -> None:
    plain = calls.run("calls", "--since", "24h", "--format", "csv", "--csv-dialect", "plain").out
    assert plain.splitlines()[0].startswith("started,direction,result,number,name,extension,rung")
    assert len(plain.splitlines()) == 7
    file = calls.folder / "calls.xlsx"
    assert calls.run("calls", "--since", "24h", "--format", "xlsx", "--output", str(file)).code == 0
    sheet = openpyxl.load_workbook(file).worksheets[0]
    assert (sheet.max_row, sheet.cell(2, 4).value) == (7, MISSED)
    page = calls.run("calls", "--since", "24h", "--format", "html").out
    assert page.count("<tr>") == 7
    assert MISSED in page


def test_russian_speaks(calls: Sandbox) -> None:
    done = calls.run("--lang", "ru", "calls", "--missed", "--since", "24h")
    assert done.code == 0
    assert max(map(len, done.out.splitlines()[:-1])) <= 80


def test_forget_reaches_the_journal(calls: Sandbox) -> None:
    assert "2 calls of the journal" in calls.run("forget", BACK).out
    report = calls.run("calls", "--since", "24h", "--format", "json").report
    assert BACK not in {one["phone"] for one in report["calls"]}


def test_without_following_it_is_said(box: Sandbox) -> None:
    done = box.run("calls")
    assert done.code == 0
    assert "0 calls since" in done.out
    assert "follow = true" in done.err


def test_status_and_check_tell_of_a_gap(calls: Sandbox) -> None:
    with calls.configuration.open("a", encoding="utf-8") as file:
        file.write("\n[serve.calls]\nfollow = true\n")
    assert "may be missing: no file" in calls.run("status").out
    assert [gap["why"] for gap in calls.run("status", "--format", "json").report["gaps"]] == ["no file"]
    assert "calls of 1 time may be missing" in calls.run("-v", "check").out
