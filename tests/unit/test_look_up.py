"""What is known of one number is read without all that the store knows of the others."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from astsync.engine.lookup import Asked, look_up
from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.parser import NumberParser
from astsync.phonebook.owners import CERTAINLY_OURS, KeyOwners, Ownership
from astsync.store import Store
from tests.memory_pbx import MemoryPbx

PARSER = NumberParser(area_code="495")
NUMBER, TRUNK, PLUS = "74952293042", "84952293042", "+74952293042"


class SpyStore(Store):
    """A store that remembers of which keys the owners were asked for; None: of all."""

    asked: list[str] | None = None

    def owners(self, pbx: str, family: str, numbers: Iterable[str] | None = None) -> KeyOwners:
        self.asked = None if numbers is None else sorted(numbers)
        return super().owners(pbx, family, numbers)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SpyStore]:
    with closing(SpyStore(tmp_path / "store.sqlite3")) as opened:
        yield opened


def test_the_owners_of_the_keys_that_a_pbx_holds_are_read_and_no_others(store: SpyStore) -> None:
    owners = {str(number): CERTAINLY_OURS for number in range(74950000000, 74950000600)}
    owners |= {NUMBER: Ownership(ours=True, if_held="OOO A"), TRUNK: Ownership(ours=True, if_held="another")}
    store.save_record_and_owners(store.begin_run("sync"), "office", "cidname", [], owners)
    pbx = MemoryPbx("office", {NUMBER: "OOO A", TRUNK: "OOO A", PLUS: "by hand", "74950000001": "x"})
    found = look_up(Asked(NUMBER, PARSER), [pbx], store, "cidname", PARSER, NameMaker())
    assert {key.number: key.owned for key in found.pbx[0].keys} == {NUMBER: True, TRUNK: False, PLUS: False}
    assert store.asked == sorted([NUMBER, TRUNK, PLUS])
