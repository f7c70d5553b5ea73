"""The journal of calls: each call that is over, once, for 1C that asks for them and for 1C that is told.

Whoever follows the calls writes it, ``CallJournal``, without the lock of runs. A transaction is on the disk when it
returns.

A call has a place, which grows with each call and each change of one, and is never given again: a place is a cursor. A
call that changed, as by a late record of the PBX, comes again at a new place, with a higher revision.
"""

import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from astsync.calls.model import CallGap, Evidence, PastCall
from astsync.language import say, unpacked
from astsync.store import journal_rows as rows
from astsync.store.lockless import LocklessWriter, connect, is_ours
from astsync.store.open_files import identity
from astsync.store.records import KeptCall
from astsync.store.words import kept

MOST_GAPS = 200
"""Times without knowledge of calls that are kept, the last ones."""
NOT_HEARD = say("nothing was heard of calls: serve does not run, has no connection, or may not hear them")
NOT_CONFIGURED = say("the PBX of this name is not in the configuration any more")
_SILENT = 600.0  # seconds without a note after which that is said
_AHEAD = 86_400.0  # a moment that is further ahead was noted by a clock that was wrong
_BUSY = 5.0  # seconds that a writing waits for another one
_READING = 1.0
_LONGEST_CURSOR = 40
_DROP_EVERY = 3_600.0  # seconds between two looks for what is too old

_TOO_MANY_GAPS = """
DELETE FROM call_gap WHERE rowid IN (SELECT rowid FROM call_gap ORDER BY until DESC LIMIT -1 OFFSET ?)
"""
_LAST_PLACE = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'call'"
_HEARD = """
INSERT INTO call_heard VALUES (:pbx, :until) ON CONFLICT (pbx) DO UPDATE SET
until = CASE WHEN until > :now THEN excluded.until ELSE max(until, excluded.until) END
"""


class CallJournal:
    """The journal of the store at ``path``. One thread may use it.

    ``keep_days`` is how long a call is kept. Every method raises sqlite3.Error and OSError, and NoStoreYet where no
    store of this version is there yet.
    """

    def __init__(self, path: Path, keep_days: int) -> None:
        self._writer, self._days = LocklessWriter(path, _BUSY, durable=True), keep_days  # a told call stays that call
        self._dropped = 0.0
        self.untaken = 0
        """Calls that were dropped before 1C had taken them."""

    def close(self) -> None:
        """Close the file."""
        self._writer.close()

    def add(self, calls: Iterable[tuple[PastCall, Evidence]], now: float) -> int:
        """Keep calls, all of them or none; how many are new or changed. ``now`` is in seconds since 1970.

        What is known by better evidence stays as it is, and so does a call that is known just so.
        """

        def write(db: sqlite3.Connection) -> int:
            young = rows.young_enough(db, calls, now, self._days)
            changed = sum(rows.put(db, call, evidence) for call, evidence in young)
            if changed and abs(now - self._dropped) >= _DROP_EVERY:  # a clock may go back too
                self.untaken += rows.drop_old_journal(db, self._days, now)
                self._dropped = now
            return changed

        return self._writer.change(write)

    def recorded(self, names: Sequence[tuple[str, str]]) -> int:
        """Keep names of recordings, each with the id of its call, of calls that are known without one; how many are."""
        return self._writer.change(lambda db: sum(rows.put_recording(db, *one) for one in names))

    def after(self, place: int, most: int) -> list[KeptCall]:
        """The calls after a place, in order, ``most`` at most."""
        return self._writer.read(lambda db: [rows.read_call(row) for row in db.execute(rows.AFTER, (place, most))])

    def given(self) -> int:
        """The place up to which 1C has taken the calls that it was told."""
        return self._writer.read(lambda db: int(db.execute("SELECT given FROM call_state").fetchone()[0]))

    def give(self, place: int) -> None:
        """1C has taken the calls up to this place."""
        self._writer.change(lambda db: db.execute("UPDATE call_state SET given = max(given, ?)", (place,)))

    def heard_until(self, pbx: str) -> float | None:
        """Up to when the calls of a PBX are known (seconds since 1970), None where they never were followed."""

        def read(db: sqlite3.Connection) -> float | None:
            row = db.execute("SELECT until FROM call_heard WHERE pbx = ?", (_name(pbx),)).fetchone()
            return None if row is None else float(row[0])

        return self._writer.read(read)

    def heard(self, pbx: str, until: float) -> None:
        """The calls of a PBX are known up to this moment, but for gaps. It does not go back.

        But a moment that is still to come was noted by a clock that was wrong, and is none.
        """
        values = {"pbx": _name(pbx), "until": until, "now": time.time() + _AHEAD}
        self._writer.change(lambda db: db.execute(_HEARD, values))

    def end_others(self, pbxs: Iterable[str], now: datetime) -> list[CallGap]:
        """Expect nothing more of PBXs that are not among these, as of one that has another name now.

        The times from when they were heard last until now are kept as gaps; these.
        """
        configured = set(map(_name, pbxs))

        def write(db: sqlite3.Connection) -> list[CallGap]:
            heard = db.execute("SELECT pbx, until FROM call_heard").fetchall()
            others = [(pbx, rows.moment_of(until)) for pbx, until in heard if pbx not in configured]
            gaps = [CallGap(pbx, min(until, now), now, NOT_CONFIGURED) for pbx, until in others]
            for gap in gaps:
                db.execute("DELETE FROM call_heard WHERE pbx = ?", (gap.pbx,))
                _add_gap(db, gap)
            return gaps

        return self._writer.change(write)

    def add_gap(self, gap: CallGap) -> None:
        """Keep that nothing is known of the calls of a PBX that ended in a time. A gap with the same beginning goes."""
        self._writer.change(lambda db: _add_gap(db, gap))

    def fill_gap(self, pbx: str, since: datetime) -> None:
        """The calls of a gap were found after all."""
        gap = pbx, since.timestamp()
        self._writer.change(lambda db: db.execute("DELETE FROM call_gap WHERE pbx = ? AND since = ?", gap))


