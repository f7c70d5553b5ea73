"""Reads the tables of cases under ``tests/fixtures``."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_FIXTURES = Path(__file__).parent.parent / "fixtures"
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|([tnr\\]))")
_NAMED = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}


def _character(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _NAMED[match[3]]


@dataclass(frozen=True)
class Table:
    """A table of cases: its rows by their line in the file, each with the same number of cells."""

    name: str
    rows: dict[int, tuple[str, ...]]

    def check(self, found: Callable[..., str], wanted: int) -> None:
        """Compare the cell ``wanted`` of each row with what ``found`` makes of its cells; name all rows that differ."""
        got = {line: (found(*cells), cells) for line, cells in self.rows.items()}
        differing = [
            f"{self.name}:{line}: {text!r} of {cells}" for line, (text, cells) in got.items() if text != cells[wanted]
        ]
        assert not differing, "\n".join([f"{len(differing)} rows differ", *differing])


def table(name: str, columns: int) -> Table:
    """Read a table, each row with so many cells, escapes resolved; lines that start with "# " are notes."""
    found = {}
    for at, line in enumerate((_FIXTURES / name).read_text(encoding="utf-8").split("\n"), 1):
        if line and not line.startswith("# "):
            cells = [_ESCAPE.sub(_character, cell) for cell in line.split("\t")]
            found[at] = tuple((cells + [""] * columns)[:columns])
    return Table(name, found)


def rows(name: str, columns: int) -> list[tuple[str, ...]]:
    """Read the rows of a table."""
    return list(table(name, columns).rows.values())
