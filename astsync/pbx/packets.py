"""AMI's packets as bytes: taking them out of a stream, reading their headers, building actions that are safe to send.

AMI is 8-bit clean and ends lines with CR LF; a value may hold U+0085 or U+2028 in UTF-8, which ``str.splitlines``
would split at, so everything here works on bytes (Asterisk main/manager.c).
"""

import re

from astsync.errors import UnsafeValue

END_OF_PACKET = b"\r\n\r\n"
END_OF_COMMAND = b"--END COMMAND--"
LINE_LIMIT = 1022
"""Bytes of a line without its CR LF: the most that every Asterisk from 1.8 to 22 reads (main/manager.c, inbuf)."""

_FOLLOWS = b"Response: Follows"
_UNSAFE = re.compile("[\r\n\0]")
_ASTERISK_SPELLING = b"\r\nActionID: "
_ACTION_ID = re.compile(rb"^ActionID: *([^\r\n]*)", re.IGNORECASE | re.MULTILINE)


class PacketReader:
    """Cuts a stream of bytes into packets, in time linear in the bytes however large a packet is.

    The end of a packet is searched only in what is new, and three bytes before it: it may lie across two pieces.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._follows: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        """Take more bytes; return the packets that are now whole, without the empty line at their end."""
        seen = max(len(self._buffer) - len(END_OF_PACKET) + 1, 0)
        self._buffer += data
        end = self._buffer.rfind(END_OF_PACKET, seen)
        if end < 0:
            return []
        whole = bytes(memoryview(self._buffer)[:end])
        del self._buffer[: end + len(END_OF_PACKET)]
        packets = whole.split(END_OF_PACKET)
        if not self._follows and _FOLLOWS not in whole:
            return packets
        return [joined for packet in packets if (joined := self._join(packet)) is not None]

    def _join(self, packet: bytes) -> bytes | None:
        """Keep the raw output of a command together: until Asterisk 13 only ``--END COMMAND--`` ends it."""
        if not self._follows and not packet.startswith(_FOLLOWS):
            return packet
        self._follows.append(packet)
        if not packet.endswith(END_OF_COMMAND):
            return None
        joined = END_OF_PACKET.join(self._follows)
        self._follows.clear()
        return joined


def action_id(packet: bytes) -> bytes | None:
    """A packet's ActionID, or None: some errors of Asterisk carry none."""
    at = packet.find(_ASTERISK_SPELLING)  # how Asterisk writes it, a fifth faster than the expression
    if at >= 0:
        start = at + len(_ASTERISK_SPELLING)
        end = packet.find(b"\r\n", start)
        return packet[start:end] if end >= 0 else packet[start:]
    match = _ACTION_ID.search(packet)
    return match[1] if match else None


def headers(packet: bytes) -> dict[str, str]:
    """Read a packet's headers, the first of a duplicate wins; bytes that are not UTF-8 become surrogate escapes."""
    found: dict[str, str] = {}
    for line in packet.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            found.setdefault(text(name), text(value.removeprefix(b" ")))
    return found


def command_output(packet: bytes) -> list[bytes]:
    """The lines that a ``Command`` printed: ``Output:`` headers since Asterisk 14, raw lines before."""
    if packet.startswith(_FOLLOWS):
        lines = packet.replace(b"\r\n", b"\n").split(b"\n")
        start = next((i for i, line in enumerate(lines) if not _is_preamble(line)), len(lines))
        return [line for line in lines[start:] if line != END_OF_COMMAND]
    mark = b"Output: "
    return [line[len(mark) :] for line in packet.split(b"\r\n") if line.startswith(mark)]


def _is_preamble(line: bytes) -> bool:
    return line.startswith((_FOLLOWS, b"Privilege: ", b"ActionID: "))


def text(value: bytes) -> str:
    """Decode what Asterisk holds. Bytes that are not UTF-8 become surrogate escapes, and go back unchanged.

    So a foreign entry in another encoding can be compared, and put back by ``undo`` to the last byte.
    """
    return value.decode("utf-8", "surrogateescape")


def header(name: str, value: str) -> bytes:
    """Build one header line with its CR LF.

    Raises UnsafeValue for what would break out of the line or be cut: CR, LF, NUL (Asterisk ends a line at LF and a
    string at NUL), a line over 1022 bytes, text that no encoding of Asterisk's can hold, and for a blank at the start,
    which Asterisk drops (main/manager.c, ast_skip_blanks): a key that has one would name another entry.
    """
    if _UNSAFE.search(value):
        raise UnsafeValue(f"{name}: a line break or NUL in {value[:60]!r} cannot be sent over AMI")
    if value[:1] and value[0] <= " ":
        raise UnsafeValue(
            f"{name}: AMI drops the blank at the start of {value[:60]!r}", hint="Change it on the PBX's own console."
        )
    try:
        line = f"{name}: {value}".encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise UnsafeValue(f"{name}: {value[:60]!r} is not text that UTF-8 can hold") from None
    if len(line) > LINE_LIMIT:
        raise UnsafeValue(
            f"{name}: a line of {len(line)} bytes is over AMI's {LINE_LIMIT}", hint="Lower names.max_length."
        )
    return line + b"\r\n"
