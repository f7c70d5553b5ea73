"""The tables of the store, their versions, and the way from each version to the next."""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from astsync.errors import StoreError
from astsync.language import say

SCHEMA_VERSION = 14
APPLICATION_ID = 0x61737479  # "asty": tells astsync's file from any other SQLite file

_SCHEMA = """
CREATE TABLE snapshot (number TEXT PRIMARY KEY, name TEXT NOT NULL, source TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE pull (
    one INTEGER PRIMARY KEY CHECK (one = 1), run INTEGER, at TEXT NOT NULL, source TEXT NOT NULL,
    counterparties INTEGER NOT NULL, skipped INTEGER NOT NULL, conflicts INTEGER NOT NULL
);
CREATE TABLE owned (pbx TEXT, family TEXT, number BLOB, PRIMARY KEY (pbx, family, number)) WITHOUT ROWID;
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL, started TEXT NOT NULL, finished TEXT,
    exit_code INTEGER, message TEXT, undoes INTEGER, wrote INTEGER NOT NULL DEFAULT 0
);
"""

_SCHEMA_2 = """
CREATE TABLE run_pbx (
    run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, pbx TEXT NOT NULL, family TEXT NOT NULL,
    added INTEGER NOT NULL, changed INTEGER NOT NULL, deleted INTEGER NOT NULL, failed INTEGER NOT NULL,
    verified INTEGER, error TEXT NOT NULL, PRIMARY KEY (run, pbx)
) WITHOUT ROWID;
CREATE TABLE undo (
    run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, pbx TEXT NOT NULL, family TEXT NOT NULL,
    number BLOB NOT NULL, old BLOB, new BLOB, owned INTEGER, PRIMARY KEY (run, pbx, family, number)
) WITHOUT ROWID;
"""

# A key with a value here is ours only if the PBX holds that value (phonebook/ownership.py). A key that is not in the
# table is foreign.
_SCHEMA_3 = "ALTER TABLE owned ADD COLUMN if_held BLOB;"

# Of a number that one counterparty has, name and source are those of the snapshot, and NULL here.
_SCHEMA_4 = """
CREATE TABLE claim (
    pull INTEGER NOT NULL, number TEXT NOT NULL, place INTEGER NOT NULL, name TEXT, source TEXT,
    counterparty TEXT NOT NULL, code TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, verdict TEXT NOT NULL,
    rules TEXT NOT NULL, PRIMARY KEY (pull, number, place)
) WITHOUT ROWID;
CREATE TABLE skipped (
    pull INTEGER NOT NULL, digits TEXT NOT NULL, source TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL,
    reason TEXT NOT NULL
);
"""

# What a PBX was last seen to hold of a run's changes, until a later reading shows it again (phonebook/keeping.py).
_SCHEMA_5 = """
CREATE TABLE trace (
    pbx TEXT, family TEXT, run INTEGER NOT NULL, at TEXT NOT NULL, started TEXT NOT NULL, lost INTEGER NOT NULL,
    again INTEGER NOT NULL, PRIMARY KEY (pbx, family)
) WITHOUT ROWID;
"""

# Names that 1C told during calls, by key. Times are in seconds since 1970: a call compares `until` with its clock.
_SCHEMA_6 = """
CREATE TABLE online (number TEXT PRIMARY KEY, name TEXT NOT NULL, at REAL NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
"""

# How many entries the PBXs were to hold by a run; NULL where it did not come so far, or was about a few of them.
_SCHEMA_7 = "ALTER TABLE run ADD COLUMN entries INTEGER;"

# Calls that asked who is calling, by the hour on the wall's clock in which they came (its beginning in seconds since
# 1970) and by how they ended; the numbers that had no name; and what is to be done about a run's failure.
_SCHEMA_8 = """
CREATE TABLE call_count (
    hour INTEGER NOT NULL, ending TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (hour, ending)
) WITHOUT ROWID;
CREATE TABLE unnamed (
    hour INTEGER NOT NULL, number TEXT NOT NULL, count INTEGER NOT NULL, last REAL NOT NULL,
    PRIMARY KEY (hour, number)
) WITHOUT ROWID;
ALTER TABLE run ADD COLUMN hint TEXT;
ALTER TABLE run_pbx ADD COLUMN hint TEXT;
"""

