"""Reads what a PBX wrote of calls (Master.csv) from its end back to a moment: the calls that nobody heard."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from astsync.calls.cdr_file import backward, forward
from astsync.calls.cdr_lines import CdrLines
from astsync.calls.channel_name import unique_seconds
from astsync.calls.model import PastCall
from astsync.calls.record import CallRecord
from astsync.calls.records import calls_of
from astsync.calls.tracker import House
from astsync.language import say
from astsync.text import printable

MOST_BYTES = 64 * 1024 * 1024
"""Bytes of the files that are read, some 250,000 records."""
EARLIER = 3_600.0
"""Seconds before the moment that are read too: a call has records from before its end."""
_ENOUGH = 50  # records in a row that ended earlier; a call of days may end between them
_ROUNDED = 2.0  # seconds: a record has whole ones
_TAIL = 64 * 1024  # bytes in which the last record is looked for
_PACKED = {".gz", ".xz", ".bz2", ".zst"}


@dataclass(frozen=True, slots=True)
class FoundCalls:
    """The calls that the records tell of. ``lacking`` is why some may be missing, "" where none are."""

    calls: tuple[PastCall, ...]
    lacking: str = ""


def read_records(path: Path, since: datetime, pbx: str, house: House) -> FoundCalls:
    """The calls of a PBX that ended since a moment, by its file of records."""
    reading = _Reading(since.timestamp() - EARLIER)
    try:
        reading.read(path)
    except OSError as error:
        if not reading.records:
            return FoundCalls((), _unreadable(path, error))
        reading.lacking = _unreadable(path, error)
    calls = tuple(
        call for call in calls_of(reading.records, pbx, house) if call.ended.timestamp() >= since.timestamp() - 2
    )
    return FoundCalls(calls, reading.lacking)


class _Reading:
    """Collects the records that ended after ``least``, in seconds since 1970."""

    def __init__(self, least: float) -> None:
        self.records: list[CallRecord] = []
        self.lacking = ""
        self._least, self._left = least, MOST_BYTES
        self._earlier = self._nameless = 0
        self._oldest = float("inf")

    def read(self, path: Path) -> None:
        """Read a file, and the one before it where it does not reach far enough. Raises OSError."""
        if self._read_one(path):
            return
        rotated = _rotated(path)
        if rotated is not None and rotated.suffix not in _PACKED and self._read_one(rotated):
            return
        place = printable(str(path))
        if self._nameless and not self.records:
            words = say("{place} has no Uniqueid: write loguniqueid=yes under [csv] of cdr.conf", place=place)
            self.lacking = words
        elif self._left <= 0:
            self.lacking = say("{place} has too many records of that time", place=place)
        elif rotated is not None and self._oldest > self._least + EARLIER:
            self.lacking = say("{place} does not reach back so far", place=place)

    def _read_one(self, path: Path) -> bool:
        """Read from the end back; whether that went far enough."""
        with path.open("rb") as file:
            lines = CdrLines(next(forward(file), b""))
            for line in self._backward(file):
                record = lines.record(line)
                if record is not None and self._take(record):
                    return True
        return False

    def _backward(self, file: BinaryIO) -> Iterator[bytes]:
        for line in backward(file, self._left):
            self._left -= len(line) + 1
            yield line

    def _take(self, record: CallRecord) -> bool:
        """Take a record; whether enough have ended earlier.

        When one ended is not told in UTC; but its channel began by its Uniqueid, and the record lasted so long.
        """
        seconds = unique_seconds(record.unique)
        if seconds is None or record.start is None or record.end is None:
            self._nameless += 1
            return False
        ended = seconds + max((record.end - record.start).total_seconds(), 0.0)
        self._oldest = min(self._oldest, ended)
        if ended < self._least:
            self._earlier += 1
            return self._earlier >= _ENOUGH
        self._earlier = 0
        self.records.append(record)
        return False


def _unreadable(path: Path, error: OSError) -> str:
    return say("{place} cannot be read: {why}", place=printable(str(path)), why=error.strerror or "")


def _rotated(path: Path) -> Path | None:
    """The file that was put away last, as logrotate does.

    None where none was: then the file holds all from the first call on.
    """
    files = [one for one in path.parent.iterdir() if one.name.startswith((f"{path.name}.", f"{path.name}-"))]
    return max(files, key=lambda one: one.stat().st_mtime, default=None)


def newest_record(path: Path) -> CallRecord | None:
    """The last record of a file, None where it has none. Raises OSError."""
    with path.open("rb") as file:
        lines = CdrLines(next(forward(file), b""))
        found = (lines.record(line) for line in backward(file, _TAIL))
        return next((record for record in found if record is not None), None)
