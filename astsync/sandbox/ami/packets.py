"""The reading side of AMI: bytes to messages, with Asterisk's limits on lines and headers."""

from dataclasses import dataclass
from enum import Enum

from astsync.sandbox.ami.dialects import Dialect

Headers = dict[bytes, bytes]
"""A message's headers by lower-case name; the first of a duplicate."""

_BUFFER = 1024
"""Asterisk's line buffer: a line and its LF must fit in it, so 1022 bytes and CR LF."""
_BLANKS = bytes(range(1, 33))


class ParseFailure(Enum):
    """Why a message is not executed."""

    NONE = ""
    LONG_LINE = "Failed to parse message: line too long"
    MANY_LINES = "Too many lines in message or allocation failure"


@dataclass(frozen=True, slots=True)
class Packet:
    """A message: its lines without their ends."""

    lines: list[bytes]
    failure: ParseFailure = ParseFailure.NONE

    def headers(self) -> Headers:
        """Read the headers: names of any case, leading blanks of a value dropped, trailing ones kept."""
        headers: Headers = {}
        for line in self.lines:
            name, colon, value = line.partition(b":")
            if colon:
                headers.setdefault(name.lower(), value.lstrip(_BLANKS))
        return headers

    def action(self, headers: Headers) -> bytes:
        """Give the first Action header that is not empty, or b""."""
        return headers.get(b"action") or self._later_action()

    def _later_action(self) -> bytes:
        named = (line.partition(b":") for line in self.lines)
        values = (value.lstrip(_BLANKS) for name, _, value in named if name.lower() == b"action")
        return next(filter(None, values), b"")


class PacketReader:
    """Cuts a stream of bytes into packets.

    LF alone ends a line, CR before it is dropped, NUL ends the text of a line, a line without text ends the packet.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._rest = b""
        self._lines: list[bytes] = []
        self._long = False
        self._many = False

    def feed(self, data: bytes) -> list[Packet]:
        """Take bytes as they came; give the packets that they complete."""
        *pieces, rest = (self._rest + data).split(b"\n")
        packets: list[Packet] = []
        for piece in pieces:
            line = self._line(piece)
            if not line:
                packets.append(self._packet())
            elif len(self._lines) < self._dialect.header_limit:
                self._lines.append(line)
            else:
                self._many = True
        self._rest = self._discard(rest) if len(rest) >= _BUFFER else rest
        return packets

    def _line(self, piece: bytes) -> bytes:
        if len(piece) >= _BUFFER:
            piece = self._discard(piece)
        if piece.endswith(b"\r"):
            piece = piece[:-1]
        return piece.partition(b"\0")[0] if b"\0" in piece else piece

    def _discard(self, piece: bytes) -> bytes:
        """Drop what fills the buffer without an LF in it, as often as it fills."""
        self._long = True
        while len(piece) >= _BUFFER:
            piece = piece[_BUFFER - self._dialect.long_line_keeps :]
        return piece

    def _packet(self) -> Packet:
        packet = Packet(self._lines, self._failure())
        self._lines = []
        return packet

    def _failure(self) -> ParseFailure:
        if self._many:
            self._many = False
            if self._dialect.header_overflow_is_error:
                return ParseFailure.MANY_LINES
        if self._long:
            self._long = False
            if self._dialect.long_line_is_error:
                return ParseFailure.LONG_LINE
        return ParseFailure.NONE
