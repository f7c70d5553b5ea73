"""Sends each call that is over to an HTTP service of 1C: in order, at least once, until 1C has taken it.

A part of the journal is a POST of ``{"version": 1, "calls": […]}``. Taken is what the answer names, ``{"accepted":
[ID, …]}``; so neither a login page nor an error page is taken for a delivery. How far 1C has taken them stands in the
store: a call is sent again where the answer did not come, or this program was killed before it was noted.

A call that 1C refuses for what it is must not hold up those behind it for ever. 1C may not name it, or fail as a whole
because of it; so after a failure the calls go one by one, too. Where 1C takes one behind it, the call was refused, and
not 1C ill. After ``REFUSALS`` of these it is passed over, and that is said: it stays in the journal, where 1C can ask
for it.
"""

import logging
import random
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from astsync.errors import AstsyncError, SourceBadAnswer, SourceError, SourceFailure, SourceQueryError
from astsync.language import counted, say
from astsync.pbx.retry import doubled, jittered
from astsync.store import CallJournal, KeptCall, NoStoreYet
from astsync.watch.clock import Clock
from astsync.watch.loop import Loop

log = logging.getLogger(__name__)

MOST_SENT = 100
"""Calls in one request."""
PAUSES = (1.0, 900.0)
"""The least and the most seconds until the next try."""
REFUSALS = 10
"""Refusals of one call, while those behind it are taken, after which it is passed over: a quarter of an hour."""
IDLE = 30.0
"""Seconds between two looks into the journal where nobody says that there are new calls."""
_PROBES = 10  # calls that are sent one by one to a 1C that took none together; where it takes one, all are
_ANSWERED = (SourceBadAnswer, SourceFailure, SourceQueryError)  # 1C is there, and did not take what it was sent
_SERVICE = say("Look at serve.calls.url: it must be the HTTP service of examples/1c that takes calls.")

Send = Callable[[bytes], frozenset[str]]
Tell = Callable[[KeptCall], dict[str, Any]]


class CallDelivery(Loop):
    """The thread that sends.

    ``send`` posts a body, and gives the ids that 1C took, or raises AstsyncError. ``tell`` makes what is told of a
    call.
    """

    def __init__(self, journal: CallJournal, send: Send, tell: Tell, clock: Clock | None = None) -> None:
        super().__init__("delivery", clock or Clock())
        self._journal, self._send, self._tell = journal, send, tell
        self._failing = False
        self._refused: dict[int, int] = {}  # how often 1C refused a call, by its place

    def work(self) -> None:
        """Send what there is, over and over."""
        pause = 0.0
        while True:
            try:
                all_taken = self._send_next()
            except NoStoreYet:
                self.wait(IDLE)
                continue
            except (AstsyncError, sqlite3.Error, OSError) as error:
                self._fail(error)
                pause = doubled(pause, *PAUSES)
                self.pause(jittered(pause))
                continue
            if self._failing:
                log.info("1C takes calls again")
            self._failing, pause = False, 0.0
            if all_taken:
                self.wait(IDLE)
            self.check()

    def _send_next(self) -> bool:
        """Send a part; whether there was none. Raises AstsyncError where not all of it was taken."""
        calls = self._journal.after(self._journal.given(), MOST_SENT)
        if not calls:
            return True
        taken = self._taken(calls)
        count = self._done_with(calls, [call.call.id in taken for call in calls])
        if count:
            self._journal.give(calls[count - 1].place)
        if count < len(calls):
            raise SourceBadAnswer(not_taken(calls[count].call.id, len(calls) - count), hint=_SERVICE)
        return False

    def _taken(self, calls: Sequence[KeptCall]) -> frozenset[str]:
        """Send calls together; the ids of those that 1C took. Raises AstsyncError where it took none.

        Where it failed before and fails again, one of them may be why: then they go one by one. ``_PROBES`` are sent
        first, any of them, as a 1C that is ill is not to be asked a hundred times.
        """
        try:
            return self._post(calls)
        except _ANSWERED:
            if not self._failing or len(calls) == 1:
                raise
            probes = random.sample(calls, min(_PROBES, len(calls)))
            taken = self._one_by_one(probes)
            if not taken:
                raise
            return taken | self._one_by_one([call for call in calls if call not in probes])

    def _one_by_one(self, calls: Sequence[KeptCall]) -> frozenset[str]:
        taken: frozenset[str] = frozenset()
        for call in calls:
            self.check()
            try:
                taken |= self._post([call])
            except _ANSWERED:
                continue
            except SourceError:  # 1C has gone meanwhile
                break
        return taken

    def _post(self, calls: Sequence[KeptCall]) -> frozenset[str]:
        body = orjson.dumps({"version": 1, "calls": [self._tell(call) for call in calls]})
        self.beat()
        return self._send(body)

    def _done_with(self, calls: Sequence[KeptCall], taken: Sequence[bool]) -> int:
        """How many of the first calls need not be sent again: 1C took them, or refused them often enough."""
        healthy = max((at for at, one in enumerate(taken) if one), default=0)
        refused = [call for call, one in zip(calls[:healthy], taken, strict=False) if not one]
        self._refused = {call.place: self._refused.get(call.place, 0) + 1 for call in refused}
        passed = {call.place for call in refused if self._refused[call.place] >= REFUSALS}
        done = [one or call.place in passed for call, one in zip(calls, taken, strict=True)]
        count = done.index(False) if False in done else len(done)
        self._tell_passed([call for call, one in zip(calls[:count], taken, strict=False) if not one])
        return count

    def _tell_passed(self, calls: Sequence[KeptCall]) -> None:
        if calls:
            words = "1C refused %d of the calls %d times and took those behind: they are passed over, the first is %s"
            log.error(words, len(calls), REFUSALS, calls[0].call.id)

    def _fail(self, error: Exception) -> None:
        """Tell that calls wait: one line until they are taken again."""
        if not self._failing:
            hint = f" ({error.hint})" if isinstance(error, AstsyncError) and error.hint else ""
            log.warning("1C does not take calls, they wait: %s%s", error, hint)
        self._failing = True


def not_taken(call_id: str, count: int) -> str:
    """The words for calls that an answer does not name."""
    return counted(
        "1C did not take {count:,} call, {first}",
        "1C did not take {count:,} calls, the first is {first}",
        count,
        first=call_id,
    )
