"""What astsync promises about the keys of a family, told once more, and held against all that it does.

The oracle sees what is sent to a PBX, what a PBX shows and answers, and what the store has committed. From these it
knows whose each key is, what each run must have on record, and what may be sent. It uses nothing of ``phonebook``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from astsync.errors import EXIT_INTERRUPTED
from astsync.store import ONLINE_RUN
from astsync.store.entries import read_names
from astsync.store.owned import places, read_owners
from astsync.store.records import PackedRecord
from astsync.store.undo import read_record
from tests.simulation.online import Online, Told, free
from tests.simulation.owners import Kept, Names, Owners, Step, begin, end, gives_up, is_far, step_back, steps_of

if TYPE_CHECKING:
    from tests.simulation.asterisk import Action, Session
    from tests.simulation.commands import How
    from tests.simulation.tasks import Process
    from tests.simulation.world import World

WRITTEN, EXPIRED = "told online: written at once", "told online: expired, and deleted"
FORGOTTEN, FOREIGN = "told online: put back, and forgotten", "told online: not written over a foreign key"
"""What a world has seen of names told online."""
Place = tuple[str, str]
"""A PBX and a family."""


class Wrong(AssertionError):
    """A promise was broken."""


@dataclass
class Reading:
    """A whole list, as a PBX gave it to a process, over a session."""

    held: Names
    ours: set[str]
    session: Session


@dataclass
class Part:
    """What a run does on one PBX, from its record on."""

    place: Place
    steps: dict[str, Step]
    wanted: Names
    first: Reading
    last: Reading
    whole: bool
    sent: set[str] = field(default_factory=set)
    put: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    is_seen: bool = True
    """Whether nothing was sent since the last reading."""

    @property
    def puts(self) -> dict[str, str]:
        """The values that it must put before it deletes."""
        if self.whole:
            return dict(self.wanted)
        return {key: step.new for key, step in self.steps.items() if step.new is not None and step.new != step.old}


@dataclass
class Run:
    """A run: its process, its command and its list."""

    number: int
    process: Process
    command: str
    undoes: int | None
    how: How
    until: float
    listed: Names | None = None
    before: Names | None = None
    """The snapshot when it began."""
    told: Names | None = None
    """The names told online that count for it; None before it has looked."""
    unlisted: set[str] = field(default_factory=set)
    """The keys that the limits do not count: those with a name told online, also with one that has expired."""
    parts: dict[str, Part] = field(default_factory=dict)
    pulls: bool = False
    is_saved: bool = False
    ended: bool = False

    @property
    def is_narrow(self) -> bool:
        """Whether it looks at no other keys than those of names told online."""
        return self.command == ONLINE_RUN


class Oracle:
    """All promises; each method tells it of one thing that happened. Raises Wrong."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.owners: dict[Place, Owners] = {}
        self.records: dict[tuple[int, str, str], dict[str, Kept]] = {}
        self.snapshot: Names | None = None
        self.online = Online()
        self.runs: dict[Process, Run] = {}
        self.last_run = 0
        self.wrong: Wrong | None = None
        self._counted: set[int] = set()
        self._by_number: dict[int, Run] = {}
        self._readings: dict[tuple[Process, Place], Reading] = {}
        self._given: dict[tuple[Process, Place], Reading] = {}
        self._pulled: dict[Process, Names] = {}
        self._asked: dict[Process, Names] = {}
        self._late: dict[Process, set[str]] = {}
        self._got: dict[tuple[Process, Place], tuple[Session, dict[str, str | None]]] = {}

    def _wrong(self, words: str) -> Wrong:
        """A broken promise; the first is kept, as the product may turn it into another error."""
        self.wrong = self.wrong or Wrong(words)
        return self.wrong

    def of(self, place: Place) -> Owners:
        """Whose the keys of a family are."""
        return self.owners.setdefault(place, Owners())

    # What PBXs show and do.

    def reads(self, session: Session, family: str, held: Names) -> None:
        """A PBX gave its list. It counts once it is believed, which an answer after it shows, or what is done by it."""
        place = session.asterisk.name, family
        self._given[session.process, place] = Reading(held, self.of(place).ours(held), session)

    def gets(self, session: Session, family: str, key: str, value: str | None) -> None:
        """A PBX gave one key, to a narrow run. Once it has given all keys of the run, that is a reading."""
        run, place = self.runs.get(session.process), (session.asterisk.name, family)
        if run is None or run.ended:
            return  # it came too late
        if not run.is_narrow and key in self._late.get(session.process, ()):
            return  # an earlier run of the process sent it, and its time was over before it arrived
        if not run.is_narrow or key not in (run.told or {}):
            raise self._wrong(f"{key} is asked for alone outside of a run that wants it")
        since, got = self._got.get((session.process, place), (session, {}))
        if since is not session or key in got:
            got = {}
        got[key] = value
        self._got[session.process, place] = session, got
        if got.keys() == (run.told or {}).keys():
            held = {key: value for key, value in got.items() if value is not None}
            self._given[session.process, place] = Reading(held, self.of(place).ours(held), session)

    def connects(self, process: Process, pbx: str) -> None:
        """A process connects anew. Where that fails its run ends, and keeps what it had stored before.

        The last list may be one that was read before deletes, which no owners are stored after.
        """
        run = self.runs.get(process)
        if run is not None and pbx in run.parts:
            run.parts[pbx].is_seen = False

    def believes(self, process: Process, pbx: str) -> None:
        """A process goes on after the last list that a PBX gave it."""
        for given, place in [*self._given]:
            if given is process and place[0] == pbx:
                reading = self._readings[given, place] = self._given.pop((given, place))
                part = self._part(reading.session, place[1])
                if part is not None:
                    part.last, part.is_seen = reading, True

    def sends(self, session: Session, action: Action) -> None:
        """A write is sent."""
        self.believes(session.process, session.asterisk.name)
        run = self.runs.get(session.process)
        family, key = action.headers["Family"], action.key
        if run is None or run.ended:
            raise self._wrong(f"{action} is sent outside of a run")
        if self._world.holder is not session.process:
            raise self._wrong(f"{action} is sent without the lock")
        part = run.parts.get(session.asterisk.name)
        if part is None or part.place[1] != family:
            raise self._wrong(f"{action} is sent and nothing is on record")
        action.run = run.number
        if run.listed is not None:
            self._check_list(run, action)
        part.sent.add(key)
        part.is_seen = False
        self._got.pop((session.process, part.place), None)
        if action.name == "DBPut":
            self._check_put(part, action)
        else:
            self._check_delete(part, action, session)
        self._check_record(run, part, action)

    def _check_list(self, run: Run, action: Action) -> None:
        # An empty list that one PBX refuses is not saved; names told online are written on the others all the same.
        if run.pulls and not run.is_saved and run.listed:
            raise self._wrong(f"{action} is sent and its list is not saved")
        if not run.listed and not run.how.lifts and action.key not in run.unlisted:
            raise self._wrong(f"{action} is sent for a list that is empty")
        if run.pulls and not run.how.lifts and is_far(run.before or {}, run.listed or {}, run.before or {}):
            raise self._wrong(f"{action} is sent for a list that is far from the last one")

    def _check_put(self, part: Part, action: Action) -> None:
        key, value = action.key, action.headers.get("Val", "")
        if part.puts.get(key) != value and part.wanted.get(key) != value:
            raise self._wrong(f"{action} is sent and nobody wants it")
        old = part.first.held.get(key)
        seen = part.last.held.get(key)
        if part.last is not part.first and seen not in {old, value, None}:
            raise self._wrong(f"{action} is sent over {seen!r}, which somebody wrote during the run")

    def _check_delete(self, part: Part, action: Action, session: Session) -> None:
        key = action.key
        step = part.steps.get(key)
        if step is None or step.act != "delete":
            raise self._wrong(f"{action} is sent and the key may not be deleted")
        unput = part.puts.keys() - part.put
        if unput:
            raise self._wrong(f"{action} is sent before {sorted(unput)} are put")
        if part.last.session is not session:
            raise self._wrong(f"{action} is sent over a new connection and nothing was read over it")
        if part.last.held.get(key) not in {step.old, None}:
            raise self._wrong(f"{action} is sent and another value was read last")

    def _check_record(self, run: Run, part: Part, action: Action) -> None:
        """Check that what is there now is in the store: what a run overwrites must be there before it is sent."""
        kept = self.records[run.number, *part.place].get(action.key)
        old = part.first.held.get(action.key)
        new = action.headers.get("Val", "") if action.name == "DBPut" else None
        if old != new and (kept is None or (kept.old, kept.new) != (old, new)):
            raise self._wrong(f"{action} is sent and the record has {kept}, not {old!r}")

    def done(self, session: Session, action: Action, before: str | None, answer: bytes) -> None:
        """A PBX has done a write, or refused it."""
        if session.asterisk.held(action.headers["Family"]).get(action.key) != before:
            self._world.touched(action.key, before)

    def answers(self, session: Session, action: Action, answer: bytes) -> None:
        """A write was answered."""
        part = self._part(session, action.headers["Family"])
        if part is None:
            return
        good = answer.startswith(b"Response: Success") or b"not found" in answer
        if not good:
            part.refused.add(action.key)
        elif action.name == "DBPut":
            part.put.add(action.key)
        else:
            part.deleted.add(action.key)
        run = self.runs[session.process]
        if good and run.is_narrow:
            self._world.seen[WRITTEN] += 1
        elif good and action.name == "DBDel" and action.key in run.unlisted:
            self._world.seen[EXPIRED] += 1

    def _part(self, session: Session, family: str) -> Part | None:
        run = self.runs.get(session.process)
        if run is None or run.ended or run.how.family != family:
            return None
        return run.parts.get(session.asterisk.name)

    def pulls(self, process: Process, names: Names) -> None:
        """The source gave its whole list to a process."""
        self._pulled[process] = names
        run = self.runs.get(process)
        if run is not None and run.pulls and not run.ended and not process.watches:
            run.listed = names

    # What the store has committed.

    def begins(self, run: Run) -> None:
        """A run has begun."""
        self.runs[run.process] = run
        self._drop_readings(run.process)
        self._by_number[run.number] = run
        self.last_run = run.number
        run.before = self.snapshot
        if run.is_narrow:
            run.told = self._asked.pop(run.process)
            self._late.setdefault(run.process, set()).update(run.told)
        elif run.command == "restore" or (run.command == "push" and self.snapshot is not None):
            run.listed = self.snapshot
        elif run.command != "undo":
            run.pulls = True
            run.listed = self._pulled.get(run.process) if run.process.watches else None

    def _drop_readings(self, process: Process) -> None:
        """What a process read in an earlier run says nothing about this one."""
        self._got = {where: got for where, got in self._got.items() if where[0] is not process}
        self._given = {where: given for where, given in self._given.items() if where[0] is not process}

    def looks(self, process: Process, now: float) -> None:
        """A process looks at all names told online, to make the goal of a run."""
        run = self.runs.get(process)
        if run is not None and not run.ended:
            run.told, run.unlisted = self.online.counting(now), {*self.online.told}

    def looks_for(self, process: Process, keys: Iterable[str]) -> None:
        """A process looks at the names told online of some keys, to make the goal of a narrow run."""
        wanted = self.online.counting().keys() & {*keys} - (self.snapshot or {}).keys()
        self._asked[process] = {key: self.online.told[key].name for key in wanted}

    def keeps(self, process: Process, told: Mapping[str, Told], at: float) -> None:
        """Names told online were stored, which a process began ``at`` that moment."""
        if self._world.holder is not process:
            raise self._wrong(f"{told} is kept without the lock")
        seconds = self._world.keeps(process)
        if any(abs(one.until - one.at - seconds) > 0.001 or abs(one.at - at) > 1 for one in told.values()):
            raise self._wrong(f"{told} is not kept for {seconds} s from now on")
        self.online.keep(told, self.snapshot or {})

    def forgets(self, process: Process, names: Sequence[tuple[str, str]]) -> None:
        """Names told online were forgotten, which only an undo does, of those that its run wrote."""
        run = self.runs[process]
        written = {
            (key, kept.new)
            for (number, _, family), record in self.records.items()
            if run.command == "undo" and number == run.undoes and family == run.how.family
            for key, kept in record.items()
        }
        if not written >= {*names}:
            raise self._wrong(f"run {run.number} forgets {names}, and puts back {written}")
        self.online.forget(names)
        self._world.seen[FORGOTTEN] += 1

    def erases(self, process: Process, keys: Iterable[str]) -> None:
        """What is stored of some keys was erased, but whose they are and how they are listed."""
        if self._world.holder is not process:
            raise self._wrong(f"{keys} are erased without the lock")
        gone = {*keys}
        self.online.erase(gone)
        self.records = {
            where: {key: kept for key, kept in record.items() if key not in gone}
            for where, record in self.records.items()
        }

    def saves(self, process: Process, names: Names, at: float) -> None:
        """A list, pulled ``at`` this second, was saved as the snapshot."""
        run = self.runs[process]
        if run.listed is None or names != run.listed:
            raise self._wrong(f"{names} was saved as the list of run {run.number}, which pulled {run.listed}")
        run.is_saved = True
        self.snapshot = dict(names)
        owned = {key for owners in self.owners.values() for key in owners.sure | owners.doubt.keys()}
        self.online.drop(names, owned, at)

    def records_it(self, process: Process, pbx: str, began: float) -> None:
        """The record of what a run is about to change on a PBX is in the store; when that ``began``."""
        self.believes(process, pbx)
        run = self.runs[process]
        if began > run.until + 1:
            raise self._wrong(f"run {run.number} goes on to write on {pbx} when its time is over")
        place = pbx, run.how.family
        reading, owners = self._readings[process, place], self.of(place)
        if run.command == "undo":
            steps, wanted = self._steps_back(run, place, reading)
        elif run.is_narrow:
            wanted = free(run.told or {}, {}, reading.held, reading.ours)
            steps = {key: Step("write", reading.held.get(key), name) for key, name in wanted.items()}
            steps = {key: step for key, step in steps.items() if step.old != step.new}
            self._world.seen[FOREIGN] += len((run.told or {}).keys() - wanted.keys())
        else:
            steps, wanted = self._steps_of_list(run, pbx, reading)
        run.parts[pbx] = Part(place, steps, wanted, reading, reading, run.how.whole)
        looked_at = (run.told or {}) if run.is_narrow else owners.doubt
        for key in [*owners.doubt.keys() & looked_at.keys()]:
            (owners.take if key in reading.ours else owners.leave)(key)
        record = self.records[run.number, *place] = {}
        for key, step in steps.items():
            before = key in reading.ours
            begin(owners, key, step, ours=before)
            gained = step.act == "adopt" and not before
            if step.old != step.new or (gained and step.old is not None) or (before and gives_up(step)):
                record[key] = Kept(step.old, step.new, before)

    def settles(self, process: Process, pbx: str) -> None:
        """What became of it, by the last reading, is in the store."""
        self.believes(process, pbx)
        self._settle(self.runs[process], self.runs[process].parts[pbx])

    def _settle(self, run: Run, part: Part) -> None:
        owners, record, held = self.of(part.place), self.records[run.number, *part.place], part.last.held
        for key, step in part.steps.items():
            end(owners, key, step, held.get(key), ours=key in part.first.ours)
            if step.old != step.new and held.get(key) == step.old:
                record.pop(key, None)

    def _steps_of_list(self, run: Run, pbx: str, reading: Reading) -> tuple[dict[str, Step], Names]:
        held, ours, listed = reading.held, reading.ours, run.listed or {}
        told = self.online.counting() if run.told is None else run.told
        wanted = {**listed, **free(told, listed, held, ours, keeps=run.how.keeps)}
        limited = held.keys() & (ours if run.how.keeps else held.keys()) - (run.unlisted & ours)
        if not run.how.lifts and is_far(held, wanted, limited):
            raise self._wrong(f"run {run.number} goes on to write on {pbx} over its limits")
        return steps_of(held, wanted, ours, keeps=run.how.keeps), wanted

    def _steps_back(self, run: Run, place: Place, reading: Reading) -> tuple[dict[str, Step], Names]:
        steps, told = {}, self.online.counting()
        for key, kept in self.records.get((run.undoes or 0, *place), {}).items():
            if kept.new is not None and told.get(key) == kept.new:
                raise self._wrong(f"run {run.undoes} is put back, and {key} is still told online: it would come back")
            step = step_back(kept, reading.held.get(key), ours=key in reading.ours)
            if step is not None:
                steps[key] = step
            elif kept.old != kept.new and not run.how.skips:
                raise self._wrong(f"run {run.undoes} is put back although {key} has changed since")
        return steps, {key: step.new for key, step in steps.items() if step.new is not None}

    def ends(self, process: Process, compared: Set[str], *, in_order: bool) -> None:
        """A run is over: nothing is sent any more. What its last readings have shown is in the store.

        ``compared``: the PBXs that it says it has read again. ``in_order``: it was not interrupted, and the store did
        not fail. A run whose time is over takes no answer.
        """
        run = self.runs[process]
        in_order = in_order and self._world.hub.now < run.until
        for pbx in (run.parts.keys() & compared) if run.is_narrow else ():
            self.believes(process, pbx)
        run.ended = True
        for part in run.parts.values():
            if not (in_order and part.sent and part.is_seen):
                continue
            owners, record = self.of(part.place), self.records[run.number, *part.place]
            before = set(owners.sure), dict(owners.doubt), dict(record)
            self._settle(run, part)
            if before != (owners.sure, owners.doubt, record):
                raise self._wrong(f"run {run.number} has read {part.place[0]} again, and the store does not know")

    def sent_by(self, process: Process) -> set[str]:
        """The keys that the last run of a process has sent."""
        run = self.runs.get(process)
        return set().union(*(part.sent for part in run.parts.values())) if run is not None else set()

    # How things must stand.

    def check_store(self, db: sqlite3.Connection) -> None:
        """Check that the store holds what the oracle knows, and nothing else."""
        stored: dict[Place, Owners] = {}
        for place in places(db):
            owners = stored.setdefault(place, Owners())
            for number, owner in read_owners(db, *place).items():
                if owner.if_held is None:
                    owners.sure.add(number)
                else:
                    owners.doubt[number] = owner.if_held
        mine = {place: owners for place, owners in self.owners.items() if owners.sure or owners.doubt}
        if stored != mine:
            raise self._wrong(f"the store's owners are {stored}, not {mine}")
        self._check_records(db)
        names = dict(read_names(db))
        if names != (self.snapshot or {}):
            raise self._wrong(f"the snapshot is {names}, not {self.snapshot}")
        told = {key: Told(*rest) for key, *rest in db.execute("SELECT number, name, at, until FROM online").fetchall()}
        if told != self.online.told:
            raise self._wrong(f"told online are {told}, not {self.online.told}")

    def _check_records(self, db: sqlite3.Connection) -> None:
        records: dict[tuple[int, str, str], dict[str, Kept]] = {}
        for place in db.execute("SELECT DISTINCT run, pbx, family FROM undo").fetchall():
            for before in PackedRecord(read_record(db, *place)):
                records.setdefault(place, {})[before.number] = Kept(before.old, before.new, bool(before.owned))
        known = {where: record for where, record in self.records.items() if record}
        if records != known:
            raise self._wrong(f"the store's records are {records}, not {known}")

    def check_history(self, db: sqlite3.Connection) -> None:
        """Check that history tells of each run that ended what PBXs confirmed, and that what is verified was seen."""
        for number, code in db.execute("SELECT id, exit_code FROM run WHERE finished IS NOT NULL").fetchall():
            if number not in self._counted:
                self._counted.add(number)
                self._check_counts(self._by_number[number], db, interrupted=code == EXIT_INTERRUPTED)

    def _check_counts(self, record: Run, db: sqlite3.Connection, *, interrupted: bool) -> None:
        query = "SELECT pbx, added, changed, deleted, failed, verified, error FROM run_pbx WHERE run = ?"
        run = record.number
        for pbx, added, changed, deleted, failed, verified, error in db.execute(query, (run,)).fetchall():
            part = record.parts.get(pbx)
            if part is None:
                if added or changed or deleted or verified:
                    raise self._wrong(f"run {run} did nothing on {pbx} and tells of {added}, {changed}, {deleted}")
                continue
            old, exact = part.first.held, not error and not interrupted
            writes = {key for key in part.puts if old.get(key) != part.puts[key]}
            true = (
                len({key for key in writes & part.put if key not in old}),
                len({key for key in writes & part.put if key in old}),
                len(part.deleted),
            )
            told = (added, changed, deleted)
            if any(a > b for a, b in zip(told, true, strict=True)) or (exact and told != true):
                raise self._wrong(f"run {run} tells of {told} on {pbx}, which confirmed {true}")
            if failed > len(part.refused | part.steps.keys()):
                raise self._wrong(f"run {run} tells of {failed} failures on {pbx}, which refused {part.refused}")
            wrong = _unlike(part)
            if verified and wrong:
                raise self._wrong(f"run {run} says that {pbx} is verified, and it holds {wrong}")
            if exact and not verified:
                raise self._wrong(f"run {run} has no error on {pbx}, and has not verified it")


def _unlike(part: Part) -> dict[str, str | None]:
    held = part.last.held
    wrong = {key: held.get(key) for key, name in part.wanted.items() if held.get(key) != name}
    return wrong | {key: held[key] for key, step in part.steps.items() if step.act == "delete" and key in held}
