"""The table of ownership, played beside a model: a PBX that is killed, people who write to it, runs that are cut off.

The model knows what the table cannot: who wrote each value. A key is ours where a reading has shown it to be ours, or
where the value that the PBX holds comes from us.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from astsync.engine import RunOptions
from astsync.engine.undoing import Undoing
from astsync.engine.work import Work, work_of_sync
from astsync.phonebook.model import Entry
from astsync.phonebook.ownership import NOT_OURS, Act, Ownership, owned_keys, owners_after, owners_before
from astsync.phonebook.packed import as_bytes
from astsync.phonebook.recorded import packed_record
from astsync.store import Before
from astsync.store.records import parts_of

KEYS = ["1", "2"]
NEWS = ["another name", "a name of before", "what is there", "nothing"]
GIVEN_UP = {Act.GIVE_BACK, Act.RELEASE}
some_key = st.sampled_from(KEYS)
some_keys: st.SearchStrategy[frozenset[str]] = st.just(frozenset()) | st.frozensets(some_key)


@dataclass(frozen=True)
class Value:
    """What a PBX holds in a key, and whether it comes from us."""

    name: str
    ours: bool


@dataclass
class Fault:
    """What goes wrong in a run: nothing by default.

    The run is cut off after ``cut`` writes. The PBX refuses the keys ``refused``. Before the run reads again, somebody
    writes ``written`` and deletes ``deleted``, and the PBX is killed.
    """

    cut: int | None = None
    refused: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()
    killed: bool = False


news = st.sampled_from(NEWS)
faults = st.builds(
    Fault,
    cut=st.none() | st.none() | st.integers(0, 3),
    refused=some_keys,
    written=some_keys,
    deleted=some_keys,
    killed=st.sampled_from([False, False, True]),
)


@dataclass
class Pbx:
    """A PBX: what it holds, and what it would hold again if it were killed now."""

    held: dict[str, Value] = field(default_factory=dict)
    disk: dict[str, Value] = field(default_factory=dict)

    def commit(self) -> None:
        self.disk = dict(self.held)

    def kill(self) -> None:
        self.held = dict(self.disk)

    def names(self) -> dict[str, str]:
        return {key: value.name for key, value in self.held.items()}

    def attribute(self, key: str, *, to_us: str | None = None) -> None:
        """Take one name of a key for ours from now on, on the disk too, and no other."""
        for values in (self.held, self.disk):
            if key in values:
                values[key] = Value(values[key].name, values[key].name == to_us)


class Events(RuleBasedStateMachine):
    """All events of the life of a few keys, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.pbx = Pbx()
        self.listed: dict[str, str] = {}
        self.stored: dict[str, Ownership] = {}
        self.shown: set[str] = set()  # the keys that a reading has shown to be ours
        self.doubts: dict[str, str | None] = {}  # values that are ours if they are there: no reading has shown it yet
        self.past: dict[str, list[str]] = {key: ["Firma", "Firma too"] for key in KEYS}
        self.records: list[dict[str, Before]] = [{}]  # of runs that wrote, the last one last
        self.late: list[tuple[str, Value | None]] = []
        self.serial = itertools.count()

    def is_ours(self, key: str) -> bool:
        return key in self.shown or (key in self.pbx.held and self.pbx.held[key].ours)

    def ours(self) -> set[str]:
        return {key for key in self.pbx.held if self.is_ours(key)}

    # What others do.

    @rule(key=some_key)
    def somebody_writes(self, key: str) -> None:
        self._somebody_writes(key, self._name(key, "by hand"))

    @rule(key=some_key, data=st.data())
    def somebody_writes_a_name_of_before(self, key: str, data: st.DataObject) -> None:
        self._somebody_writes(key, data.draw(st.sampled_from(self.past[key][-3:])))

    @rule(key=some_key)
    def somebody_deletes(self, key: str) -> None:
        self.pbx.held.pop(key, None)

    @rule()
    def the_pbx_commits(self) -> None:
        self.pbx.commit()

    @rule()
    def the_pbx_is_killed(self) -> None:
        self.pbx.kill()

    @precondition(lambda self: self.late)
    @rule()
    def a_write_of_a_run_that_was_cut_off_arrives(self) -> None:
        self._arrive(*self.late.pop(0))

    # What astsync does.

    @rule(news=st.dictionaries(some_key, news), foreign=st.sampled_from(["keep", "keep", "delete"]), fault=faults)
    def a_run(self, news: dict[str, str], foreign: Literal["keep", "delete"], fault: Fault) -> None:
        self._list(news)
        work = self._sync(foreign)
        self._carry_out(work, fault, may_delete_foreign=foreign == "delete")

    @rule(fault=faults, run=st.sampled_from([-1, -1, 1]))
    def an_undo(self, fault: Fault, run: int = -1) -> None:
        record = self.records[run if run < len(self.records) else -1]
        self._carry_out(self._undoing(record).work(), fault)

    @rule()
    def one_more_run_converges(self) -> None:
        kept = {key: name for key, name in self.pbx.names().items() if not self.is_ours(key)}
        self._carry_out(self._sync("keep"), Fault())
        assert self.pbx.names() == {**kept, **self.listed}
        assert self._owned() == self.listed.keys()

    @rule(news=st.dictionaries(some_key, news), foreign=st.sampled_from(["keep", "delete"]))
    def an_undo_gives_back_values_and_owners(self, news: dict[str, str], foreign: Literal["keep", "delete"]) -> None:
        self._list(news)
        names, ours, self.records = self.pbx.names(), self.ours(), [{}]
        self._carry_out(self._sync(foreign), Fault(), may_delete_foreign=foreign == "delete")
        after, ours_after = self.pbx.names(), self.ours()
        undoing = self._undoing(self.records[-1])
        assert not undoing.changed
        self._carry_out(undoing.work(), Fault())
        assert (self.pbx.names(), self._owned() & names.keys()) == (names, ours)
        undoing = self._undoing(self.records[-1])
        if not undoing.changed:  # a foreign key that is back is not deleted again
            self._carry_out(undoing.work(), Fault())
            assert (self.pbx.names(), self._owned() & after.keys()) == (after, ours_after)

    def teardown(self) -> None:
        self.one_more_run_converges()

    def _list(self, news: dict[str, str]) -> None:
        for key, new in news.items():
            self.listed.pop(key, None)
            if new == "another name":
                self.listed[key] = self._name(key, "Firma")
            elif new == "a name of before":
                self.listed[key] = self.past[key][-1]
            elif new == "what is there" and key in self.pbx.held:
                self.listed[key] = self.pbx.held[key].name

    def _name(self, key: str, word: str) -> str:
        self.past[key].append(f"{word} {next(self.serial)}")
        return self.past[key][-1]

    def _somebody_writes(self, key: str, name: str) -> None:
        """Nobody can tell an equal name from ours."""
        self.pbx.held[key] = Value(name, ours=self.doubts.get(key) == name)

    def _owned(self) -> set[str]:
        """What the table says, which must be what the model knows."""
        owned = owned_keys(self.stored, self.pbx.names())
        assert owned & self.pbx.held.keys() == self.ours()
        return {*owned}

    def _undoing(self, record: dict[str, Before]) -> Undoing:
        rows = packed_record(parts_of(record[number] for number in sorted(record, key=as_bytes)))
        return Undoing(rows, self.pbx.names(), self._owned())

    def _sync(self, foreign: Literal["keep", "delete"]) -> Work:
        desired = {key: Entry(key, name) for key, name in self.listed.items()}
        return work_of_sync(self.pbx.names(), desired, self._owned(), RunOptions(foreign=foreign))

    def _carry_out(self, work: Work, fault: Fault, *, may_delete_foreign: bool = False) -> None:
        self.late = []
        before = {record.number: record for record in work.record()}
        self._store(owners_before(work.steps, work.owned, self.stored))
        self._learn_from_record(work)
        writes = [(key, Value(name, work.steps[key].act not in GIVEN_UP)) for key, name in work.puts]
        deletes = [] if fault.refused & {key for key, _ in writes} else [change.number for change in work.plan.delete]
        sent = [*((k, v) for k, v in writes if k not in fault.refused), *((key, None) for key in deletes)]
        assert not {entry.number for entry in work.plan.kept} & {key for key, _ in sent}, "what is kept is not written"
        for key, value in sent[: fault.cut]:
            assert before[key].old == self.pbx.names().get(key), "what is overwritten is recorded before"
            assert value is not None or may_delete_foreign or key in work.owned, "a foreign key is never deleted"
            self._arrive(key, value)
        if before:
            self.records.append(before)
        if fault.cut is not None:
            self.late = sent[fault.cut : fault.cut + 1]
            return
        self._between(fault)
        held = self.pbx.names()
        self._store(owners_after(work.steps, work.owned, held))
        self._learn_from_reading(work)
        for key in work.unchanged(held):
            del before[key]

    def _arrive(self, key: str, value: Value | None) -> None:
        if value is None:
            self.pbx.held.pop(key, None)
        else:
            self.pbx.held[key] = value

    def _between(self, fault: Fault) -> None:
        for key in fault.written:
            self.somebody_writes(key)
        for key in fault.deleted:
            self.somebody_deletes(key)
        if fault.killed:
            self.pbx.kill()

    def _store(self, owners: Mapping[str, Ownership]) -> None:
        self.stored = {key: owner for key, owner in {**self.stored, **owners}.items() if owner != NOT_OURS}

    # What the model learns.

    def _learn_from_record(self, work: Work) -> None:
        """The run has read the PBX, and everything that it will send is stored."""
        self.doubts = {}
        for key in KEYS:
            step = work.steps.get(key)
            if key in work.owned:
                self.shown.add(key)
            else:
                self.pbx.attribute(key)  # not ours: also if a killed PBX brings back what was once ours
            if step is None:
                continue
            if step.act is Act.ADOPT:
                self.shown.add(key)
            elif step.act is Act.RELEASE:
                self._let_go(key)
            elif step.act is Act.WRITE and key not in work.owned:
                self._doubt(key, step.new)
            elif step.act is not Act.WRITE and key in work.owned:
                self.shown.discard(key)
                self._doubt(key, step.old)

    def _learn_from_reading(self, work: Work) -> None:
        """The run has read the PBX again."""
        for key, step in work.steps.items():
            doubtful = key not in work.owned if step.act is Act.WRITE else key in work.owned
            if step.act not in {Act.WRITE, Act.DELETE, Act.GIVE_BACK} or not doubtful:
                continue
            if self.is_ours(key):
                self.shown.add(key)
                del self.doubts[key]
            elif step.act is not Act.DELETE or key in self.pbx.held:
                self._let_go(key)

    def _doubt(self, key: str, name: str | None) -> None:
        self.doubts[key] = name
        self.pbx.attribute(key, to_us=name)

    def _let_go(self, key: str) -> None:
        self.shown.discard(key)
        self.doubts.pop(key, None)
        self.pbx.attribute(key)


