"""The guard of one PBX: holds a connection to its AMI, notices its end and its return, and has its phonebook restored.

A restart shows in the connection's end. Every new connection is followed by a comparison with the snapshot, so nothing
depends on how the PBX was lost. A restart that did not end the connection, as behind a proxy, shows in ``CoreStatus``.

The events ``Shutdown`` and ``FullyBooted`` come only to a user with ``read = system`` (measured on 16.28 and 22.10), so
they may add something, and nothing may depend on them. After ``Shutdown`` the loss is known a little earlier. After
``FullyBooted`` the phonebook is compared once more: what a PBX runs at the end of its start may change AstDB after the
first restore. So a restored phonebook counts as complete when a comparison that began after ``FullyBooted`` found it
so; where the event does not come, the first comparison must do.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from astsync.engine.result import Report
from astsync.errors import AstsyncError, PbxConnectionLost
from astsync.pbx import retry
from astsync.pbx.astdb import AmiPbx
from astsync.pbx.connection import AmiConnection
from astsync.pbx.opened import OpenedPbx
from astsync.watch.clock import Clock
from astsync.watch.loop import Loop
from astsync.watch.runs import Runs, Turns, in_full, told

log = logging.getLogger(__name__)

KEEPALIVE = 30.0  # seconds between two looks at a PBX that is quiet
LASTS = 60.0  # seconds after which a connection counts as one that lasts
_EVENTS = ["Shutdown", "FullyBooted"]


class _News:
    """What happened on the held connection since the guard last asked; the connection's listener thread notes it."""

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
    """Watches one PBX. ``held`` is the PBX over the connection that is held, None while there is none.

    ``_since`` is when that began, and ``moved`` is called when it changes. Restores and the periodic sync go over this
    one connection: a PBX may allow a user no second session.
    """

    def __init__(self, pbx: AmiPbx, runs: Runs, turns: Turns, clock: Clock, moved: Callable[[], None]) -> None:
        super().__init__(pbx.name, clock)
        self.held: OpenedPbx | None = None
        self._config = pbx.config
        self._family = pbx.family
        self._runs = runs
        self._turns = turns
        self._moved = moved
        self._since = clock.now()
        self._short_lived = 0  # connections in a row that did not last
        self._started = ""  # when Asterisk was started, in its own words; empty before the first connection
        self._away_for: type[AstsyncError] | None = None
        self._restore_due = False
        self._useful = False  # whether this connection met a new Asterisk, or put entries back
        self._pause = 0.0
        self._told = ""  # why the restore failed, as it was last logged

    def work(self) -> None:
        """Connect and hold the connection, over and over."""
        while True:
            try:
                news = _News(self._tell, self.wake)
                ami = AmiConnection(self._config, events="system", on_end=news.note)
                ami.client.add_event_listener(news.on_event, white_list=_EVENTS)
                ami.open()
                held = OpenedPbx(ami, self._family)
                try:
                    self._hold(ami, held, news)
                finally:
                    held.leave()
            except AstsyncError as error:
                self._note_loss(error)
                soonest = retry.soonest_after(self._short_lived, useful=self._useful)
                self.pause(retry.jittered(retry.pause_while_away(self.clock.now() - self._since, error, soonest)))

    def _hold(self, ami: AmiConnection, held: OpenedPbx, news: _News) -> None:
        """Restore, then look from time to time; only an error ends it, as the connection's end."""
        self._note_return(ami.started(), held)
        news.booted = False  # an Asterisk that has started says it at each login; only a later one is news
        rechecked = False
        while True:
            if self._restore_due:
                # A comparison that begins after FullyBooted is the one after FullyBooted.
                rechecked, news.booted = rechecked or news.booted, False
                self._restore(held)
            if not news.take():
                self.wait(self._pause if self._restore_due else retry.jittered(KEEPALIVE))
            with held.alone(self.check):
                started = ami.started()
            self._note_start(started)
            if news.booted and not rechecked:
                rechecked, self._restore_due = True, True

    def _note_return(self, started: str, held: OpenedPbx) -> None:
        """Log that the PBX is connected; a restore is due."""
        if not self._started:
            words = f"connected; Asterisk was started {started}"
        else:
            how = "the same Asterisk" if started == self._started else f"Asterisk was started {started}"
            words = f"back after {self.clock.now() - self._since:.1f} s; {how}"
        self._tell(words)
        self._useful = started != self._started
        self._started, self._away_for = started, None
        self._restore_due, self._pause, self._told = True, 0.0, ""
        self._set(held)

    def _note_start(self, started: str) -> None:
        """Compare the start of Asterisk with the last one; after a restart a restore is due."""
        self._has_lasted()
        if started != self._started:
            log.info("%s: Asterisk was restarted %s", self.name, started)
            self._started, self._restore_due, self._pause, self._told = started, True, 0.0, ""

    def _note_loss(self, error: AstsyncError) -> None:
        """Log once that the PBX is away and why; again when the kind of error changes."""
        if self.held is not None and not self._has_lasted():
            self._short_lived += 1
            if self._short_lived == retry.RESTLESS:
                log.warning("%s: %d connections in a row were soon lost; no more is told", self.name, retry.RESTLESS)
        if self._away_for is not type(error):
            words = error.message if isinstance(error, PbxConnectionLost) else in_full(error)
            self._tell(f"away: {words.removeprefix(f'{self.name}: ')}", logging.WARNING)
        self._away_for = type(error)
        self._set(None)

    def _has_lasted(self) -> bool:
        """Whether the connection has lasted; then the count of those that did not begins anew."""
        lasted = self.clock.now() - self._since > LASTS
        if lasted and self._short_lived >= retry.RESTLESS:
            log.info("%s: the connection lasts again", self.name)
        self._short_lived = 0 if lasted else self._short_lived
        return lasted

    def _tell(self, words: str, level: int = logging.INFO) -> None:
        """Log a line; of a PBX whose connections end all day only at the level DEBUG."""
        log.log(logging.DEBUG if self._short_lived >= retry.RESTLESS else level, "%s: %s", self.name, words)

    def _set(self, held: OpenedPbx | None) -> None:
        if self.held is not held:
            self.held, self._since = held, self.clock.now()
            self._moved()

    def _restore(self, held: OpenedPbx) -> None:
        """Compare with the snapshot and put back what differs; after a failure the restore stays due."""
        begun = time.monotonic()
        try:
            report = self._turns.take(self, partial(self._runs.restore, (held,), self.writing))
        except AstsyncError as error:
            return self._note_failure(error)
        self._restore_due = False
        if report is None:
            log.warning("%s: there is no snapshot to restore from yet; the first sync makes one", self.name)
        else:
            self._note_report(report, time.monotonic() - begun)
        return None

    def _note_report(self, report: Report, seconds: float) -> None:
        for part in report.pbx:
            if part.error is not None:
                self._note_failure(part.error)
                continue
            self._useful = self._useful or (part.applied is not None and part.applied.any)
            self._tell(f"restore: {told(part)}; {seconds:.2f} s")

    def _note_failure(self, error: AstsyncError) -> None:
        """Log a failed restore, again when the reason changes, and decide whether and when it is tried again."""
        words = in_full(error, self.name)
        if words != self._told:
            self._tell(f"restore: {words}", logging.WARNING)
        self._told = words
        pause = retry.pause_before_restore(self._pause, error)
        self._restore_due, self._pause = pause is not None, pause or 0.0
