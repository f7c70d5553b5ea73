"""``astsync help``: the pages, and the help of a command."""

from typing import Annotated, Any

import typer

from astsync import help as pages
from astsync.cli.common import Common
from astsync.cli.output import show_page
from astsync.cli.screen import Colour, paint_for, wants_colours
from astsync.errors import ConfigError
from astsync.language import say, spoken
from astsync.reports.terminal import Paint, fitted

_ABOUT = say("astsync help TOPIC shows a page, astsync help COMMAND the options of a command.")


def help_(
    context: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(metavar="TOPIC|COMMAND", show_default=False)] = None,
) -> None:
    """Show a page of help, or the help of a command; without a word the list of the pages."""
    common: Common = context.obj
    wanted = " ".join(words or ())
    if not wanted:
        paint = paint_for(common.colour)
        show_page(lambda width: _contents(paint, width))
    elif wanted in pages.TOPICS:
        _show(pages.page(wanted), common.colour)
    else:
        _show_command(context.find_root(), wanted)


def _show(page: str, colour: Colour) -> None:
    from astsync.cli.help_page import rendered

    coloured = wants_colours(colour)
    show_page(lambda width: rendered(page, width, coloured=coloured))


def _contents(paint: Paint, width: int) -> str:
    """The list of the pages, for a screen of this width in columns."""
    widest = max(map(len, pages.TOPICS))
    lines = (f"  {paint('strong', topic)}{' ' * (widest - len(topic))}  {pages.title(topic)}" for topic in pages.TOPICS)
    return "".join(f"{line}\n" for line in (fitted(spoken(_ABOUT), width), *lines))


def _show_command(root: Any, wanted: str) -> None:
    """Show what ``astsync COMMAND --help`` shows. Raises ConfigError where there is no such command."""
    words = wanted.split()
    names: dict[str, object] = getattr(root.command, "commands", {})
    if words[0] not in names:
        raise _unknown(wanted, tuple(names))
    root.command.main([*words, "--help"], prog_name=root.info_name, standalone_mode=False)


def _unknown(wanted: str, commands: tuple[str, ...]) -> ConfigError:
    near = pages.nearest(wanted, (*pages.TOPICS, *commands))
    words = say("there is no page and no command {wanted}", wanted=repr(wanted))
    if near:
        return ConfigError(words, hint=say("Did you mean astsync help {near}?", near=near))
    return ConfigError(words, hint=say("astsync help lists the pages, astsync --help the commands."))
