"""The line for a crontab: its command is found anywhere, and its words arrive whole."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astsync.setup.cron import cron_line, own_command

PRINT = ("/usr/bin/printf", r"%s\0")
printable = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]) | st.sampled_from(" %\\'\"$`!#"))


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_command_is_named_by_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = program(tmp_path / "bin" / "astsync")
    assert own_command(str(script)) == (str(script),)
    monkeypatch.chdir(tmp_path)
    assert own_command("bin/astsync") == own_command("./bin/astsync") == (str(script),)
    monkeypatch.setenv("PATH", f"bin{os.pathsep}/usr/bin")
    assert own_command("astsync") == (str(script),)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    link = tmp_path / "astsync"
    link.symlink_to(program(tmp_path / "venvs" / "astsync-1" / "bin" / "astsync"))
    assert own_command(str(link)) == (str(link),)


def test_as_a_module_it_is_the_command_beside_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = program(tmp_path / "bin" / "python3")
    module = program(tmp_path / "astsync" / "__main__.py")  # where everything may be run, as on foreign file systems
    monkeypatch.setattr(sys, "executable", str(python))
    assert own_command(str(module)) == (str(python), "-m", "astsync")
    script = program(tmp_path / "bin" / "astsync")
    assert own_command(str(module)) == own_command("-c") == (str(script),)


def debian(command: str) -> str:
    r"""Read a job as Debian's cron and cronie do: as the old one, and ``\%`` becomes ``%``."""
    return re.sub(r"\\(.)", lambda pair: "%" if pair[1] == "%" else pair[0], vixie(command))


def vixie(command: str) -> str:
    """Read a job as the old cron does: a ``%`` without a backslash ends it, the backslash stays for the shell."""
    whole = re.match(r"(?:\\.|[^\\%])*", command)
    assert whole is not None
    return whole[0]


@given(st.lists(printable, max_size=4))
@settings(max_examples=60, deadline=None)
def test_every_word_arrives_whole(words: list[str]) -> None:
    line = cron_line(PRINT, *words, "end")
    assert line is not None
    fields = line.split(None, 5)
    assert fields[:5] == ["*/15", "*", "*", "*", "*"]
    for cron in (debian, vixie):
        done = subprocess.run(["/bin/sh", "-c", cron(fields[5])], capture_output=True, check=True, timeout=20)
        assert done.stdout.decode().split("\0")[:-1] == [*words, "end"]


@pytest.mark.parametrize("word", ["a\nb", "a\n", "\r", "a\x85", "\x1b[31m"])
def test_what_a_crontab_cannot_hold_gives_no_line(word: str) -> None:
    assert cron_line(PRINT, word) is None
