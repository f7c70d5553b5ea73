"""Common options before the command and behind it; what belongs to a command's own option or argument is not taken."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astsync import __version__
from astsync.cli.app import command_line
from astsync.cli.both_sides import glimpsed
from astsync.cli.common import Common
from astsync.cli.late_commands import LateCommands
from astsync.cli.panels import PANELS
from astsync.language import ENGLISH, using
from tests.cli.sandbox import Sandbox, run


def leaves(command: Any = None, *names: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with its names."""
    command = command_line() if command is None else command
    inner = getattr(command, "commands", {})
    if not inner:
        yield names, command
    for name, each in inner.items():
        yield from leaves(each, *names, name)


@dataclass
class Seen:
    """What a command was given."""

    common: list[Common] = field(default_factory=list)
    own: list[dict[str, Any]] = field(default_factory=list)


def played(*arguments: str) -> tuple[Common, dict[str, Any]]:
    """The common options and its own parameters, as a command gets them; the command itself does nothing."""
    root, seen = command_line(), Seen()
    for _, command in leaves(root):
        _record(command, seen)
    level = logging.getLogger().level
    with using(ENGLISH):
        root.main(args=[*arguments], prog_name="astsync", standalone_mode=False)
    logging.getLogger().setLevel(level)
    assert len(seen.common) == 1, "the command did not run"
    return seen.common[0], seen.own[0]


def _record(command: Any, seen: Seen) -> None:
    def invoke(context: Any) -> None:
        seen.common.append(context.ensure_object(Common))
        seen.own.append(dict(context.params))

    command.invoke = invoke


OWN: dict[tuple[str, ...], list[tuple[tuple[str, ...], dict[str, Any]]]] = {
    ("sync",): [
        (("--output", "-q"), {"output": Path("-q")}),
        (("--output=--lang=ru",), {"output": Path("--lang=ru")}),
        (("--dry-run",), {"dry_run": True}),
    ],
    ("problems",): [
        (("--responsible", "--pbx"), {"responsible": "--pbx"}),
        (("--mail-to", "-v"), {"mail_to": ["-v"]}),
        (("--output", "--config"), {"output": Path("--config")}),
    ],
    ("explain", "phone"): [
        (("--", "-v"), {"text": "-v"}),
        (("--", "--pbx"), {"text": "--pbx"}),
        (("x",), {"text": "x"}),
    ],
    ("undo",): [(("7",), {"run": 7}), (("--yes",), {"yes": True})],
}
COMMON = st.one_of(
    st.sampled_from(["a.toml", "b.toml", "-q", "--pbx"]).map(lambda v: ("config", v, [f"--config={v}"])),
    st.sampled_from(["a.toml", "--lang"]).map(lambda v: ("config", v, ["--config", v])),
    st.sampled_from(["office", "-v", "--", "Киев"]).map(lambda v: ("pbx", v, ["--pbx", v])),
    st.sampled_from(["en", "ru"]).map(lambda v: ("lang", v, ["--lang", v])),
    st.sampled_from(["auto", "always", "never"]).map(lambda v: ("color", v, [f"--color={v}"])),
    st.sampled_from([("-v", 1), ("-vv", 2), ("--verbose", 1)]).map(lambda v: ("verbose", v[1], [v[0]])),
    st.sampled_from(["-q", "--quiet"]).map(lambda v: ("quiet", True, [v])),
    st.just(("both", 1, ["-qv"])),
)


