"""New files that only this user may read: all of them are written, or none.

A file that exists is replaced only where that was asked for.
"""

import os
import shutil
import stat
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path

from astsync.errors import ConfigError
from astsync.files import draft, looked_at
from astsync.language import say
from astsync.text import printable

_OTHER = say("Name another file.")


def check_place(file: Path, *, force: bool) -> None:
    """Check that a file can be written, before the first question is asked. Raises ConfigError."""
    try:
        _check_place(file, force=force)
    except OSError as error:  # a folder that this user may not enter, or a name that is too long
        words = say("cannot look at {file}: {why}", file=printable(str(file)), why=error.strerror)
        raise ConfigError(words, hint=_OTHER) from None


def _check_place(file: Path, *, force: bool) -> None:
    there = looked_at(file)
    if there and not stat.S_ISREG(there.st_mode):
        raise ConfigError(say("{file} is no file", file=printable(str(file))), hint=_OTHER)
    if there and not force:
        raise _exists(file)
    if not file.parent.is_dir():
        words = say("there is no folder {folder}", folder=printable(str(file.parent)))
        raise ConfigError(words, hint=say("Make it, or name another file."))
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise ConfigError(say("this user may not write to {place}", place=printable(str(file.parent))), hint=_OTHER)


def write_files(
    texts: Mapping[Path, str], check: Callable[[Mapping[Path, Path]], object], *, force: bool
) -> list[Path]:
    """Write all files or none, with mode 0600 whatever the umask is. Returns the backups of the files that existed.

    Each file is first written as a draft beside its place. ``check`` is called with the drafts by their files, and may
    raise. Raises ConfigError.
    """
    with ExitStack() as leftovers, ExitStack() as undo:
        try:
            drafts = {file: _draft(file, text, leftovers) for file, text in texts.items()}
            check(drafts)
            backups = [_place(ready, file, undo, force=force) for file, ready in drafts.items()]
        except OSError as error:
            where = printable(str(error.filename or ""))
            raise ConfigError(
                say("cannot write {place}: {why}", place=where, why=error.strerror),
                hint=say("Check the folder and its rights."),
            ) from None
        undo.pop_all()
    return [backup for backup in backups if backup is not None]


def _draft(file: Path, text: str, leftovers: ExitStack) -> Path:
    beside = draft(file, text.encode())
    leftovers.callback(beside.unlink, missing_ok=True)
    return beside


def _place(ready: Path, file: Path, undo: ExitStack, *, force: bool) -> Path | None:
    """Move a draft into its place in one step. ``undo`` learns how to take it back. Returns the backup, if any."""
    if not force:
        _link_new(ready, file)
        undo.callback(file.unlink, missing_ok=True)
        return None
    if not file.exists():
        ready.replace(file)
        undo.callback(file.unlink, missing_ok=True)
        return None
    kept = backup(file)
    undo.callback(_restore, kept, file)
    ready.replace(file)
    return kept


def _restore(kept: Path, file: Path) -> None:
    """Put a backup back. Where both names are links to one file, renaming does nothing (POSIX), so one is removed."""
    kept.replace(file)
    kept.unlink(missing_ok=True)


def _link_new(ready: Path, file: Path) -> None:
    """Move a draft to a name that must be free. A link fails where another process has taken the name meanwhile."""
    try:
        os.link(ready, file)
    except FileExistsError:
        raise _exists(file) from None
    except OSError:  # a file system without links: O_EXCL takes the name in the same way
        os.close(os.open(file, os.O_CREAT | os.O_EXCL, 0o600))
        ready.replace(file)


def backup(file: Path) -> Path:
    """Keep a file also under the first free name of FILE.bak, FILE.bak2 and so on. Raises OSError.

    Nothing that stands there is followed or replaced: who may write to the folder can have put a link there.
    """
    for number in count(1):
        kept = file.with_name(f"{file.name}.bak{number if number > 1 else ''}")
        if os.path.lexists(kept):
            continue
        with suppress(FileExistsError):  # another process has taken the name meanwhile
            _keep(file, kept)
            return kept
    raise AssertionError  # the numbers have no end


def _keep(file: Path, kept: Path) -> None:
    """Give a file another name; on a file system without links copy it, with its mode and owner."""
    try:
        os.link(file, kept)
    except FileExistsError:
        raise
    except OSError:
        _copy(file, kept)


def _copy(file: Path, kept: Path) -> None:
    known = file.stat()
    handle = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as copy, file.open("rb") as stream:
            shutil.copyfileobj(stream, copy)
            with suppress(OSError):  # only root gives files away, and some file systems know no owner
                os.fchown(handle, known.st_uid, known.st_gid)
            os.fchmod(handle, stat.S_IMODE(known.st_mode))
    except BaseException:
        kept.unlink()
        raise


def _exists(file: Path) -> ConfigError:
    return ConfigError(
        say("{file} is there already", file=printable(str(file))),
        hint=say("Name another file, or replace it with --force (keeps a backup)."),
    )
