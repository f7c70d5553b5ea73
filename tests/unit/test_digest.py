"""What a digest makes of what the store has."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from astsync.calls.model import CallResult, Direction, Evidence
from astsync.engine.digest import KILLED, failures, make_digest
from astsync.engine.result import CallsOfPeriod, Digest, MissedCall, MissedCalls, PbxState, UnknownCaller
from astsync.language import about, say
from astsync.phonebook.endings import NAMED, NAMELESS, Ending
from astsync.phonebook.model import Entry
from astsync.phonebook.numbers.parser import NumberParser
from astsync.phonebook.numbers.spelled import spelled
from astsync.reports.digest_figures import call_slots, call_sums, run_sums
from astsync.reports.digest_words import next_step, pbx_words
from astsync.store import (
    CallCount,
    CallJournal,
    JournalReader,
    RunPart,
    RunRecord,
    Snapshot,
    SnapshotFacts,
    Store,
)
from tests.unit import past_calls
from tests.unit.past_calls import NUMBER, past_call
from tests.unit.sample_digests import digests

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
AT = datetime.fromtimestamp(past_calls.NOW, UTC)
RUN = RunRecord(1, "sync", NOW, NOW, 0, "", None, None, undoable=False, parts=())
FACTS = SnapshotFacts(NOW, "1C", 5, 5, 0, 0)
GOOD = replace(digests()["quiet"], now=NOW, calls=CallsOfPeriod(NOW), snapshot=FACTS, pbx=(), last_run=RUN)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "store.sqlite3")) as opened:
        yield opened


def made(store: Store, *pbxs: str, under_way: bool = False) -> Digest:
    now = datetime.now(UTC)
    parser = NumberParser(country="RU", area_code="", forms=("e164",))
    return make_digest(store, parser, pbxs, now - timedelta(days=1), now, now, under_way=under_way)


def ran(store: Store, code: int | None, *parts: RunPart, command: str = "sync", message: str = "") -> None:
    run = store.begin_run(command)
    if code is not None:
        store.end_run(run, code, message, parts, hint="Mend it." if message else "")


def test_a_missed_call_is_told_until_somebody_called_back(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    store.save_snapshot(Snapshot({NUMBER: Entry(NUMBER, "OOO Alfa", "")}, NOW, "1C", 1, 0, 0))
    missed = past_call(1, ago=900, result=CallResult.MISSED, answered=None, rung=("101", "102"))
    other = past_call(2, ago=800, phone="74955550198", result=CallResult.BUSY, answered=None)
    back = past_call(3, ago=700, phone="74955550198", direction=Direction.OUTGOING)
    with closing(CallJournal(path, 90)) as journal:
        journal.add([(call, Evidence.EVENTS) for call in (missed, other, back)], AT.timestamp())
    now = AT + timedelta(seconds=1)
    parser = NumberParser(country="RU", area_code="", forms=("e164",))
    day = timedelta(days=1)
    told = make_digest(store, parser, (), now - day, now, now, journal=JournalReader(path)).missed
    call = MissedCall(NUMBER, "OOO Alfa", missed.started, ("101", "102"))
    assert told == MissedCalls(2, 1, (call,))
    assert make_digest(store, parser, (), now - day, now, now).missed is None


def test_a_pbx_is_as_the_last_run_saw_it_that_reached_it(store: Store) -> None:
    ran(store, 0, RunPart("Office", "cidname", verified=True), RunPart("far", "cidname", verified=True))
    ran(store, 7, RunPart("far", "cidname", error=about("far", say("timed out")), hint=say("Look.")))
    ran(store, 4, message="1C is down")
    office, far, new = made(store, "office", "far", "new").pbx
    assert (office.good, office.message) == (True, "")
    assert (far.good, far.message, far.hint) == (False, "far: timed out", "Look.")
    assert far.well_at == office.at
    assert new == PbxState("new")


def test_a_pbx_that_did_not_keep_what_was_written_is_not_in_step(store: Store) -> None:
    ran(store, 7, RunPart("office", "cidname", 3, failed=1), RunPart("far", "cidname", 3, verified=False))
    assert [(one.good, one.message, one.well_at) for one in made(store, "office", "far").pbx] == [(False, "", None)] * 2


def test_a_run_that_is_under_way_has_not_failed(store: Store) -> None:
    ran(store, None)
    assert made(store, under_way=True).failures == ()
    (killed,) = made(store).failures
    assert (killed.message, killed.exit_code) == (KILLED, None)


def test_runs_that_write_names_told_online_are_told_apart(store: Store) -> None:
    for command in ("sync", "online", "online"):
        ran(store, 0, command=command)
    ran(store, 5, message="no connection", command="online")
    digest = made(store)
    assert ([run.command for run in digest.runs], digest.online_runs) == (["sync"], 3)
    assert digest.last_run is not None
    assert digest.last_run.command == "sync"
    assert [(one.command, one.message) for one in digest.failures] == [("online", "no connection")]


def test_what_was_before_the_period_is_not_told(store: Store) -> None:
    ran(store, 4, message="1C is down")
    now = datetime.now(UTC)
    parser = NumberParser(country="RU", area_code="", forms=("e164",))
    later = make_digest(store, parser, (), now, now + timedelta(days=1), now)
    assert (later.runs, later.failures) == ((), ())
    assert later.last_run is not None


def test_failures_that_are_alike_are_one() -> None:
    refused = tuple(RunPart(name, "cidname", error="too many") for name in ("office", "far"))
    runs = [
        replace(RUN, started=NOW - timedelta(hours=hour), exit_code=code, message=words, parts=parts, hint=hint)
        for hour, code, words, hint, parts in (
            (0, 4, "down", "Mend.", ()),
            (1, 0, "", "", ()),
            (2, 6, "", "", refused),
            (3, 4, "down", "Mend.", ()),
            (4, 130, "interrupted", "", ()),
            (5, 7, "", "", (RunPart("office", "cidname"), RunPart("far", "cidname", error="far: away", hint="Look."))),
            (6, 4, "down", "Mend.", ()),
        )
    ]
    found = [(one.message, one.hint, one.pbx, one.count, one.first, one.last) for one in failures(runs)]
    assert found == [
        ("down", "Mend.", "", 3, NOW - timedelta(hours=6), NOW),
        ("too many", "", "", 1, NOW - timedelta(hours=2), NOW - timedelta(hours=2)),
        ("far: away", "Look.", "far", 1, NOW - timedelta(hours=5), NOW - timedelta(hours=5)),
    ]


def test_every_run_is_in_one_of_the_sums() -> None:
    part = RunPart("office", "cidname", 1, 2, 3, 4)
    runs = [replace(RUN, exit_code=code, parts=(part,)) for code in (0, 1, 2, 4, 5, 6, 7, 8, 130, None)] + [RUN]
    sums = run_sums(runs)
    parts = (sums.idle, sums.changed, sums.partly, sums.failed, sums.refused, sums.killed)
    assert parts == (1, 1, 1, 5, 1, 2)
    assert sum(parts) == sums.all
    assert (sums.added_entries, sums.failed_entries) == (9, 36)  # not of the killed one: it was only about to


def test_every_ending_of_a_call_is_counted_once() -> None:
    sums = call_sums(CallCount(NOW, ending, 10) for ending in Ending)
    assert (sums.named, sums.nameless, sums.others) == (30, 50, 50)
    assert set(NAMED) | set(NAMELESS) < set(Ending)
    assert sums.unanswered == 40
    assert call_sums([CallCount(NOW, "snapshot", 999), CallCount(NOW, "unknown", 1)]).share == 99


@pytest.mark.parametrize(("days", "parts"), [(1, 24), (2, 2), (31, 31), (90, 13)])
def test_a_period_is_told_by_the_hour_the_day_or_the_week(days: int, parts: int) -> None:
    begin = datetime(2026, 8, 3).astimezone()
    until = begin + timedelta(days=days)
    counts = tuple(CallCount(begin + timedelta(hours=hour), "snapshot", 1) for hour in range(24 * days))
    calls = CallsOfPeriod(begin - timedelta(days=1), counts)
    slots = call_slots(replace(GOOD, since=begin, until=until, now=until, calls=calls))
    assert len(slots) == parts
    assert sum(slot.calls.named for slot in slots) == 24 * days
    assert {slot.calls.named for slot in slots[:-1]} == {24 * days // parts if days < 90 else 168}


def test_why_a_pbx_is_not_in_step_is_told_once() -> None:
    state = PbxState("far", False, NOW, "far: timed out", "Look.")
    assert pbx_words(state, GOOD).endswith(": timed out")
    (failure,) = failures([replace(RUN, exit_code=5, parts=(RunPart("far", "cidname", error="far: timed out"),))])
    assert "timed out" not in pbx_words(state, replace(GOOD, failures=(failure,)))


FAILED = replace(RUN, exit_code=4, hint="Look at 1C.")
STEPS = {
    "failed": (replace(GOOD, last_run=FAILED), "The last run failed. Look at 1C."),
    "failed, no cure": (replace(GOOD, last_run=replace(FAILED, hint="")), "astsync history"),
    "no list": (replace(GOOD, snapshot=None), "`astsync sync`"),
    "old": (replace(GOOD, snapshot=replace(FACTS, at=NOW - timedelta(days=3))), "3 d old"),
    "pbx": (replace(GOOD, pbx=(PbxState("far", False, NOW, "far: x", "Look there."),)), "far: Look there."),
    "pbx, no cure": (replace(GOOD, pbx=(PbxState("far", False, NOW),)), "`astsync push`"),
    "slow": (
        replace(GOOD, calls=CallsOfPeriod(NOW, (CallCount(NOW, "late", 6), CallCount(NOW, "snapshot", 94)))),
        "for 6 calls",
    ),
    "often": (replace(GOOD, calls=CallsOfPeriod(NOW, (), (UnknownCaller("7", 3, NOW),))), "again and again"),
    "problems": (replace(GOOD, snapshot=replace(FACTS, skipped=1)), "astsync problems --mail-to"),
    "not counted": (replace(GOOD, calls=None), "astsync check --calls"),
    "well": (GOOD, "Nothing"),
    "a few late": (
        replace(GOOD, calls=CallsOfPeriod(NOW, (CallCount(NOW, "late", 5), CallCount(NOW, "snapshot", 95)))),
        "Nothing",
    ),
    "interrupted": (replace(GOOD, last_run=replace(RUN, exit_code=130)), "Nothing"),
}


@pytest.mark.parametrize("case", STEPS)
def test_the_next_step_is_the_most_urgent_one(case: str) -> None:
    digest, words = STEPS[case]
    assert words in next_step(digest)


@pytest.mark.parametrize(
    ("number", "text", "country"),
    [
        ("74952293042", "+7 495 229-30-42", "RU"),
        ("375295550104", "+375 29 555-01-04", "BY"),
        ("881612345678", "+881 6 123 45678", ""),
        ("7", "7", ""),
        ("999", "999", ""),
    ],
)
def test_a_number_is_spelled_as_people_write_it(number: str, text: str, country: str) -> None:
    assert spelled(number) == (text, country)
