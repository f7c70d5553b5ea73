"""The local SQLite file: the snapshot, the owned keys, the runs and what each run overwrote.

Keys and old values come from PBXs and may hold any bytes, so they are stored as blobs; surrogate escapes stand for
bytes that are not UTF-8 (``pbx.packets.text``).
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from astsync.errors import LockedError, StoreError
from astsync.phonebook.model import Change, Entry

SCHEMA_VERSION = 1
APPLICATION_ID = 0x61737479  # "asty": tells astsync's file from any other SQLite file
KEPT_RUNS = 1_000

_SCHEMA = """
CREATE TABLE snapshot (number TEXT PRIMARY KEY, name TEXT NOT NULL, source TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE pull (
    one INTEGER PRIMARY KEY CHECK (one = 1), run INTEGER, at TEXT NOT NULL, source TEXT NOT NULL,
    counterparties INTEGER NOT NULL, skipped INTEGER NOT NULL, conflicts INTEGER NOT NULL
);
CREATE TABLE owned (pbx TEXT, family TEXT, number BLOB, PRIMARY KEY (pbx, family, number)) WITHOUT ROWID;
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL, started TEXT NOT NULL, finished TEXT,
    exit_code INTEGER, message TEXT
);
CREATE TABLE overwritten (
    run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, pbx TEXT NOT NULL, family TEXT NOT NULL,
    number BLOB NOT NULL, old BLOB NOT NULL, new TEXT, PRIMARY KEY (run, pbx, family, number)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The last good desired phonebook: its entries, when it was pulled (UTC), from where, and the pull's counts."""

    entries: Mapping[str, Entry]
    at: datetime
    source: str
    counterparties: int
    skipped: int
    conflicts: int


class Store:
    """The store, open. A dry run opens it with ``write=False``: then nothing is created and nothing changes."""

    def __init__(self, path: Path, *, write: bool = True) -> None:
        self.path = path
        with self._guarded():
            self._db = self._open(write)

    def _open(self, write: bool) -> sqlite3.Connection:
        if not write and not (self.path.exists() and self.path.stat().st_size):
            db = sqlite3.connect(":memory:", isolation_level=None)
        elif write:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.path, os.O_CREAT, 0o600))  # names of customers: nobody else's business
            db = sqlite3.connect(self.path, isolation_level=None, timeout=30)
        else:
            db = self._open_to_read()
        try:
            self._check_version(db)  # before any other word: a file that is not ours must stay as it is
            db.execute("PRAGMA foreign_keys = ON")
            if write:
                db.execute("PRAGMA journal_mode = WAL")
        except BaseException:
            db.close()
            raise
        return db

    def _open_to_read(self) -> sqlite3.Connection:
        """Open read-only; WAL wants to write beside the file, and where the folder forbids it the file stands alone."""
        for mode in ("mode=ro", "mode=ro&immutable=1"):
            db = sqlite3.connect(f"{self.path.resolve().as_uri()}?{mode}", uri=True, isolation_level=None, timeout=30)
            try:
                db.execute("SELECT count(*) FROM sqlite_schema")
            except sqlite3.OperationalError:
                db.close()
                continue
            return db
        raise StoreError(f"the store {self.path} cannot be read", hint="Check who may read the file and its folder.")

    def _check_version(self, db: sqlite3.Connection) -> None:
        (version,), (application,) = (
            db.execute(f"PRAGMA {name}").fetchone() for name in ("user_version", "application_id")
        )
        empty = not db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if version == 0 and empty:
            db.executescript(
                f"BEGIN;{_SCHEMA}PRAGMA user_version = {SCHEMA_VERSION};PRAGMA application_id = {APPLICATION_ID};COMMIT"
            )
        elif application != APPLICATION_ID:
            raise StoreError(f"{self.path} is not a store of astsync", hint="Name another file in store.path.")
        elif version != SCHEMA_VERSION:
            raise StoreError(
                f"{self.path} has version {version}; this astsync knows {SCHEMA_VERSION}", hint="Update astsync."
            )

    def _guarded(self) -> AbstractContextManager[None]:
        return _told(self.path)

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing."""
        with self._guarded():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk has rolled back by itself
                    self._db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def snapshot(self) -> Snapshot | None:
        """Give the last good desired phonebook, or None when there was none yet."""
        with self._guarded():
            pull = self._db.execute("SELECT at, source, counterparties, skipped, conflicts FROM pull").fetchone()
            if pull is None:
                return None
            rows = self._db.execute("SELECT number, name, source FROM snapshot ORDER BY number")
            entries = {number: Entry(number, name, source) for number, name, source in rows}
        at, source, *counts = pull
        return Snapshot(entries, datetime.fromisoformat(at), source, *counts)

    def snapshot_names(self) -> dict[str, str] | None:
        """Give the last good phonebook's names by number, or None when there was none yet."""
        with self._guarded():
            if self._db.execute("SELECT 1 FROM pull").fetchone() is None:
                return None
            return dict(self._db.execute("SELECT number, name FROM snapshot"))

    def save_snapshot(self, snapshot: Snapshot, run: int | None = None) -> None:
        """Replace the snapshot."""
        with self._change() as db:
            db.execute("DELETE FROM snapshot")
            rows = ((entry.number, entry.name, entry.source) for entry in snapshot.entries.values())
            db.executemany("INSERT INTO snapshot VALUES (?, ?, ?)", rows)
            counts = (snapshot.counterparties, snapshot.skipped, snapshot.conflicts)
            values = (run, snapshot.at.isoformat(), snapshot.source, *counts)
            db.execute("INSERT OR REPLACE INTO pull VALUES (1, ?, ?, ?, ?, ?, ?)", values)

    def owned(self, pbx: str, family: str) -> set[str]:
        """Give the keys that astsync wrote on a PBX."""
        with self._guarded():
            rows = self._db.execute("SELECT number FROM owned WHERE pbx = ? AND family = ?", (_name(pbx), family))
            return {_text(number) for (number,) in rows}

    def own(self, pbx: str, family: str, numbers: Iterable[str]) -> None:
        """Note keys as owned."""
        with self._change() as db:
            rows = ((_name(pbx), family, _blob(number)) for number in numbers)
            db.executemany("INSERT OR IGNORE INTO owned VALUES (?, ?, ?)", rows)

    def disown(self, pbx: str, family: str, numbers: Iterable[str]) -> None:
        """Forget keys that are gone from a PBX."""
        query = "DELETE FROM owned WHERE pbx = ? AND family = ? AND number = ?"
        with self._change() as db:
            db.executemany(query, ((_name(pbx), family, _blob(number)) for number in numbers))

    def begin_run(self, command: str) -> int:
        """Note a run that may write; give its number."""
        with self._change() as db:
            db.execute("DELETE FROM run WHERE id <= (SELECT max(id) FROM run) - ?", (KEPT_RUNS,))
            row = db.execute("INSERT INTO run (command, started) VALUES (?, ?)", (command, _now()))
            return int(row.lastrowid or 0)

    def end_run(self, run: int, exit_code: int, message: str = "") -> None:
        """Note how a run ended."""
        with self._change() as db:
            values = (_now(), exit_code, message.encode("utf-8", "backslashreplace").decode(), run)
            db.execute("UPDATE run SET finished = ?, exit_code = ?, message = ? WHERE id = ?", values)

    def note_overwritten(self, run: int, pbx: str, family: str, changes: Iterable[Change]) -> None:
        """Keep what a run is about to overwrite or delete, before it is sent."""
        rows = (
            (run, _name(pbx), family, _blob(c.number), _blob(c.old), c.new and c.new.name)
            for c in changes
            if c.old is not None
        )
        with self._change() as db:
            db.executemany("INSERT OR REPLACE INTO overwritten VALUES (?, ?, ?, ?, ?, ?)", rows)

    def overwritten(self, run: int, pbx: str, family: str) -> dict[str, str]:
        """Give the old values by number that a run overwrote or deleted on a PBX."""
        query = "SELECT number, old FROM overwritten WHERE run = ? AND pbx = ? AND family = ?"
        with self._guarded():
            return {_text(number): _text(old) for number, old in self._db.execute(query, (run, _name(pbx), family))}


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other runs out while this one may write to the store at ``path``; taken before the store is opened.

    Raises LockedError that names the holder's pid, StoreError when no lock can be made there.
    """
    lock, holder = FileLock(f"{path}.lock", timeout=0), Path(f"{path}.pid")
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            lock.acquire()
        except Timeout:
            raise _locked(holder) from None
    try:
        with _told(path):
            holder.write_text(str(os.getpid()), encoding="ascii")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tell SQLite's and the disk's faults in words."""
    try:
        yield
    except (sqlite3.Error, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StoreError(
            f"the store {path} cannot be used: {reason}",
            hint="Check the folder's owner and free space, or name another file in store.path.",
        ) from error


def _locked(holder: Path) -> LockedError:
    try:
        pid = holder.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        pid = ""
    who = f" (process {pid})" if pid else ""
    return LockedError(
        f"another run of astsync{who} holds the lock", hint="Wait until it ends; a lock ends with its process."
    )


def _name(pbx: str) -> str:
    """Give a PBX's name as the configuration compares it: Office and office are one."""
    return pbx.casefold()


def _blob(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