# Calls that are over, at places that grow; how far 1C has taken them, and a mark that tells the cursors of this store
# from those of another one; up to when the calls of each PBX are known, and the times of which they are not. Times are
# in seconds since 1970.
_SCHEMA_9 = """
CREATE TABLE call (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL,
    evidence INTEGER NOT NULL, pbx TEXT NOT NULL, direction TEXT NOT NULL, phone TEXT NOT NULL, extension TEXT NOT NULL,
    rung TEXT NOT NULL, did TEXT NOT NULL, started REAL NOT NULL, answered REAL, ended REAL NOT NULL,
    result TEXT NOT NULL, recording TEXT NOT NULL
);
CREATE INDEX call_phone ON call (phone, started);
CREATE INDEX call_started ON call (started);
CREATE TABLE call_state (one INTEGER PRIMARY KEY CHECK (one = 1), mark TEXT NOT NULL, given INTEGER NOT NULL);
INSERT INTO call_state VALUES (1, lower(hex(randomblob(5))), 0);
CREATE TABLE call_heard (pbx TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE call_gap (
    pbx TEXT NOT NULL, since REAL NOT NULL, until REAL NOT NULL, why TEXT NOT NULL, PRIMARY KEY (pbx, since)
);
"""

# The phone of who keeps the card; "" where it is not known.
_SCHEMA_10 = "ALTER TABLE claim ADD COLUMN extension TEXT NOT NULL DEFAULT '';"

# The record of keys in blocks (store/undo.py). Of what older versions recorded each key is a block of its own.
_SCHEMA_11 = """
CREATE TABLE undo_of_11 (
    run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, pbx TEXT NOT NULL, family TEXT NOT NULL,
    first BLOB NOT NULL, last BLOB NOT NULL, kinds BLOB NOT NULL, numbers BLOB NOT NULL, olds BLOB NOT NULL,
    news BLOB NOT NULL, added INTEGER NOT NULL, changed INTEGER NOT NULL, deleted INTEGER NOT NULL,
    PRIMARY KEY (run, pbx, family, first)
) WITHOUT ROWID;
INSERT INTO undo_of_11 SELECT run, pbx, family, number, number,
    CAST(char(48 + (old IS NOT NULL) + 2 * (new IS NOT NULL) + coalesce(4 * (owned <> 0), 8)) AS BLOB), number,
    coalesce(old, x''), coalesce(new, x''), old IS NULL AND new IS NOT NULL,
    old IS NOT NULL AND new IS NOT NULL AND old <> new, old IS NOT NULL AND new IS NULL
FROM undo;
DROP TABLE undo;
ALTER TABLE undo_of_11 RENAME TO undo;
"""

# The claims of numbers in blocks (store/claims.py). Of older ones each number is a block of its own.
_SCHEMA_12 = """
CREATE TABLE claim_of_12 (
    pull INTEGER NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL, cards BLOB NOT NULL, PRIMARY KEY (pull, first)
) WITHOUT ROWID;
INSERT INTO claim_of_12 SELECT pull, number, number, CAST('[' || group_concat(as_json(
    number, place, name, source, counterparty, code, kind, text, verdict, rules, extension
)) || ']' AS BLOB) FROM claim GROUP BY pull, number;
DROP TABLE claim;
ALTER TABLE claim_of_12 RENAME TO claim;
"""

_FROM_1 = """
ALTER TABLE run ADD COLUMN undoes INTEGER;
ALTER TABLE run ADD COLUMN wrote INTEGER NOT NULL DEFAULT 0;
INSERT INTO undo SELECT run, pbx, family, number, old, CAST(new AS BLOB), NULL FROM overwritten;
UPDATE run SET wrote = 1 WHERE id IN (SELECT run FROM undo);
DROP TABLE overwritten;
"""

# What the snapshot was made of (Snapshot.made_of).
_SCHEMA_13 = "ALTER TABLE pull ADD COLUMN made_of TEXT NOT NULL DEFAULT '';"

