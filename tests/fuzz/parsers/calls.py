"""The plays of those who ask at the moment of the call."""

import io
import re
from collections.abc import Callable, Iterable

from astsync.calls.cdr_file import backward, forward
from astsync.calls.cdr_layout import LONGEST_LINE
from astsync.calls.cdr_lines import CdrLines
from astsync.calls.gathering import QUIET, Gathering
from astsync.calls.model import CallResult, Direction
from astsync.calls.record import CallRecord
from astsync.calls.recording import file_name
from astsync.calls.records import calls_of
from astsync.calls.tracker import House
from astsync.lookup.agi import MOST_BYTES, MOST_NUMBER, AgiReader, BadAgi, HungUp, set_variable
from astsync.lookup.answers import BadRequest
from astsync.lookup.callers import CallerKind, CallerReader
from astsync.lookup.web import number_asked
from astsync.phonebook.numbers.parser import NumberParser
from astsync.setup.past_calls.figures import figures_of
from astsync.setup.past_calls.incoming import IncomingCalls
from tests.agi_commands import words
from tests.fuzz.parsers.target import chance_of, same_in_pieces


def _read(pieces: Iterable[bytes], begin: Callable[[AgiReader, bytes], object]) -> object:
    """What a reader tells of the first thing that is to come, and whether more follows it than may."""
    reader, told = AgiReader(), None
    try:
        for piece in pieces:
            if told is None:
                told = begin(reader, piece)
            else:
                reader.interrupted(piece)
    except (BadAgi, HungUp) as end:
        return type(end).__name__
    return told


def _variables(pieces: Iterable[bytes]) -> object:
    return _read(pieces, AgiReader.environment)


def _answer(pieces: Iterable[bytes]) -> object:
    return _read(pieces, lambda reader, piece: reader.answered(piece) or None)


def agi_client(data: bytes) -> object:
    """The variables, or an answer; in pieces too."""
    chance, told = chance_of(data), []
    for read in (_variables, _answer):
        if len(data) < MOST_BYTES:  # else the pieces are refused earlier
            same_in_pieces(data, chance, read)
        told.append(str(read([data])))
    assert len(told[0]) <= 4 * MOST_NUMBER
    name = data.decode("utf-8", "replace")
    assert len(words(set_variable("CALLERID(name)", name))[3].decode()) <= len(name)
    return [each[:6] for each in told]


def web_client(data: bytes) -> object:
    """The target of a request."""
    try:
        number = number_asked(data.decode("utf-8", "surrogateescape"))
    except BadRequest as fault:
        return fault.status, fault.reason
    number.encode()
    return len(number) > 10


_CALLERS = [
    CallerReader(NumberParser(area_code="495")),
    CallerReader(NumberParser(country="UA", forms=("e164", "trunk", "national"))),
]


def caller(data: bytes) -> object:
    """A caller: digits that a key can have, or none; letters never become digits."""
    text = data.decode("utf-8", "surrogateescape")
    found = _CALLERS[chance_of(data).randrange(2)].read(text)
    assert (found.kind is CallerKind.NUMBER) == bool(found.number) == bool(found.keys)
    for key in (found.number, *found.keys):
        assert len(key) <= 15, key
        assert not key.strip("0123456789"), key
    assert not found.number or found.number[-4:] in re.sub(r"[^0-9]", "", text), found
    return found.kind, len(found.keys)


_HOUSE = House(
    lambda number: number.isdecimal() and len(number) < 6,
    lambda number: _CALLERS[0].read(number).number,
    ("userfield", "recordingfile"),
)


def _made_calls(records: list[CallRecord]) -> None:
    """Calls are made of any records: each once, and none longer than its times say."""
    gathering = Gathering()
    for at, record in enumerate(records):
        gathering.add(record, at)
    assert sum(map(len, gathering.quiet(len(records) + QUIET))) == len(records)
    calls = list(calls_of(records, "office", _HOUSE))
    assert len({call.id for call in calls}) == len(calls) <= len(records)
    for call in calls:
        assert call.rung or call.phone or call.direction is not Direction.INTERNAL
        assert (call.answered is None) == (call.result is not CallResult.ANSWERED)
        assert call.recording == file_name(call.recording)
        assert not set(call.recording) & set("/\\\r\n\0")


def call_records(data: bytes) -> object:
    """A file of call records, from both ends: the same lines; calls, and what a phonebook says of them."""
    ahead, back = list(forward(io.BytesIO(data))), list(backward(io.BytesIO(data)))
    assert [line for line in ahead if line] == [line for line in reversed(back) if line]
    assert all(len(line) <= LONGEST_LINE + 1 for line in ahead)
    lines = CdrLines(ahead[0] if ahead else b"")
    calls = IncomingCalls(_CALLERS[0].read, 5, keep_last=True)
    calls.add_all(map(lines.record, ahead[lines.has_header :]))
    assert calls.records + lines.unreadable <= len(ahead)
    assert len(calls.calls) <= min(5, calls.records)
    found = figures_of(calls.calls, {"74955550101": "x"}, NumberParser(area_code="495"))
    assert found.named <= found.in_book <= found.numbers <= found.calls == len(calls.calls)
    assert found.numbers + found.withheld + found.impossible + found.local == found.calls
    _made_calls([record for record in map(lines.record, ahead) if record is not None])
    return lines.has_header, calls.records > 0, found.numbers > 0, len(found.spellings)
