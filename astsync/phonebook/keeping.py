"""Whether a PBX kept what it confirmed.

Asterisk confirms a put at once, shows it to everybody who reads, and commits AstDB to its disk about once a second. A
commit that fails, as on a full disk, takes back what was put since the last one, and only Asterisk's log says so
(main/db.c, db_sync_thread). Then each run finds the same entries missing, and writes them for a second or two.

A run cannot see that of its own writes without waiting for the commit. The next run can: it finds as before what the
last one wrote and saw. A restart of Asterisk between them explains it, as a kill loses the last second and some PBXs
keep AstDB in memory. Without one, either the disk did not keep it or somebody took it back, and a reading alone does
not tell which. So a run that misses anything reads once more after the commit (``engine.target``): only a PBX that
forgets before its own eyes is blamed for it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from astsync.language import counted, say
from astsync.phonebook.packed import PackedNames
from astsync.phonebook.recorded import RecordBlock, RecordRow

CAUSE = say("Either the PBX's disk did not keep them, or somebody deleted them or wrote over them.")
LOOK = say(
    "On the PBX look at `df -h`, at the rights of astdb.sqlite3 and of its folder (/var/lib/asterisk), and for db.c in "
    "Asterisk's log, as in `db.c: Error executing SQL (COMMIT): database or disk is full` or `disk I/O error`. "
    "`database show` on its console shows what it holds. With --durable a run sees at once whether that stays."
)
IN_A_ROW = 2
"""Runs in a row that find taken back what the run before them had written. One may be somebody's deletion."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What a PBX was seen to hold of a run's changes, as long as no later reading has shown that it keeps them.

    ``at`` is when the run read it last (UTC). ``started`` is when Asterisk had been started, in its own words: good
    only to be compared; "" where it did not say. ``lost`` counts the entries that the run itself saw confirmed and
    lost. ``again`` counts the runs in a row, this one the last, that missed what the run before had seen.
    """

    run: int
    at: datetime
    started: str
    lost: int = 0
    again: int = 0


class Untouched(Enum):
    """In the place of a trace: the trace that is stored stays, whatever it is.

    So does a run that looks at a few keys alone: it has not seen whether the PBX keeps what an earlier run wrote.
    """

    TRACE = auto()


@dataclass(frozen=True, slots=True)
class Missed:
    """What the run of ``trace`` changed and saw on a PBX, and what is as before it: ``count`` of ``total`` entries.

    ``same`` says that Asterisk has run since then; where it is False that is not known. Where ``trace.lost`` is not 0
    the run itself saw the loss, and ``count`` is its number.
    """

    trace: Trace
    count: int
    total: int
    same: bool

    @property
    def again(self) -> int:
        """How many runs in a row, with the present one, missed what the run before had seen for good."""
        return 0 if self.trace.lost else self.trace.again + 1

    @property
    def told(self) -> str:
        """What is known, in a sentence without its end."""
        run, at = str(self.trace.run), f"{self.trace.at.astimezone():%Y-%m-%d %H:%M:%S}"
        if self.trace.lost:
            return counted(
                "run {run} saw at {moment} that the PBX lost {count:,} entry which it had confirmed",
                "run {run} saw at {moment} that the PBX lost {count:,} entries which it had confirmed",
                self.count,
                run=run,
                moment=at,
            )
        gone = counted(
            "{gone:,} of the {count:,} entry that run {run} wrote and saw at {moment} is gone or old again",
            "{gone:,} of the {count:,} entries that run {run} wrote and saw at {moment} are gone or old again",
            self.total,
            gone=self.count,
            run=run,
            moment=at,
        )
        if self.same:
            started = self.trace.started
            return say("{gone}, though Asterisk has run since then (started {started})", gone=gone, started=started)
        return say("{gone}; whether Asterisk was restarted since then is not known", gone=gone)


def missed(
    trace: Trace | None,
    changes: Iterable[RecordRow | RecordBlock],
    existing: Mapping[str, str],
    started: str,
) -> Missed | None:
    """Compare what a run saw with what the PBX holds now (``existing``). None where nothing is missed.

    ``changes`` are those of the run's record, in the order of numbers. A key counts as missed only where the value from
    before is back: another value was written by somebody. After a restart of Asterisk (``started`` is another than that
    of the trace) nothing is missed, but what the run itself saw being lost.
    """
    if trace is None:
        return None
    known = bool(started and trace.started)
    if trace.lost:
        return Missed(trace, trace.lost, trace.lost, known and started == trace.started)
    if known and started != trace.started:
        return None
    count = total = 0
    beside = _Beside(PackedNames.of(existing))
    for change in changes:
        if isinstance(change, RecordBlock):
            if change.olds != change.news:
                total += change.size
                count += beside.unmade(change)
        elif change[1] != change[2]:
            total += 1
            count += beside.get(change[0]) == change[1]
    return Missed(trace, count, total, known) if count else None


class _Beside:
    """What a PBX holds of keys that are asked for in their order."""

    def __init__(self, names: PackedNames) -> None:
        self._rows = names.rows
        self._end: bytes | None = b""  # where another block begins
        self._here: dict[bytes, bytes] = {}

    def get(self, number: bytes) -> bytes | None:
        """The value of a key, None where there is none."""
        if self._end is not None and number >= self._end:
            firsts = self._rows.firsts
            at = bisect_right(firsts, number) - 1
            numbers, values, *_ = self._rows.opened(at) if at >= 0 else ((), ())
            self._here = dict(zip(numbers, values, strict=True))
            self._end = firsts[at + 1] if at + 1 < len(firsts) else None
        return self._here.get(number)

    def unmade(self, block: RecordBlock) -> int:
        """How many keys of a block hold the value from before it."""
        if block.news is not None and self._rows.has(block.first, (block.numbers, block.news)):
            return 0  # nearly always
        return sum(self.get(number) == old for number, old, *_ in block.rows)
