"""The whole main job on real Asterisks, by the real command line: many counterparties, a wipe, 1C gone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from astsync.sandbox.asterisk import Installation, PrivateAsterisk
from astsync.sandbox.onec import OneC
from tests.cli.sandbox import Place

COUNTERPARTIES = {22: 10_000, 16: 2_000}  # the whole size once; an old Asterisk shows its own at a smaller one
FEW = 300


@pytest.fixture
def asterisk(any_installation: Installation) -> Iterator[PrivateAsterisk]:
    with PrivateAsterisk(any_installation) as started:
        yield started


@pytest.fixture
def size() -> int:
    """How many counterparties 1C has."""
    return FEW


@pytest.fixture
def box(
    asterisk: PrivateAsterisk,
    size: int,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Place[PrivateAsterisk]]:
    with OneC(size) as onec:
        yield Place(tmp_path, onec, asterisk, capfd, monkeypatch)


@pytest.mark.parametrize(("any_installation", "size"), COUNTERPARTIES.items(), indirect=["any_installation"])
def test_the_whole_main_job(box: Place[PrivateAsterisk], asterisk: PrivateAsterisk, size: int) -> None:
    assert box.run("diff", "--exit-code").code == 3
    first = box.run("sync", "--format", "json")
    assert (first.code, first.err) == (0, "")
    assert first.report["counterparties"] > size * 0.95
    entries = {entry["number"]: entry["name"] for entry in first.pbx["add"]}
    assert len(entries) > size
    assert first.pbx["verified"] is True
    again = box.run("sync", "--format", "json").pbx
    assert (again["unchanged"], again["add"], again["change"], again["delete"]) == (len(entries), [], [], [])
    assert box.run("diff", "--exit-code").code == 0

    asterisk.console("database deltree cidname")
    box.onec.stop()
    pushed = box.run("push", "--format", "json")
    assert (pushed.code, pushed.pbx["verified"], pushed.pbx["applied"]["add"]) == (0, True, len(entries))
    shown = asterisk.console("database show cidname").splitlines()
    assert shown[-1].split()[:2] == [str(len(entries)), "results"]
    number = "74955550142" if "74955550142" in entries else next(iter(entries))
    assert asterisk.call(number, "CARRIER") == entries[number]
    assert asterisk.call("74955550199", "CARRIER") == "CARRIER"


def test_a_user_that_may_only_read(box: Place[PrivateAsterisk], asterisk: PrivateAsterisk) -> None:
    box.write(
        f'user = "{asterisk.user}"\nsecret = "{asterisk.secret}"',
        f'user = "reader"\nsecret = "{asterisk.secret_of("reader")}"',
    )
    assert box.run("diff", "--exit-code").code == 3
    refused = box.run("sync")
    assert refused.code == 5
    assert "may not use DBPut" in refused.err
    assert "write = system" in refused.err
    assert asterisk.console("database show cidname").split()[:2] == ["0", "results"]


def test_a_killed_asterisk_heals_with_the_next_run(box: Place[PrivateAsterisk], asterisk: PrivateAsterisk) -> None:
    box.run("sync")
    asterisk.kill()
    lost = box.run("sync")
    assert lost.code == 5
    assert "no connection" in lost.err
    asterisk.start()
    assert box.run("sync").code == 0
    assert box.run("diff", "--exit-code").code == 0
