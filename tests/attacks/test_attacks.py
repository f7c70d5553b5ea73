"""A share of the attacks, and that an attack which breaks its bounds is seen."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.attacks import table
from tests.attacks.ami import at, hostile
from tests.attacks.ami_manners import Asked, silent
from tests.attacks.attack import MOST_MEMORY, Attack, Outcome, Pace
from tests.attacks.judge import judge
from tests.attacks.network import Line
from tests.attacks.place import FOREIGN, PASSWORD, SECRET, Place, World, new_place
from tests.attacks.rows import all_attacks, shared
from tests.attacks.runner import Played, Runner, is_late, play_all
from tests.attacks.yardstick import Yardstick
from tests.eventually import eventually

ROOT = Path(__file__).parents[2]
QUICK = Pace(answer=1, run=3)
PATIENT = 6.0
"""How much longer than allowed an attack may take here: CI is no place to measure time."""

ATTACK = Attack("AMI", "is silent", hostile(at("DBGetTree", 1, silent)), frozenset({5}))
MESSAGE = "astsync: office: DBGetTree: no answer\n  Is Asterisk stuck?\n"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("attacks"), QUICK, ROOT) as made:
        yield made


@pytest.fixture(scope="module")
def yardstick() -> Iterator[Yardstick]:
    with Yardstick() as made:
        yield made


@pytest.fixture
def place(world: World, tmp_path: Path) -> Iterator[Place]:
    with new_place(world, "file", tmp_path / "place") as made:
        yield made


def test_a_share_of_the_attacks(world: World, yardstick: Yardstick) -> None:
    played = play_all(Runner(world, yardstick, PATIENT), shared(), jobs=4, seed=0)
    broken = [f"{each.attack.full_name}: {each.outcome.faults}" for each in played if each.outcome.faults]
    assert not broken, f"{broken}; each alone: .venv/bin/python -m tests.attacks --only NAME"


def test_there_are_many_attacks_and_each_has_a_name_of_its_own() -> None:
    names = Counter(attack.full_name for attack in all_attacks())
    assert len(names) > 600
    assert [name for name, count in names.items() if count > 1] == []
    assert len(shared()) > 20


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"code": None}, "had not ended"),
        ({"seconds": 5.1}, "took 5.1 s of 5.0 s"),
        ({"peak": MOST_MEMORY + 1}, "had 300 MB"),
        ({"code": 0}, "ended with 0"),
        ({"err": MESSAGE + "Traceback (most recent call last)"}, "a bug"),
        ({"err": f"astsync: {SECRET}\n  cure"}, "a secret"),
        ({"out": PASSWORD}, "a secret"),
        ({"err": MESSAGE + "\x1b[2J"}, "the character"),
        ({"err": "astsync: it failed\n"}, "not what to do"),
        ({"code": 2, "err": ""}, "not what to do"),
    ],
)
def test_what_breaks_a_bound_is_a_fault(change: dict[str, object], fault: str, place: Place) -> None:
    good = Outcome(5, 1.0, 50_000_000, "", MESSAGE)
    template = place.world.template("file")
    assert judge(ATTACK, place, template, good) == []
    assert any(fault in each for each in judge(ATTACK, place, template, replace(good, **change)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("action", "key", "value"),
    [("DBPut", "74955550101", "Another"), ("DBPut", "reception", "Ours"), ("DBDel", "101", ""), ("DBDelTree", "", "")],
)
def test_a_wrong_write_is_a_fault(action: str, key: str, value: str, place: Place) -> None:
    place.pbx.note(action, {b"family": b"cidname", b"key": key.encode(), b"val": value.encode()})
    faults = judge(ATTACK, place, place.world.template("file"), Outcome(5, 1.0, 0, "", MESSAGE))
    assert any(fault.startswith("wrote wrongly") for fault in faults)


def test_a_foreign_key_that_is_touched_is_a_fault(place: Place) -> None:
    place.pbx.fill({next(iter(FOREIGN)): "Ours"})
    faults = judge(ATTACK, place, place.world.template("file"), Outcome(5, 1.0, 0, "", MESSAGE))
    assert any("foreign" in fault for fault in faults)


def test_a_family_that_is_not_as_wanted_after_success_is_a_fault(place: Place) -> None:
    attack = replace(ATTACK, codes=frozenset({0}))
    faults = judge(attack, place, place.world.template("file"), Outcome(0, 1.0, 0, "", ""))
    assert [fault.partition(" in ")[0] for fault in faults] == ["left the family other than wanted"]


def _answers(line: Line, asked: Asked) -> None:
    line.send(asked.execute())


def test_an_attack_that_strikes_nothing_is_a_fault(world: World, yardstick: Yardstick) -> None:
    aside = Attack("AMI", "an action that nobody sends", hostile(at("Originate", 1, _answers)), frozenset({0}))
    assert Runner(world, yardstick, PATIENT).play(aside).faults == ["nothing was struck"]


def test_the_table_marks_what_broke_a_bound() -> None:
    played = [
        Played(ATTACK, Outcome(5, 1.0, 50 * 1024**2, "", MESSAGE)),
        Played(ATTACK, Outcome(None, 12.0, 50 * 1024**2, "", "", faults=["took 12.0 s"])),
        Played(ATTACK, Outcome(0, 0, 0, "", "", skipped="no tmpfs")),
    ]
    lines = table.rows(played, QUICK, {ATTACK.full_name: "killed"})
    assert lines[0][1:] == ("5 in 5 s", "1.0 s", "50 MB", "5", "0", "office: DBGetTree: no answer", "killed")
    assert lines[1][4:7] == ("killed", "0", "✗ took 12.0 s | ")
    assert lines[2][6] == "not played: no tmpfs"
    assert "2 attacks, 1 not played: 1 kept within bounds, 1 broke one" in table.totals(played)
    assert table.as_markdown(table.HEAD, lines).count("\n") == len(lines) + 1


def test_only_time_is_measured_again() -> None:
    assert is_late(Outcome(5, 9.0, 0, "", "", faults=["took 9.0 s of 8.0 s"]))
    assert not is_late(Outcome(5, 9.0, 0, "", "", faults=["took 9.0 s of 8.0 s", "had 400 MB"]))
    assert not is_late(Outcome(None, 9.0, 0, "", "", faults=["took 9.0 s of 8.0 s"]))


def test_the_yardstick_measures(yardstick: Yardstick) -> None:
    since = time.monotonic()
    eventually(lambda: yardstick.stretch(since) > 1.0)
    assert yardstick.stretch(time.monotonic() + 60) == 1.0
