"""What came of a run: for each PBX its plan, what was applied, and whether it holds what was desired."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from astsync.errors import AstsyncError, PartlyDone, PbxForgot, SafetyError
from astsync.language import counted, joined
from astsync.phonebook.keeping import Missed
from astsync.phonebook.model import CardFacts, Claim, Conflict, Doubt, Entry, Origin, Skipped
from astsync.phonebook.plan import Plan
from astsync.store.records import Before, CallCount, OnlineName, Pulled, RunRecord, SnapshotFacts, Written
from astsync.text import gathered


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done to a PBX: added, changed and deleted entries, and the failed keys with the PBX's words.

    ``written`` counts all entries that were put; in ``push`` these include entries that did not differ. Where the
    connection was lost, it counts what the PBX had confirmed by then.
    """

    add: int = 0
    change: int = 0
    delete: int = 0
    written: int = 0
    failed: Mapping[str, str] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether anything was done at all."""
        return bool(self.written or self.delete)

    @property
    def again(self) -> int:
        """How many entries were put that did not differ."""
        return max(self.written - self.add - self.change, 0)


@dataclass(frozen=True, slots=True)
class PbxReport:
    """One PBX's part of a run. ``plan`` is None when the PBX could not be read, ``applied`` when nothing was sent.

    ``verified`` says whether the PBX held what was desired when it was read again, None when it was not read again.
    ``missed`` is what an earlier run wrote and saw there, and this one missed without a reason that is known.
    """

    name: str
    plan: Plan | None = None
    applied: Applied | None = None
    verified: bool | None = None
    error: AstsyncError | None = None
    missed: Missed | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run: what the phonebook was made of, and each PBX's part.

    ``run`` is None for a dry run. ``fresh`` says that this run pulled the phonebook; else it is the snapshot's.
    ``pulled`` is when it was pulled (UTC). ``undoes`` is the run that this one put back; ``source`` and ``pulled`` then
    are that run's name and start. ``list_foreign`` asks for the foreign entries beside their count. ``verdicts`` say by
    number why an entry won where several counterparties claim the number. ``at`` is when the report was made (UTC).
    ``last_runs`` are the runs on record up to this one, the newest first; empty where nobody asked for them.
    """

    command: str
    run: int | None
    source: str
    fresh: bool
    pulled: datetime
    counterparties: int
    skipped: int
    conflicts: int
    pbx: tuple[PbxReport, ...]
    undoes: int | None = None
    list_foreign: bool = False
    verdicts: Mapping[str, str] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    last_runs: tuple[RunRecord, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether any PBX differs from the phonebook before the run."""
        return any(pbx.plan is not None and pbx.plan.changes for pbx in self.pbx)

    @property
    def message(self) -> str:
        """The errors of the PBXs in one line; more than 20 PBXs that failed alike are one."""
        errors = {pbx.name: pbx.error.message for pbx in self.pbx if pbx.error is not None}
        return joined("; ", (_of_many(words, count) for _, count, words in gathered(errors)))

    @property
    def exit_code(self) -> int:
        """The exit code: 0, or the failure's own where nothing was done, or 7 where it was done in part.

        A PBX that is in step counts as done beside one that failed. Beside PBXs that were refused it does not, because
        code 6 promises that nothing was written. A PBX that forgets what it confirms has failed, whatever stands there
        at this moment.
        """
        codes = _codes(self.pbx)
        if not codes:
            return 0
        kept = (pbx for pbx in self.pbx if not isinstance(pbx.error, PbxForgot))
        touched = any(pbx.applied is not None and pbx.applied.any for pbx in kept)
        well = any(pbx.error is None for pbx in self.pbx)
        if touched or (well and codes != {SafetyError.exit_code}):
            return PartlyDone.exit_code
        return min(codes)


@dataclass(frozen=True, slots=True)
class Problems:
    """What a pull could not turn into entries, the numbers that several counterparties claim, and phones in doubt.

    ``cards`` tell of their counterparties, by ``Counterparty.source``.
    """

    source: str
    counterparties: int
    skipped: tuple[Skipped, ...]
    conflicts: tuple[Conflict, ...]
    doubts: tuple[Doubt, ...] = ()
    cards: Mapping[str, CardFacts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Key:
    """What a PBX holds for a key now, None where nothing; ``owned`` says whether the key is astsync's.

    ``last`` is what the last run on record did with the key; None where there is no record (any more).
    """

    number: str
    name: str | None
    owned: bool = False
    last: Before | None = None


@dataclass(frozen=True, slots=True)
class PbxKeys:
    """What one PBX holds for a number. ``written`` is the last change of the number that the store has a record of."""

    name: str
    keys: tuple[Key, ...] = ()
    written: Written | None = None
    error: AstsyncError | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """What is known of one number. ``keys`` are its keys by the configuration.

    ``entries`` and ``claims`` are those of the snapshot, by key; ``pulled`` is None where there is no snapshot yet.
    ``skipped`` are phone fields of the snapshot's pull that gave no key and hold the number's digits.
    ``number_rules`` and ``name_rules`` are the rules by which the first claim's texts became the number and the name;
    they are empty where the texts alone do not lead there. ``doubt`` says why the digits are no number but a key as
    they stand. ``online`` are the names that 1C told of its keys during calls, by key, also those that have expired;
    ``now`` is when that was looked up (UTC).
    """

    number: str
    keys: tuple[str, ...]
    pbx: tuple[PbxKeys, ...]
    pulled: Pulled | None
    entries: Mapping[str, Entry]
    claims: Mapping[str, tuple[Claim, ...]]
    online: Mapping[str, OnlineName]
    now: datetime
    skipped: tuple[Skipped, ...] = ()
    number_rules: tuple[str, ...] = ()
    name_rules: tuple[str, ...] = ()
    doubt: str = ""

    @property
    def written(self) -> Written | None:
        """The last change on any of the PBXs."""
        known = (pbx.written for pbx in self.pbx if pbx.written is not None)
        return max(known, default=None, key=lambda written: written.run)

    @property
    def exit_code(self) -> int:
        """The exit code: 0, or the failure's own where no PBX could be asked, or 7 where some could."""
        codes = _codes(self.pbx)
        if codes and any(pbx.error is None for pbx in self.pbx):
            return PartlyDone.exit_code
        return min(codes, default=0)


@dataclass(frozen=True, slots=True)
class AskedOneC:
    """What 1C says of a number that it is asked for as during a call, and what a call would get now.

    ``source`` is what was asked; "" where it was not, as ``caller`` (a value of ``CallerKind``) has no number. ``said``
    are the texts or the names of cards that 1C told, ``name`` is the caller's name made of them, "" where it knows
    nobody. ``seconds`` is how long 1C took, ``deadline`` how long a call waits. ``call`` is the name that a call gets
    and where it comes from, None where it gets none.
    """

    caller: str
    source: str = ""
    said: tuple[str, ...] = ()
    name: str = ""
    seconds: float = 0.0
    deadline: float = 0.0
    call: tuple[str, Origin] | None = None
    error: AstsyncError | None = None


@dataclass(frozen=True, slots=True)
class UnknownCaller:
    """A number that had no name when it called, and has none yet: how many calls, and the last one (UTC)."""

    number: str
    calls: int
    last: datetime


@dataclass(frozen=True, slots=True)
class CallsOfPeriod:
    """The calls of a period that asked who is calling, by hour and ending.

    ``counted_since`` is when counting began, as far as it is kept. ``unknown`` are the numbers that called most without
    a name, of so many ``numbers``; ``named_since`` counts those that had none and have one by now.
    """

    counted_since: datetime
    counts: tuple[CallCount, ...] = ()
    unknown: tuple[UnknownCaller, ...] = ()
    numbers: int = 0
    named_since: int = 0


@dataclass(frozen=True, slots=True)
class FailedRuns:
    """Runs that failed alike: the command and the exit code of the newest, what happened, the cure, "" for none known.

    ``pbx`` is the PBX that it is about, "" where it is none alone. ``first`` and ``last`` are the starts (UTC).
    """

    command: str
    message: str
    hint: str
    exit_code: int | None
    pbx: str
    count: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class PbxState:
    """How a PBX was when a run reached it last: ``good`` where it held all that was desired, None where none ever did.

    ``at`` is when that was, ``well_at`` when it was good the last time (UTC). ``message`` and ``hint`` say what failed.
    """

    name: str
    good: bool | None = None
    at: datetime | None = None
    message: str = ""
    hint: str = ""
    well_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MissedCall:
    """A call from outside that nobody picked up, ``at`` (UTC). ``number`` is "" where it was withheld.

    ``name`` is that of the phonebook now, "" where it has none; ``rung`` are the phones that rang.
    """

    number: str
    name: str
    at: datetime
    rung: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MissedCalls:
    """The missed calls of a period: how many, to how many nobody called back, and these, the newest first.

    A number was called back also where it called again and somebody picked up.
    """

    count: int
    left: int
    calls: tuple[MissedCall, ...]


@dataclass(frozen=True, slots=True)
class Digest:
    """What happened from ``since`` until before ``until``, and how things stand ``now`` (all UTC).

    ``host`` is the machine. ``calls`` is None where no call is counted. ``snapshot`` is None before the first list;
    ``reasons`` are those of its phones without a key that hold digits. ``runs`` are those of the period, the newest
    first, without those that write names told during calls: ``online_runs`` counts these. ``runs_since`` is when the
    oldest run on record began, where that is after the beginning of the period, else None. ``last_run`` is the last of
    all. ``missed`` is None where calls are not followed.
    """

    since: datetime
    until: datetime
    now: datetime
    host: str
    calls: CallsOfPeriod | None
    snapshot: SnapshotFacts | None
    reasons: Mapping[str, int]
    runs: tuple[RunRecord, ...]
    online_runs: int
    runs_since: datetime | None
    failures: tuple[FailedRuns, ...]
    pbx: tuple[PbxState, ...]
    last_run: RunRecord | None = None
    missed: MissedCalls | None = None


def _of_many(words: str, count: int) -> str:
    """The words of one PBX, and how many others failed alike."""
    if count == 1:
        return words
    return counted("{words} (and {count:,} more PBX)", "{words} (and {count:,} more PBXs)", count - 1, words=words)


def _codes(parts: tuple[PbxReport, ...] | tuple[PbxKeys, ...]) -> set[int]:
    return {pbx.error.exit_code for pbx in parts if pbx.error is not None}
