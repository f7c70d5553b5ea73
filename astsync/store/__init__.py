"""The local SQLite file: the snapshot, the owners of keys, the runs, and what each run changed.

What a run changes is stored before it is sent. Keys and old values come from PBXs and may hold any bytes, so they are
stored as blobs; surrogate escapes stand for bytes that are not UTF-8 (``pbx.packets.text``). Runs are ordered by their
numbers, never by the clock, which may jump.
"""

from astsync.store.call_counts import CallLedger
from astsync.store.database import AS_LOST
from astsync.store.holder import Holder, running
from astsync.store.journal import CallJournal, JournalReader
from astsync.store.known_names import StoreNames
from astsync.store.lock import PATIENCE, locked, watch_of
from astsync.store.lockless import NoStoreYet
from astsync.store.open_files import Identity, identity
from astsync.store.records import (
    ONLINE_RUN,
    Before,
    CallBatch,
    CallCount,
    CallsKept,
    KeptCall,
    OnlineName,
    OnlineNames,
    Pulled,
    RunPart,
    RunRecord,
    Snapshot,
    SnapshotFacts,
    UnnamedNumber,
    Written,
)
from astsync.store.store import Store

__all__ = [
    "AS_LOST",
    "ONLINE_RUN",
    "PATIENCE",
    "Before",
    "CallBatch",
    "CallCount",
    "CallJournal",
    "CallLedger",
    "CallsKept",
    "Holder",
    "Identity",
    "JournalReader",
    "KeptCall",
    "NoStoreYet",
    "OnlineName",
    "OnlineNames",
    "Pulled",
    "RunPart",
    "RunRecord",
    "Snapshot",
    "SnapshotFacts",
    "Store",
    "StoreNames",
    "UnnamedNumber",
    "Written",
    "identity",
    "locked",
    "running",
    "watch_of",
]
