"""A TCP proxy before a PBX, or 1C, that cuts, stalls, splits, delays, drips or strikes when chosen bytes pass."""

import itertools
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

from tests.faults.records import Records

Way = Literal["up", "down"]
"""``up`` is towards the PBX, ``down`` towards astsync."""

Kind = Literal["reset", "close", "stall", "split", "delay", "drip", "strike"]
Phase = Literal["handshake", "login", "read", "put", "delete", "verify", "end"]
"""What a run is doing, as its actions tell: it reads, puts, deletes, reads again and logs off.

Over TLS the records tell it, by their order and sizes: deletes cannot be told from puts there, nor the end from a
reading.
"""

_PIECE = 65_536
_NARROW = 4_096
"""Bytes of a socket's buffer where the PBX shall feel at once that astsync does not read."""

_ACTION = re.compile(rb"Action: (\w+)\r\n")
_PHASES: dict[bytes, Phase] = {b"DBPut": "put", b"DBDel": "delete", b"Logoff": "end"}
_READS = {b"DBGetTree", b"Command"}
_LOGIN = 3
"""Records of TLS that end the handshake and log in: Finished, Challenge, Login."""

_LARGE = 200
"""Bytes: a record with puts or deletes has more, one with a question has fewer."""

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s: close sends RST, and what was not read is lost


@dataclass(frozen=True)
class Fault:
    """What happens when byte ``at`` passes one ``way``, counted over all connections from the start of ``phase``.

    ``reset`` and ``close`` end the connection (RST or FIN) with the bytes before ``at`` delivered; ``stall`` and
    ``delay`` hold everything for ``seconds``; ``split`` sends the next ``bytes`` one by one; ``drip`` sends everything
    that comes from now on, over all connections, one byte every ``seconds``; ``strike`` calls ``strike`` of the proxy
    before the byte goes on.
    """

    kind: Kind
    way: Way
    at: int
    phase: Phase = "login"
    seconds: float = 0.0
    bytes: int = 0


