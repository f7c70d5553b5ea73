"""From a configuration to an engine: the one place that knows every part."""

import hashlib
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from platformdirs import user_state_path

from astsync.cli.common import Common
from astsync.cli.progress import progress_bar
from astsync.config import Config, NamesConfig, NumbersConfig, PbxConfig, configfile
from astsync.engine import Engine, Options
from astsync.errors import ConfigError
from astsync.pbx.astdb import AmiPbx
from astsync.pbx.patient import PatientPbx
from astsync.phonebook.book import BookBuilder
from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.parser import NumberParser
from astsync.phonebook.plan import Limits
from astsync.sources import CONFIG, open_source
from astsync.store import Store, locked
from astsync.text import printable


@dataclass(frozen=True, slots=True)
class Lifted:
    """The safety limits that the command line lifts for one run."""

    empty: bool = False
    deletes: bool = False
    changes: bool = False


@contextmanager
def open_engine(
    common: Common, lifted: Lifted, *, dry_run: bool, whole: bool = False, durable: bool = False
) -> Iterator[Engine]:
    """Give an engine for the configuration; a run that may write holds the store's lock. Raises AstsyncError."""
    file = configfile.find(common.config, os.environ)
    config = configfile.load(file, CONFIG)
    numbers, names = number_parser(config.numbers), name_maker(config.names)
    path = store_path(config, file, os.environ)
    with (
        nullcontext() if dry_run else locked(path),
        closing(Store(path, write=not dry_run, undo_runs=config.store.keep_runs)) as store,
        progress_bar(quiet=common.quiet) as progress,
    ):
        stopping = threading.Event()
        yield Engine(
            source=open_source(config.source),
            builder=lambda: BookBuilder(numbers, names, config.book.conflict, config.names.max_length),
            pbxs=[patient(pbx, config.sync.family, stopping) for pbx in chosen(config, common.pbx)],
            store=store,
            options=replace(_options(config, lifted), dry_run=dry_run, whole=whole, durable=durable),
            progress=progress,
            stopping=stopping,
        )


@contextmanager
def open_store(common: Common) -> Iterator[Store]:
    """Give the store of the configuration, to read. Raises AstsyncError."""
    file = configfile.find(common.config, os.environ)
    path = store_path(configfile.load(file, CONFIG), file, os.environ)
    with closing(Store(path, write=False)) as store:
        yield store


def patient(config: PbxConfig, family: str, stopping: threading.Event) -> PatientPbx:
    """Give a PBX that a run waits for when it is lost; ``stopping`` ends the wait."""
    return PatientPbx(AmiPbx(config, family), config.patience, stopping)


def number_parser(config: NumbersConfig) -> NumberParser:
    """Give the parser of phone fields. Raises ConfigError."""
    return NumberParser(country=config.country, area_code=config.area_code, forms=config.forms)


def name_maker(config: NamesConfig) -> NameMaker:
    """Give the maker of caller names. Raises ConfigError."""
    return NameMaker(
        scheme=config.scheme,
        legal_form=config.legal_form,
        max_length=config.max_length,
        max_bytes=config.max_bytes,
        language=config.language,
    )


def chosen(config: Config, names: tuple[str, ...]) -> list[PbxConfig]:
    """Give the PBXs that ``--pbx`` names, or all. Raises ConfigError for a name that is not configured."""
    known = {pbx.name.casefold(): pbx for pbx in config.pbx}
    unknown = [name for name in names if name.casefold() not in known]
    if unknown:
        raise ConfigError(
            f"no PBX is named {printable(', '.join(unknown))}",
            hint=f"Configured: {', '.join(pbx.name for pbx in config.pbx)}.",
        )
    wanted = {name.casefold() for name in names} or known.keys()
    return [pbx for key, pbx in known.items() if key in wanted]


def store_path(config: Config, file: Path | None, environ: Mapping[str, str]) -> Path:
    """Give the store's file: the configured one, else one for this configuration file in the state folder.

    The state folder is systemd's ``STATE_DIRECTORY`` where it is set, else the user's own. Links are followed, so that
    all ways to a store lead to its one lock. Raises ConfigError where there is no place for a store.
    """
    return Path(os.path.realpath(config.store.path or _default_store(file, environ)))


def _default_store(file: Path | None, environ: Mapping[str, str]) -> Path:
    given = environ.get("STATE_DIRECTORY")
    folder = Path(given.split(":")[0]) if given else _state_folder()
    if file is None:
        return folder / "astsync.sqlite3"
    place = hashlib.sha256(os.fsencode(file.resolve())).hexdigest()[:8]
    return folder / f"{file.stem}-{place}.sqlite3"


def _state_folder() -> Path:
    try:
        return user_state_path("astsync")
    except RuntimeError:  # no HOME, and a user that the system does not know
        raise ConfigError(
            "there is no place for the store: this user has no home folder",
            hint="Set store.path in the configuration, or STATE_DIRECTORY in the environment.",
        ) from None


def _options(config: Config, lifted: Lifted) -> Options:
    limits = Limits(
        max_delete=None if lifted.deletes else config.sync.max_delete,
        max_change=None if lifted.changes else config.sync.max_change,
        allow_empty=lifted.empty,
    )
    return Options(config.sync.family, config.sync.foreign, limits)
