"""The one wiring: whatever key of the configuration is changed, a command and ``watch`` run with the change alike.

No key is named here to be covered. The keys are walked as the configuration describes them. The parts that
``astsync sync`` and ``astsync watch`` run with are compared field by field, down to the last one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import ValidationError

from astsync.cli.app import app
from astsync.config import Config, Section, configfile
from astsync.engine import Engine
from astsync.errors import ConfigError, StoreError
from astsync.parts import Parts
from astsync.pbx.patient import PatientPbx
from astsync.phonebook.book import BookBuilder
from astsync.phonebook.model import Decide, no_progress
from astsync.sources import CONFIG, KINDS, open_source
from astsync.watch.watcher import Watch

# Keys that must change together with another one.
TOGETHER: dict[str, dict[str, Any]] = {
    "notify.telegram.chat": {"token": "1:abc"},
    "pbx.secret_file": {"secret": ""},
    "source.client_key": {"client_cert": "client.pem"},
    "source.client_key_password_file": {"client_cert": "client.pem"},
    "source.http.paging.by": {"parameter": "page"},
    "source.soap.paging.by": {"parameter": "page"},
}
GUESSES = (
    True,
    False,
    7,
    1,
    0,
    "7%",
    ";",
    "utf-8",
    "US",
    "495",
    "none",
    "other",
    "http://other.example/trade",
    "f" * 64,
    "127.0.0.9:4999",
    ["192.0.2.0/24"],
    "3d",
    "other@example.org",
    ["other@example.org"],
)
TABLES = (["other"], {"Контрагенты": "{name}"}, {"X-Other": "other"}, {"Other": "7"})
# What they do is compared apart, or alive.
NO_SETTINGS = {"_builder", "_progress", "_connection", "_pbxs", "_asked", "_end", "_known", "_beat"}
Play = Callable[[Config, str], "Recorder"]


class Seen(BaseException):
    """Ends a run when all its parts are known. No handler of errors takes it for one."""


class Recorder:
    """The parts that a command runs with."""

    def __init__(self) -> None:
        self.engines: list[Engine] = []
        self.pbxs: list[list[Any]] = []
        self.builders: list[BookBuilder] = []
        self.sources: list[Any] = []

    def run(self, engine: Engine, _: str, goal: Callable[[None], object], targets: Sequence[Any]) -> None:
        self.engines.append(engine)
        pbxs = [vars(target)["_pbx"] for target in targets]
        # A run of `watch` waits for no PBX that is lost: it is restored when it comes back.
        self.pbxs.append([vars(pbx)["_pbx"] if isinstance(pbx, PatientPbx) else pbx for pbx in pbxs])
        with suppress(StoreError):  # there is no snapshot to restore from
            goal(None)
        raise Seen

    def read(self, builder: BookBuilder, counterparties: Iterator[Any]) -> Decide:
        self.builders.append(builder)
        list(counterparties)
        return builder.decide

    def pull(self, source: Any, *_: object) -> Iterator[Any]:
        self.sources.append(source)
        return iter(())


def watch_once(watch: Watch) -> None:
    """Do what the loops of watch do: restore, pull without the lock, sync."""
    job = vars(watch)["_load"]()
    with suppress(Seen):
        job.runs.restore(job.pbxs, no_progress)
    stopping = job.runs.stopping(lambda: None)
    job.runs.sync(lambda: job.runs.pull(no_progress, stopping), job.pbxs, no_progress, stopping)


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Play:
    """A function that plays a command by a configuration, to where its run would begin."""

    monkeypatch.chdir(tmp_path)  # a guess may be a relative path

    def played(config: Config, command: str) -> Recorder:
        recorder = Recorder()
        monkeypatch.setattr(configfile, "find", lambda *_: tmp_path / "astsync.toml")
        monkeypatch.setattr(configfile, "load", lambda *_, **__: config)
        monkeypatch.setattr(Engine, "has_snapshot", True)
        monkeypatch.setattr(Engine, "_run", lambda *given, **_: recorder.run(*given))
        monkeypatch.setattr(BookBuilder, "read", lambda *given: recorder.read(*given))
        monkeypatch.setattr(type(open_source(config.source)), "pull", lambda *given: recorder.pull(*given))
        monkeypatch.setattr(Watch, "run", watch_once)
        with pytest.raises(Seen):
            app([command], standalone_mode=False)
        return recorder

    return played


def section_of(annotation: Any) -> type[Section] | None:
    kinds = (kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type))
    return next((kind for kind in kinds if issubclass(kind, Section)), None)


def keys(model: type[Section], place: str = "") -> Iterator[str]:
    """Walk the dotted names of all keys, as ``sync.max_delete``."""
    for name, field in model.model_fields.items():
        section = section_of(field.annotation)
        yield from [f"{place}{name}"] if section is None else keys(section, f"{place}{name}.")


def usual(key: str, folder: Path) -> dict[str, Any]:
    """A configuration in which a key counts: a key of a kind of source needs that kind."""
    part = key.split(".")[1]
    kind = part if part in {kind.name for kind in KINDS} else "odata"
    source = {"kind": kind, "url": "http://1c.example/trade", "file": {"path": str(folder / "list.json")}}
    pbx = {"name": "office", "host": "pbx.example", "user": "astsync", "secret": "x", "tls": True}
    return {"source": source, "pbx": [pbx], "store": {"path": str(folder / "store.sqlite3")}}


def changed(key: str, folder: Path) -> Config:
    """The configuration with another value of a key. The test fails where none can be guessed."""
    *sections, name = key.split(".")
    for guess in guesses(key, folder):
        data = usual(key, folder)
        table: Any = data
        for section in sections:
            table = table.setdefault(section, {})
            table = table[0] if isinstance(table, list) else table
        table |= {name: guess, **TOGETHER.get(key, {})}
        with suppress(ValidationError, ConfigError):
            config = CONFIG.model_validate(data)
            Parts(config, folder).builder()
            if config != CONFIG.model_validate(usual(key, folder)):
                return config
    pytest.fail(f"no other value of {key} was guessed: add one to GUESSES")


def guesses(key: str, folder: Path) -> Iterator[Any]:
    """What may be a value of a key: the words that it allows, then one of each kind of value."""
    model: Any = CONFIG
    *sections, name = key.split(".")
    for section in sections:
        model = section_of(model.model_fields[section].annotation)
    annotation = model.model_fields[name].annotation
    literals = [kind for kind in (annotation, *get_args(annotation)) if get_origin(kind) is Literal]
    words = [word for literal in literals for word in get_args(literal)]
    other = folder / "other"
    other.touch()
    return chain(words, ([word] for word in words), [str(other)], GUESSES, TABLES)


def differences(one: Any, other: Any, place: str, seen: set[tuple[int, int]]) -> Iterator[str]:
    """Walk two parts down to the last field, and name the places where they differ."""
    if one is other or (id(one), id(other)) in seen:
        return
    seen.add((id(one), id(other)))
    fields, others = fields_of(one), fields_of(other)
    if type(one) is not type(other) or (fields is None and one != other):
        yield f"{place}: {one!r} and {other!r}"
    elif fields is not None and others is not None:
        for name in sorted(fields.keys() | others.keys()):
            yield from differences(fields.get(name), others.get(name), f"{place}.{name}", seen)


def fields_of(part: Any) -> dict[str, Any] | None:
    """What a part is made of, by name; None for a value that equals another by what it says."""
    if isinstance(part, MethodType):
        return {"function": part.__func__, "self": part.__self__}
    if isinstance(part, FunctionType):
        return {"code": part.__code__, "held": [cell.cell_contents for cell in part.__closure__ or ()]}
    if isinstance(part, Mapping):
        return {repr(key): value for key, value in part.items()}
    if isinstance(part, list | tuple):
        return {str(index): item for index, item in enumerate(part)}
    if getattr(type(part), "__eq__", None) is not getattr(object, "__eq__", None):
        return None
    slots = chain.from_iterable(getattr(kind, "__slots__", ()) for kind in type(part).__mro__)
    names = {*getattr(part, "__dict__", ()), *slots} - NO_SETTINGS
    return {name: getattr(part, name, None) for name in names}


def between(one: Recorder, other: Recorder) -> list[str]:
    """Name the differences of what two commands run with; every engine of the other one is looked at."""
    first = {name: found[0] for name, found in vars(one).items()}
    return [
        line
        for name, found in vars(other).items()
        for part in found
        for line in differences(first[name], part, name, set())
    ]


@pytest.mark.parametrize("key", [key for key in keys(CONFIG) if key != "language"])  # which no part knows
def test_a_key_reaches_sync_and_watch_alike(play: Play, key: str, tmp_path: Path) -> None:
    before = play(CONFIG.model_validate(usual(key, tmp_path)), "sync")
    config = changed(key, tmp_path)
    sync, watch = play(config, "sync"), play(config, "watch")
    assert len(watch.engines) == 2
    assert all(vars(watch).values())
    assert between(sync, watch) == []
    assert between(before, sync) != []
