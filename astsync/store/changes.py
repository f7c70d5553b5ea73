"""What runs changed on PBXs, key by key, as their records have it."""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime

from astsync.phonebook.packed import as_bytes, as_text
from astsync.store.records import KeyChange
from astsync.store.undo import Recorded, all_of_key, read_run


def changes_of_run(db: sqlite3.Connection, run: int) -> Iterator[KeyChange]:
    """The record of a run, by PBX and key."""
    found = db.execute("SELECT command, started FROM run WHERE id = ?", (run,)).fetchone()
    if found is not None:
        command, started = found
        yield from (_change(Recorded(run, command, started, pbx, row)) for pbx, row in read_run(db, run))


def changes_of_keys(db: sqlite3.Connection, numbers: Iterable[str]) -> list[KeyChange]:
    """All records of keys on all PBXs, the oldest run first."""
    found = [_change(one) for number in numbers for one in all_of_key(db, as_bytes(number))]
    return sorted(found, key=lambda one: (one.run, one.pbx, one.number))


def _change(one: Recorded) -> KeyChange:
    number, old, new, ours = one.row
    started = datetime.fromisoformat(one.started)
    return KeyChange(one.run, one.command, started, one.pbx, as_text(number), _text(old), _text(new), ours)


def _text(value: bytes | None) -> str | None:
    return None if value is None else as_text(value)
