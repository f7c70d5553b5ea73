"""Text on a terminal: wrapped at words, in colours where they are wanted, and the same words in any case."""

import re
import sys

import pytest

from astsync.cli.screen import Colour, paint_for
from astsync.reports import as_text
from astsync.reports.terminal import coloured, fitted, plain
from tests.unit.sample_reports import reports

SGR = re.compile(r"\x1b\[[\d;]*m")


def test_lines_are_wrapped_at_words_and_go_on_further_in() -> None:
    text = "office: one two three four five six\n  + 74955550101  OOO Romashka i partnyory\nshort"
    assert fitted(text, 24).split("\n") == [
        "office: one two three",
        "  four five six",
        "  + 74955550101  OOO",
        "    Romashka i partnyory",
        "short",
    ]


def test_lines_of_a_hint_go_on_where_they_began() -> None:
    assert fitted("astsync: it is wrong\n  Look at the address of it.", 20, further=0).split("\n") == [
        "astsync: it is wrong",
        "  Look at the",
        "  address of it.",
    ]


def test_a_word_that_is_wider_than_a_line_is_cut() -> None:
    lines = fitted(f"name {'x' * 50} end", 20).split("\n")
    assert max(map(len, lines)) <= 20
    assert "".join(lines).replace(" ", "") == f"name{'x' * 50}end"


def test_wide_letters_and_accents_take_the_columns_that_a_terminal_gives_them() -> None:
    assert fitted("王小明 " * 5, 22).split("\n")[0] == "王小明 王小明 王小明"
    accents = "e\u0301" * 20
    assert fitted(accents, 20) == accents


def test_colours_take_no_place_and_are_not_cut() -> None:
    red = coloured("bad", "wrong")
    text = " ".join([red] * 7)
    lines = fitted(text, 24).split("\n")
    assert [SGR.sub("", line) for line in lines] == ["wrong wrong wrong wrong", "  wrong wrong wrong"]
    assert " ".join(line.strip() for line in lines) == text
    long = fitted(coloured("bad", "x" * 45), 20)
    assert SGR.findall(long) == ["\x1b[31m", "\x1b[0m"]


def test_a_very_narrow_terminal_wraps_nothing() -> None:
    assert fitted("a word or two or three", 0) == "a word or two or three"


@pytest.mark.parametrize("name", reports())
def test_a_report_in_colours_has_the_same_words(name: str) -> None:
    report = reports()[name]
    text = as_text.render(report, paint=coloured)
    assert "\x1b[" in text
    assert SGR.sub("", text) == as_text.render(report)


def test_what_differs_in_a_changed_name_is_in_colours() -> None:
    line = next(line for line in as_text.render(reports()["diff"], paint=coloured).splitlines() if "Shchukin" in line)
    assert "IP \x1b[1;31mSchukin\x1b[0m -> IP \x1b[1;32mShchukin P.P.\x1b[0m" in line


def test_only_a_terminal_gets_colours_and_no_color_takes_them_away(monkeypatch: pytest.MonkeyPatch) -> None:
    for terminal, environ, wanted in (
        (True, {}, coloured),
        (True, {"NO_COLOR": ""}, coloured),
        (True, {"NO_COLOR": "1"}, plain),
        (True, {"TERM": "dumb"}, plain),
        (False, {}, plain),
    ):
        monkeypatch.setattr(sys.stdout, "isatty", lambda terminal=terminal: terminal)
        assert paint_for(Colour.AUTO, environ) is wanted
        assert paint_for(Colour.ALWAYS, environ) is coloured
        assert paint_for(Colour.NEVER, environ) is plain
