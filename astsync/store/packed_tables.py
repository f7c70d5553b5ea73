"""Tables of up to a million rows and what is packed of them in memory (``phonebook.packed``), in the order of keys."""

import sqlite3
from collections.abc import Sequence

from astsync.phonebook.packed import BLOCK, PackedRows, RowsBuilder, stretches, texts

ENTRIES = "SELECT CAST(number AS BLOB), CAST(name AS BLOB), CAST(source AS BLOB) FROM snapshot ORDER BY number"


def packed_rows(db: sqlite3.Connection, query: str, width: int, values: Sequence[object] = ()) -> PackedRows:
    """The rows of a query, all blobs, the first column a key, in the order of the keys."""
    builder, rows = RowsBuilder(width), db.execute(query, values)
    while some := rows.fetchmany(BLOCK):
        builder.add(*zip(*some, strict=True))
    return builder.built()


def bring_to(db: sqlite3.Connection, entries: PackedRows) -> None:
    """Make the table ``snapshot`` hold these entries. Only what differs is written: of most lists that is little."""
    for held, wanted in stretches(packed_rows(db, ENTRIES, 3), entries):
        if not held.same(wanted, 3):
            now, then = (set(zip(*map(texts, stretch.lists), strict=True)) for stretch in (held, wanted))
            gone = {row[0] for row in now} - {row[0] for row in then}
            db.executemany("DELETE FROM snapshot WHERE number = ?", ((number,) for number in sorted(gone)))
            db.executemany("INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?)", sorted(then - now))
