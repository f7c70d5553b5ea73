"""``undo`` asks a person at a terminal, and wants ``--yes`` where there is none."""

import sys
from pathlib import Path

import pytest

from astsync.sandbox.ami import AmiStandIn
from tests.cli.sandbox import Sandbox
from tests.cli.terminal import Terminal
from tests.cli.wizard_answers import Pipe

QUESTION = "Put it back? [y/N]: "
FOREIGN = {"101": "Reception"}


@pytest.fixture
def synced(box: Sandbox) -> Sandbox:
    """A PBX with a foreign entry, after its first sync."""
    box.pbx.fill(FOREIGN)
    assert box.run("sync").code == 0
    return box


def undo(box: Sandbox, *options: str, output: Path | None = None) -> Terminal:
    return Terminal("--config", str(box.configuration), "undo", *options, output=output)


def runs(box: Sandbox) -> int:
    return len(box.run("history").out.splitlines()[::2])


def test_it_tells_the_run_and_the_share_of_the_book_before_it_asks(synced: Sandbox, tmp_path: Path) -> None:
    whole = synced.pbx.family()
    ours = len(whole) - len(FOREIGN)
    with undo(synced, output=tmp_path / "report") as terminal:
        terminal.expect(QUESTION)
        assert "putting back run 1 (sync of 20" in terminal.before
        assert f"office: {ours} of {len(whole)} entries: 0 to add, 0 to change, {ours} to delete" in terminal.before
        assert synced.pbx.family() == whole
        terminal.type("y\n")
        assert terminal.end() == 0
    assert synced.pbx.family() == FOREIGN
    report = (tmp_path / "report").read_text(encoding="utf-8")
    assert report.startswith("putting back run 1")
    assert QUESTION not in report


def test_the_share_is_told_of_each_pbx(synced: Sandbox) -> None:
    number, name = max(synced.pbx.family().items())
    with AmiStandIn() as branch:
        branch.fill({**synced.pbx.family(), number: "Older"})
        second = {"name": "branch", "host": branch.host, "user": branch.user, "secret": branch.secret}
        lines = "".join(f'{key} = "{value}"\n' for key, value in second.items())
        with synced.configuration.open("a", encoding="utf-8") as file:
            file.write(f"\n[[pbx]]\n{lines}port = {branch.port}\n")
        synced.pbx.wipe()
        assert synced.run("sync", "--allow-changes").code == 0
        with undo(synced) as terminal:
            terminal.expect(QUESTION)
            whole = len(synced.pbx.family())
            assert f"office: {whole} of {whole} entries: 0 to add, 0 to change, {whole} to delete" in terminal.before
            assert f"branch: 1 of {whole + 1} entries: 0 to add, 1 to change, 0 to delete" in terminal.before
            terminal.type("yes\n")
            assert terminal.end() == 0
        assert (synced.pbx.family(), branch.family()[number]) == ({}, "Older")
    assert name != "Older"


@pytest.mark.parametrize("answer", ["", "n", "no"])
def test_anything_but_a_yes_leaves_all_as_it_is(synced: Sandbox, answer: str) -> None:
    whole = synced.pbx.family()
    with undo(synced) as terminal:
        terminal.expect(QUESTION)
        terminal.type(f"{answer}\n")
        assert terminal.end() == 6
        assert "run 1 was not put back: the answer was no" in terminal.shown
    assert (synced.pbx.family(), runs(synced)) == (whole, 1)


def test_an_interrupted_question_leaves_all_as_it_is(synced: Sandbox) -> None:
    whole = synced.pbx.family()
    with undo(synced) as terminal:
        terminal.expect(QUESTION)
        assert terminal.interrupt() == 130
    assert (synced.pbx.family(), runs(synced)) == (whole, 1)


def test_other_runs_go_on_while_a_person_thinks(synced: Sandbox) -> None:
    number = next(number for number in synced.pbx.family() if number not in FOREIGN)
    with undo(synced) as terminal:
        terminal.expect(QUESTION)
        synced.pbx.fill({number: "By hand"})
        assert synced.run("sync").code == 0
        terminal.type("y\n")
        assert terminal.end() == 0
        assert "run 1" in terminal.shown  # the one that was agreed to, not the last one
    assert synced.pbx.family() == FOREIGN


def test_what_changes_while_a_person_thinks_is_refused(synced: Sandbox) -> None:
    number = next(number for number in synced.pbx.family() if number not in FOREIGN)
    with undo(synced) as terminal:
        terminal.expect(QUESTION)
        synced.pbx.fill({number: "By hand"})
        terminal.type("y\n")
        assert terminal.end() == 6
        assert f"changed since run 1: {number}" in " ".join(terminal.shown.split())  # wrapped as the terminal is
    assert synced.pbx.family()[number] == "By hand"


def test_what_is_refused_is_not_asked_about(synced: Sandbox) -> None:
    synced.pbx.fill(dict.fromkeys(synced.pbx.family(), "By hand"))
    with undo(synced) as terminal:
        assert terminal.end() == 6
        assert QUESTION not in terminal.shown


@pytest.mark.parametrize(("option", "left"), [("--yes", FOREIGN), ("--dry-run", None)])
def test_nothing_is_asked_with(synced: Sandbox, option: str, left: dict[str, str] | None) -> None:
    whole = synced.pbx.family()
    with undo(synced, option) as terminal:
        assert terminal.end() == 0
        assert QUESTION not in terminal.shown
    assert synced.pbx.family() == (whole if left is None else left)


class Keyboard(Pipe):
    """Standard input that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(params=[Pipe, Keyboard])
def unseen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A yes that comes from a pipe, and one from a keyboard while the question would go into a file."""
    monkeypatch.setattr(sys, "stdin", request.param("y\n"))


@pytest.mark.usefixtures("unseen")
def test_without_a_terminal_it_wants_yes_and_looks_at_nothing(synced: Sandbox) -> None:
    whole = synced.pbx.family()
    synced.pbx.actions.clear()
    refused = synced.run("undo")
    assert (refused.code, refused.out) == (2, "")
    assert "no terminal" in refused.err
    assert "--yes" in refused.err
    assert (synced.pbx.family(), sum(synced.pbx.actions.values()), runs(synced)) == (whole, 0, 1)
    assert synced.run("undo", "--dry-run").code == 0
    assert synced.run("undo", "--yes").code == 0
