"""Small files, read within bounds: a name may lead to a pipe that nobody writes to, or to a device without end."""

import errno
import os
import select
import time
from pathlib import Path

from astsync.language import say

LARGEST_CONFIGURATION = 4 * 1024 * 1024
"""Bytes; the configuration of a thousand PBXs takes some 200 KB."""

LARGEST_SECRET = 64 * 1024
"""Bytes."""

_WAITS = 5.0
"""Seconds in all that a pipe may take, as that of a program which prints a secret."""


def read_bounded(path: Path, most: int) -> str:
    """The text of a file of at most so many bytes, or of a pipe that is written and closed within 5 seconds.

    Raises OSError, whose ``strerror`` says why, and UnicodeDecodeError for what is not UTF-8.
    """
    # Without O_NONBLOCK opening a pipe waits for its writer, perhaps for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        data = _read(descriptor, most)
    finally:
        os.close(descriptor)
    return data.decode("utf-8-sig")


def _read(descriptor: int, most: int) -> bytes:
    data = bytearray()
    end = time.monotonic() + _WAITS
    while block := _next(descriptor, end, most + 1 - len(data)):
        data += block
        if len(data) > most:
            raise OSError(errno.EFBIG, say("it holds more than {size:,} KiB", size=most // 1024))
    return bytes(data)


def _next(descriptor: int, end: float, size: int) -> bytes:
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    # A pipe that nobody has opened to write is not ready; reading it would look like its end.
    if not waiting.poll(max(end - time.monotonic(), 0) * 1000):
        raise OSError(errno.ETIMEDOUT, say("it is a pipe, and its writer did not end within 5 s"))
    return os.read(descriptor, size)
