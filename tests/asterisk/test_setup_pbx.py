"""``setup pbx`` on real Asterisks, laid out as each flavour is: from no user to a call that is named."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from astsync.pbx.flavour import Flavour
from astsync.sandbox.asterisk import Installation
from tests.asterisk.flavours import RIGS, FlavourRig, FreePbxRig, MikoPbxRig

NUMBER, TYPED, UNKNOWN = "74952293042", "+7 495 229-30-42", "74955550199"
NAME, CARRIER = "OOO MIKO", "MOSCOW RU"
_LIST = "Name;Phone\nООО МИКО;8 (495) 229-30-42\n"
WRITTEN = [Flavour.PLAIN, Flavour.FREEPBX, Flavour.ISSABEL]


@pytest.fixture
def rig(request: pytest.FixtureRequest, any_installation: Installation) -> Iterator[FlavourRig]:
    """A running PBX of the flavour that the test names, without a user of astsync."""
    with RIGS[request.param](any_installation) as started:
        if not started.speaks_sip:
            pytest.skip(f"NO SIP PHONE: chan_pjsip of Asterisk {started.version} does not load")
        yield started


written = pytest.mark.parametrize("rig", WRITTEN, ids=str, indirect=True)


def astsync(rig: FlavourRig, folder: Path, *words: str, code: int = 0) -> str:
    """Run astsync as on the PBX itself. Returns both outputs."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ASTSYNC_")}
    environ |= {"PATH": f"{rig.console_script.parent}:{os.environ['PATH']}", "HOME": str(folder)}
    command = [sys.executable, "-m", "astsync", *words]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def here(rig: FlavourRig) -> list[str]:
    """The options that say where this PBX is."""
    context = ["--context", rig.trunk_context] if rig.flavour is Flavour.PLAIN else []
    return ["--asterisk-folder", str(rig.etc), "--port", str(rig.port), *context]


def configure(rig: FlavourRig, folder: Path, secret: str) -> None:
    (folder / "list.csv").write_text(_LIST, encoding="utf-8")
    config = folder / "astsync.toml"
    config.touch(mode=0o600)
    config.write_text(
        f'[source]\nkind = "file"\n[source.file]\npath = "list.csv"\n[store]\npath = "store.db"\n'
        f'[[pbx]]\nname = "office"\nhost = "{rig.host}"\nport = {rig.port}\nuser = "astsync"\nsecret = "{secret}"\n',
        encoding="utf-8",
    )


def files(rig: FlavourRig) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in rig.etc.iterdir() if path.is_file() and ".bak" not in path.name}


@written
def test_a_pbx_becomes_ready_and_is_given_back_as_it_was(rig: FlavourRig, tmp_path: Path) -> None:
    before = files(rig)
    assert rig.incoming(NUMBER, CARRIER) == CARRIER
    told = astsync(rig, tmp_path, "setup", "pbx", "--write", "--load", *here(rig))
    assert "test key: written, read and deleted" in told
    assert f"✓ flavour: {rig.flavour.product}" in told
    (secret,) = re.findall(r"told this once: (\w+)", told)
    configure(rig, tmp_path, secret)
    astsync(rig, tmp_path, "sync")
    assert f"+{NUMBER}: is shown as {NAME}" in astsync(rig, tmp_path, "check", "--call", TYPED)
    for sent in (NUMBER, f"+{NUMBER}"):
        assert rig.incoming(sent, CARRIER) == NAME
    assert rig.incoming(UNKNOWN, CARRIER) == CARRIER
    # A second time changes nothing, and what was written is taken out to the last byte.
    assert "stands there already" in astsync(rig, tmp_path, "setup", "pbx", "--write", *here(rig)[:2], *here(rig)[4:])
    astsync(rig, tmp_path, "setup", "pbx", "--remove", "--load", *here(rig)[:2])
    assert files(rig) == before
    assert rig.incoming(NUMBER, CARRIER) == CARRIER
    assert "refused the login" in astsync(rig, tmp_path, "setup", "pbx", "--verify", code=5)


@pytest.mark.parametrize("rig", [Flavour.FREEPBX], ids=str, indirect=True)
def test_freepbx_leaves_what_was_written_alone(rig: FreePbxRig, tmp_path: Path) -> None:
    told = astsync(rig, tmp_path, "setup", "pbx", "--write", "--load", *here(rig))
    configure(rig, tmp_path, re.findall(r"told this once: (\w+)", told)[0])
    astsync(rig, tmp_path, "sync")
    rig.apply_config()
    rig.restart()
    assert rig.incoming(f"+{NUMBER}", CARRIER) == NAME


@pytest.mark.parametrize("rig", [Flavour.FREEPBX], ids=str, indirect=True)
def test_the_screen_of_freepbx_is_understood(rig: FreePbxRig, tmp_path: Path) -> None:
    told = astsync(rig, tmp_path, "setup", "pbx", "--write", "--load", *here(rig))
    configure(rig, tmp_path, re.findall(r"told this once: (\w+)", told)[0])
    astsync(rig, tmp_path, "sync")
    (rig.etc / "extensions_custom.conf").write_text("", encoding="utf-8")
    rig.source("internal")
    found = astsync(rig, tmp_path, "check", "--call", TYPED)
    assert f"  {NUMBER}: is shown as {NAME}" in found
    assert f"+{NUMBER}: keeps the carrier's name" in found
    assert rig.incoming(NUMBER, CARRIER) == NAME
    assert rig.incoming(f"+{NUMBER}", CARRIER) == CARRIER


@pytest.mark.parametrize("rig", [Flavour.MIKOPBX], ids=str, indirect=True)
def test_mikopbx_is_made_ready_by_what_is_told(rig: MikoPbxRig, tmp_path: Path) -> None:
    refused = astsync(rig, tmp_path, "setup", "pbx", "--write", *here(rig), code=2)
    assert "MikoPBX writes its files anew" in refused
    told = astsync(rig, tmp_path, "setup", "pbx", "--flavour", "mikopbx", *here(rig))
    (secret,) = re.findall(r"(?m)^secret = (\w+)$", told)
    rig.ami("astsync", secret)
    (hook,) = re.findall(r"(?ms)^\[add-trim-prefix-clid-custom\]$.*?Return\(\)$", told)
    rig.append("extensions.conf", hook + "\n")
    configure(rig, tmp_path, secret)
    astsync(rig, tmp_path, "sync")
    assert "✓ flavour: MikoPBX" in astsync(rig, tmp_path, "setup", "pbx", "--verify")
    assert f"+{NUMBER}: is shown as {NAME}" in astsync(rig, tmp_path, "check", "--call", TYPED)
    assert rig.incoming(f"+{NUMBER}", CARRIER) == NAME


@pytest.mark.parametrize("rig", [Flavour.FREEPBX], ids=str, indirect=True)
def test_a_flavour_that_is_not_that_of_the_pbx_is_refused_before_anything_is_written(
    rig: FreePbxRig, tmp_path: Path
) -> None:
    before = files(rig)
    told = astsync(rig, tmp_path, "setup", "pbx", "--write", "--flavour", "plain", *here(rig), code=2)
    assert "has the files of FreePBX, and not of Asterisk" in told
    assert files(rig) == before
