"""The local SQLite file: the snapshot, the owners of keys, the runs, and what each run changed.

What a run changes is stored before it is sent. Keys and old values come from PBXs and may hold any bytes, so they are
stored as blobs; surrogate escapes stand for bytes that are not UTF-8 (``pbx.packets.text``). Runs are ordered by their
numbers, never by the clock, which may jump.
"""

from astsync.store.holder import Holder, running
from astsync.store.lock import locked, watch_of
from astsync.store.records import Before, Pulled, RunPart, RunRecord, Snapshot, Written
from astsync.store.store import Store

__all__ = [
    "Before",
    "Holder",
    "Pulled",
    "RunPart",
    "RunRecord",
    "Snapshot",
    "Store",
    "Written",
    "holder_of",
    "locked",
    "running",
    "watch_of",
]
