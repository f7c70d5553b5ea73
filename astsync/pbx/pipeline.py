"""Many actions of one kind over one AMI connection, with a bounded window of them unanswered.

To wait for each answer would take a round trip an entry. To read no answer before the end would not do either: Asterisk
drops a client that does not read for 100 ms (``writetimeout`` of manager.conf). So the connection's listener thread
reads all the time, and the window bounds how many answers Asterisk may have to keep while this machine is slow.

Only its ActionID says which action an answer belongs to: answers may come in another order, with events between them.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from astsync.errors import PbxError, PbxRightsError, PbxTimeout
from astsync.language import about, say
from astsync.pbx import WriteResult, packets
from astsync.pbx.answer import SLICE, no_answer
from astsync.pbx.batches import Batch, Batches, batches_of
from astsync.pbx.bounds import FEWEST_ANSWERS
from astsync.pbx.connection import AmiConnection
from astsync.pbx.pace import Pace
from astsync.pbx.packets import EntryAction
from astsync.phonebook.model import Progress, no_progress

log = logging.getLogger(__name__)

WINDOW = 4_000
"""Unanswered actions; their answers are 320 KB.

To be woken often costs both sides more than the work itself. With 1,000 sent at once, and answers that gather,
Asterisk writes as fast as where nobody reads the answers; with 250 at once, half of them under way and 1 ms it had 62 %
of that on a busy machine. Others who ask Asterisk meanwhile wait no longer for it (tests/bench/bench_beside.py).
"""

GATHER = 0.0015
"""Seconds that answers gather before they are read. A fast Asterisk sends 40 KB in it.

