"""Reads the tables of cases under ``tests/fixtures``."""

import re
from pathlib import Path

_FIXTURES = Path(__file__).parent.parent / "fixtures"
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|([tnr\\]))")
_NAMED = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}


def _character(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _NAMED[match[3]]


def rows(name: str, columns: int) -> list[tuple[str, ...]]:
    """Read the rows of a table, each with so many columns, escapes resolved; lines that start with "# " are notes."""
    table = []
    for line in (_FIXTURES / name).read_text(encoding="utf-8").split("\n"):
        if line and not line.startswith("# "):
            cells = [_ESCAPE.sub(_character, cell) for cell in line.split("\t")]
            table.append(tuple((cells + [""] * columns)[:columns]))
    return table