# The snapshot, and whose keys are, in blocks (store/blocks.py).
_SCHEMA_14 = """
CREATE TABLE snapshot_of_14 (
    first BLOB PRIMARY KEY, last BLOB NOT NULL, count INTEGER NOT NULL, numbers BLOB NOT NULL, names BLOB NOT NULL,
    sources BLOB NOT NULL
) WITHOUT ROWID;
INSERT INTO snapshot_of_14 SELECT min(number), max(number), count(*), block_column(number, number),
    block_column(number, name), block_column(number, source)
FROM (
    SELECT CAST(number AS BLOB) AS number, CAST(name AS BLOB) AS name, CAST(source AS BLOB) AS source,
        (row_number() OVER (ORDER BY number) - 1) / 256 AS block FROM snapshot
) GROUP BY block;
DROP TABLE snapshot;
ALTER TABLE snapshot_of_14 RENAME TO snapshot;
CREATE TABLE owned_of_14 (
    pbx TEXT NOT NULL, family TEXT NOT NULL, first BLOB NOT NULL, last BLOB NOT NULL, count INTEGER NOT NULL,
    numbers BLOB NOT NULL, owners BLOB, PRIMARY KEY (pbx, family, first)
) WITHOUT ROWID;
INSERT INTO owned_of_14 SELECT pbx, family, min(number), max(number), count(*), block_column(number, number),
    CASE WHEN count(if_held) THEN block_column(number, coalesce(CAST(x'69' || if_held AS BLOB), x'63')) END
FROM (
    SELECT *, (row_number() OVER (PARTITION BY pbx, family ORDER BY number) - 1) / 256 AS block FROM owned
) GROUP BY pbx, family, block;
DROP TABLE owned;
ALTER TABLE owned_of_14 RENAME TO owned;
"""

MIGRATIONS: Mapping[int, str] = {
    1: _SCHEMA_2 + _FROM_1,
    2: _SCHEMA_3,
    3: _SCHEMA_4,
    4: _SCHEMA_5,
    5: _SCHEMA_6,
    6: _SCHEMA_7,
    7: _SCHEMA_8,
    8: _SCHEMA_9,
    9: _SCHEMA_10,
    10: _SCHEMA_11,
    11: _SCHEMA_12,
    12: _SCHEMA_13,
    13: _SCHEMA_14,
}
"""Scripts by the version that they start from; each leads to the next version."""


def version_of(db: sqlite3.Connection, path: Path) -> int:
    """The version of an open store, 0 for an empty file.

    Raises StoreError for a file of another program, and for a version that is newer than this program.
    """
    (version,), (application,) = (
        db.execute(f"PRAGMA {name}").fetchone() for name in ("user_version", "application_id")
    )
    empty = not db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if version == 0 and empty:
        return 0
    if application != APPLICATION_ID:
        raise StoreError(
            say("{path} is not a store of astsync", path=str(path)), hint=say("Name another file in store.path.")
        )
    if version > SCHEMA_VERSION:
        words = say(
            "the store {path} has version {version}, from a newer astsync; this one knows {known}",
            path=str(path),
            version=str(version),
            known=str(SCHEMA_VERSION),
        )
        raise StoreError(words, hint=say("Update astsync, or name another file in store.path."))
    return int(version)


def bring_up(db: sqlite3.Connection, version: int) -> None:
    """Bring a store from ``version`` to the present version, all of it or nothing."""
    if version == SCHEMA_VERSION:
        return
    if version == 0:
        later = [MIGRATIONS[step] for step in range(2, SCHEMA_VERSION)]
        tables = "".join((_SCHEMA, _SCHEMA_2, *later))
        steps = f"{tables}PRAGMA application_id = {APPLICATION_ID};"
    else:
        steps = "".join(MIGRATIONS[step] for step in range(version, SCHEMA_VERSION))
    db.create_function("as_json", -1, lambda *values: json.dumps(values, ensure_ascii=False))
    db.create_aggregate("block_column", 2, _BlockColumn)  # type: ignore[arg-type]
    db.executescript(f"BEGIN IMMEDIATE;{steps}PRAGMA user_version = {SCHEMA_VERSION};COMMIT")


class _BlockColumn:
    """A column of a block of version 14, of keys and values in any order."""

    def __init__(self) -> None:
        self._rows: list[tuple[bytes, bytes]] = []

    def step(self, key: bytes, value: bytes) -> None:
        """Take a key and its value."""
        self._rows.append((key, value))

    def finalize(self) -> bytes | str:
        """The values in the order of the keys: joined by NUL, or in JSON where one of them holds a NUL."""
        values = [value for _, value in sorted(self._rows)]
        joined = b"\0".join(values)
        return joined if joined.count(b"\0") == len(values) - 1 else json.dumps([value.hex() for value in values])
