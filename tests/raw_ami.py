"""Bytes over AMI, as they are: a bare client for tests, and the replay of recorded exchanges."""

import hashlib
import re
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

FIXTURE = Path(__file__).parent / "fixtures" / "ami" / "exchanges.txt"
END = b"\r\n\r\n"
_MASKS = (
    (rb"(Timestamp|Uptime|LastReload|Challenge): [\d.]+", rb"\1: 0"),
    (rb"(Core\w+(?:Date|Time)): [\d:-]+", rb"\1: 0"),
    (rb"(AsteriskVersion: \d+)\S*", rb"\1"),
)


class Pbx(Protocol):
    """An AMI to talk to: the stand-in or a private Asterisk."""

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int: ...

    def secret_of(self, name: str) -> str: ...


class RawAmi:
    """A connection that sends what it is told and waits for so many packets."""

    def __init__(self, pbx: Pbx, *, timeout: float = 5) -> None:
        self._socket = socket.create_connection((pbx.host, pbx.port), timeout=timeout)
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def banner(self) -> bytes:
        return self._until(lambda data: data.find(b"\r\n") + 2 if b"\r\n" in data else 0)

    def packets(self, count: int = 1) -> bytes:
        """The next so many packets as one; raises TimeoutError or EOFError with what came."""

        def enough(data: bytes) -> int:
            ends = [match.end() for match in re.finditer(END, data)]
            return ends[count - 1] if len(ends) >= count else 0

        return self._until(enough)

    def ask(self, *lines: str | bytes, count: int = 1) -> bytes:
        """Send one action of these lines and give its answer."""
        self.send(packet(*lines))
        return self.packets(count)

    def rest(self) -> bytes:
        """All up to the end of the connection; raises TimeoutError while it stays open."""
        data = self._rest
        while chunk := self._socket.recv(1 << 16):
            data += chunk
        return data

    def is_silent(self, seconds: float = 0.1) -> bool:
        """Whether nothing more has come or comes within so many seconds."""
        if self._rest:
            return False
        self._socket.settimeout(seconds)
        try:
            self._rest += self._socket.recv(1 << 16)
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(5)
        return False

    def _until(self, length: "Length") -> bytes:
        while not (size := length(self._rest)):
            chunk = self._socket.recv(1 << 20)
            if not chunk:
                raise EOFError(self._rest)
            self._rest += chunk
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


class Length(Protocol):
    def __call__(self, data: bytes, /) -> int: ...


def packet(*lines: str | bytes) -> bytes:
    encoded = [line.encode() if isinstance(line, str) else line for line in lines]
    return b"\r\n".join([*encoded, b"", b""])


def login(pbx: Pbx, user: str = "astsync", events: str = "off") -> RawAmi:
    """A connection that is logged in; its first FullyBooted is not read."""
    ami = RawAmi(pbx)
    ami.banner()
    ami.ask("Action: Login", f"Username: {user}", f"Secret: {pbx.secret_of(user)}", f"Events: {events}")
    return ami


@dataclass
class Section:
    """A recorded exchange: how it starts, what was sent and what came back."""

    name: str
    opens: str = ""
    special: bool = False
    sent: bytes = b""
    received: bytes = b""


def read_sections(version: str) -> Iterator[Section]:
    """The recorded exchanges with Asterisk 1.8, 16 or 22."""
    for text in FIXTURE.read_text(encoding="ascii").split("\n## ")[1:]:
        name, *lines = text.splitlines()
        section = Section(name)
        for line in lines:
            kind, _, rest = line.partition(" ")
            if kind == "@":
                section.opens, section.special = rest.removesuffix(" *"), rest.endswith(" *")
            elif kind == ">":
                section.sent += _unescape(rest)
            elif kind.startswith("<") and version in (kind[1:] or version).split(","):
                section.received += _unescape(rest)
        yield section


def _unescape(text: str) -> bytes:
    return text.encode("ascii").decode("unicode_escape").encode("latin-1")


def masked(data: bytes) -> bytes:
    """Without what differs from run to run: times, challenges, a package's revision."""
    for pattern, replacement in _MASKS:
        data = re.sub(pattern, replacement, data)
    return data


def _groups(sections: Iterable[Section]) -> list[list[Section]]:
    """Sections by the connection that they share."""
    groups: list[list[Section]] = []
    for section in sections:
        if section.opens:
            groups.append([])
        groups[-1].append(section)
    return groups


@dataclass
class Replay:
    """Plays sections to a PBX; ``specials`` are played too if it has the stand-in's users and modules."""

    pbx: Pbx
    specials: bool
    played: int = 0
    differing: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    _challenge: bytes = b""

    def play(self, sections: Iterable[Section]) -> None:
        for group in _groups(sections):
            if self.specials or not group[0].special:
                with self._open(group[0].opens) as ami:
                    for section in group:
                        self._compare(section, ami)

    def _open(self, how: str) -> RawAmi:
        return RawAmi(self.pbx) if how == "connect" else login(self.pbx, how.removeprefix("login "))

    def _compare(self, section: Section, ami: RawAmi) -> None:
        if section.opens == "connect" and section.sent:
            ami.banner()
        ami.send(self._personal(section.sent))
        try:
            got = ami.packets(count) if (count := section.received.count(END)) else self._banner(section, ami)
        except (TimeoutError, EOFError) as error:
            got = repr(error).encode()
        self._challenge = found[1] if (found := re.search(rb"Challenge: (\d+)", got)) else self._challenge
        self.played += 1
        if masked(got) != masked(section.received):
            self.differing[section.name] = (section.received, got)

    def _banner(self, section: Section, ami: RawAmi) -> bytes:
        return ami.banner() if section.received else b""

    def _personal(self, sent: bytes) -> bytes:
        secret = self.pbx.secret_of("astsync").encode()
        digest = hashlib.md5(self._challenge + secret, usedforsecurity=False).hexdigest().encode()
        return sent.replace(b"Secret: s3cret", b"Secret: " + secret).replace(b"Key: 0123\r", b"Key: " + digest + b"\r")
