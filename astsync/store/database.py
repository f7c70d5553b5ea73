"""The store's open SQLite file: checked for damage, brought to the present version, used by one thread at a time."""

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from astsync.errors import StoreError
from astsync.language import say
from astsync.store.open_files import OpenFiles
from astsync.store.place import CORRUPT, check_place, is_damage, told
from astsync.store.schema import APPLICATION_ID, SCHEMA_VERSION, bring_up, version_of

log = logging.getLogger(__name__)

_HEADER = b"SQLite format 3\0"
_APPLICATION = slice(68, 72)  # of the file's header: https://www.sqlite.org/fileformat.html
_NAMES = {".sqlite3", ".sqlite", ".db"}
_WAITING = 5  # seconds that a statement waits for another process; none of ours holds the file for one
_JOURNAL = 16_777_216  # bytes that the journal keeps on the disk while another process reads the store all the time
AS_LOST = say(
    "going on as with a lost store: nothing is deleted on the PBXs, and entries that are as wanted are adopted"
)


class Database:
    """The open file. Threads may share it: one lock covers each reading, and each change as a whole.

    ``check`` reads all of it before a run that may write. Without, damage is found only where it is met.
    """

    def __init__(self, path: Path, *, write: bool, check: bool = True) -> None:
        self.path = path
        self._lock = threading.RLock()
        check_place(path)
        with told(path):
            self._db = _open_to_write(path, check=check) if write else _open_to_read(path)
            self._db.execute("PRAGMA foreign_keys = ON")
            self._files = OpenFiles(path) if write else None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection for reading. Rows must be fetched before the context ends. Raises StoreError."""
        with self._lock, told(self.path):
            yield self._db

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """The connection for one transaction: all of it is written, or nothing.

        Raises StoreError; where the file is not in its place any more, StoreGone, although all was written.
        """
        with self._lock, told(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException as error:
                if self._db.in_transaction:  # on a full disk SQLite has rolled back by itself
                    self._db.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    self._look_after_files()
                raise
            self._look_after_files()

    def _look_after_files(self) -> None:
        if self._files is not None:
            self._files.check()


def _connect(database: str | Path, *, uri: bool = False) -> sqlite3.Connection:
    return sqlite3.connect(database, isolation_level=None, timeout=_WAITING, check_same_thread=False, uri=uri)


def _open_to_write(path: Path, *, check: bool) -> sqlite3.Connection:
    """Open the file, or create it. A damaged store is moved aside, and a new one begun. The caller holds the lock."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _create(path)
    fault = _damage(path, check=check)
    if fault is not None:
        if not _is_ours(path):
            raise fault
        log.error("the store %s is damaged (%s): moved to %s; %s", path, fault, _move_aside(path), AS_LOST)
        _create(path)
    db = _connect(path)
    try:
        bring_up(db, version_of(db, path))
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA journal_size_limit = {_JOURNAL}")
        db.execute("PRAGMA synchronous = FULL")  # a commit waits for the disk, so that a record outlives a power cut
    except BaseException:
        db.close()
        raise
    return db


def _create(path: Path) -> None:
    """Make the file where there is none, for this user only: it holds names of customers.

    A file that is there must not be opened but by SQLite. To close it would end all locks that this process has on it
    (POSIX; https://www.sqlite.org/howtocorrupt.html, 2.2), and a connection that is kept, as that of ``known_names``,
    would go on reading a journal that another process has deleted.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))


def _damage(path: Path, *, check: bool) -> sqlite3.DatabaseError | None:
    """The damage of the file, None where there is none.

    The connection is read-only, so that a damaged file and the files that SQLite left beside it stay as they are. Only
    where there is a journal it is not: SQLite must roll it back to read at all. A journal is left by a run that was
    killed while it made the file. Raises StoreError for a file of another program or version.
    """
    mode = "rw" if Path(f"{path}-journal").exists() else "ro"
    with closing(_connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True)) as db:
        try:
            if version_of(db, path) and check:
                _check(db)
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                return error
            raise
    return None


def _check(db: sqlite3.Connection) -> None:
    """Read the whole file (110 ms for 100,000 entries), so that damage is found before a run and not within it."""
    (fault,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if fault != "ok":
        error = sqlite3.DatabaseError(str(fault).replace("\n", " "))
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _is_ours(path: Path) -> bool:
    """Whether a damaged file may be moved: its header is astsync's, or it has none and is named like a store."""
    with path.open("rb") as file:
        start = file.read(100)
    if start.startswith(_HEADER) and len(start) == 100:
        return start[_APPLICATION] == APPLICATION_ID.to_bytes(4, "big")
    return path.suffix in _NAMES or not any(start)


def _move_aside(path: Path) -> Path:
    """Rename a damaged store and the files that SQLite left beside it. ``sqlite3`` can still open them together."""
    stamp = f"{path}{CORRUPT}{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    names = (Path(stamp if n == 1 else f"{stamp}-{n}") for n in range(1, 1_000))
    aside = next(name for name in names if not name.exists())
    for tail in ("-wal", "-shm", ""):
        beside = Path(f"{path}{tail}")
        if beside.exists():
            beside.rename(f"{aside}{tail}")
    return aside


def _open_to_read(path: Path) -> sqlite3.Connection:
    """Open for a run that writes nothing. The file is neither created, moved nor brought up; a copy in memory is."""
    if not (path.exists() and path.stat().st_size):
        return _in_memory(path)
    db = _reader(path)
    try:
        version = version_of(db, path)
        if version == SCHEMA_VERSION:
            _check(db)
            return db
        with closing(db):
            return _in_memory(path, db)
    except BaseException as error:
        db.close()
        if not is_damage(error) or not _is_ours(path):
            raise
        fault = error
    log.error("the store %s is damaged (%s); %s", path, fault, AS_LOST)
    return _in_memory(path)


def _in_memory(path: Path, template: sqlite3.Connection | None = None) -> sqlite3.Connection:
    """Make a store in memory, empty or from one of an earlier version."""
    db = _connect(":memory:")
    if template is not None:
        template.backup(db)
    bring_up(db, version_of(db, path))
    return db


def _reader(path: Path) -> sqlite3.Connection:
    """Open read-only. WAL needs to write beside the file; where the folder forbids that, the file is read alone."""
    for mode in ("mode=ro", "mode=ro&immutable=1"):
        db = _connect(f"{path.resolve().as_uri()}?{mode}", uri=True)
        try:
            db.execute("SELECT count(*) FROM sqlite_schema")
        except sqlite3.OperationalError:
            db.close()
            continue
        except sqlite3.DatabaseError:
            return db  # it is damaged, which is reported when its version is read
        return db
    raise StoreError(
        say("the store {path} cannot be read", path=str(path)), hint=say("Check who may read the file and its folder.")
    )
