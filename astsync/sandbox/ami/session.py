"""One AMI connection of the stand-in PBX: reads packets, executes them, sends the answers, injects faults."""

import select
import socket
import threading
import time
from collections.abc import Iterator
from typing import Protocol

from astsync.sandbox.ami.actions import Actions, ActionsPbx
from astsync.sandbox.ami.faults import AmiFaults
from astsync.sandbox.ami.packets import Packet, PacketReader

_CHUNK = 1 << 16
_PENDING = 1 << 18
"""Answers are collected up to so many bytes before they are sent."""


class SessionPbx(ActionsPbx, Protocol):
    """What a session needs of the PBX, beside what its actions need."""

    auth_timeout: float
    write_timeout: float


class ConnectionEnds(Exception):
    """The connection must end: the client has left or does not read, or a fault cuts it."""


class Session:
    """A connection and its thread.

    Errors of the connection are not raised: they close the socket and end the thread.
    """

    def __init__(self, pbx: SessionPbx, connection: socket.socket) -> None:
        self._pbx = pbx
        self._socket = connection
        self._actions = Actions(pbx)
        self._reader = PacketReader(pbx.dialect)
        self._sending = threading.Lock()
        self._answers = 0
        self._bytes = 0
        self._stalled = False
        self._opened = time.monotonic()
        self.thread = threading.Thread(target=self._run, name="ami-session", daemon=True)

    @property
    def user(self) -> str:
        """The name of the user that has logged in, "" for none."""
        return self._actions.user.name if self._actions.user is not None else ""

    def event(self, event: bytes) -> None:
        """Send an event if this session has events on."""
        if self._actions.events:
            try:
                self._write(event)
            except ConnectionEnds:
                self.cut()

    def cut(self) -> None:
        """End the connection from any thread."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended already

    def _run(self) -> None:
        with self._socket:
            try:
                self._talk()
            except ConnectionEnds:
                self.cut()

    def _talk(self) -> None:
        faults = self._pbx.faults
        self._write(
            f"Asterisk Call Manager/{self._pbx.dialect.ami}\r\n".encode() if faults.banner is None else faults.banner
        )
        while not self._actions.closing:
            if self._pbx.faults.deaf and self._actions.user is not None:
                self._ignore()
                return
            packets = self._reader.feed(self._read())
            if self._stalled:
                continue
            if self._pbx.faults.in_delivery and self._actions.user is not None:
                self._deliver_badly(packets, self._pbx.faults)
            else:
                self._deliver(packets)

    def _ignore(self) -> None:
        """Read nothing more, until the connection is cut or the PBX stops."""
        poll = select.poll()
        poll.register(self._socket, 0)  # only that the connection has ended
        while not poll.poll(20) and not self._pbx.wait(0.03):
            pass

    def _read(self) -> bytes:
        try:
            if self._actions.user is None and not self._readable():
                raise ConnectionEnds
            data = self._socket.recv(_CHUNK)
        except OSError as error:
            raise ConnectionEnds from error
        if not data:
            raise ConnectionEnds
        return data

    def _readable(self) -> bool:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        left = self._opened + self._pbx.auth_timeout - time.monotonic()
        return left > 0 and bool(poll.poll(left * 1000))

    def _deliver(self, packets: list[Packet]) -> None:
        answers: list[bytes] = []
        pending = 0
        for packet in packets:
            answer = self._actions.answer(packet)
            answers.append(answer)
            pending += len(answer)
            if pending > _PENDING or self._actions.afterwards or self._actions.closing:
                self._write(b"".join(answers))
                answers, pending = [], 0
                self._afterwards()
            if self._actions.closing:
                return
        self._write(b"".join(answers))

    def _afterwards(self) -> None:
        then, self._actions.afterwards = self._actions.afterwards, None
        if then is not None:
            then()

    # Faults.

    def _deliver_badly(self, packets: list[Packet], faults: AmiFaults) -> None:
        answers = list(self._executed(packets, faults))
        for answer in reversed(answers) if faults.reorder else answers:
            if faults.delay and self._pbx.wait(faults.delay):
                raise ConnectionEnds
            self._send_in_pieces(_of_another(answer) if faults.other_ids else answer, faults)
        self._afterwards()
        self._stalled = _reached(self._answers, faults.stall_after_answers)
        cut = _reached(self._answers, faults.cut_after_answers)
        if cut or self._stalled:
            faults.spent()
        if cut:
            raise ConnectionEnds

    def _executed(self, packets: list[Packet], faults: AmiFaults) -> Iterator[bytes]:
        pending = self._bytes
        for packet in packets:
            if self._is_over(pending, faults) or self._actions.closing:
                return
            answer = self._actions.answer(packet)
            self._answers += 1
            pending += len(answer)
            yield answer

    def _is_over(self, pending: int, faults: AmiFaults) -> bool:
        return (
            _reached(self._answers, faults.cut_after_answers)
            or _reached(self._answers, faults.stall_after_answers)
            or _reached(pending, faults.cut_after_bytes)
        )

    def _send_in_pieces(self, answer: bytes, faults: AmiFaults) -> None:
        whole = answer if faults.cut_after_bytes is None else answer[: faults.cut_after_bytes - self._bytes]
        size = faults.fragment or len(whole) or 1
        for start in range(0, len(whole), size):
            self._write(whole[start : start + size])
            if faults.pause and self._pbx.wait(faults.pause):
                raise ConnectionEnds
        self._bytes += len(answer)
        if _reached(self._bytes, faults.cut_after_bytes):
            faults.spent()
            raise ConnectionEnds

    # Sending.

    def _write(self, data: bytes) -> None:
        """Send all bytes. A client that does not read within ``write_timeout`` is disconnected, as Asterisk does."""
        left = memoryview(data)
        with self._sending:
            while left:
                try:
                    left = left[self._socket.send(left[:_CHUNK], socket.MSG_DONTWAIT) :]
                except BlockingIOError:
                    self._wait_until_writable()
                except OSError as error:
                    raise ConnectionEnds from error

    def _wait_until_writable(self) -> None:
        poll = select.poll()
        poll.register(self._socket, select.POLLOUT)
        if not poll.poll(self._pbx.write_timeout * 1000):
            raise ConnectionEnds


def _of_another(answer: bytes) -> bytes:
    return answer.replace(b"ActionID: ", b"ActionID: another-")


def _reached(amount: int, limit: int | None) -> bool:
    return limit is not None and amount >= limit
