"""The bytes of a file that is whole: bounded, regular, and the same at the end as at the start."""

import io
import os
import select
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

from astsync.errors import (
    SourceBadAnswer,
    SourceError,
    SourceFailure,
    SourceNotFound,
    SourceRightsError,
    SourceUnreachable,
)
from astsync.language import joined, say
from astsync.stopping import NEVER, Stopping
from astsync.text import one_line

STANDARD_INPUT = Path("-")

LARGEST_FILE = 2 * 1024**3
"""Bytes; a million counterparties take some 200 MB."""

_BLOCK = 1 << 20
_SLICE = 1.0
"""Seconds after which a wait for standard input looks whether the run must end."""

_TOO_LARGE = say("Export only the counterparties and the columns that are needed.")
_GIVE = say("Give the list: astsync sync < contacts.csv")
_COMPLETE = say("Export it under another name and rename it when it is complete, or run astsync later.")
_WROTE_NOTHING = say("See why the export wrote nothing.")
_NOT_THERE = say(
    "Check source.file.path (a relative path counts from the folder of the configuration file), and that the export "
    "ran."
)
_CHECK_PATH = say("Check source.file.path.")


@dataclass(frozen=True, slots=True)
class Content:
    """An open file: ``name`` for messages, its size in bytes and its age in seconds (None on standard input)."""

    stream: IO[bytes]
    name: str
    size: int
    age: float | None = None


def name_of(path: Path) -> str:
    """A file's name without its folder, which may tell more than a report should."""
    return say("standard input") if path == STANDARD_INPUT else one_line(path.name)


@contextmanager
def opened(path: Path, stopping: Stopping = NEVER) -> Iterator[Content]:
    """Open a file, or copy standard input to a temporary one.

    A file that an export writes at the same time may look whole: so its size and time are compared at the end.

    Nothing more is read once the run must end (``stopping``), and no pipe is waited for longer. One thing cannot be
    interrupted: the reading from a network folder whose server is gone. The system lets it wait until that is back,
    unless the folder is mounted with ``soft``.

    Raises SourceError: it is not there, may not be read, is no regular file, is empty, is larger than
    ``LARGEST_FILE``, changed meanwhile, or was not read whole when the run had to end.
    """
    with _spooled(stopping) if path == STANDARD_INPUT else _regular(path, stopping) as content:
        if not content.size:
            cure = joined(" ", (_WROTE_NOTHING, _GIVE)) if path == STANDARD_INPUT else _WROTE_NOTHING
            raise SourceBadAnswer(say("{file} is empty (0 bytes)", file=content.name), hint=cure)
        try:
            yield content
        except OSError as error:
            raise SourceFailure(
                say("{file} cannot be read: {reason}", file=content.name, reason=error.strerror or str(error)),
                hint=say("Check the disk or the share."),
            ) from None


@contextmanager
def _regular(path: Path, stopping: Stopping) -> Iterator[Content]:
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
    with io.BufferedReader(_Heeding(descriptor, name, stopping)) as stream:
        yield Content(stream, name, before.st_size, max(0.0, time.time() - before.st_mtime))
        after = os.fstat(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise SourceBadAnswer(say("{file} changed while it was read", file=name), hint=_COMPLETE)


def _not_opened(name: str, error: OSError | ValueError) -> SourceError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return SourceNotFound(
            say("there is no file {file}", file=name),
            hint=_NOT_THERE,
        )
    if isinstance(error, PermissionError):
        return SourceRightsError(
            say("{file} may not be read by this user", file=name),
            hint=say("Let the user that astsync runs as read the file and enter its folder."),
        )
    reason = str(error.strerror if isinstance(error, OSError) else error)
    return SourceUnreachable(say("{file} cannot be opened: {reason}", file=name, reason=reason), hint=_CHECK_PATH)


def _check(name: str, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise SourceBadAnswer(
            say("{file} is a folder", file=name), hint=say("Name the file itself in source.file.path.")
        )
    if not stat.S_ISREG(status.st_mode):
        raise SourceBadAnswer(
            say("{file} is no regular file but a pipe or a device", file=name),
            hint=say('Give its data on standard input: path = "-".'),
        )
    if status.st_size > LARGEST_FILE:
        raise _too_large(name)


def _too_large(name: str) -> SourceBadAnswer:
    words = say("{file} is larger than {limit:,} GiB", file=name, limit=LARGEST_FILE // 1024**3)
    return SourceBadAnswer(words, hint=_TOO_LARGE)


@contextmanager
def _spooled(stopping: Stopping) -> Iterator[Content]:
    """Keep standard input in a temporary file, since XLSX is read from its end."""
    name = name_of(STANDARD_INPUT)
    given = _input(name)
    try:
        with tempfile.TemporaryFile() as stream:
            size = _copy(given, stream, name, stopping)
            stream.seek(0)
            with io.BufferedReader(_Heeding(os.dup(stream.fileno()), name, stopping)) as kept:
                yield Content(kept, name, size)
    except OSError as error:
        raise SourceFailure(
            say(
                "{file} cannot be kept in a temporary file: {reason}",
                file=name,
                reason=error.strerror or str(error),
            ),
            hint=say("Free the disk of TMPDIR, or name a file in source.file.path."),
        ) from None


def _input(name: str) -> BinaryIO:
    if sys.stdin is None or sys.stdin.closed:
        raise SourceUnreachable(say("{file} is closed", file=name), hint=_GIVE)
    if sys.stdin.isatty():
        raise SourceUnreachable(say("{file} is a terminal", file=name), hint=_GIVE)
    return sys.stdin.buffer


def _copy(given: BinaryIO, stream: IO[bytes], name: str, stopping: Stopping) -> int:
    size = 0
    while block := _block(given, name, stopping):
        size += len(block)
        if size > LARGEST_FILE:
            raise _too_large(name)
        stream.write(block)
    return size


def _block(given: BinaryIO, name: str, stopping: Stopping) -> bytes:
    """Wait for some bytes, but no longer than the run may; none at the end."""
    while not stopping.is_set():
        ready, _, _ = select.select([given], [], [], stopping.left(_SLICE))
        if ready:
            return os.read(given.fileno(), _BLOCK)
    raise _run_is_over(name)


class _Heeding(io.FileIO):
    """A file of which nothing more is read once the run must end."""

    def __init__(self, descriptor: int, name: str, stopping: Stopping) -> None:
        super().__init__(descriptor)
        self._told_name, self._stopping = name, stopping

    def readinto(self, buffer: Any) -> int:
        if self._stopping.is_set():
            raise _run_is_over(self._told_name)
        return super().readinto(buffer)


def _run_is_over(name: str) -> SourceUnreachable:
    return SourceUnreachable(
        say("{file} was not read whole when the run had to end", file=name),
        hint=say("See why it comes so slowly: the program that writes it, or the network folder that it stands in."),
    )