class FaultyProxy:
    """Listens on a free port of the loopback and hands everything on to ``target``; a context manager.

    Faults are set with ``arm`` and happen once each; ``struck`` lists those that did, with the phase that they met and
    how many actions of its kind (over TLS: records) had been sent. ``secured``: TLS passes, which the proxy cannot
    read. ``narrow`` connections hold next to nothing on their way.
    """

    host = "127.0.0.1"

    def __init__(self, target: Callable[[], tuple[str, int]], *, secured: bool = False) -> None:
        self._target = target
        self._secured = secured
        self.narrow = False
        self._lock = threading.Condition()
        self._doing = 0
        self._faults: list[Fault] = []
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._strike: Callable[[], None] = lambda: None
        self.arm([])
        self._server = socket.create_server((self.host, 0))
        self.port = int(self._server.getsockname()[1])
        self._open = True
        self._spawn(self._accept)

    def __enter__(self) -> "FaultyProxy":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.drop()
        for thread in self._threads:
            thread.join(5)

    def disarm(self) -> None:
        """Become a plain proxy; what a fault has begun, such as a restart of the PBX, has then ended."""
        self.narrow = False
        self.arm([])
        with self._lock:
            self._lock.wait_for(lambda: not self._doing)

    def arm(self, faults: list[Fault], strike: Callable[[], None] = lambda: None) -> None:
        """Count anew, with these faults."""
        with self._lock:
            self._faults = list(faults)
            self._passed: dict[Way, int] = {"up": 0, "down": 0}
            self._strike = strike
            self.struck: list[tuple[Fault, Phase, int]] = []
            self.phase: Phase = "handshake" if self._secured else "login"
            self._began: dict[Phase, dict[Way, int]] = {self.phase: dict(self._passed)}
            self.sent = 0
            self._drips: float | None = None
            self._lock.notify_all()

    def sizes(self) -> dict[Phase, dict[Way, int]]:
        """Give how many bytes of each phase have passed since ``arm``."""
        with self._lock:
            begins = [*self._began.values(), self._passed]
            pairs = zip(self._began, itertools.pairwise(begins), strict=True)
            return {phase: {way: end[way] - begin[way] for way in begin} for phase, (begin, end) in pairs}

    def drop(self) -> None:
        """End every connection."""
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _spawn(self, run: Callable[..., None], *arguments: object) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=run, args=arguments, name="faulty-proxy", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while self._open:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            try:
                far = self._connect(near)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            with self._lock:
                self._sockets |= {near, far}
            left = [2]  # the two ways of this connection; the last one closes both sockets
            self._spawn(self._pump, near, far, "up", left)
            self._spawn(self._pump, far, near, "down", left)

    def _connect(self, near: socket.socket) -> socket.socket:
        """Connect to the target. Raises OSError."""
        far = socket.socket()
        if self.narrow:
            near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _NARROW)
            far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _NARROW)
        far.settimeout(5)
        try:
            far.connect(self._target())
        except OSError:
            far.close()
            raise
        return far

    def _pump(self, source: socket.socket, target: socket.socket, way: Way, left: list[int]) -> None:
        records = Records()
        with suppress(OSError):
            while data := source.recv(_NARROW if self.narrow else _PIECE):
                if way == "up" and self._secured:
                    for size in records.take(data):
                        self._begin(self._phase_of_record(records.count, size), 1)
                elif way == "up":
                    self._heed(data)
                self._pass(data, source, target, way)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
        with self._lock:
            left[0] -= 1
            last = left[0] == 0
            self._sockets -= {source, target} if last else set()
        if last:
            source.close()
            target.close()

    def _heed(self, data: bytes) -> None:
        """Learn the phase: its first action begins what is received, as what was before it has been answered."""
        action = _ACTION.match(data)
        self._begin(None if action is None else self._phase_of(action[1]), len(_ACTION.findall(data)))

    def _begin(self, phase: Phase | None, sent: int) -> None:
        with self._lock:
            if phase is not None and phase != self.phase:
                self.phase, self.sent = phase, 0
                self._began.setdefault(phase, dict(self._passed))
            self.sent += sent

    def _phase_of(self, action: bytes) -> Phase | None:
        if action in _READS:
            return "verify" if self._began.keys() & {"put", "delete"} else "read"
        return _PHASES.get(action)

    def _phase_of_record(self, number: int, size: int) -> Phase | None:
        """Tell the phase from a record with so many bytes, the so-manyth of its connection with encrypted data."""
        if number <= _LOGIN:
            return "login" if number > 1 else None
        if size > _LARGE:
            return "put"
        return "verify" if "put" in self._began else "read"

    def _pass(self, data: bytes, source: socket.socket, target: socket.socket, way: Way) -> None:
        """Hand on bytes, with the faults that lie within them; raises OSError when one ends the connection."""
        while data:
            if way == "down" and self._drips is not None:
                self._drip(data, target)
                return
            fault, before = self._next(way, len(data))
            target.sendall(data[:before])
            data = data[before:]
            if fault is not None:
                try:
                    data = self._do(fault, data, source, target)
                finally:
                    self._done()

    def _drip(self, data: bytes, target: socket.socket) -> None:
        """Hand on byte by byte, with pauses, for as long as it drips."""
        for at in range(len(data)):
            with self._lock:
                if self._drips is not None:
                    self._lock.wait_for(lambda: self._drips is None, self._drips)
            target.sendall(data[at : at + 1])

    def _next(self, way: Way, size: int) -> tuple[Fault | None, int]:
        """Find the next fault within so many bytes, and how many bytes go before it."""
        with self._lock:
            start = self._passed[way]
            places = [
                (self._began[f.phase][way] + f.at, f) for f in self._faults if f.way == way and f.phase in self._began
            ]
            due = [(place, fault) for place, fault in places if place < start + size]
            place, fault = min(due, key=lambda one: one[0], default=(0, None))
            before = size if fault is None else max(0, place - start)
            if fault is not None:
                self._faults.remove(fault)
                self._doing += 1
                self.struck.append((fault, self.phase, self.sent))
            self._passed[way] = start + before
        return fault, before

    def _done(self) -> None:
        with self._lock:
            self._doing -= 1
            self._lock.notify_all()

    def _do(self, fault: Fault, data: bytes, source: socket.socket, target: socket.socket) -> bytes:
        """Do what a fault says and give the bytes that are still to go."""
        if fault.kind == "strike":
            self._strike()
        elif fault.kind in {"stall", "delay"}:
            time.sleep(fault.seconds)  # the fault itself
        elif fault.kind == "drip":
            with self._lock:
                self._drips = fault.seconds
        elif fault.kind == "split":
            for at in range(min(fault.bytes, len(data))):
                target.sendall(data[at : at + 1])
            with self._lock:
                self._passed[fault.way] += min(fault.bytes, len(data))
            return data[fault.bytes :]
        else:
            self._end(fault.kind, source, target)
        return data

    @staticmethod
    def _end(kind: Kind, *sockets: socket.socket) -> None:
        for one in sockets:
            if kind == "reset":
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        raise ConnectionResetError("cut")
