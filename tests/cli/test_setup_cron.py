"""``setup cron``: the line is tried as cron runs it, found again, replaced, removed; what is yours stays."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from astsync.setup import machine
from astsync.setup.cron import MARK, Crontab, shell_command
from tests.cli.sandbox import Done, Sandbox, run

CRONTAB = """\
#!/bin/sh
# A crontab of a folder, which takes what Debian's program takes here.
[ "$1" = -u ] && shift 2
case "$1" in
-l) [ -f '{spool}' ] || {{ echo "no crontab for somebody" >&2; exit 1; }}; cat '{spool}' ;;
-) cat > '{spool}' ;;
*) exit 2 ;;
esac
"""


@dataclass
class Cron:
    """A sandbox with a program ``crontab`` of its own and a process that is named as a cron daemon."""

    box: Sandbox
    spool: Path
    program: Path

    def setup(self, *words: str) -> Done:
        return self.box.run("setup", "cron", *words)

    @property
    def lines(self) -> list[str]:
        return self.spool.read_text(encoding="utf-8").splitlines() if self.spool.exists() else []

    @property
    def ours(self) -> str:
        (line,) = (line for line in self.lines if line.endswith(MARK))
        return line


@pytest.fixture
def cron(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cron]:
    folder = box.folder / "programs"
    folder.mkdir()
    spool = box.folder / "spool"
    program = folder / "crontab"
    program.write_text(CRONTAB.format(spool=spool), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_STATE_HOME", str(box.folder / "state"))
    monkeypatch.setattr(machine, "OWN_USER", "nobody-of-that-name")
    daemon = folder / "cron"
    shutil.copy("/bin/sleep", daemon)
    process = subprocess.Popen([daemon, "600"])
    try:
        yield Cron(box, spool, program)
    finally:
        process.kill()
        process.wait()


def as_cron(line: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of a crontab as cron does: by ``/bin/sh -c``, with ``env -i`` and next to nothing in it."""
    (job,) = Crontab(line).jobs
    environ = [f"HOME={home}", "LOGNAME=somebody", "SHELL=/bin/sh", "PATH=/usr/bin:/bin"]
    words = ["/usr/bin/env", "-i", *environ, "/bin/sh", "-c", shell_command(job.command)]
    return subprocess.run(words, cwd="/", capture_output=True, encoding="utf-8", timeout=60)


def test_it_writes_a_line_that_cron_can_run_and_says_when(cron: Cron) -> None:
    done = cron.setup()
    assert (done.code, done.err) == (0, ""), done.out
    assert "`check` and `sync --dry-run` went well" in done.out
    assert re.search(r"next run: \d{4}-\d\d-\d\d \d\d:(00|15|30|45), in ", done.out)
    assert cron.box.pbx.writes == 0  # the trial wrote nothing
    assert cron.ours.startswith("*/15 * * * *  /")
    first, second = as_cron(cron.ours, cron.box.folder), as_cron(cron.ours, cron.box.folder)
    assert (first.returncode, first.stderr, "verified" in first.stdout) == (0, "", True)
    assert len(cron.box.pbx.family()) > 50
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")


def test_paths_arrive_whole_whatever_stands_in_them(cron: Cron) -> None:
    place = cron.box.folder / "a 100% of 'quoted\" Ж $HOME \\%"
    place.mkdir()
    cron.box.configuration = place / "astsync.toml"
    cron.box.write()
    assert cron.setup("--run", "none").code == 0
    assert as_cron(cron.ours, cron.box.folder).returncode == 0
    assert len(cron.box.pbx.family()) > 50
    assert cron.setup("--run", "none", "--every", "1h").code == 0
    assert (len(cron.lines), cron.ours.startswith("0 * * * *  ")) == (1, True)


