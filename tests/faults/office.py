"""The office of the state machine: a list, a PBX, a store, what the world does to them, and a look at them all."""

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from astsync.engine import Engine, RunOptions
from astsync.errors import SourceError
from astsync.finding import Finding
from astsync.pbx import KeyPbx
from astsync.phonebook.book import BookBuilder
from astsync.phonebook.model import Counterparty, Phone, Progress, no_progress
from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.parser import NumberParser
from astsync.phonebook.ownership import owned_keys
from astsync.phonebook.plan import Limits
from astsync.stopping import NEVER, Stopping
from astsync.store import OnlineName, OnlineNames, Store
from tests.faults.fragile import FragilePbx, FragileStore, Weakness
from tests.faults.model import Done, free
from tests.memory_pbx import MemoryPbx

QUICK = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Where the store is: in memory if that can be had, as waiting for a disk shows nothing here."""

NUMBERS = [str(74955550100 + i) for i in range(12)]
THEIRS = [str(74956660100 + i) for i in range(4)]
"""Keys that the source never lists."""

CALLERS = [str(74957770100 + i) for i in range(3)]
"""Keys that it never lists either, and whose names 1C tells during calls."""
KEPT = timedelta(days=7)

T = TypeVar("T")
NO_LIMITS = Limits(max_delete=None, max_change=None, allow_empty=True)
UNLIMITED = RunOptions(limits=NO_LIMITS)
keys = st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=6, unique=True)
callers = st.lists(st.sampled_from([*CALLERS, *NUMBERS[:2]]), min_size=1, max_size=3, unique=True)


class Listed:
    """A source in a dict."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.breaks_after: int | None = None

    def describe(self) -> str:
        return "a list"

    def check(self, _stopping: Stopping = NEVER) -> Iterator[Finding]:
        yield Finding("list", good=True, words="there")

    def pull(self, progress: Progress = no_progress, stopping: Stopping = NEVER) -> Iterator[Counterparty]:
        for count, (number, name) in enumerate(self.names.items()):
            if count == self.breaks_after:
                break
            yield Counterparty(number, name, (Phone((f"+{number}",)),), "List")
        if self.breaks_after is not None:
            raise SourceError("the list broke off")


class Office(RuleBasedStateMachine):
    """What a tool works on; ``make_pbx`` decides on which PBX.

    ``held`` is what the PBX must hold, ``owned`` what is astsync's of it; ``unsure`` are keys that a broken run may or
    may not have made astsync's, or no longer so: there the store is believed. ``doubtful`` are such only once somebody
    writes them before the next good run. ``told`` are the names told online that count. ``branch`` is another PBX, for
    which the store is believed.
    """

    make_pbx: Callable[[], KeyPbx]

    @initialize()
    def begin(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="astsync-machine-", dir=QUICK)
        self.file = Path(self._folder.name) / "store.sqlite3"
        self.source = Listed()
        self.pbx = FragilePbx(type(self).make_pbx())
        self.branch = FragilePbx(MemoryPbx("branch"))
        self.told: dict[str, str] = {}
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
        """Nobody can tell this from a write of a broken run that arrived, so the store is believed."""
        entries = {number: self.source.names[number] for number in numbers if number in self.source.names}
        self._somebody(entries, [])
        self.unsure |= entries.keys() - self.owned

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
        self.told = {}

    @rule(numbers=callers)
    def a_name_is_told_online(self, numbers: list[str]) -> None:
        """1C tells it during a call; it is stored, and no PBX is written yet."""
        name = self._name("Caller")
        self._run(lambda engine: engine.keep_online(dict.fromkeys(numbers, name), KEPT.total_seconds()))
        self.told |= {number: name for number in numbers if number not in (self.snapshot or {})}

    @rule()
    def the_time_of_names_told_online_is_over(self) -> None:
        with closing(Store(self.file)) as store:
            kept = store.online(datetime.now(UTC)).names.values()
            store.save_online(OnlineName(n.number, n.name, n.at - 2 * KEPT, n.until - 2 * KEPT) for n in kept)
        self.told = {}

    @rule(number=st.sampled_from(CALLERS))
    def somebody_writes_on_another_pbx(self, number: str) -> None:
        self.branch.write({number: self._name("Theirs")})

    @rule(numbers=callers)
    def somebody_writes_what_was_told_online(self, numbers: list[str]) -> None:
        entries = {number: self.told[number] for number in numbers if number in self.told}
        self._somebody(entries, [])
        self.unsure |= entries.keys() - self.owned

    def _somebody(self, entries: dict[str, str], gone: list[str]) -> None:
        self.pbx.write(entries, gone)
        self.unsure |= self.doubtful & (entries.keys() | set(gone))
        self.held.update(entries)
        for number in gone:
            self.held.pop(number, None)

    def _name(self, word: str) -> str:
        return f"{word} {next(self.serial)}"

    # How things stand.

    @invariant()
    def names_told_online_are_kept(self) -> None:
        if hasattr(self, "told"):
            assert {number: one.name for number, one in self._stored_online().names.items()} == self.told

    def _stored_online(self) -> OnlineNames:
        with closing(Store(self.file, write=False)) as store:
            return store.online(datetime.now(UTC))

    def _unlisted(self) -> set[str]:
        """The keys that have, or had, a name told online."""
        stored = self._stored_online()
        return {*stored.names, *stored.expired}

    def _beside(self, listed: dict[str, str], *, keep: bool = True) -> dict[str, str]:
        """The names told online that the PBX is to hold beside a list; foreign keys are kept or not."""
        return free(self.told, listed, self.held, self.owned, keep=keep)

    def _drop_listed(self) -> None:
        self.told = {number: name for number, name in self.told.items() if number not in (self.snapshot or {})}

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

    def _owned(self, pbx: FragilePbx | None = None) -> set[str]:
        where = pbx or self.pbx
        with closing(Store(self.file, write=False)) as store:
            return {*owned_keys(store.owners(where.name, RunOptions().family), where.held())}

    def _store_says(self) -> tuple[object, ...]:
        with closing(Store(self.file, write=False)) as store:
            return store.runs(), store.snapshot(), store.owners(self.pbx.name, RunOptions().family)

    def _run(
        self,
        command: Callable[[Engine], T],
        options: RunOptions = UNLIMITED,
        weakness: Weakness | None = None,
        pbxs: Sequence[FragilePbx] = (),
    ) -> T:
        with closing(FragileStore(self.file, weakness or Weakness())) as store:
            engine = Engine(
                source=lambda: self.source,
                builder=lambda: BookBuilder(NumberParser(), NameMaker(legal_form="keep")),
                pbxs=pbxs or [self.pbx],
                store=store,
                options=options,
            )
            return command(engine)
