"""From a configuration to what ``watch`` starts: runs that take the store's lock for as long as they write."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from astsync.cli.common import Common
from astsync.cli.wiring import chosen, name_maker, number_parser, store_path
from astsync.config import Config, PbxConfig, configfile
from astsync.engine import Engine, Options
from astsync.engine.result import Report
from astsync.errors import ConfigError, LockedError
from astsync.pbx import Pbx
from astsync.phonebook.book import BookBuilder
from astsync.phonebook.model import Decide, Progress
from astsync.phonebook.plan import Limits
from astsync.sources import CONFIG, Source, kind_of, open_source
from astsync.store import Store, locked
from astsync.watch.watcher import Job

SILENCE = 300  # seconds on top of an answer's deadline and its tries, after which a loop counts as stuck
_TRIES = 4  # of one request, each with the whole time-out


@contextmanager
def guarded(common: Common) -> Iterator[Path]:
    """Keep a second ``watch`` out of the store, and give its path; runs of other commands take turns.

    Raises ConfigError, LockedError.
    """
    file = configfile.find(common.config, os.environ)
    path = store_path(configfile.load(file, CONFIG), file, os.environ)
    try:
        with locked(path.with_name(f"{path.name}.watch")):
            yield path
    except LockedError as error:
        raise LockedError(
            str(error).replace("another run of astsync", "another astsync watch"), hint="One is enough: end the other."
        ) from None


def make_job(common: Common, every: float, store: Path) -> Job:
    """Read the configuration and give what is to be watched, with the store that is guarded. Raises ConfigError."""
    file = configfile.find(common.config, os.environ)
    config = configfile.load(file, CONFIG)
    pbxs = chosen(config, common.pbx)
    _check(config, pbxs, every)
    path = store_path(config, file, os.environ)
    if path != store:
        raise ConfigError(f"the store is {path} now, and was {store}", hint="End astsync watch and start it again.")
    longest = max([config.source.timeout, *(pbx.timeout for pbx in pbxs)])
    runs = EngineRuns(config, open_source(config.source), store)
    return Job(pbxs, config.sync.family, runs, every, SILENCE + _TRIES * longest)


def _check(config: Config, pbxs: Sequence[PbxConfig], every: float) -> None:
    """Find now what would fail again and again later. Raises ConfigError."""
    for pbx in pbxs:
        pbx.password()
    if every:
        config.source.secret()
    if every and not kind_of(config.source).repeatable(config.source):
        raise ConfigError(
            "standard input can be read only once, and watch syncs again and again",
            hint="Name a file in source.file.path, or give --every 0.",
        )


class _Pulled(Engine):
    """An engine whose pull was made before, while the store was not locked."""

    outcome: Callable[[], Decide]

    def read(self) -> Decide:
        """Give the outcome of the pull."""
        return self.outcome()


class EngineRuns:
    """The runs of one configuration over a source, with the store at ``path``; ``watch.runs.Runs``."""

    def __init__(self, config: Config, source: Source, path: Path) -> None:
        self._config = config
        self._source = source
        self._path = path
        self._numbers, self._names = number_parser(config.numbers), name_maker(config.names)

    def pull(self, progress: Progress) -> Decide:
        """Pull the source."""
        builder = self._builder()
        builder.read(self._source.pull(progress))
        return builder.decide

    def sync(self, pull: Callable[[], Decide], pbxs: Sequence[Pbx], progress: Progress) -> Report:
        """Bring PBXs in step with what was pulled."""
        with self._engine(pbxs, progress) as (engine, _):
            engine.outcome = pull
            return engine.sync()

    def restore(self, pbxs: Sequence[Pbx], progress: Progress) -> Report | None:
        """Bring PBXs in step with the snapshot."""
        with self._engine(pbxs, progress) as (engine, store):
            return None if store.snapshot_names() is None else engine.restore()

    @contextmanager
    def _engine(self, pbxs: Sequence[Pbx], progress: Progress) -> Iterator[tuple[_Pulled, Store]]:
        sync = self._config.sync
        options = Options(sync.family, sync.foreign, Limits(sync.max_delete, sync.max_change))
        with locked(self._path), closing(Store(self._path, undo_runs=self._config.store.keep_runs)) as store:
            yield (
                _Pulled(
                    source=self._source,
                    builder=self._builder,
                    pbxs=pbxs,
                    store=store,
                    options=options,
                    progress=progress,
                ),
                store,
            )

    def _builder(self) -> BookBuilder:
        return BookBuilder(self._numbers, self._names, self._config.book.conflict, self._config.names.max_length)
