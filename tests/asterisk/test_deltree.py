"""What ``database deltree cidname`` on the console takes with it, and what of that comes back, as the page says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from astsync.sandbox.asterisk import Installation, PrivateAsterisk
from astsync.sandbox.onec import OneC
from tests.cli.sandbox import Place

GONE = {"/cidname/101": "Reception", "/CIDNAME/102": "of another family", "/cidname/sub/103": "of a tree below"}
KEPT = {"/cidname2/104": "longer", "/my-cidname/105": "another end", "/other/cidname": "a key"}


@pytest.fixture
def box(
    any_installation: Installation,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Place[PrivateAsterisk]]:
    with OneC(60) as onec, PrivateAsterisk(any_installation) as asterisk:
        yield Place(tmp_path, onec, asterisk, capfd, monkeypatch)


def held(asterisk: PrivateAsterisk) -> dict[str, str]:
    """Everything in AstDB that has to do with the tests, as the console shows it."""
    rows = (line.partition(":") for line in asterisk.console("database show").splitlines() if line.startswith("/"))
    entries = {key.strip(): value.strip() for key, _, value in rows}
    return {key: value for key, value in entries.items() if "cidname" in key.lower()}


def test_it_takes_foreign_keys_and_push_brings_back_only_ours(box: Place[PrivateAsterisk]) -> None:
    for key, value in {**GONE, **KEPT}.items():
        family, _, number = key.lstrip("/").rpartition("/")
        box.pbx.console(f'database put {family} {number} "{value}"')
    assert box.run("sync").code == 0
    before = held(box.pbx)
    assert len(before) > len(GONE) + len(KEPT) + 50
    box.pbx.console("database deltree cidname")
    assert held(box.pbx) == KEPT
    box.onec.stop()
    assert box.run("push").code == 0
    assert held(box.pbx) == {key: value for key, value in before.items() if key not in GONE}


def test_undo_still_knows_what_a_run_overwrote(box: Place[PrivateAsterisk]) -> None:
    box.run("sync")
    number, name = next((key, value) for key, value in held(box.pbx).items())
    box.pbx.console(f'database put cidname {number.removeprefix("/cidname/")} "By hand"')
    assert box.run("sync").code == 0
    box.pbx.console("database deltree cidname")
    assert box.run("push").code == 0
    assert held(box.pbx)[number] == name
    assert box.run("undo", "2", "--yes").code == 0
    assert held(box.pbx)[number] == "By hand"
