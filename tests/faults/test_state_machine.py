"""The whole tool as a state machine: whatever happens, one good run brings the PBX in step, nothing foreign is lost.

The model knows what the source lists, what the PBX must hold, and which keys astsync owns; every rule does something to
the tool and to the model, and then the PBX must hold what the model says.
"""

import itertools
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from pydantic import SecretStr

from astsync.config import PbxConfig
from astsync.demo.asterisk import PrivateAsterisk
from astsync.engine import Engine, Options
from astsync.errors import ConfigError, PbxError, SourceError
from astsync.finding import Finding
from astsync.pbx import Pbx
from astsync.pbx.astdb import AmiPbx
from astsync.pbx.memory import MemoryPbx
from astsync.phonebook.book import BookBuilder
from astsync.phonebook.model import Counterparty, Phone, Progress, no_progress
from astsync.phonebook.names import NameMaker
from astsync.phonebook.numbers import NumberParser
from astsync.phonebook.plan import Limits
from astsync.result import Report
from astsync.store import Store
from tests.faults import model
from tests.faults.fragile import Crash, FragilePbx, FragileStore, Weakness
from tests.faults.model import Done

WHOLE = "ASTSYNC_FAULTS" in os.environ
NUMBERS = [str(74955550100 + i) for i in range(12)]
THEIRS = [str(74956660100 + i) for i in range(4)]
"""Keys that the source never lists."""

NO_LIMITS = Limits(max_delete=None, max_change=None, allow_empty=True)
UNLIMITED = Options(limits=NO_LIMITS)
some = st.frozensets(st.sampled_from(NUMBERS), min_size=1, max_size=3)
weaknesses = st.one_of(
    st.integers(0, 18).map(lambda after: lambda: Weakness(crash_after=after)),
    st.integers(0, 6).map(lambda after: lambda: Weakness(lose_after=after)),
    some.map(lambda refused: lambda: Weakness(refused=refused)),
    st.builds(lambda keys, times: lambda: Weakness(forgotten=keys, forgets=times), some, st.integers(1, 3)),
)
keys = st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=6, unique=True)


