"""The one wiring: a configuration, and the parts that it describes.

Commands, ``watch`` and every later service take their parts from here. A new key or safety limit is handed on in this
file alone, and then reaches all of them; ``tests/unit/test_parts.py`` plays every key through both ways.

What a part is made of is imported where it is made: the rules of numbers and names, and the engine with its AMI, take
longer to load than a command that needs none of them takes to answer.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from astsync.config import Config, NamesConfig, NumbersConfig, PbxConfig, configfile
from astsync.engine import Engine, RunOptions
from astsync.engine.narrow_writer import NarrowWriter
from astsync.errors import ConfigError
from astsync.language import say
from astsync.made_of import made_of
from astsync.pbx import Pbx
from astsync.pbx.astdb import AmiPbx
from astsync.pbx.patient import PatientPbx
from astsync.phonebook.model import Progress, no_progress
from astsync.phonebook.plan import Lifted, Limits
from astsync.places import usual_store
from astsync.sources import CONFIG, Source, kind_of, open_source
from astsync.stopping import Stopping
from astsync.store import AS_LOST, PATIENCE, CallsKept, Identity, Store, identity, locked, running, watch_of
from astsync.text import person_key, printable

if TYPE_CHECKING:
    from astsync.phonebook.book import BookBuilder
    from astsync.phonebook.names.maker import NameMaker
    from astsync.phonebook.numbers.parser import NumberParser

log = logging.getLogger(__name__)

ONLINE_SECONDS = 10.0
"""Seconds that a run ``online`` may last. Others wait for its lock a little longer (``store.lock``)."""


class Parts:
    """The parts of one configuration; its store is the file ``store_path``.

    A part is made when it is first asked for, so that a command loads only the libraries that it needs. Making a part
    asks neither 1C nor a PBX. It raises ConfigError where the configuration cannot be carried out.
    """

    def __init__(self, config: Config, store_path: Path) -> None:
        self.config = config
        self.store_path = store_path
        self._last_store: Identity | None = None

    @classmethod
    def load(cls, given: Path | None, environ: Mapping[str, str] = os.environ) -> "Parts":
        """Find and read the configuration; ``given`` is the file of ``--config``. Raises ConfigError.

        A warning is logged for each file with secrets that others may read.
        """
        file = configfile.find(given, environ)
        config = configfile.load(file, CONFIG, environ, tell=True)
        return cls(config, store_path(config, file, environ))

    @cached_property
    def source(self) -> Source:
        """The source of counterparties."""
        return open_source(self.config.source)

    @cached_property
    def numbers(self) -> "NumberParser":
        """The parser of phone fields."""
        return number_parser(self.config.numbers)

    @cached_property
    def names(self) -> "NameMaker":
        """The maker of caller names."""
        return name_maker(self.config.names)

    def builder(self) -> "BookBuilder":
        """Make a builder: each pull needs a new one."""
        from astsync.phonebook.book import BookBuilder

        extensions = {person_key(name): phone for name, phone in self.config.serve.extensions.items()}
        rules = (self.config.book.conflict, self.config.names.max_length)
        return BookBuilder(self.numbers, self.names, *rules, extensions)

    def made_of(self, stopping: Stopping) -> str:
        """Name all that a phonebook is made of now; "" where the list must be read to know its bytes."""
        source = self.config.source
        bytes_of_list = kind_of(source).fingerprint(source, stopping)
        return made_of(self.config, bytes_of_list) if bytes_of_list else ""

    def pbx_configs(self, names: Sequence[str] = ()) -> list[PbxConfig]:
        """Choose the PBXs of these names, or all. Raises ConfigError for a name that is not configured."""
        known = {pbx.name.casefold(): pbx for pbx in self.config.pbx}
        unknown = [name for name in names if name.casefold() not in known]
        if unknown:
            raise ConfigError(
                say("no PBX is named {names}", names=printable(", ".join(unknown))),
                hint=say("Configured: {names}.", names=", ".join(pbx.name for pbx in self.config.pbx)),
            )
        wanted = {name.casefold() for name in names} or known.keys()
        return [pbx for key, pbx in known.items() if key in wanted]

    def pbxs(self, names: Sequence[str] = ()) -> list[AmiPbx]:
        """Make the PBXs of these names, or all. A connection that is lost is an error at once."""
        return [AmiPbx(pbx, self.config.sync.family, self.rival) for pbx in self.pbx_configs(names)]

    def rival(self) -> str:
        """Which program of this machine may have a session of the same AMI user, for a message; "" for none."""
        watch = running(watch_of(self.store_path))
        if watch is None or watch.pid == os.getpid():
            return ""
        return say("`{command}` (process {pid}) on this machine", command=watch.command, pid=str(watch.pid))

    def patient_pbxs(self, names: Sequence[str] = ()) -> list[PatientPbx]:
        """Make the PBXs of these names, or all; a run waits for them when their connection is lost."""
        chosen = zip(self.pbxs(names), self.pbx_configs(names), strict=True)
        return [PatientPbx(pbx, config.patience) for pbx, config in chosen]

    def options(
        self, lifted: Lifted | None = None, *, dry_run: bool = False, whole: bool = False, durable: bool = False
    ) -> RunOptions:
        """Say how a run is done: by the configuration, and by what the command line wants of this run alone."""
        sync, lifted = self.config.sync, lifted or Lifted()
        limits = Limits(
            max_delete=None if lifted.deletes else sync.max_delete,
            max_change=None if lifted.changes else sync.max_change,
            allow_empty=lifted.empty,
        )
        return RunOptions(sync.family, sync.foreign, limits, dry_run=dry_run, whole=whole, durable=durable)

    def stopping(self, beat: Callable[[], None] = lambda: None) -> Stopping:
        """The end of a run that begins now. ``beat``: see ``Stopping``."""
        return Stopping(self.config.run.max_minutes * 60 or None, beat)

    @contextmanager
    def store(self, *, write: bool, check: bool = True) -> Iterator[Store]:
        """Open the store, without its lock; ``check``: see ``Store``. Raises StoreError."""
        keep, calls = self.config.store.keep_runs, self.calls_kept
        with closing(Store(self.store_path, write=write, undo_runs=keep, check=check, calls_kept=calls)) as store:
            yield store

    @property
    def calls_kept(self) -> CallsKept:
        """What is kept of calls."""
        return CallsKept(self.config.serve.keep_days, self.config.serve.keep_numbers)

    @contextmanager
    def engine(
        self,
        command: str,
        pbxs: Sequence[Pbx],
        options: RunOptions,
        progress: AbstractContextManager[Progress] | None = None,
        stopping: Stopping | None = None,
        *,
        short: bool = False,
        patience: float = PATIENCE,
    ) -> Iterator[Engine]:
        """Open the store and make an engine over it. Raises AstsyncError.

        ``command`` names the holder of the lock to others. ``progress`` is entered last, so that no message about the
        store or its lock comes upon an open progress bar. ``stopping`` is that of the run; by default the run begins
        when the engine is made.

        ``short`` and ``patience``: see ``locked``. A short run does not look for damage first, which takes too long.

        A run that may write holds the store's lock. A dry run takes no lock and only reads the store, so it may run
        beside another one.
        """
        with ExitStack() as stack:
            note = no_progress
            if not options.dry_run:
                note = stack.enter_context(locked(self.store_path, command, short=short, patience=patience)).note
                note("", 0, None)
                self._compare_store()
            store = stack.enter_context(self.store(write=not options.dry_run, check=not short))
            self._last_store = identity(self.store_path)
            shown = stack.enter_context(progress or nullcontext(no_progress))
            yield Engine(
                source=lambda: self.source,
                builder=self.builder,
                pbxs=pbxs,
                store=store,
                options=options,
                progress=_both(note, shown),
                stopping=(ends := stopping or self.stopping()),
                made_of=lambda: self.made_of(ends),
            )

    @contextmanager
    def narrow_writer(
        self, command: str, beat: Callable[[], None] = lambda: None, patience: float = PATIENCE
    ) -> Iterator[NarrowWriter]:
        """Take the store's lock for a moment, to keep names that 1C told during calls and to write them to PBXs.

        ``command`` names the holder of the lock to others, which wait for it. Raises LockedError at once where a long
        run holds it, as a sync: then try again later. All of it has ``ONLINE_SECONDS``, less than others wait.
        """
        stopping = Stopping(ONLINE_SECONDS, beat, key="")
        options = self.options()
        with self.engine(command, (), options, stopping=stopping, short=True, patience=patience) as engine:
            stopping.go_on(ONLINE_SECONDS)
            yield NarrowWriter(engine, self.config.serve.keep_seconds)

    def _compare_store(self) -> None:
        """Tell where the store of the last run of this process is not there any more, as ``watch`` may find it."""
        if self._last_store is not None and identity(self.store_path) != self._last_store:
            log.error("the store %s was deleted or replaced since the last run; %s", self.store_path, AS_LOST)


def _both(note: Progress, shown: Progress) -> Progress:
    def progress(stage: str, done: int, total: int | None) -> None:
        note(stage, done, total)
        shown(stage, done, total)

    return progress


def number_parser(config: NumbersConfig) -> "NumberParser":
    """Make the parser of phone fields. Raises ConfigError."""
    from astsync.phonebook.numbers.parser import NumberParser

    return NumberParser(country=config.country, area_code=config.area_code, forms=config.forms)


def name_maker(config: NamesConfig) -> "NameMaker":
    """Make the maker of caller names. Raises ConfigError."""
    from astsync.phonebook.names.maker import NameMaker

    return NameMaker(
        scheme=config.scheme,
        legal_form=config.legal_form,
        max_length=config.max_length,
        max_bytes=config.max_bytes,
        language=config.language,
    )


def store_path(config: Config, file: Path | None, environ: Mapping[str, str]) -> Path:
    """Find the place of the store: the configured one, else one for this configuration file in the state folder.

    The state folder is systemd's ``STATE_DIRECTORY`` where it is set, else the user's own. Links are followed, so that
    all ways to a store lead to its one lock. Raises ConfigError where there is no place for a store.
    """
    return Path(os.path.realpath(config.store.path or _default_store(file, environ)))


def _default_store(file: Path | None, environ: Mapping[str, str]) -> Path:
    try:
        return usual_store(file, environ)
    except RuntimeError:  # no HOME, and a user that the system does not know
        raise ConfigError(
            say("there is no place for the store: this user has no home folder"),
            hint=say("Set store.path in the configuration, or STATE_DIRECTORY in the environment."),
        ) from None
