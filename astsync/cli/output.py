"""Where text goes: the result to standard output or a file, everything else to standard error.

So ``astsync diff --format json | jq`` gets JSON and nothing else, whatever is logged.
"""

import logging
import os
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from errno import EACCES, EISDIR, ENOENT
from functools import partial
from pathlib import Path

from astsync.errors import AstsyncError, ConfigError
from astsync.files import replace
from astsync.text import printable, utf8

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


class SafeFormatter(logging.Formatter):
    """Formats log records. Text of 1C or a PBX in them can neither steer a terminal nor look like another record."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's text; all lines but the first are indented."""
        return _lines(super().format(record))


def open_streams() -> None:
    """Open the null device in place of each standard stream that is closed, as by ``2>&-``.

    Otherwise the next file or connection that is opened would get the stream's number, and a message could be written
    into the store or to a PBX.
    """
    for name, mode in _STREAMS:
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


def check_output(output: Path | None) -> None:
    """Check that a report can be written, before the run that it reports. Raises ConfigError."""
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
    """Write a result to standard output, or to a file, which is replaced whole. False when the reader has gone.

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
    """Write to standard output. False when the reader has gone, as ``head`` does: that changes nothing about a run."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        # Python flushes the buffer again when it exits. It would fail again, and change the exit code to 120.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return False
        raise
    return True


def _target(file: Path) -> Path:
    """The file that a symbolic link names: it is replaced, and the link stays."""
    return Path(os.path.realpath(file))


def _replaceable(file: Path) -> bool:
    """Whether a file may be moved into this place: nothing or a regular file is there.

    Devices, pipes and open files of a process (``/dev/stdout``) must be written to in place.
    """
    try:
        regular = stat.S_ISREG(file.stat().st_mode)
    except FileNotFoundError:
        return True
    return regular and not _open_file(file)


def _open_file(file: Path) -> bool:
    """Whether the name stands for an open file, as ``/dev/stdout`` or ``/dev/fd/3``."""
    while file.parent.resolve().parts[:2] != ("/", "proc"):
        if not file.is_symlink():
            return False
        file = file.parent / file.readlink()
    return True


def _append(file: Path, data: bytes) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND), "wb") as stream:
        stream.write(data)


def _keep_rights(file: Path, draft: Path) -> None:
    """Set the owner and the mode of a draft: those of the file that it replaces, or of a new file."""
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
    """Write an error to standard error: what happened and why, then what to do."""
    tell(f"{error}\n{error.hint}" if error.hint else str(error))


def complain_of(errors: Iterable[AstsyncError | None]) -> None:
    """Write each error once: the refusal of a whole run is the error of each PBX."""
    for error in {id(error): error for error in errors}.values():
        if error is not None:
            complain(error)


def tell(text: str) -> None:
    """Write a message to standard error. All lines but the first are indented."""
    with suppress(OSError):  # a full disk behind standard error changes nothing about a run
        print(f"astsync: {_lines(text)}", file=sys.stderr, flush=True)


def _lines(text: str) -> str:
    first, *rest = (printable(line) for line in text.split("\n"))
    return "\n".join([first, *(line if line.startswith("  ") else f"  {line}" for line in rest)])