class Listed:
    """A source in a dict."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.breaks_after: int | None = None

    def describe(self) -> str:
        return "a list"

    def check(self) -> Iterator[Finding]:
        yield Finding("list", good=True, words="there")

    def pull(self, progress: Progress = no_progress) -> Iterator[Counterparty]:
        for count, (number, name) in enumerate(self.names.items()):
            if count == self.breaks_after:
                break
            yield Counterparty(number, name, (Phone((f"+{number}",)),), "List")
        if self.breaks_after is not None:
            raise SourceError("the list broke off")


class Tool(RuleBasedStateMachine):
    """astsync over one PBX; ``make_pbx`` decides which.

    ``held`` is what the PBX must hold, ``owned`` what is astsync's of it; ``unsure`` are keys that a broken run may or
    may not have made astsync's, or no longer so: there the store is believed. ``doubtful`` are such only once somebody
    writes them before the next good run.
    """

    make_pbx: Callable[[], Pbx]
    seen: Counter[str]

    @initialize()
    def begin(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="astsync-machine-")
        self.file = Path(self._folder.name) / "store.sqlite3"
        self.source = Listed()
        self.pbx = FragilePbx(type(self).make_pbx())
        self.serial = itertools.count()
        self.held = self.pbx.held()
        self.owned: set[str] = set()
        self.unsure: set[str] = set()
        self.doubtful: set[str] = set()
        self.snapshot: dict[str, str] | None = None
        self.done: Done | None = None

    def teardown(self) -> None:
        if hasattr(self, "_folder"):
            self._folder.cleanup()

    # What the world does.

    @rule(numbers=keys)
    def list_them(self, numbers: list[str]) -> None:
        for number in numbers:
            self.source.names[number] = self._name("Firma")

    @rule()
    def list_all(self) -> None:
        for number in NUMBERS:
            self.source.names.setdefault(number, self._name("Firma"))

    @rule(numbers=keys)
    def list_them_no_more(self, numbers: list[str]) -> None:
        for number in numbers:
            self.source.names.pop(number, None)

    @rule(number=st.sampled_from(THEIRS))
    def somebody_writes_a_key_of_their_own(self, number: str) -> None:
        self._somebody({number: self._name("Theirs")}, [])

    @rule(numbers=keys)
    def somebody_writes_keys_that_may_be_ours(self, numbers: list[str]) -> None:
        self._somebody({number: self._name("Somebody") for number in numbers}, [])

    @rule(numbers=keys)
    def somebody_writes_what_is_listed(self, numbers: list[str]) -> None:
        self._somebody({number: self.source.names[number] for number in numbers if number in self.source.names}, [])

    @rule(numbers=keys)
    def somebody_deletes_keys(self, numbers: list[str]) -> None:
        self._somebody({}, numbers)

    @rule()
    def the_pbx_forgets_everything(self) -> None:
        self._somebody({}, list(self.held))

    @rule()
    def the_store_is_lost(self) -> None:
        for file in self.file.parent.glob(f"{self.file.name}*"):
            file.unlink()
        self.owned, self.unsure, self.doubtful, self.snapshot, self.done = set(), set(), set(), None, None

    def _somebody(self, entries: dict[str, str], gone: list[str]) -> None:
        self.pbx.write(entries, gone)
        self.unsure |= self.doubtful & (entries.keys() | set(gone))
        self.held.update(entries)
        for number in gone:
            self.held.pop(number, None)

    def _name(self, word: str) -> str:
        return f"{word} {next(self.serial)}"

    # What astsync does.

    @rule(foreign=st.sampled_from(["keep", "keep", "keep", "delete"]))
    def sync(self, foreign: Literal["keep", "delete"]) -> None:
        self.snapshot = dict(self.source.names)
        self._bring_in_step(lambda engine: engine.sync(), self.snapshot, Options(foreign=foreign, limits=NO_LIMITS))

    @precondition(lambda self: self.snapshot is not None)
    @rule(whole=st.booleans())
    def push(self, whole: bool) -> None:
        self._bring_in_step(lambda engine: engine.push(), self.snapshot or {}, Options(whole=whole, limits=NO_LIMITS))

    @precondition(lambda self: self.snapshot is not None)
    @rule()
    def restore(self) -> None:
        self._bring_in_step(lambda engine: engine.restore(), self.snapshot or {})

    @rule()
    def sync_within_the_limits(self) -> None:
        """A list, or a plan, that goes too far is refused; a plan's refusal does not make the list a bad one."""
        listed = dict(self.source.names)
        self._learn_unsure()
        bad_list = model.refused_list(self.snapshot, listed)
        if not bad_list and not model.refused_plan(self.held, self.owned, listed):
            if listed or self.snapshot:
                self.snapshot = listed
            self._bring_in_step(lambda engine: engine.sync(), listed, Options())
            return
        self.seen["refused list" if bad_list else "refused plan"] += 1
        report = self._run(lambda engine: engine.sync(), Options())
        assert report.exit_code == 6, report
        if listed and not bad_list:
            self.snapshot = listed
        self._check_nothing_changed()

    @rule()
    def a_dry_run(self) -> None:
        before = self._store_says()
        report = self._run(lambda engine: engine.sync(), Options(dry_run=True, limits=NO_LIMITS))
        assert report.exit_code == 0
        self._learn_unsure()
        wanted = model.in_step(self.held, self.owned, self.source.names)
        plan = report.pbx[0].plan
        assert plan is not None
        assert plan.changes == sum(wanted.get(key) != self.held.get(key) for key in wanted.keys() | self.held.keys())
        assert self._store_says() == before
        self._check_nothing_changed()

    @rule(after=st.integers(0, 6))
    def the_source_breaks(self, after: int) -> None:
        self.source.breaks_after = after
        with pytest.raises(SourceError):
            self._run(lambda engine: engine.sync())
        self.source.breaks_after = None
        self._check_nothing_changed()

    @rule(weakness=weaknesses, command=st.sampled_from(["sync", "push", "undo"]), spoil=st.booleans(), numbers=keys)
    def a_run_breaks(self, weakness: Callable[[], Weakness], command: str, spoil: bool, numbers: list[str]) -> None:
        """Crash, lose the PBX, have keys refused or forgotten, with work enough that it strikes."""
        if spoil:
            self._somebody({number: self._name("Spoilt") for number in numbers[:3]}, numbers[3:])
        if command == "sync":
            self.snapshot = self._list_anew(numbers)
        if (command == "push" and self.snapshot is None) or (command == "undo" and self.done is None):
            return
        before, done = Done(0, dict(self.held), self._owned()), self.done
        weak = self.pbx.weakness = weakness()
        with suppress(Crash, PbxError, ConfigError):
            self._run(lambda engine: _run_of(engine, command, done), weakness=weak)
        self.pbx.weakness = Weakness()
        self._learn_from_broken(before, command, forgetful=bool(weak.forgotten))
        for how in weak.struck or {"nothing"}:
            self.seen[how] += 1

    def _list_anew(self, numbers: list[str]) -> dict[str, str]:
        for number in numbers:
            self.source.names[number] = self._name("Firma")
        for number in sorted(self.source.names.keys() - set(numbers))[:3]:
            del self.source.names[number]
        return dict(self.source.names)

    def _learn_from_broken(self, before: Done, command: str, *, forgetful: bool) -> None:
        """A key that the run gave another value is ours, or was put back; the others belong to whom they did."""
        self.held = self.pbx.held()
        listed = self.snapshot if command != "undo" else None
        with closing(Store(self.file, write=False)) as store:
            last = store.runs(1)[0]
            saved = store.snapshot()
        if listed is not None and saved is not None and {n: e.name for n, e in saved.entries.items()} != listed:
            self.snapshot = {number: entry.name for number, entry in saved.entries.items()}
        elif saved is None:
            self.snapshot = None
        changed = {key for key in before.held.keys() | self.held.keys() if before.held.get(key) != self.held.get(key)}
        self._check_broken(before, changed, last.run, listed, forgetful=forgetful)
        self.owned = (before.owned - changed) | {key for key in changed if listed is not None and key in listed}
        equal = {key for key, name in (listed or {}).items() if before.held.get(key) == name}
        self.unsure = equal - before.owned if listed is not None else before.owned | changed
        self.doubtful = (before.owned - (listed or {}).keys()) | (changed - before.owned)
        self.done = self._done_as_recorded(last.run, before) if changed else None

    def _done_as_recorded(self, run: int, before: Done) -> Done:
        """Take a broken run as one that did all that it has on record: what it did not do is as if put back already."""
        with closing(Store(self.file, write=False)) as store:
            meant = {entry.number: entry.new for entry in store.before(run, self.pbx.name, Options().family)}
        after = {key: name for key, name in ({**self.held, **meant}).items() if name is not None}
        return Done(run, before.held, before.owned, after, self._owned())

    def _check_broken(
        self, before: Done, changed: set[str], run: int, listed: dict[str, str] | None, *, forgetful: bool
    ) -> None:
        """However it ended: no foreign key is another, and what is another stands in the record with its old value.

        Nothing is deleted before all is written.
        """
        if listed is not None:
            assert not changed - before.owned - listed.keys()
            unwritten = {key for key, name in listed.items() if self.held.get(key) != name}
            assert forgetful or not unwritten or not before.held.keys() - self.held.keys() - listed.keys()
        with closing(Store(self.file, write=False)) as store:
            record = {entry.number: entry.old for entry in store.before(run, self.pbx.name, Options().family)}
        assert {key: record.get(key, "not recorded") for key in changed} == {
            key: before.held.get(key) for key in changed
        }

    @precondition(lambda self: self.done is not None)
    @rule(skip=st.booleans())
    def undo(self, skip: bool) -> None:
        done = self.done
        assert done is not None
        self._learn_unsure()
        before = Done(0, dict(self.held), set(self.owned))
        changed = done.changed_since(self.held, self.owned)
        held, owned = done.put_back(self.held, self.owned)
        report = self._run(lambda engine: engine.undo(done.run, skip_changed=skip))
        self.seen["undone" if not changed else "skipped" if skip else "undo refused"] += 1
        if changed and not skip:
            assert (report.exit_code, [key for key in sorted(changed)[:5] if key not in str(report.pbx[0].error)]) == (
                6,
                [],
            )
            self._check_nothing_changed()
            return
        assert report.exit_code == 0, report
        self.held = held
        assert self.pbx.held() == held
        self._learn(report, before)
        assert self.owned & self.held.keys() == owned

    def _bring_in_step(
        self, command: Callable[[Engine], Report], wanted: dict[str, str], options: Options = UNLIMITED
    ) -> None:
        self._learn_unsure()
        before = Done(0, dict(self.held), set(self.owned))
        report = self._run(command, options)
        assert report.exit_code == 0, report
        assert report.pbx[0].verified is True
        self.held = model.in_step(self.held, self.owned, wanted, keep=options.foreign == "keep")
        assert self.pbx.held() == self.held
        self._learn(report, before)
        assert self.owned == wanted.keys()

    def _learn(self, report: Report, before: Done) -> None:
        """Take over what astsync owns; a run that wrote can be put back."""
        self.owned, self.unsure, self.doubtful = self._owned(), set(), set()
        if report.run is not None and self.held != before.held:
            self.done = Done(report.run, before.held, before.owned, dict(self.held), set(self.owned))

    def _learn_unsure(self) -> None:
        self.owned = (self.owned - self.unsure) | (self.unsure & self._owned())
        self.unsure = set()

    def _check_nothing_changed(self) -> None:
        assert self.pbx.held() == self.held
        self._learn_unsure()
        assert self._owned() & self.held.keys() == self.owned & self.held.keys()
        with closing(Store(self.file, write=False)) as store:
            snapshot = store.snapshot_names()
        assert snapshot == self.snapshot

    def _owned(self) -> set[str]:
        with closing(Store(self.file, write=False)) as store:
            return store.owned(self.pbx.name, Options().family, self.pbx.held())

    def _store_says(self) -> tuple[object, ...]:
        with closing(Store(self.file, write=False)) as store:
            return store.runs(), store.snapshot(), store.owned(self.pbx.name, Options().family)

    def _run(
        self, command: Callable[[Engine], Report], options: Options = UNLIMITED, weakness: Weakness | None = None
    ) -> Report:
        with closing(FragileStore(self.file, weakness or Weakness())) as store:
            engine = Engine(
                source=self.source,
                builder=lambda: BookBuilder(NumberParser(), NameMaker(legal_form="keep")),
                pbxs=[self.pbx],
                store=store,
                options=options,
            )
            return command(engine)


