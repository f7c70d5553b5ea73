"""A share of the fuzz: mutated lines through ``explain`` as a process give an answer each, and a sane one."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz import explained
from tests.fuzz.explained import Fault, Lines, Played, play
from tests.fuzz.lines import LONGEST, Kind, line

KINDS: tuple[Kind, ...] = ("phone", "name")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("first", [0, 1_000_000])
def test_mutated_lines(kind: Kind, first: int, tmp_path: Path) -> None:
    played = play(Lines(kind, 300, seed=9, first=first), tmp_path)
    assert played.answered > 100
    assert 0 < played.peak < explained.MOST_MEMORY


@pytest.mark.parametrize("kind", KINDS)
def test_lines_are_of_all_lengths_and_the_same_again(kind: Kind) -> None:
    lines = [line(3, kind, place) for place in range(1000)]
    assert lines == [line(3, kind, place) for place in range(1000)]
    lengths = sorted(len(each.decode("utf-8", "replace")) for each in lines)
    assert lengths[500] <= 100
    assert lengths[-5] > 5_000
    assert lengths[-1] <= LONGEST
    assert len(set(lines)) > 900
    assert not any(b"\n" in each for each in lines)
    assert any("\ufffd" in each.decode("utf-8", "replace") for each in lines)


INVENTS = """
import json, sys
for line in sys.stdin.buffer:
    text = line.decode("utf-8", "replace").rstrip("\\r\\n")
    print(json.dumps({"text": text, "keys": ["70000000000"], "reason": None}))
"""


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("pass", "no answer"),
        ("import sys; sys.exit('lost')", "no answer"),
        ("import time; time.sleep(60)", "no answer in 1 s"),
        ("print('Traceback')", "the answer b'Traceback'"),
        ('print(\'{"text": "other"}\')', "an answer to another text"),
        (INVENTS, "the key 70000000000, whose digits do not stand in the text"),
    ],
)
def test_a_fault_names_the_lines(program: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    popen = subprocess.Popen

    def other(command: list[str], **options: Any) -> Any:
        return popen([sys.executable, "-c", program], **options)

    monkeypatch.setattr(subprocess, "Popen", other)
    monkeypatch.setattr(explained, "LONGEST_WAIT", 1 if "sleep" in program else 60)
    with pytest.raises(Fault) as caught:
        play(Lines("phone", 50), tmp_path)
    assert said in str(caught.value)
    assert "make fuzz SEED=0 FIRST=" in str(caught.value)


def test_memory_that_grows_is_a_fault() -> None:
    played = Played(Lines("name", 10), tenth=50_000_000, peak=120_000_000)
    assert played.grown() == ["explain name: memory grew from 50,000,000 to 120,000,000 bytes"]
    assert Played(Lines("name", 10), tenth=50_000_000, peak=60_000_000).grown() == []
