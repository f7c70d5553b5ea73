"""The history with the idle runs of a day in one line."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from astsync.reports.folded_history import IdleDay, as_text, folded, is_idle
from astsync.store.records import RunPart, RunRecord

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
IDLE = RunRecord(1, "sync", NOON, NOON, 0, "", None, None, False, (RunPart("office", "cidname", verified=True),))


def quarter_hours(days: int) -> list[RunRecord]:
    """Runs of some days, the newest first: 48 of each day between noon and midnight in UTC."""
    runs: list[RunRecord] = []
    for day in range(days):
        for quarter in range(48):
            at = NOON + timedelta(days=day, minutes=15 * quarter / 10)
            runs.append(replace(IDLE, run=len(runs) + 1, started=at, finished=at))
    return runs[::-1]


def test_a_day_of_idle_runs_is_a_line() -> None:
    runs = quarter_hours(3)
    lines = as_text(runs, 20).splitlines()
    assert len(lines) == 3
    assert lines[0].split("  ")[-2:] == ["48 runs with nothing to do (sync)", "runs 97 to 144"]
    assert len(as_text(runs, 2).splitlines()) == 2


def test_a_run_that_did_something_stands_between_the_days() -> None:
    runs = quarter_hours(2)
    busy = replace(runs[60], undoable=True, parts=(RunPart("office", "cidname", added=3, verified=True),))
    runs[60] = busy
    first, then, last = folded(runs)
    assert isinstance(first, IdleDay)
    assert isinstance(then, IdleDay)
    assert (first.count, then.count, then.commands) == (48, 47, ("sync",))
    assert last is busy


def test_an_idle_run_that_is_alone_on_its_day_stays_a_run() -> None:
    alone = [replace(IDLE, run=day, started=NOON + timedelta(days=day)) for day in (3, 2, 1)]
    assert list(folded(alone)) == alone


def test_what_failed_wrote_or_was_cut_off_is_never_folded() -> None:
    part = IDLE.parts[0]
    for other in (
        replace(IDLE, exit_code=4),
        replace(IDLE, exit_code=None, finished=None),
        replace(IDLE, message="something to tell"),
        replace(IDLE, undoable=True),
        replace(IDLE, undoes=7),
        replace(IDLE, parts=(replace(part, added=1),)),
        replace(IDLE, parts=(replace(part, changed=1),)),
        replace(IDLE, parts=(replace(part, deleted=1),)),
        replace(IDLE, parts=(replace(part, failed=1),)),
        replace(IDLE, parts=(replace(part, error="no answer"),)),
        replace(IDLE, parts=(replace(part, verified=False),)),
    ):
        assert not is_idle(other)
        assert list(folded([other, IDLE, other])) == [other, IDLE, other]
    assert is_idle(IDLE)


def test_an_empty_history_says_so() -> None:
    assert as_text([], 20) == "no runs yet\n"
