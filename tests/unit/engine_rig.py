"""A source in a list, PBXs in dicts that fail where they are told to, a store, and runs over them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from astsync.engine import Engine, RunOptions
from astsync.errors import AstsyncError, PbxConnectionLost, PbxRightsError, PbxUnreachable
from astsync.finding import Finding
from astsync.pbx import Pbx, WriteResult
from astsync.phonebook.book import BookBuilder
from astsync.phonebook.model import Counterparty, Phone, Progress, no_progress
from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.parser import NumberParser
from astsync.phonebook.ownership import CERTAINLY_OURS, owned_keys
from astsync.stopping import NEVER, Stopping
from astsync.store import Store
from tests.memory_pbx import MemoryFamily, MemoryPbx

FAMILY = "cidname"


class ListSource:
    """A source in a list, that can break in the middle."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names
        self.error: AstsyncError | None = None
        self.pulls = 0

    def describe(self) -> str:
        return "a list"

    def check(self, _stopping: Stopping = NEVER) -> Iterator[Finding]:
        yield Finding("list", good=True, words=f"{len(self.names)} names")

    def pull(self, progress: Progress = no_progress, stopping: Stopping = NEVER) -> Iterator[Counterparty]:
        self.pulls += 1
        for number, name in self.names.items():
            yield Counterparty(number, name, (Phone((f"+{number}",)),), "List")
        if self.error is not None:
            raise self.error


class Spy(MemoryPbx):
    """A PBX in a dict that counts writes and fails where it is told to."""

    def __init__(self, name: str, entries: dict[str, str] | None = None) -> None:
        super().__init__(name, entries)
        self.put: list[str] = []
        self.deleted: list[str] = []
        self.fail_put: set[str] = set()
        self.lose_after = -1
        self.lose_deletes = False
        self.unreachable = False
        self.read_only = False
        self.opened = 0

    @contextmanager
    def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
        if self.unreachable:
            raise PbxUnreachable(f"{self.name}: no connection")
        self.opened += 1
        yield SpyFamily(self)


class SpyFamily(MemoryFamily):
    def __init__(self, pbx: Spy) -> None:
        super().__init__(pbx.entries)
        self.pbx = pbx

    def put(self, entries: Iterable[tuple[str, str]], progress: Progress = no_progress) -> WriteResult:
        wanted = list(entries)
        self.pbx.put += [number for number, _ in wanted]
        self._refuse()
        if self.pbx.lose_after >= 0:
            super().put(wanted[: self.pbx.lose_after])
            lost = PbxConnectionLost(f"{self.pbx.name}: lost")
            lost.done = self.pbx.lose_after
            raise lost
        result = super().put([pair for pair in wanted if pair[0] not in self.pbx.fail_put], progress)
        return WriteResult(result.done, {**result.failed, **dict.fromkeys(self.pbx.fail_put, "refused by the PBX")})

    def delete(self, numbers: Iterable[str], progress: Progress = no_progress) -> WriteResult:
        wanted = list(numbers)
        self.pbx.deleted += wanted
        if wanted:
            self._refuse()
        if self.pbx.lose_deletes:
            raise PbxConnectionLost(f"{self.pbx.name}: lost")
        return super().delete(wanted, progress)

    def _refuse(self) -> None:
        if self.pbx.read_only:
            raise PbxRightsError(f"{self.pbx.name}: may not write")


def phone(i: int) -> str:
    return str(74952290000 + i)


def names(count: int, name: str = "Firma") -> dict[str, str]:
    return {phone(i): f"{name} {i}" for i in range(count)}


class EngineRig:
    """A source, PBXs and a store, and runs over them."""

    def __init__(self, store: Store) -> None:
        self.source = ListSource(names(20))
        self.pbx = Spy("office")
        self.pbxs: list[Pbx] = [self.pbx]
        self.store = store
        self.options = RunOptions()
        self.stopping = Stopping()

    def engine(self, **options: object) -> Engine:
        return Engine(
            source=lambda: self.source,
            builder=lambda: BookBuilder(NumberParser(), NameMaker()),
            pbxs=self.pbxs,
            store=self.store,
            options=replace(self.options, **options),  # type: ignore[arg-type]
            stopping=self.stopping,
        )

    @property
    def written(self) -> list[str]:
        return self.pbx.put + self.pbx.deleted

    def owned(self) -> set[str]:
        return {*owned_keys(self.store.owners("office", FAMILY), self.pbx.entries)}

    def own(self, numbers: Iterable[str], pbx: str = "office") -> None:
        """Make keys astsync's, as an earlier run left them."""
        self.store.save_record_and_owners(0, pbx, FAMILY, (), dict.fromkeys(numbers, CERTAINLY_OURS))

    def overwritten(self, run: int | None) -> dict[str, str]:
        """The old values that a run overwrote or deleted on the PBX."""
        record = self.store.record(run or 0, "office", FAMILY)
        return {before.number: before.old for before in record if before.old is not None and before.old != before.new}
