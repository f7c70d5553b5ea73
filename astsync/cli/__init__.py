"""The command line: the only place that prints or exits."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from astsync import language
from astsync.errors import EXIT_INTERRUPTED
from astsync.language import say
from astsync.places import configured_language


def main() -> None:
    """Run the command line and exit with the command's code.

    The imports of a command take a moment. Ctrl-C within them must end in one line, too, not in a traceback.
    """
    language.use(wanted_language(sys.argv[1:], os.environ))
    try:
        from astsync.cli.app import main as run

        run()
    except (KeyboardInterrupt, SystemExit) as end:
        if isinstance(end, SystemExit) and end.code != EXIT_INTERRUPTED:
            raise
        from astsync.cli.output import tell

        tell(say("interrupted"))
        sys.exit(EXIT_INTERRUPTED)


def wanted_language(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """The language to speak: that of ``--lang``, of ``ASTSYNC_LANG``, of the configuration, else of the locale.

    It is asked before the command line is read, since the help and the errors of the command line speak it, too. One
    that astsync does not speak is passed over; that it is wrong is told later.
    """
    named = _given("--config", arguments)
    asked: Iterable[Callable[[], str]] = (
        lambda: _given("--lang", arguments),
        lambda: environ.get(language.VARIABLE, ""),
        lambda: configured_language(Path(named) if named else None, environ),
    )
    known = (each for each in (ask() for ask in asked) if each in language.LANGUAGES)
    return next(known, language.of_locale(environ))


def _given(option: str, arguments: Sequence[str]) -> str:
    """The value of an option before the command; "" where it is not there. What is wrong with it is told later."""
    for at, argument in enumerate(arguments):
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2]
        if argument == option:
            return next(iter(arguments[at + 1 :]), "")
    return ""
