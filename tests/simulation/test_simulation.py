"""A share of the simulation, and that it finds what is wrong; ``make simulation`` plays a million seeds."""

import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.simulation.faults import KINDS
from tests.simulation.mutants import MUTANTS
from tests.simulation.oracle import EXPIRED, FOREIGN, FORGOTTEN, WRITTEN, Wrong
from tests.simulation.patched import patched
from tests.simulation.scenario import play

SEEDS = 1_200
SHARES = 4
FOUND_WITHIN = 5_000
"""Seeds within which each mutant is found."""
AGAIN = "again with: .venv/bin/python -m tests.simulation --trace --seed"


@pytest.fixture(autouse=True)
def simulated() -> Iterator[None]:
    """The product over the stand-ins, not traced: that would take most of the time, and other tests cover it."""
    trace = sys.gettrace()
    sys.settrace(None)
    try:
        with patched():
            yield
    finally:
        sys.settrace(trace)


@pytest.mark.parametrize("share", range(SHARES))
def test_whatever_strikes_one_more_run_puts_all_right(share: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(share, SEEDS, SHARES):
        try:
            seen += play(seed).seen
        except Exception as error:
            raise AssertionError(f"{AGAIN} {seed}") from error
    assert seen.keys() >= {name for name, (_, weight) in KINDS.items() if weight}, "a fault that struck nothing"
    assert seen.keys() >= {WRITTEN, EXPIRED, FORGOTTEN, FOREIGN}


def test_a_seed_happens_the_same_way_each_time() -> None:
    for seed in range(20):
        first, second = play(seed, trace=True), play(seed, trace=True)
        assert first.trace
        assert first.trace == second.trace


@pytest.mark.parametrize("name", MUTANTS)
def test_it_finds_what_is_wrong(name: str) -> None:
    with MUTANTS[name](), pytest.raises(Wrong):
        play_seeds(FOUND_WITHIN)


def play_seeds(count: int) -> None:
    for seed in range(count):
        play(seed)
