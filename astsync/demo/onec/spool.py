"""Long bodies of the stand-in 1C, kept on the disk."""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack

_PIECE = 256 * 1024


class Spool:
    """Long bodies, written once into files without a name: they cost no memory, and the second asker does not wait."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[object, int, int]] = {}
        self._files = ExitStack()

    def body(self, name: str, version: object, write: Callable[[], Iterable[bytes]]) -> tuple[Iterator[bytes], int]:
        """Give a body's pieces and its length; it is written anew when its ``version`` is another.

        The former file stays open until ``close``: somebody may still be reading it.
        """
        kept = self._kept.get(name)
        if kept is None or kept[0] != version:
            kept = self._kept[name] = (version, *self._file(write()))
        _, number, length = kept
        return _pieces(number, length), length

    def _file(self, pieces: Iterable[bytes]) -> tuple[int, int]:
        """Write a file without a name; gives its descriptor and its length."""
        with tempfile.TemporaryFile() as file:
            length = sum(file.write(piece) for piece in pieces)
            file.flush()
            number = os.dup(file.fileno())
        self._files.callback(os.close, number)
        return number, length

    def close(self) -> None:
        """Let go of the files."""
        self._kept.clear()
        self._files.close()


def _pieces(number: int, length: int) -> Iterator[bytes]:
    return (os.pread(number, _PIECE, place) for place in range(0, length, _PIECE))
