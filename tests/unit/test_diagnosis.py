"""What findings mean together: the verdict counts what wants mending, and the command that comes next is true."""

from collections.abc import Sequence

import pytest

from astsync.finding import Finding
from astsync.setup.diagnosis import AreaKind, Diagnosis, Examined, diagnose

Told = tuple[AreaKind, str, bool | None, str]
SYNCED: list[Told] = [
    (AreaKind.STORE, "snapshot", True, ""),
    (AreaKind.PBX, "login", True, ""),
    (AreaKind.PBX, "AstDB", True, ""),
    (AreaKind.RUNS, "last run", True, ""),
    (AreaKind.RUNS, "schedule", True, ""),
]


def diagnosed(*told: Told) -> Diagnosis:
    parts = {(kind, part): (kind, part, good, hint) for kind, part, good, hint in (*SYNCED, *told)}
    found = [
        Examined("an area", kind, "office" if kind is AreaKind.PBX else "", Finding(part, good, "words", hint))
        for kind, part, good, hint in parts.values()
    ]
    return diagnose(found, ["office"])


@pytest.mark.parametrize(
    ("told", "words", "commands"),
    [
        ([], "All is well: syncs keep office in step with 1C.", ["astsync check --calls 500"]),
        (
            [(AreaKind.STORE, "snapshot", None, ""), (AreaKind.RUNS, "schedule", None, "")],
            "Ready: the first sync would read 1C and write the names to office.",
            ["astsync diff", "astsync sync"],
        ),
        (
            [(AreaKind.RUNS, "schedule", None, "cron")],
            "Ready: a sync would keep office in step with 1C; nothing starts one yet.",
            ["astsync setup cron"],
        ),
        (
            [(AreaKind.PBX, "dialplan", None, "a line"), (AreaKind.RUNS, "schedule", None, "cron")],
            "The names are on office, but phones may not show them. 1 remark stands above.",
            ["astsync setup pbx --pbx office", "astsync help dialplan"],
        ),
        (
            [(AreaKind.PBX, "AstDB", None, "push"), (AreaKind.PBX, "clock", None, "NTP")],
            "office has lost names that were written to it. 1 remark stands above.",
            ["astsync --pbx office push"],
        ),
        (
            [(AreaKind.RUNS, "last run", None, "history")],
            "Nothing is in the way of a sync now, but the last run did not succeed.",
            ["astsync sync"],
        ),
        (
            [(AreaKind.STORE, "snapshot", None, "old")],
            "The list is old: no sync has read 1C for days.",
            ["astsync sync"],
        ),
        (
            [(AreaKind.PBX, "login", False, "secret")],
            "1 thing wants mending: an area, login.",
            ["astsync setup pbx --pbx office", "astsync check"],
        ),
        (
            [(AreaKind.PBX, "dialplan", False, ""), (AreaKind.RUNS, "schedule", None, "cron")],
            "1 thing wants mending: an area, dialplan.",
            ["astsync setup pbx --pbx office", "astsync check"],
        ),
        (
            [(AreaKind.SOURCE, "address", False, "url"), (AreaKind.PBX, "port", False, "up?")],
            "2 things want mending, first: an area, address. What to do stands below it.",
            ["astsync check"],
        ),
    ],
)
def test_each_state_has_its_verdict_and_its_next_command(told: Sequence[Told], words: str, commands: list[str]) -> None:
    found = diagnosed(*told)
    assert (found.words, list(found.commands)) == (words, commands)


def test_a_call_alone_has_a_verdict_of_its_own() -> None:
    def of_a_call(good: bool | None, hint: str) -> Diagnosis:
        finding = Finding("dialplan", good, "words", hint)
        return diagnose([Examined("PBX office", AreaKind.CALL, "office", finding)], ["office"])

    assert of_a_call(True, "").words == "Such a call would be named."
    silent = of_a_call(None, "a line")
    assert silent.words == "Such a call may come without its name on office."
    assert silent.commands == ("astsync setup pbx --pbx office", "astsync help dialplan")


@pytest.mark.parametrize(
    ("parts", "words", "command"),
    [
        (["entry", "form of number"], "The dialplan shows names, but office has no entry for this", "astsync diff"),
        (["form of number"], "Such a call is named where the carrier sends the number in a form that is written",
         "astsync help numbers"),
        (["entry", "dialplan"], "Such a call may come without its name on office.", "astsync setup pbx --pbx office"),
    ],
)  # fmt: skip
def test_what_keeps_a_name_away_decides_what_comes_next(parts: list[str], words: str, command: str) -> None:
    found = [Examined("PBX office", AreaKind.CALL, "office", Finding(part, None, "words", "cure")) for part in parts]
    told = diagnose(found, ["office"])
    assert told.words.startswith(words)
    assert told.commands[0] == command


def test_the_name_of_a_pbx_is_quoted_for_the_shell() -> None:
    finding = Finding("login", False, "no", "")
    found = diagnose([Examined("PBX a b", AreaKind.PBX, "a b", finding)], ["a b"])
    assert found.commands[0] == "astsync setup pbx --pbx 'a b'"
