"""The whole tool as a state machine: whatever happens, one good run brings the PBX in step, nothing foreign is lost.

The model knows what the source lists, what the PBX must hold, and which keys astsync owns; every rule does something to
the tool and to the model, and then the PBX must hold what the model says.
"""

import itertools
import os
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Literal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test
from pydantic import SecretStr

from astsync.config import PbxConfig
from astsync.engine import Engine, RunOptions
from astsync.engine.result import Report
from astsync.errors import ConfigError, PbxError, SourceError
from astsync.pbx import Pbx
from astsync.pbx.astdb import AmiPbx
from astsync.sandbox.asterisk import PrivateAsterisk
from astsync.store import Store
from tests.faults import model
from tests.faults.fragile import Crash, Weakness
from tests.faults.model import Done
from tests.faults.office import NO_LIMITS, NUMBERS, UNLIMITED, Office, keys
from tests.memory_pbx import MemoryPbx

WHOLE = "ASTSYNC_FAULTS" in os.environ
some = st.frozensets(st.sampled_from(NUMBERS), min_size=1, max_size=3)
commands = st.sampled_from(["sync", "push", "undo"])


class Tool(Office):
    """astsync over one PBX; ``seen`` counts what happened."""

    seen: Counter[str]

    @rule(foreign=st.sampled_from(["keep", "keep", "keep", "delete"]))
    def sync(self, foreign: Literal["keep", "delete"]) -> None:
        self.snapshot = dict(self.source.names)
        self._bring_in_step(lambda engine: engine.sync(), self.snapshot, RunOptions(foreign=foreign, limits=NO_LIMITS))

    @rule()
    def sync_that_a_killed_pbx_forgets(self) -> None:
        """The PBX confirmed and held it all, and was killed before its disk had it: what is back is ours as before."""
        self._learn_unsure()
        held, owned = dict(self.held), set(self.owned)
        self.sync("keep")
        came_back = owned & held.keys() - self.held.keys()
        self._somebody(held, sorted(self.held.keys() - held.keys()))
        self.owned |= came_back
        self.unsure, self.done = set(held) - owned, None
        self.sync("keep")

    @precondition(lambda self: self.snapshot is not None)
    @rule(whole=st.booleans())
    def push(self, whole: bool) -> None:
        self._bring_in_step(
            lambda engine: engine.push(), self.snapshot or {}, RunOptions(whole=whole, limits=NO_LIMITS)
        )

    @precondition(lambda self: self.snapshot is not None)
    @rule()
    def restore(self) -> None:
        self._bring_in_step(lambda engine: engine.restore(), self.snapshot or {})

    @rule(whole=st.booleans(), lost=st.integers(0, 5), renamed=st.integers(0, 5), spoilt=st.integers(0, 5))
    def sync_within_the_limits(self, whole: bool, lost: int, renamed: int, spoilt: int) -> None:
        """A list, or a plan, that goes too far is refused; a plan's refusal does not make the list a bad one."""
        if whole:
            self.list_all()
            self.sync("keep")
            self._somebody(dict.fromkeys(NUMBERS[:spoilt], self._name("Spoilt")), [])
            self.list_them(NUMBERS[5 : 5 + renamed])
            self.list_them_no_more(NUMBERS[-lost:] if lost else [])
        listed = dict(self.source.names)
        self._learn_unsure()
        bad_list = model.refused_list(self.snapshot, listed)
        if not bad_list and not model.refused_plan(self.held, self.owned, listed):
            self.snapshot = listed
            self._bring_in_step(lambda engine: engine.sync(), listed, RunOptions())
            return
        self.seen["refused list" if bad_list else "refused plan"] += 1
        report = self._run(lambda engine: engine.sync(), RunOptions())
        assert report.exit_code == 6, report
        if listed and not bad_list:
            self.snapshot = listed
        self._check_nothing_changed()

    @rule()
    def a_dry_run(self) -> None:
        before = self._store_says()
        report = self._run(lambda engine: engine.sync(), RunOptions(dry_run=True, limits=NO_LIMITS))
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

    @rule(after=st.integers(0, 15), command=commands, spoil=st.booleans(), numbers=keys)
    def a_run_crashes(self, after: int, command: str, spoil: bool, numbers: list[str]) -> None:
        self._break(Weakness(crash_after=after), command, numbers, spoil=spoil)

    @rule(after=st.integers(0, 5), command=commands, spoil=st.booleans(), numbers=keys)
    def a_run_loses_its_pbx(self, after: int, command: str, spoil: bool, numbers: list[str]) -> None:
        self._break(Weakness(lose_after=after), command, numbers, spoil=spoil)

    @rule(refused=some, command=commands, numbers=keys)
    def a_run_has_keys_refused(self, refused: frozenset[str], command: str, numbers: list[str]) -> None:
        self._break(Weakness(refused=refused), command, numbers, spoil=True)

    @rule(forgotten=some, times=st.integers(1, 3), command=commands, numbers=keys)
    def a_run_is_forgotten(self, forgotten: frozenset[str], times: int, command: str, numbers: list[str]) -> None:
        self._break(Weakness(forgotten=forgotten, forgets=times), command, numbers, spoil=True)

    def _break(self, weak: Weakness, command: str, numbers: list[str], *, spoil: bool) -> None:
        """Run with a weakness, and with work enough that it strikes."""
        if spoil:
            self._somebody({number: self._name("Spoilt") for number in numbers[:3]}, numbers[3:])
        if command == "sync":
            self.snapshot = self._list_anew(numbers)
        if (command == "push" and self.snapshot is None) or (command == "undo" and self.done is None):
            return
        before, done = Done(0, dict(self.held), self._owned()), self.done
        self.pbx.weakness = weak
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
            last = max((record.run for record in store.runs(1)), default=0)  # none where the first run died at once
            saved = store.snapshot()
        if listed is not None and saved is not None and {n: e.name for n, e in saved.entries.items()} != listed:
            self.snapshot = {number: entry.name for number, entry in saved.entries.items()}
        elif saved is None:
            self.snapshot = None
        changed = {key for key in before.held.keys() | self.held.keys() if before.held.get(key) != self.held.get(key)}
        self._check_broken(before, changed, last, listed, forgetful=forgetful)
        self.owned = (before.owned - changed) | {key for key in changed if listed is not None and key in listed}
        equal = {key for key, name in (listed or {}).items() if before.held.get(key) == name}
        self.unsure = equal - before.owned if listed is not None else before.owned | changed
        self.doubtful = (before.owned - (listed or {}).keys()) | (changed - before.owned)
        self.done = self._done_as_recorded(last, before) if changed else None

    def _done_as_recorded(self, run: int, before: Done) -> Done:
        """Take a broken run as one that did all that it has on record: what it did not do is as if put back already."""
        with closing(Store(self.file, write=False)) as store:
            meant = {entry.number: entry.new for entry in store.record(run, self.pbx.name, RunOptions().family)}
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
            record = {entry.number: entry.old for entry in store.record(run, self.pbx.name, RunOptions().family)}
        assert {key: record.get(key, "not recorded") for key in changed} == {
            key: before.held.get(key) for key in changed
        }

    @precondition(lambda self: self.done is not None)
    @rule(skip=st.booleans(), spoilt=st.integers(0, 2))
    def undo(self, skip: bool, spoilt: int) -> None:
        done = self.done
        assert done is not None
        self._somebody({number: self._name("Since") for number in sorted(done.keys)[:spoilt]}, [])
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
        self, command: Callable[[Engine], Report], wanted: dict[str, str], options: RunOptions = UNLIMITED
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


