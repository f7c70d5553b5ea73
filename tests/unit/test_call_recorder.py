"""What is over is kept: by events, by records, by the PBX's file; what cannot be had is a gap."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from astsync.calls.model import CallResult, Evidence
from astsync.lookup import call_recorder
from astsync.lookup.call_recorder import CallRecorder
from astsync.lookup.call_recovery import FoundCalls, read_records
from astsync.store import CallJournal, JournalReader, KeptCall, Store
from astsync.store.journal import NOT_CONFIGURED, NOT_HEARD
from astsync.watch.clock import Clock
from tests.eventually import eventually
from tests.unit.past_calls import answered, past_call
from tests.unit.test_call_records import HOUSE, lines, row

NOW = datetime.now(UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "store.sqlite3"
    Store(path).close()
    return path


@contextmanager
def recording(path: Path, file: Path | None = None, speed: float = 1.0) -> Iterator[CallRecorder]:
    recorder = CallRecorder(CallJournal(path, 3_650), HOUSE, {"office": file}, clock=Clock(speed))
    recorder.start()
    try:
        yield recorder
    finally:
        recorder.stop()
        assert recorder.join(20)


def kept(path: Path) -> list[KeptCall]:
    return JournalReader(path).page("", 1_000)[0]


def test_a_call_that_ended_is_in_the_journal_at_once(path: Path) -> None:
    with recording(path) as recorder:
        recorder.ended(past_call(), Evidence.EVENTS)
        eventually(lambda: [one.call for one in kept(path)] == [past_call()])


def test_what_came_before_the_end_is_written_at_the_end(path: Path) -> None:
    with recording(path) as recorder:
        for count in range(50):
            recorder.ended(past_call(count, ago=count), Evidence.EVENTS)
        recorder.record("office", row(1, "PJSIP/trunk-01", "PJSIP/101-02"))
        recorder.stop()
    assert len(kept(path)) == 51


def test_a_late_record_makes_a_new_revision(path: Path) -> None:
    linked = "1796000000.1"
    first = row(1, "PJSIP/trunk-01", "PJSIP/101-02", linked=linked)
    late = row(1, "PJSIP/trunk-01", "PJSIP/102-03", at=10, how="ANSWERED", linked=linked)
    with recording(path, speed=20.0) as recorder:
        recorder.record("office", first)
        eventually(lambda: len(kept(path)) == 1)
        recorder.record("office", late)
        eventually(lambda: kept(path)[0].revision == 2)
    (found,) = kept(path)
    assert (found.call.result, found.call.rung) == (CallResult.ANSWERED, ("101", "102"))


def away(path: Path, since: datetime) -> None:
    """Astsync heard of calls up to this moment, and was killed."""
    with closing(CallJournal(path, 90)) as journal:
        journal.heard("office", since.timestamp())


def test_what_ended_while_astsync_was_away_comes_from_the_file(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "Master.csv"
    file.write_text(lines([row(2 * n, f"PJSIP/trunk-{n:02}a", f"PJSIP/101-{n:02}b", at=60 * n) for n in range(60)]))
    begun = datetime.fromtimestamp(1_796_000_000, UTC)
    away(path, begun + timedelta(minutes=50))
    with recording(path, file) as recorder:
        recorder.began("office", begun + timedelta(minutes=70))
        eventually(lambda: len(kept(path)) == 10)
    assert JournalReader(path).gaps(begun + timedelta(minutes=71), ["office"]) == []
    with recording(path, file) as recorder:  # the same time once more gives nothing twice
        recorder.began("office", begun + timedelta(minutes=72))
        recorder.ended(past_call(), Evidence.EVENTS)
        eventually(lambda: len(kept(path)) == 11)


def test_what_the_events_told_is_not_told_again_by_the_file(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "Master.csv"
    record = row(1, "PJSIP/trunk-01", "PJSIP/101-02")
    file.write_text(lines([record]))
    begun = datetime.fromtimestamp(1_796_000_000, UTC)
    heard = replace(past_call(), id="office:1796000000.1", result=CallResult.BUSY)
    away(path, begun - timedelta(minutes=1))
    with recording(path, file) as recorder:
        recorder.ended(heard, Evidence.EVENTS)
        recorder.began("office", begun + timedelta(minutes=1))
        eventually(lambda: CallJournal(path, 90).heard_until("office") == (begun + timedelta(minutes=1)).timestamp())
    assert [(one.call, one.revision) for one in kept(path)] == [(heard, 1)]


def test_what_cannot_be_had_is_a_gap_and_is_said(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    away(path, NOW - timedelta(hours=1))
    with recording(path) as recorder:
        recorder.began("office", NOW)
        eventually(lambda: "may be missing" in caplog.text)
    (gap,) = JournalReader(path).gaps(NOW, ["office"])
    assert (gap.pbx, gap.since, gap.until) == ("office", NOW - timedelta(hours=1), NOW)
    assert gap.why != NOT_HEARD


def test_a_pbx_that_left_the_configuration_is_told_once(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with closing(CallJournal(path, 90)) as journal:
        for name in ("office", "before", "elsewhere"):
            journal.heard(name, NOW.timestamp() - 3_600)
    for _ in range(2):
        recorder = CallRecorder(CallJournal(path, 90), HOUSE, {"office": None}, configured=["office", "elsewhere"])
        recorder.start()
        eventually(lambda: len(JournalReader(path).gaps(NOW, [])) == 1)
        recorder.stop()
        assert recorder.join(20)
    (gap,) = JournalReader(path).gaps(NOW, [])
    assert (gap.pbx, gap.why) == ("before", NOT_CONFIGURED)
    assert sum("not in the configuration any more" in line for line in caplog.messages) == 1


def test_what_was_forgotten_stays_so_when_the_file_is_read_again(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "Master.csv"
    file.write_text(lines([row(1, "PJSIP/trunk-01", "PJSIP/101-02")]))
    begun = datetime.fromtimestamp(1_796_000_000, UTC)
    away(path, begun - timedelta(minutes=1))
    readings: list[Path] = []

    def reading(file: Path, *more: Any) -> FoundCalls:
        readings.append(file)
        return read_records(file, *more)

    with pytest.MonkeyPatch.context() as patch, recording(path, file, speed=20) as recorder:
        recorder.began("office", begun + timedelta(minutes=1))
        eventually(lambda: len(kept(path)) == 1)
        (known,) = kept(path)
        with closing(Store(path)) as store:
            assert store.forget((known.call.phone,), "", ()).journal == 1
        patch.setattr(call_recorder, "read_records", reading)
        eventually(lambda: len(readings) >= 1)  # half a minute later
        recorder.ended(past_call(9, phone="74955550143"), Evidence.EVENTS)  # written after what was read
        eventually(lambda: [one.call for one in kept(path)] == [past_call(9, phone="74955550143")])


def test_the_first_session_of_all_is_no_gap(path: Path) -> None:
    with recording(path) as recorder:
        recorder.began("office", NOW)
        eventually(lambda: CallJournal(path, 90).heard_until("office") is not None)
    assert JournalReader(path).gaps(NOW, ["office"]) == []


def test_a_connection_that_was_away_for_a_moment_is_no_gap(path: Path) -> None:
    away(path, NOW - timedelta(hours=1))
    with recording(path) as recorder:
        recorder.heard("office", NOW - timedelta(seconds=1), whole=True)
        recorder.began("office", NOW)
        eventually(lambda: CallJournal(path, 90).heard_until("office") == NOW.timestamp())
    assert JournalReader(path).gaps(NOW, ["office"]) == []


def test_at_the_end_it_is_noted_up_to_when_calls_were_heard(path: Path) -> None:
    with recording(path) as recorder:
        recorder.began("office", NOW)
        eventually(lambda: CallJournal(path, 90).heard_until("office") is not None)
        recorder.heard("office", NOW + timedelta(seconds=7), whole=True)
    assert CallJournal(path, 90).heard_until("office") == (NOW + timedelta(seconds=7)).timestamp()


def test_names_of_recordings_wait_for_the_store_within_bounds(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_recorder, "MOST_WAITING", 10)
    monkeypatch.setattr("astsync.store.journal._BUSY", 0.01)
    with closing(CallJournal(path, 3_650)) as journal:
        recorder = CallRecorder(journal, HOUSE, {"office": None})
        recorder._turn()
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for count in range(50):
                recorder.recorded(f"office:{count}", f"{count}.wav")
                recorder._turn()
            other.execute("ROLLBACK")
        assert len(recorder._recordings) == 10
        for _ in range(2):
            recorder._turn()
        assert recorder._recordings == []
        recorder.ended(past_call(1), Evidence.EVENTS)
        for count in (2, 1):
            recorder.recorded(past_call(count).id, f"{count}.wav")
        recorder._turn()
    (call,) = kept(path)
    assert (call.call.recording, call.revision) == ("1.wav", 2)


def test_calls_that_were_too_many_to_wait_are_said_and_are_a_gap(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(call_recorder, "MOST_WAITING", 10)
    monkeypatch.setattr("astsync.store.journal._BUSY", 0.01)
    away(path, NOW - timedelta(minutes=5))
    with closing(CallJournal(path, 3_650)) as journal:
        recorder = CallRecorder(journal, HOUSE, {"office": None})
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for count in range(40):
                recorder.ended(past_call(count), Evidence.EVENTS)
            recorder.heard("office", NOW, whole=True)
            recorder._turn()
            other.execute("ROLLBACK")
        recorder._turn()
    assert len(kept(path)) == 10
    (gap,) = JournalReader(path).gaps(NOW, ["office"])
    assert gap.since == NOW - timedelta(minutes=5)
    assert "some were not kept" in caplog.text


def test_only_up_to_the_calls_that_are_written_it_is_noted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(CallJournal(path, 3_650)) as journal:
        recorder = CallRecorder(journal, HOUSE, {"office": None})
        recorder.heard("office", NOW, whole=True)

        def write() -> None:  # while the store is written, or a long file read, a call ends and more is heard
            recorder.ended(past_call(), Evidence.EVENTS)
            recorder.heard("office", NOW + timedelta(seconds=9), whole=True)

        monkeypatch.setattr(recorder, "_write", write)
        recorder._turn()
        assert journal.heard_until("office") == NOW.timestamp()


def test_a_record_that_waits_for_others_is_not_taken_for_written(path: Path) -> None:
    with closing(CallJournal(path, 3_650)) as journal:
        recorder = CallRecorder(journal, HOUSE, {"office": None})
        recorder.record("office", row(1, "PJSIP/trunk-01", "PJSIP/101-02"))
        recorder.heard("office", NOW, whole=True)
        recorder._turn()
        assert kept(path) == []
        assert (journal.heard_until("office") or 0) < NOW.timestamp() - 1


def test_where_nothing_is_told_of_calls_the_file_is_followed(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "Master.csv"
    file.write_text("")
    begun = datetime.fromtimestamp(1_796_000_000, UTC)
    with recording(path, file, speed=200.0) as recorder:
        recorder.began("office", begun)
        recorder.heard("office", begun, whole=False)
        eventually(lambda: CallJournal(path, 90).heard_until("office") is not None)
        with file.open("a") as growing:
            growing.write(lines([row(1, "PJSIP/trunk-01", "PJSIP/101-02", at=5)]))
        away(path, begun)
        eventually(lambda: len(kept(path)) == 1)


def test_a_store_that_is_locked_loses_nothing_and_is_told_once(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("astsync.store.journal._BUSY", 0.01)
    with caplog.at_level(logging.INFO), closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with recording(path, speed=20.0) as recorder:
            for count in range(5):
                recorder.ended(answered(count, ago=count), Evidence.EVENTS)
            eventually(lambda: "calls wait to be kept" in caplog.text)
            other.execute("ROLLBACK")
            eventually(lambda: len(kept(path)) == 5)
    told = [one for one in caplog.records if one.name == call_recorder.__name__]
    assert [one.levelname for one in told] == ["WARNING", "INFO"]
