"""The options that stand before the command."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Common:
    """The values of those options. An empty ``pbx`` means all PBXs."""

    config: Path | None
    pbx: tuple[str, ...]
    verbose: int
    quiet: bool
