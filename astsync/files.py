"""Files written beside their place and moved into it: a reader never sees half of one."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def draft(file: Path, data: bytes) -> Path:
    """Write a new file beside another, for this user alone (mode 0600), and return its path. Raises OSError.

    ``mkstemp`` makes it anew (O_EXCL), so that nobody else can have put it there. The data are on the disk afterwards:
    after a crash of the machine a file that was moved into its place must not be found empty.
    """
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
    """Write a file anew in one step. ``ready`` may set the rights of the draft before it moves. Raises OSError."""
    beside = draft(file, data)
    try:
        if ready:
            ready(beside)
        beside.replace(file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
