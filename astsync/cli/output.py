"""Where words go: the result to standard output or a file, everything else to standard error."""

import os
import sys
import tempfile
from pathlib import Path

from astsync.errors import AstsyncError, ConfigError
from astsync.reports.untrusted import printable


def emit(text: str, file: Path | None = None) -> bool:
    """Write a result to standard output, or whole to a file; False when nobody reads it any more.

    Raises ConfigError when the file cannot be written.
    """
    if file is None:
        return _print(text.encode())
    try:
        _replace(file, text.encode())
    except OSError as error:
        raise ConfigError(
            f"cannot write {file}: {error.strerror}", hint="Check the folder and its rights, or name another file."
        ) from None
    return True


def _print(data: bytes) -> bool:
    """Write to standard output; a reader that has gone, as ``head`` does, changes nothing about a run."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def _replace(file: Path, data: bytes) -> None:
    """Write beside the file and move into place: a reader never sees half a report."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def complain(error: AstsyncError) -> None:
    """Tell an error: what happened and why, then what to do."""
    print(f"astsync: {_lines(str(error))}", file=sys.stderr)
    if error.hint:
        print(f"  {_lines(error.hint)}", file=sys.stderr)


def _lines(text: str) -> str:
    return "\n".join(printable(line) for line in text.split("\n"))
