"""Builds the wheel and the sdist of a checkout, by the backend itself and so without the network."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
EPOCH = "1700000000"  # seconds since 1970: the time that each packed file gets


def build(kind: str, folder: Path, checkout: Path = ROOT) -> Path:
    """Build a ``wheel`` or an ``sdist`` of ``checkout`` in ``folder``, and return its path."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    environ = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH, "PYTHONWARNINGS": ""}
    done = subprocess.run(command, cwd=checkout, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


def names_in_wheel(wheel: Path) -> set[str]:
    """The files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def unpacked(sdist: Path, folder: Path) -> Path:
    """Unpack an sdist, and return its top folder."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (top,) = folder.iterdir()
    return top


def files_below(folder: Path) -> set[str]:
    """The files below a folder of the checkout, relative to the checkout, without what Python and tools leave there."""
    found = (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return {str(path.relative_to(folder)) for path in found if "__pycache__" not in path.parts}