def expected(given_options: list[tuple[str, Any, list[str]]]) -> dict[str, Any]:
    """What the options come to, whichever side each stands on."""
    said: dict[str, Any] = {"config": None, "pbx": (), "verbose": 0, "quiet": False, "lang": None, "color": "auto"}
    for name, value, _ in given_options:
        if name == "pbx":
            said["pbx"] += (value,)
        elif name in {"verbose", "both"}:
            said["verbose"] += value
        else:
            said[name] = value
        said["quiet"] |= name == "both"
    return said


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_an_option_means_the_same_on_every_side_of_the_command(data: st.DataObject) -> None:
    names = data.draw(st.sampled_from(sorted(OWN)))
    own = data.draw(st.lists(st.sampled_from(OWN[names]), max_size=1 if names[0] in {"explain", "undo"} else 3))
    if names[0] == "explain" and not own:
        own = [OWN[names][-1]]
    groups = [data.draw(st.lists(COMMON, max_size=3)) for _ in range(len(names) + 1 + len(own))]
    line: list[str] = []
    parts: list[list[str]] = [[name] for name in names] + [[*words] for words, _ in own]
    for at, group in enumerate(groups):
        if any("--" in part for part in parts[:at]):
            groups[at:] = []
            line += [word for part in parts[at:] for word in part]
            break
        line += [word for _, _, words in group for word in words]
        line += parts[at] if at < len(parts) else []
    wanted = expected([option for group in groups for option in group])
    common, got = played(*line)
    said = {
        "config": common.config and str(common.config),
        "pbx": common.pbx,
        "verbose": common.verbose,
        "quiet": common.quiet,
        "lang": common.lang and common.lang.value,
        "color": common.colour.value,
    }
    assert said == wanted, line
    for _, values in own:
        for name, value in values.items():
            assert got[name] == value or (isinstance(value, list) and set(value) <= set(got[name])) or len(own) > 1, (
                line
            )
    found = glimpsed(command_line(), line)
    assert (found.get("lang"), found.get("config")) == (wanted["lang"], wanted["config"]), line


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("snyc --lang ru", "ru"),
        ("--foo --lang ru sync", "ru"),
        ("sync --foo --lang ru", "ru"),
        ("sync --output --lang=ru", None),
        ("--lang en sync --lang ru --help", "ru"),
        ("--lang", None),
        ("explain --lang ru", "ru"),
        ("explain phone -- --lang ru", None),
        ("", None),
    ],
)
def test_the_language_is_known_before_a_fault_is_told(line: str, language: str | None) -> None:
    assert glimpsed(command_line(), line.split()).get("lang") == language


@pytest.mark.parametrize("names", [names for names, _ in leaves()], ids=" ".join)
def test_every_command_takes_the_common_options_and_no_command_has_one_of_its_own_by_their_names(
    names: tuple[str, ...],
) -> None:
    command = dict(leaves())[names]
    options = [option for parameter in command.params for option in parameter.opts if option.startswith("-")]
    assert len(options) == len(set(options))
    assert {"--config", "--pbx", "-v", "--verbose", "-q", "--quiet", "--lang", "--color", "--version"} <= {*options}


def test_every_command_stands_in_a_panel_in_the_order_of_the_panels() -> None:
    commands = command_line().commands
    assert [*commands] == [name for lines in PANELS.values() for name in lines]
    for panel, lines in PANELS.items():
        for name in lines:
            assert (commands[name].name, commands[name].rich_help_panel) == (name, panel)


def test_a_command_is_made_once_and_as_its_changes_want_it_whenever_they_came() -> None:
    made: list[str] = []

    def make(name: str) -> dict[str, int]:
        made.append(name)
        return {}

    commands = LateCommands({name: partial(make, name) for name in ("a", "b")})
    commands.change(lambda command: command.update(first=1))
    assert ("a" in commands, made) == (True, [])
    assert commands["a"] is commands["a"]
    commands.change(lambda command: command.update(second=len(command)))
    assert (commands["a"], commands["b"], made) == ({"first": 1, "second": 1}, {"first": 1, "second": 1}, ["a", "b"])


def test_options_behind_the_command_reach_the_run(box: Sandbox) -> None:
    file = str(box.configuration)
    quiet = run(box.capture, box.patch, "sync", "-q", "--config", file, "--pbx", "office")
    assert (quiet.code, bool(quiet.out)) == (0, True)
    again = run(box.capture, box.patch, "sync", "--config", file, "-q")
    assert (again.code, again.out) == (0, "")
    unknown = run(box.capture, box.patch, "--config", file, "sync", "--pbx", "office", "--pbx", "nosuch")
    assert (unknown.code, "no PBX is named nosuch" in unknown.err) == (2, True)
    russian = run(box.capture, box.patch, "explain", "phone", "8 (495) 229-30-42", "--lang", "ru")
    assert "междугородный" in russian.out


def test_the_version_is_shown_behind_a_command_too(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments in (("--version",), ("sync", "--version"), ("explain", "phone", "--version")):
        done = run(capfd, monkeypatch, *arguments)
        assert (done.code, done.out) == (0, f"astsync {__version__}\n")


@pytest.mark.parametrize("names", [(), *(names for names, _ in leaves())], ids=" ".join)
def test_no_help_has_brackets_that_the_screen_would_take_for_marks(names: tuple[str, ...]) -> None:
    command = command_line()
    for name in names:
        command = command.commands[name]
    told = [command.help, command.short_help, *(getattr(parameter, "help", "") for parameter in command.params)]
    assert not [text for text in told if text and "[" in text]
