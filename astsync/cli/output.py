"""Where words go: the result to standard output or a file, everything else to standard error."""

import os
import sys
import tempfile
from pathlib import Path

from astsync.errors import AstsyncError, ConfigError
from astsync.reports.untrusted import printable


def emit(text: str, file: Path | None = None) -> None:
    """Write a result to standard output, or whole to a file. Raises ConfigError when the file cannot be written."""
    if file is None:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()
        return
    try:
        _replace(file, text.encode())
    except OSError as error:
        raise ConfigError(
            f"cannot write {file}: {error.strerror}", hint="Check the folder and its rights, or name another file."
        ) from None


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


def say(text: str) -> None:
    """Tell something that is not the result."""
    print(text, file=sys.stderr)


def _lines(text: str) -> str:
    return "\n".join(printable(line) for line in text.split("\n"))
