"""The example units: systemd finds no fault in them, they are hardened, and they hand the secrets to astsync."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from astsync.config.configfile import load
from astsync.sources import CONFIG
from tests.cli.sandbox import run

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "examples" / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
PROGRAM = "/opt/astsync/bin/astsync"
MOST_EXPOSED = 1.5  # of 10, as `systemd-analyze security` counts


def values(unit: Path, key: str) -> list[str]:
    return re.findall(rf"(?m)^{key}=(.*)$", unit.read_text(encoding="utf-8"))


def analyze(*arguments: str) -> str:
    """Run systemd-analyze, or skip aloud."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("NOT TESTED: no systemd-analyze here; apt-get install systemd brings it")
    done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace(PROGRAM, sys.executable)
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    assert analyze("verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))) == ""


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_the_services_are_hardened(unit: Path) -> None:
    said = analyze("security", "--offline=yes", "--no-pager", str(unit))
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert exposure is not None
    assert float(exposure[1]) <= MOST_EXPOSED
    assert values(unit, "SystemCallErrorNumber") == ["EPERM"]  # SQLite and reports get over a chown that is refused


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_the_services_run_commands_that_exist(
    unit: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (line,) = values(unit, "ExecStart")
    program, *words = shlex.split(line)
    assert program == PROGRAM
    done = run(capfd, monkeypatch, *words, "--help")  # an option that does not exist is an error before --help
    assert (done.code, done.err) == (0, "")
    assert f"astsync {words[-1] if words[-1] in {'sync', 'serve'} else 'watch'}" in done.out


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_the_secrets_come_from_systemds_credentials(unit: Path, tmp_path: Path) -> None:
    for credential in values(unit, "LoadCredential"):
        name, _, path = credential.partition(":")
        assert path == f"/etc/astsync/{name}"
        (tmp_path / name).write_text(f"the secret of {name}\n", encoding="utf-8")
    pairs = (value.replace("%d", str(tmp_path)).partition("=") for value in values(unit, "Environment"))
    config = load(ROOT / "examples" / "astsync.toml", CONFIG, {name: value for name, _, value in pairs})
    assert config.source.secret() == "the secret of 1c.password"
    assert [pbx.password() for pbx in config.pbx] == ["the secret of office.secret"]


def test_the_watch_is_a_service_that_notifies() -> None:
    (watch,) = (unit for unit in SERVICES if "watch" in unit.name)
    assert values(watch, "Type") == ["notify"]
    assert values(watch, "ExecReload") == ["/bin/kill -HUP $MAINPID"]
    assert values(watch, "WatchdogSec") == ["2min"]
