"""The entries of the snapshot, in blocks of numbers."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator

from astsync.phonebook.columns import parted
from astsync.phonebook.model import Entry
from astsync.phonebook.packed import PackedNames, PackedRows, as_bytes, as_text, stretches
from astsync.phonebook.packed_book import PackedEntries
from astsync.store.blocks import BlockTable, Row, column_of

_TABLE = BlockTable("snapshot", (), ("numbers", "names", "sources"), 3)
_NAMES = BlockTable("snapshot", (), ("numbers", "names"), 2)
_FEW = 1_000
"""Changes for which not all blocks are written anew."""


def read_entries(db: sqlite3.Connection) -> PackedEntries:
    """All entries."""
    return PackedEntries(_TABLE.read(db))


def read_names(db: sqlite3.Connection) -> PackedNames:
    """The names by number."""
    return PackedNames(_NAMES.read(db))


def entries_of(db: sqlite3.Connection, numbers: Iterable[str]) -> Iterator[Entry]:
    """The entries of some numbers, in that order; those that have none are left out."""
    return (Entry(*map(as_text, row)) for row in _TABLE.rows(db, map(as_bytes, numbers)))


def name_of(db: sqlite3.Connection, number: str) -> str:
    """The name of a number; "" where it has none. Raises ValueError for half of a character."""
    return next((as_text(name) for _, name in _NAMES.rows(db, [number.encode()])), "")


def count_entries(db: sqlite3.Connection) -> int:
    """How many entries there are."""
    (count,) = db.execute("SELECT coalesce(sum(count), 0) FROM snapshot").fetchone()
    return int(count)


def count_catalogs(db: sqlite3.Connection) -> dict[str, int]:
    """How many entries each catalog gave, by its name."""
    found = Counter[bytes]()
    for (sources,) in db.execute("SELECT sources FROM snapshot"):
        found.update(source.partition(b"/")[0] for source in parted(column_of(sources)))
    return {as_text(catalog): count for catalog, count in found.items()}


def a_number(db: sqlite3.Connection, longer_than: int) -> str:
    """A number with more digits than that; "" where there is none."""
    for (numbers,) in db.execute("SELECT numbers FROM snapshot"):
        for number in parted(column_of(numbers)):
            if len(number) > longer_than:
                return as_text(number)
    return ""


def save_entries(db: sqlite3.Connection, entries: PackedRows) -> None:
    """Make the snapshot hold these entries. Only what differs is written: of most lists that is little."""
    changes: dict[bytes, Row | None] = {}
    for held, wanted in stretches(_TABLE.read(db), entries):
        if not held.same(wanted, 3):
            now, then = (set(zip(*stretch.lists, strict=True)) for stretch in (held, wanted))
            changes |= dict.fromkeys(row[0] for row in now - then)
            changes |= {row[0]: row for row in then - now}
        if len(changes) > _FEW:
            _TABLE.replace(db, entries)
            return
    _TABLE.change(db, changes)
