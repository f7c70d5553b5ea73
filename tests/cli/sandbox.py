"""A stand-in 1C, a stand-in PBX, a configuration that reaches both, and the real command line over them."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest

from astsync.cli import main
from astsync.language import ENGLISH, using
from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.asterisk import PrivateAsterisk
from astsync.sandbox.onec import OneC

CONFIGURATION = """\
[source]
url = "{url}"
user = "{onec.user}"
password = "{onec.password}"
timeout = 5

[numbers]
area_code = "495"

[store]
path = "{folder}/store.sqlite3"

[[pbx]]
name = "office"
host = "{pbx.host}"
port = {pbx.port}
user = "{pbx.user}"
secret = "{pbx.secret}"
timeout = 5
patience = 0
"""


@dataclass(frozen=True)
class Done:
    """What a command did: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.out)
        return value

    @property
    def pbx(self) -> dict[str, Any]:
        (part,) = self.report["pbx"]
        return dict(part)


P = TypeVar("P", AmiStandIn, PrivateAsterisk)


@dataclass
class Place(Generic[P]):
    """Everything that a run needs; ``run`` runs the command line in this process."""

    folder: Path
    onec: OneC
    pbx: P
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch
    configuration: Path = field(init=False)

    def __post_init__(self) -> None:
        self.configuration = self.folder / "astsync.toml"
        self.write()

    def write(self, old: str = "", new: str = "") -> None:
        """Write the configuration, with one text replaced."""
        text = CONFIGURATION.format(url=self.onec.url, onec=self.onec, pbx=self.pbx, folder=self.folder)
        assert old in text
        self.configuration.write_text(text.replace(old, new) if old else text, encoding="utf-8")

    def run(self, *arguments: str) -> Done:
        return run(self.capture, self.patch, "--config", str(self.configuration), *arguments)


Sandbox = Place[AmiStandIn]


def run(capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch, *arguments: str) -> Done:
    """Run the command line in this process."""
    for name in [name for name in os.environ if name.startswith("ASTSYNC_")]:
        patch.delenv(name)
    patch.setattr(sys, "argv", ["astsync", *arguments])
    capture.readouterr()
    try:
        with using(ENGLISH):  # whatever the command line chooses, the next test speaks English
            main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    printed = capture.readouterr()
    return Done(code, printed.out, printed.err)


@contextmanager
def sandbox(
    folder: Path, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch, size: int = 60
) -> Iterator[Sandbox]:
    with OneC(size) as onec, AmiStandIn() as pbx:
        yield Sandbox(folder, onec, pbx, capture, patch)
