"""The whole tool as a state machine: whatever happens, one good run brings the PBX in step, nothing foreign is lost.

The model knows what the source lists, what the PBX must hold, and which keys astsync owns; every rule does something to
the tool and to the model, and then the PBX must hold what the model says.
"""

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from pydantic import SecretStr

from astsync.config import PbxConfig
from astsync.demo.asterisk import PrivateAsterisk
from astsync.engine import Engine, Options
from astsync.errors import PbxError
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
from tests.faults.fragile import Crash, FragilePbx, Weakness

WHOLE = "ASTSYNC_FAULTS" in os.environ
NUMBERS = [str(74955550100 + i) for i in range(12)]
THEIRS = [str(74956660100 + i) for i in range(4)]
"""Keys that the source never lists."""

NO_LIMITS = Limits(max_delete=None, max_change=None, allow_empty=True)
keys = st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=6, unique=True)


class Listed:
    """A source in a dict."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def describe(self) -> str:
        return "a list"

    def check(self) -> Iterator[Finding]:
        yield Finding("list", good=True, words="there")

    def pull(self, progress: Progress = no_progress) -> Iterator[Counterparty]:
        for number, name in self.names.items():
            yield Counterparty(number, name, (Phone((f"+{number}",)),), "List")


@dataclass
class Done:
    """A run that can be put back: its number, and what the PBX held and astsync owned before it."""

    run: int
    held: dict[str, str]
    owned: set[str]
    touched: set[str] = field(default_factory=set)


class Tool(RuleBasedStateMachine):
    """astsync over one PBX; ``make_pbx`` decides which."""

    make_pbx: Callable[[], Pbx]

    @initialize()
    def begin(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="astsync-machine-")
        self.file = Path(self._folder.name) / "store.sqlite3"
        self.source = Listed()
        self.pbx = FragilePbx(type(self).make_pbx())
        self.serial = itertools.count()
        self.held = self.pbx.held()
        self.owned: set[str] = set()
        self.snapshot: dict[str, str] | None = None
        self.done: Done | None = None
        self.broken = False

    def teardown(self) -> None:
        if hasattr(self, "_folder"):
            self._folder.cleanup()

    # What the world does.

    @rule(numbers=keys)
    def list_them(self, numbers: list[str]) -> None:
        for number in numbers:
            self.source.names[number] = self._name("Firma")

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
    def somebody_deletes_keys(self, numbers: list[str]) -> None:
        self._somebody({}, numbers)

    @rule()
    def the_pbx_forgets_everything(self) -> None:
        self._somebody({}, list(self.held))

    @rule()
    def the_store_is_lost(self) -> None:
        for file in self.file.parent.glob(f"{self.file.name}*"):
            file.unlink()
        self.owned, self.snapshot, self.done, self.broken = set(), None, None, False
        self.held = self.pbx.held()

    def _somebody(self, entries: dict[str, str], gone: list[str]) -> None:
        self.pbx.write(entries, gone)
        self.held.update(entries)
        for number in gone:
            self.held.pop(number, None)
        if self.done is not None:
            self.done.touched |= entries.keys() | set(gone)

    def _name(self, word: str) -> str:
        return f"{word} {next(self.serial)}"

    # What astsync does.

    @rule()
    def sync(self) -> None:
        self.snapshot = dict(self.source.names)
        self._bring_in_step(lambda engine: engine.sync(), self.snapshot)

    @precondition(lambda self: self.snapshot is not None)
    @rule()
    def push(self) -> None:
        self._bring_in_step(lambda engine: engine.push(), self.snapshot or {})

    @precondition(lambda self: self.snapshot is not None)
    @rule()
    def restore(self) -> None:
        self._bring_in_step(lambda engine: engine.restore(), self.snapshot or {})

    @rule(after=st.integers(0, 8), crash=st.booleans(), refused=st.frozensets(st.sampled_from(NUMBERS), max_size=2))
    def sync_that_breaks(self, after: int, crash: bool, refused: frozenset[str]) -> None:
        """Crash, lose the PBX or have keys refused; then only a good run tells what holds."""
        self.snapshot = dict(self.source.names)
        weakness = Weakness(crash_after=after) if crash else Weakness(lose_after=after, refused=refused)
        self.pbx.weakness = weakness
        before = dict(self.held)
        with suppress(Crash, PbxError):
            self._run(lambda engine: engine.sync())
        self.pbx.weakness = Weakness()
        self.broken = weakness.struck
        self._check_foreign(before)
        self._check_record(before)
        self.held, self.owned, self.done = self.pbx.held(), self._owned(), None
        self.sync()

    def _check_foreign(self, before: dict[str, str]) -> None:
        """Nothing that is neither owned nor listed has changed, however the run ended."""
        now = self.pbx.held()
        foreign = before.keys() - self.owned - self.source.names.keys()
        assert {number: now.get(number) for number in foreign} == {number: before[number] for number in foreign}

    def _check_record(self, before: dict[str, str]) -> None:
        """What the broken run overwrote or deleted is in the store."""
        now = self.pbx.held()
        gone = {number: name for number, name in before.items() if now.get(number) != name}
        with closing(Store(self.file, write=False)) as store:
            run = max(record.run for record in store.runs())
            recorded = store.overwritten(run, self.pbx.name, Options().family)
        assert {number: recorded.get(number) for number in gone} == gone

    @precondition(lambda self: self.done is not None and not self.broken)
    @rule(skip=st.booleans())
    def undo(self, skip: bool) -> None:
        done = self.done
        assert done is not None
        changed = {n for n in self.held.keys() | done.held.keys() if self.held.get(n) != done.held.get(n)}
        before = Done(0, dict(self.held), set(self.owned))
        report = self._run(lambda engine: engine.undo(done.run, skip_changed=skip))
        if done.touched & changed and not skip:
            assert report.exit_code in {0, 6}
        if report.exit_code == 6:
            assert done.touched
            assert self.pbx.held() == before.held
            return
        assert report.exit_code == 0, report
        now = self.pbx.held()
        for number in (now.keys() | done.held.keys() | before.held.keys()) - done.touched:
            assert now.get(number) == done.held.get(number), number
        for number in done.touched:
            assert now.get(number) in {before.held.get(number), done.held.get(number)}, number
        self._learn(report, before)

    def _bring_in_step(self, command: Callable[[Engine], Report], wanted: dict[str, str]) -> None:
        before = Done(0, dict(self.held), set(self.owned))
        report = self._run(command)
        assert report.exit_code == 0, report
        kept = {number: name for number, name in self.held.items() if number not in self.owned or number in wanted}
        self.held = {**kept, **wanted}
        assert self.pbx.held() == self.held
        self.broken = False
        self._learn(report, before)
        assert self.owned == wanted.keys()

    def _learn(self, report: Report, before: Done) -> None:
        """Take over what the PBX holds and what astsync owns; a run that wrote can be put back."""
        self.held, self.owned = self.pbx.held(), self._owned()
        applied = report.pbx[0].applied if report.pbx else None
        if report.run is not None and self.held != before.held and applied is not None:
            self.done = Done(report.run, before.held, before.owned)

    def _owned(self) -> set[str]:
        with closing(Store(self.file, write=False)) as store:
            return store.owned(self.pbx.name, Options().family)

    def _run(self, command: Callable[[Engine], Report]) -> Report:
        with closing(Store(self.file)) as store:
            engine = Engine(
                source=self.source,
                builder=lambda: BookBuilder(NumberParser(), NameMaker(legal_form="keep")),
                pbxs=[self.pbx],
                store=store,
                options=Options(limits=NO_LIMITS),
            )
            return command(engine)


def machine(make_pbx: Callable[[], Pbx]) -> type[Tool]:
    """Give the machine over PBXs that a function makes."""
    return type("ToolMachine", (Tool,), {"make_pbx": staticmethod(make_pbx)})


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
