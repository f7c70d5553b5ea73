"""Fetches Asterisk or pip from Debian's own packages, as any user and without installing them.

``python -m astsync.sandbox.debian asterisk 22 FOLDER`` fetches Asterisk. ``python -m astsync.sandbox.debian pip VENV``
puts pip into a virtual environment that was made without it. Only the standard library is used: a bare system Python
runs this before anything is installed.
"""

import argparse
import fcntl
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from astsync.errors import AstsyncError
from astsync.language import counted, say
from astsync.sandbox.debian.apt import FetchError, PrivateApt, find_mirrors, need_programs, unpack

# The suites that have each major version, the steadier first. Debian 12 and 13 have no Asterisk.
SUITES = {22: ("forky", "sid"), 16: ("bullseye",)}
_UNUSED = ("doc", "man", "info", "locale", "lintian")  # of usr/share: a fifth of the size
_STAMP = ".complete"
_OTHER_ASTERISK = "Or install Asterisk by the system's own means, or name one: ASTSYNC_ASTERISK=/path/to/asterisk."
_OTHER_PIP = "Or install the package python3-venv."

Tell = Callable[[str], None]


def asterisk_root(folder: Path, major: int) -> Path | None:
    """The root of the Asterisk that ``fetch_asterisk`` unpacked in ``folder``. None: it is absent or not complete."""
    home = folder / str(major)
    try:
        whole = (home / _STAMP).is_file() and (home / "root/usr/sbin/asterisk").is_file()
    except PermissionError:  # another user's folder
        return None
    return home / "root" if whole else None


def fetch_asterisk(major: int, folder: Path, tell: Tell) -> Path:
    """Fetch Asterisk ``major`` with all that it needs to ``folder/MAJOR/root``. Returns that root.

    A complete one is returned at once, an unfinished one is continued. A second process waits for the first. It
    downloads 80 MB and needs about 250 MB of disk. Raises FetchError.
    """
    root = asterisk_root(folder, major)
    if root is not None:
        return root
    with _or_else(_OTHER_ASTERISK, folder), _locked(folder / f"{major}.lock", tell):
        need_programs()
        return asterisk_root(folder, major) or _fetch_asterisk(major, folder / str(major), tell)


def _fetch_asterisk(major: int, home: Path, tell: Tell) -> Path:
    work, root = home / "work", home / "root"
    downloaded = work / "downloaded"
    if not downloaded.is_file():
        apt, version = _find_asterisk(major, work)
        tell(
            say(
                "Asterisk {major}: downloading {version} from Debian {suite} at {mirror}",
                major=str(major),
                version=version,
                suite=apt.suite,
                mirror=str(apt.mirror),
            )
        )
        apt.download("asterisk", tell=_counter(tell))
        downloaded.write_text(version, encoding="ascii")
    version = downloaded.read_text(encoding="ascii")
    _unpack_all(work / "cache" / "archives", root, tell)
    _slim(root)
    shutil.rmtree(work)
    stamp = home / f"{_STAMP}.new"
    stamp.write_text(f"{version}\n", encoding="ascii")
    stamp.replace(home / _STAMP)
    return root


def _find_asterisk(major: int, work: Path) -> tuple[PrivateApt, str]:
    """Find a mirror and a suite that have this major version. When none has it, the first failure is raised."""
    failures: list[FetchError] = []
    for mirror in find_mirrors():
        for suite in SUITES[major]:
            try:
                return _try_suite(PrivateApt(work, mirror, suite), major)
            except FetchError as error:
                failures.append(error)
    raise failures[0]


def _try_suite(apt: PrivateApt, major: int) -> tuple[PrivateApt, str]:
    apt.update()
    version = apt.version("asterisk")
    if version.rpartition(":")[2].split(".")[0] != str(major):
        has = f"Asterisk {version}" if version else "no Asterisk"
        raise FetchError(f"Debian {apt.suite} at {apt.mirror} has {has}, not {major}")
    return apt, version


def _unpack_all(archives: Path, root: Path, tell: Tell) -> None:
    """Unpack every archive and then remove it: after an interruption the rest of the archives is still to do."""
    left = sorted(archives.glob("*.deb"))
    tell("  " + counted("unpacking {count:,} package", "unpacking {count:,} packages", len(left)))
    root.mkdir(parents=True, exist_ok=True)

    def unpack_one(archive: Path) -> None:
        unpack(archive, root)
        archive.unlink()

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for done in [pool.submit(unpack_one, archive) for archive in left]:
            done.result()


