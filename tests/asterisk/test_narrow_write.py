"""A name told during a call goes to real Asterisks by the narrow run; a PBX that was away gets it by the next sync."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from astsync.parts import Parts
from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.asterisk import Installation, PrivateAsterisk
from astsync.sandbox.onec import OneC
from tests.cli.sandbox import Place

KEY, THEIRS, EQUAL, FIRST = "74955550177", "74955550178", "74955550179", "74955550101"
TOLD = {
    KEY: 'OOO «Zvonok», $x \\ "y"',
    "84955550177": "ООО «Звонок»",
    THEIRS: "OOO Drugoy",
    EQUAL: "OOO Tretiy",
}


@pytest.fixture
def asterisk(any_installation: Installation) -> Iterator[PrivateAsterisk]:
    with PrivateAsterisk(any_installation) as started:
        yield started


@pytest.fixture
def box(
    asterisk: PrivateAsterisk, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place[PrivateAsterisk]]:
    with OneC(30) as onec:
        onec.add("ООО «Бета»", [f"+{FIRST}"])
        yield Place(tmp_path, onec, asterisk, capfd, monkeypatch)


def held(asterisk: PrivateAsterisk, key: str) -> str:
    return asterisk.console(f"database get cidname {key}").removeprefix("Value: ").strip()


def branch(standin: AmiStandIn) -> str:
    values = {"name": "branch", "host": standin.host, "port": standin.port, "user": standin.user, "timeout": 5}
    lines = (f"{key} = {value!r}".replace("'", '"') for key, value in {**values, "secret": standin.secret}.items())
    return "\n[[pbx]]\npatience = 0\n" + "\n".join(lines) + "\n"


def test_names_reach_the_pbxs_that_are_there_and_the_next_sync_brings_the_rest(
    box: Place[PrivateAsterisk], asterisk: PrivateAsterisk
) -> None:
    with AmiStandIn() as other:
        with box.configuration.open("a", encoding="utf-8") as file:
            file.write(branch(other))
        assert box.run("sync").code == 0
        for key, name in ((THEIRS, "by hand"), (EQUAL, TOLD[EQUAL])):
            asterisk.console(f'database put cidname {key} "{name}"')
        other.stop()
        parts = Parts.load(box.configuration)
        with parts.narrow_writer("astsync serve") as writer:
            writer.keep({**TOLD, FIRST: "never written"})
            report = writer.write([*TOLD, FIRST], parts.pbxs())
        assert report is not None
        assert (report.exit_code, report.command) == (7, "online")
        office, away = report.pbx
        assert (office.error, office.verified, office.plan is not None and office.plan.foreign) == (None, True, 2)
        assert "no connection" in str(away.error)
        assert {key: held(asterisk, key) for key in TOLD} == {**TOLD, THEIRS: "by hand"}
        assert held(asterisk, FIRST) == "OOO Beta"
        assert asterisk.call(KEY, "CARRIER") == TOLD[KEY]
        assert "online  exit 7  (can be undone)" in box.run("history").out

        other.start()
        assert box.run("sync").code == 0
        assert {key: other.family()[key] for key in TOLD} == TOLD
        with parts.store(write=False) as store:
            assert store.owners("office", "cidname", TOLD).keys() == {KEY, "84955550177"}
        assert box.run("undo", "2", "--yes").code == 0
        assert "not found" in asterisk.console(f"database get cidname {KEY}")
        assert box.run("sync").code == 0
        assert (held(asterisk, THEIRS), held(asterisk, EQUAL)) == ("by hand", TOLD[EQUAL])
        assert "not found" in asterisk.console(f"database get cidname {KEY}")
