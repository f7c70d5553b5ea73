"""Several PBXs that hold the same share one work; each has its own record, owners and faults all the same."""

import pytest

from astsync.engine.goals import PhonebookGoal
from astsync.engine.work import Work
from astsync.phonebook.owners import Ownership
from astsync.phonebook.packed import BLOCK
from tests.unit.engine_rig import FAMILY, EngineRig, Spy, names, phone

COUNT = 2 * BLOCK + 88
OURS = Ownership(ours=True)


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> list[Work]:
    """The works that a run makes, one for each PBX."""
    made: list[Work] = []
    work = PhonebookGoal.work

    def noted(self: PhonebookGoal, *about: object) -> Work:
        made.append(work(self, *about))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(PhonebookGoal, "work", noted)
    return made


def pbxs_of(rig: EngineRig, *held: dict[str, str]) -> list[Spy]:
    pbxs = [Spy(f"office {number}", {**entries}) for number, entries in enumerate(held)]
    rig.pbxs = [*pbxs]
    rig.source.names = names(COUNT)
    return pbxs


def test_pbxs_that_hold_the_same_have_one_work(rig: EngineRig, works: list[Work]) -> None:
    held = [{}, names(COUNT, "Other"), {}, names(COUNT, "Other"), {phone(3): "theirs"}]
    pbxs = pbxs_of(rig, *held)
    run = rig.engine().sync().run or 0
    assert (len(works), len({id(work) for work in works})) == (5, 3)
    for pbx, before in zip(pbxs, held, strict=True):
        assert pbx.entries == names(COUNT)
        record = {one.number: (one.old, one.new, one.owned) for one in rig.store.record(run, pbx.name, FAMILY)}
        assert record == {number: (before.get(number), name, False) for number, name in names(COUNT).items()}
        assert rig.store.owners(pbx.name, FAMILY) == dict.fromkeys(names(COUNT), OURS)


def test_each_is_put_back_to_what_it_held(rig: EngineRig) -> None:
    held = [{}, names(COUNT, "Other"), {}, {phone(3): "theirs", "1": "foreign"}]
    pbxs = pbxs_of(rig, *held)
    rig.engine().sync()
    rig.engine().undo()
    assert [pbx.entries for pbx in pbxs] == held


def test_keys_that_differ_in_their_owner_make_another_work(rig: EngineRig, works: list[Work]) -> None:
    pbxs = pbxs_of(rig, names(COUNT), names(COUNT))
    rig.own(names(30), pbxs[1].name)
    run = rig.engine().sync().run or 0
    assert works[0] is not works[1]
    assert [len(rig.store.record(run, pbx.name, FAMILY)) for pbx in pbxs] == [COUNT, COUNT - 30]  # those adopted


def test_what_fails_on_one_of_them_fails_there_alone(rig: EngineRig, works: list[Work]) -> None:
    pbxs = pbxs_of(rig, {}, {}, {})
    pbxs[1].fail_put = {phone(7)}
    pbxs[2].lose_after = 100
    run = rig.engine().sync().run or 0
    assert len({id(work) for work in works}) == 1
    assert pbxs[0].entries == names(COUNT)
    assert pbxs[1].entries == {n: name for n, name in names(COUNT).items() if n != phone(7)}
    assert [len(rig.store.record(run, pbx.name, FAMILY)) for pbx in pbxs] == [COUNT, COUNT - 1, COUNT]
    owners = [rig.store.owners(pbx.name, FAMILY) for pbx in pbxs]
    assert owners[0] == dict.fromkeys(names(COUNT), OURS)
    assert owners[1] == dict.fromkeys(pbxs[1].entries, OURS)
    assert owners[2] == {n: Ownership(True, name) for n, name in names(COUNT).items()}
    pbxs[2].lose_after, pbxs[1].fail_put = -1, set()
    assert rig.engine().sync().exit_code == 0
    assert all(pbx.entries == names(COUNT) for pbx in pbxs)