def _run_of(engine: Engine, command: str, done: Done | None) -> Report:
    if command == "undo" and done is not None:
        return engine.undo(done.run, skip_changed=True)
    return engine.push() if command == "push" else engine.sync()


def machine(make_pbx: Callable[[], Pbx]) -> type[Tool]:
    """Give the machine over PBXs that a function makes."""
    return type("ToolMachine", (Tool,), {"make_pbx": staticmethod(make_pbx), "seen": Counter()})


def play(kind: type[Tool], examples: int, steps: int) -> None:
    quiet = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=not WHOLE,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(kind, settings=quiet)


def test_over_a_pbx_in_a_dict() -> None:
    play(machine(MemoryPbx), 500 if WHOLE else 40, 40 if WHOLE else 25)


@pytest.mark.parametrize("major", [22, 16])
def test_over_asterisk(request: pytest.FixtureRequest, major: int) -> None:
    asterisk = request.getfixturevalue(f"asterisk{major}")
    assert isinstance(asterisk, PrivateAsterisk)
    secret = SecretStr(asterisk.secret)
    config = PbxConfig(name="real", host=asterisk.host, port=asterisk.port, user=asterisk.user, secret=secret)
    count = itertools.count()
    play(machine(lambda: AmiPbx(config, f"machine{next(count)}")), 30 if WHOLE else 4, 20 if WHOLE else 12)
