"""Where records of calls are, and how as many of them as are wanted are read: the newest, in a bounded memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from astsync.calls.cdr_file import backward, forward
from astsync.calls.cdr_lines import CdrLines
from astsync.errors import ConfigError
from astsync.language import say
from astsync.lookup.callers import CallerId
from astsync.setup.past_calls.incoming import IncomingCalls
from astsync.text import printable

USUAL = (Path("/var/log/asterisk/cdr-csv/Master.csv"), Path("/var/log/asterisk/cdr-custom/Master.csv"))
"""Where Asterisk of this machine writes its records."""

WHERE = say(
    "From another machine: `ssh PBX cat /var/log/asterisk/cdr-csv/Master.csv | astsync check --calls 500 --cdr -`.\n"
    "FreePBX and Issabel: save the CSV of their CDR report, and name it with --cdr.\n"
    "MikoPBX: `sqlite3 -header -csv cdr.db 'SELECT * FROM cdr_general'`, also to --cdr.\n"
    "Without records: `astsync check --calls 50 --listen 30m` watches the calls that come now."
)
"""How records come to this machine."""


@dataclass(frozen=True, slots=True)
class CallsRead:
    """The calls from outside, where they are from, and how many lines were no records."""

    calls: IncomingCalls
    place: str
    unreadable: int = 0


def usual_file() -> Path:
    """The records of an Asterisk of this machine. Raises ConfigError where there are none."""
    for path in USUAL:
        try:
            if path.is_file():
                return path
        except OSError:
            continue
    raise ConfigError(say("there are no records of calls in {place} here", place=str(USUAL[0])), hint=WHERE)


def read_file(path: Path, read: Callable[[str], CallerId], most: int) -> CallsRead:
    """Read the newest calls of a file; ``read`` tells who a caller is. Raises ConfigError."""
    place = printable(str(path))
    try:
        with path.open("rb") as file:
            calls, lines = _seekable(file, read, most) if file.seekable() else _stream(file, read, most)
    except OSError as error:
        hint = say("Name a file that this user may read: Asterisk's own is often readable by its own user only.")
        raise ConfigError(say("cannot read {place}: {why}", place=place, why=error.strerror), hint=hint) from None
    return _checked(CallsRead(calls, place, lines.unreadable))


def read_stream(file: BinaryIO, read: Callable[[str], CallerId], most: int) -> CallsRead:
    """Read the newest calls of what comes, to its end. Raises ConfigError."""
    try:
        calls, lines = _stream(file, read, most)
    except OSError as error:
        raise ConfigError(say("cannot read standard input: {why}", why=error.strerror)) from None
    return _checked(CallsRead(calls, say("standard input"), lines.unreadable))


def _checked(found: CallsRead) -> CallsRead:
    if not found.calls.records and found.unreadable:
        hint = say(
            "astsync reads what cdr_csv and cdr_custom of Asterisk write, and CSV whose first line names its columns: "
            "src or clid, and better calldate and channel too."
        )
        raise ConfigError(say("{place} holds no records of calls", place=found.place), hint=hint)
    return found


def _seekable(file: BinaryIO, read: Callable[[str], CallerId], most: int) -> tuple[IncomingCalls, CdrLines]:
    """Read from the end on, until there are enough. An export, which names its columns, may begin with the newest."""
    first = next(forward(file), b"")
    lines = CdrLines(first)
    if lines.has_header:
        file.seek(0)
        return _stream(file, read, most)
    calls = IncomingCalls(read, most)
    calls.add_all(map(lines.record, backward(file)))
    return calls, lines


def _stream(file: BinaryIO, read: Callable[[str], CallerId], most: int) -> tuple[IncomingCalls, CdrLines]:
    """Read all, and keep the calls that came first and those that came last: the times tell which are the newest."""
    rows = forward(file)
    first = next(rows, b"")
    lines = CdrLines(first)
    head, tail = IncomingCalls(read, most), IncomingCalls(read, most, keep_last=True)
    first_start = last_start = None
    for line in rows if lines.has_header else _with(first, rows):
        record = lines.record(line)
        if record is None:
            continue
        first_start, last_start = first_start or record.start, record.start or last_start
        tail.add(record)
        if not head.full:
            head.add(record)
    descending = first_start is not None and last_start is not None and first_start > last_start
    return (head if descending else tail), lines


def _with(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
