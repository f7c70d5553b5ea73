"""Servers as processes of their own: ``astsync serve`` over a store of so many entries, and the others."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from astsync.phonebook.model import Entry
from astsync.sandbox.asterisk import PrivateAsterisk, free_port
from astsync.store.records import Snapshot
from astsync.store.store import Store
from tests.bench.entries import make_entries
from tests.bench.peers import PROJECT, NotMeasured

HOST = "127.0.0.1"
PATIENCE = 30.0
"""Seconds for a server to come up."""
CONFIGURATION = """\
[source]
{source}

[store]
path = "{store}"

[[pbx]]
name = "office"
host = "127.0.0.1"
port = {port}
user = "{user}"
secret = "{secret}"

[serve]
agi = "127.0.0.1:{agi}"
http = "127.0.0.1:{http}"
rate = 100000
online = "{online}"
{more}"""


@dataclass(frozen=True)
class Place:
    """A configuration of ``astsync serve`` on free ports, and its store."""

    configuration: Path
    store: Path
    agi: int
    http: int


def prepare(
    folder: Path,
    entries: int = 0,
    *,
    source: str = 'kind = "soap"\nurl = "http://127.0.0.1:1/trade"',
    online: str = "",
    more: str = "",
    pbx: PrivateAsterisk | None = None,
) -> Place:
    """Write a configuration, and a store whose snapshot has so many entries (0: no store).

    ``source`` is the section of that name, ``online`` how 1C is asked, ``more`` further sections.
    """
    place = Place(folder / "astsync.toml", folder / "store.sqlite3", free_port(), free_port())
    values = {"agi": place.agi, "http": place.http, "source": source, "online": online, "more": more}
    login = (
        {"port": pbx.port, "user": pbx.user, "secret": pbx.secret} if pbx else {"port": 1, "user": "-", "secret": "-"}
    )
    place.configuration.write_text(CONFIGURATION.format(store=place.store, **values, **login), encoding="utf-8")
    if entries:
        fill(place.store, entries)
    return place


def fill(store: Path, count: int) -> None:
    """Save a snapshot of so many entries."""
    entries = {number: Entry(number, name, "Контрагенты") for number, name in make_entries(count)}
    opened = Store(store)
    try:
        run = opened.begin_run("sync")
        opened.save_snapshot(Snapshot(entries, datetime.now(UTC), "bench", count, 0, 0), run)
        opened.end_run(run, 0)
    finally:
        opened.close()


@contextmanager
def astsync(place: Place, command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of astsync as a process that stays. Raises NotMeasured where it does not come to listen."""
    call = [sys.executable, "-m", "astsync", "--config", str(place.configuration), *command]
    with running(call, log) as process:
        await_(process, lambda: answers(place.http), log)
        yield process


@contextmanager
def module(name: str, port: int, log: Path, python: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module of this folder as a server on a port. Raises NotMeasured where it does not come to listen.

    It says "ready" by itself: panoramisk freezes for ever on a client that connects and closes.
    """
    with running(
        [str(python or sys.executable), "-W", "ignore", "-m", f"tests.bench.{name}", str(port)], log
    ) as process:
        await_(process, lambda: log.read_bytes().startswith(b"ready"), log)
        yield process


@contextmanager
def running(call: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process and end it."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ASTSYNC_")}
    with (
        log.open("wb") as output,
        subprocess.Popen(call, cwd=PROJECT, env=environ, stdout=output, stderr=output) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def answers(port: int) -> bool:
    """Tell whether somebody answers HTTP on a port. The system takes connections for a server that is not ready yet."""
    try:
        with socket.create_connection((HOST, port), timeout=1) as connection:
            connection.sendall(f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
            return connection.recv(64).startswith(b"HTTP/1.1 ")
    except OSError:
        return False


def await_(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path) -> None:
    """Wait until a process is ready. Raises NotMeasured."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if ready():
            return
        time.sleep(0.002)
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    ended = "did not come to listen" if process.poll() is None else f"ended with {process.returncode}"
    raise NotMeasured(f"it {ended}: {said[-1] if said else 'it said nothing'}")
