"""The rows of the journal of calls: which call is which, which of them are kept, and how they are read.

A call that was forgotten leaves a row without its number and its phones, so that another reading of the PBX's records
does not bring it back; nobody is told of it.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from astsync.calls.model import CallResult, Direction, Evidence, PastCall
from astsync.store.records import KeptCall

MOST_CALLS_KEPT = 200_000
"""Calls that are kept; where there are more, those told first leave. 100 bytes each, without their names."""
_DAY = 86_400.0
_SAME_BEGINNING = 60.0  # seconds between two beginnings of one call, by one clock
# In these the evidence 3 is Evidence.FORGOTTEN.
_ROWS = """
SELECT place, id, revision, pbx, direction, phone, extension, rung, did, started, answered, ended, result, recording,
evidence FROM call
"""
_KNOWN = f"{_ROWS} WHERE id = ? OR (id > ? AND id < ?)"
_CALLS = f"{_ROWS} WHERE evidence < 3"
AFTER = f"{_CALLS} AND place > ? ORDER BY place LIMIT ?"
"""The calls after a place, so many at most."""
ONE = f"{_CALLS} AND id = ?"
"""The call with an id."""
LATER = """
SELECT max(direction = 'outgoing'), max(direction = 'incoming' AND result = 'answered') FROM call
WHERE phone = ? AND started > ? AND evidence < 3
"""
"""Whether the house called a number after a moment, and whether a later call of it was answered."""
WAITING = """
SELECT count(*), min(ended) FROM call
WHERE place > (SELECT given FROM call_state) AND evidence < 3
"""
"""How many calls 1C has not taken, and when the first of them ended."""
_INSERT = """
INSERT INTO call (
    id, revision, pbx, direction, phone, extension, rung, did, started, answered, ended, result, recording, evidence
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_FORGET = """
UPDATE call SET evidence = 3, phone = '', extension = '', rung = '[]', did = '', answered = NULL,
    recording = ''
WHERE phone = ? AND evidence < 3
"""
_UNTAKEN = """
SELECT count(*) FROM call WHERE (ended < :before OR place <= :last) AND place > (SELECT given FROM call_state)
    AND evidence < 3
"""
_DROP = "DELETE FROM call WHERE ended < :before OR place <= :last"


def period_query(
    *, missed: bool, phones: Collection[str] | None, pbxs: Collection[str] | None
) -> tuple[str, tuple[str, ...]]:
    """What asks for the calls that began in a period, the oldest first, and its values after the two moments.

    The last value that it wants is how many at most.
    """
    conditions = ["started >= ? AND started < ?"]
    if missed:
        conditions.append(f"direction = '{Direction.INCOMING}' AND result <> '{CallResult.ANSWERED}'")
    values: list[str] = []
    for column, wanted in (("phone", phones), ("pbx", pbxs)):
        if wanted is not None:
            conditions.append(f"{column} IN ({', '.join('?' * len(wanted))})")
            values += map(clean, wanted)
    return f"{_CALLS} AND {' AND '.join(conditions)} ORDER BY started, place LIMIT ?", tuple(values)


def put(db: sqlite3.Connection, call: PastCall, evidence: Evidence) -> bool:
    """Keep one call; False where the one that is known stays.

    A PBX gives an id again where its clock was set back, or was not set yet. A call that began at another time is
    another call: its own moment goes behind its id.
    """
    calls = _known(db, clean(call.id))
    same = (one for one in calls if _is_same(one, call, evidence))
    known = min(same, key=lambda one: _apart(one[0].call, call), default=None)
    if known is None:
        own_id = f"{call.id}~{call.started.timestamp():.0f}" if calls else call.id
        db.execute(_INSERT, (*_row(replace(call, id=own_id), 1), int(evidence)))
        return True
    before, trusted = known
    call = replace(call, id=before.call.id)
    if evidence < trusted or before.call == call or (evidence == trusted and evidence is Evidence.EVENTS):
        return False
    _change(db, before, call, evidence)
    return True


def put_recording(db: sqlite3.Connection, call_id: str, name: str) -> bool:
    """Keep the name of the recording of a call that is known without one; whether it is."""
    known = max(_known(db, clean(call_id)), key=lambda one: one[0].call.started, default=None)
    if known is None or known[1] is Evidence.FORGOTTEN or known[0].call.recording:
        return False
    _change(db, known[0], replace(known[0].call, recording=name), known[1])
    return True


def _change(db: sqlite3.Connection, before: KeptCall, call: PastCall, evidence: Evidence) -> None:
    """Put a call in the place of what is known of it: it comes again, at a new place."""
    db.execute("DELETE FROM call WHERE id = ?", (before.call.id,))
    db.execute(_INSERT, (*_row(call, before.revision + 1), int(evidence)))


def _known(db: sqlite3.Connection, call_id: str) -> list[tuple[KeptCall, Evidence]]:
    """The calls that a PBX gave this id, with what each is known by."""
    rows = db.execute(_KNOWN, (call_id, f"{call_id}~", f"{call_id}\x7f")).fetchall()
    known = [(read_call(row), Evidence(row[-1])) for row in rows]
    return [(one, by) for one, by in known if one.call.id == call_id or one.call.id[len(call_id) + 1 :].isdecimal()]


def _is_same(known: tuple[KeptCall, Evidence], call: PastCall, evidence: Evidence) -> bool:
    """Whether two calls of one id are the same: by when they began.

    Records tell that by the clock of the PBX and events by that of this machine, and these may be of different zones.
    """
    before, trusted = known
    one_clock = trusted is not Evidence.FORGOTTEN and (trusted is Evidence.RECORDS) == (evidence is Evidence.RECORDS)
    return _apart(before.call, call) <= (_SAME_BEGINNING if one_clock else _DAY)


def _apart(one: PastCall, other: PastCall) -> float:
    return abs((one.started - other.started).total_seconds())


def young_enough(
    db: sqlite3.Connection, calls: Iterable[tuple[PastCall, Evidence]], now: float, days: int
) -> list[tuple[PastCall, Evidence]]:
    """The calls that are not older than what is kept."""
    every = list(calls)
    least = now - days * _DAY
    if any(call.ended.timestamp() < least for call, _ in every):  # else nobody need look for the oldest
        least = _least_moment(db, days, now)
    return [one for one in every if one[0].ended.timestamp() >= least]


def forget_journal(db: sqlite3.Connection, numbers: Sequence[str]) -> int:
    """Erase the calls of numbers from the journal; how many there were. That there were calls with these ids stays."""
    return sum(db.execute(_FORGET, (number,)).rowcount for number in numbers)


def drop_old_journal(db: sqlite3.Connection, days: int, now: float) -> int:
    """Drop the calls and gaps that are kept long enough, and those that are too many; how many 1C had not taken."""
    before = _least_moment(db, days, now)
    db.execute("DELETE FROM call_gap WHERE until < ?", (before,))
    last = db.execute("SELECT place FROM call ORDER BY place DESC LIMIT 1 OFFSET ?", (MOST_CALLS_KEPT,)).fetchone()
    old = {"before": before, "last": 0 if last is None else last[0]}
    (count,) = db.execute(_UNTAKEN, old).fetchone()
    db.execute(_DROP, old)
    return int(count)


def _least_moment(db: sqlite3.Connection, days: int, now: float) -> float:
    """What ended before is too old (seconds since 1970).

    A clock that is a year ahead must not take everything at once: one dropping takes the calls of a day. Where none are
    to be kept, no clock decides.
    """
    if not days:
        return float("inf")
    (oldest,) = db.execute("SELECT min(ended) FROM call").fetchone()
    wanted = now - days * _DAY
    return wanted if oldest is None else min(wanted, oldest + _DAY)


def _row(call: PastCall, revision: int) -> tuple[object, ...]:
    texts = call.phone, call.extension, json.dumps(call.rung), call.did
    answered = None if call.answered is None else call.answered.timestamp()
    times = call.started.timestamp(), answered, call.ended.timestamp()
    head = (clean(call.id), revision, clean(call.pbx), call.direction.value)
    return (*head, *map(clean, texts), *times, call.result.value, clean(call.recording))


def clean(text: str) -> str:
    """A text as the store has it: without what is no character."""
    return text.encode("utf-8", "replace").decode()


def read_call(row: Sequence[object]) -> KeptCall:
    """A call of its row."""
    place, call_id, revision, pbx, direction, phone, extension, rung, did, *rest = row
    started, answered, ended, result, recording, _ = rest
    call = PastCall(
        id=str(call_id),
        pbx=str(pbx),
        direction=Direction(str(direction)),
        phone=str(phone),
        extension=str(extension),
        rung=tuple(json.loads(str(rung))),
        did=str(did),
        started=moment_of(started),
        answered=None if answered is None else moment_of(answered),
        ended=moment_of(ended),
        result=CallResult(str(result)),
        recording=str(recording),
    )
    return KeptCall(int(str(place)), int(str(revision)), call)


def moment_of(seconds: object) -> datetime:
    """A moment as it is told: by the millisecond."""
    return datetime.fromtimestamp(float(str(seconds)), UTC)
