"""The types of what the store holds."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime

from astsync.calls.model import PastCall
from astsync.phonebook.model import Entry
from astsync.phonebook.packed import as_bytes, as_text
from astsync.phonebook.recorded import RecordBlock, RecordRow, rows_of

ONLINE_RUN = "online"
"""The command of a run that writes what 1C told during calls. There may be many in a day."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The last good desired phonebook: its entries, when it was pulled (UTC), from where, and the pull's counts.

    ``made_of`` names all that it was made of, the list's bytes among it (``parts.Parts.made_of``); "" where that is not
    known.
    """

    entries: Mapping[str, Entry]
    at: datetime
    source: str
    counterparties: int
    skipped: int
    conflicts: int
    made_of: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """A list of problems that was given out: when (UTC), and the marks of all problems of its pull."""

    at: datetime
    marks: Set[str]


@dataclass(frozen=True, slots=True)
class OnlineName:
    """A name that 1C told during a call: for which key, when it was told, and until when it counts (both UTC)."""

    number: str
    name: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class OnlineNames:
    """The names that 1C told during calls, and that the snapshot does not have.

    ``names`` are those that count, by number. ``expired`` are the keys of others that PBXs may still hold: a run that
    finds such a key of ours deletes it.
    """

    names: Mapping[str, OnlineName] = field(default_factory=dict)
    expired: Set[str] = frozenset()

    @property
    def first_end(self) -> datetime | None:
        """When the first of the names expires (UTC), None where there is none."""
        return min((one.until for one in self.names.values()), default=None)


@dataclass(frozen=True, slots=True)
class Pulled:
    """When the snapshot was pulled (UTC), from where, and whether the store knows who claimed its numbers.

    After an update from an astsync that did not store claims, they are unknown until the next sync.
    """

    at: datetime
    source: str
    claims_known: bool


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """The snapshot in figures: when it was pulled (UTC), from where, its entries, and the counts of the pull."""

    at: datetime
    source: str
    entries: int
    counterparties: int
    skipped: int
    conflicts: int


@dataclass(frozen=True, slots=True)
class Written:
    """The last change of a key on a PBX: the run, its command and start (UTC), and what stood there before and after.

    ``old`` is None where the run added the key, ``new`` where it deleted it.
    """

    run: int
    command: str
    at: datetime
    pbx: str
    number: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Before:
    """A key as it was before a run changed it, and what the run made of it.

    ``old`` is None where the run added the key, ``new`` is None where it deleted it. Both are the same where only the
    owner changed. ``owned`` says whether the key was astsync's before; None where a store of version 1 did not keep it.
    """

    number: str
    old: str | None
    new: str | None
    owned: bool | None


class PackedRecord(Iterable[Before]):
    """A record of what may be a million keys, made of its rows and blocks when somebody goes through it, once."""

    def __init__(self, parts: Iterable[RecordRow | RecordBlock]) -> None:
        self.parts = parts

    def __iter__(self) -> Iterator[Before]:
        for number, old, new, owned in rows_of(self.parts):
            before, after = (None if value is None else as_text(value) for value in (old, new))
            yield Before(as_text(number), before, after, owned)


def parts_of(record: Iterable[Before]) -> Iterable[RecordRow | RecordBlock]:
    """The parts of a record."""
    if isinstance(record, PackedRecord):
        return record.parts
    return ((as_bytes(b.number), _maybe_bytes(b.old), _maybe_bytes(b.new), b.owned) for b in record)


def _maybe_bytes(value: str | None) -> bytes | None:
    return None if value is None else as_bytes(value)


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What the record of a run has of one key on one PBX: the run, its command and start (UTC), and both names.

    ``pbx`` is the PBX's name as the store compares names, without capitals. ``old`` is None where the run added the
    key, ``new`` where it deleted it; where both are the same, only the owner changed. ``owned`` says whether the key
    was astsync's before, None where that is not known.
    """

    run: int
    command: str
    at: datetime
    pbx: str
    number: str
    old: str | None
    new: str | None
    owned: bool | None


@dataclass(frozen=True, slots=True)
class RunPart:
    """What a run did to one PBX: counts of entries, whether a reading found all as desired, the error and its cure."""

    pbx: str
    family: str
    added: int = 0
    changed: int = 0
    deleted: int = 0
    failed: int = 0
    verified: bool | None = None
    error: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A past run. Times are UTC, by the clock of then.

    ``finished`` and ``exit_code`` are None where the run was killed or is still running; ``parts`` then count what it
    was about to do. ``undoes`` is the run that this one put back, ``undone_by`` the last run that put this one back.
    ``undoable`` says whether there is a record to put back. ``entries`` is how many entries each PBX was to
    hold by the run, None where it did not come so far, was about a few of them, or an older astsync did it. ``hint``
    says what to do about what ended it, "" where that is not known.
    """

    run: int
    command: str
    started: datetime
    finished: datetime | None
    exit_code: int | None
    message: str
    undoes: int | None
    undone_by: int | None
    undoable: bool
    parts: tuple[RunPart, ...]
    entries: int | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class CallsKept:
    """For how many days calls are counted, 0: not at all; and whether the numbers that had no name are kept."""

    days: int = 90
    numbers: bool = True


@dataclass(slots=True)
class CallBatch:
    """Calls that are not in the store yet.

    ``counts`` are calls by the hour (``store.call_counts.hour_of``) and by how they ended. ``numbers`` are those that
    had no name: how many calls of an hour, and when the last one came, in seconds since 1970.
    """

    counts: dict[tuple[int, str], int] = field(default_factory=dict)
    numbers: dict[tuple[int, str], tuple[int, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptCall:
    """A call of the journal: its place there, how often it was changed (1: never), the call."""

    place: int
    revision: int
    call: PastCall


@dataclass(frozen=True, slots=True)
class CallCount:
    """How many calls of an hour, that began at ``hour`` (UTC), ended in one way."""

    hour: datetime
    ending: str
    count: int


@dataclass(frozen=True, slots=True)
class UnnamedNumber:
    """A number that called and had no name: how many calls, and when the last one came (UTC)."""

    number: str
    count: int
    last: datetime
