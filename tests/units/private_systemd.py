"""A systemd of our own as process 1 of its own namespaces, over this machine's files, which stay as they are.

It needs root, overlayfs and the second version of control groups. It shares the network: the stand-ins of 1C and the
PBX, which run outside, answer inside.
"""

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.eventually import eventually

BOOT = Path(__file__).with_name("boot.sh")
SYSTEMD = Path("/lib/systemd/systemd")
_NAMESPACES = ("--mount", "--pid", "--ipc", "--uts", "--cgroup")


class NoSystemd(Exception):
    """Why no private systemd can be had here."""


class PrivateSystemd:
    """A running systemd; ``run`` runs a command inside."""

    def __init__(self) -> None:
        if os.geteuid() != 0:
            raise NoSystemd("only root may make these namespaces")
        lacking = [name for name in ("unshare", "nsenter", "pivot_root") if shutil.which(name) is None]
        if lacking or not SYSTEMD.exists():
            raise NoSystemd(f"missing here: {', '.join(lacking) or SYSTEMD}")
        self._folder = Path(tempfile.mkdtemp(prefix="astsync-units-", dir="/var/tmp"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        for name in ("memory", "root"):
            (self._folder / name).mkdir()
        self._log = (self._folder / "log").open("wb")
        self._process = subprocess.Popen(
            ["unshare", *_NAMESPACES, "--fork", "--kill-child", "sh", str(BOOT), str(self._folder)],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
            umask=0o022,
        )
        try:
            eventually(self._is_up, seconds=60)
        except AssertionError as error:
            log = (self._folder / "log").read_text(encoding="utf-8", errors="replace")
            self.__exit__()
            raise NoSystemd(f"it did not start ({error}): {log[-800:]}") from None
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.kill()  # --kill-child ends process 1, and with it everything in its namespace
        self._process.wait()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(
        self, *words: str, user: str = "", text: str = "", seconds: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside, as root or as a user who has just logged in."""
        identity = ["runuser", "-u", user, "--"] if user else []
        home = "/root" if not user else f"/home/{user}"
        environ = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": home,
            "LANG": "C.UTF-8",
        }
        if user:
            uid = subprocess.run([*self._enter(), "id", "-u", user], capture_output=True, text=True, check=True)
            environ["XDG_RUNTIME_DIR"] = f"/run/user/{uid.stdout.strip()}"
        return subprocess.run(
            [*self._enter(), *identity, *words],
            input=text,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            env=environ,
            umask=0o022,  # that of a machine; the one of the tests is stricter
        )

    def write(self, path: str, text: str, mode: str = "0644", owner: str = "root") -> None:
        """Write a file inside."""
        done = self.run(
            "sh",
            "-c",
            'mkdir -p "$(dirname "$1")" && cat > "$1" && chmod "$2" "$1" && chown "$3:" "$1"',
            "sh",
            path,
            mode,
            owner,
            text=text,
        )
        assert done.returncode == 0, done.stderr

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None or (_ for _ in ()).throw(NoSystemd(self._told()))
        if not self._first():
            return False
        with suppress(subprocess.TimeoutExpired):
            done = self.run("systemctl", "is-active", "rig.target", seconds=20)
            return done.stdout.strip() == "active"
        return False

    def _told(self) -> str:
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")[-800:]

    def _first(self) -> str:
        """The number of process 1, as it is outside."""
        assert self._process is not None
        pid = self._process.pid
        return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").strip()

    def _enter(self) -> list[str]:
        return ["nsenter", "--target", self._first(), *_NAMESPACES]
