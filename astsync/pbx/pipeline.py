"""Many actions of one kind over one AMI connection, with a bounded window of them unanswered.

To wait for each answer would take a round trip an entry. To read no answer before the end would not do either: Asterisk
drops a client that does not read for 100 ms (``writetimeout`` of manager.conf). So the connection's listener thread
reads all the time, and the window bounds how many answers Asterisk may have to keep while this machine is slow.

Only its ActionID says which action an answer belongs to: answers may come in another order, with events between them.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sized
from itertools import islice

from astsync.errors import PbxError, PbxRightsError, PbxTimeout, UnsafeValue
from astsync.language import about, say
from astsync.pbx import WriteResult
from astsync.pbx.answer import SLICE, Waiter, no_answer
from astsync.pbx.bounds import FEWEST_ANSWERS
from astsync.pbx.connection import AmiConnection
from astsync.phonebook.model import Progress, no_progress

WINDOW = 2_000  # unanswered actions, 200 KB of answers: 500 were an eighth slower, 16,000 gained a few percent
BATCH = 250  # actions sent at once

Encode = Callable[[str, str], bytes]
"""Makes the headers of one action after ActionID, each with its CR LF. Raises UnsafeValue."""


class Pipeline:
    """Sends one action for each (key, value) and collects the failures; a Waiter of the connection.

    ``harmless`` says which error messages count as done. Two threads work on it: the caller sends, the listener thread
    calls ``take`` and ``fail``. ``_open`` holds what is sent and not answered, key by ActionID.
    """

    def __init__(
        self,
        connection: AmiConnection,
        action: str,
        encode: Encode,
        harmless: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._connection = connection
        self._action = action
        self._encode = encode
        self._harmless = harmless
        self._prefix = f"Action: {action}\r\nActionID: ".encode()
        self._open: dict[bytes, str] = {}
        self._failed: dict[str, str] = {}
        self._denied: list[str] = []
        self._fatal: PbxError | None = None
        self._sent = 0
        self._answered = 0
        self._wanted = 0
        self._moved = threading.Event()
        self._started = time.monotonic()

    def run(self, items: Iterable[tuple[str, str]], progress: Progress = no_progress) -> WriteResult:
        """Send all items. Failures of single ones are in the result.

        Raises PbxRightsError, PbxTimeout, PbxConnectionLost, which say what was confirmed before and what is left.
        """
        self._started = time.monotonic()
        stream = iter(items)
        total = len(items) if isinstance(items, Sized) else None
        given = 0
        try:
            while batch := list(islice(stream, BATCH)):
                given += len(batch)
                self._send(batch)
                self._wait(self._sent - WINDOW)
                progress(self._action, self._answered, total)
            self._wait(self._sent)
            progress(self._action, self._answered, total)
        except PbxError as error:
            self._account(error, given, [key for key, _ in stream])
            raise
        finally:
            self._connection.forget(self._open)
        return WriteResult(given - len(self._failed), dict(self._failed))

    def _account(self, error: PbxError, given: int, unsent: list[str]) -> None:
        """Note in an error what was confirmed, refused and left, while the listener may still take answers.

        All three follow from one look at ``_open``, which a key leaves only after its refusal was noted. A key that the
        look sees counts as left, whatever is answered after it, and is taken out of the refused. Two looks could count
        one key twice or not at all. A key that was refused for a missing right counts as left: the right may be given.
        """
        unanswered = list(self._open.values())
        left = {*unanswered, *self._denied}
        error.failed = {key: words for key, words in dict(self._failed).items() if key not in left}
        error.done = given - len(left) - len(error.failed)
        error.left = {*left, *unsent}

    def _send(self, batch: list[tuple[str, str]]) -> None:
        waiters: dict[bytes, Waiter] = {}
        parts: list[bytes] = []
        for key, value in batch:
            try:
                headers = self._encode(key, value)
            except UnsafeValue as error:
                self._failed[key] = error.message
                continue
            identity = self._connection.next_identity()
            waiters[identity] = self
            self._open[identity] = key
            parts += (self._prefix, identity, b"\r\n", headers, b"\r\n")
        self._connection.expect(waiters)
        self._connection.send(b"".join(parts))
        self._sent += len(waiters)

    def _wait(self, wanted: int) -> None:
        """Wait until ``wanted`` actions are answered. Raises PbxTimeout, and what ``fail`` brought.

        The time-out begins anew with each answer: a slow PBX is no dead one. But all answers together may not take
        longer than one time-out and ``FEWEST_ANSWERS`` a second, and no wait lasts longer than the run may.
        """
        self._wanted = wanted
        self._moved.clear()
        seen, moved = -1, 0.0
        while self._answered < wanted and self._fatal is None:
            if self._answered > seen:
                seen, moved = self._answered, time.monotonic()
            slowest = self._started + seen / FEWEST_ANSWERS
            deadline = min(moved, slowest) + self._connection.timeout
            left = self._connection.stopping.left(deadline - time.monotonic())
            if left <= 0:
                raise self._too_late(moved)
            self._moved.wait(min(left, SLICE))
        if self._fatal is not None:
            raise self._fatal

    def _too_late(self, moved: float) -> PbxTimeout:
        what, now = about(self._connection.config.name, self._action), time.monotonic()
        if not self._answered or now - moved >= self._connection.timeout or self._connection.stopping.is_set():
            return no_answer(what, self._connection.timeout, self._connection.stopping)
        slowly = say(
            "the answers come too slowly: {count:,} in {seconds:.1f} s",
            count=self._answered,
            seconds=now - self._started,
        )
        return PbxTimeout(
            about(what, slowly),
            hint=say("Is Asterisk overloaded, or its disk? Raise the PBX's timeout if it is slow."),
        )

    def take(self, identity: bytes, packet: bytes) -> bool:
        """Count an answer; called by the listener thread."""
        if not packet.startswith(b"Response: Success"):
            self._note(self._open.get(identity, ""), packet)
        self._open.pop(identity, None)
        self._answered += 1
        if self._answered >= self._wanted:
            self._moved.set()
        return True

    def _note(self, key: str, packet: bytes) -> None:
        """Keep an error's words; a missing right ends the pipeline, as every further action would fail too."""
        message = self._connection.words(packet)
        if self._harmless(message):
            return
        error = self._connection.refused(self._action, packet)
        if isinstance(error, PbxRightsError):
            self._denied.append(key)
            self.fail(error)
        else:
            self._failed[key] = message

    def fail(self, error: PbxError) -> None:
        """Stop: no more answers will come, or none that help."""
        self._fatal = error
        self._moved.set()
