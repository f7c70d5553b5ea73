"""Calls through a private Asterisk, many at once. Each reports its caller's name and how long the lookup took.

A call is one Local channel that AMI originates into the context of a way. The context takes the time, looks the caller
up, and tells name and both times in an event. Nobody answers: a name must be there before a phone rings.
"""

import base64
import re
import socket
import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Self

from astsync.sandbox.asterisk import ManagerUser, PrivateAsterisk

CALLER = ManagerUser("caller", write="originate", read="user")
"""The AMI user that calls, to be given to the PrivateAsterisk."""
CARRIER = "CARRIER"
"""The name that the carrier sends. A call whose caller is not known must keep it."""
_NOW = "${STRFTIME(,UTC,%s.%6q)}"
_NAME = "${BASE64_ENCODE(${CALLERID(name)})}"
_TELL = f"UserEvent(BenchLookup,Call: ${{CALL}},Began: ${{BEGAN}},Ended: {_NOW},Name: {_NAME})"
_PACKET = re.compile(
    rb"UserEvent: BenchLookup\r\n.*?Call: (\d+)\r\nBegan: ([\d.]+)\r\nEnded: ([\d.]+)\r\nName: ([\w+/=]*)", re.DOTALL
)
_END = b"\r\n\r\n"
_LONGEST = 3_600_000
"""Milliseconds that Asterisk may take for a call: where a process is started a call, some wait for over a minute."""


def dialplan(ways: Mapping[str, Sequence[str]]) -> str:
    """Write a context for each way: by its name, the applications that look the caller up."""
    return "\n".join(line for name, lookup in ways.items() for line in _context(name, lookup))


def _context(name: str, lookup: Sequence[str]) -> Iterable[str]:
    yield from (f"[{name}]", f"exten => _X.,1,Set(BEGAN={_NOW})")
    yield from (f" same => n,{application}" for application in (*lookup, _TELL, "Hangup()"))


@dataclass(frozen=True, slots=True)
class Call:
    """A call that went on: the name of its caller, and the seconds of the lookup by Asterisk's own clock."""

    number: str
    name: str
    seconds: float


@dataclass(frozen=True)
class Calls:
    """The calls of one round in the order of their ends, how many were begun, and the seconds of all of them."""

    ended: Sequence[Call]
    begun: int
    seconds: float

    @property
    def lost(self) -> int:
        """How many did not go on."""
        return self.begun - len(self.ended)

    @property
    def rate(self) -> float:
        """Calls a second."""
        return len(self.ended) / self.seconds if self.seconds else 0.0

    def quantile(self, share: float) -> float:
        """Give the seconds of lookup within which this share of the calls went on."""
        return quantile([call.seconds for call in self.ended], share)


def quantile(values: Sequence[float], share: float) -> float:
    """Give the value that this share (0.01 to 1) of the values does not pass; 0 where there are none."""
    if len(values) < 2 or share >= 1:
        return max(values, default=0.0)
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


class CallGenerator:
    """Calls over AMI; a context manager. ``pbx`` must have the user ``CALLER``."""

    def __init__(self, pbx: PrivateAsterisk) -> None:
        self._socket = socket.create_connection((pbx.host, pbx.port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""
        self._send(Action="Login", Username=CALLER.name, Secret=pbx.secret_of(CALLER.name))
        while b"Response: " not in self._read:
            self._receive(30)
        if b"Response: Success" not in self._read:
            raise RuntimeError(f"no login: {self._read!r}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def play(self, context: str, numbers: Sequence[str], at_once: int, patience: float = 120) -> Calls:
        """Call once from every number, so many at once. Ends also where no call went on for ``patience`` seconds."""
        waiting = iter(enumerate(numbers))
        ended: list[Call] = []
        start = last = time.perf_counter()
        self._begin(context, islice(waiting, at_once))
        while len(ended) < len(numbers) and time.perf_counter() - last < patience:
            told = self._told(patience)
            if told:
                last = time.perf_counter()
            ended += (Call(numbers[index], name, seconds) for index, name, seconds in told)
            self._begin(context, islice(waiting, len(told)))
        return Calls(ended, len(numbers), last - start)

    def _begin(self, context: str, numbers: Iterable[tuple[int, str]]) -> None:
        for index, number in numbers:
            self._send(
                Action="Originate",
                Channel=f"Local/100@{context}/n",
                Application="Wait",
                Data="1",
                CallerID=f'"{CARRIER}" <{number}>',
                Variable=f"CALL={index}",
                Timeout=str(_LONGEST),
                Async="true",
            )

    def _told(self, patience: float) -> list[tuple[int, str, float]]:
        """What the next packets tell: the place of the number, the name, the seconds."""
        self._receive(patience)
        whole, end, self._read = self._read.rpartition(_END)
        return [
            (int(index), base64.b64decode(name).decode(), float(ended) - float(began))
            for index, began, ended, name in (found.groups() for found in _PACKET.finditer(whole + end))
        ]

    def _receive(self, patience: float) -> None:
        self._socket.settimeout(patience)
        try:
            data = self._socket.recv(1 << 20)
        except TimeoutError:
            return
        if not data:
            raise EOFError("Asterisk closed the connection")
        self._read += data

    def _send(self, **headers: str) -> None:
        self._socket.sendall("".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n")
