"""The plan: what is added, changed, deleted, kept; and the safety limits."""

from contextlib import nullcontext

import pytest

from astsync.errors import SafetyError
from astsync.phonebook.model import Entry
from astsync.phonebook.packed import as_bytes
from astsync.phonebook.plan import Limits, Plan, check_new_list, check_plan, make_plan


def book(**names: str) -> dict[str, Entry]:
    return {number[1:]: Entry(number[1:], name, f"Контрагенты/{number}") for number, name in names.items()}


def numbers(plan: Plan) -> tuple[list[str], list[str], list[str]]:
    return [c.number for c in plan.add], [c.number for c in plan.change], [c.number for c in plan.delete]


def test_every_kind_of_difference() -> None:
    existing = {"1": "same", "2": "old", "3": "gone", "4": "foreign", "5": "foreign too"}
    plan = make_plan(existing, book(n1="same", n2="new", n5="adopted", n6="added"), owned={"1", "2", "3"})
    assert numbers(plan) == (["6"], ["2", "5"], ["3"])
    assert (plan.existing, plan.desired, plan.unchanged, plan.foreign, plan.deletable) == (5, 4, 1, 1, 3)
    assert plan.changes == 4
    assert plan.change[1].old == "foreign too"


def test_foreign_keys_are_deleted_only_when_told_to() -> None:
    existing = {"1": "a", "2": "b"}
    assert numbers(make_plan(existing, {}, owned=set())) == ([], [], [])
    plan = make_plan(existing, {}, owned=set(), foreign="delete")
    assert numbers(plan) == ([], [], ["1", "2"])
    assert (plan.foreign, plan.deletable) == (0, 2)


def test_nothing_to_do() -> None:
    assert make_plan({"1": "a"}, book(n1="a"), owned=set()).changes == 0


def entries(count: int, name: str = "x") -> dict[str, Entry]:
    return {str(i): Entry(str(i), name) for i in range(count)}


@pytest.mark.parametrize(("kept", "refused"), [(70, False), (69, True)])
def test_max_delete_is_a_share_of_the_owned_entries(kept: int, refused: bool) -> None:
    existing = {str(i): "x" for i in range(150)}
    plan = make_plan(existing, entries(kept), owned={str(i) for i in range(100)})
    if not refused:
        check_plan(plan, Limits(), "office")
        return
    with pytest.raises(SafetyError, match=r"office: the plan would delete 31 of 100 entries \(31%\)") as refusal:
        check_plan(plan, Limits(), "office")
    assert "--allow-deletes" in refusal.value.hint
    check_plan(plan, Limits(max_delete=None), "office")


def test_max_change_has_its_own_option() -> None:
    existing = {str(i): "x" for i in range(10)}
    plan = make_plan(existing, entries(10, "y"), owned=existing.keys())
    with pytest.raises(SafetyError, match="change 10 of 10") as refusal:
        check_plan(plan, Limits(), "office")
    assert "--allow-changes" in refusal.value.hint
    with pytest.raises(SafetyError):
        check_plan(plan, Limits(max_delete=None), "office")
    check_plan(plan, Limits(max_change=None), "office")


def test_a_key_that_ami_cannot_name_stays_foreign_and_counts_in_no_limit() -> None:
    existing = {"": "a", " lead": "b", "1": "c"}
    plan = make_plan(existing, {}, owned=set(), foreign="delete", unnameable={"", " lead"})
    assert ([c.number for c in plan.delete], plan.unnameable, plan.foreign, plan.deletable) == (
        ["1"],
        ("", " lead"),
        2,
        1,
    )


def test_adopting_foreign_keys_is_not_limited_but_owned_ones_are() -> None:
    existing = {str(i): "by hand" for i in range(300)}
    plan = make_plan(existing, entries(300), owned={str(i) for i in range(20)})
    assert (len(plan.change), plan.deletable_changed, plan.deletable) == (300, 20, 20)
    with pytest.raises(SafetyError, match=r"change 20 of 20 entries \(100%\)"):
        check_plan(plan, Limits(), "office")
    check_plan(make_plan(existing, entries(300), owned=set()), Limits(), "office")


def test_a_list_is_held_against_the_last_good_one() -> None:
    before = {str(i): "x" for i in range(20)}
    check_new_list(before, entries(14), Limits())
    with pytest.raises(SafetyError, match="since the last good list: the plan would delete 7 of 20"):
        check_new_list(before, entries(13), Limits())
    with pytest.raises(SafetyError, match="change 20 of 20"):
        check_new_list(before, entries(20, "y"), Limits(max_delete=None))
    check_new_list({}, {}, Limits())


@pytest.mark.parametrize(("percent", "of"), [(29, 100), (7, 100), (57, 100), (58, 100), (35, 20)])
def test_just_as_many_as_the_limit_says_are_let_through(percent: int, of: int) -> None:
    allowed = percent * of // 100
    existing = {str(i): "old" for i in range(of)}
    limits = Limits(max_change=percent / 100)
    for count in (allowed, allowed + 1):
        desired = {n: Entry(n, "new" if int(n) < count else "old") for n in existing}
        plan = make_plan(existing, desired, existing.keys())
        with nullcontext() if count == allowed else pytest.raises(SafetyError, match=f"max_change is {percent}%"):
            check_plan(plan, limits, "office")


def test_a_refusal_tells_shares_that_differ() -> None:
    existing = {str(i): "old" for i in range(1000)}
    plan = make_plan(existing, {n: Entry(n, "new" if int(n) < 301 else "old") for n in existing}, existing.keys())
    with pytest.raises(SafetyError, match=r"301 of 1,000 entries \(30\.1%\); max_change is 30%"):
        check_plan(plan, Limits(), "office")


def test_below_ten_owned_entries_no_limit_applies() -> None:
    existing = {str(i): "x" for i in range(9)}
    check_plan(make_plan(existing, {}, owned=existing.keys()), Limits(), "office")


def test_foreign_entries_that_would_be_deleted_are_limited_too() -> None:
    existing = {str(i): "x" for i in range(20)}
    with pytest.raises(SafetyError):
        check_plan(make_plan(existing, {}, owned=set(), foreign="delete"), Limits(), "office")


def test_changes_of_all_kinds_come_in_the_order_of_the_bytes_of_their_numbers() -> None:
    numbers = ["\udcc8", "\uffff", "\U0001f600", "7", "я"]
    existing = dict.fromkeys(["\udcc8", "\uffff", "7"], "old")
    desired = {number: Entry(number, "new") for number in ["\uffff", "\U0001f600", "7", "я"]}
    plan = make_plan(existing, desired, {"\udcc8"})
    assert [change.number for change in plan.in_order()] == sorted(numbers, key=as_bytes)
