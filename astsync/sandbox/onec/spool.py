"""Keeps long answers of the stand-in 1C on the disk."""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack

_PIECE = 256 * 1024


class Spool:
    """Long bodies in one temporary file. They need no memory, and each is made only once for all requests."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[object, int, int]] = {}
        self._file: int | None = None
        self._end = 0
        self._open = ExitStack()

    def body(self, name: str, version: object, write: Callable[[], Iterable[bytes]]) -> tuple[Iterator[bytes], int]:
        """The pieces of a body and its length. ``write`` makes the body when its ``version`` has changed.

        The older version stays in the file until ``close``: a request may still be reading it.
        """
        file = self._opened()
        kept = self._kept.get(name)
        if kept is None or kept[0] != version:
            start = self._end
            for piece in write():
                self._end += os.write(file, piece)
            kept = self._kept[name] = (version, start, self._end)
        _, start, end = kept
        places = range(start, end, _PIECE)
        return (os.pread(file, min(_PIECE, end - place), place) for place in places), end - start

    def close(self) -> None:
        """Remove the file."""
        self._kept.clear()
        self._open.close()
        self._file, self._end = None, 0

    def _opened(self) -> int:
        if self._file is None:
            with tempfile.TemporaryFile(buffering=0) as file:
                self._file = os.dup(file.fileno())
            self._open.callback(os.close, self._file)
        return self._file
