"""The common options, which stand before the command or behind it, and those that several commands have."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from astsync.cli.screen import Colour

COMPLETE = "_ASTSYNC_COMPLETE"
"""The variable by which a shell asks what may stand at the cursor; its value is the shell's name."""


@dataclass(frozen=True, slots=True)
class Common:
    """The values of the common options, and the name of the command. An empty ``pbx`` means all PBXs.

    ``lang`` is None where the option is not given.
    """

    config: Path | None
    pbx: tuple[str, ...]
    verbose: int
    quiet: bool
    command: str
    colour: Colour = Colour.AUTO
    lang: "SpokenLanguage | None" = None


class SpokenLanguage(StrEnum):
    """The languages that ``--lang`` knows: those of ``astsync.language``."""

    EN = "en"
    RU = "ru"


class CompletingShell(StrEnum):
    """The shells; AUTO is the one that runs astsync, else the user's own."""

    AUTO = "auto"
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


class TextOrJson(StrEnum):
    """The formats of what is no table."""

    TEXT = "text"
    JSON = "json"


OutputOption = Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write the report to a file.")]
