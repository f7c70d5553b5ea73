"""Whose the keys of PBXs are (``phonebook.ownership`` has the rules), in blocks of keys.

In a row of the table ``owned`` the column ``owners`` has for each key ``c`` where it is certainly ours, else ``i`` and
the value that the PBX must hold; NULL where all are certain. A key that stands in no block is foreign.
"""

import sqlite3
from collections.abc import Iterable, Iterator

from astsync.phonebook.columns import Block, Stretch, joined, length, parted, uniform
from astsync.phonebook.owners import CERTAIN, CONDITIONAL, FOREIGN, KeyOwners
from astsync.phonebook.packed import PackedRows, RowsBuilder, stretches
from astsync.store.blocks import BlockTable, Row, Written, column_of, written

_NEXT_PLACE = "SELECT pbx, family FROM owned WHERE (pbx, family) > (?, ?) ORDER BY pbx, family LIMIT 1"
_FEW = 1_000
"""Changes for which not all blocks of a PBX are written anew."""


def read_owners(db: sqlite3.Connection, pbx: str, family: str) -> KeyOwners:
    """The owners of a PBX's keys, by number."""
    return KeyOwners(_TABLE.read(db, (pbx, family)))


def owners_of(db: sqlite3.Connection, pbx: str, family: str, numbers: Iterable[bytes]) -> Iterator[Row]:
    """The owners of some keys, as ``KeyOwners`` has them; those that are foreign are left out."""
    return _TABLE.rows(db, numbers, (pbx, family))


def places(db: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """The PBXs and families in which keys are ours, found by steps over the index."""
    place = db.execute(_NEXT_PLACE, ("", "")).fetchone()
    while place is not None:
        yield place
        place = db.execute(_NEXT_PLACE, place).fetchone()


def save_owners(db: sqlite3.Connection, pbx: str, family: str, owners: KeyOwners) -> None:
    """Store the owners of some keys. Those of all others stay."""
    place, rows = (pbx, family), owners.rows
    if rows.count > _FEW:
        _TABLE.replace(db, _merged(_TABLE.read(db, place), rows), place)
    elif rows.count:
        every = (row for lists in rows.lists() for row in zip(*lists, strict=True))
        _TABLE.change(db, {row[0]: None if row[1] == FOREIGN else row for row in every}, place)


def drop_owner(db: sqlite3.Connection, pbx: str, family: str, number: bytes) -> None:
    """Forget the owner of a key."""
    _TABLE.change(db, {number: None}, (pbx, family))


def _merged(stored: PackedRows, rows: PackedRows) -> PackedRows:
    """What is stored of keys with what is to be stored of some of them."""
    builder = RowsBuilder(3)
    for held, new in stretches(stored, rows):
        if not new:
            builder.add_stretch(held, 3)
        elif _is_plain(new) and (not held or held.same(new, 1)):
            builder.add_stretch(new, 3)
        else:
            both = {row[0]: row for lists in (held.lists, new.lists) for row in zip(*lists, strict=True)}
            left = sorted(row for row in both.values() if row[1] != FOREIGN)
            if left:
                builder.add(*zip(*left, strict=True))
    return builder.built()


def _is_plain(new: Stretch) -> bool:
    """Whether it is a block of keys that are all ours in the same way."""
    return new.block is not None and new.block[1] in {uniform(how, len(new)) for how in (CERTAIN, CONDITIONAL)}


def _pack(block: Block) -> tuple[Written, ...]:
    numbers, hows, values = block
    if hows == uniform(CERTAIN, length(numbers)):
        return written(numbers), None
    states = [how + value for how, value in zip(parted(hows), parted(values), strict=True)]
    return written(numbers), written(joined(states))


def _unpack(count: int, numbers: Written, owners: Written) -> Block:
    if owners is None:
        return column_of(numbers), uniform(CERTAIN, count), uniform(b"", count)
    states = parted(column_of(owners))
    return column_of(numbers), joined([state[:1] for state in states]), joined([state[1:] for state in states])


_TABLE = BlockTable("owned", ("pbx", "family"), ("numbers", "owners"), 3, _pack, _unpack)
