"""What is said of a plan that deletes too much."""

import pytest

from astsync.errors import SafetyError
from astsync.phonebook.model import Entry
from astsync.phonebook.unusual import unusual
from tests.unit.engine_rig import EngineRig


def entries(**catalogs: int) -> list[Entry]:
    return [Entry(f"{name}{at}", "x", f"{name}/{at}") for name, count in catalogs.items() for at in range(count)]


@pytest.mark.parametrize(
    ("lost", "before", "now", "words"),
    [
        ({"Партнеры": 536}, {"Партнеры": 536}, {}, "All 536 deletions are of Партнеры, which gives no entry today."),
        ({"П": 1}, {"П": 9}, {"П": 8}, "The 1 deletion is of П, which gave 9 entries and gives 8 today."),
        ({"П": 9, "К": 1}, {"П": 9}, {}, "9 of 10 deletions are of П, which gives no entry today."),
        ({"П": 9}, {"П": 9}, {"П": 12}, "All 9 deletions are of П."),
        ({"П": 5, "К": 5}, {}, {}, ""),
        ({}, {}, {}, ""),
        ({"": 5}, {}, {}, ""),
    ],
)
def test_the_catalog_that_is_gone_is_named(
    lost: dict[str, int], before: dict[str, int], now: dict[str, int], words: str
) -> None:
    assert unusual(entries(**lost), before, now) == words


def test_the_refusal_of_a_list_names_the_catalog_that_gives_less(rig: EngineRig) -> None:
    assert rig.engine().sync().exit_code == 0
    rig.source.names = dict(list(rig.source.names.items())[9:])
    error = rig.engine().sync().pbx[0].error
    assert isinstance(error, SafetyError)
    assert error.hint.startswith("All 9 deletions are of List, which gave 20 entries and gives 11 today. Look at")
    assert rig.store.catalogs() == {"List": 20}
