"""Erasing: what is stored of one number, and everything.

SQLite keeps what was deleted in the free places of its file, also what earlier runs deleted. ``compact`` writes the
file anew without them.
"""

import re
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from astsync.language import altered, packed, unpacked
from astsync.store.call_counts import forget_calls
from astsync.store.claims import erase_claims
from astsync.store.entries import entries_of
from astsync.store.journal_rows import forget_journal
from astsync.store.owned import drop_owner, owners_of, places
from astsync.store.place import CORRUPT
from astsync.store.undo import MARK, drop_key_anywhere

_MESSAGES = (
    "UPDATE run SET message = without(message) WHERE message <> without(message)",
    "UPDATE run SET hint = without(hint) WHERE hint <> without(hint)",
    "UPDATE run_pbx SET error = without(error) WHERE error <> without(error)",
    "UPDATE run_pbx SET hint = without(hint) WHERE hint <> without(hint)",
)
_BESIDE = ("-wal", "-shm", "-journal", ".pid", ".pid.new", ".told", ".given")


@dataclass(frozen=True, slots=True)
class Erased:
    """What of a number was erased: places in the records of runs, cards and skipped phones of 1C, messages of runs.

    ``online`` counts the keys that had a name told online, ``calls`` the calls without a name that are forgotten,
    ``journal`` the calls of the journal.

    ``listed``: the last list of 1C has the number, so snapshot and cards stay. ``held_on`` names the PBXs that hold a
    key of it as far as astsync knows: that it is ours stays stored until a run has deleted it. ``compacted``: the file
    was written anew without it.
    """

    records: int
    cards: int
    skipped: int
    messages: int
    online: int
    listed: bool
    held_on: tuple[str, ...]
    compacted: bool = False
    calls: int = 0
    journal: int = 0


def erase(db: sqlite3.Connection, keys: Sequence[str], skipped: Collection[int], pbxs: Collection[str]) -> Erased:
    """Erase all that is stored of the keys of a number, but what is in use. The caller commits, then compacts.

    ``skipped`` are the rows of phones that gave no key. ``pbxs`` are the PBXs of the configuration, by casefolded
    names; what is stored of another PBX is of no use any more.
    """
    blobs = [key.encode() for key in keys]
    listed = any(entries_of(db, keys))
    records = sum(drop_key_anywhere(db, blob) for blob in blobs)
    db.execute(f"{MARK} WHERE wrote")
    cards = 0 if listed else sum(erase_claims(db, key) for key in keys)
    messages = _erase_from_messages(db, keys)
    _all(db, "DELETE FROM skipped WHERE rowid = ?", skipped)
    online = _all(db, "DELETE FROM online WHERE number = ?", keys)
    calls, journal = forget_calls(db, keys), forget_journal(db, keys)
    held_on = tuple(_holding(db, blobs, pbxs))
    return Erased(records, cards, len(skipped), messages, online, listed, held_on, calls=calls, journal=journal)


def _erase_from_messages(db: sqlite3.Connection, keys: Sequence[str]) -> int:
    """Put "…" in place of the keys. Within a longer number the same digits are another one."""
    key = re.compile(rf"(?<!\d)(?:{'|'.join(map(re.escape, keys))})(?!\d)")

    def without(text: str | None) -> str | None:
        if text is None:
            return None
        message = unpacked(text)
        changed = packed(altered(message, lambda part: key.sub("…", part)))
        return text if changed == packed(message) else changed

    db.create_function("without", 1, without)
    return sum(db.execute(statement).rowcount for statement in _MESSAGES)


def _holding(db: sqlite3.Connection, numbers: Sequence[bytes], pbxs: Collection[str]) -> Iterator[str]:
    held = set[str]()
    for pbx, family in [*places(db)]:
        if pbx in pbxs:
            held |= {pbx for _ in owners_of(db, pbx, family, numbers)}
        else:
            for number in numbers:
                drop_owner(db, pbx, family, number)
    yield from sorted(held)


def _all(db: sqlite3.Connection, statement: str, values: Collection[object]) -> int:
    return sum(db.execute(statement, (value,)).rowcount for value in values)


def compact(db: sqlite3.Connection) -> bool:
    """Write the file anew without what was deleted; False while another process reads it, and so keeps the old file."""
    db.execute("VACUUM")
    busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def files_of(store: Path) -> tuple[Path, ...]:
    """The files of a store and beside it that exist: SQLite's own, and stores that were damaged and moved aside.

    The lock stays: it holds nothing, and deleting it could let two runs write at once.
    """
    named = [Path(f"{store}{tail}") for tail in ("", *_BESIDE)]
    return (*(file for file in named if file.is_file()), *moved_aside(store))


def moved_aside(store: Path) -> tuple[Path, ...]:
    """The files of stores in this place that were damaged and moved aside. They hold what they held."""
    with suppress(FileNotFoundError):
        return tuple(sorted(file for file in store.parent.iterdir() if file.name.startswith(f"{store.name}{CORRUPT}")))
    return ()
