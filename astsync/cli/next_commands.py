"""The commands that a verdict names, as they can be run as they stand."""

from collections.abc import Sequence
from shlex import quote

from astsync.cli.common import Common


def whole_commands(common: Common, commands: Sequence[str]) -> tuple[str, ...]:
    """The commands with the configuration that was named on the command line, but for pages of help.

    Each begins with ``astsync``.
    """
    if common.config is None:
        return tuple(commands)
    whole = f"astsync --config {quote(str(common.config))}"
    return tuple(
        command if command.startswith("astsync help ") else whole + command.removeprefix("astsync")
        for command in commands
    )
