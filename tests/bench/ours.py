"""astsync itself over a private Asterisk: the family alone, and ``push`` as the engine does it, phase by phase."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from astsync.config import PbxConfig
from astsync.engine import Engine, RunOptions
from astsync.finding import Finding
from astsync.pbx import WriteResult
from astsync.pbx.astdb import AmiPbx, AstDb
from astsync.phonebook.book import BookBuilder
from astsync.phonebook.model import Counterparty, Entry, Progress, no_progress
from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.parser import NumberParser
from astsync.phonebook.ownership import CERTAINLY_OURS
from astsync.sandbox.asterisk import PrivateAsterisk
from astsync.stopping import NEVER, Stopping
from astsync.store import Snapshot, Store
from tests.bench.entries import make_entries
from tests.bench.peers import NotMeasured
from tests.bench.raw import FAMILY
from tests.secured_asterisk import secured_config

Phases = tuple[float, float, float, float, float]
"""Seconds: reading, writing, reading again, all the rest, the whole."""


class Ours:
    """The ways of astsync; each gives seconds. ``phases`` keeps those of every push by the number of entries."""

    def __init__(self, pbx: PrivateAsterisk, folder: Path) -> None:
        self._folder = folder
        self._pbxs = {name: AmiPbx(_config(pbx, name), FAMILY) for name in (pbx.user, "command")}
        self._pbx = self._pbxs[pbx.user]
        self._secured = AmiPbx(secured_config(pbx, folder, timeout=120), FAMILY)
        self.phases: dict[int, list[Phases]] = {}

    def put(self, count: int) -> float:
        """Put so many entries."""
        return self._put(self._pbx, count)

    def _put(self, pbx: AmiPbx, count: int) -> float:
        entries = make_entries(count)
        with pbx.open() as family:
            start = time.perf_counter()
            result = family.put(entries)
            seconds = time.perf_counter() - start
        if result.done != count:
            raise NotMeasured(f"{result.done:,} of {count:,} puts were answered with success")
        return seconds

    def read(self, count: int) -> float:
        """Read the family, of so many entries."""
        return self._read(self._pbx, AstDb.read, count)

    def read_secured(self, count: int) -> float:
        """Read it over TLS."""
        return self._read(self._secured, AstDb.read, count)

    def put_secured(self, count: int) -> float:
        """Put so many entries over TLS."""
        return self._put(self._secured, count)

    def read_shown(self, count: int) -> float:
        """Read it as from an Asterisk without DBGetTree."""
        return self._read(self._pbxs["command"], AstDb._read_shown, count)

    def _read(self, pbx: AmiPbx, how: Callable[[AstDb, Progress], Mapping[str, str]], count: int) -> float:
        with pbx.open() as family:
            start = time.perf_counter()
            found = how(family, no_progress)
            seconds = time.perf_counter() - start
        if len(found) != count:
            raise NotMeasured(f"{len(found):,} of {count:,} entries were read")
        return seconds

    def push(self, count: int) -> float:
        """Push a snapshot of so many entries as after a wipe; give the seconds of the write phase."""
        watched = _Watched(self._pbx)
        whole = _push([watched], self._folder / f"{count}.sqlite3", count)
        read, write, again = (end - start for start, end in watched.moments)
        self.phases.setdefault(count, []).append((read, write, again, whole - read - write - again, whole))
        return write


def push_everywhere(pbxs: Sequence[PrivateAsterisk], folder: Path, count: int) -> float:
    """Push a snapshot of so many entries to several PBXs at once; give the seconds from the first put to the last."""
    watched = [_Watched(AmiPbx(_config(pbx, pbx.user, f"office{i}"), FAMILY)) for i, pbx in enumerate(pbxs)]
    _push(watched, folder / "everywhere.sqlite3", count)
    writes = [one.moments[1] for one in watched]
    return max(end for _, end in writes) - min(start for start, _ in writes)


def _push(pbxs: "Sequence[_Watched]", path: Path, count: int) -> float:
    """Push over a new store; give the seconds. Raises NotMeasured.

    A store that remembers an earlier push would take what the bench wiped for lost by the PBX.
    """
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    with closing(Store(path)) as store:
        _remember(store, [pbx.name for pbx in pbxs], count)
        engine = Engine(source=_NoSource, builder=_no_builder, pbxs=pbxs, store=store, options=RunOptions())
        start = time.perf_counter()
        report = engine.push()
        whole = time.perf_counter() - start
    if report.exit_code or not all(part.verified for part in report.pbx):
        raise NotMeasured(f"push was not verified: {[str(part.error) for part in report.pbx]}")
    return whole


def _remember(store: Store, names: Iterable[str], count: int) -> None:
    """Leave the store as an earlier sync did."""
    entries = {number: Entry(number, name, f"Контрагенты/{number}") for number, name in make_entries(count)}
    store.save_snapshot(Snapshot(entries, datetime.now(UTC), "1C", count, 0, 0))
    for name in names:
        store.save_record_and_owners(0, name, FAMILY, (), dict.fromkeys(entries, CERTAINLY_OURS))


class _Watched:
    """A PBX whose family notes when each of its calls began and ended."""

    def __init__(self, pbx: AmiPbx) -> None:
        self.name = pbx.name
        self.moments: list[tuple[float, float]] = []
        self._pbx = pbx
        self._family: AstDb | None = None

    def ask(self, *, write: bool, stopping: Stopping = NEVER) -> None:
        self._pbx.ask(write=write, stopping=stopping)

    @contextmanager
    def open(self, stopping: Stopping = NEVER) -> Iterator["_Watched"]:
        with self._pbx.open(stopping) as self._family:
            yield self

    def _open(self) -> AstDb:
        if self._family is None:
            raise RuntimeError("not open")
        return self._family

    @contextmanager
    def _noted(self) -> Iterator[AstDb]:
        family = self._open()
        start = time.perf_counter()
        yield family
        self.moments.append((start, time.perf_counter()))

    def read(self, progress: Progress = no_progress) -> Mapping[str, str]:
        with self._noted() as family:
            return family.read(progress)

    def started(self) -> str:
        return self._open().started()

    def unnameable(self, numbers: Iterable[str]) -> set[str]:
        return self._open().unnameable(numbers)

    def put(self, entries: Iterable[tuple[str, str]], progress: Progress = no_progress) -> WriteResult:
        with self._noted() as family:
            return family.put(entries, progress)

    def delete(self, numbers: Iterable[str], progress: Progress = no_progress) -> WriteResult:
        return self._open().delete(numbers, progress)


class _NoSource:
    """No source: a push needs none."""

    def describe(self) -> str:
        return "none"

    def pull(self, progress: Progress = no_progress, stopping: Stopping = NEVER) -> Iterator[Counterparty]:
        raise RuntimeError("a push asks no source")

    def check(self, _stopping: Stopping = NEVER) -> Iterator[Finding]:
        raise RuntimeError("a push asks no source")


def _no_builder() -> BookBuilder:
    return BookBuilder(NumberParser(country="RU"), NameMaker())


def _config(pbx: PrivateAsterisk, user: str, name: str = "") -> PbxConfig:
    secret = pbx.secret_of(user)
    return PbxConfig.model_validate(
        {"name": name or user, "host": pbx.host, "port": pbx.port, "user": user, "secret": secret, "timeout": 120}
    )
