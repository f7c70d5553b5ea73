"""The guard of one PBX: holds a connection to its AMI, sees it go and come, and has its phonebook restored.

A restart is seen by the connection's end; what follows every new connection is a comparison with the snapshot, so
nothing depends on how the PBX went. ``Shutdown`` and ``FullyBooted`` come only to a user with ``read = system``
(measured on 16.28 and 22.10): the one makes things known a little earlier, after the other it is compared once more,
as what a PBX runs at the end of its start may touch AstDB. ``CoreStatus`` tells a restart that did not
end the connection, as behind a proxy.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from astsync.config import PbxConfig
from astsync.engine.result import Report
from astsync.errors import AstsyncError, PbxConnectionLost
from astsync.pbx import Pbx, packets, retry
from astsync.pbx.astdb import AmiPbx, AstDb
from astsync.pbx.connection import AmiConnection
from astsync.pbx.opened import OpenedPbx
from astsync.watch.clock import Clock
from astsync.watch.loop import Loop
from astsync.watch.runs import Runs, Turns, in_full, told

log = logging.getLogger(__name__)

KEEPALIVE = 30.0  # seconds between two looks at a PBX that is quiet
SETTLED = 60.0  # seconds after which a connection was no mere flicker
_EVENTS = ["Shutdown", "FullyBooted"]


class _News:
    """What the held connection told since it was last asked; its listener thread tells it."""

    def __init__(self, tell: Callable[[str], None], wake: Callable[[], None]) -> None:
        self._tell = tell
        self._wake = wake
        self._any = False
        self.booted = False

    def take(self) -> bool:
        """Whether there was anything since the last time."""
        found, self._any = self._any, False
        return found

    def on_event(self, event: Any, **_: object) -> None:
        """Note an event of asterisk-ami's client, one of ``_EVENTS``."""
        if event.name == "Shutdown":
            self._tell("Asterisk is shutting down")
        else:
            self.booted = True
        self.note()

    def note(self) -> None:
        """Note that something happened, as the end of the connection, and wake the guard."""
        self._any = True
        self._wake()


