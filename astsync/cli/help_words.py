"""The help of the commands in the language in use. In the code it stands in English, where the options are."""

from typing import Any

from astsync.language import ENGLISH, in_use, spoken

_WORDS = ("help", "short_help", "epilog", "metavar", "options_metavar", "subcommand_metavar")


def in_the_language_in_use(command: Any) -> Any:
    """Translate the help of a command of typer, of its options and of the commands below it, in place; return it."""
    if in_use() != ENGLISH:
        _translate(command)
        for parameter in command.params:
            _translate(parameter)
        for inner in getattr(command, "commands", {}).values():
            in_the_language_in_use(inner)
    return command


def _translate(holder: Any) -> None:
    for name in _WORDS:
        words = getattr(holder, name, None)
        if isinstance(words, str) and words.strip():
            setattr(holder, name, spoken(words))
