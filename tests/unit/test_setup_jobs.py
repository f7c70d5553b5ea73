"""When jobs run, whose lines of a crontab are ours, what of a machine is seen, and the texts of units."""

import os
import re
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astsync.cli.setup_common import owner_note
from astsync.config import configfile
from astsync.setup.cron import MARK, Crontab
from astsync.setup.machine import SystemUser, is_secret, is_temporary, only_here, runs_cron
from astsync.setup.schedule import Schedule
from astsync.setup.unit_files import (
    SYNC,
    TIMER,
    WATCH,
    ServiceJob,
    is_ours,
    made_for,
    quoted,
    sync_service,
    sync_timer,
    watch_service,
)
from astsync.sources import CONFIG
from tests.unit.test_systemd_units import MOST_EXPOSED, analyze

ROOT = Path(__file__).parents[2]
HERE = timezone(timedelta(hours=3))


@pytest.mark.parametrize(
    ("every", "cron", "calendar"),
    [
        ("1m", "* * * * *", "OnCalendar=*:0/1"),
        ("15m", "*/15 * * * *", "OnCalendar=*:0/15"),
        ("60m", "0 * * * *", "OnCalendar=0/1:00"),
        ("2h", "0 */2 * * *", "OnCalendar=0/2:00"),
        ("1d", "0 0 * * *", "OnCalendar=*-*-* 00:00"),
        ("24h", "0 0 * * *", "OnCalendar=*-*-* 00:00"),
    ],
)
def test_a_time_is_written_as_cron_and_systemd_write_it(every: str, cron: str, calendar: str) -> None:
    schedule = Schedule.read(every)
    assert (schedule.cron(), schedule.systemd()) == (cron, (calendar,))
    analyze("calendar", calendar.partition("=")[2])


@given(st.sampled_from([m for m in range(1, 1441) if Schedule(m).even]), st.integers(0, 1439), st.integers(0, 59))
def test_the_next_run_is_the_first_that_the_fields_of_cron_fit(minutes: int, now: int, second: int) -> None:
    at = datetime(2026, 11, 29, now // 60, now % 60, second, tzinfo=HERE)
    shown = Schedule(minutes).next(at)
    minute, hour, *_ = Schedule(minutes).cron().split()
    later = (at.replace(second=0) + timedelta(minutes=more) for more in range(1, 1441))
    assert shown == next(each for each in later if fits(minute, each.minute) and fits(hour, each.hour))


def fits(field: str, value: int) -> bool:
    return field == "*" or (value % int(field[2:]) == 0 if field.startswith("*/") else value == int(field))


def test_jobs_settings_and_comments_of_a_crontab_are_told_apart() -> None:
    text = f'# c\nPATH = /a:/b\nMAILTO="x y"\n 0 1 * * 1-5  a=b c\n@daily  d % e\nrubbish\n*/5 * * * *  z  {MARK}\n'
    crontab = Crontab(text)
    assert [(job.at, job.command.split()[0], job.ours) for job in crontab.jobs] == [
        (3, "a=b", False),
        (4, "d", False),
        (6, "z", True),
    ]
    assert crontab.settings() == {"PATH": "/a:/b", "MAILTO": "x y"}
    assert crontab.settings(before=2) == {"PATH": "/a:/b"}
    assert crontab.without(crontab.jobs[2:]).text == text.rpartition("*/5")[0]


@pytest.mark.parametrize("text", ["", "\n", "# no end of line", "1 1 * * *  a", "1 1 * * *  a\n\n"])
def test_a_job_that_was_added_and_removed_leaves_the_crontab_as_it_was(text: str) -> None:
    added = Crontab(text).with_job(f"* * * * *  b  {MARK}", ())
    assert added.text.endswith(f"{MARK}\n")
    (ours,) = (job for job in added.jobs if job.ours)
    assert added.without([ours]).text == (text if not text or text.endswith("\n") else f"{text}\n")


def test_a_cron_daemon_is_seen_by_its_name(tmp_path: Path) -> None:
    assert runs_cron(tmp_path) is None  # nothing of other users is shown
    for pid, name in (("1", "init"), ("77", "sleep")):
        (tmp_path / "proc" / pid).mkdir(parents=True)
        (tmp_path / "proc" / pid / "comm").write_text(f"{name}\n", encoding="utf-8")
    assert runs_cron(tmp_path) is False
    (tmp_path / "proc" / "77" / "comm").write_text("busybox\n", encoding="utf-8")
    (tmp_path / "proc" / "77" / "cmdline").write_bytes(b"busybox\0crond\0-f\0")
    assert runs_cron(tmp_path) is True
    for name in ("cron", "crond"):
        (tmp_path / "proc" / "77" / "comm").write_text(f"{name}\n", encoding="utf-8")
        assert runs_cron(tmp_path) is True


def test_variables_of_this_environment_alone_are_told_secrets_first() -> None:
    here = {"ASTSYNC_RUN__MAX_MINUTES": "1", "ASTSYNC_SOURCE__PASSWORD": "x", "ASTSYNC_LANG": "ru", "HOME": "/"}
    assert only_here(here, {}) == ["ASTSYNC_SOURCE__PASSWORD", "ASTSYNC_RUN__MAX_MINUTES"]
    assert only_here(here, here) == []
    assert is_secret("ASTSYNC_PBX__OFFICE__SECRET")
    assert not is_secret("ASTSYNC_PBX__OFFICE__SECRET_FILE")


def test_a_command_in_a_cache_is_told(tmp_path: Path) -> None:
    assert is_temporary(["/home/anna/.cache/uv/archive-v0/x/bin/astsync"])
    assert not is_temporary(["/usr/bin/astsync"])


def service(user: str | None, program: str = sys.executable, version: int = 252) -> ServiceJob:
    file = ROOT / "examples" / "astsync.toml"
    config = configfile.load(file, CONFIG, {})
    return ServiceJob(
        (program, "--config", "/etc/astsync/a b.toml", "-q"), Path("/etc/astsync/a b.toml"), config, user, version
    )


def written(user: str | None) -> dict[str, str]:
    job = service(user)
    return {
        SYNC: sync_service(job),
        TIMER: sync_timer(job, Schedule(15)),
        WATCH: watch_service(job, "15m", serve=True),
    }


@pytest.mark.parametrize("user", ["daemon", "", None])
def test_systemd_finds_no_fault_in_the_units_that_are_written(
    user: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))  # which the manager of a user must have
    for name, text in written(user).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert is_ours(text)
        assert made_for(text) == "/etc/astsync/a b.toml"
    kind = ["--user"] if user is None else []
    said = analyze(*kind, "verify", "--man=no", *map(str, sorted(tmp_path.iterdir())))
    assert [line for line in said.splitlines() if "astsync-" in line] == []