def _run_of(engine: Engine, command: str, done: Done | None) -> Report:
    if command == "undo" and done is not None:
        return engine.undo(done.run, skip_changed=True)
    return engine.push() if command == "push" else engine.sync()


def machine(make_pbx: Callable[[], Pbx]) -> type[Tool]:
    """Give the machine over PBXs that a function makes."""
    return type("ToolMachine", (Tool,), {"make_pbx": staticmethod(make_pbx), "seen": Counter()})


HAPPENED = {"crash", "lost", "refused", "forgotten", "undone"}
RARELY = {"undo refused", "skipped", "refused list", "refused plan"}
"""What a game must have met to have shown anything; the rare ones a long game."""


def play(kind: type[Tool], examples: int, steps: int) -> None:
    quiet = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=not WHOLE,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(kind, settings=quiet)
    if WHOLE:
        sys.stdout.write(f"\nstate machine, what happened how often: {dict(kind.seen.most_common())}\n")


def test_over_a_pbx_in_a_dict() -> None:
    kind = machine(MemoryPbx)
    play(kind, 500 if WHOLE else 80, 40 if WHOLE else 25)
    assert kind.seen.keys() >= (HAPPENED | RARELY if WHOLE else HAPPENED), kind.seen


@pytest.mark.parametrize("major", [22, 16])
def test_over_asterisk(request: pytest.FixtureRequest, major: int) -> None:
    asterisk = request.getfixturevalue(f"asterisk{major}")
    assert isinstance(asterisk, PrivateAsterisk)
    secret = SecretStr(asterisk.secret)
    config = PbxConfig(name="real", host=asterisk.host, port=asterisk.port, user=asterisk.user, secret=secret)
    count = itertools.count()
    play(machine(lambda: AmiPbx(config, f"machine{next(count)}")), 30 if WHOLE else 4, 20 if WHOLE else 12)
