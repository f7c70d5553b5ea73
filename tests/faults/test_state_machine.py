"""The whole tool as a state machine: whatever happens, one good run brings the PBX in step, nothing foreign is lost.

The model knows what the source lists, what the PBX must hold, and which keys astsync owns; every rule does something to
the tool and to the model, and then the PBX must hold what the model says.
"""

import itertools
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
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
from astsync.pbx import KeyPbx
from astsync.pbx.astdb import AmiPbx
from astsync.sandbox.asterisk import PrivateAsterisk
from astsync.store import Store
from tests.faults import model
from tests.faults.fragile import Crash, FragilePbx, Weakness
from tests.faults.model import Done
from tests.faults.office import CALLERS, NO_LIMITS, NUMBERS, UNLIMITED, Office, callers, keys
from tests.memory_pbx import MemoryPbx

WHOLE = "ASTSYNC_FAULTS" in os.environ
some = st.frozensets(st.sampled_from(NUMBERS), min_size=1, max_size=3)
commands = st.sampled_from(["sync", "push", "undo", "online"])


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

    @rule(numbers=callers, away=st.booleans())
    def a_name_is_told_online_and_written(self, numbers: list[str], away: bool) -> None:
        """It comes to every PBX at once, over no key of somebody else; one that is away gets it by its next sync."""
        self.doubtful |= self.unsure  # it decides of no other key
        self._learn_unsure()
        self.a_name_is_told_online(numbers)
        told = {number: self.told[number] for number in numbers if number in self.told}
        before, free = Done(0, dict(self.held), set(self.owned)), model.free(told, {}, self.held, self.owned)
        there = self.branch.held()
        branch = {**there, **({} if away else model.free(told, {}, there, self._owned(self.branch)))}
        self.branch.away = away
        report = self._run(lambda engine: engine.write_online(numbers, [self.pbx, self.branch]))
        self.branch.away = False
        if report is None:
            assert not told
            self._check_nothing_changed()
            return
        office, far = report.pbx
        assert (office.error, isinstance(far.error, PbxError)) == (None, away), report
        self.held |= free
        assert (self.pbx.held(), self.branch.held()) == (self.held, branch)
        self.owned |= free.keys()
        self.doubtful -= told.keys()
        assert self._owned() & self.held.keys() == self.owned & self.held.keys()
        if self.held != before.held:
            self.done = Done(report.run or 0, before.held, before.owned, dict(self.held), set(self.owned))
        self.seen["told, and one away" if away else "told"] += 1
        if told.keys() != free.keys():
            self.seen["told, and foreign"] += 1

    @rule()
    def sync_everywhere(self) -> None:
        """What a PBX that was away has missed comes with its next sync."""
        there, ours = self.branch.held(), self._owned(self.branch)
        self.snapshot = snapshot = dict(self.source.names)
        branch = model.in_step(there, ours, {**snapshot, **model.free(self.told, snapshot, there, ours)})
        self._bring_in_step(lambda engine: engine.sync(), snapshot, pbxs=[self.pbx, self.branch])
        assert self.branch.held() == branch

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
        if not bad_list and not self._refused_plan(listed):
            self.snapshot = listed
            self._bring_in_step(lambda engine: engine.sync(), listed, RunOptions())
            return
        self.seen["refused list" if bad_list else "refused plan"] += 1
        report = self._run(lambda engine: engine.sync(), RunOptions())
        assert report.exit_code == 6, report
        if listed and not bad_list:
            self.snapshot = listed
            self._drop_listed()
        self._check_nothing_changed()

    def _refused_plan(self, listed: dict[str, str]) -> bool:
        return model.refused_plan(self.held, self.owned, listed, self._unlisted())

    @rule()
    def a_dry_run(self) -> None:
        before = self._store_says()
        report = self._run(lambda engine: engine.sync(), RunOptions(dry_run=True, limits=NO_LIMITS))
        assert report.exit_code == 0
        self._learn_unsure()
        names = self.source.names
        wanted = model.in_step(self.held, self.owned, {**names, **self._beside(names)})
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
        if command == "online":
            self.a_name_is_told_online(self._of_call(numbers))
        if (command == "push" and self.snapshot is None) or (command == "undo" and self.done is None):
            return
        before, done = Done(0, dict(self.held), self._owned()), self.done
        self.pbx.weakness = weak
        wanted = self._wanted_by(command, numbers, before)
        with suppress(Crash, PbxError, ConfigError):
            self._run(lambda engine: self._run_of(engine, command, done, numbers), weakness=weak)
        self.pbx.weakness = Weakness()
        self._learn_from_broken(before, wanted, forgetful=bool(weak.forgotten), narrow=command == "online")
        self._learn_told(done if command == "undo" else None)
        for how in weak.struck or {"nothing"}:
            self.seen[how] += 1

    def _run_of(self, engine: Engine, command: str, done: Done | None, numbers: list[str]) -> None:
        if command == "undo" and done is not None:
            engine.undo(done.run, skip_changed=True)
        elif command == "online":
            engine.write_online(self._of_call(numbers), [self.pbx])
        elif command == "push":
            engine.push()
        else:
            engine.sync()

    def _wanted_by(self, command: str, numbers: list[str], before: Done) -> dict[str, str] | None:
        """What a command wants the PBX to hold; None of an undo."""
        listed = dict(self.snapshot or {}) if command != "online" else {}
        told = self.told if command != "online" else {n: self.told[n] for n in self._of_call(numbers) if n in self.told}
        return None if command == "undo" else {**listed, **model.free(told, listed, before.held, before.owned)}

    def _of_call(self, numbers: list[str]) -> list[str]:
        return [*numbers[:2], CALLERS[0]]

    def _learn_told(self, undone: Done | None) -> None:
        """A broken run may have saved its list, or forgotten what it puts back; all other names are kept."""
        kept = {number: one.name for number, one in self._stored_online().names.items()}
        back = {(key, undone.after.get(key)) for key in undone.keys} if undone is not None else set()
        gone = self.told.items() - kept.items()
        assert not {number for number, name in gone if (number, name) not in back} - (self.snapshot or {}).keys()
        assert not kept.items() - self.told.items()
        self.told = kept

    def _list_anew(self, numbers: list[str]) -> dict[str, str]:
        for number in numbers:
            self.source.names[number] = self._name("Firma")
        for number in sorted(self.source.names.keys() - set(numbers))[:3]:
            del self.source.names[number]
        return dict(self.source.names)

    def _learn_from_broken(self, before: Done, wanted: dict[str, str] | None, *, forgetful: bool, narrow: bool) -> None:
        """A key that the run gave another value is ours, or was put back; the others belong to whom they did."""
        self.held = self.pbx.held()
        listed = self.snapshot if wanted is not None else None
        with closing(Store(self.file, write=False)) as store:
            last = max((record.run for record in store.runs(1)), default=0)  # none where the first run died at once
            saved = store.snapshot()
        if listed is not None and saved is not None and {n: e.name for n, e in saved.entries.items()} != listed:
            self.snapshot = {number: entry.name for number, entry in saved.entries.items()}
        elif saved is None:
            self.snapshot = None
        changed = {key for key in before.held.keys() | self.held.keys() if before.held.get(key) != self.held.get(key)}
        self._check_broken(before, changed, last, wanted, forgetful=forgetful)
        self.owned = (before.owned - changed) | {key for key in changed if wanted is not None and key in wanted}
        equal = {key for key, name in (wanted or {}).items() if before.held.get(key) == name}
        in_doubt = self.doubtful | self.unsure  # a narrow run decides of no other key
        self.unsure = equal - before.owned if wanted is not None else before.owned | changed
        doubtful = in_doubt if narrow else before.owned - (wanted or {}).keys()
        self.doubtful = doubtful | (changed - before.owned)
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
        back = {(key, done.after.get(key)) for key in done.keys}
        self.told = {number: name for number, name in self.told.items() if (number, name) not in back}
        self._learn(report, before)
        assert self.owned & self.held.keys() == owned

    def _bring_in_step(
        self,
        command: Callable[[Engine], Report],
        listed: dict[str, str],
        options: RunOptions = UNLIMITED,
        pbxs: Sequence[FragilePbx] = (),
    ) -> None:
        self._learn_unsure()
        keep = options.foreign == "keep"
        wanted = {**listed, **self._beside(listed, keep=keep)}
        before = Done(0, dict(self.held), set(self.owned))
        report = self._run(command, options, pbxs=pbxs)
        self._drop_listed()
        assert report.exit_code == 0, report
        assert report.pbx[0].verified is True
        self.held = model.in_step(self.held, self.owned, wanted, keep=keep)
        assert self.pbx.held() == self.held
        self._learn(report, before)
        assert self.owned == wanted.keys()

    def _learn(self, report: Report, before: Done) -> None:
        """Take over what astsync owns; a run that wrote can be put back."""
        self.owned, self.unsure, self.doubtful = self._owned(), set(), set()
        if report.run is not None and self.held != before.held:
            self.done = Done(report.run, before.held, before.owned, dict(self.held), set(self.owned))


def machine(make_pbx: Callable[[], KeyPbx]) -> type[Tool]:
    """Give the machine over PBXs that a function makes."""
    return type("ToolMachine", (Tool,), {"make_pbx": staticmethod(make_pbx), "seen": Counter()})


HAPPENED = {"crash", "lost", "forgotten", "undone", "told", "told, and one away"}
RARELY = {"refused", "told, and foreign", "undo refused", "skipped", "refused list", "refused plan"}
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