@pytest.mark.parametrize("name", [SYNC, WATCH])
def test_the_services_that_are_written_are_hardened(name: str, tmp_path: Path) -> None:
    job = service("astsync", "/opt/astsync/bin/astsync")
    texts = {SYNC: sync_service(job), WATCH: watch_service(job, "15m", serve=False)}
    (tmp_path / name).write_text(texts[name], encoding="utf-8")
    said = analyze("security", "--offline=yes", "--no-pager", str(tmp_path / name))
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert exposure is not None
    assert float(exposure[1]) <= MOST_EXPOSED


def test_secrets_are_handed_over_and_an_old_systemd_gets_the_whole_path() -> None:
    text = sync_service(service("astsync"))
    assert "LoadCredential=pbx__office__secret_file:/etc/astsync/office.secret\n" in text
    assert "Environment=ASTSYNC_PBX__OFFICE__SECRET_FILE=%d/pbx__office__secret_file\n" in text
    old = sync_service(service("astsync", version=249))
    assert f"SECRET_FILE=/run/credentials/{SYNC}/pbx__office__secret_file\n" in old
    assert "LoadCredential" not in sync_service(service(None))  # its user can read the files


def test_a_time_that_does_not_divide_a_day_is_counted_from_run_to_run() -> None:
    text = sync_timer(service("astsync"), Schedule(7))
    assert "OnUnitActiveSec=7min\n" in text
    assert "OnCalendar" not in text
    assert "Persistent" not in text


def test_a_unit_of_a_user_has_nothing_that_needs_rights() -> None:
    for text in written(None).values():
        assert not re.search(
            r"(?m)^(User|ProtectSystem|PrivateUsers|StateDirectory|CapabilityBoundingSet|After)=", text
        )
        assert "multi-user.target" not in text


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("/opt/a", "/opt/a"),
        ("a b", '"a b"'),
        ("100%", "100%%"),
        ("$HOME", "$$HOME"),
        ('q"\\', '"q\\"\\\\"'),
        ("", '""'),
    ],
)
def test_a_word_is_quoted_for_systemd(word: str, wanted: str) -> None:
    assert quoted(word) == wanted


@pytest.mark.parametrize(("minutes", "wanted"), [(30.0, "1860s"), (0.5, "90s"), (0.0, "infinity")])
def test_systemd_lets_a_sync_run_as_long_as_it_lets_itself(minutes: float, wanted: str) -> None:
    job = service("astsync")
    assert job.config is not None
    run = job.config.run.model_copy(update={"max_minutes": minutes})
    job = replace(job, config=job.config.model_copy(update={"run": run}))
    assert f"\nTimeoutStartSec={wanted}\n" in sync_service(job)


def test_a_program_that_another_user_may_replace_is_told_to_root(tmp_path: Path) -> None:
    program = tmp_path / "astsync"
    program.touch()
    if os.geteuid() == 0:
        os.chown(program, 12345, 12345)
    root, other = SystemUser("root", 0, 0, Path("/root")), SystemUser("a", 12345, 12345, Path("/home/a"))
    assert [finding.good for finding in owner_note([str(program)], root)] == [None]
    assert owner_note([str(program)], other) == owner_note(["/bin/sh"], root) == []