def test_a_second_setup_takes_the_place_of_the_first_and_other_lines_stay(cron: Cron) -> None:
    yours = "# mine\nMAILTO=anna@example.com\n\n5 4 * * *  backup --all % stdin\n@reboot  /usr/bin/true\n"
    cron.spool.write_text(yours, encoding="utf-8")
    assert cron.setup("--run", "none").code == 0
    cron.spool.write_text(cron.spool.read_text(encoding="utf-8") + "7 7 * * *  after\n", encoding="utf-8")
    done = cron.setup("--run", "none", "--every", "2h")
    assert done.code == 0
    assert cron.lines == [*yours.splitlines(), cron.ours, "7 7 * * *  after"]
    assert cron.ours.startswith("0 */2 * * *  ")
    backups = sorted((cron.box.folder / "state" / "astsync").iterdir())
    assert len(backups) == 2
    assert backups[0].read_text(encoding="utf-8") == yours
    assert "anna@example.com" in done.out or "sendmail" in done.out
    again = cron.setup("--run", "none", "--every", "2h")
    assert "has this line already" in again.out
    assert sorted((cron.box.folder / "state" / "astsync").iterdir()) == backups


def test_show_writes_nothing(cron: Cron) -> None:
    before = cron.setup("--show")
    assert (before.code, "would write" in before.out, MARK in before.out) == (0, True, True)
    assert not cron.spool.exists()
    cron.setup("--run", "none")
    after = cron.setup("--show")
    assert (after.code, cron.ours in after.out, "would write" in after.out) == (0, True, False)
    assert len(cron.lines) == 1


def test_remove_takes_our_line_alone(cron: Cron) -> None:
    yours = "5 4 * * *  backup\n0 9 * * 1  /usr/bin/astsync problems --mail x\n"
    cron.spool.write_text(yours, encoding="utf-8")
    assert cron.setup("--run", "none").code == 0
    done = cron.setup("--remove")
    assert (done.code, MARK in done.out) == (0, True)
    assert cron.spool.read_text(encoding="utf-8") == yours
    again = cron.setup("--remove")
    assert (again.code, "no line of ours" in again.out) == (0, True)


def test_the_line_of_another_configuration_stays_and_one_whose_file_is_gone_does_not(cron: Cron) -> None:
    other = cron.box.folder / "other.toml"
    other.write_text("", encoding="utf-8")
    line = f"0 * * * *  /opt/astsync/bin/astsync --config {other} -q sync  {MARK}"
    cron.spool.write_text(f"{line}\n", encoding="utf-8")
    done = cron.setup("--run", "none")
    assert (done.code, len(cron.lines), cron.lines[0]) == (0, 2, line)
    assert line in done.out
    other.unlink()
    assert cron.setup("--run", "none").code == 0
    assert len(cron.lines) == 1


@pytest.mark.parametrize(
    "line",
    [
        "*/10 * * * *  /opt/astsync/bin/astsync --config /etc/astsync/astsync.toml -q sync",
        "@hourly  cd /srv && python3 -m astsync sync >/dev/null 2>&1",
        "0 * * * *  flock -n /tmp/l '/opt/a b/astsync' sync",
    ],
)
def test_a_line_that_somebody_wrote_by_hand_is_named_and_left(cron: Cron, line: str) -> None:
    cron.spool.write_text(f"{line}\n", encoding="utf-8")
    done = cron.setup("--run", "none")
    assert (done.code, line in done.err) == (2, True)
    assert cron.lines == [line]
    assert cron.setup("--run", "none", "--force").code == 0
    assert cron.lines == [line, cron.ours]
    assert cron.setup("--run", "none", "--replace").code == 0
    assert cron.lines == [cron.ours]


@pytest.mark.parametrize("line", ["#*/10 * * * *  astsync sync", "0 0 * * *  astsync problems", "A=astsync sync"])
def test_what_does_not_sync_is_in_nobodys_way(cron: Cron, line: str) -> None:
    cron.spool.write_text(f"{line}\n", encoding="utf-8")
    assert cron.setup("--run", "none").code == 0
    assert cron.lines == [line, cron.ours]


def test_a_job_that_would_fail_is_not_installed(cron: Cron) -> None:
    cron.box.write(f'secret = "{cron.box.pbx.secret}"', 'secret = "wrong"')
    done = cron.setup()
    assert (done.code, cron.spool.exists()) == (2, False)
    assert "tried as the job will run it, ended with exit code 5" in done.err
    assert "✗ login" in done.err


