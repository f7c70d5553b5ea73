"""What is seen of a run on a terminal while it lasts."""

import math
from pathlib import Path

import pytest

from astsync.cli.progress import speed_words
from astsync.phonebook.model import progress_words
from astsync.sandbox.ami import AmiStandIn
from tests.cli.sandbox import Sandbox
from tests.cli.terminal import Terminal


@pytest.mark.parametrize(
    ("stage", "done", "total", "seen"),
    [
        ("office: DBPut", 300, 5_000, "office: writing 300 of 5,000"),
        ("office: DBDel", 1, 1, "office: deleting 1 of 1"),
        ("office: read", 15_000, None, "office: reading 15,000"),
        ("Catalog_Контрагенты", 1_000, None, "Catalog_Контрагенты 1,000"),
        ("Catalog_Контрагенты: phones", 1_000, 2_000, "Catalog_Контрагенты: phones 1,000 of 2,000"),
        ("a\x1b[31m.csv", 5, None, "a\\x1b[31m.csv 5"),
    ],
)
def test_a_label_says_where_and_what_and_how_much(stage: str, done: int, total: int | None, seen: str) -> None:
    assert progress_words(stage, done, total) == seen


@pytest.mark.parametrize(
    ("done", "total", "speed", "seen"),
    [
        (300, 5_000, 1_234.5, "1,234/s, 3 s left"),
        (0, 1_000_000, 1_000, "1,000/s, 16 min left"),
        (7, 5, 10, "10/s, 0 s left"),
        (300, None, 1_000, "1,000/s"),
        (300, math.inf, 1_000, "1,000/s"),
        (300, 5_000, None, ""),
        (0, 5_000, 0, ""),
    ],
)
def test_the_pace_and_the_rest(done: float, total: float | None, speed: float | None, seen: str) -> None:
    assert speed_words(done, total, speed) == seen


def test_each_pbx_has_a_line_in_words(box: Sandbox, tmp_path: Path) -> None:
    with AmiStandIn() as branch:
        box.write(
            '[[pbx]]\nname = "office"',
            f'''[[pbx]]
name = "branch"
host = "{branch.host}"
port = {branch.port}
user = "{branch.user}"
secret = "{branch.secret}"

[[pbx]]
name = "office"''',
        )
        with Terminal("--config", str(box.configuration), "sync", output=tmp_path / "report") as terminal:
            assert terminal.end() == 0
        count = f"{len(branch.family()):,}"
    for name in ("office", "branch"):
        assert f"{name}: reading {count} of {count}" in terminal.shown
    assert "DBPut" not in terminal.shown
