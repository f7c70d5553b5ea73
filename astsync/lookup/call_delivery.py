"""Sends each call that is over to an HTTP service of 1C: in order, at least once, until 1C has taken it.

A part of the journal is a POST of ``{"version": 1, "calls": […]}``. Taken is what the answer names, ``{"accepted":
[ID, …]}``; so neither a login page nor an error page is taken for a delivery. How far 1C has taken them stands in the
store: a call is sent again where the answer did not come, or this program was killed before it was noted.
"""

import logging
import sqlite3
from collections.abc import Callable
from typing import Any

import orjson

from astsync.errors import AstsyncError, SourceBadAnswer
from astsync.language import counted, say
from astsync.pbx.retry import doubled, jittered
from astsync.store import CallJournal, KeptCall
from astsync.watch.clock import Clock
from astsync.watch.loop import Loop

log = logging.getLogger(__name__)

MOST_SENT = 100
"""Calls in one request."""
PAUSES = (1.0, 900.0)
"""The least and the most seconds until the next try."""
IDLE = 30.0
"""Seconds between two looks into the journal where nobody says that there are new calls."""
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

    def work(self) -> None:
        """Send what there is, over and over."""
        pause = 0.0
        while True:
            try:
                all_taken = self._send_next()
            except CallJournal.Missing:
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
        body = orjson.dumps({"version": 1, "calls": [self._tell(call) for call in calls]})
        self.beat()
        taken = self._send(body)
        first = [call.call.id in taken for call in calls]
        count = first.index(False) if False in first else len(calls)
        if count:
            self._journal.give(calls[count - 1].place)
        if count < len(calls):
            raise SourceBadAnswer(not_taken(calls[count].call.id, len(calls) - count), hint=_SERVICE)
        return False

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
