"""``pipx install`` and ``uv tool install`` of the wheel, in a home where nothing is: the demo runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from astsync import __version__
from astsync.sandbox.debian.apt import can_fetch
from tests.packages.asked import played_by
from tests.packages.built import build

pytestmark = [played_by("install-test"), pytest.mark.slow]

INSTALLERS = {
    "pipx": ("pipx", "install", "--python", sys.executable),
    "uv": ("uv", "tool", "install", "--no-python-downloads", "--python", sys.executable),
}


class Home:
    """A home folder where nothing is, with pipx and uv beside it."""

    def __init__(self, folder: Path, tools: Path) -> None:
        self.folder = folder
        kept = {"LANG", "LC_ALL", "SSL_CERT_FILE", "PIP_INDEX_URL", "UV_INDEX_URL", "HTTPS_PROXY", "HTTP_PROXY"}
        self._environ = {name: os.environ[name] for name in kept & os.environ.keys()}
        self._environ |= {"HOME": str(folder), "PATH": f"{tools}:{folder}/.local/bin:/usr/bin:/bin"}
        folder.mkdir()

    def run(self, *command: str) -> str:
        """Run a command there, at no terminal, and return what it printed."""
        done = subprocess.run(
            command, cwd=self.folder, env=self._environ, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=900, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    venv = tmp_path_factory.mktemp("tools")
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    subprocess.run([venv / "bin/pip", "install", "-q", "pipx", "uv"], check=True)
    return venv / "bin"


@pytest.mark.parametrize("installer", INSTALLERS)
def test_the_wheel_is_installed_and_plays_the_demo(installer: str, wheel: Path, tools: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home", tools)
    home.run(*INSTALLERS[installer], str(wheel))
    assert home.run("astsync", "--version") == f"astsync {__version__}\n"
    said = home.run("astsync", "demo", "--size", "60")
    assert "NOT real" in said or "a private Asterisk" in said
    assert "That was the whole main job" in said


@pytest.mark.skipif(
    not can_fetch(), reason="NOT TESTED: this machine is no Debian, from which an Asterisk can be brought"
)
def test_the_demo_brings_a_real_asterisk(wheel: Path, tools: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home", tools)
    home.run(*INSTALLERS["uv"], str(wheel))
    said = home.run("astsync", "demo", "--size", "60", "--fetch")
    assert "Bringing Debian's Asterisk 22" in said
    assert "a private Asterisk 22" in said
    assert "NOT real" not in said
    assert "That was the whole main job" in said
    assert (home.folder / ".cache/astsync/asterisk/22/root").is_dir()
    assert "Bringing" not in home.run("astsync", "demo", "--size", "60", "--no-fetch")