KEY = KEYS[0]
NONE, ONE = frozenset[str](), frozenset({KEY})
OUTCOMES = [
    Fault(cut=0),
    Fault(cut=1),
    Fault(refused=ONE),
    *(
        Fault(written=w, deleted=d, killed=k)
        for w, d in ((NONE, NONE), (ONE, NONE), (NONE, ONE))
        for k in (False, True)
    ),
]
RUNS_BEFORE = [
    (),
    *((new,) for new in NEWS),
    ("another name", "another name"),
    ("another name", "nothing"),
    ("delete", "another name"),
]
STARTS: list[tuple[tuple[str, ...], str | int, bool]] = [
    *itertools.product(RUNS_BEFORE, ("nothing", "committed", "killed", "deleted"), (False, True)),
    (("another name", "undo"), -1, True),  # given back, and somebody writes what was ours
    (("another name", "deleted", "nothing"), -1, False),  # added and given up, and somebody writes what was ours
]


def begun(runs: tuple[str, ...], then: str | int, theirs: bool) -> Events:
    """One key, which somebody may have written, after runs that wanted what ``runs`` say; only the last may be lost."""
    events = Events()
    if theirs:
        events.somebody_writes(KEY)
    for new in runs:
        events.the_pbx_commits()
        if new == "deleted":
            events.somebody_deletes(KEY)
        else:
            play(events, new, Fault())
    follow(events, then)
    return events


