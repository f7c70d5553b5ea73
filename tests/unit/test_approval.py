"""What a person approved is written, or nothing: what moved since is told."""

import json

import pytest

from astsync.errors import ConfigError
from astsync.phonebook.approval import ApprovedPlans, approve, as_text, read_text
from astsync.phonebook.model import Entry
from astsync.phonebook.plan import Plan, make_plan


def plan(existing: dict[str, str], **desired: str) -> Plan:
    entries = {key[1:]: Entry(key[1:], name) for key, name in desired.items()}
    return make_plan(existing, entries, owned=set(existing))


HELD = {"1": "Old", "2": "Gone"}
SEEN = approve("cidname", {"office": plan(HELD, n1="New", n3="Added")})


def said(now: Plan, approved: ApprovedPlans = SEEN, name: str = "office", family: str = "cidname") -> str:
    return "".join(str(error) for error in approved.check(family, {name: now}).values())


def test_the_plan_that_was_seen_passes() -> None:
    assert said(plan(HELD, n1="New", n3="Added")) == ""


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (plan(HELD, n1="New", n3="Added", n4="Four"), "1 change is not as it was approved: + 4 Four is new"),
        (plan(HELD, n1="Newer", n3="Added"), "~ 1 Old -> New has become ~ 1 Old -> Newer"),
        (plan({**HELD, "1": "Other"}, n1="New", n3="Added"), "~ 1 Old -> New has become ~ 1 Other -> New"),
        (plan(HELD, n1="New", n2="Gone", n3="Added"), "- 2 Gone is not needed any more"),
        (plan({**HELD, "3": "Added"}, n1="New", n3="Added"), "+ 3 Added is not needed any more"),
    ],
)
def test_what_moved_in_1c_or_on_the_pbx_is_told_and_refused(now: Plan, words: str) -> None:
    assert words in said(now)
    assert said(now).startswith("office: ")


def test_of_many_moves_some_are_named() -> None:
    now = plan(HELD, n1="New", n3="Added", **{f"n9{at}": "x" for at in range(9)})
    assert "9 changes are not as they were approved" in said(now)
    assert said(now).endswith("; and 4 more")


def test_a_plan_for_another_pbx_or_another_family_is_no_plan() -> None:
    same = plan(HELD, n1="New", n3="Added")
    assert "no approved plan" in said(same, name="branch")
    assert "no approved plan" in said(same, family="other")


def test_a_document_is_read_as_it_was_written() -> None:
    odd = approve("cidname", {'of"fice': plan({}, n1='"\n\u2028Ы', n2="\udcc8"), "b": plan(HELD), "c": plan({})})
    assert read_text(as_text(odd)) == odd
    assert len(as_text(SEEN).splitlines()) == 7


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "[" * 100_000,
        '{"astsync_plan": 1, "family": "cidname", "pbx": {"office": {"1": ["a"]}}}',
        '{"astsync_plan": 1, "family": "cidname", "pbx": {"office": {"1": [1, null]}}}',
        '{"astsync_plan": 1, "family": "cidname", "pbx": ["office"]}',
        '{"astsync_plan": 1, "family": 5, "pbx": {}}',
        '{"astsync_plan": 2, "family": "cidname", "pbx": {}}',
        json.dumps({"run": 5}),
    ],
)
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(ConfigError) as fault:
        read_text(text)
    assert "diff --save" in fault.value.hint
