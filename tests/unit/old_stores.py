"""Stores of earlier versions, made of one of the present version by taking away what came since."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from astsync.store.schema import SCHEMA_VERSION
from astsync.store.undo import read_record

_BACK: Mapping[int, str] = {
    3: "ALTER TABLE owned DROP COLUMN if_held;",
    4: "DROP TABLE claim; DROP TABLE skipped;",
    5: "DROP TABLE trace;",
    6: "DROP TABLE online;",
    7: "ALTER TABLE run DROP COLUMN entries;",
    8: "DROP TABLE call_count; DROP TABLE unnamed; ALTER TABLE run DROP COLUMN hint;"
    "ALTER TABLE run_pbx DROP COLUMN hint;",
    9: "DROP TABLE call; DROP TABLE call_state; DROP TABLE call_heard; DROP TABLE call_gap;",
    10: "ALTER TABLE claim DROP COLUMN extension;",
    11: "DROP TABLE undo;"
    "CREATE TABLE undo (run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, pbx TEXT NOT NULL, family TEXT NOT NULL,"
    "number BLOB NOT NULL, old BLOB, new BLOB, owned INTEGER, PRIMARY KEY (run, pbx, family, number)) WITHOUT ROWID;",
}
"""What takes away what a version brought; version 2 changed tables, and ``store_version_1.sql`` is one before it."""


def taken_back(path: Path, version: int) -> None:
    """Make a store of the present version one of an earlier version, 2 or later."""
    steps = "".join(_BACK[each] for each in range(SCHEMA_VERSION, version, -1))
    with closing(sqlite3.connect(path)) as db:
        places = db.execute("SELECT DISTINCT run, pbx, family FROM undo").fetchall()
        rows = [(*place, *row) for place in places for row in read_record(db, *place)]
        db.executescript(f"{steps}PRAGMA user_version = {version}")
        db.executemany("INSERT INTO undo VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        db.commit()
