"""The answer to one action of AMI: what belongs to it, and how long it may take."""

import threading
import time
from collections.abc import Callable
from typing import Protocol

from astsync.errors import PbxBadAnswer, PbxError, PbxTimeout
from astsync.language import about, say
from astsync.pbx import packets
from astsync.pbx.bounds import LARGEST_LIST, SLOWEST
from astsync.stopping import NEVER, Stopping

SLICE = 1.0
"""Seconds that a wait lasts at most before it is looked whether the run must end."""


class Waiter(Protocol):
    """What waits for the packets of one ActionID; called by the listener thread, so it must not wait itself."""

    def take(self, identity: bytes, packet: bytes, /) -> bool:
        """Take a packet; True when it is the last one for this ActionID."""

    def fail(self, error: PbxError) -> None:
        """Learn that no packet will come any more."""


TakeMany = Callable[[bytes, bytes], int]
"""Takes an ActionID and bytes that begin with a packet. Takes of these as many whole packets from the beginning as are
of that ActionID and of the usual spelling, all at once, and returns how many bytes they have. 0: take them one by one.
"""


class Answer:
    """The answer to one action: its response, or for a long one all that ``on_packet`` takes of it.

    ``on_packet`` makes an answer a long one: a list, or the output of a command. It is called with each packet but an
    Error, and returns True at the last one. ``on_many`` may take entries of a list at once instead.

    The rule for time: ``seconds`` is the longest wait without progress on this answer. Only what carries its ActionID
    is progress: no events that nobody asked for, no answers to others. A small answer is one packet, so it must be
    whole by then. A long one may take one second more for each ``SLOWEST`` bytes of it that came: a million entries
    take longer than any fixed time, and what drips is given up all the same. No wait lasts longer than the run may.

    ``action`` is what the errors are about: the PBX's name and the action.
    """

    def __init__(
        self,
        action: str,
        seconds: float,
        on_packet: Callable[[bytes], bool] | None = None,
        stopping: Stopping = NEVER,
        on_many: "TakeMany | None" = None,
    ) -> None:
        self._action = action
        self._seconds = seconds
        self._on_packet = on_packet
        self._on_many = on_many
        self._stopping = stopping
        self._done = threading.Event()
        self._packet: bytes | None = None
        self._error: PbxError | KeyboardInterrupt | None = None
        self._started = self._moved = time.monotonic()
        self._size = 0

    def take(self, _: bytes, packet: bytes) -> bool:
        """Take the response, then what follows it until ``on_packet`` says that it was the last."""
        try:
            last = self._is_last(packet)
        except (PbxError, KeyboardInterrupt) as error:  # what the caller's progress raises belongs to the caller
            self.fail(error)
            return True
        if last:
            self._done.set()
        return last

    def take_many(self, identity: bytes, data: bytes) -> int:
        """Take packets from the beginning of these bytes by ``on_many``, until the last one came; see ``TakeMany``."""
        if self._on_many is None or self._packet is None or self._done.is_set():
            return 0
        try:
            taken = self._on_many(identity, data)
            if taken:
                self._grow(taken)
        except (PbxError, KeyboardInterrupt) as error:  # the same as in ``take``
            self.fail(error)
            return 0
        return taken

    def _is_last(self, packet: bytes) -> bool:
        if self._error is not None:
            return True
        if self._on_packet is None:
            return self._is_response(packet)
        self._grow(packet.fresh if isinstance(packet, packets.Part) else len(packet))
        if self._packet is None and packet.startswith(b"Response:"):
            self._packet = packet
            if packet.startswith(b"Response: Error"):
                return True
        return self._on_packet(packet)

    def _grow(self, size: int) -> None:
        self._moved = time.monotonic()
        self._size += size
        if self._size > LARGEST_LIST:
            raise self._endless()

    def _is_response(self, packet: bytes) -> bool:
        """Take the one packet of a small answer. An event is none, and changes nothing."""
        if isinstance(packet, packets.Part):
            raise self._endless()
        if packet.startswith(b"Response:"):
            self._packet = packet
            return True
        if packet.startswith(b"Event:"):
            return False
        raise no_part(self._action, packet)

    def _endless(self) -> PbxBadAnswer:
        return PbxBadAnswer(
            about(
                self._action,
                say("the answer is larger than any that makes sense ({size:,} bytes came)", size=self._size),
            ),
            hint=say("Look at the answer on the PBX itself; for a family with `database show`."),
        )

    def fail(self, error: PbxError | KeyboardInterrupt) -> None:
        """Wake the caller with an error."""
        self._error = error
        self._done.set()

    def wait(self) -> bytes:
        """Wait for the response packet. Raises PbxTimeout when the time is over, and what ``fail`` brought."""
        while not self._done.is_set():
            left = self._stopping.left(self._deadline() - time.monotonic())
            if left <= 0:
                raise self._too_late()
            self._done.wait(min(left, SLICE))
        if self._packet is None or self._error is not None:
            raise self._error or PbxBadAnswer(
                about(self._action, say("the PBX ended a list that it had not begun")),
                hint=say(
                    "Is there something between here and the PBX that answers for it, as a proxy of AMI? Go to the "
                    "PBX itself."
                ),
            )
        return self._packet

    def _deadline(self) -> float:
        whole = self._started + self._seconds + self._size / SLOWEST
        return min(self._moved + self._seconds, whole)

    def _too_late(self) -> PbxTimeout:
        waited = time.monotonic() - self._started
        if self._size and time.monotonic() - self._moved < self._seconds:
            slowly = say(
                "the answer comes too slowly: {size:,} bytes in {seconds:.1f} s", size=self._size, seconds=waited
            )
            return PbxTimeout(
                about(self._action, slowly),
                hint=say("Look at the network between. Is Asterisk overloaded? Raise the PBX's timeout if it is slow."),
            )
        return no_answer(self._action, self._seconds, self._stopping)


def no_part(what: str, packet: bytes) -> PbxBadAnswer:
    """The error of a packet that is no part of an answer (``what``: its action, with its PBX)."""
    odd = say("a part of an answer that is neither response nor event: {packet}", packet=repr(packet[:60]))
    return PbxBadAnswer(
        about(what, odd),
        hint=say(
            "A value with an empty line inside breaks AMI: find it with `database show` on the PBX and delete it."
        ),
    )


def no_answer(what: str, seconds: float, stopping: Stopping) -> PbxTimeout:
    """The error of an action (``what``, with its PBX) that was not answered in time, or not before the run's end."""
    if stopping.is_set():
        return PbxTimeout(about(what, say("no answer until the run had to end")), hint=say("Run the command again."))
    return PbxTimeout(
        about(what, say("no answer for {seconds:g} s", seconds=seconds)),
        hint=say("Is Asterisk overloaded or stuck? Raise the PBX's timeout if it is slow."),
    )
