"""The names that 1C told during calls: kept by key until they expire, or until a list of 1C has the number.

A name that has expired is kept as long as a PBX may hold its key as ours: so the next run knows why it deletes the key.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from astsync.phonebook.packed import PackedNames
from astsync.store.entries import name_of
from astsync.store.owned import owners_of, places
from astsync.store.records import OnlineName, OnlineNames

KEPT_ONLINE = 100_000
"""Keys with a name told online that are kept. Where there are more, those told first leave."""

_SAVE = "INSERT OR REPLACE INTO online VALUES (:number, :name, :at, :until)"
_ALL = "SELECT number, name, at, until FROM online ORDER BY number"
_ONE = "SELECT number, name, at, until FROM online WHERE number = ?"
_TOO_MANY = "DELETE FROM online WHERE number IN (SELECT number FROM online ORDER BY at, number LIMIT ?)"


def save_online(db: sqlite3.Connection, rows: Iterable[OnlineName]) -> None:
    """Keep names. One that a key had before is replaced; a key that the snapshot has gets none."""
    db.executemany(
        _SAVE,
        (
            {"number": row.number, "name": row.name, "at": row.at.timestamp(), "until": row.until.timestamp()}
            for row in rows
            if not name_of(db, row.number)
        ),
    )
    (count,) = db.execute("SELECT count(*) FROM online").fetchone()
    if count > KEPT_ONLINE:
        db.execute(_TOO_MANY, (count - KEPT_ONLINE,))


def read_online(db: sqlite3.Connection, now: datetime) -> OnlineNames:
    """All names, told apart by whether they count at ``now``."""
    rows = [_name(row) for row in db.execute(_ALL)]
    names = {row.number: row for row in rows if row.until > now}
    return OnlineNames(names, frozenset(row.number for row in rows if row.until <= now))


def online_of(db: sqlite3.Connection, numbers: Iterable[str]) -> Iterator[OnlineName]:
    """The names of some keys, also those that have expired."""
    for number in numbers:
        row = db.execute(_ONE, (number,)).fetchone()
        if row is not None:
            yield _name(row)


def forget_online(db: sqlite3.Connection, names: Iterable[tuple[str, str]]) -> None:
    """Forget names, each where the key still has this one."""
    db.executemany("DELETE FROM online WHERE number = ? AND name = ?", names)


def drop_listed(db: sqlite3.Connection, now: datetime, snapshot: PackedNames) -> None:
    """Drop the names of numbers that the snapshot has, and the expired ones whose key no PBX holds as ours."""
    listed = [number for (number,) in db.execute("SELECT number FROM online ORDER BY number") if number in snapshot]
    db.executemany("DELETE FROM online WHERE number = ?", ((number,) for number in listed))
    expired = [number for (number,) in db.execute("SELECT number FROM online WHERE until <= ?", (now.timestamp(),))]
    ours = [*places(db)] if expired else []
    gone = ((n,) for n in expired if not any(any(owners_of(db, *place, [n.encode()])) for place in ours))
    db.executemany("DELETE FROM online WHERE number = ?", gone)


def _name(row: tuple[str, str, float, float]) -> OnlineName:
    number, name, at, until = row
    return OnlineName(number, name, datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(until, UTC))
