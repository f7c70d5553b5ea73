"""AMI with nothing around it: prepared bytes go out, answers are only counted. What no client can be faster than."""

import socket
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from astsync.sandbox.asterisk import PrivateAsterisk

FAMILY = "cidname"
WINDOW = 4_000  # unanswered actions: 2,000 to 8,000 are as fast, so Asterisk is never without work
BATCH = 1_000  # actions sent at once
NAP = 0.001  # seconds between two readings: to be woken for every answer costs Asterisk half of its speed
_RECEIVE = 1 << 20
_END = b"\r\n\r\n"
_TAIL = 256  # bytes that hold the last packet of a list


class Raw:
    """A connection to a private Asterisk, logged in; a context manager."""

    def __init__(self, pbx: PrivateAsterisk) -> None:
        self._pbx = pbx
        self._log_in()

    def _log_in(self) -> None:
        pbx = self._pbx
        self._socket = socket.create_connection((pbx.host, pbx.port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers, self._tail = 0, b""
        self._ask(Action="Login", Username=pbx.user, Secret=pbx.secret, Events="off")
        if b"Response: Success" not in self._tail:
            raise RuntimeError(f"no login: {self._tail!r}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def _ask(self, **headers: str) -> None:
        """Send one action and wait for its answer."""
        wanted, self._tail = self._answers + 1, b""
        self._socket.sendall(_action(headers))
        self._await(wanted, 0)

    def _read(self) -> None:
        """Read what has come and count the packets that end in it."""
        data = self._socket.recv(_RECEIVE)
        if not data:
            raise EOFError("Asterisk closed the connection")
        self._answers += (self._tail[1 - len(_END) :] + data).count(_END)
        self._tail = (self._tail + data)[-_TAIL:]

    def put(self, batches: Sequence[tuple[bytes, int]], nap: float = NAP) -> float:
        """Send prepared batches (bytes, actions in them), the window bounded; give the seconds."""
        sent = before = self._answers
        start = time.perf_counter()
        for data, count in batches:
            self._socket.sendall(data)
            sent += count
            self._await(sent - WINDOW, nap)
        self._await(sent, nap)
        seconds = time.perf_counter() - start
        if self._answers - before != sum(count for _, count in batches):
            raise RuntimeError("not one answer an action")
        return seconds

    def _await(self, wanted: int, nap: float) -> None:
        while self._answers < wanted:
            if nap:
                time.sleep(nap)
            self._read()

    def put_each(self, actions: Sequence[bytes]) -> float:
        """Send prepared actions, each when the one before it was answered; give the seconds."""
        start = time.perf_counter()
        for action in actions:
            wanted = self._answers + 1
            self._socket.sendall(action)
            self._await(wanted, 0)
        return time.perf_counter() - start

    def count(self, nap: float = NAP) -> tuple[int, float]:
        """Read the whole family by DBGetTree; give its entries, counted only, and the seconds."""
        before = self._answers
        start = time.perf_counter()
        self._ask(Action="DBGetTree", Family=FAMILY)
        while not self._is_list_over():
            if nap:
                time.sleep(nap)
            self._read()
        empty = b"Response: Error" in self._tail
        return 0 if empty else self._answers - before - 2, time.perf_counter() - start

    def _is_list_over(self) -> bool:
        """Tell whether the list's last packet is whole: Asterisk writes the empty line that ends it by itself."""
        last = b"EventList: Complete" in self._tail or b"Response: Error" in self._tail
        return last and self._tail.endswith(_END)

    def wipe(self) -> None:
        """Empty the family."""
        self._ask(Action="DBDelTree", Family=FAMILY)

    def reboot(self) -> None:
        """Let the PBX start anew without its AstDB, and log in again: what a push is for.

        A family that is only wiped while Asterisk runs on looks as if the PBX had lost what it confirmed, and astsync
        waits for its commit.
        """
        self._socket.close()
        self._pbx.restart(wipe=True)
        self._log_in()


def prepare(entries: Sequence[tuple[str, str]]) -> list[bytes]:
    """Make the bytes of a DBPut for each entry."""
    return [
        _action({"Action": "DBPut", "ActionID": str(i), "Family": FAMILY, "Key": number, "Val": name})
        for i, (number, name) in enumerate(entries)
    ]


def in_batches(actions: Sequence[bytes]) -> list[tuple[bytes, int]]:
    """Join actions into batches, each with how many there are in it."""
    parts = [actions[i : i + BATCH] for i in range(0, len(actions), BATCH)]
    return [(b"".join(part), len(part)) for part in parts]


def _action(headers: dict[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n"
