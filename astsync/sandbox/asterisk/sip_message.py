"""SIP messages as far as a phone of the sandbox needs them: requests and answers over UDP, names in addresses."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_BETWEEN_HEADERS = re.compile(r"\r\n(?![ \t])")


@dataclass(frozen=True)
class SipMessage:
    """A request or an answer. ``first`` is its first line; the names of ``headers`` are in small letters, in order."""

    first: str
    headers: tuple[tuple[str, str], ...]

    @property
    def method(self) -> str:
        """The method of a request; "SIP/2.0" of an answer."""
        return self.first.partition(" ")[0]

    @property
    def status(self) -> int:
        """The status of an answer, 0 for a request."""
        found = re.match(r"SIP/2\.0 (\d{3}) ", f"{self.first} ")
        return int(found[1]) if found else 0

    def all(self, name: str) -> list[str]:
        """The values of a header, none where it is absent."""
        return [value for each, value in self.headers if each == name.lower()]

    def get(self, name: str) -> str:
        """The first value of a header, "" where it is absent."""
        return next(iter(self.all(name)), "")

    def shown_name(self, header: str = "from") -> str:
        """The display name of an address header, without its quotes and escapes; "" where there is none."""
        return display_name(self.get(header))


def display_name(address: str) -> str:
    """The display name of ``"a \\"b\\"" <sip:…>`` or ``a <sip:…>``."""
    quoted = re.match(r'\s*"((?:[^"\\]|\\.)*)"', address)
    if quoted:
        return re.sub(r"\\(.)", r"\1", quoted[1])
    return address.partition("<")[0].strip() if "<" in address else ""


def quoted_name(name: str) -> str:
    """A display name as it is written before an address: quoted, its quotes and backslashes escaped."""
    escaped = re.sub(r'(["\\])', r"\\\1", name)
    return f'"{escaped}"' if name else ""


def read_message(packet: bytes) -> SipMessage | None:
    """A message from a packet of UDP; None where it holds none, as the packets that keep a path open."""
    head = packet.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    first, *lines = _BETWEEN_HEADERS.split(head)
    if "SIP/2.0" not in first:
        return None
    pairs = (line.partition(":")[::2] for line in lines)
    return SipMessage(first, tuple((name.strip().lower(), value.strip()) for name, value in pairs))


def packet(first: str, headers: Iterable[tuple[str, str]], body: str = "") -> bytes:
    """The bytes of a message, with the lengths and the type of its body."""
    content = body.encode()
    typed = (("Content-Type", "application/sdp"),) if content else ()
    every = (*headers, *typed, ("Content-Length", str(len(content))))
    lines = (first, *(f"{name}: {value}" for name, value in every), "", "")
    return "\r\n".join(lines).encode() + content


def offer(host: str) -> str:
    """The description of a call's sound: there is none, and nobody listens."""
    return f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n"
