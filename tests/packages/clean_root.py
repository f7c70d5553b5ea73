"""A minimal Debian in a folder of its own, in which root installs packages; the machine itself is not touched."""

import os
import shutil
import subprocess
from pathlib import Path

from astsync.sandbox.debian.apt import find_mirrors

INCLUDED = (
    "adduser",
    "ca-certificates",
    "libstdc++6",
    "procps",
    "python3",
    "systemd",
)  # what the package depends on, and systemd


def why_not() -> str:
    """Why no root can be made here; "" where it can."""
    if os.geteuid() != 0:
        return "NOT TESTED: only root can make a root"
    if shutil.which("mmdebstrap") is None:
        return "NOT TESTED: no mmdebstrap here (apt-get install mmdebstrap)"
    return ""


def bring(tar: Path) -> None:
    """Bring a minimal Debian of this machine's own release, from its own mirror, into a tar."""
    mirror = find_mirrors()[0]
    included = f"--include={','.join(INCLUDED)}"
    command = ["mmdebstrap", "-q", "--variant=minbase", included, mirror.suite, str(tar), mirror.uri]
    subprocess.run(command, check=True)


class CleanRoot:
    """A fresh root out of such a tar. Commands see its files and its processes, and the machine's own loopback."""

    def __init__(self, tar: Path, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        subprocess.run(["tar", "-xf", tar, "-C", folder], check=True)

    def try_run(self, *command: str, user: str = "root") -> subprocess.CompletedProcess[str]:
        """Run a command there as ``user``. Its processes and its mounts end with it."""
        inside = ["unshare", "--mount", "--pid", "--fork", f"--mount-proc={self.folder}/proc"]
        inside += ["chroot", str(self.folder), "/sbin/runuser", "-u", user, "--"]
        environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        return subprocess.run(
            [*inside, *command], env=environ, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip

    def run(self, *command: str, user: str = "root", code: int = 0) -> str:
        """Run a command that must exit with ``code``, and return what it printed."""
        done = self.try_run(*command, user=user)
        assert done.returncode == code, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def install(self, package: Path) -> str:
        """Install a file of a package, or upgrade to it."""
        shutil.copy2(package, self.folder / "tmp" / package.name)
        return self.run("dpkg", "--force-unsafe-io", "--install", f"/tmp/{package.name}")

    def kind(self, place: str) -> str:
        """The mode and the owners of a file or a folder there."""
        return self.run("stat", "--format=%a %U:%G", place).strip()

    def path(self, place: str) -> Path:
        """The path of a place there, as this process sees it."""
        return self.folder / place.lstrip("/")
