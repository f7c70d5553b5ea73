"""The units of the Debian package, made from those of examples/systemd."""

from pathlib import Path

import pytest

from tests.packages.built import ROOT
from tests.packages.scripts import script

units = script("units")
EXAMPLES = sorted((ROOT / "examples/systemd").iterdir(), key=lambda path: path.name)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_a_unit_waits_for_a_configuration_and_keeps_all_fences(example: Path) -> None:
    text = example.read_text("utf-8")
    lines = units.packaged(example.name, text).splitlines()
    assert lines.count("ConditionPathExists=/etc/astsync/astsync.toml") == 1
    assert (
        lines.index("ConditionPathExists=/etc/astsync/astsync.toml") < len(lines) - lines[::-1].index("[Install]")
        if ("[Install]" in lines)
        else lines
    )
    own = ("ExecStart=", "LoadCredential=", "Environment=", "#")
    kept = [line for line in text.partition("[Unit]")[2].splitlines() if line and not line.startswith(own)]
    assert [line for line in kept if line not in lines] == []
    assert [line for line in lines if "/opt/" in line or line.startswith(("LoadCredential=", "Environment="))] == []
    programs = [line for line in lines if line.startswith("ExecStart=")]
    assert [line.split()[0] for line in programs] == ["ExecStart=/usr/bin/astsync"] * example.name.endswith(".service")


@pytest.mark.parametrize(
    "text",
    [
        "no unit",
        "[Unit]\nDescription=x\n[Service]\nExecStart=/usr/bin/other\n",
        "[Unit]\nDescription=x\n[Service]\nExecStart=/opt/astsync/bin/astsync sync\nLoadCredential=a:/b\n",
    ],
)
def test_an_example_that_does_not_look_as_expected_stops_the_build(text: str) -> None:
    with pytest.raises(ValueError, match=r"x\.service: "):
        units.packaged("x.service", text)
