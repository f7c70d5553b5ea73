"""The journal of calls in the store: each call once, by places that grow, within bounds."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from astsync.calls.model import CallGap, Direction, Evidence
from astsync.store import CallJournal, CallsKept, JournalReader, Store, journal
from astsync.store.journal import NOT_HEARD
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
    monkeypatch.setattr(journal, "MOST_CALLS_KEPT", 5)
    kept.add([(past_call(10 + n, ago=n), EVENTS) for n in range(10)], NOW + 2 * 3_600)
    assert len(ids(path)) == 5
    assert kept.untaken == 6


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
    assert reader.gaps(AT) == gaps[2:]
    kept.fill_gap("office", gaps[3].since)
    assert reader.gaps(AT) == [gaps[2], gaps[4]]


def test_a_pbx_that_nothing_is_heard_of_is_a_gap_that_lasts(kept: CallJournal, path: Path) -> None:
    kept.heard("office", NOW)
    reader = JournalReader(path)
    assert reader.gaps(AT + timedelta(minutes=1)) == []
    assert reader.gaps(AT + timedelta(hours=1)) == [CallGap("office", AT, AT + timedelta(hours=1), NOT_HEARD)]
    kept.heard("OFFICE", NOW - 100)
    assert kept.heard_until("Office") == NOW


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
    with closing(CallJournal(path, 90)) as old, pytest.raises(CallJournal.Missing):
        old.add([(past_call(), EVENTS)], NOW)
    assert JournalReader(path).page("", 10) == ([], "", False)
    Store(path).close()
    with closing(CallJournal(path, 90)) as brought_up:
        assert brought_up.add([(past_call(), EVENTS)], NOW) == 1


def test_a_store_that_is_not_there_holds_no_calls(tmp_path: Path) -> None:
    reader = JournalReader(tmp_path / "none.sqlite3")
    assert (reader.page("", 10), reader.find("x"), reader.gaps(AT)) == (([], "", False), None, [])
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
