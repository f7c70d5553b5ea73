"""Files with secrets that every user of this machine may read: each is told of once, whichever command meets it."""

import logging
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from astsync.config.value_types import FromEnvironment
from astsync.text import visible

log = logging.getLogger(__name__)

SECRETS = frozenset({"password", "secret", "token", "headers", "parameters"})
"""The keys whose values are secrets, in any section."""

SECRET_FILES = frozenset({"password_file", "secret_file", "token_file", "client_key", "client_key_password_file"})
"""The keys that name a file with a secret."""

_told: set[Path] = set()


def tell_exposed(file: Path | None, data: Mapping[str, Any]) -> None:
    """Warn of each exposed file, once in the life of this process.

    ``file`` is the configuration file; ``data`` is what it has, with the values of the environment over it.
    """
    for exposed in exposed_files(file, data):
        if exposed not in _told:
            _told.add(exposed)
            name = visible(str(exposed))
            log.warning("every user of this machine may read the secret in %s; run: chmod 600 %s", name, name)


def exposed_files(file: Path | None, data: Mapping[str, Any]) -> Iterator[Path]:
    """The configuration file, if it holds a secret, and the secret files that it names, as far as all may read them."""
    if file is not None and _holds_secret(data) and _is_open(file):
        yield file.absolute()
    folder = file.absolute().parent if file is not None else Path()
    for name in _named(data):
        path = _whole(name, folder)
        if path is not None and _is_open(path):
            yield path


def _holds_secret(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_holds_secret, value))
    if not isinstance(value, dict):
        return False
    return any((key in SECRETS and _is_of_the_file(each)) or _holds_secret(each) for key, each in value.items())


def _is_of_the_file(value: Any) -> bool:
    return bool(value) and not isinstance(value, FromEnvironment)


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _named(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key in SECRET_FILES and isinstance(each, str):
                yield each
            else:
                yield from _named(each)


def _whole(name: str, folder: Path) -> Path | None:
    """The path of a file as the sections read it (``value_types``); None where it is none."""
    try:
        path = Path(name).expanduser()
        return path.absolute() if isinstance(name, FromEnvironment) else folder / path
    except (RuntimeError, OSError, ValueError):
        return None


def _is_open(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(mode) and bool(mode & stat.S_IROTH)
