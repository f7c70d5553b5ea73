"""``astsync demo``: the story comes out as it must, on a real Asterisk and where none can be had."""

import re
import signal
import subprocess
import sys

import pytest

from astsync.sandbox import story as sandbox
from astsync.sandbox.asterisk import Installation
from astsync.sandbox.debian.apt import can_fetch

SIZE = 60


def test_the_story_on_a_real_asterisk(any_installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "find_installation", lambda: any_installation)
    said: list[str] = []
    sandbox.play(SIZE, keep=False, tell=said.append)
    text = "\n".join(said)
    assert f"a private Asterisk {any_installation.version}" in text
    assert len(re.findall(r"call from 7\d+: the phone shows", text)) == 8
    assert "call from 74955550142: the phone shows  IP Shchukin Pyotr Yuryevich" in text
    assert "That was the whole main job" in text


def test_the_story_without_an_asterisk_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "find_installation", lambda: None)
    said: list[str] = []
    sandbox.play(SIZE, keep=False, tell=said.append)
    assert "NOT real" in said[0]
    assert ("astsync demo --fetch" if can_fetch() else "ASTSYNC_ASTERISK") in said[0]
    assert "That was the whole main job" in said[-1]


def test_keep_leaves_both_running_with_a_configuration_that_works(any_installation: Installation) -> None:
    command = [sys.executable, "-m", "astsync", "demo", "--size", str(SIZE), "--keep"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as demo:
        assert demo.stdout is not None
        line = next(line for line in demo.stdout if "astsync --config" in line)
        configuration = line.split()[2]
        diff = [sys.executable, "-m", "astsync", "--config", configuration, "diff", "--exit-code"]
        assert subprocess.run(diff, capture_output=True, timeout=60).returncode == 0
        demo.send_signal(signal.SIGTERM)
        demo.stdout.read()
        assert demo.wait(timeout=30) == 0