def test_a_secret_of_this_environment_alone_is_named(cron: Cron, monkeypatch: pytest.MonkeyPatch) -> None:
    cron.box.write(f'secret = "{cron.box.pbx.secret}"\n', "")
    environ = {**os.environ, "ASTSYNC_PBX__OFFICE__SECRET": cron.box.pbx.secret}
    words = [sys.executable, "-m", "astsync", "--config", str(cron.box.configuration), "setup", "cron"]
    done = subprocess.run(words, env=environ, capture_output=True, encoding="utf-8", timeout=60)
    assert (done.returncode, cron.spool.exists()) == (2, False)
    assert "ASTSYNC_PBX__OFFICE__SECRET" in done.stderr
    assert cron.box.pbx.secret not in done.stdout + done.stderr
    cron.spool.write_text(f"ASTSYNC_PBX__OFFICE__SECRET={cron.box.pbx.secret}\n", encoding="utf-8")
    done = subprocess.run(words, env=environ, capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stderr  # cron has it, from the line above the job


def test_another_store_than_that_of_the_commands_is_refused(cron: Cron) -> None:
    cron.box.write(f'[store]\npath = "{cron.box.folder}/store.sqlite3"\n', "")
    done = cron.setup()
    assert (done.code, "store.path" in done.err, cron.spool.exists()) == (2, True, False)


def test_run_sync_is_the_first_sync(cron: Cron) -> None:
    done = cron.setup("--run", "sync")
    assert (done.code, "the first `sync` went well" in done.out) == (0, True)
    assert len(cron.box.pbx.family()) > 50


def test_no_cron_is_said_before_anything_is_written(cron: Cron, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("astsync.cli.setup_cron.runs_cron", lambda: False)
    done = cron.setup()
    assert (done.code, "no cron daemon runs" in done.err, cron.spool.exists()) == (2, True, False)
    assert cron.setup("--run", "none", "--force").code == 0
    cron.program.unlink()
    monkeypatch.setenv("PATH", str(cron.program.parent))
    done = cron.setup()
    assert (done.code, "there is no program crontab" in done.err) == (2, True)


def test_a_crontab_that_may_not_be_had_says_so(cron: Cron) -> None:
    words = "You (somebody) are not allowed to use this program (crontab)"
    cron.program.write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 1\n", encoding="utf-8")
    done = cron.setup()
    assert (done.code, words in done.err, "cron.allow" in done.err) == (2, True, True)


def test_a_user_without_a_home_or_a_name_is_told(cron: Cron, monkeypatch: pytest.MonkeyPatch) -> None:
    done = cron.setup("--for-user", "nobody-of-that-name")
    assert (done.code, "there is no user" in done.err) == (2, True)
    monkeypatch.setattr("os.geteuid", lambda: 4_000_000)
    done = cron.setup()
    assert (done.code, "the system does not know this user" in done.err) == (2, True)
    assert not cron.spool.exists()


@pytest.mark.parametrize(
    ("every", "words"),
    [("7m", "6m or 10m"), ("15", "its unit"), ("30s", "from 1m to 1d"), ("2d", "from 1m to 1d"), ("5h", "4h or 6h")],
)
def test_a_time_that_cron_cannot_keep_is_refused(cron: Cron, every: str, words: str) -> None:
    done = cron.setup("--every", every)
    assert (done.code, words in done.err, cron.spool.exists()) == (2, True, False)


def test_a_configuration_of_the_environment_alone_is_no_job(cron: Cron, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(cron.box.folder)
    monkeypatch.setattr("astsync.config.configfile.usual_file", lambda: None)
    done = run(cron.box.capture, cron.box.patch, "setup", "cron")
    assert (done.code, "astsync init" in done.err) == (2, True)


def test_bytes_that_are_no_text_stay_as_they_are(cron: Cron) -> None:
    yours = b"# \xcf\xf0\xe8\xe2\xe5\xf2\n5 4 * * *  backup\n"
    cron.spool.write_bytes(yours)
    assert cron.setup("--run", "none").code == 0
    assert cron.spool.read_bytes().startswith(yours)
    assert cron.setup("--remove").code == 0
    assert cron.spool.read_bytes() == yours
