"""New files for one user alone, all of them or none, never over another file unless that is asked for."""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from astsync.config.values import shown
from astsync.errors import ConfigError


def check_place(file: Path, *, force: bool) -> None:
    """Check before any question that a file can be written. Raises ConfigError."""
    try:
        _check_place(file, force=force)
    except OSError as error:  # a folder on the way that this user may not enter, a name too long
        raise ConfigError(f"cannot look at {shown(str(file))}: {error.strerror}", hint="Name another file.") from None


def _check_place(file: Path, *, force: bool) -> None:
    if file.exists() and not file.is_file():
        raise ConfigError(f"{shown(str(file))} is no file", hint="Name another file.")
    if file.exists() and not force:
        raise _exists(file)
    if not file.parent.is_dir():
        raise ConfigError(f"there is no folder {shown(str(file.parent))}", hint="Make it, or name another file.")
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise ConfigError(f"this user may not write to {shown(str(file.parent))}", hint="Name another file.")


def write_files(texts: Mapping[Path, str], check: Callable[[Mapping[Path, Path]], None], *, force: bool) -> list[Path]:
    """Write files with mode 0600 whatever the umask, all or none; gives the backups of those that were there before.

    Each is first written beside its place; ``check`` gets where each one stands then, and may raise.
    Raises ConfigError.
    """
    with ExitStack() as leftovers, ExitStack() as undo:
        try:
            drafts = {file: _draft(file, text, leftovers) for file, text in texts.items()}
            check(drafts)
            backups = [_place(draft, file, undo, force=force) for file, draft in drafts.items()]
        except OSError as error:
            where = shown(str(error.filename or ""))
            raise ConfigError(
                f"cannot write {where}: {error.strerror}", hint="Check the folder and its rights."
            ) from None
        undo.pop_all()
    return [backup for backup in backups if backup is not None]


def _draft(file: Path, text: str, leftovers: ExitStack) -> Path:
    """Write a text beside its place; mkstemp makes the file anew (O_EXCL) with mode 0600."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name[:100]}.")
    leftovers.callback(Path(name).unlink, missing_ok=True)
    with os.fdopen(handle, "wb") as stream:
        os.fchmod(handle, 0o600)
        stream.write(text.encode())
        stream.flush()
        os.fsync(handle)
    return Path(name)


def _place(draft: Path, file: Path, undo: ExitStack, *, force: bool) -> Path | None:
    """Move a draft into its place in one step; ``undo`` can take it back. Gives the backup of what was there."""
    if not force:
        _link_new(draft, file)
        undo.callback(file.unlink, missing_ok=True)
        return None
    if not file.exists():
        draft.replace(file)
        undo.callback(file.unlink, missing_ok=True)
        return None
    backup = _backup(file)
    undo.callback(_restore, backup, file)
    draft.replace(file)
    return backup


def _restore(backup: Path, file: Path) -> None:
    """Put a backup back; where both names are still one file, renaming does nothing (POSIX)."""
    backup.replace(file)
    backup.unlink(missing_ok=True)


def _link_new(draft: Path, file: Path) -> None:
    """Give a draft its name unless that is taken, also by a file that came a moment ago."""
    try:
        os.link(draft, file)
    except FileExistsError:
        raise _exists(file) from None
    except OSError:  # a file system without links
        os.close(os.open(file, os.O_CREAT | os.O_EXCL, 0o600))
        draft.replace(file)


def _backup(file: Path) -> Path:
    """Keep a file under the first free name: FILE.bak, FILE.bak2 and so on."""
    number = 1
    while (backup := file.with_name(f"{file.name}.bak{number if number > 1 else ''}")).exists():
        number += 1
    with suppress(OSError):
        os.link(file, backup)
        return backup
    shutil.copy2(file, backup)
    return backup


def _exists(file: Path) -> ConfigError:
    return ConfigError(
        f"{shown(str(file))} is there already", hint="Name another file, or replace it with --force (keeps a backup)."
    )
