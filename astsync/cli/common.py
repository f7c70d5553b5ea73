"""What the common options said, handed to every command."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Common:
    """The options that stand before the command; an empty ``pbx`` means all PBXs."""

    config: Path | None
    pbx: tuple[str, ...]
    verbose: int
    quiet: bool
