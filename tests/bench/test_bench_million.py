"""The bench of a million: what its figures are made of, and that a goal is kept or missed on the right side."""

import os
from pathlib import Path

import orjson
import pytest

from tests.bench import pull_once
from tests.bench.bench_million import PARTS, Goal, _goals_of, _Pull, at_least
from tests.bench.bench_sync import FEW, PUSH, STATUS, Run, Whole, say_slope, whole_commands
from tests.bench.proc import apart
from tests.bench.tape import Asked, Tape


@pytest.mark.parametrize(("value", "least", "kept"), [(1.9, False, True), (2.1, False, False), (2.1, True, True)])
def test_a_goal_is_kept_on_its_own_side(value: float, least: bool, kept: bool) -> None:
    goal = Goal("push", "9 s", "raw 5 s", value, 2, least=least)
    assert goal.kept is kept
    assert goal.row[4:] == [f"{'at least' if least else 'at most'} 2.00", "kept" if kept else "MISSED"]


def test_a_share_of_a_limit_is_told_in_percent() -> None:
    goal = at_least("write phase", "90/s", "limit 100/s", 0.9, 0.85)
    assert goal.row[3:] == ["90%", "at least 85%", "kept"]


def whole(size: int, cpu: float, memory: float, wall: float = 20.0) -> Whole:
    commands = whole_commands()
    for command in commands:
        command.runs.append(Run(wall, cpu, memory))
    return Whole(size, commands, size)


def test_what_an_entry_more_costs_is_told_from_size_to_size(capsys: pytest.CaptureFixture[str]) -> None:
    say_slope([whole(10_000, 1.0, 60.0), whole(110_000, 2.0, 160.0), whole(1_110_000, 22.0, 1160.0)])
    line = next(line for line in capsys.readouterr().out.splitlines() if f"astsync {PUSH}" in line)
    assert line.split()[5:] == ["10.0", "us,", "1,049", "bytes", "20.0", "us,", "1,049", "bytes", "2.00"]


def test_the_source_is_taken_off_by_processor_time_and_the_rest_is_that_of_a_strong_machine() -> None:
    measured = whole(1_000_000, 100.0, 500.0, wall=18.0)
    goals = {goal.what: goal for goal in _goals_of(measured, [_Pull(0, 60.0), _Pull(0, 90.0)], 10.0)}
    assert goals["push of 1,000,000, whole process"].value == pytest.approx(1.8)
    values = [goal.value for what, goal in goals.items() if ", CPU without" in what]
    assert values == pytest.approx([32.0, 8.0])  # this machine writes 100,000/s, the goal is meant for 125,000/s
    kept = [goals[f"{name} of 1,000,000, memory"].kept for name in (PUSH.partition(" ")[0], FEW, STATUS)]
    assert kept == [False, True, False]


def test_the_parts_are_those_of_the_table() -> None:
    assert {*PARTS} == {"start", "names", "source", "wire", "pbxs", "commands"}


def test_work_apart_is_done_in_another_process_and_a_failure_is_told() -> None:
    assert apart(os.getpid) != os.getpid()
    with pytest.raises(RuntimeError, match="the work apart failed"):
        apart(lambda: os._exit(3))


def test_the_reference_of_a_phonebook_reads_all_answers_and_all_fields(tmp_path: Path) -> None:
    tape = Tape(tmp_path)
    tape.note(Asked("GET", "/a", b"", ""), 200, "application/json", iter([b'{"value": [1]}']))
    (tmp_path / "fields").write_bytes(orjson.dumps(["8 (495) 229-30-42", "нет", "+7 495 2293043, 84952293044"]))
    assert pull_once._read(str(tmp_path), str(tmp_path / "fields")) == 3
    (tmp_path / Asked("GET", "/a", b"", "").key).write_bytes(b"{")
    with pytest.raises(orjson.JSONDecodeError):
        pull_once._read(str(tmp_path), str(tmp_path / "fields"))
