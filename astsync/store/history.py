"""Past runs, read from the store."""

import sqlite3
from collections.abc import Iterator
from datetime import datetime

from astsync.language import unpacked
from astsync.store.records import RunPart, RunRecord

_RUNS = """
SELECT id, command, started, finished, exit_code, message, undoes,
    (SELECT max(id) FROM run AS later WHERE later.undoes = run.id AND later.wrote), wrote,
    entries, hint
FROM run WHERE id <= ? ORDER BY id DESC LIMIT ?
"""
_PARTS = (
    "SELECT pbx, family, added, changed, deleted, failed, verified, error, hint FROM run_pbx WHERE run = ? ORDER BY pbx"
)
_MEANT = """
SELECT pbx, family, sum(added), sum(changed), sum(deleted) FROM undo WHERE run = ? GROUP BY pbx, family
HAVING sum(added + changed + deleted) > 0
"""


def read_runs(db: sqlite3.Connection, newest: int, limit: int) -> Iterator[RunRecord]:
    """At most ``limit`` runs, from the number ``newest`` backwards."""
    rows = db.execute(_RUNS, (newest, limit)).fetchall()
    for run, command, started, finished, exit_code, message, undoes, undone_by, wrote, entries, hint in rows:
        yield RunRecord(
            run=run,
            command=command,
            started=datetime.fromisoformat(started),
            finished=finished and datetime.fromisoformat(finished),
            exit_code=exit_code,
            message=unpacked(message or ""),
            undoes=undoes,
            undone_by=undone_by,
            undoable=bool(wrote),
            parts=tuple(_parts(db, run, ended=finished is not None)),
            entries=entries,
            hint=unpacked(hint or ""),
        )


def _parts(db: sqlite3.Connection, run: int, *, ended: bool) -> Iterator[RunPart]:
    for pbx, family, added, changed, deleted, failed, verified, error, hint in db.execute(_PARTS, (run,)).fetchall():
        truth = None if verified is None else bool(verified)
        yield RunPart(pbx, family, added, changed, deleted, failed, truth, unpacked(error), unpacked(hint or ""))
    if not ended:
        yield from (RunPart(*counts) for counts in db.execute(_MEANT, (run,)).fetchall())
