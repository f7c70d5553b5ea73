"""The typer app: the common options, the table of commands, and the one place where an error becomes an exit code."""

import importlib
import logging
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from astsync import __version__, language
from astsync.cli.both_sides import glimpsed, on_both_sides, set_up
from astsync.cli.choosing_language import wanted_language
from astsync.cli.common import COMPLETE, Common, CompletingShell, SpokenLanguage
from astsync.cli.help_words import in_the_language_in_use
from astsync.cli.late_commands import LateCommands
from astsync.cli.output import complain, emit, open_streams
from astsync.cli.panels import in_panels
from astsync.cli.screen import Colour
from astsync.cli.usage_faults import usage_faults_in_words
from astsync.errors import EXIT_INTERRUPTED, AstsyncError
from astsync.language import say, spoken

EXIT_BUG = 1
_COMPLETION = say("Completion in the shell")
_OF_COMPLETION = {"--install-completion", "--show-completion"}

# Where the commands stand, in the order of the help: a module of ``cli``, and its function or its group of commands. A
# command is imported when it is asked for: the others would take longer to load than a small run takes.
_PLACES = {
    "demo": ("demo", "demo"),
    "init": ("init", "init"),
    "check": ("check", "check"),
    "setup": ("setting_up", "app"),
    "notify": ("notifying", "notify"),
    "sync": ("sync", "sync"),
    "diff": ("sync", "diff"),
    "apply": ("approving", "apply"),
    "problems": ("problems", "problems"),
    "report": ("report", "report"),
    "watch": ("watch", "watch"),
    "serve": ("serve", "serve"),
    "status": ("status", "status"),
    "history": ("history", "history"),
    "lookup": ("lookup", "lookup"),
    "calls": ("calls", "calls"),
    "explain": ("explain", "app"),
    "undo": ("history", "undo"),
    "push": ("sync", "push"),
    "forget": ("erasing", "forget"),
    "purge": ("erasing", "purge"),
    "help": ("helping", "help_"),
    "examples": ("examples", "examples"),
    "version": ("version", "version"),
}


class _Commands(TyperGroup):
    """The commands.

    Ctrl-C ends each of them with the same exit code, which typer's versions do not. Faults of the command line are told
    in the language in use.
    """

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.commands = LateCommands({name: partial(_made, name) for name in _PLACES})

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options before the command; ``--install-completion`` without a shell is for the shell that runs."""
        try:
            return list(super().parse_args(ctx, [*args]))
        except Exception as error:
            # The parser says that the value is missing, so the option is the last word.
            if getattr(error, "option_name", "") not in _OF_COMPLETION or args[-1] not in _OF_COMPLETION:
                raise
            return list(super().parse_args(ctx, [*args, CompletingShell.AUTO]))

    def make_context(self, *args: Any, **more: Any) -> Any:
        """Read the options before the command."""
        with usage_faults_in_words():
            return super().make_context(*args, **more)

    def invoke(self, ctx: Any) -> Any:
        """Run a command. ``ctx`` is click's context."""
        try:
            with usage_faults_in_words():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(EXIT_INTERRUPTED) from None


def _made(name: str) -> Any:
    """Make a command, or a group of them."""
    module, attribute = _PLACES[name]
    found = getattr(importlib.import_module(f"astsync.cli.{module}"), attribute)
    around = typer.Typer(add_completion=False)
    if isinstance(found, typer.Typer):
        around.add_typer(found, name=name)
        group: Any = typer.main.get_command(around)
        return group.commands[name]
    around.command(name)(found)
    return typer.main.get_command(around)


app = typer.Typer(
    name="astsync",
    cls=_Commands,
    help="Keep the caller names of Asterisk PBXs equal to the counterparties of 1C.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 a bug, 2 usage or configuration, 3 differences (with --exit-code), "
    "4 the source failed, 5 a PBX failed, 6 refused by a safety limit, 7 partly done, 8 another run holds the lock.",
)


def _show_version(context: typer.Context, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        emit(f"astsync {__version__}\n")
        raise typer.Exit


def _install_completion(context: typer.Context, shell: CompletingShell | None) -> None:
    if shell is not None and not context.resilient_parsing:
        from astsync.cli.completing import install

        emit(f"{spoken(install(shell, os.environ))}\n")
        raise typer.Exit


def _show_completion(context: typer.Context, shell: CompletingShell | None) -> None:
    if shell is not None and not context.resilient_parsing:
        from astsync.cli.completing import script

        emit(script(shell, os.environ))
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="The configuration file.")] = None,
    pbx: Annotated[
        list[str] | None, typer.Option("--pbx", metavar="NAME", help="Only this PBX; again for more.")
    ] = None,
    verbose: Annotated[
        int, typer.Option("-v", "--verbose", count=True, metavar="", show_default=False, help="Say more; -vv for all.")
    ] = 0,
    lang: Annotated[
        SpokenLanguage | None,
        typer.Option(
            "--lang",
            help="The language of what people read; without it that of "
            "ASTSYNC_LANG, of the configuration, of the locale.",
        ),
    ] = None,
    color: Annotated[
        Colour,
        typer.Option("--color", help="Colours in what people read; auto: at a terminal, unless NO_COLOR is set."),
    ] = Colour.AUTO,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", metavar="", help="Say nothing where nothing changed and nothing failed.")
    ] = False,
    _version: Annotated[
        bool, typer.Option("--version", metavar="", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
    _install: Annotated[
        CompletingShell | None,
        typer.Option(
            "--install-completion",
            metavar="[SHELL]",
            rich_help_panel=_COMPLETION,
            callback=_install_completion,
            is_eager=True,
            help="Write the completion for this shell, or for bash, zsh, fish; no file of your own is changed.",
        ),
    ] = None,
    _show: Annotated[
        CompletingShell | None,
        typer.Option(
            "--show-completion",
            metavar="[SHELL]",
            rich_help_panel=_COMPLETION,
            callback=_show_completion,
            is_eager=True,
            help="Print the script of the completion.",
        ),
    ] = None,
) -> None:
    """Common options, which may also stand behind the command (``both_sides``)."""
    context.obj = Common(config, tuple(pbx or ()), verbose, quiet, context.invoked_subcommand or "", color, lang)
    set_up(context.obj)


def command_line() -> Any:
    """The whole command line, as an object of typer's own kind, in English."""
    return in_panels(on_both_sides(typer.main.get_command(app)))


def _told_in_its_language(arguments: Sequence[str]) -> Any:
    """The command line with its words in the language that its arguments, the environment or the configuration want."""
    commands = command_line()
    given = glimpsed(commands, arguments)
    language.use(wanted_language(given.get("lang", ""), given.get("config", ""), os.environ))
    return in_the_language_in_use(commands)


def main() -> None:
    """Run the command line. An AstsyncError exits with its own code. Any other exception is a bug: 1."""
    open_streams()
    if os.environ.get(COMPLETE):
        from astsync.cli.completing import run

        run(_told_in_its_language, os.environ)
    try:
        _told_in_its_language(sys.argv[1:])()
    except AstsyncError as error:
        complain(error)
        sys.exit(error.exit_code)
    except Exception as error:
        logging.getLogger("astsync").debug("the bug's place", exc_info=True)
        complain(_bug(error))
        sys.exit(EXIT_BUG)


def _bug(error: Exception) -> AstsyncError:
    return AstsyncError(
        say("this is a bug: {kind}: {why}", kind=type(error).__name__, why=str(error)),
        hint=say("Run it again with -vv, and report what it prints."),
    )
