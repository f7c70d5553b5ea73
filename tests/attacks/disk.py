"""Attacks of the disk and of the store: full, read-only, gone, somebody else's, held by a process that hangs."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from tests.attacks import ami_manners
from tests.attacks.ami import HostileAmi, at, hostile
from tests.attacks.ami_manners import Asked, Play
from tests.attacks.attack import Attack, Outcome, Pace, Stage
from tests.attacks.network import Line
from tests.attacks.place import Place
from tests.attacks.rights import obey_rights, small_disk

_KIB = 1024
Harm = Callable[[Path], None]


def _at_first(harm: Harm) -> Stage:
    """The stage of a store that something has happened to."""

    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        harm(place.store)
        yield

    return stage


def _meanwhile(harm: Harm, action: str, first: int = 1) -> Stage:
    """The stage of a store that something happens to while the PBX carries an action out."""

    def play_of(place: Place) -> Play:
        done: list[bool] = []

        def play(line: Line, asked: Asked) -> None:
            if not done:
                done.append(True)
                harm(place.store)
            line.send(asked.execute())

        return play

    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        with hostile(at(action, first, play_of(place)))(place):
            yield

    return stage


def _garbage(store: Path) -> None:
    store.write_bytes(os.urandom(50_000))


def _garbage_behind_the_header(store: Path) -> None:
    data = store.read_bytes()
    store.write_bytes(data[:100] + os.urandom(len(data) - 100))


def _truncated(store: Path) -> None:
    os.truncate(store, store.stat().st_size // 2)


def _empty(store: Path) -> None:
    os.truncate(store, 0)


def _deleted(store: Path) -> None:
    for file in store.parent.glob(f"{store.name}*"):
        if not file.name.endswith((".lock", ".pid")):
            file.unlink(missing_ok=True)  # SQLite takes files of its own away meanwhile


def _folder_deleted(store: Path) -> None:
    while store.parent.exists():  # the program may write a note into it meanwhile
        shutil.rmtree(store.parent, ignore_errors=True)


def _replaced(store: Path) -> None:
    """Another, empty file in its place."""
    _deleted(store)
    store.touch()


def _instead(make: Callable[[Path], object]) -> Harm:
    def harm(store: Path) -> None:
        _deleted(store)
        make(store)

    return harm


def _newer(store: Path) -> None:
    with closing(sqlite3.connect(store)) as db:
        db.execute("PRAGMA user_version = 99")


def _of_another_program(store: Path) -> None:
    store.unlink()
    with closing(sqlite3.connect(store)) as db:
        db.execute("CREATE TABLE theirs (x)")
        db.execute("PRAGMA user_version = 1")


def _wal(store: Path) -> None:
    Path(f"{store}-wal").write_bytes(os.urandom(200_000))
    Path(f"{store}-shm").write_bytes(os.urandom(32_768))


def _beside(ending: str, make: Callable[[Path], object]) -> Harm:
    def harm(store: Path) -> None:
        path = Path(f"{store}{ending}")
        path.unlink(missing_ok=True)
        make(path)

    return harm


def _full(size: int) -> Stage:
    """The stage of a system that lets no file grow over a size, as a full disk does."""

    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        place.child.limits[resource.RLIMIT_FSIZE] = size
        yield

    return stage


def _small(size: int) -> Stage:
    """The stage of a store on a disk with so many bytes left."""

    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        state = place.store.parent
        kept = place.folder / "kept"
        state.rename(kept)
        taken = sum(-(-file.stat().st_size // 4096) * 4096 for file in kept.iterdir())
        with small_disk(state, taken + size):
            shutil.copytree(kept, state, dirs_exist_ok=True)
            yield
        shutil.rmtree(state)
        kept.rename(state)

    return stage


@contextmanager
def _read_only(place: Place) -> Iterator[None]:
    obey_rights(place)
    state = place.store.parent
    state.chmod(0o500)
    try:
        yield
    finally:
        state.chmod(0o700)


@contextmanager
def _unreadable(place: Place) -> Iterator[None]:
    obey_rights(place)
    place.store.chmod(0)
    try:
        yield
    finally:
        place.store.chmod(0o600)


@contextmanager
def _held_by_sqlite(place: Place) -> Iterator[None]:
    """A process that hangs within a transaction."""
    with closing(sqlite3.connect(place.store, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        yield
        db.execute("ROLLBACK")


_WAITS = 30.0  # seconds


@contextmanager
def _lock_held(place: Place) -> Iterator[None]:
    """A run of the same store that was stopped (SIGSTOP) while it waited for its PBX."""
    ami = HostileAmi(place.pbx, at("DBGetTree", 1, ami_manners.silent))
    with ami.listener as listener:
        port = place.settings["pbx"]["port"]
        place.settings["pbx"]["port"] = listener.port
        place.write()
        other = place.child.start((*place.options, "sync"), subprocess.DEVNULL, subprocess.DEVNULL)
        try:
            end = time.monotonic() + _WAITS
            while not ami.hits and time.monotonic() < end:
                time.sleep(0.01)  # between two looks
            os.kill(other.pid, signal.SIGSTOP)
            place.configuration.unlink()
            place.settings["pbx"]["port"] = port
            place.pids = (other.pid,)
            yield
        finally:
            with suppress(ProcessLookupError):
                os.kill(other.pid, signal.SIGKILL)
            other.wait()


def _names_the_holder(place: Place, outcome: Outcome) -> list[str]:
    return [] if str(place.pids[0]) in outcome.err else ["did not say who holds the lock"]


def _soon(pace: Pace) -> float:
    return 1.0


def attacks() -> Iterator[Attack]:
    """All attacks of this side."""
    yield from _stores()
    yield from _vanishing()
    yield from _disks()
    yield from _locks()


def _stores() -> Iterator[Attack]:
    lost = frozenset({0})
    two = frozenset({2})
    for name, harm, codes in (
        ("garbage", _garbage, lost),
        ("garbage behind its header", _garbage_behind_the_header, lost),
        ("cut in half", _truncated, lost),
        ("empty", _empty, lost),
        ("deleted", _deleted, lost),
        ("its folder deleted", _folder_deleted, lost),
        ("of a newer version", _newer, two),
        ("of another program", _of_another_program, two),
        ("a pipe", _instead(os.mkfifo), two),
        ("a folder", _instead(Path.mkdir), two),
        ("a link to /dev/full", _instead(lambda store: store.symlink_to("/dev/full")), two),
        ("a link to itself", _instead(lambda store: store.symlink_to(store)), two),
    ):
        for command in (("sync",), ("diff",), ("status",)):
            yield Attack(
                "The store",
                f"{command[0]}: {name}",
                _at_first(harm),
                codes,
                command=command,
                stays=True,
                converges=False,
            )
    yield Attack("The store", "garbage in its log", _at_first(_wal), frozenset({0, 2}), stays=True, converges=False)
    held = "held by a process that hangs in a transaction"
    yield Attack("The store", f"sync: {held}", _held_by_sqlite, two)
    for command in (("diff",), ("status",)):
        yield Attack("The store", f"{command[0]}: {held}", _held_by_sqlite, frozenset({0}), command=command)


def _vanishing() -> Iterator[Attack]:
    for moment, action, first in (
        ("the reading", "DBGetTree", 1),
        ("the puts", "DBPut", 1),
        ("the verifying", "DBGetTree", 2),
    ):
        for name, harm, codes in (
            ("deleted", _deleted, frozenset({2, 7})),
            ("its folder deleted", _folder_deleted, frozenset({2, 7})),
            ("replaced by an empty file", _replaced, frozenset({2, 7})),
            ("overwritten by garbage", _garbage, frozenset({0, 2, 7})),
            ("cut in half", _truncated, frozenset({0, 2, 7})),
        ):
            yield Attack(
                "The store meanwhile",
                f"{name} during {moment}",
                _meanwhile(harm, action, first),
                codes,
                stays=True,
                wrote=True,
                converges=False,
            )


def _disks() -> Iterator[Attack]:
    codes = frozenset({0, 2, 7})
    for size in (0, 4, 16, 32, 64, 128):
        for command in (("sync",), ("diff",), ("check",)):
            allowed = frozenset({0, 2, 4, 7}) if command == ("check",) else codes
            yield Attack(
                "A full disk",
                f"{command[0]}: no file over {size} KiB",
                _full(size * _KIB),
                allowed,
                command=command,
                wrote=True,
            )
    for size in (0, 4, 8, 16, 32, 64):
        yield Attack("A full disk", f"sync: {size} KiB left", _small(size * _KIB), codes, wrote=True, stays=True)
    yield Attack("A folder without rights", "sync: read-only", _read_only, frozenset({2}))
    yield Attack("A folder without rights", "diff: read-only", _read_only, frozenset({0}), command=("diff",))
    yield Attack("A folder without rights", "status: read-only", _read_only, frozenset({0}), command=("status",))
    yield Attack("A folder without rights", "sync: a store that may not be read", _unreadable, frozenset({2}))


def _locks() -> Iterator[Attack]:
    for command in (("sync",), ("push",), ("undo", "--yes")):
        yield Attack(
            "The lock",
            f"{command[0]}: held by a process that was stopped",
            _lock_held,
            frozenset({8}),
            command=command,
            seconds=_soon,
            inspect=_names_the_holder,
        )
    for command in (("diff",), ("status",)):
        yield Attack(
            "The lock", f"{command[0]}: held by a process that was stopped", _lock_held, frozenset({0}), command=command
        )
    for name, ending, make in (
        ("is a pipe", ".lock", os.mkfifo),
        ("is a folder", ".lock", Path.mkdir),
        ("is a link to itself", ".lock", lambda path: path.symlink_to(path)),
        ("'s note is a pipe", ".pid", os.mkfifo),
        ("'s note is a folder", ".pid", Path.mkdir),
        ("'s note is a link to /dev/full", ".pid", lambda path: path.symlink_to("/dev/full")),
    ):
        yield Attack(
            "The lock",
            f"its file {name}" if name.startswith("is") else f"it{name}",
            _at_first(_beside(ending, make)),
            frozenset({0, 2}),
            converges=False,
            stays=True,
        )
