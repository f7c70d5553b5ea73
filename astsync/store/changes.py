"""What runs changed on PBXs, key by key, as their records have it."""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime

from astsync.store.records import KeyChange

_OF_A_RUN = """
SELECT run.id, command, started, pbx, number, old, new, owned FROM undo JOIN run ON run.id = undo.run
WHERE run.id = ? ORDER BY pbx, number
"""
_OF_A_KEY = """
SELECT run.id, command, started, pbx, number, old, new, owned FROM run CROSS JOIN undo ON undo.run = run.id
WHERE number = ? ORDER BY run.id, pbx
"""


def changes_of_run(db: sqlite3.Connection, run: int) -> Iterator[KeyChange]:
    """The record of a run, by PBX and key."""
    yield from (_change(row) for row in db.execute(_OF_A_RUN, (run,)))


def changes_of_keys(db: sqlite3.Connection, numbers: Iterable[str]) -> list[KeyChange]:
    """All records of keys on all PBXs, the oldest run first."""
    found = [
        _change(row)
        for number in numbers
        for row in db.execute(_OF_A_KEY, (number.encode("utf-8", "surrogateescape"),))
    ]
    return sorted(found, key=lambda one: (one.run, one.pbx, one.number))


def _change(row: tuple[int, str, str, str, bytes, bytes | None, bytes | None, int | None]) -> KeyChange:
    run, command, started, pbx, number, old, new, owned = row
    ours = None if owned is None else bool(owned)
    return KeyChange(
        run, command, datetime.fromisoformat(started), pbx, _text(number) or "", _text(old), _text(new), ours
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "surrogateescape")
