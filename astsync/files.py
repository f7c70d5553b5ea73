"""Files that are written beside their place and then moved into it. So a reader never sees half of one."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def draft(file: Path, data: bytes) -> Path:
    """Write a new file beside another one and return its path. Only this user may read it (mode 0600). Raises OSError.

    The data are on the disk afterwards: a file that was moved into its place must not be empty after a crash of the
    machine.
    """
    # mkstemp creates the file (O_EXCL): nobody else can have put a file or a link there before.
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name[:100]}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(handle)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def replace(file: Path, data: bytes, ready: Callable[[Path], None] | None = None) -> None:
    """Replace a file in one step. ``ready`` may set the rights of the draft before it is moved. Raises OSError."""
    beside = draft(file, data)
    try:
        if ready:
            ready(beside)
        beside.replace(file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
