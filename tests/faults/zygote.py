"""Runs astsync's command line in forks of one process that has everything loaded: each can be killed at any point.

As a program it reads ``{"argv": [...], "out": "file", "die": {...}, "limit": n}``, a line a command, and answers
``{"pid": n}`` at the start and ``{"pid": n, "code": n}`` at the end of each; a command that a signal ended has the
negative number of it.
"""

import gc
import itertools
import json
import os
import pkgutil
import resource
import select
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

LEFT_OUT = ("astsync.sandbox", "astsync.__main__")
"""What of astsync the commands do not load."""


Moment = Literal["before", "open", "commit", "after"]
"""Before a transaction, before its COMMIT, some time after its COMMIT has begun, after it."""

HANGS = 120
"""Seconds after which a command hangs."""

DIED = "died in the store: "


@dataclass(frozen=True)
class Death:
    """When a command kills itself as SIGKILL does: at transaction ``number`` (from 0) of its store.

    ``delay`` is how many seconds after the start of COMMIT.
    """

    number: int
    moment: Moment
    delay: float = 0.0


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, or the negative number of the signal, and what it printed."""

    code: int
    printed: str


class Zygote:
    """The process that forks; a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(exist_ok=True)
        self._count = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # what has been read lies in no buffer, where select would not see it
        )

    def __enter__(self) -> "Zygote":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def start(self, *arguments: str, death: Death | None = None, limit: int | None = None) -> int:
        """Start a command and give its process. No file of it may grow over ``limit`` bytes."""
        self._count += 1
        self._out = self._folder / f"out-{self._count}.txt"
        self._out.touch()  # a command that is killed at once prints nothing
        die = None if death is None else asdict(death)
        order = {"argv": ["astsync", *arguments], "out": str(self._out), "die": die, "limit": limit}
        if self._process.stdin is None:
            raise RuntimeError("no pipe to the zygote")
        self._process.stdin.write(f"{json.dumps(order)}\n".encode())
        self._running = int(self._heard()["pid"])
        return self._running

    def wait(self) -> Ended:
        """Wait until the command that was started last has ended. Raises AssertionError when it hangs."""
        hangs = self._process.stdout is None or not select.select([self._process.stdout], [], [], HANGS)[0]
        if hangs:
            os.kill(self._running, signal.SIGKILL)
        code = int(self._heard()["code"])
        printed = self._out.read_text(encoding="utf-8", errors="replace")
        self._out.unlink()
        if hangs:
            raise AssertionError(f"astsync had not ended after {HANGS} s: {printed}")
        return Ended(code, printed)

    def run(self, *arguments: str) -> Ended:
        """Run a command to its end."""
        self.start(*arguments)
        return self.wait()

    def _heard(self) -> dict[str, Any]:
        if self._process.stdout is None:
            raise RuntimeError("no pipe from the zygote")
        value: dict[str, Any] = json.loads(self._process.stdout.readline())
        return value


def _serve() -> None:
    _load()
    main = import_module("astsync.cli").main
    gc.collect()
    gc.freeze()  # the forks then share the memory, as nothing looks through it
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _child(order, main)
        _say({"pid": pid})
        _, status = os.waitpid(pid, 0)
        _say({"pid": pid, "code": os.waitstatus_to_exitcode(status)})


def _load() -> None:
    """Load what the commands would load in every fork: modules, and the tables that the first number and name make."""
    package = import_module("astsync")
    for module in pkgutil.walk_packages(package.__path__, "astsync."):
        if not module.name.startswith(LEFT_OUT):
            import_module(module.name)
    number = import_module("astsync.phonebook.numbers.parser").NumberParser().parse("+74955550000")
    name = import_module("astsync.phonebook.names.maker").NameMaker(legal_form="keep").make("Firma 1")
    if not number or not name:
        raise RuntimeError("no number and no name were made")


def _say(words: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def _child(order: dict[str, Any], main: Callable[[], None]) -> None:
    out = os.open(order["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, end in ((0, nothing), (1, out), (2, out)):
        os.dup2(end, number)
    sys.argv = order["argv"]
    if order["limit"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["limit"], order["limit"]))
    if order["die"] is not None:
        _doom(Death(**order["die"]))
    code = 1
    try:
        main()
        code = 0
    except SystemExit as end_of_it:
        code = end_of_it.code if isinstance(end_of_it.code, int) else 0 if end_of_it.code is None else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _doom(death: Death) -> None:
    """Let this process die at a transaction of its store."""
    database = import_module("astsync.store.database").Database
    change, numbers = database.change, itertools.count()

    @contextmanager
    def deadly(self: Any) -> Iterator[Any]:
        moment = death.moment if next(numbers) == death.number else None
        place = f"{_caller()}, {moment}"
        _die_if(moment == "before", place)
        with change(self) as connection:
            yield connection
            _die_if(moment == "open", place)
            if moment == "commit":
                threading.Timer(death.delay, _die_if, (True, place)).start()
        _die_if(moment in {"commit", "after"}, place)

    database.change = deadly


def _caller() -> str:
    """Name the method of the store that wants a transaction."""
    frames = (frame for frame, _ in traceback.walk_stack(sys._getframe()))
    return next((f.f_code.co_name for f in frames if Path(f.f_code.co_filename).name == "store.py"), "?")


def _die_if(due: bool, place: str) -> None:
    if due:
        os.write(2, f"{DIED}{place}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    _serve()
