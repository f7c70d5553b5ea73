"""Whether runs are scheduled: by what the store has of them, by cron, by systemd; nothing of the machine is changed."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from astsync.finding import Finding
from astsync.setup import scheduled
from astsync.setup.scheduled import check_runs
from astsync.store import Store
from tests.unscheduled import nothing_is_scheduled

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing_is_scheduled(monkeypatch)


def found(folder: Path, minutes_ago: Sequence[float] = (), code: int | None = 0) -> dict[str, Finding]:
    """The findings after runs at these times."""
    path = folder / "store.sqlite3"
    with closing(Store(path)) as store:
        for minutes in sorted(minutes_ago, reverse=True):
            run = store.begin_run("sync")
            if code is not None:
                store.end_run(run, code, "")
            began = (NOW - timedelta(minutes=minutes)).isoformat()
            with closing(sqlite3.connect(path)) as db:
                db.execute("UPDATE run SET started = ? WHERE id = ?", (began, run))
                db.commit()
    return {finding.part: finding for finding in check_runs(path, NOW)}


def test_without_a_run_nothing_wants_doing_yet(tmp_path: Path) -> None:
    told = found(tmp_path)
    assert [(finding.good, finding.hint) for finding in told.values()] == [(None, ""), (None, "")]


def test_a_run_that_nothing_starts_again(tmp_path: Path) -> None:
    told = found(tmp_path, [30])
    here = f"{(NOW - timedelta(minutes=30)).astimezone():%Y-%m-%d %H:%M}"  # as history and status write it
    assert told["last run"].words == f"sync of {here}, 30 min ago: done"
    assert (told["schedule"].good, "setup cron" in told["schedule"].hint) == (None, True)


@pytest.mark.parametrize(("code", "words"), [(4, "exit code 4"), (None, "not ended")])
def test_a_last_run_that_failed_is_told(tmp_path: Path, code: int | None, words: str) -> None:
    last = found(tmp_path, [30], code)["last run"]
    assert (last.good, words in last.words, "astsync history" in last.hint) == (None, True, True)


@pytest.mark.parametrize(
    ("minutes", "good"),
    [
        ([5, 20, 35, 50, 65, 80], True),
        ([1, 2, 4, 20, 21, 300], None),
        ([500, 515, 530, 545, 560, 575], None),  # they have ended
        ([5, 20], None),
    ],
)
def test_runs_at_equal_distances_are_started_by_something(
    tmp_path: Path, minutes: list[float], good: bool | None
) -> None:
    schedule = found(tmp_path, minutes)["schedule"]
    assert schedule.good is good
    assert ("every 15 min" in schedule.words) == (good is True)


@pytest.mark.parametrize(
    ("line", "good"),
    [
        ("*/15 * * * *  /usr/bin/astsync --config /etc/astsync.toml -q sync", True),
        ("*/15 * * * * cd / && '/opt/a b/astsync' -q sync", True),
        ("@reboot /usr/bin/astsync watch", True),
        ("# */15 * * * *  /usr/bin/astsync sync", None),
        ("*/15 * * * *  /usr/bin/astsync status --output /x", None),
        ("*/15 * * * *  /usr/bin/rsync astsync-old sync", None),
    ],
)
def test_a_crontab_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, good: bool | None) -> None:
    nothing_is_scheduled(monkeypatch, f"MAILTO=x\n{line}\n")
    assert found(tmp_path, [30])["schedule"].good is good


def test_files_of_cron_and_units_of_systemd_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cron, units = tmp_path / "cron.d", tmp_path / "system"
    cron.mkdir()
    (units / "timers.target.wants").mkdir(parents=True)
    monkeypatch.setattr(scheduled, "_CRON_PLACES", (str(cron), str(tmp_path / "none")))
    monkeypatch.setattr(scheduled, "_UNIT_PLACES", (str(units), str(tmp_path / "none")))
    timer = units / "astsync-sync.timer"
    timer.write_text("[Timer]\nOnCalendar=*:0/15\n")
    assert found(tmp_path, [30])["schedule"].good is None
    (units / "timers.target.wants" / "astsync-sync.timer").symlink_to(timer)
    assert "astsync-sync.timer" in found(tmp_path)["schedule"].words
    (cron / "astsync").write_text("*/15 * * * *  astsync  /opt/bin/astsync -q sync\n")
    assert str(cron / "astsync") in found(tmp_path)["schedule"].words
