"""Every option and argument with wrong values: what is told is for users, in both languages."""

import re
from typing import Any

import pytest

from astsync.cli.app import command_line
from astsync.cli.help_words import in_the_language_in_use
from astsync.language import LANGUAGES, using
from tests.cli.test_both_sides import leaves

LEAK = re.compile(
    r"Value error|Input should|pydantic|instance|validat|<class|\w+Error\b|Invalid|unexpected|requires|<=|>=|"
    r"\bNone\b|\bint\b|\bPath\b|'"
)
ENGLISH = re.compile(r"\b(must|is|the|option|argument|missing|needs|takes|There|write)\b")


def faults(names: tuple[str, ...], *given: str) -> str:
    """What is told of a command line; "" where the command would run."""
    root: Any = in_the_language_in_use(command_line())
    command = root
    for name in names:
        command = command.commands[name]
    command.invoke = lambda _: None
    try:
        root.main(args=[*names, *given], prog_name="astsync", standalone_mode=False)
    except Exception as error:
        told = getattr(error, "format_message", None)
        if told is None:
            raise
        return str(told())
    return ""


@pytest.mark.parametrize("names", [names for names, _ in leaves()], ids=" ".join)
def test_a_wrong_value_is_told_in_words(names: tuple[str, ...]) -> None:
    told = 0
    for parameter in dict(leaves())[names].params:
        lines = [(value,) for value in ("x", "-1", "", "9" * 30)]
        if parameter.param_type_name == "option":
            options = [(f"{parameter.opts[-1]}={value}",) for value in ("x", "", "-1", "1.5", "9" * 30, "a b")]
            lines = [*options, (parameter.opts[-1],), (f"{parameter.opts[-1]}x",)]
        for line in lines:
            for code in LANGUAGES:
                with using(code):
                    text = faults(names, *line)
                told += bool(text)
                assert not LEAK.search(text), (line, text)
                assert code == "en" or not ENGLISH.search(re.sub("--[a-z-]+", "", text)), (line, text)
    assert told


@pytest.mark.parametrize("names", [(), *(names for names, _ in leaves())], ids=" ".join)
def test_what_a_value_is_called_is_a_word_or_a_choice(names: tuple[str, ...]) -> None:
    for code in LANGUAGES:
        with using(code):
            command: Any = in_the_language_in_use(command_line())
            for name in names:
                command = command.commands[name]
            context = command.context_class(command, info_name="x")
            for parameter in (each for each in command.params if not each.hidden):
                shown = parameter.display_type_rich(context) or ""
                assert not re.fullmatch("<(str|int|path|float|bool|int range|file|.*list.*)>", shown), shown
                assert re.fullmatch(r"\d+–\d+", parameter._get_number_range_help_str() or "0–0")


@pytest.mark.parametrize(
    ("every", "words"),
    [
        ("15", "15 of what? Write 15m for minutes"),
        ("15 m", "write a time such as 90s, 15m or 2h; 0 for never"),
        ("x", "write a time such as"),
        ("-1", "write a time such as"),
        ("9" * 30, "write a time such as"),
        ("١٥", "write a time such as"),
    ],
)
def test_a_time_without_its_unit_is_asked_for_it(every: str, words: str) -> None:
    from astsync.cli.watch import seconds

    with pytest.raises(Exception, match=r".") as error:
        seconds(every)
    assert words in str(error.value)


def test_never_needs_no_unit() -> None:
    from astsync.cli.watch import seconds

    assert [seconds(text) for text in ("0", " 0 ", "0s", "90s", "15m", "2h")] == [0, 0, 0, 90, 900, 7200]