def play(events: Events, run: str, fault: Fault) -> None:
    """An undo, a run that deletes foreign keys, or a run with that news."""
    if run.startswith("undo"):
        events.an_undo(fault, 1 if run == "undo the first" else -1)
    elif run == "delete":
        events.a_run({KEY: "nothing"}, "delete", fault)
    else:
        events.a_run({KEY: run}, "keep", fault)


def follow(events: Events, after: str | int) -> None:
    """One more event: a name of before is written, by its place in the past, or another thing happens."""
    if isinstance(after, int):
        events._somebody_writes(KEY, events.past[KEY][after])
    elif after == "deleted":
        events.somebody_deletes(KEY)
    elif after == "committed":
        events.the_pbx_commits()
    elif after == "killed":
        events.the_pbx_is_killed()


def test_every_outcome_of_a_run_and_of_an_undo() -> None:
    """All ways to begin, then a run or an undo with each fault, then one more event."""
    runs = ("undo", "undo the first", "delete", *NEWS)
    afters: tuple[str | int, ...] = ("nothing", "deleted", "killed", -1, -2)
    for start, run, fault, after in itertools.product(STARTS, runs, OUTCOMES, afters):
        events = begun(*start)
        play(events, run, fault)
        follow(events, after)
        events.one_more_run_converges()


def test_every_run_can_be_put_back_with_its_owners() -> None:
    foreign: tuple[Literal["keep", "delete"], ...] = ("keep", "delete")
    for start, new, how in itertools.product(STARTS, NEWS, foreign):
        begun(*start).an_undo_gives_back_values_and_owners({KEY: new}, how)


def test_whatever_happens_no_key_has_a_wrong_owner() -> None:
    quiet = settings(
        max_examples=150, stateful_step_count=25, deadline=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(Events, settings=quiet)
