"""Stores of earlier versions, made of one of the present version by taking away what came since."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from astsync.phonebook.packed import as_bytes
from astsync.store import owned
from astsync.store.entries import read_entries
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
    14: "DROP TABLE owned; DROP TABLE snapshot;"
    "CREATE TABLE snapshot (number TEXT PRIMARY KEY, name TEXT NOT NULL, source TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE owned (pbx TEXT, family TEXT, number BLOB, if_held BLOB, PRIMARY KEY (pbx, family, number))"
    "WITHOUT ROWID;",
    13: "ALTER TABLE pull DROP COLUMN made_of;",
    12: "DROP TABLE claim;"
    "CREATE TABLE claim (pull INTEGER NOT NULL, number TEXT NOT NULL, place INTEGER NOT NULL, name TEXT, source TEXT,"
    "counterparty TEXT NOT NULL, code TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, verdict TEXT NOT NULL,"
    "rules TEXT NOT NULL, extension TEXT NOT NULL DEFAULT '', PRIMARY KEY (pull, number, place)) WITHOUT ROWID;",
    11: "DROP TABLE undo;"
    "CREATE TABLE undo (run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, pbx TEXT NOT NULL, family TEXT NOT NULL,"
    "number BLOB NOT NULL, old BLOB, new BLOB, owned INTEGER, PRIMARY KEY (run, pbx, family, number)) WITHOUT ROWID;",
}
"""What takes away what a version brought; version 2 changed tables, and ``store_version_1.sql`` is one before it."""


def taken_back(path: Path, version: int) -> None:
    """Make a store of the present version one of an earlier version, 2 or later."""
    with closing(sqlite3.connect(path)) as db:
        places = db.execute("SELECT DISTINCT run, pbx, family FROM undo").fetchall()
        undo = [(*place, *row) for place in places for row in read_record(db, *place)]
        cards = db.execute("SELECT pull, cards FROM claim").fetchall()
        claims = [(pull, *row) for pull, rows in cards for row in json.loads(rows)]
        owners = [(*p, n, one.if_held) for p in owned.places(db) for n, one in owned.read_owners(db, *p).items()]
        entries = [(one.number, one.name, one.source) for one in read_entries(db).values()]
        for each in range(SCHEMA_VERSION, version, -1):
            db.executescript(_BACK[each])
            if each == 14:
                rows = ((*place, as_bytes(n), None if held is None else as_bytes(held)) for *place, n, held in owners)
                db.executemany("INSERT INTO owned VALUES (?, ?, ?, ?)", rows)
                db.executemany("INSERT INTO snapshot VALUES (?, ?, ?)", entries)
            if each == 12:
                db.executemany("INSERT INTO claim VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", claims)
            if each == 11:
                db.executemany("INSERT INTO undo VALUES (?, ?, ?, ?, ?, ?, ?)", undo)
            db.commit()
        db.execute(f"PRAGMA user_version = {version}")
