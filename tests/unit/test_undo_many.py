"""What is put back of many keys is what is put back of each of them, also where whole blocks are taken."""

import itertools

import pytest

from astsync.engine.undoing import Undoing
from astsync.phonebook.columns import Column, joined
from astsync.phonebook.packed import BLOCK, PackedKeys, PackedNames
from astsync.phonebook.recorded import RecordBlock, packed_record, rows_of

NUMBERS = [str(74950000000 + n) for n in range(2 * BLOCK + 9)]
HELD = ["nothing", "as it was", "as it was left", "by hand"]


def column(words: str, numbers: list[str]) -> Column | None:
    return joined([f"{words} {number}".encode() for number in numbers]) if words else None


def told(undoing: Undoing) -> dict[str, object]:
    work = undoing.work()
    plan = work.plan
    return {
        "changed": sorted(undoing.changed),
        "steps": dict(work.steps),
        "puts": [*work.puts],
        "wanted": dict(work.wanted),
        "changes": [[*plan.add], [*plan.change], [*plan.delete]],
        "kept": [*plan.kept],
        "counts": (plan.existing, plan.desired, plan.unchanged, plan.unnameable),
    }


@pytest.mark.parametrize(("old", "new"), [("", "new"), ("old", ""), ("old", "new"), ("same", "same")])
@pytest.mark.parametrize("was_ours", [True, False, None])
@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("ours", [0, 1, 2])
@pytest.mark.parametrize("odd", [0, 1, 2])
def test_blocks_are_put_back_as_key_by_key(
    monkeypatch: pytest.MonkeyPatch, old: str, new: str, was_ours: bool | None, held: str, ours: int, odd: int
) -> None:
    words = dict(zip(HELD, ["", old, new, "by hand"], strict=True))[held]
    existing = {number: f"{words} {number}" for number in NUMBERS if words}
    existing |= dict.fromkeys(["9", NUMBERS[300], "1"][: odd + 1], "somebody's")
    owned = PackedKeys.of(NUMBERS[::ours] if ours else [])
    blocks = [
        RecordBlock(joined([n.encode() for n in some]), column(old, some), column(new, some), was_ours)
        for some in (NUMBERS[start : start + BLOCK] for start in range(0, len(NUMBERS), BLOCK))
    ]
    record = packed_record(blocks)
    assert [*itertools.chain(*(zip(*lists, strict=True) for lists in record.lists()))] == [
        *itertools.chain(*(zip(*lists, strict=True) for lists in packed_record(rows_of(blocks)).lists()))
    ]
    found = told(Undoing(record, PackedNames.of(existing), owned, {"1", NUMBERS[300]} & existing.keys()))
    monkeypatch.setattr(Undoing, "_take_whole", lambda *_: False)
    assert told(Undoing(record, existing, {*owned}, {"1", NUMBERS[300]} & existing.keys())) == found


def test_the_keys_of_a_million_are_not_looked_at_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    block = RecordBlock(
        joined([n.encode() for n in NUMBERS[:BLOCK]]), None, column("new", NUMBERS[:BLOCK]), owned=False
    )
    existing = {number: f"new {number}" for number in NUMBERS[:BLOCK]}
    monkeypatch.setattr(Undoing, "_take", lambda *_: pytest.fail("looked at"))
    undoing = Undoing(packed_record([block]), existing, PackedKeys.of(existing))
    assert len(undoing.work().plan.delete) == BLOCK
