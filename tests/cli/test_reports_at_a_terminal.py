"""Reports for people: short unless more is asked for, in colours and wrapped at a terminal, in their language."""

import fcntl
import json
import re
import struct
import termios
from pathlib import Path

import pytest

from tests.cli.sandbox import Sandbox
from tests.cli.terminal import Terminal

SGR = re.compile(r"\x1b\[[\d;]*m")


def at_terminal(box: Sandbox, columns: int, *arguments: str) -> tuple[int, str]:
    """Run a command at a terminal of so many columns; its exit code, and what stands there at the end."""
    box.patch.delenv("COLUMNS", raising=False)
    with Terminal("--config", str(box.configuration), *arguments) as terminal:
        fcntl.ioctl(terminal._master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        return terminal.end(), terminal.shown


def report_lines(shown: str) -> list[str]:
    """The report without the progress bars before it, which take themselves away."""
    return shown[shown.index("1C OData") :].replace("\r", "").splitlines()


def test_diff_is_as_short_as_sync_unless_more_is_asked_for(box: Sandbox) -> None:
    short, long = box.run("diff"), box.run("-v", "diff")
    count = len(box.run("diff", "--format", "json").pbx["add"])
    assert short.out.count("\n  + ") == 20
    assert f"\n  … and {count - 20} more (-v lists all)\n" in short.out
    assert long.out.count("\n  + ") == count > 20
    file = box.folder / "report.txt"
    assert box.run("diff", "--output", str(file)).code == 0
    assert file.read_text(encoding="utf-8").count("\n  + ") == count
    assert box.run("sync").out.count("\n  + ") == 20


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("code", ["en", "ru"])
def test_no_line_is_wider_than_the_terminal(box: Sandbox, columns: int, code: str) -> None:
    box.run("sync")
    numbers = sorted(box.pbx.family())
    for number in numbers[:3]:
        box.pbx.database[f"/cidname/{number}".encode()] = ("Очень длинное имя " * 9).strip().encode()
    for command in (["diff"], ["status"], ["history"], ["lookup", numbers[0]]):
        exit_code, shown = at_terminal(box, columns, "--lang", code, *command)
        assert exit_code == 0
        lines = [SGR.sub("", line) for line in shown.replace("\r", "").splitlines() if "\x1b[2K" not in line]
        assert max(map(len, lines)) <= columns
        assert lines


def test_a_terminal_gets_colours_and_the_difference_marked(box: Sandbox) -> None:
    box.run("sync")
    number = min(box.pbx.family())
    key = f"/cidname/{number}".encode()
    box.pbx.database[key] += b" Old"
    _, shown = at_terminal(box, 200, "diff")
    assert f"{number}  " in shown
    assert "\x1b[1;31m Old\x1b[0m -> " in shown
    for arguments in (["--color", "never", "diff"], ["--color=never", "status"]):
        code, bare = at_terminal(box, 200, *arguments)
        assert code == 0
        assert not re.search(r"\x1b\[[\d;]*3[1-3]m", bare.rpartition("\x1b[2K")[2])


def test_no_color_is_heeded_and_an_option_overrides_it(box: Sandbox) -> None:
    box.patch.setenv("NO_COLOR", "1")
    box.patch.setenv("TERM", "xterm")
    assert "\x1b[3" not in report_lines(at_terminal(box, 200, "diff")[1])[1]
    assert "\x1b[33m" in report_lines(at_terminal(box, 200, "--color", "always", "diff")[1])[1]


def test_no_pipe_and_no_file_gets_colours_or_wrapped_lines_unasked(box: Sandbox) -> None:
    done = box.run("diff")
    assert "\x1b" not in done.out
    assert "\x1b[33m" in box.run("--color", "always", "diff").out
    file = box.folder / "report.txt"
    assert box.run("--color", "always", "diff", "--output", str(file)).code == 0
    assert "\x1b" not in file.read_text(encoding="utf-8")
    assert "\x1b" not in box.run("--color", "always", "diff", "--format", "json").out
    assert box.run("--color", "sometimes", "diff").code == 2


def test_an_error_at_a_terminal_is_wrapped_too(box: Sandbox) -> None:
    box.pbx.stop()
    code, shown = at_terminal(box, 60, "status")
    assert code == 0  # there is no snapshot, so no PBX is asked
    code, shown = at_terminal(box, 60, "diff")
    assert code == 5
    lines = shown.replace("\r", "").splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("astsync: office: "))
    assert max(map(len, lines[start:])) <= 60
    assert all(line.startswith("  ") for line in lines[start + 1 :])


def test_russian_is_spoken_and_json_stays(box: Sandbox) -> None:
    english = box.run("diff", "--format", "json").report
    russian = box.run("--lang", "ru", "diff", "--format", "json").report
    for report in (english, russian):
        del report["pulled"]
    assert json.dumps(russian) == json.dumps(english)
    assert "контрагент" in box.run("--lang", "ru", "diff").out
    assert box.run("--lang", "ru", "sync").code == 0
    page = Path(box.folder) / "report.html"
    assert box.run("--lang", "ru", "sync", "--format", "html", "--output", str(page)).code == 0
    assert '<html lang="ru">' in page.read_text(encoding="utf-8")


def test_a_run_notes_how_many_entries_it_wanted_for_the_picture_of_the_last_runs(box: Sandbox) -> None:
    box.run("sync")
    box.onec.stop()
    box.run("sync")
    box.run("push")
    page = box.run("push", "--format", "html").out
    count = len(box.pbx.family())
    assert f"entries: {count:,} → {count:,}" in page
    assert "failed runs: 1 of 4" in page
    assert page.count('<rect class="bad"') == 1
