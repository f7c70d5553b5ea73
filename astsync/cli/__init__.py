"""The command line: the only place that prints or exits."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from astsync import language
from astsync.errors import EXIT_INTERRUPTED
from astsync.language import say
from astsync.places import configured_language


def main() -> None:
    """Run the command line and exit with the command's code.

    The imports of a command take a moment. Ctrl-C within them must end in one line, too, not in a traceback.
    """
    # What the command line says of it is known when the command line's library is there.
    language.use(spoken_by(os.environ))
    try:
        from astsync.cli.app import main as run

        run()
    except (KeyboardInterrupt, SystemExit) as end:
        if isinstance(end, SystemExit) and end.code != EXIT_INTERRUPTED:
            raise
        from astsync.cli.output import tell

        tell(say("interrupted"))
        sys.exit(EXIT_INTERRUPTED)


def spoken_by(environ: Mapping[str, str]) -> str:
    """The language of the environment: that of ``ASTSYNC_LANG``, else of the locale."""
    named = environ.get(language.VARIABLE, "")
    return named if named in language.LANGUAGES else language.of_locale(environ)


def wanted_language(lang: str, config: str, environ: Mapping[str, str]) -> str:
    """The language to speak: that of ``--lang``, of ``ASTSYNC_LANG``, of the configuration, else of the locale.

    ``lang`` and ``config`` are the values of the options, "" where they are not given. It is asked before the command
    line is read for good, since the help and the errors of the command line speak it, too. One that astsync does not
    speak is passed over; that it is wrong is told later.
    """
    asked: Iterable[Callable[[], str]] = (
        lambda: lang,
        lambda: environ.get(language.VARIABLE, ""),
        lambda: configured_language(Path(config) if config else None, environ),
    )
    known = (each for each in (ask() for ask in asked) if each in language.LANGUAGES)
    return next(known, language.of_locale(environ))
