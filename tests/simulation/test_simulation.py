"""A share of the simulation, and that it finds what is wrong; ``make simulation`` plays a million seeds."""

import os
from collections import Counter

import pytest

from tests.simulation.faults import KINDS
from tests.simulation.mutants import MUTANTS
from tests.simulation.oracle import Wrong
from tests.simulation.patched import patched
from tests.simulation.scenario import play

SEEDS = int(os.environ.get("ASTSYNC_SIMULATION", "2000"))
SHARES = 4
FOUND_WITHIN = 400
"""Seeds within which each mutant is found."""
again = "again with: .venv/bin/python -m tests.simulation --trace --seed"


@pytest.mark.parametrize("share", range(SHARES))
def test_whatever_strikes_one_more_run_puts_all_right(share: int) -> None:
    seen: Counter[str] = Counter()
    with patched():
        for seed in range(share, SEEDS, SHARES):
            try:
                seen.update(play(seed).seen)
            except Exception as error:
                raise AssertionError(f"{again} {seed}") from error
    assert seen.keys() >= {name for name, (_, weight) in KINDS.items() if weight}, "a fault that struck nothing"


def test_a_seed_happens_the_same_way_each_time() -> None:
    with patched():
        for seed in range(20):
            assert play(seed, trace=True).trace == play(seed, trace=True).trace


@pytest.mark.parametrize("name", MUTANTS)
def test_it_finds_what_is_wrong(name: str) -> None:
    with patched(), MUTANTS[name](), pytest.raises(Wrong):
        play_seeds(FOUND_WITHIN)


def play_seeds(count: int) -> None:
    for seed in range(count):
        play(seed)