class JournalReader:
    """Reads the journal of the store at ``path``, from any thread; each reading opens the file for itself.

    Every method raises sqlite3.Error and OSError. A store that is not there, or has another version, holds no calls.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def page(self, cursor: str, limit: int) -> tuple[list[KeptCall], str, bool]:
        """The calls after a cursor, the next cursor, and whether there are more. Raises ValueError for no cursor.

        A cursor of another store, as of one that was lost since, begins at the oldest call; and so does one of a place
        that was never given, as where a copy of the store was put back.
        """
        mark, place = _cursor_parts(cursor)
        with self._reading() as db:
            if db is None:
                return [], cursor, False
            (ours,) = db.execute("SELECT mark FROM call_state").fetchone()
            (last,) = db.execute(_LAST_PLACE).fetchone()
            begin = place if mark == ours and place <= last else 0
            calls = [rows.read_call(row) for row in db.execute(rows.AFTER, (begin, limit + 1))]
        more, calls = len(calls) > limit, calls[:limit]
        return calls, f"{ours}-{calls[-1].place if calls else begin}", more

    def find(self, call_id: str) -> KeptCall | None:
        """The call with this id."""
        with self._reading() as db:
            row = None if db is None else db.execute(rows.ONE, (call_id,)).fetchone()
        return None if row is None else rows.read_call(row)

    def period(
        self,
        since: datetime,
        until: datetime,
        most: int,
        *,
        missed: bool = False,
        phones: Collection[str] | None = None,
        pbxs: Collection[str] | None = None,
    ) -> list[KeptCall]:
        """The calls that began in a period, the oldest first, ``most`` at most.

        ``missed``: those alone. ``phones``, ``pbxs``: of these alone, as calls have them; None for all.
        """
        query, values = rows.period_query(missed=missed, phones=phones, pbxs=pbxs)
        with self._reading() as db:
            given = since.timestamp(), until.timestamp(), *values, most
            found = () if db is None else db.execute(query, given).fetchall()
        return [rows.read_call(row) for row in found]

    def later(self, phones: Iterable[tuple[str, datetime]]) -> Iterator[tuple[bool, bool]]:
        """Of each number and moment: whether the house called it later, and whether a later call of it was answered."""
        with self._reading() as db:
            for phone, at in phones:
                row = None if db is None or not phone else db.execute(rows.LATER, (phone, at.timestamp())).fetchone()
                yield (False, False) if row is None else (bool(row[0]), bool(row[1]))

    def gaps(self, now: datetime, pbxs: Iterable[str]) -> list[CallGap]:
        """The times of which the calls are not known, the oldest first; that which lasts ends ``now``.

        ``pbxs`` are the PBXs of the configuration: nothing is expected of another one.
        """
        configured = set(map(_name, pbxs))
        with self._reading() as db:
            if db is None:
                return []
            gaps = [
                CallGap(pbx, rows.moment_of(since), rows.moment_of(until), unpacked(why))
                for pbx, since, until, why in db.execute("SELECT pbx, since, until, why FROM call_gap ORDER BY until")
            ]
            silent = now.timestamp() - _SILENT
            lasting = db.execute("SELECT pbx, until FROM call_heard WHERE until < ? ORDER BY until", (silent,))
            expected = [(pbx, until) for pbx, until in lasting if pbx in configured]
            return [*gaps, *(CallGap(pbx, rows.moment_of(until), now, NOT_HEARD) for pbx, until in expected)]

    def waiting(self) -> tuple[int, datetime | None]:
        """How many calls 1C has not taken yet, and when the oldest of them ended."""
        with self._reading() as db:
            count, oldest = (0, None) if db is None else db.execute(rows.WAITING).fetchone()
        return count, None if oldest is None else rows.moment_of(oldest)

    def _reading(self) -> "closing[sqlite3.Connection] | _Nothing":
        if identity(self._path) is None:
            return _Nothing()
        db = connect(self._path, "ro", _READING)
        try:
            if not is_ours(db):
                db.close()
                return _Nothing()
        except BaseException:
            db.close()
            raise
        return closing(db)


class _Nothing:
    """A store that is not there."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_error: object) -> None:
        return None


def _add_gap(db: sqlite3.Connection, gap: CallGap) -> None:
    row = (gap.pbx, gap.since.timestamp(), gap.until.timestamp(), kept(gap.why))
    db.execute("INSERT OR REPLACE INTO call_gap VALUES (?, ?, ?, ?)", row)
    db.execute(_TOO_MANY_GAPS, (MOST_GAPS,))


def _name(pbx: str) -> str:
    return pbx.casefold()


def _cursor_parts(cursor: str) -> tuple[str, int]:
    if not cursor:
        return "", 0
    mark, dash, place = cursor.partition("-")
    plain = cursor.isascii() and mark.isalnum() and place.isdecimal()
    if not dash or not plain or len(cursor) > _LONGEST_CURSOR:
        raise ValueError("no cursor")
    return mark, min(int(place), 2**62)
