"""Which language a command speaks."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from astsync import language
from astsync.places import configured_language


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
