"""The options that stand before the command, and those that several commands have."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from astsync.cli.screen import Colour


@dataclass(frozen=True, slots=True)
class Common:
    """The values of the options before the command, and its name. An empty ``pbx`` means all PBXs."""

    config: Path | None
    pbx: tuple[str, ...]
    verbose: int
    quiet: bool
    command: str
    colour: Colour = Colour.AUTO


class SpokenLanguage(StrEnum):
    """The languages that ``--lang`` knows: those of ``astsync.language``."""

    EN = "en"
    RU = "ru"


class TextOrJson(StrEnum):
    """The formats of what is no table."""

    TEXT = "text"
    JSON = "json"


OutputOption = Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write the report to a file.")]
