"""Where the configuration file is looked for, and where the store is. This is known before anything heavy is loaded."""

import hashlib
import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

FILE_NAME = "astsync.toml"
FILE_VARIABLE = "ASTSYNC_CONFIG"
_MOST = 4 * 1024 * 1024  # bytes that are looked at for the language; a larger file is refused later


def named_file(given: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The configuration file that an option or a variable names, whether it exists or not; None where none does."""
    return given or (Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None)


def usual_file() -> Path | None:
    """The first configuration file in a usual place, or None."""
    return next((place for place in usual_places() if is_file(place)), None)


def usual_places() -> tuple[Path, ...]:
    """The places where a configuration file is looked for, in order. Where no home is known, none is in a home."""
    from platformdirs import site_config_path, user_config_path  # a run whose file is named needs no folders of others

    folders = (Path(), *_folder(user_config_path), Path("/etc/astsync"), *_folder(site_config_path))
    return tuple(folder / FILE_NAME for folder in folders)


def usual_store(file: Path | None, environ: Mapping[str, str]) -> Path:
    """The place of the store of a configuration file that names none.

    It is in the state folder: systemd's ``STATE_DIRECTORY`` where it is set, else the user's own. Raises RuntimeError
    where no home is known.
    """
    from platformdirs import user_state_path

    given = environ.get("STATE_DIRECTORY")
    folder = Path(given.split(":")[0]) if given else user_state_path("astsync")
    if file is None:
        return folder / "astsync.sqlite3"
    place = hashlib.sha256(os.fsencode(file.resolve())).hexdigest()[:8]
    return folder / f"{file.stem}-{place}.sqlite3"


def _folder(ask: Callable[[str], Path]) -> tuple[Path, ...]:
    try:
        return (ask("astsync"),)
    except RuntimeError:  # no HOME, and a user that the system does not know
        return ()


def is_file(path: Path) -> bool:
    """Whether there is a file that this user may look at."""
    try:
        return path.is_file()
    except OSError:  # a folder that this user may not look into, a name that is too long
        return False


def configured_language(given: Path | None, environ: Mapping[str, str]) -> str:
    """The key ``language`` of the configuration file; "" where there is none.

    What is wrong with the file is told later, by who reads it whole.
    """
    named = named_file(given, environ)
    file = usual_file() if named is None else named
    if file is None or not is_file(file):  # a pipe would wait for its writer, and be empty for the next reader
        return ""
    try:
        with file.open("rb") as stream:
            text = stream.read(_MOST).decode("utf-8-sig")
        found = tomllib.loads(text).get("language") if "language" in text else None
    except (OSError, ValueError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""