A socket of Linux holds 64 KB at first. Where more gathers, each answer becomes a segment of its own (760,000 of them
for a million answers, against 40,000), and each costs Asterisk twice: with 3 ms it wrote 170,000 to 360,000 entries/s,
as it came, with 1 or 1.5 ms always 350,000.
"""


class Pipeline:
    """Sends one action for each (key, value) and collects the failures; a Waiter of the connection.

    ``harmless`` says which error messages count as done. Two threads work on it: the caller sends, the listener thread
    calls ``take_many``, ``take`` and ``fail``. ``_open`` are the batches that are sent and not answered whole; who
    looks at them has the lock. ``_message`` is with which words the PBX confirms, once it has.
    """

    def __init__(
        self,
        connection: AmiConnection,
        action: EntryAction,
        harmless: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._connection = connection
        self._action = action
        self._harmless = harmless
        self._open: deque[Batch] = deque()
        self._lock = threading.Lock()
        self._message: bytes | None = None
        self._failed: dict[str, str] = {}
        self._denied: list[str] = []
        self._fatal: PbxError | None = None
        self._sent = 0
        self._answered = 0
        self._wanted = 0
        self._moved = threading.Event()
        self._started = time.monotonic()
        self._pace = Pace(connection.config.rate)

    def run(
        self, items: Iterable[tuple[str, str]], progress: Progress = no_progress, total: int | None = None
    ) -> WriteResult:
        """Send all items. Failures of single ones are in the result. ``total`` is how many they are, None: unknown.

        Raises PbxRightsError, PbxTimeout, PbxConnectionLost, which say what was confirmed before and what is left.
        """
        self._started = time.monotonic()
        batches = batches_of(items, self._action)
        self._look_ahead(total)
        given = 0
        try:
            with self._connection.in_bulk(self.take_many, GATHER):
                while count := batches.more(self._pace.batch):
                    self._rest()
                    given += count
                    self._send(batches, count)
                    self._wait(self._sent - WINDOW)
                    progress(self._action.name, self._answered, total)
                self._wait(self._sent)
            progress(self._action.name, self._answered, total)
        except PbxError as error:
            self._account(error, given, batches)
            raise
        finally:
            for batch in tuple(self._open):
                self._connection.forget_many(batch.identities)
        return WriteResult(given - len(self._failed), dict(self._failed))

    def _look_ahead(self, total: int | None) -> None:
        """Warn where the rate allows fewer entries than are to be written until the run must end."""
        left = self._connection.stopping.left()
        if total is not None and self._pace.seconds(total) > left:
            log.warning(
                "%s: pbx.rate allows %d of %d entries until the run must end (%s)",
                self._connection.config.name,
                left * self._pace.rate,
                total,
                self._connection.stopping.key or "its time",
            )

    def _rest(self) -> None:
        """Wait until the next batch may be sent. Raises PbxTimeout when the run must end, and what ``fail`` brought.

        A PBX is not slow because we are: what was waited here is no time in which it could have answered.
        """
        began = now = time.monotonic()
        while self._fatal is None and (left := self._pace.left(now)) > 0:
            if self._connection.stopping.wait(min(left, SLICE)):
                words = say(
                    "the run had to end before all was written; pbx.rate allows {rate:,} a second", rate=self._pace.rate
                )
                raise PbxTimeout(about(self._connection.config.name, words), hint=say("Run the command again."))
            now = time.monotonic()
        if self._fatal is not None:
            raise self._fatal
        self._started += now - began

    def _account(self, error: PbxError, given: int, batches: Batches) -> None:
        """Note in an error what was confirmed, refused and left, while the listener may still take answers.

        All three follow from one look at ``_open``, which a key leaves together with the note of its refusal. Two looks
        could count one key twice or not at all. A key that was refused for a missing right counts as left: the right
        may be given.
        """
        with self._lock:
            left = {*self._denied}.union(*(batch.left() for batch in self._open))
            error.failed = {key: words for key, words in self._failed.items() if key not in left}
        error.done = given - len(left) - len(error.failed)
        error.left = left.union(batches.rest())

    def _send(self, batches: Batches, count: int) -> None:
        batch = batches.built(self._connection.next_identities(count))
        self._failed.update(batch.failed)
        if not batch.identities:
            return
        self._pace.sent(batch.waiting, time.monotonic())
        with self._lock:
            self._open.append(batch)
        self._connection.expect_many(batch.identities, self)
        self._connection.send(batch.sent())
        self._sent += len(batch.identities)

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
        what, now = about(self._connection.config.name, self._action.name), time.monotonic()
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
        """Count an answer; called by the listener thread. A second one to the same action is dropped."""
        number = int(identity)
        with self._lock:
            batch = self._waiting_for(number)
            if batch is None:
                return True
            if not packet.startswith(b"Response: Success"):
                self._note(batch.key(number), packet)
            batch.answer(number)
            self._drop_answered()
        self._count(1)
        return True

    def _waiting_for(self, identity: int) -> Batch | None:
        """The batch that waits for the answer to this action."""
        return next((batch for batch in self._open if batch.waits_for(identity)), None)

    def take_many(self, data: bytes) -> int:
        """Count the answers at the beginning of these bytes; called by the listener thread.

        First those that are expected next, and then all that confirm, in whatever order they are.
        """
        with self._lock:
            size, before = 0, self._waiting
            while self._message is not None and self._open and (taken := self._open[0].take(data, size, self._message)):
                size += taken
                self._drop_answered()
            size += self._take_confirmed(data[size:])
            answers = before - self._waiting
        if answers:
            self._count(answers)
        return size

    @property
    def _waiting(self) -> int:
        return sum(batch.waiting for batch in self._open)

    def _take_confirmed(self, data: bytes) -> int:
        """Take all that confirms from the beginning of these bytes; return the bytes.

        Where one of them is no answer that this waits for, or comes twice, they all are taken one by one.
        """
        answers, size = packets.successes(data)
        batches = [self._waiting_for(identity) for identity, _ in answers]
        if None in batches or len({identity for identity, _ in answers}) != len(answers):
            return 0
        for (identity, message), batch in zip(answers, batches, strict=True):
            if batch is not None:
                batch.answer(identity)
                self._message = message
        self._drop_answered()
        return size

    def _drop_answered(self) -> None:
        while self._open and not self._open[0].waiting:
            self._connection.forget_many(self._open.popleft().identities)

    def _count(self, answers: int) -> None:
        self._answered += answers
        if self._answered >= self._wanted:
            self._moved.set()

    def _note(self, key: str, packet: bytes) -> None:
        """Keep an error's words; a missing right ends the pipeline, as every further action would fail too."""
        message = self._connection.words(packet)
        if self._harmless(message):
            return
        error = self._connection.refused(self._action.name, packet)
        if isinstance(error, PbxRightsError):
            self._denied.append(key)
            self.fail(error)
        else:
            self._failed[key] = message

    def fail(self, error: PbxError) -> None:
        """Stop: no more answers will come, or none that help."""
        self._fatal = error
        self._moved.set()
