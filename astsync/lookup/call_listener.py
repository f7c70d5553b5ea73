"""Follows the calls of one PBX: by its events where the AMI user has ``read = call``, else by looking once a second.

A session is held for that. Which of the two it is shows by itself: where a channel that began after the first list is
in a later one, and no event told of it, none come. Lists are also asked for now and then while events come, so that a
channel whose end was not told does not stay.

Where a PBX allows the user one session alone, none is held: it would keep away ``watch``, which restores the phonebook,
and each sync. Then the calls that are over come from the PBX's file of records, where that can be read.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from astsync.calls.channels import past_events
from astsync.calls.ids import call_id
from astsync.calls.model import Evidence, Following, LiveCall, PastCall
from astsync.calls.record import CallRecord
from astsync.calls.recording import VARIABLE_SET, filter_of
from astsync.calls.records import record_of_event
from astsync.calls.tracker import EVENTS, CallTracker, House
from astsync.config import PbxConfig
from astsync.errors import AstsyncError, PbxError, PbxSessionTaken
from astsync.language import about, say
from astsync.pbx import retry
from astsync.pbx.channels import read_channels
from astsync.pbx.connection import AmiConnection
from astsync.pbx.second_session import CURE, is_only_session
from astsync.watch.clock import Clock
from astsync.watch.loop import Loop

log = logging.getLogger(__name__)

LOOK = 1.0  # seconds between two lists of channels where no events come
CONTROL = 30.0  # seconds between two lists where they come
UNSURE = 2.0  # seconds between two lists until the first event comes
_LASTS = 60.0  # seconds after which a connection counts as one that lasts
_ALONE = say("the PBX allows this user one session, and sync and watch need it (`allowmultiplelogin = no`).")
_LATE = timedelta(seconds=2)  # after which an event of a channel that is in the list must have come


class Hearing(Protocol):
    """Who is told of calls; from any thread."""

    def moved(self, call: LiveCall) -> object:
        """A call in progress has a new state."""

    def over(self, call_id: str) -> object:
        """A call is over."""

    def follows(self, pbx: str, way: Following) -> object:
        """The calls of this PBX are followed in this way from now on."""

    def lost(self, pbx: str) -> object:
        """Nothing is known of the calls of this PBX any more."""


class Keeping(Protocol):
    """Who keeps the calls that are over; from any thread, and it returns at once. Moments are UTC."""

    def ended(self, call: PastCall, evidence: Evidence) -> object:
        """A call is over."""

    def record(self, pbx: str, record: CallRecord) -> object:
        """The PBX told of its record of a call that nobody else tells of."""

    def recorded(self, call_id: str, name: str) -> object:
        """The PBX told the name of the recording of a call that is over, and that somebody else told of."""

    def began(self, pbx: str, at: datetime) -> object:
        """From now on the calls of this PBX are heard of, or looked at."""

    def heard(self, pbx: str, at: datetime, *, whole: bool) -> object:
        """Up to this moment they were. ``whole``: each that ends is told."""


class KeepsNothing:
    """Keeps no calls."""

    def ended(self, call: PastCall, evidence: Evidence) -> None:
        """Take a call that is over."""

    def record(self, pbx: str, record: CallRecord) -> None:
        """Take a record."""

    def recorded(self, call_id: str, name: str) -> None:
        """Take the name of a recording."""

    def began(self, pbx: str, at: datetime) -> None:
        """Take that calls are heard of."""

    def heard(self, pbx: str, at: datetime, *, whole: bool) -> None:
        """Take that calls were heard of."""


_KEEPS_NOTHING = KeepsNothing()
_RECORD = "Cdr"
_MASK = "call,cdr"


class CallListener(Loop):
    """A thread for one PBX."""

    def __init__(
        self,
        config: PbxConfig,
        house: House,
        hearing: Hearing,
        keeping: Keeping = _KEEPS_NOTHING,
        clock: Clock | None = None,
        rival: Callable[[], str] = lambda: "",
    ) -> None:
        super().__init__(f"calls-{config.name}", clock or Clock())
        self._config, self._hearing, self._rival = config, hearing, rival
        self._recordings = house.recordings
        self._session = _Session(config.name, house, hearing, keeping)
        self._told = ""  # the last failure that was logged

    def stop(self) -> None:
        """Ask the thread to end. Up to this moment all calls were heard, as far as there is a connection."""
        self._session.stopped()
        super().stop()

    def work(self) -> None:
        """Connect and listen, over and over."""
        pause = 0.0
        while True:
            began = self.clock.now()
            try:
                self._listen()
            except AstsyncError as error:
                self._session.lost()
                if isinstance(error, PbxSessionTaken):
                    self._session.stays_away()
                self._hearing.lost(self._config.name)
                self._tell(error)
                lasted = self.clock.now() - began
                pause = retry.doubled(0.0 if lasted > max(pause, _LASTS) else pause, *_pauses(error))
                self.pause(retry.jittered(pause))

    def _listen(self) -> None:
        """Hold one connection; only an error ends it."""
        session = self._session
        session.begin()
        connection = AmiConnection(self._config, events=_MASK, on_end=self.wake, rival=self._rival)
        connection.client.add_event_listener(session.on_event, white_list=[*EVENTS, _RECORD, VARIABLE_SET])
        with connection:
            if is_only_session(self._config):
                raise PbxSessionTaken(about(self._config.name, _ALONE), hint=CURE)
            self._filter(connection)
            session.look(connection)
            log.info("%s: following calls", self._config.name)
            self._told = ""  # only now: a list that is refused each time is told once
            self._hearing.follows(self._config.name, session.way)
            while True:
                self.wait(LOOK if session.blind else CONTROL if session.heard else UNSURE)
                connection.check()
                was_blind = session.blind
                session.look(connection)
                self._hearing.follows(self._config.name, session.way)
                if session.blind and not was_blind:
                    log.warning(
                        "%s: no events of calls come: channels are looked at once a second. Write `read = call` for "
                        "the user %s in manager.conf and run `manager reload` there",
                        self._config.name,
                        self._config.user,
                    )

    def _filter(self, connection: AmiConnection) -> None:
        """Ask for the events that are needed alone; where that is refused all come, which costs a little more."""
        try:
            for event in (*EVENTS, _RECORD):
                connection.action("Filter", Operation="Add", Filter=f"Event: {event}")
            if self._recordings:
                connection.action("Filter", Operation="Add", Filter=filter_of(self._recordings))
                # Only now, and only of the filtered: without a filter each line of the dialplan would be an event.
                connection.action("Events", EventMask=f"{_MASK},dialplan")
        except PbxError as error:
            connection.check()
            log.debug("%s: no filter of events: %s", self._config.name, error)

    def _tell(self, error: AstsyncError) -> None:
        """Log a failure that is another one than the last. Whoever has the only session, the cure is the same."""
        one_session = isinstance(error, PbxSessionTaken)
        words, hint = (_ALONE, f" {CURE}") if one_session else (error.under(self._config.name), "")
        if words != self._told:
            log.warning("%s: calls are not followed: %s%s", self._config.name, words, hint)
        self._told = words


class _Session:
    """What is known over one connection after the other. AMI's thread and the listener's share it."""

    def __init__(self, pbx: str, house: House, hearing: Hearing, keeping: Keeping) -> None:
        self.blind = self.heard = False
        self._pbx, self._house, self._hearing, self._keeping = pbx, house, hearing, keeping
        self._lock = threading.Lock()
        self._tracker = self._new_tracker()
        self._missing: set[str] = set()
        self._first = True
        self._recorded = False  # whether records come
        self._before: set[str] = set()  # the channels of the connection before
        self._partly: set[str] = set()  # calls of which not all was heard
        self._lost_at = self._last = datetime.now(UTC)
        self._connected = False
        self._away = False  # whether no session is held, as the PBX allows only one

    def begin(self) -> None:
        """A connection begins: what went on over the one before may go on."""
        with self._lock:
            if self.blind:
                self._tracker = self._new_tracker()
            self.blind = self.heard = self._recorded = False
            self._first = True
            self._missing = set()
            self._before = self._tracker.channels()
            self._partly = {call_id(self._pbx, self._tracker.linked_of(channel)) for channel in self._before}

    def stays_away(self) -> None:
        """There is no session, as the PBX allows only one: what is over is known by its file alone."""
        with self._lock:
            now = datetime.now(UTC)
            if not self._away:
                self._away = True
                self._keeping.began(self._pbx, now)
            self._keeping.heard(self._pbx, now, whole=False)

    def lost(self) -> None:
        """The connection ended."""
        with self._lock:
            self._lost_at = datetime.now(UTC)
            self._tell_heard(self._last)
            self._connected = False

    def stopped(self) -> None:
        """Nothing is heard from now on."""
        with self._lock:
            self._tell_heard(datetime.now(UTC))

    def _tell_heard(self, at: datetime) -> None:
        if self._connected:
            self._keeping.heard(self._pbx, at, whole=self.heard or self._recorded)

    @property
    def way(self) -> Following:
        """How the calls are followed."""
        if self.blind:
            return Following.CHANNELS
        return Following.EVENTS if self.heard else Following.QUIET

    def on_event(self, event: Any, **_: object) -> None:
        """Take an event of asterisk-ami's client."""
        with self._lock:
            self._last = datetime.now(UTC)
            if event.name == _RECORD:
                self._take_record(event.keys)
                return
            if event.name != VARIABLE_SET:  # which another right brings
                self.heard, self.blind = True, False
            self._tracker.take(event.name, event.keys, self._last)

    def _take_record(self, headers: Mapping[str, str]) -> None:
        """Take a record of the PBX, where the events have not told the call whole."""
        record = record_of_event(headers, self._house.recordings)
        if record is None:
            return
        self._recorded = True
        named = self.heard and record.linked and record.recording
        if named and not self._tracker.recorded(record.linked, record.recording):
            self._keeping.recorded(call_id(self._pbx, record.linked), record.recording)
        if not self.heard or call_id(self._pbx, record.linked) in self._partly:
            self._keeping.record(self._pbx, record)

    def _new_tracker(self) -> CallTracker:
        hearing = self._hearing
        return CallTracker(self._pbx, self._house, moved=hearing.moved, ended=self._ended, joined=hearing.over)

    def look(self, connection: AmiConnection) -> None:
        """Read the list of channels, and hold it against what the events told. Raises PbxError."""
        rows: list[Mapping[str, str]] = []
        read_channels(connection, rows.append)
        with self._lock:
            now = datetime.now(UTC)
            if self._first:
                self._begin(rows, now)
                self._keeping.began(self._pbx, now)
                self._away = False
            elif self.blind:
                self._replace(rows, now)
            else:
                self._compare(rows, now)
            self._connected, self._last = True, now
            self._tell_heard(now)

    def _begin(self, rows: list[Mapping[str, str]], now: datetime) -> None:
        """Learn of the calls that began before the login, and of those that ended before it."""
        self._first = False
        there = {(row.get("Channel"), row.get("Linkedid")) for row in rows}
        for channel in self._before:
            linked = self._tracker.linked_of(channel)
            if linked and (channel, linked) not in there:
                self._tracker.take("Hangup", {"Channel": channel, "Linkedid": linked}, self._lost_at)
        known = self._tracker.channels()
        unheard = [row for row in rows if row.get("Channel") not in known]
        self._partly |= {call_id(self._pbx, row.get("Linkedid", "")) for row in unheard}
        for event in past_events(unheard, now):
            self._tracker.take(event.name, event.headers, event.at)
        for call in self._tracker.calls():
            self._hearing.moved(call)

    def _compare(self, rows: list[Mapping[str, str]], now: datetime) -> None:
        """End channels that two lists in a row do not have; find out whether events come at all."""
        known, there = self._tracker.channels(), {row.get("Channel", "") for row in rows}
        unheard = (event for event in past_events(rows, now) if event.headers.get("Channel") not in known)
        if not self.heard and (any(now - event.at >= _LATE for event in unheard) or self._missed_dial(rows, now)):
            self.blind = True
            self._replace(rows, now)
            return
        gone = known - there
        for channel in gone & self._missing:
            linked = self._tracker.linked_of(channel)
            self._partly.add(call_id(self._pbx, linked))
            self._tracker.take("Hangup", {"Channel": channel, "Linkedid": linked}, now)
        self._missing = gone

    def _missed_dial(self, rows: list[Mapping[str, str]], now: datetime) -> bool:
        """Whether the list has a call of which the first list had only the beginning, and no event told the rest."""
        known = {call.id for call in self._tracker.calls()}
        return any(call.id not in known and now - call.started >= _LATE for call in self._listed(rows, now).calls())

    def _listed(self, rows: list[Mapping[str, str]], now: datetime) -> CallTracker:
        """The calls of a list."""
        seen = CallTracker(self._pbx, self._house)
        for event in past_events(rows, now):
            seen.take(event.name, event.headers, event.at)
        return seen

    def _replace(self, rows: list[Mapping[str, str]], now: datetime) -> None:
        """Take the list for all that there is."""
        seen = self._listed(rows, now)
        before = {call.id: call for call in self._tracker.calls()}
        self._tracker = seen
        after = {call.id: call for call in seen.calls()}
        for call in after.values():
            if call.id not in before or before[call.id].stage is not call.stage or before[call.id].rung != call.rung:
                self._hearing.moved(call)
        for gone in before.keys() - after.keys():
            self._hearing.over(gone)

    def _ended(self, call: PastCall) -> None:
        self._hearing.over(call.id)
        self._keeping.ended(call, Evidence.PARTLY if call.id in self._partly else Evidence.EVENTS)


def _pauses(error: AstsyncError) -> tuple[float, float]:
    """The least and the most seconds until the next try."""
    if isinstance(error, retry.REFUSED):
        return retry.UNWELCOME
    # Seldom: while it is tried, nobody else has the only session.
    return retry.UNWELCOME if isinstance(error, PbxSessionTaken) else (retry.SOONEST, retry.LATEST)