class Guard(Loop):
    """Watches one PBX; ``moved`` is called when ``up`` changes.

    ``up`` tells whether it is connected; ``_since`` when that began. A restore goes over the connection that is held;
    ``pbx`` opens one of its own.
    """

    def __init__(
        self, config: PbxConfig, family: str, runs: Runs, turns: Turns, clock: Clock, moved: Callable[[], None]
    ) -> None:
        super().__init__(config.name, clock)
        self.up = False
        self.pbx: Pbx = AmiPbx(config, family)
        self._config = config
        self._family = family
        self._runs = runs
        self._turns = turns
        self._moved = moved
        self._since = clock.now()
        self._flickers = 0
        self._started = ""
        self._complaint: type[AstsyncError] | None = None
        self._owes = False
        self._useful = False
        self._pause = 0.0
        self._refusal = ""

    def work(self) -> None:
        """Connect, hold, and begin anew."""
        while True:
            try:
                news = _News(self._tell, self.wake)
                with AmiConnection(self._config, events="system", on_end=news.note) as ami:
                    ami.client.add_event_listener(news.on_event, white_list=_EVENTS)
                    self._hold(ami, news)
            except AstsyncError as error:
                self._lost(error)
                soonest = retry.soonest_after(self._flickers, useful=self._useful)
                self.pause(retry.jittered(retry.pause_while_away(self.clock.now() - self._since, error, soonest)))

    def _hold(self, ami: AmiConnection, news: _News) -> None:
        """Restore, then look from time to time; ends by an error."""
        self._arrive(self._look(ami))
        news.booted = False
        held = OpenedPbx(self.name, AstDb(ami, self._family))
        rechecked = False
        while True:
            if self._owes:
                rechecked, news.booted = rechecked or news.booted, False
                self._restore(held)
            if not news.take():
                self.wait(self._pause if self._owes else retry.jittered(KEEPALIVE))
            self._notice(self._look(ami))
            if news.booted and not rechecked:
                rechecked, self._owes = True, True

    def _look(self, ami: AmiConnection) -> str:
        """Ask when Asterisk was started: local time of the PBX, to be compared only. Raises PbxError."""
        found = packets.headers(ami.action("CoreStatus"))
        return f"{found.get('CoreStartupDate', '')} {found.get('CoreStartupTime', '')}".strip()

    def _arrive(self, started: str) -> None:
        """Tell that the PBX is there, and owe it a restore."""
        if not self._started:
            words = f"connected; Asterisk was started {started}"
        else:
            how = "the same Asterisk" if started == self._started else f"Asterisk was started {started}"
            words = f"back after {self.clock.now() - self._since:.1f} s; {how}"
        self._tell(words)
        self._useful = started != self._started
        self._started, self._complaint = started, None
        self._owes, self._pause, self._refusal = True, 0.0, ""
        self._set_up(True)

    def _notice(self, started: str) -> None:
        """Take in what a look showed."""
        self._settle()
        if started != self._started:
            log.info("%s: Asterisk was restarted %s", self.name, started)
            self._started, self._owes, self._pause, self._refusal = started, True, 0.0, ""

    def _lost(self, error: AstsyncError) -> None:
        """Tell once that the PBX is away and why; again when the reason changes."""
        if self.up and not self._settle():
            self._flickers += 1
            if self._flickers == retry.RESTLESS:
                log.warning("%s: %d connections in a row were soon lost; no more is told", self.name, retry.RESTLESS)
        if self._complaint is not type(error):
            words = error.message if isinstance(error, PbxConnectionLost) else in_full(error)
            self._tell(f"away: {words.removeprefix(f'{self.name}: ')}", logging.WARNING)
        self._complaint = type(error)
        self._set_up(False)

    def _settle(self) -> bool:
        """Tell whether the connection has lasted; then it was no flicker."""
        settled = self.clock.now() - self._since > SETTLED
        if settled and self._flickers >= retry.RESTLESS:
            log.info("%s: the connection lasts again", self.name)
        self._flickers = 0 if settled else self._flickers
        return settled

    def _tell(self, words: str, level: int = logging.INFO) -> None:
        """Log a line; of a PBX that goes and comes all day only where all is asked for."""
        log.log(logging.DEBUG if self._flickers >= retry.RESTLESS else level, "%s: %s", self.name, words)

    def _set_up(self, up: bool) -> None:
        if self.up is not up:
            self.up, self._since = up, self.clock.now()
            self._moved()

    def _restore(self, held: Pbx) -> None:
        """Compare with the snapshot and put back what is missing; what fails is owed on while the PBX is there."""
        begun = time.monotonic()
        try:
            report = self._turns.take(self, partial(self._runs.restore, (held,), self.writing))
        except AstsyncError as error:
            return self._put_off(error)
        self._owes = False
        if report is None:
            log.warning("%s: there is no snapshot to restore from yet; the first sync makes one", self.name)
        else:
            self._account(report, time.monotonic() - begun)
        return None

    def _account(self, report: Report, seconds: float) -> None:
        for part in report.pbx:
            if part.error is not None:
                self._put_off(part.error)
                continue
            self._useful = self._useful or (part.applied is not None and part.applied.any)
            self._tell(f"restore: {told(part)}; {seconds:.2f} s")

    def _put_off(self, error: AstsyncError) -> None:
        """Owe the restore on, unless only a person can mend what refused it; tell it again when the reason changes."""
        words = in_full(error)
        if words != self._refusal:
            self._tell(f"restore: {words}", logging.WARNING)
        self._refusal = words
        pause = retry.pause_before_restore(self._pause, error)
        self._owes, self._pause = pause is not None, pause or 0.0
