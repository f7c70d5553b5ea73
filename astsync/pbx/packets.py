"""AMI's packets as bytes: taking them out of a stream, reading their headers, building actions that are safe to send.

AMI is 8-bit clean and ends lines with CR LF; a value may hold U+0085 or U+2028 in UTF-8, which ``str.splitlines``
would split at, so everything here works on bytes (Asterisk main/manager.c).
"""

import re
from collections.abc import Callable, Sequence
from itertools import chain, islice

from astsync.errors import PbxBadAnswer, UnsafeValue
from astsync.language import about, say
from astsync.pbx.bounds import LARGEST_PACKET, LONGEST_LINE, MOST_DIGITS, MOST_HEADERS
from astsync.phonebook.packed import as_bytes

END_OF_PACKET = b"\r\n\r\n"
END_OF_COMMAND = b"--END COMMAND--"
LINE_LIMIT = 1022
"""Bytes of a line without its CR LF: the most that every Asterisk from 1.8 to 22 reads (main/manager.c, inbuf)."""

_END_OF_LINE = b"\r\n"
_FOLLOWS = b"Response: Follows"
_RESPONSE = b"Response: "
_FOLLOWS_HEAD = re.compile(rb"Response: Follows\r\n(?:(?:Privilege|ActionID): [^\n]{0,300}\n){0,4}")
_LONGEST_USUAL = 250  # characters of a value; in UTF-8 they fit into a line
_LARGEST_USUAL = 4 * 1024  # bytes of a packet
_LONGEST_HEAD = 1_024  # bytes that stand before a command's output
_OUTPUT = b"\r\nOutput: "
_TAIL = len(END_OF_COMMAND + END_OF_PACKET)  # bytes that may be the beginning of the end of raw output
_USUAL_VALUES = re.compile(rb"(?:[^\0-\x20][^\r\n\0]{0,%d}+\0)*" % (4 * _LONGEST_USUAL - 1))
_AT_ONCE = 250  # packets that are built by one form; of more the form would be large, and each thread has its own
_UNSAFE = re.compile("[\r\n\0]")
_ASTERISK_SPELLING = b"\r\nActionID: "
_ACTION_ID = re.compile(rb"^ActionID: *([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_CARRIES = b"ChanVariable: "
_VARIABLE = re.compile(rb"(?m)^((?:Dest)?ChanVariable): ([^=\r\n]{1,80})=([^\r\n]*)")
_DIGITS = re.compile(rb"[0-9]{1,%d}" % MOST_DIGITS)


class Part(bytes):
    """A part of a command's output, under the head of the whole packet; the last part is plain bytes.

    ``fresh`` counts its bytes without that head.
    """

    fresh: int

    def __new__(cls, head: bytes, lines: bytes) -> "Part":
        """Join the head, which ends at a line's end or before one, and whole lines."""
        part = super().__new__(cls, head + lines)
        part.fresh = len(lines)
        return part


class PacketReader:
    """Cuts a stream of bytes into packets, in time linear in the bytes however large a packet is.

    The end of a packet is searched only in what is new, and three bytes before it: it may lie across two pieces.

    What a command prints is one packet, however long. It is given out in parts as they come, whole lines each, so no
    more than a line of it is kept. ``feed`` raises PbxBadAnswer for a line or a packet without end.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._raw_head: bytes | None = None  # of raw output, which has begun and not ended

    def feed(self, data: bytes, take_many: Callable[[bytes], int] | None = None) -> list[bytes]:
        """Take more bytes; return the packets that are now whole, without the empty line at their end.

        ``take_many`` is asked first. It is given bytes that begin with a packet, takes whole packets from their
        beginning and returns how many bytes these have; they are not returned any more.
        """
        if take_many is not None and self._raw_head is None and len(self._buffer) <= _LARGEST_USUAL:
            data = bytes(self._buffer) + data
            self._buffer.clear()
            data = data[take_many(data) :]
        seen = max(len(self._buffer) - len(END_OF_PACKET) + 1, 0)
        self._buffer += data
        packets: list[bytes] = []
        if self._buffer.find(END_OF_PACKET, seen) >= 0:
            whole = bytes(self._buffer)
            # From the left: of more line ends in a row the first ones count.
            *packets, rest = whole.split(END_OF_PACKET)
            self._buffer = bytearray(rest)
            if self._raw_head is not None or _FOLLOWS in whole:
                packets = [self._raw(packet) for packet in packets]
        if self._raw_head is not None or self._buffer.startswith(_RESPONSE):
            packets += self._begun()
        if len(self._buffer) > LONGEST_LINE:
            self._check_bounds()
        return packets

    def _raw(self, packet: bytes) -> bytes:
        """Tell what belongs to a command's raw output: until Asterisk 13 only ``--END COMMAND--`` ends it."""
        if self._raw_head is None:
            head = _FOLLOWS_HEAD.match(packet + _END_OF_LINE)
            if head is None:
                return packet
            self._raw_head, packet = head[0], packet[head.end() :]
        if not packet.endswith(END_OF_COMMAND):
            return Part(self._raw_head, packet)
        packet, self._raw_head = self._raw_head + packet, None
        return packet

    def _begun(self) -> list[bytes]:
        """Give out the whole lines of an output that has begun and not ended; its head stays for what follows."""
        if self._raw_head is None and self._buffer.startswith(_FOLLOWS):
            head = _FOLLOWS_HEAD.match(self._buffer)
            if head is None or self._buffer.find(b"\n", head.end()) < 0:  # the head may go on
                return []
            self._raw_head = head[0]
            del self._buffer[: head.end()]
        if self._raw_head is not None:
            return self._given(self._raw_head, 0, self._buffer.rfind(b"\n", 0, max(len(self._buffer) - _TAIL, 0)) + 1)
        start = self._buffer.find(_OUTPUT, 0, _LONGEST_HEAD)
        return self._given(bytes(self._buffer[:start]), start, self._buffer.rfind(_OUTPUT)) if start >= 0 else []

    def _given(self, head: bytes, start: int, end: int) -> list[bytes]:
        """Give out what stands between two places of the buffer, where there is anything."""
        if end <= start:
            return []
        part = Part(head, bytes(self._buffer[start:end]))
        del self._buffer[start:end]
        return [part]

    def _check_bounds(self) -> None:
        longest = len(self._buffer) - self._buffer.rfind(b"\n") - 1
        if longest > LONGEST_LINE:
            raise _endless(say("the PBX sends a line of more than {most:,} bytes: that has no end", most=LONGEST_LINE))
        if len(self._buffer) > LARGEST_PACKET:
            raise _endless(
                say("the PBX sends a packet of more than {most:,} bytes: that has no end", most=LARGEST_PACKET)
            )


def _endless(words: str) -> PbxBadAnswer:
    return PbxBadAnswer(
        words, hint=say("This is no AMI as Asterisk speaks it. Is another program on this port, or a proxy between?")
    )


def action_id(packet: bytes) -> bytes | None:
    """A packet's ActionID, or None: some errors of Asterisk carry none.

    In the entry of a list it is the last line; a value before it may hold anything, also such a line.
    """
    # How Asterisk writes it, a fifth faster than the expression.
    at = packet.rfind(_ASTERISK_SPELLING) if packet.startswith(b"Event:") else packet.find(_ASTERISK_SPELLING)
    if at >= 0:
        start = at + len(_ASTERISK_SPELLING)
        end = packet.find(b"\r\n", start)
        return packet[start:end] if end >= 0 else packet[start:]
    match = _ACTION_ID.search(packet)
    return match[1] if match else None


def number(digits: bytes | str) -> int | None:
    """The whole number that these digits are, None for anything else.

    A number with a sign, with digits of other alphabets or with thousands of them is none: no Asterisk says so.
    """
    data = digits.encode("utf-8", "surrogateescape") if isinstance(digits, str) else digits
    return int(data) if _DIGITS.fullmatch(data) else None


def headers(packet: bytes) -> dict[str, str]:
    """Read a packet's headers, the first of a duplicate wins; bytes that are not UTF-8 become surrogate escapes.

    Raises PbxBadAnswer for more than ``MOST_HEADERS`` of them.
    """
    found: dict[str, str] = {}
    lines = packet.split(b"\r\n", MOST_HEADERS)
    if len(lines) > MOST_HEADERS:
        raise _endless(say("the PBX sends a packet of more than {most:,} headers: that has no end", most=MOST_HEADERS))
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon:
            found.setdefault(text(name), text(value.removeprefix(b" ")))
    return found


def event_headers(packet: bytes) -> dict[str, str]:
    """Read the headers of an event, as ``headers`` does, and the variables of channels that it carries.

    A variable ``ChanVariable: NAME=VALUE`` is found under ``ChanVariable(NAME)``: there may be several.
    """
    found = headers(packet)
    if _CARRIES in packet:
        for header_name, variable, value in _VARIABLE.findall(packet):
            found.setdefault(f"{text(header_name)}({text(variable)})", text(value))
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
        words = say("a line break or NUL in {value!r} cannot be sent over AMI", value=value[:60])
        raise UnsafeValue(about(name, words))
    if value[:1] and value[0] <= " ":
        words = say("AMI drops the blank at the start of {value!r}", value=value[:60])
        raise UnsafeValue(about(name, words), hint=say("Change it on the PBX's own console."))
    try:
        line = f"{name}: {value}".encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise UnsafeValue(about(name, say("{value!r} is not text that UTF-8 can hold", value=value[:60]))) from None
    if len(line) > LINE_LIMIT:
        words = say("a line of {size} bytes is over AMI's {most}", size=len(line), most=LINE_LIMIT)
        raise UnsafeValue(about(name, words), hint=say("Lower names.max_length."))
    return line + b"\r\n"


class EntryAction:
    """An action on entries of AstDB, as bytes: one entry with every check, or hundreds at once.

    ``name`` is that of the action, ``before_key`` and ``before_value`` what stands between ActionID and key, and
    between key and value. ``headers`` makes the headers of one entry after ActionID, each with its CR LF, or raises
    UnsafeValue. It is for entries that are not as they usually are: a key of 1 to ``longest_key`` digits, and a value
    that begins with no blank, has no line break and no NUL, and is short. Those need not be looked at one by one.
    """

    def __init__(
        self,
        name: str,
        headers: Callable[[str, str], bytes],
        *,
        before_key: str,
        before_value: str,
        longest_key: int,
    ) -> None:
        self.name = name
        self._headers = headers
        self._before_key = before_key
        self._before_value = before_value
        value = rf"[^\0-\x20][^\r\n\0]{{0,{_LONGEST_USUAL - 1}}}+" if before_value else ""
        self._usual = re.compile(rf"(?:[0-9]{{1,{longest_key}}}+\n{value}\n)*")
        self._usual_keys = re.compile(rb"(?:[0-9]{1,%d}+\0)*" % longest_key)
        self._form = as_bytes(
            f"Action: {name}\r\nActionID: %d\r\n{before_key.replace('%', '%%')}%b"
            f"{before_value.replace('%', '%%')}%b\r\n\r\n"
        )
        self._forms = self._form * _AT_ONCE

    def one(self, identity: str, key: str, value: str) -> bytes:
        """Build one action. Raises UnsafeValue."""
        return b"Action: %b\r\nActionID: %b\r\n%b\r\n" % (
            self.name.encode(),
            identity.encode(),
            self._headers(key, value),
        )

    def many(self, identities: Sequence[str], entries: Sequence[tuple[str, str]]) -> bytes | None:
        """Build an action for each entry; None where one of them needs a look of its own.

        What is looked at is a line for each key and each value. There are as many line ends as keys and values, so none
        of these holds one.
        """
        lines = "\n".join(chain.from_iterable(entries)) + "\n"
        if lines.count("\n") != 2 * len(entries) or not self._usual.fullmatch(lines):
            return None
        start, before_key, before_value = f"Action: {self.name}\r\nActionID: ", self._before_key, self._before_value
        try:
            return "".join(
                [
                    f"{start}{identity}\r\n{before_key}{key}{before_value}{value}\r\n\r\n"
                    for identity, (key, value) in zip(identities, entries, strict=True)
                ]
            ).encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            return None

    def packed(self, identities: range, keys: Sequence[bytes], values: Sequence[bytes]) -> bytes | None:
        """The same, in a third of the time, of entries that are bytes and have a value.

        They are looked at with a NUL after each key and each value; a NUL inside would make one too many.
        """
        joined = (b"\0".join((*keys, b"")), b"\0".join((*values, b"")))
        if any(column.count(b"\0") != len(identities) for column in joined):
            return None
        if not self._usual_keys.fullmatch(joined[0]) or not _USUAL_VALUES.fullmatch(joined[1]):
            return None
        parts, every = list[bytes](), zip(identities, keys, values, strict=True)
        while some := tuple(chain.from_iterable(islice(every, _AT_ONCE))):
            form = self._forms if len(some) == 3 * _AT_ONCE else self._form * (len(some) // 3)
            parts.append(form % some)
        return b"".join(parts)


_SUCCESS = rb"Response: Success\r\nActionID: (0|[1-9][0-9]{0,%d}+)\r\nMessage: ([^\r]*+)\r\n\r\n" % (MOST_DIGITS - 1)
# No group is repeated possessively here: Python 3.11.2 (Debian 12) then counts half of what does not match, too.
_SUCCESSES = re.compile(rb"(?:%b)*" % _SUCCESS.replace(b"(", b"(?:"))
_CONFIRMED = re.compile(_SUCCESS)


def successes(data: bytes) -> tuple[list[tuple[int, bytes]], int]:
    """The answers at the beginning of these bytes that say Success as Asterisk does: their ActionIDs and messages.

    Returns their bytes too. What follows them is something else, or not whole.
    """
    found = _SUCCESSES.match(data)
    end = found.end() if found is not None else 0
    return [(int(identity), message) for identity, message in _CONFIRMED.findall(data, 0, end)], end


def confirmed(identities: range, message: bytes) -> bytes:
    """What an Asterisk that confirms all of these actions with these words sends, if there is nothing between."""
    head, tail = b"Response: Success\r\nActionID: ", b"\r\nMessage: %b\r\n\r\n" % message
    return head + (tail + head).join([b"%d" % one for one in identities]) + tail