def _slim(root: Path) -> None:
    """Remove files that nobody reads, and the set-user-id bits: in a cache they are only a risk."""
    for name in _UNUSED:
        shutil.rmtree(root / "usr/share" / name, ignore_errors=True)
    for folder, _, names in os.walk(root):
        for path in (Path(folder, name) for name in names):
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
                path.chmod(stat.S_IMODE(mode) & ~(stat.S_ISUID | stat.S_ISGID))


def install_pip(venv: Path, tell: Tell) -> None:
    """Put pip into a virtual environment made with ``--without-pip``, from Debian's package ``python3-pip-whl``.

    ``python3 -m venv`` does this itself where Debian's ``python3-venv`` is installed. Raises FetchError.
    """
    with tempfile.TemporaryDirectory(prefix="astsync-") as name, _or_else(_OTHER_PIP, Path(name)):
        need_programs()
        apt = own_release(Path(name, "work"))
        tell(f"Python's venv has no ensurepip here: taking pip from Debian {apt.suite} at {apt.mirror}")
        apt.download("python3-pip-whl", alone=True)
        for archive in apt.archives.glob("*.deb"):
            unpack(archive, Path(name, "root"))
        wheel = next(Path(name, "root").glob("usr/share/python-wheels/pip-*.whl"), None)
        if wheel is None:
            raise FetchError("Debian's package python3-pip-whl holds no pip")
        _install_wheel(venv, wheel)


def own_release(work: Path) -> PrivateApt:
    """apt for the machine's own release, with the first of its mirrors that answers. Raises FetchError."""
    failures: list[FetchError] = []
    for mirror in find_mirrors():
        apt = PrivateApt(work, mirror, mirror.suite or "stable")
        try:
            apt.update()
        except FetchError as error:
            failures.append(error)
        else:
            return apt
    raise failures[0]


def _install_wheel(venv: Path, wheel: Path) -> None:
    command = [str(venv / "bin/python"), str(wheel / "pip"), "-q", "install", "--no-index", str(wheel)]
    if subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode != 0:
        raise FetchError(f"pip could not be put into {venv}")


def _counter(tell: Tell) -> Tell:
    """A listener to apt's output that reports every 40th file: a download takes a while."""
    count = 0

    def count_line(line: str) -> None:
        nonlocal count
        count += line.startswith("Get:")
        if line.startswith("Get:") and count % 40 == 0:
            tell("  " + counted("{count:,} package", "{count:,} packages", count))

    return count_line


@contextmanager
def _locked(path: Path, tell: Tell) -> Iterator[None]:
    """Hold a lock file; wait while another process holds it. The lock ends with this process and the apt it started."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        os.set_inheritable(file.fileno(), True)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(say("waiting for another process that fetches the same"))
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _or_else(other: str, folder: Path) -> Iterator[None]:
    """Add another way to the hint of each error, and turn errors of the file system into FetchError."""
    try:
        yield
    except FetchError as error:
        raise FetchError(error.message, hint=f"{error.hint} {other}".strip()) from error
    except OSError as error:
        raise FetchError(
            f"cannot write {error.filename or folder}: {error.strerror}",
            hint="Name a folder that this user can write, on a disk with 600 MB free.",
        ) from error


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m astsync.sandbox.debian", description="Debian's packages, without root."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    asterisk = commands.add_parser("asterisk", help="bring an Asterisk")
    asterisk.add_argument("major", type=int, choices=sorted(SUITES))
    asterisk.add_argument("folder", type=Path, help="gets a folder for each major version")
    pip = commands.add_parser("pip", help="put pip into a virtual environment")
    pip.add_argument("venv", type=Path, help="made with python -m venv --without-pip")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    """Run the command line. The exit code: 0; 5 when Debian's packages cannot be fetched; 130 when interrupted."""
    arguments = _arguments(words)
    try:
        if arguments.command == "pip":
            install_pip(arguments.venv, _tell)
        else:
            _tell(f"Asterisk {arguments.major} is in {fetch_asterisk(arguments.major, arguments.folder, _tell)}")
    except AstsyncError as error:
        _tell(f"astsync: {error.message}\n{error.hint}")
        return error.exit_code
    except KeyboardInterrupt:
        _tell("interrupted; the next time goes on from here")
        return 130
    return 0
