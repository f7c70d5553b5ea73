"""The common options behind the command: ``astsync sync -q`` is ``astsync -q sync``.

The parser of a command reads what that command has. So each command is given copies of the common options, and the
one parser decides about every word: what is the value of another option, or stands after ``--``, is no option. What
was given behind a command is added to what stood before it: names of PBXs and each ``-v`` add up, of others the last
counts.
"""

import logging
import sys
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

from astsync import language
from astsync.cli.common import Common, SpokenLanguage
from astsync.cli.late_commands import change_each
from astsync.cli.output import SafeFormatter, ScreenFormatter
from astsync.cli.screen import Colour
from astsync.language import say

BEFORE = say("Common options, also behind the command")
BEHIND = say("Common options, also before the command")

# What the panel of a command says; ``astsync --help`` says more. A common option that is not named here stands before
# the command alone.
_SHORT: dict[str, str] = {
    "config": say("The configuration file."),
    "pbx": say("Only this PBX; again for more."),
    "verbose": say("Say more; -vv for all."),
    "quiet": say("Say nothing where nothing changed and nothing failed."),
    "lang": say("The language of what people read."),
    "color": say("Colours in what people read."),
    "_version": say("Show the version."),
}
_ADDED: dict[str, Callable[[Common, Any], Common]] = {
    "config": lambda common, value: replace(common, config=Path(value)),
    "pbx": lambda common, value: replace(common, pbx=(*common.pbx, *value)),
    "verbose": lambda common, value: replace(common, verbose=common.verbose + value),
    "quiet": lambda common, value: replace(common, quiet=common.quiet or value),
    "lang": lambda common, value: replace(common, lang=SpokenLanguage(value)),
    "color": lambda common, value: replace(common, colour=Colour(value)),
}
_LEVELS = {0: logging.WARNING, 1: logging.INFO}


def on_both_sides(root: Any) -> Any:
    """Give the commands below a command of typer copies of its common options, in place; return it."""
    shared = [option for option in root.params if option.name in _SHORT]
    for option in shared:
        option.rich_help_panel = BEFORE
    change_each(root, lambda command: _share(command, shared))
    return root


def _share(command: Any, shared: Sequence[Any]) -> None:
    command.params = [*command.params, *map(_behind, shared)]
    change_each(command, lambda inner: _share(inner, shared))


def _behind(option: Any) -> Any:
    """A copy of an option for a place behind the command; the function of the command does not get its value."""
    twin = copy(option)
    twin.expose_value, twin.rich_help_panel, twin.show_default = False, BEHIND, False
    twin.help = _SHORT[option.name]
    if option.name in _ADDED:
        twin.callback = _add
    return twin


def _add(context: Any, option: Any, value: Any) -> Any:
    """Add the value of an option behind the command to those before it. ``context`` is that of the command."""
    source = context.get_parameter_source(option.name)
    if source is not None and source.name == "COMMANDLINE" and not context.resilient_parsing:
        context.obj = _ADDED[option.name](context.ensure_object(Common), value)
        set_up(context.obj)
    return value


def set_up(common: Common) -> None:
    """Speak and log as the options want. It may be called again when there are more of them."""
    if common.lang is not None:
        language.use(common.lang.value)
    root = logging.getLogger()
    if not root.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(ScreenFormatter("astsync: %(message)s"))
        root.addHandler(handler)
    if any(isinstance(handler.formatter, SafeFormatter) for handler in root.handlers):  # a log of others is left alone
        root.setLevel(logging.ERROR if common.quiet else _LEVELS.get(common.verbose, logging.DEBUG))


def glimpsed(root: Any, arguments: Sequence[str]) -> dict[str, Any]:
    """The common options of a command line as they are written, before it is read for good; the last value of each.

    It is the parser's own reading, which skips what it does not know, and checks no value. Behind an unknown command
    whatever looks like a common option is taken for one.
    """
    found: dict[str, Any] = {}
    context, command, rest = None, root, [*arguments]
    while command is not None:
        context = lenient(command, context)
        values, rest, _ = command.make_parser(context).parse_args(rest)
        found |= values
        commands = getattr(command, "commands", {})
        command = commands.get(rest[0]) if rest else None
        if rest and commands and command is None:
            found |= root.make_parser(lenient(root, None, allow_interspersed_args=True)).parse_args(rest)[0]
        rest = rest[1:]
    return {name: value for name, value in found.items() if name in _SHORT}


def lenient(command: Any, parent: Any, **more: Any) -> Any:
    """A context in which the parser of a command skips options that it does not know, and raises nothing."""
    settings = {**command.context_settings, "resilient_parsing": True, "ignore_unknown_options": True, **more}
    return command.context_class(command, info_name=command.name, parent=parent, **settings)
