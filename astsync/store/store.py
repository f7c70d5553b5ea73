"""The store as the rest of astsync uses it. It keeps states and decides nothing."""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from astsync.language import unpacked
from astsync.phonebook.keeping import Missed, Trace, Untouched, missed
from astsync.phonebook.model import Claim, Entry, Skipped
from astsync.phonebook.owners import KeyOwners, Ownership
from astsync.phonebook.packed import PackedNames, PackedRows, as_bytes, as_text, packed
from astsync.phonebook.packed_book import PackedEntries
from astsync.phonebook.recorded import packed_record, rows_of
from astsync.store.call_counts import counted_since, drop_old_calls, read_call_counts, read_unnamed
from astsync.store.changes import changes_of_keys, changes_of_run
from astsync.store.claims import (
    ClaimWriter,
    drop_others,
    read_claims,
    read_skipped,
    read_skipped_reasons,
    skipped_rows,
)
from astsync.store.database import Database
from astsync.store.entries import count_catalogs, count_entries, entries_of, read_entries, read_names, save_entries
from astsync.store.erasing import Erased, compact, erase
from astsync.store.history import read_runs
from astsync.store.journal_rows import drop_old_journal
from astsync.store.online import drop_listed, forget_online, online_of, read_online, save_online
from astsync.store.owned import owners_of, read_owners, save_owners
from astsync.store.records import (
    ONLINE_RUN,
    Before,
    CallCount,
    CallsKept,
    KeyChange,
    OnlineName,
    OnlineNames,
    PackedRecord,
    Pulled,
    RunPart,
    RunRecord,
    Snapshot,
    SnapshotFacts,
    UnnamedNumber,
    Written,
    parts_of,
)
from astsync.store.undo import (
    MARK,
    Recorded,
    drop_keys,
    last_of_key,
    numbers_after,
    read_parts,
    read_record,
    save_record,
)
from astsync.store.words import kept, words

KEPT_RUNS = 1_000
"""Runs that history keeps, and as many runs ``online``. Older ones are dropped, except what can still be undone."""
UNDO_RUNS = 200
"""Runs that can be undone, by default."""


_KEPT = CallsKept()


