"""A person approves the changes: ``diff --save``, ``apply``, ``sync --confirm``, through the real command line."""

import json
from pathlib import Path

import pytest

from astsync.sandbox.ami import AmiStandIn
from tests.cli.sandbox import Sandbox
from tests.cli.terminal import Terminal

QUESTION = "Write these changes? [y/N]: "


@pytest.fixture
def saved(box: Sandbox, tmp_path: Path) -> Path:
    """The plan of a first sync."""
    file = tmp_path / "plan.json"
    assert box.run("diff", "--save", str(file)).code == 0
    assert box.pbx.family() == {}
    return file


def test_a_saved_plan_is_applied_as_it_was_seen(box: Sandbox, saved: Path) -> None:
    done = box.run("apply", str(saved), "--format", "json")
    assert done.code == 0
    assert done.pbx["applied"]["add"] == len(box.pbx.family()) > 0
    assert "  apply  " in box.run("history").out
    again = box.run("apply", str(saved))
    assert again.code == 6
    assert "not as they were approved" in again.err


def test_what_moved_in_1c_is_told_and_nothing_is_written(box: Sandbox, saved: Path) -> None:
    box.onec.add("ООО «Новое»", ["8 (495) 555-01-77"])
    done = box.run("apply", str(saved))
    assert done.code == 6
    assert "office: 1 change is not as it was approved: + 74955550177 OOO Novoye is new" in done.err
    assert "astsync diff --save" in done.err
    assert box.pbx.family() == {}
    assert box.run("push").code == 0  # the list that was refused is no snapshot: push pulls
    assert "74955550177" in box.pbx.family()


def test_what_moved_on_the_pbx_is_told(box: Sandbox, saved: Path) -> None:
    number = min(json.loads(saved.read_text(encoding="utf-8"))["pbx"]["office"])
    box.pbx.fill({number: "Somebody"})
    done = box.run("apply", str(saved))
    assert done.code == 6
    assert "has become ~" in done.err
    assert box.pbx.family() == {number: "Somebody"}


def test_a_plan_lifts_the_limits_on_plans_that_nobody_has_seen(box: Sandbox, tmp_path: Path) -> None:
    assert box.run("sync").code == 0
    box.write('area_code = "495"', 'area_code = "495"\ncountry = "BY"')
    file = tmp_path / "plan.json"
    assert box.run("diff", "--save", str(file)).code == 6
    assert box.run("sync").code == 6
    assert box.run("apply", str(file)).code == 0


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", None])
def test_a_file_that_is_no_plan_is_refused(box: Sandbox, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "plan.json"
    if content is not None:
        file.write_bytes(content)
    done = box.run("apply", str(file))
    assert done.code == 2
    assert "astsync diff --save FILE" in done.err


def test_a_sync_that_confirms_shows_asks_and_writes(box: Sandbox) -> None:
    with Terminal("--config", str(box.configuration), "sync", "--confirm") as terminal:
        terminal.expect(QUESTION)
        assert "to add" in terminal.before
        assert box.pbx.family() == {}
        terminal.type("y\n")
        assert terminal.end() == 0
    assert box.pbx.family()


def test_a_no_writes_nothing(box: Sandbox) -> None:
    with Terminal("--config", str(box.configuration), "sync", "--confirm") as terminal:
        terminal.expect(QUESTION)
        terminal.type("n\n")
        assert terminal.end() == 6
        assert "nothing was written" in terminal.shown
    assert box.pbx.family() == {}


def test_what_moves_while_a_person_thinks_is_not_written(box: Sandbox) -> None:
    with Terminal("--config", str(box.configuration), "sync", "--confirm") as terminal:
        terminal.expect(QUESTION)
        box.onec.add("ООО «Новое»", ["8 (495) 555-01-77"])
        terminal.type("y\n")
        assert terminal.end() == 6
        assert "is new" in " ".join(terminal.shown.split())
    assert box.pbx.family() == {}


def test_the_changes_of_one_pbx_are_asked_for_beside_another_that_is_refused(box: Sandbox) -> None:
    assert box.run("sync").code == 0
    before = box.pbx.family()
    with AmiStandIn() as empty:
        branch = f'[[pbx]]\nname = "branch"\nhost = "{empty.host}"\nport = {empty.port}\nuser = "{empty.user}"\n'
        box.write("[[pbx]]", f'[sync]\nmax_change = "1%"\n\n{branch}secret = "{empty.secret}"\n\n[[pbx]]')
        box.pbx.fill({number: f"{name} was" for number, name in before.items()})
        held = box.pbx.family()
        with Terminal("--config", str(box.configuration), "sync", "--confirm") as terminal:
            terminal.expect(QUESTION)
            terminal.type("n\n")
            assert terminal.end() == 6
        assert empty.family() == {}
        with Terminal("--config", str(box.configuration), "sync", "--confirm") as terminal:
            terminal.expect(QUESTION)
            terminal.type("y\n")
            assert terminal.end() == 7
        assert empty.family() == before
    assert box.pbx.family() == held


def test_a_plan_that_cannot_be_saved_hides_neither_the_report_nor_the_error_of_a_pbx(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("astsync.cli.output.write_file", full)
    done = box.run("diff", "--save", str(tmp_path / "plan.json"))
    assert done.code == 2
    assert "to add" in done.out
    assert "No space left on device" in done.err
    away = '[[pbx]]\nname = "branch"\nhost = "127.0.0.1"\nport = 1\nuser = "u"\nsecret = "s"\npatience = 0\n\n[[pbx]]'
    box.write("[[pbx]]", away)
    done = box.run("diff", "--save", str(tmp_path / "plan.json"))
    assert done.code == 7
    assert "No space left on device" in done.err
    assert "branch: " in done.err


def test_without_a_terminal_nobody_can_be_asked(box: Sandbox) -> None:
    done = box.run("sync", "--confirm")
    assert done.code == 2
    assert "astsync apply FILE" in done.err
