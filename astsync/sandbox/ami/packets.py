"""Bytes of a client to packets of AMI, with Asterisk's limits on lines and headers."""

from dataclasses import dataclass
from enum import Enum

from astsync.sandbox.ami.dialects import Dialect

Headers = dict[bytes, bytes]
"""The headers of a packet by lower-case name; of a duplicate the first."""

_BUFFER = 1024
"""The size of Asterisk's line buffer. A line must fit in it with CR LF: 1022 bytes without them."""
_BLANKS = bytes(range(1, 33))


class ParseFailure(Enum):
    """Why a packet is not executed: the text of its Error."""

    NONE = ""
    LONG_LINE = "Failed to parse message: line too long"
    MANY_LINES = "Too many lines in message or allocation failure"


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet: its lines without line ends, and why it cannot be executed."""

    lines: list[bytes]
    failure: ParseFailure = ParseFailure.NONE

    def headers(self) -> Headers:
        """Read the headers. Names may have any case. Leading blanks of a value are dropped, trailing ones kept."""
        headers: Headers = {}
        for line in self.lines:
            name, colon, value = line.partition(b":")
            if colon:
                headers.setdefault(name.lower(), value.lstrip(_BLANKS))
        return headers

    def action(self, headers: Headers) -> bytes:
        """The first Action header that is not empty, else b""."""
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
        """Add received bytes; the packets that are now complete."""
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
        """Drop the buffer each time it is full without an LF.

        1.8 then executes the rest of the line: a too long Val is stored empty, with Success.
        """
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
