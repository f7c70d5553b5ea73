"""Other clients, each a process of its own; those that astsync's environment cannot hold get their own from PyPI."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from astsync.sandbox.asterisk import PrivateAsterisk
from tests.bench.entries import Job
from tests.bench.raw import FAMILY

PROJECT = Path(__file__).resolve().parents[2]
CACHE = PROJECT / ".cache" / "bench"
PATIENCE = 120  # seconds


class NotMeasured(Exception):
    """Why there is no figure."""


def run_peer(python: Path, module: str, arguments: Sequence[str], pbx: PrivateAsterisk, count: int) -> float:
    """Let a peer put so many entries; give the seconds that it measured itself. Raises NotMeasured."""
    job = Job(pbx.host, pbx.port, pbx.user, pbx.secret, FAMILY, count)
    command = [str(python), "-W", "ignore", "-m", f"tests.bench.{module}", *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=PROJECT,
            input=json.dumps(asdict(job)),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotMeasured(f"no end within {PATIENCE} s") from None
    if done.returncode != 0:
        raise NotMeasured(_last_line(done.stderr))
    return float(json.loads(done.stdout)["seconds"])


def environment(name: str, *requirements: str) -> Path:
    """Give the Python of an environment that has these pinned packages, made once. Raises NotMeasured."""
    folder = CACHE / name
    python, stamp = folder / "bin" / "python", folder / "installed"
    pins = "\n".join(requirements)
    if stamp.is_file() and stamp.read_text(encoding="ascii") == pins:
        return python
    # Without pip: Debian's Python cannot put it in, and ours installs there just as well.
    _call(sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder))
    _call(sys.executable, "-m", "pip", "--python", str(python), "install", "-q", *requirements)
    stamp.write_text(pins, encoding="ascii")
    return python


def _call(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise NotMeasured(f"its installation did not end within {PATIENCE} s") from None
    if done.returncode != 0:
        raise NotMeasured(f"cannot be installed: {_last_line(done.stderr)}")


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "it said nothing")
