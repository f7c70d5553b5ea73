"""The bytes of a file that is whole: bounded, regular, and the same at the end as at the start."""

import os
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from astsync.errors import (
    SourceBadAnswer,
    SourceError,
    SourceFailure,
    SourceNotFound,
    SourceRightsError,
    SourceUnreachable,
)
from astsync.text import one_line

STANDARD_INPUT = Path("-")

LARGEST_FILE = 2 * 1024**3
"""Bytes; a million counterparties take some 200 MB."""

_BLOCK = 1 << 20
_TOO_LARGE = "Export only the counterparties and the columns that are needed."
_GIVE = "Give the list: astsync sync < contacts.csv"
_COMPLETE = "Export it under another name and rename it when it is complete, or run astsync later."


@dataclass(frozen=True, slots=True)
class Content:
    """An open file: ``name`` for messages, its size in bytes and its age in seconds (None on standard input)."""

    stream: IO[bytes]
    name: str
    size: int
    age: float | None = None


def name_of(path: Path) -> str:
    """A file's name without its folder, which may tell more than a report should."""
    return "standard input" if path == STANDARD_INPUT else one_line(path.name)


@contextmanager
def opened(path: Path) -> Iterator[Content]:
    """Open a file, or copy standard input to a temporary one.

    A file that an export writes at the same time may look whole: so its size and time are compared at the end.

    Raises SourceError: it is not there, may not be read, is no regular file, is empty, is larger than
    ``LARGEST_FILE``, or changed meanwhile.
    """
    with _spooled() if path == STANDARD_INPUT else _regular(path) as content:
        if not content.size:
            cure = f" {_GIVE}" if path == STANDARD_INPUT else ""
            raise SourceBadAnswer(f"{content.name} is empty (0 bytes)", hint=f"See why the export wrote nothing.{cure}")
        try:
            yield content
        except OSError as error:
            raise SourceFailure(
                f"{content.name} cannot be read: {error.strerror or error}", hint="Check the disk or the share."
            ) from None


@contextmanager
def _regular(path: Path) -> Iterator[Content]:
    name = name_of(path)
    try:
        # Without O_NONBLOCK opening a FIFO waits for its writer, perhaps for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _not_opened(name, error) from None
    before = os.fstat(descriptor)
    try:
        _check(name, before)
    except SourceError:
        os.close(descriptor)
        raise
    with os.fdopen(descriptor, "rb") as stream:
        yield Content(stream, name, before.st_size, max(0.0, time.time() - before.st_mtime))
        after = os.fstat(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise SourceBadAnswer(f"{name} changed while it was read", hint=_COMPLETE)


def _not_opened(name: str, error: OSError | ValueError) -> SourceError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return SourceNotFound(
            f"there is no file {name}",
            hint="Check source.file.path (a relative path counts from the folder of the configuration file), "
            "and that the export ran.",
        )
    if isinstance(error, PermissionError):
        return SourceRightsError(
            f"{name} may not be read by this user",
            hint="Let the user that astsync runs as read the file and enter its folder.",
        )
    reason = error.strerror if isinstance(error, OSError) else error
    return SourceUnreachable(f"{name} cannot be opened: {reason}", hint="Check source.file.path.")


def _check(name: str, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise SourceBadAnswer(f"{name} is a folder", hint="Name the file itself in source.file.path.")
    if not stat.S_ISREG(status.st_mode):
        raise SourceBadAnswer(
            f"{name} is no regular file but a pipe or a device", hint='Give its data on standard input: path = "-".'
        )
    if status.st_size > LARGEST_FILE:
        raise _too_large(name)


def _too_large(name: str) -> SourceBadAnswer:
    return SourceBadAnswer(f"{name} is larger than {LARGEST_FILE // 1024**3} GiB", hint=_TOO_LARGE)


@contextmanager
def _spooled() -> Iterator[Content]:
    """Keep standard input in a temporary file, since XLSX is read from its end."""
    name = name_of(STANDARD_INPUT)
    given = _input(name)
    try:
        with tempfile.TemporaryFile() as stream:
            size = _copy(given, stream, name)
            stream.seek(0)
            yield Content(stream, name, size)
    except OSError as error:
        raise SourceFailure(
            f"{name} cannot be kept in a temporary file: {error.strerror or error}",
            hint="Free the disk of TMPDIR, or name a file in source.file.path.",
        ) from None


def _input(name: str) -> BinaryIO:
    if sys.stdin is None or sys.stdin.closed:
        raise SourceUnreachable(f"{name} is closed", hint=_GIVE)
    if sys.stdin.isatty():
        raise SourceUnreachable(f"{name} is a terminal", hint=_GIVE)
    return sys.stdin.buffer


def _copy(given: BinaryIO, stream: IO[bytes], name: str) -> int:
    size = 0
    while block := given.read(_BLOCK):
        size += len(block)
        if size > LARGEST_FILE:
            raise _too_large(name)
        stream.write(block)
    return size
