"""Finds an Asterisk on this machine: an installed one, or one that was only unpacked into a folder."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from astsync.errors import ConfigError
from astsync.language import say
from astsync.sandbox.debian.fetch import SUITES, asterisk_root

ASTERISK_VARIABLE = "ASTSYNC_ASTERISK"
SYSTEM_FOLDERS = "/usr/sbin:/usr/local/sbin"  # not on every user's PATH


@dataclass(frozen=True)
class Installation:
    """An Asterisk that can be started.

    ``command`` with options appended starts it. ``modules`` is its folder of modules, ``data`` that of documentation
    and sounds. ``version`` is, for example, "22.10.1~dfsg".
    """

    version: str
    major: int
    command: tuple[str, ...]
    modules: Path
    data: Path


def cache_folders() -> tuple[Path, ...]:
    """The folders that may hold fetched Asterisks: the caches of the current folder, of the project and of the user."""
    project = Path(__file__).resolve().parents[3]
    folders = [Path.cwd() / ".cache" / "asterisk", project / ".cache" / "asterisk"]
    with suppress(ConfigError):
        folders.append(own_cache())
    return tuple(folders)


def own_cache() -> Path:
    """The folder in the user's cache for fetched Asterisks. Raises ConfigError where the user has no home."""
    try:
        return platformdirs.user_cache_path("astsync") / "asterisk"
    except RuntimeError:  # no HOME, and a user that the system does not know
        raise ConfigError(
            say("there is no place for an Asterisk: this user has no home folder"),
            hint=say("Set XDG_CACHE_HOME or HOME in the environment."),
        ) from None


def find_installation(major: int | None = None) -> Installation | None:
    """Find an Asterisk of this major version (None: of any); None when there is none.

    The places in their order: ``ASTSYNC_ASTERISK`` (a binary, or the root of an unpacked tree), what ``make asterisk``
    fetched, ``PATH``. Raises ConfigError when ``ASTSYNC_ASTERISK`` names nothing that runs.
    """
    found = (installation for installation in _installations(major) if major in (None, installation.major))
    return next(found, None)


def _installations(major: int | None) -> Iterator[Installation]:
    named = os.environ.get(ASTERISK_VARIABLE, "")
    if named:
        yield _named(Path(named))
    majors = sorted(SUITES, reverse=True) if major is None else [major]
    roots = (asterisk_root(folder, number) for number in majors for folder in cache_folders())
    on_path = shutil.which("asterisk") or shutil.which("asterisk", path=SYSTEM_FOLDERS)
    for path in (*roots, on_path):
        installation = path and read_installation(Path(path))
        if installation:
            yield installation


def _named(path: Path) -> Installation:
    installation = read_installation(path.expanduser())
    if installation is None:
        raise ConfigError(
            f"{ASTERISK_VARIABLE} names {path}, which is no Asterisk that can be started with its modules",
            hint="Name the program asterisk, or a folder that Debian's packages were unpacked into; or unset it.",
        )
    return installation


def read_installation(path: Path) -> Installation | None:
    """Examine ``path``, a program or an unpacked root. None: no Asterisk there that runs."""
    binary = path / "usr/sbin/asterisk" if path.is_dir() else path
    if not binary.is_file():
        return None
    binary = binary.resolve()
    prefix = binary.parents[1]
    command = (*_loader(prefix.parent), str(binary))
    modules = next((folder for folder in _module_folders(prefix) if (folder / "pbx_config.so").is_file()), None)
    version = _ask_version(command)
    if modules is None or version is None:
        return None
    return Installation(version, int(version.split(".")[0]), command, modules, prefix / "share" / "asterisk")


def _module_folders(prefix: Path) -> Iterator[Path]:
    for pattern in ("lib/asterisk/modules", "lib/*/asterisk/modules", "lib64/asterisk/modules"):
        yield from prefix.glob(pattern)


def _loader(root: Path) -> tuple[str, ...]:
    """The words before a program that start it with the loader and the libraries of an unpacked root.

    An installed Asterisk needs none. An unpacked one may need newer libraries than this machine has. The name of the
    loader depends on the architecture. Links to it may be absolute and lead out of the root; those are left out.
    """
    if root == Path("/") or not (root / "var/lib/asterisk").is_dir():
        return ()
    places = ("usr/lib/*", "lib/*", "usr/lib64", "lib64", "usr/lib", "lib")
    loaders = (path for place in places for path in sorted(root.glob(f"{place}/ld*.so.[0-9]")))
    loader = next((path for path in loaders if path.is_file() and path.resolve().is_relative_to(root)), None)
    if loader is None:
        return ()
    folders = [path for place in ("usr/lib/*", "lib/*", "usr/lib", "lib") for path in sorted(root.glob(place))]
    libraries = [str(path) for path in folders if any(path.glob("*.so.*"))]
    return str(loader), "--inhibit-cache", "--library-path", ":".join(libraries)


def _ask_version(command: tuple[str, ...]) -> str | None:
    try:
        said = subprocess.run(
            [*command, "-V"], stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"Asterisk (?:certified[/-])?(\d+\.[\w.~+-]+)", said.decode(errors="replace"))
    return found[1] if found else None
