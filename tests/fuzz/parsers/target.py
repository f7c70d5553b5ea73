"""A target of the fuzz, and what the plays of all share."""

import os
import random
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from astsync.config import FieldsConfig
from astsync.errors import AstsyncError, SourceError
from astsync.phonebook.model import Counterparty
from astsync.sources.formats import values
from astsync.sources.records.reader import RecordReader

Play = Callable[[bytes], object]
_FIELDS = FieldsConfig()
WHERE = "the fuzz"


@dataclass(frozen=True)
class Target:
    """One way in. ``rooms`` are the modules of ``astsync`` that it is about; ``share`` of all inputs are its own.

    ``errors`` are those that its parsers document. ``tokens`` are pieces of its format.
    """

    name: str
    play: Play
    seeds: Callable[[], Sequence[bytes]]
    rooms: tuple[str, ...]
    errors: tuple[type[Exception], ...] = (SourceError,)
    tokens: tuple[bytes, ...] = ()
    share: float = 1.0


def chance_of(data: bytes) -> random.Random:
    """Chance that depends on the bytes alone, so that an input fails again when it is played alone."""
    return random.Random(zlib.crc32(data))


def in_pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def same_in_pieces(data: bytes, chance: random.Random, read: Callable[[Iterable[bytes]], object]) -> object:
    """Read the bytes whole, and now and then in small pieces too: both must give the same, or both an error."""
    if chance.random() < 0.75:
        return read([data])
    whole, parts = (_outcome(read, pieces) for pieces in ([data], in_pieces(data, 1 + int(chance.random() * 40))))
    assert whole == parts, f"in pieces {parts!a}, whole {whole!a}"
    return read([data])


def outcome(act: Callable[[], object]) -> object:
    """What it gives, or which error it raises."""
    try:
        return act()
    except AstsyncError as error:
        return type(error), error.message


def _outcome(read: Callable[[Iterable[bytes]], object], pieces: Iterable[bytes]) -> object:
    try:
        return repr(read(pieces))  # NaN is not equal to itself
    except AstsyncError:
        return "refused"  # of several faults the pieces may show another one first


def check_counterparty(one: Counterparty) -> None:
    """Check what every source owes: valid Unicode, bounded."""
    texts = [one.ref, one.name, one.catalog, one.code]
    for phone in one.phones:
        texts += [*phone.texts, phone.kind, phone.fault, *(phone.parts or ())]
    for text in texts:
        text.encode()
    assert len(one.name) <= values.MAX_TEXT
    assert len(one.ref) <= values.MAX_TEXT


def counterparties(records: Iterable[object], fields: FieldsConfig = _FIELDS) -> int:
    reader, count = RecordReader(fields, WHERE), 0
    for record in records:
        one = record if isinstance(record, Counterparty) else reader.read(record)
        if one is not None:
            check_counterparty(one)
            count += 1
    return count


def check_error(error: Exception) -> None:
    """Check that an error has words. Those of a source are bounded and clean; of others whoever prints takes care."""
    if isinstance(error, AstsyncError):
        assert error.message, type(error)
    if isinstance(error, SourceError):
        words = error.message + error.hint
        words.encode()
        assert not {c for c in words if ord(c) < ord(" ") and c != "\n"}, f"{words!a}"


_FOLDERS: list[Path] = []


def folder() -> Path:
    """A folder for the files of the plays; ``folder_of_targets`` makes it."""
    return _FOLDERS[-1]


@contextmanager
def folder_of_targets() -> Iterator[None]:
    """Give the targets of this process a folder, in memory where the machine has such a place."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="astsync-fuzz-", dir=place) as made:
        _FOLDERS.append(Path(made))
        try:
            yield
        finally:
            _FOLDERS.pop()


def written(name: str, data: bytes) -> Path:
    path = folder() / name
    path.write_bytes(data)
    return path
