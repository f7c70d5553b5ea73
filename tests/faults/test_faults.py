"""Cut, stall, fill, kill and restart at random points: one more run, and the PBX holds exactly what it should.

A share; ``make faults`` plays many seeds on each Asterisk and prints the counts. A seed decides all but the timing: the
office, what changes, the command, and where the fault strikes.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from astsync.sandbox.asterisk import Installation
from tests.faults import zygote
from tests.faults.one_run import Counts, OneRun
from tests.faults.records import Records
from tests.faults.troubles import KINDS
from tests.faults.world import World, make_world
from tests.faults.zygote import Zygote


@pytest.fixture
def world(any_installation: Installation, tmp_path: Path) -> Iterator[World]:
    with make_world(any_installation, tmp_path) as made:
        yield made


def test_a_command_that_hangs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zygote, "HANGS", 0.2)
    with Zygote(tmp_path) as mother:
        os.kill(mother.start("--version"), signal.SIGSTOP)
        with pytest.raises(AssertionError, match="had not ended"):
            mother.wait()
        monkeypatch.setattr(zygote, "HANGS", 60)
        assert mother.run("--version").code == 0


def test_records_of_tls_are_told_however_they_come() -> None:
    stream = b"\x16\x03\x01\x00\x02ab" + b"\x17\x03\x03\x01\x00" + bytes(256) + b"\x17\x03\x03\x00\x01c"
    for size in (1, 3, 7, len(stream)):
        records = Records()
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert [found for piece in pieces for found in records.take(piece)] == [256, 1]
        assert records.count == 2


def test_every_run_that_was_struck_is_whole_after_one_more(world: World) -> None:
    """Each kind of fault once, on one Asterisk or the other."""
    counts, seeds = Counts(), range(len(KINDS))[world.asterisk.installation.major == 16 :: 2]
    for seed in seeds:
        OneRun(world, seed, counts).play()
    assert counts.struck.total() >= len(seeds) // 2
