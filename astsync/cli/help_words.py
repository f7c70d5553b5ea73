"""The help of the commands in the language in use. In the code it stands in English, where the options are."""

from collections.abc import Callable
from typing import Any

from astsync.cli.late_commands import change_each
from astsync.language import ENGLISH, in_use, say, spoken

_WORDS = ("help", "short_help", "epilog", "metavar", "options_metavar", "subcommand_metavar", "rich_help_panel")
_USAGE = say("Usage: ")
_HELP = say("Show this message and exit.")


def in_the_language_in_use(command: Any) -> Any:
    """Translate the help of a command of typer, of its options and of the commands below it, in place; return it."""
    command.get_help_option = _help_option(command.get_help_option)
    for parameter in command.params:
        parameter._get_number_range_help_str = _bounds(parameter)
        if parameter.param_type_name == "argument":
            parameter.display_type_rich = _no_type
    if in_use() != ENGLISH:
        _translate(command)
        command.get_usage = _usage(command.get_usage)
        for parameter in command.params:
            _translate(parameter)
    change_each(command, in_the_language_in_use)
    return command


def _translate(holder: Any) -> None:
    for name in _WORDS:
        words = getattr(holder, name, None)
        if isinstance(words, str) and words.strip():
            setattr(holder, name, spoken(words))


def _bounds(parameter: Any) -> Callable[[], str | None]:
    """What tells the bounds of a number, which the library writes as "1<=x<=9"."""
    low, high = getattr(parameter, "min", None), getattr(parameter, "max", None)

    def tell() -> str | None:
        if low is None or high is None or getattr(parameter, "count", False):
            return None
        return f"{low}–{high}"  # as it is typed

    return tell


def _no_type(ctx: Any) -> None:
    """The type beside an argument, as "<path>": its name says it already, in words."""


def _help_option(made: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The option for the help, which the library makes itself, with words in English and a type that says nothing."""

    def make(context: Any) -> Any:
        option = made(context)
        if option is not None:
            option.help, option.metavar = spoken(_HELP), ""
        return option

    return make


def _usage(told: Callable[[Any], str]) -> Callable[[Any], str]:
    """The line of the usage, whose first word the library has in English alone."""

    def tell(context: Any) -> str:
        return spoken(_USAGE) + told(context).removeprefix(_USAGE)

    return tell
