"""The small world around a command: its folder, its configuration, a source, a PBX, and a store with a past."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from astsync.sandbox.ami import AmiStandIn, AmiUser
from astsync.sandbox.onec import OneC
from tests.attacks.attack import Kind, Outcome, Pace, Settings
from tests.attacks.child import Child

SECRET = "the-secret-of-the-pbx-5d1f"
PASSWORD = "Пароль-источника-77"
FOREIGN = {"79990000001": "Somebody else", "101": "Внутренний", "reception": "Front desk"}
"""Entries of other people, which no attack may touch."""

MOST = 60.0  # seconds that a command over a healthy world may take on a busy machine
_PATIENCE = 1
_ROWS = 24


def counterparties(later: bool) -> str:
    """The list of the kind file: of 24 counterparties, later one is new, one is gone, one has another name."""
    rows = [(f"c{n}", f"ООО Лист {n}", f"+7 495 555-01-{n:02}") for n in range(_ROWS)]
    if later:
        rows[3:5] = [("c3", "ООО Другое имя", "+7 495 555-01-03"), ("new", "ООО Новая", "+7 495 555-02-00")]
    return "Ref;Name;Phones\n" + "".join(";".join(row) + "\n" for row in rows)


@dataclass
class Template:
    """A world of one kind after a first sync, with changes that the next one must make.

    ``held`` is the family now, ``wanted`` what it must be after the next sync.
    """

    folder: Path
    held: dict[str, str]
    wanted: dict[str, str]
    settings: Settings
    onec: OneC | None = None


class World:
    """What all attacks share: the program, the templates, and the times. A context manager."""

    def __init__(self, folder: Path, pace: Pace, program: Path) -> None:
        self.pace = pace
        self.program = program
        self.folder = folder
        self._lock = threading.Lock()
        self._templates: dict[Kind, Template] = {}
        self._open = ExitStack()
        self._has_run = _knows_run(program)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def template(self, kind: Kind) -> Template:
        """The template of a kind, made when it is first asked for. Raises AssertionError."""
        with self._lock:
            if kind not in self._templates:
                self._templates[kind] = self._make(kind)
            return self._templates[kind]

    def settings(self, kind: Kind, url: str, folder: Path, pbx: AmiStandIn) -> Settings:
        """The configuration of a healthy world."""
        source: dict[str, object] = {"kind": kind, "timeout": self.pace.answer}
        if url:
            source |= {"url": url, "user": "Администратор", "password": PASSWORD}
        section: dict[Kind, dict[str, object]] = {
            "file": {"path": str(folder / "list.csv")},
            "odata": {"page_size": 10},
            "soap": {"wsdl": f"{url}/ws/astsync?wsdl"},
            "http": {"service": "hs/astsync/counterparties"},
        }
        return {
            "source": source,
            f"source.{kind}": section[kind],
            "store": {"path": str(folder / "state" / "store.sqlite3")},
            **({"run": {"max_minutes": self.pace.run / 60}} if self._has_run else {}),
            "pbx": {
                "name": "office",
                "host": "127.0.0.1",
                "port": pbx.port,
                "user": "astsync",
                "secret": SECRET,
                "timeout": self.pace.answer,
                "patience": _PATIENCE,
            },
        }

    def _make(self, kind: Kind) -> Template:
        folder = self.folder / f"template-{kind}"
        folder.mkdir(parents=True)
        onec = None if kind == "file" else self._open.enter_context(OneC(24, dirt=0, password=PASSWORD))
        with stand_in() as pbx:
            settings = self.settings(kind, onec.url if onec else "", folder, pbx)
            _list(folder, later=False)
            if self._has_run:
                settings["run"] = {"max_minutes": 0}
            _must(Place(self, folder, pbx, settings).sync())
            held = pbx.family()
            shutil.copytree(folder / "state", folder / "kept")
            _later(folder, onec)
            _must(Place(self, folder, pbx, settings).sync())
            wanted = pbx.family()
        assert held.keys() - wanted.keys(), "nothing would be deleted"
        assert wanted.keys() - held.keys(), "nothing would be added"
        assert FOREIGN.items() <= wanted.items()
        return Template(folder, held, wanted, settings, onec)


def stand_in(dialect: str = "22") -> AmiStandIn:
    """A stand-in PBX that holds what is foreign."""
    pbx = AmiStandIn(dialect, [AmiUser("astsync", SECRET)])
    pbx.fill(FOREIGN)
    return pbx


def _list(folder: Path, *, later: bool) -> None:
    (folder / "list.csv").write_text(counterparties(later), encoding="utf-8")


def _later(folder: Path, onec: OneC | None) -> None:
    _list(folder, later=True)
    if onec is not None:
        first, second, *_ = [record for record in onec.records() if record.contacts]
        onec.change(first.item.ref, name="ООО Другое имя")
        onec.remove(second.item.ref)
        onec.add("ООО Новая", ["+7 495 555-02-00"])


def _must(done: Outcome) -> None:
    assert done.code == 0, f"a healthy world failed with {done.code}: {done.err}{done.out}"


def _knows_run(program: Path) -> bool:
    code = "from astsync.config import Config; raise SystemExit('run' not in Config.model_fields)"
    return subprocess.run([sys.executable, "-c", code], cwd=program, check=False).returncode == 0


@dataclass
class Place:
    """The world of one attack. A stage changes its ``settings``, ``environment`` and ``child`` before the command.

    A hostile server tells by ``hits`` how often it struck, and by ``moments`` when somebody connected;
    ``pids`` are processes that a stage started, and ``more`` are options that it adds to the command.
    """

    world: World
    folder: Path
    pbx: AmiStandIn
    settings: Settings
    environment: dict[str, str] = field(default_factory=dict)
    child: Child = field(init=False)
    configuration: Path = field(init=False)
    hits: Callable[[], int] | None = None
    moments: Callable[[], list[float]] = list
    pids: tuple[int, ...] = ()
    more: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "LC_ALL", "TZ"}}
        self.environment = {**kept, "HOME": str(home), "LANG": "C.UTF-8", "TMPDIR": str(self.folder)}
        self.child = Child(self.world.program, self.environment)
        self.configuration = self.folder / "astsync.toml"

    @property
    def store(self) -> Path:
        """The store's file."""
        return Path(str(self.settings["store"]["path"]))

    def sync(self) -> Outcome:
        """Play a sync over a healthy world."""
        return self.play(("sync",), MOST)

    def play(self, command: tuple[str, ...], most: float, ends: float | None = None) -> Outcome:
        """Write the configuration and play a command."""
        self.write()
        return self.child.run((*self.options, *command, *self.more), most, ends)

    @property
    def options(self) -> tuple[str, ...]:
        """The options before a command."""
        return ("--config", str(self.configuration))

    def write(self) -> None:
        """Write the configuration; what a stage has put into its place stays."""
        if not os.path.lexists(self.configuration):
            self.configuration.write_text(as_toml(self.settings), encoding="utf-8")


def as_toml(settings: Settings) -> str:
    """Write a configuration."""
    lines: list[str] = []
    for name, section in settings.items():
        lines.append("[[pbx]]" if name == "pbx" else f"[{name}]")
        lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in section.items()]
    return "\n".join(lines) + "\n"


@contextmanager
def new_place(world: World, kind: Kind, folder: Path, dialect: str = "22") -> Iterator[Place]:
    """A place as a template has it, in a folder of its own."""
    template = world.template(kind)
    folder.mkdir(parents=True)
    shutil.copytree(template.folder / "kept", folder / "state")
    _list(folder, later=True)
    with stand_in(dialect) as pbx:
        pbx.fill(template.held)
        url = template.onec.url if template.onec else ""
        yield Place(world, folder, pbx, world.settings(kind, url, folder, pbx))


def free_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
