"""Units that are written into a folder of systemd: never over what somebody else wrote, and with a backup."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from astsync import files
from astsync.errors import ConfigError
from astsync.language import say
from astsync.setup.unit_files import is_ours
from astsync.text import printable

_READABLE = 0o644


def existing(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """The texts of the units that are there, by their names. Raises ConfigError."""
    found = {}
    for name in names:
        try:
            found[name] = (folder / name).read_text(encoding="utf-8", errors="surrogateescape")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _failed(folder / name, error) from None
    return found


def check_foreign(folder: Path, found: Mapping[str, str], *, replace: bool) -> None:
    """Refuse to take the place of units that somebody else wrote, unless that is wanted. Raises ConfigError."""
    foreign = [name for name, text in found.items() if not is_ours(text)]
    if foreign and not replace:
        raise ConfigError(
            say("{file} was not written by `astsync setup`", file=printable(str(folder / foreign[0]))),
            hint=say("Nothing was written. --replace takes its place, and keeps a backup."),
        )


def write(folder: Path, texts: Mapping[str, str], found: Mapping[str, str]) -> list[Path]:
    """Write units. Returns the backups of those that were others. Raises ConfigError."""
    backups = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            if name in found and found[name] != text:
                backups.append(_backup(folder / name))
            if found.get(name) != text:
                _put(folder / name, text)
    except OSError as error:
        raise _failed(folder, error) from None
    return backups


def put_back(folder: Path, names: Sequence[str], found: Mapping[str, str]) -> None:
    """Undo ``write``: what was there before comes back, what was not goes. Raises ConfigError."""
    try:
        for name in names:
            if name in found:
                _put(folder / name, found[name])
            else:
                (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise _failed(folder, error) from None


def remove(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    """Remove units. Yields each file that is gone. Raises ConfigError."""
    for name in names:
        try:
            (folder / name).unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _failed(folder / name, error) from None
        for link in folder.glob(f"*.wants/{name}"):  # where no systemd could take it away
            link.unlink(missing_ok=True)
        yield folder / name


def _put(file: Path, text: str) -> None:
    files.replace(file, text.encode("utf-8", "surrogateescape"), lambda handle: os.fchmod(handle, _READABLE))


def _backup(file: Path) -> Path:
    """Keep a unit under a name that systemd reads no unit from. Raises OSError."""
    number = 1
    while (backup := file.with_name(f"{file.name}.bak{number if number > 1 else ''}")).exists():
        number += 1
    files.draft(backup, file.read_bytes()).rename(backup)
    return backup


def _failed(place: Path, error: OSError) -> ConfigError:
    return ConfigError(
        say("cannot write {place}: {why}", place=printable(str(place)), why=error.strerror),
        hint=say("Units of the system are root's to write: begin with sudo."),
    )