class Store:
    """The open store. A dry run opens it with ``write=False``: then nothing is created and nothing changes.

    ``undo_runs`` is how many runs that wrote can be undone. The records of older ones are dropped when a run ends,
    and the calls that ``calls_kept`` does not keep any more.
    ``check`` looks for damage before anything is written, which takes a second for a million entries. Every method
    raises StoreError when the file cannot be used. Threads may share a store.
    """

    def __init__(
        self,
        path: Path,
        *,
        write: bool = True,
        undo_runs: int = UNDO_RUNS,
        check: bool = True,
        calls_kept: CallsKept = _KEPT,
    ) -> None:
        self.path = path
        self._calls_kept = calls_kept
        self._undo_runs = max(undo_runs, 1)
        self._file = Database(path, write=write, check=check)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def snapshot(self) -> Snapshot | None:
        """The last good desired phonebook, None before the first."""
        with self._file.reading() as db:
            pull = db.execute("SELECT at, source, counterparties, skipped, conflicts, made_of FROM pull").fetchone()
            if pull is None:
                return None
            entries = read_entries(db)
        at, source, *counts = pull
        return Snapshot(entries, datetime.fromisoformat(at), unpacked(source), *counts)

    def snapshot_names(self) -> PackedNames | None:
        """The names of the last good phonebook by number, None before the first."""
        with self._file.reading() as db:
            if db.execute("SELECT 1 FROM pull").fetchone() is None:
                return None
            return read_names(db)

    def save_snapshot(self, snapshot: Snapshot, run: int | None = None) -> None:
        """Replace the snapshot. The claims that the same run wrote count from now on.

        Names told online of numbers that it has are dropped: from now on the list says how these are called.
        """
        with self._file.change() as db:
            drop_others(db, run)
            entries = PackedEntries.of(snapshot.entries)
            save_entries(db, entries.rows)
            counts = (snapshot.counterparties, snapshot.skipped, snapshot.conflicts)
            values = (run, snapshot.at.isoformat(), kept(snapshot.source), *counts, snapshot.made_of)
            db.execute("INSERT OR REPLACE INTO pull VALUES (1, ?, ?, ?, ?, ?, ?, ?)", values)
            drop_listed(db, snapshot.at, entries.names)

    def made_of(self) -> str:
        """What the snapshot was made of; "" where there is none, or where that is not known."""
        with self._file.reading() as db:
            row = db.execute("SELECT made_of FROM pull").fetchone()
        return "" if row is None else str(row[0])

    def confirm_snapshot(self, at: datetime) -> None:
        """Store that the list was found unchanged at this moment (UTC). The snapshot and its claims stay."""
        with self._file.change() as db:
            db.execute("UPDATE pull SET at = ?", (at.isoformat(),))

    def save_online(self, rows: Iterable[OnlineName]) -> None:
        """Keep names that 1C told during calls, 100,000 keys at most: those told first leave.

        A key that the snapshot has gets none, as the snapshot would come first.
        """
        with self._file.change() as db:
            save_online(db, rows)

    def online(self, now: datetime) -> OnlineNames:
        """The names that 1C told during calls, and the keys of those that have expired by ``now`` (UTC)."""
        with self._file.reading() as db:
            return read_online(db, now)

    def online_of(self, numbers: Iterable[str]) -> dict[str, OnlineName]:
        """The names that 1C told of some numbers during calls, by number, also those that have expired."""
        with self._file.reading() as db:
            return {one.number: one for one in online_of(db, numbers)}

    def forget_online(self, names: Iterable[tuple[str, str]]) -> None:
        """Forget names told online (number, name), each where the number still has this one."""
        with self._file.change() as db:
            forget_online(db, names)

    @contextmanager
    def noting(self, run: int) -> Iterator[ClaimWriter]:
        """What writes the claims and the skipped phones of a run's pull, all of them or nothing."""
        with self._file.change() as db:
            pull = db.execute("SELECT run FROM pull").fetchone()
            drop_others(db, None if pull is None else pull[0])  # the claims of pulls that were refused
            writer = ClaimWriter(db, run)
            yield writer
            writer.flush()

    def pulled(self) -> Pulled | None:
        """When and from where the snapshot was pulled, None before the first."""
        with self._file.reading() as db:
            row = db.execute(_PULLED).fetchone()
        return None if row is None else Pulled(datetime.fromisoformat(row[0]), unpacked(row[1]), bool(row[2]))

    def snapshot_facts(self) -> SnapshotFacts | None:
        """The snapshot in figures, None before the first."""
        with self._file.reading() as db:
            row = db.execute("SELECT at, source, counterparties, skipped, conflicts FROM pull").fetchone()
            entries = count_entries(db)
        if row is None:
            return None
        at, source, *counts = row
        return SnapshotFacts(datetime.fromisoformat(at), unpacked(source), entries, *counts)

    def entries(self, numbers: Iterable[str]) -> dict[str, Entry]:
        """The snapshot's entries by number. Numbers without an entry are left out."""
        with self._file.reading() as db:
            return {entry.number: entry for entry in entries_of(db, numbers)}

    def catalogs(self) -> dict[str, int]:
        """How many entries of the snapshot each catalog gave, by its name."""
        with self._file.reading() as db:
            return count_catalogs(db)

    def claims(self, numbers: Iterable[str]) -> dict[str, tuple[Claim, ...]]:
        """The claims of numbers when the snapshot was pulled, the winner first. Numbers without claims are left out."""
        with self._file.reading() as db:
            return read_claims(db, numbers)

    def skipped(self, number: str, national: str) -> tuple[Skipped, ...]:
        """Some phone fields (at most 20) of the snapshot's pull that gave no key and hold the digits of a number."""
        with self._file.reading() as db:
            return read_skipped(db, number, national)

    def last_written(self, pbx: str, family: str, numbers: Iterable[str]) -> Written | None:
        """The last recorded change of any of the keys on a PBX, None where no record has one."""
        with self._file.reading() as db:
            found = [next(_changes(db, _name(pbx), family, number), None) for number in numbers]
        last = max((one for one in found if one is not None), default=None, key=lambda one: one.run)
        if last is None:
            return None
        number, old, new, _ = last.row
        started = datetime.fromisoformat(last.started)
        return Written(last.run, last.command, started, pbx, as_text(number), _maybe_text(old), _maybe_text(new))

    def owners(self, pbx: str, family: str, numbers: Iterable[str] | None = None) -> KeyOwners:
        """What is stored about the owners of a PBX's keys, by number; a key that is not stored is foreign.

        With ``numbers`` only of these keys: all the keys of a PBX may be a million.
        """
        where = (_name(pbx), family)
        with self._file.reading() as db:
            if numbers is None:
                return read_owners(db, *where)
            return KeyOwners(packed(sorted(owners_of(db, *where, {*map(as_bytes, numbers)})), 3))

    def begin_run(self, command: str, undoes: int | None = None) -> int:
        """Store that a run which may write has begun, and which run it puts back. The result is its number."""
        with self._file.change() as db:
            row = db.execute("INSERT INTO run (command, started, undoes) VALUES (?, ?, ?)", (command, _now(), undoes))
            return int(row.lastrowid or 0)

    def end_run(
        self,
        run: int,
        exit_code: int,
        message: str = "",
        parts: Sequence[RunPart] = (),
        entries: int | None = None,
        hint: str = "",
    ) -> None:
        """Store how a run ended, and drop what is too old. ``entries`` and ``hint``: see ``RunRecord``."""
        with self._file.change() as db:
            values = (_now(), exit_code, kept(message), entries, kept(hint), run)
            db.execute(_END, values)
            rows = (
                (run, p.pbx, p.family, p.added, p.changed, p.deleted, p.failed, p.verified, kept(p.error), kept(p.hint))
                for p in parts
            )
            db.executemany("INSERT INTO run_pbx VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
            for online in (False, True):
                self._drop_old(db, online=online)
            drop_old_calls(db, self._calls_kept, time.time())
            # Whoever follows calls drops them in time and says so; this is for calls that nobody follows any more.
            days = self._calls_kept.days
            drop_old_journal(db, days + 1 if days else 0, time.time())

    def _drop_old(self, db: sqlite3.Connection, *, online: bool) -> None:
        """Drop what is too old of the runs ``online``, or of all others: the many of a day push out no sync."""
        for (too_old,) in db.execute(_OLD_RECORDS, (ONLINE_RUN, online, self._undo_runs)).fetchall():
            db.execute("DELETE FROM undo WHERE run = ?", (too_old,))
            db.execute("UPDATE run SET wrote = 0 WHERE id = ?", (too_old,))
        db.execute(_DROP_OLD_RUNS, (ONLINE_RUN, online, ONLINE_RUN, online, KEPT_RUNS))

    def save_record_and_owners(
        self,
        run: int,
        pbx: str,
        family: str,
        before: Iterable[Before],
        owners: Mapping[str, Ownership],
        trace: Trace | Untouched | None = None,
    ) -> None:
        """Store the record of what a run is about to change on a PBX, and the keys' new ``owners`` by number.

        All in one transaction, which is on the disk when this returns: only then anything may be sent. ``trace``
        replaces that of an earlier run, as what this run sends would look like a loss of what the other one wrote;
        ``Untouched`` leaves that one.
        """
        with self._file.change() as db:
            save_record(db, run, _name(pbx), family, parts_of(before))
            save_owners(db, _name(pbx), family, KeyOwners.of(owners))
            _set_trace(db, pbx, family, trace)
            db.execute(f"{MARK} WHERE id = ?", (run,))

    def save_outcome_and_owners(
        self,
        run: int,
        pbx: str,
        family: str,
        unmade: Iterable[str],
        owners: Mapping[str, Ownership],
        trace: Trace | Untouched | None = None,
    ) -> None:
        """Drop from a run's record the keys that it did not change after all, and store their ``owners`` and trace."""
        with self._file.change() as db:
            drop_keys(db, run, _name(pbx), family, map(as_bytes, unmade))
            save_owners(db, _name(pbx), family, KeyOwners.of(owners))
            _set_trace(db, pbx, family, trace)
            db.execute(f"{MARK} WHERE id = ?", (run,))

    def trace(self, pbx: str, family: str) -> Trace | None:
        """What the PBX was last seen to hold of a run's changes; None where nothing is left to be looked at."""
        query = "SELECT run, at, started, lost, again FROM trace WHERE pbx = ? AND family = ?"
        with self._file.reading() as db:
            row = db.execute(query, (_name(pbx), family)).fetchone()
        return None if row is None else Trace(row[0], datetime.fromisoformat(row[1]), *row[2:])

    def missed(
        self, before: Trace | None, pbx: str, family: str, existing: Mapping[str, str], started: str
    ) -> Missed | None:
        """What of ``before`` a PBX does not hold any more; None where nothing is missed (``phonebook.keeping``).

        ``before`` is the trace as it was before ``existing`` was read, and ``started`` is when Asterisk was started, as
        it said after the reading. Where another run has changed the trace since, nothing can be said. The record is
        not held in memory: that of a first sync has every number.
        """
        if before is None or self.trace(pbx, family) != before:
            return None
        where = (before.run, _name(pbx), family)
        with self._file.reading() as db:
            # Without the keys that a later run has recorded: it was about to change them itself, and may have done so.
            later = numbers_after(db, *where)
            parts = read_parts(db, *where)
            others = (row for row in rows_of(parts) if row[0] not in later) if later else parts
            return missed(before, others, existing, started)

    def last_records(self, pbx: str, family: str, numbers: Iterable[str]) -> dict[str, Before]:
        """The last records of keys on a PBX, by number, also those of runs that changed only the owner."""
        with self._file.reading() as db:
            found = [next(last_of_key(db, _name(pbx), family, as_bytes(number)), None) for number in numbers]
        return {before.number: before for before in PackedRecord([one.row for one in found if one is not None])}

    def record(self, run: int, pbx: str, family: str) -> tuple[Before, ...]:
        """The record of what a run changed on a PBX, ordered by number."""
        with self._file.reading() as db:
            return tuple(PackedRecord(read_record(db, run, _name(pbx), family)))

    def packed_record(self, run: int, pbx: str, family: str) -> PackedRows:
        """The same as packed rows (``phonebook.recorded``): it may be a million."""
        with self._file.reading() as db:
            return packed_record(read_parts(db, run, _name(pbx), family))

    def changes(self, run: int) -> tuple[KeyChange, ...]:
        """What a run changed, or was about to change, on all PBXs; nothing where its record is gone."""
        with self._file.reading() as db:
            return tuple(changes_of_run(db, run))

    def life(self, numbers: Iterable[str]) -> tuple[KeyChange, ...]:
        """What all runs on record changed of some keys, the oldest first."""
        with self._file.reading() as db:
            return tuple(changes_of_keys(db, numbers))

    def places(self, run: int) -> tuple[tuple[str, str], ...]:
        """The PBXs (with casefolded names) and families for which a run has a record."""
        with self._file.reading() as db:
            rows = db.execute("SELECT DISTINCT pbx, family FROM undo WHERE run = ? ORDER BY pbx, family", (run,))
            return tuple((pbx, family) for pbx, family in rows)

    def runs(self, limit: int = KEPT_RUNS) -> tuple[RunRecord, ...]:
        """The last runs, the newest first."""
        with self._file.reading() as db:
            return tuple(read_runs(db, _NEWEST, limit))

    def run(self, number: int) -> RunRecord | None:
        """One run, None when there is none of that number (any more)."""
        with self._file.reading() as db:
            found = next(iter(tuple(read_runs(db, min(number, _NEWEST), 1))), None)
        return found if found is not None and found.run == number else None

    def last_undoable(self) -> int | None:
        """The number of the last run that wrote to a PBX and has a record, None where there is none.

        A run ``online`` is meant only by its number, or where there is no other: calls make them all day.
        """
        with self._file.reading() as db:
            row = db.execute(_LAST_UNDOABLE, (ONLINE_RUN,)).fetchone()
        return None if row is None else int(row[0])

    def counted_since(self) -> datetime | None:
        """Since when calls are counted (UTC), as far as that is kept; None where they never were."""
        with self._file.reading() as db:
            return counted_since(db)

    def call_counts(self, since: datetime, until: datetime) -> tuple[CallCount, ...]:
        """The calls of the hours that begin in a period, by hour and how they ended."""
        with self._file.reading() as db:
            return tuple(read_call_counts(db, since, until))

    def unnamed(self, since: datetime, until: datetime) -> tuple[UnnamedNumber, ...]:
        """The numbers that had no name in the hours that begin in a period; those that called most come first."""
        with self._file.reading() as db:
            return tuple(read_unnamed(db, since, until))

    def skipped_reasons(self) -> dict[str, int]:
        """Why phones of the snapshot's pull gave no key that hold digits: how many there are of each reason."""
        with self._file.reading() as db:
            return read_skipped_reasons(db)

    def forget(self, keys: Sequence[str], national: str, pbxs: Iterable[str]) -> Erased:
        """Erase what is stored of a number, but what is in use; ``keys`` are all its forms, the international first.

        ``national`` finds the phones that gave no key; "" for a number that is too short to be told in them. ``pbxs``
        are the names of the PBXs of the configuration.
        """
        with self._file.change() as db:
            erased = erase(db, keys, skipped_rows(db, keys[0], national), {_name(pbx) for pbx in pbxs})
        with self._file.reading() as db:
            return replace(erased, compacted=compact(db))


_END = "UPDATE run SET finished = ?, exit_code = ?, message = ?, entries = ?, hint = ? WHERE id = ?"
_PULLED = """
SELECT at, source, NOT EXISTS (SELECT 1 FROM snapshot) OR EXISTS (SELECT 1 FROM claim WHERE claim.pull = pull.run)
FROM pull
"""
_OLD_RECORDS = "SELECT id FROM run WHERE wrote AND (command = ?) = ? ORDER BY id DESC LIMIT -1 OFFSET ?"
_DROP_OLD_RUNS = """
DELETE FROM run WHERE NOT wrote AND (command = ?) = ?
    AND id <= (SELECT id FROM run WHERE (command = ?) = ? ORDER BY id DESC LIMIT 1 OFFSET ?)
"""
_LAST_UNDOABLE = "SELECT id FROM run WHERE wrote ORDER BY command = ?, id DESC LIMIT 1"
_NEWEST = 2**63 - 1  # SQLite's largest integer


def _changes(db: sqlite3.Connection, pbx: str, family: str, number: str) -> Iterator[Recorded]:
    """The records of a key whose value changed, the newest first."""
    return (one for one in last_of_key(db, pbx, family, as_bytes(number)) if one.row[1] != one.row[2])


def _set_trace(db: sqlite3.Connection, pbx: str, family: str, trace: Trace | Untouched | None) -> None:
    if isinstance(trace, Untouched):
        return
    where = (_name(pbx), family)
    if trace is None:
        db.execute("DELETE FROM trace WHERE pbx = ? AND family = ?", where)
        return
    values = (trace.run, trace.at.isoformat(), words(trace.started), trace.lost, trace.again)
    db.execute("INSERT OR REPLACE INTO trace VALUES (?, ?, ?, ?, ?, ?, ?)", (*where, *values))


def _name(pbx: str) -> str:
    """A PBX's name as the configuration compares names: Office and office are one PBX."""
    return pbx.casefold()


def _maybe_text(value: bytes | None) -> str | None:
    return None if value is None else as_text(value)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
