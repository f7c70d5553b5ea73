"""Files that are written beside their place and then moved into it. So a reader never sees half of one."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def looked_at(file: Path) -> os.stat_result | None:
    """What the system tells of a file; None where there is none.

    Raises OSError for a place that cannot be looked at. ``Path.exists`` and ``Path.is_file`` of Python 3.14 hide that.
    """
    try:
        return file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def draft(file: Path, data: bytes, ready: Callable[[int], None] | None = None, folder: int | None = None) -> Path:
    """Write a new file beside another one and return its path. Only this user may read it (mode 0600). Raises OSError.

    ``ready`` may set other rights of the open file, whose descriptor it gets. ``folder`` is the descriptor of the open
    folder from which relative paths count, by default the working directory. The data are on the disk afterwards: a
    file that was moved into its place must not be empty after a crash of the machine.
    """
    beside = file.with_name(f".{file.name[:50]}.{secrets.token_hex(8)}")
    # O_EXCL: nobody else can have put a file or a link there before.
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            if ready:
                ready(handle)
            os.fsync(handle)
    except BaseException:
        os.unlink(beside, dir_fd=folder)
        raise
    return beside


def replace(file: Path, data: bytes, ready: Callable[[int], None] | None = None, folder: int | None = None) -> None:
    """Replace a file in one step, as ``draft`` writes it. Raises OSError."""
    beside = draft(file, data, ready, folder)
    try:
        os.replace(beside, file, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(beside, dir_fd=folder)
        raise
