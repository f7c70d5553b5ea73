"""Where words go: the result to standard output or a file, everything else to standard error."""

import logging
import os
import stat
import sys
from contextlib import suppress
from errno import EACCES, EISDIR, ENOENT
from functools import partial
from pathlib import Path

from astsync.errors import AstsyncError, ConfigError
from astsync.files import replace
from astsync.text import printable, utf8

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


class SafeFormatter(logging.Formatter):
    """Formats log records so that nothing in them steers a terminal or looks like a record of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the record's text; what follows its first line is indented."""
        return _lines(super().format(record))


def open_streams() -> None:
    """Put the null device where a standard stream is closed, as by ``2>&-``.

    Words for it then go nowhere, and no file or connection of the run gets its number.
    """
    for name, mode in _STREAMS:
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


def check_output(output: Path | None) -> None:
    """Check before a run that its report can be written. Raises ConfigError."""
    if output is None:
        return
    file = output
    try:
        if _replaceable(file):
            file = _target(file).parent
            if not file.is_dir():
                raise FileNotFoundError(ENOENT, f"there is no folder {file}")
        elif file.is_dir():
            raise IsADirectoryError(EISDIR, "it is a folder")
        if not os.access(file, os.W_OK):
            raise PermissionError(EACCES, f"this user may not write to {file}")
    except OSError as error:
        raise _unwritable(str(output), error) from None


def emit(text: str, file: Path | None = None) -> bool:
    """Write a result to standard output, or whole to a file; False when nobody reads it any more.

    Raises ConfigError when it cannot be written.
    """
    data = utf8(text).encode()
    try:
        if file is None:
            return _print(data)
        if _replaceable(file):
            target = _target(file)
            replace(target, data, partial(_keep_rights, target))
        else:
            _append(file, data)
    except OSError as error:
        raise _unwritable("standard output" if file is None else str(file), error) from None
    return True


def _unwritable(place: str, error: OSError) -> ConfigError:
    return ConfigError(
        f"cannot write {printable(place)}: {error.strerror}",
        hint="Check the folder and its rights, or name another file.",
    )


def _print(data: bytes) -> bool:
    """Write to standard output; a reader that has gone, as ``head`` does, changes nothing about a run."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:  # what is still in the buffer must not fail once more at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return False
        raise
    return True


def _target(file: Path) -> Path:
    """Follow symbolic links: what they name is written, they stay."""
    return Path(os.path.realpath(file))


def _replaceable(file: Path) -> bool:
    """Tell whether a file may be moved into this place: nothing or a regular file is there.

    A device, a pipe and the open files of a process (``/dev/stdout``) are written to as they are.
    """
    try:
        regular = stat.S_ISREG(file.stat().st_mode)
    except FileNotFoundError:
        return True
    return regular and not _open_file(file)


def _open_file(file: Path) -> bool:
    """Tell whether the name stands for an open file, as ``/dev/stdout`` or ``/dev/fd/3``."""
    while file.parent.resolve().parts[:2] != ("/", "proc"):
        if not file.is_symlink():
            return False
        file = file.parent / file.readlink()
    return True


def _append(file: Path, data: bytes) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND), "wb") as stream:
        stream.write(data)


def _keep_rights(file: Path, draft: Path) -> None:
    """Give a draft the owner and the mode of the file it replaces, or of a new file."""
    try:
        before = file.stat()
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        draft.chmod(0o666 & ~umask)
        return
    with suppress(PermissionError):  # only root may give a file away
        os.chown(draft, before.st_uid, before.st_gid)
    draft.chmod(before.st_mode & 0o777)


def complain(error: AstsyncError) -> None:
    """Tell an error: what happened and why, then what to do."""
    tell(f"{error}\n{error.hint}" if error.hint else str(error))


def tell(text: str) -> None:
    """Tell something on standard error; only its first line begins at the margin."""
    with suppress(OSError):  # a full disk behind standard error changes nothing about a run
        print(f"astsync: {_lines(text)}", file=sys.stderr, flush=True)


def _lines(text: str) -> str:
    first, *rest = (printable(line) for line in text.split("\n"))
    return "\n".join([first, *(line if line.startswith("  ") else f"  {line}" for line in rest)])
