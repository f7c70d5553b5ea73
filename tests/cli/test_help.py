"""``astsync help``: pages at a terminal and in a pipe, the help of commands, topics that do not exist."""

import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from astsync.cli.help_page import rendered, with_commands
from astsync.help import TOPICS, nearest, page, title
from astsync.language import LANGUAGES, using
from tests.cli.sandbox import run
from tests.cli.terminal import Terminal

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in line)


def test_the_list_has_every_topic_with_its_title(capfd: Capture, monkeypatch: Patch) -> None:
    for language in LANGUAGES:
        done = run(capfd, monkeypatch, "--lang", language, "help")
        with using(language):
            listed = dict(re.findall(r"(?m)^  ([\w-]+) +(.+)$", done.out))
            assert listed == {topic: title(topic) for topic in TOPICS}


def test_a_page_in_a_pipe_is_plain_text(capfd: Capture, monkeypatch: Patch) -> None:
    done = run(capfd, monkeypatch, "help", "exit-codes")
    assert done.code == 0
    assert done.out.startswith("Exit codes\n══════════\n\nFor scripts")
    assert "\x1b" not in done.out
    assert "](" not in done.out
    assert "A PBX that" not in done.out
    assert "(`astsync help limits`)" not in done.out.replace("\n", " ").replace("  ", " ").split("limit")[0]


def test_colours_are_those_that_are_wanted(capfd: Capture, monkeypatch: Patch) -> None:
    assert "\x1b[1m" in run(capfd, monkeypatch, "--color", "always", "help", "exit-codes").out
    assert "\x1b" not in run(capfd, monkeypatch, "--color", "never", "help", "exit-codes").out


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("topic", TOPICS)
def test_only_lines_to_be_copied_are_wider_than_the_screen(topic: str, language: str, width: int) -> None:
    with using(language):
        markdown = page(topic)
    code = {line for block in re.findall(r"(?ms)^```\w*\n(.*?)^```$", markdown) for line in block.splitlines()}
    for coloured in (True, False):
        shown = re.sub(r"\x1b\[[\d;]*m", "", rendered(markdown, width, coloured=coloured))
        wide = [line for line in shown.splitlines() if columns(line) > min(width, 100)]
        assert [line for line in wide if line.removeprefix("  ") not in code] == []
        assert code <= {line.removeprefix("  ") for line in shown.splitlines()}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("topic", TOPICS)
def test_every_word_of_a_page_is_shown(topic: str, language: str) -> None:
    def words(text: str) -> list[str]:
        return re.findall(r"\w+", text)

    with using(language):
        markdown = page(topic)
    shown = set(words(rendered(markdown, 10_000, coloured=False)))
    headings_of_tables = r"(?m)^\|.*\n(?=\|---)"  # a table that does not fit shows those of its middle columns alone
    wanted = re.sub(rf"{headings_of_tables}|(?m:^```\w*$)", "", with_commands(markdown))
    assert set(words(wanted)) <= shown


def test_links_say_the_command_that_shows_more() -> None:
    assert with_commands("See [Dialplan](dialplan.md#which-way).") == "See Dialplan (`astsync help dialplan`)."
    assert with_commands("its name ([Names](names.md)).") == "its name (Names: `astsync help names`)."
    assert with_commands("[a file](../../../examples/cron/astsync)") == "a file (`astsync examples cron/astsync`)"
    assert with_commands("[1C](../../../examples/1c/README.ru.md)") == "1C (`astsync examples 1c`)"
    assert with_commands("[below](#below), [S](../../../SECURITY.md)") == "below, S"
    assert with_commands("[iuliia](https://iuliia.ru)") == "iuliia"
    assert with_commands("[names](https://example.org)") == "names (https://example.org)"


def test_a_table_that_fits_is_one_and_a_wider_one_becomes_paragraphs() -> None:
    table = "| key | default | meaning |\n|---|---|---|\n| `a.b` | 1 | what it is |\n"
    assert "a.b` │" not in rendered(table, 80, coloured=False)
    assert re.search(r"`a\.b` +1 +what it is", rendered(table, 80, coloured=False))
    assert rendered(table, 20, coloured=False) == "`a.b`\n    default: 1\n    what it is\n"


def test_a_command_shows_its_own_help(capfd: Capture, monkeypatch: Patch) -> None:
    for command in (["diff"], ["explain", "phone"]):
        asked = run(capfd, monkeypatch, "help", *command)
        assert (asked.code, asked.out) == (0, run(capfd, monkeypatch, *command, "--help").out)


def test_a_topic_that_is_none_names_the_nearest(capfd: Capture, monkeypatch: Patch) -> None:
    done = run(capfd, monkeypatch, "help", "frepbx")
    assert done.code == 2
    assert "Did you mean astsync help freepbx?" in done.err
    assert "astsync help lists the pages" in run(capfd, monkeypatch, "help", "qqqqqq").err
    assert nearest("DialPlan") == "dialplan"


def test_a_page_that_is_longer_than_the_screen_goes_through_the_pager(tmp_path: Path, monkeypatch: Patch) -> None:
    pager = tmp_path / "pager"
    pager.write_text('#!/bin/sh\necho PAGED "$LESS"\nexec cat\n', encoding="utf-8")
    pager.chmod(0o700)
    monkeypatch.setenv("PAGER", str(pager))
    monkeypatch.delenv("LESS", raising=False)
    with Terminal("--lang", "en", "help", "configuration") as screen:
        screen.expect("PAGED -RFX")
        assert screen.end() == 0
        assert "pbx.patience" in screen.shown


def test_a_pager_that_does_not_exist_is_none(monkeypatch: Patch) -> None:
    monkeypatch.setenv("PAGER", "/nowhere/pager")
    with Terminal("--lang", "en", "help", "configuration") as screen:
        screen.expect("pbx.patience")
        assert screen.end() == 0


def test_help_loads_nothing_that_talks_to_1c_or_a_pbx() -> None:
    program = (
        "import sys; from astsync.cli import main; sys.argv = ['astsync', 'help', 'start']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print(sorted({'zeep', 'lxml', 'requests', 'asterisk', 'phonenumbers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
