"""The journal of calls in the store: each call once, by places that grow, within bounds."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from astsync.calls.model import CallGap, Direction, Evidence
from astsync.store import CallJournal, CallsKept, JournalReader, NoStoreYet, Store, journal, journal_rows
from astsync.store.journal import NOT_CONFIGURED, NOT_HEARD
from tests.unit.old_stores import taken_back
from tests.unit.past_calls import NOW, NUMBER, answered, past_call

EVENTS, RECORDS, PARTLY = Evidence.EVENTS, Evidence.RECORDS, Evidence.PARTLY
AT = datetime.fromtimestamp(NOW, UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "store.sqlite3"
    Store(path).close()
    return path


@pytest.fixture
def kept(path: Path) -> Iterator[CallJournal]:
    with closing(CallJournal(path, 90)) as opened:
        yield opened


def ids(path: Path, cursor: str = "", limit: int = 100) -> list[str]:
    return [one.call.id for one in JournalReader(path).page(cursor, limit)[0]]


def test_a_call_comes_back_as_it_was_kept(kept: CallJournal, path: Path) -> None:
    call = answered(rung=("101", "102"), recording="2026/11/call.wav")
    assert kept.add([(call, EVENTS)], NOW) == 1
    found = JournalReader(path).find(call.id)
    assert found is not None
    assert (found.call, found.revision) == (call, 1)


def test_each_call_is_there_once_in_the_order_in_which_it_became_known(kept: CallJournal, path: Path) -> None:
    calls = [past_call(n, ago=100 - n) for n in (3, 1, 2)]
    kept.add([(call, EVENTS) for call in calls], NOW)
    assert kept.add([(call, EVENTS) for call in calls], NOW) == 0
    assert ids(path) == [call.id for call in calls]


@pytest.mark.parametrize(
    ("known", "later", "counts"),
    [
        (PARTLY, RECORDS, True),
        (PARTLY, EVENTS, True),
        (RECORDS, RECORDS, True),
        (RECORDS, EVENTS, True),
        (RECORDS, PARTLY, False),
        (EVENTS, RECORDS, False),
        (EVENTS, EVENTS, False),
    ],
)
def test_the_better_evidence_counts(
    kept: CallJournal, path: Path, known: Evidence, later: Evidence, counts: bool
) -> None:
    kept.add([(past_call(), known), (past_call(2, ago=50), EVENTS)], NOW)
    _, cursor, _ = JournalReader(path).page("", 10)
    assert kept.add([(answered(), later)], NOW) == counts
    found = JournalReader(path).page(cursor, 10)[0]
    assert [(one.call, one.revision) for one in found] == ([(answered(), 2)] if counts else [])
    assert len(ids(path)) == 2


def test_a_cursor_leads_through_all_and_asking_again_gives_the_same(kept: CallJournal, path: Path) -> None:
    kept.add([(past_call(n, ago=100 - n), EVENTS) for n in range(25)], NOW)
    reader, cursor, seen = JournalReader(path), "", list[str]()
    while True:
        calls, after, more = reader.page(cursor, 10)
        assert reader.page(cursor, 10)[0] == calls
        seen += [one.call.id for one in calls]
        cursor = after
        if not more:
            break
    assert len(seen) == len(set(seen)) == 25
    assert reader.page(cursor, 10) == ([], cursor, False)
    kept.add([(past_call(99, ago=1), EVENTS)], NOW)
    assert len(reader.page(cursor, 10)[0]) == 1


@pytest.mark.parametrize("cursor", ["x", "1", "-", "abc-", "abc-x", "abc-1-2", "a b-1", "а-1", "a-" + "9" * 60])
def test_what_is_no_cursor_is_refused(path: Path, cursor: str) -> None:
    with pytest.raises(ValueError, match="no cursor"):
        JournalReader(path).page(cursor, 10)


def test_a_cursor_of_another_store_begins_at_the_oldest(kept: CallJournal, path: Path) -> None:
    kept.add([(past_call(), EVENTS)], NOW)
    assert ids(path, "0123456789-999") == ids(path)


def test_a_place_is_never_given_again(kept: CallJournal, path: Path) -> None:
    kept.add([(past_call(), EVENTS)], NOW)
    _, cursor, _ = JournalReader(path).page("", 10)
    with closing(Store(path)) as store:
        store.forget((NUMBER,), "", ())
    kept.add([(past_call(2, phone="74955550143"), EVENTS)], NOW)
    assert len(ids(path, cursor)) == 1


def test_old_calls_leave_and_too_many_do(kept: CallJournal, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.add([(past_call(1, ago=91 * 86_400), EVENTS), (past_call(2), EVENTS)], NOW)
    assert len(ids(path)) == 1  # what is too old is not even kept
    monkeypatch.setattr(journal_rows, "MOST_CALLS_KEPT", 5)
    kept.add([(past_call(10 + n, ago=n), EVENTS) for n in range(10)], NOW + 2 * 3_600)
    assert len(ids(path)) == 5
    assert kept.untaken == 6


def test_one_wrong_clock_takes_the_calls_of_a_day_at_most(kept: CallJournal, path: Path) -> None:
    kept.add([(past_call(n, ago=n * 86_400 + 60), EVENTS) for n in range(80)], NOW)
    kept.add_gap(CallGap("office", AT - timedelta(hours=2), AT - timedelta(hours=1), "no file"))
    year = 365 * 86_400
    kept.add([(past_call(100, ago=-year), EVENTS)], NOW + year)
    kept.add([(past_call(101, ago=-year), EVENTS)], NOW + year)  # at once again: nothing more
    assert len(ids(path)) == 81
    assert len(JournalReader(path).gaps(AT, ["office"])) == 1
    assert kept.add([(past_call(102, ago=30), RECORDS)], NOW + year) == 1  # the PBX's clock is right
    for days in range(3):  # the clock is right again, and what is old leaves
        kept.add([(past_call(200 + days, ago=0), EVENTS)], NOW + (days + 14) * 86_400)
    assert len(ids(path)) == 81 + 1 + 3 - 3


def test_after_a_wrong_clock_old_calls_leave_as_before(kept: CallJournal, path: Path) -> None:
    kept.add([(past_call(n, ago=(89 - n) * 86_400), EVENTS) for n in range(3)], NOW)
    kept.add([(past_call(9, ago=-365 * 86_400), EVENTS)], NOW + 365 * 86_400)
    assert len(ids(path)) == 3
    kept.add([(past_call(10), EVENTS)], NOW + 3 * 86_400)
    assert len(ids(path)) == 3


def test_the_calls_of_a_long_absence_leave_day_by_day(kept: CallJournal, path: Path) -> None:
    kept.add([(past_call(n, ago=n * 86_400), EVENTS) for n in range(20)], NOW)
    for hour in range(20):
        kept.add([(past_call(100 + hour, ago=-120 * 86_400), EVENTS)], NOW + 120 * 86_400 + hour * 3_600)
    assert len(ids(path)) == 20


@pytest.mark.parametrize("evidence", [EVENTS, PARTLY])
def test_an_id_that_a_pbx_gives_again_is_another_call(kept: CallJournal, path: Path, evidence: Evidence) -> None:
    first = answered(1, ago=90_000)
    again = [
        replace(past_call(phone="74955550143", ago=ago), id=first.id) for ago in (100_000 - 86_400, 3_000, 2_000)
    ]  # the clock of the PBX was set back three times
    assert kept.add([(first, EVENTS)], NOW) == 1
    for call in again:
        assert kept.add([(call, evidence)], NOW) == 1
        assert kept.add([(call, evidence)], NOW) == 0  # told once more, it is the same
    found = JournalReader(path).page("", 10)[0]
    assert [one.call for one in found] == [
        first,
        *(replace(call, id=f"{first.id}~{call.started.timestamp():.0f}") for call in again),
    ]
    assert {one.revision for one in found} == {1}


def test_what_becomes_known_later_is_of_the_call_that_began_then(kept: CallJournal, path: Path) -> None:
    first, second = past_call(ago=90_000), past_call(ago=200)
    second = replace(second, id=first.id)
    kept.add([(first, PARTLY), (second, PARTLY)], NOW)
    kept.add([(replace(second, started=second.started + timedelta(seconds=1), did="1"), EVENTS)], NOW)
    assert [(one.call.id, one.call.did, one.revision) for one in JournalReader(path).page("", 10)[0]] == [
        (first.id, first.did, 1),
        (f"{first.id}~{NOW - 200:.0f}", "1", 2),
    ]


def test_records_are_of_the_same_call_whatever_zone_the_clock_of_the_pbx_is_in(kept: CallJournal, path: Path) -> None:
    heard = past_call(ago=60)
    kept.add([(heard, PARTLY)], NOW)
    kept.add([(replace(heard, started=heard.started - timedelta(hours=3), did="1"), RECORDS)], NOW)
    assert [(one.call.id, one.call.did) for one in JournalReader(path).page("", 10)[0]] == [(heard.id, "1")]


def test_what_1c_took_is_remembered_and_never_goes_back(kept: CallJournal, path: Path) -> None:
    kept.add([(past_call(n, ago=n), EVENTS) for n in range(5)], NOW)
    calls = kept.after(0, 10)
    kept.give(calls[2].place)
    kept.give(calls[0].place)
    with closing(CallJournal(path, 90)) as another:
        assert another.after(another.given(), 10) == calls[3:]
    assert JournalReader(path).waiting()[0] == 2


def test_forget_erases_the_calls_of_a_number(kept: CallJournal, path: Path) -> None:
    kept.add([(past_call(), EVENTS), (past_call(2), EVENTS), (past_call(3, phone="74955550143"), EVENTS)], NOW)
    kept.close()
    with closing(Store(path)) as store:
        assert store.forget((NUMBER,), "", ()).journal == 2
    assert len(ids(path)) == 1
    assert NUMBER.encode() not in b"".join(file.read_bytes() for file in path.parent.iterdir())


@pytest.mark.parametrize("evidence", list(Evidence)[:3])
def test_nothing_brings_back_what_was_forgotten(kept: CallJournal, path: Path, evidence: Evidence) -> None:
    one, other = past_call(), past_call(2, phone="74955550143")
    kept.add([(one, EVENTS), (other, EVENTS)], NOW)
    with closing(Store(path)) as store:
        store.forget((NUMBER,), "", ())
        assert store.forget((NUMBER,), "", ()).journal == 0
    later = replace(one, started=one.started - timedelta(hours=3), ended=one.ended + timedelta(seconds=1))
    assert kept.add([(one, evidence), (later, evidence)], NOW) == 0
    reader = JournalReader(path)
    assert [found.call for found in reader.page("", 10)[0]] == [other]
    assert [found.call for found in reader.period(AT - timedelta(days=1), AT, 10)] == [other]
    assert reader.find(one.id) is None
    assert reader.waiting()[0] == 1
    assert [found.call for found in kept.after(0, 10)] == [other]
    assert list(reader.later([(NUMBER, AT - timedelta(days=1))])) == [(False, False)]
    kept.close()
    assert NUMBER.encode() not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_what_was_forgotten_is_no_call_that_1c_did_not_take(kept: CallJournal, path: Path) -> None:
    kept.add([(past_call(1, ago=89 * 86_400), EVENTS)], NOW)
    with closing(Store(path)) as store:
        store.forget((NUMBER,), "", ())
    kept.add([(past_call(2), EVENTS)], NOW + 2 * 86_400)
    assert kept.untaken == 0


def test_a_call_that_was_kept_outlives_kill_9(path: Path) -> None:
    program = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from astsync.calls.model import Evidence\nfrom astsync.store import CallJournal\n"
        "from tests.unit.past_calls import NOW, past_call\n"
        "journal = CallJournal(Path(sys.argv[1]), 90)\n"
        "for n in range(20):\n    journal.add([(past_call(n, ago=n), Evidence.EVENTS)], NOW)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == -9
    assert len(ids(path)) == 20


def test_gaps_are_kept_filled_and_bounded(kept: CallJournal, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MOST_GAPS", 3)
    gaps = [CallGap("office", AT + timedelta(hours=n), AT + timedelta(hours=n, minutes=5), "no file") for n in range(5)]
    for gap in gaps:
        kept.add_gap(gap)
    reader = JournalReader(path)
    assert reader.gaps(AT, ["office"]) == gaps[2:]
    kept.fill_gap("office", gaps[3].since)
    assert reader.gaps(AT, ["office"]) == [gaps[2], gaps[4]]


def test_a_pbx_that_nothing_is_heard_of_is_a_gap_that_lasts(kept: CallJournal, path: Path) -> None:
    kept.heard("office", NOW)
    reader = JournalReader(path)
    assert reader.gaps(AT + timedelta(minutes=1), ["office"]) == []
    assert reader.gaps(AT + timedelta(hours=1), ["office"]) == [
        CallGap("office", AT, AT + timedelta(hours=1), NOT_HEARD)
    ]
    kept.heard("OFFICE", NOW - 100)
    assert kept.heard_until("Office") == NOW


def test_a_pbx_that_left_the_configuration_is_a_gap_that_ended(kept: CallJournal, path: Path) -> None:
    kept.heard("Old", NOW)
    kept.heard("Office", NOW)
    reader, hour = JournalReader(path), AT + timedelta(hours=1)
    assert [gap.pbx for gap in reader.gaps(hour, ["office", "new"])] == ["office"]
    gone = CallGap("old", AT, hour, NOT_CONFIGURED)
    assert kept.end_others(["OFFICE", "new"], hour) == [gone]
    assert kept.end_others(["OFFICE", "new"], hour) == []
    assert reader.gaps(AT + timedelta(days=9), ["new"]) == [gone]
    kept.heard("old", NOW + 9_000)  # as it is back
    assert kept.heard_until("old") == NOW + 9_000


def test_calls_that_nobody_follows_any_more_leave_with_a_run(kept: CallJournal, path: Path) -> None:
    kept.add([(past_call(1, ago=60 * 86_400), EVENTS), (past_call(2, ago=100 * 86_400), EVENTS)], NOW - 50 * 86_400)
    for days, left in ((90, 1), (0, 0)):
        with closing(Store(path, calls_kept=CallsKept(days))) as store:
            store.end_run(store.begin_run("sync"), 0)
        assert len(JournalReader(path).page("", 10)[0]) == left


def test_a_moment_that_a_wrong_clock_noted_does_not_stay(kept: CallJournal) -> None:
    kept.heard("office", NOW + 365 * 86_400)
    kept.heard("office", NOW)
    assert kept.heard_until("office") == NOW


def test_a_cursor_of_calls_that_a_copy_of_the_store_does_not_have_begins_at_the_oldest(
    kept: CallJournal, path: Path
) -> None:
    kept.add([(past_call(count), EVENTS) for count in range(3)], NOW)
    mark = JournalReader(path).page("", 10)[1].partition("-")[0]
    assert len(JournalReader(path).page(f"{mark}-3", 10)[0]) == 0
    assert len(JournalReader(path).page(f"{mark}-4", 10)[0]) == 3


def test_a_period_is_asked_for_what_is_wanted(kept: CallJournal, path: Path) -> None:
    calls = [past_call(1), answered(2, ago=50), past_call(3, ago=40, phone="74955550143", pbx="branch")]
    calls += [past_call(4, ago=30, direction=Direction.OUTGOING)]
    kept.add([(call, EVENTS) for call in calls], NOW)
    reader, since = JournalReader(path), AT - timedelta(hours=1)

    def found(most: int = 10, **wanted: Any) -> list[int]:
        return [calls.index(one.call) for one in reader.period(since, AT, most, **wanted)]

    assert found() == [0, 1, 2, 3]
    assert found(missed=True) == [0, 2]
    assert found(1, missed=True, pbxs={"branch"}) == [2]
    assert found(phones={NUMBER, "x"}) == [0, 1, 3]
    assert found(2, phones={NUMBER}, pbxs={"office"}) == [0, 1]
    assert found(phones=()) == []


def test_what_came_of_a_call_later(kept: CallJournal, path: Path) -> None:
    kept.add(
        [
            (past_call(1, phone="74955550001", ago=90), EVENTS),
            (past_call(2, phone="74955550002", ago=90), EVENTS),
            (answered(3, phone="74955550002", ago=50), EVENTS),
            (past_call(4, phone="74955550003", ago=90), EVENTS),
            (past_call(5, phone="74955550003", ago=40, direction=Direction.OUTGOING), EVENTS),
            (answered(6, phone="74955550001", ago=95), EVENTS),
        ],
        NOW,
    )
    asked = [(f"7495555000{n}", AT - timedelta(seconds=90)) for n in (1, 2, 3)]
    assert list(JournalReader(path).later([*asked, ("", AT)])) == [
        (False, False),
        (False, True),
        (True, False),
        (False, False),
    ]


def test_a_store_of_the_version_before_gets_a_journal(path: Path) -> None:
    taken_back(path, 8)
    with closing(CallJournal(path, 90)) as old, pytest.raises(NoStoreYet):
        old.add([(past_call(), EVENTS)], NOW)
    assert JournalReader(path).page("", 10) == ([], "", False)
    Store(path).close()
    with closing(CallJournal(path, 90)) as brought_up:
        assert brought_up.add([(past_call(), EVENTS)], NOW) == 1


def test_a_store_that_is_not_there_holds_no_calls(tmp_path: Path) -> None:
    reader = JournalReader(tmp_path / "none.sqlite3")
    assert (reader.page("", 10), reader.find("x"), reader.gaps(AT, ["office"])) == (([], "", False), None, [])
    assert (reader.period(AT, AT, 10), reader.waiting()) == ([], (0, None))


def test_a_store_that_is_locked_is_an_error_and_the_next_writing_works(
    kept: CallJournal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_BUSY", 0.01)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError):
            kept.add([(past_call(), EVENTS)], NOW)
        other.execute("ROLLBACK")
    assert kept.add([(past_call(), EVENTS)], NOW) == 1
