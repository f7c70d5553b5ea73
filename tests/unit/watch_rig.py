"""What a test of watch stands on: a source that can fail, stand-in PBXs, the real engine and store, a Watch."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from astsync.config import Config
from astsync.errors import SourceUnreachable
from astsync.finding import Finding
from astsync.parts import Parts
from astsync.phonebook.model import Counterparty, Decide, Phone, Progress, no_progress
from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.asterisk import PrivateAsterisk
from astsync.sources import CONFIG
from astsync.stopping import NEVER, Stopping
from astsync.store import RunRecord, Store
from astsync.watch.clock import Clock
from astsync.watch.job import Job
from astsync.watch.runs import Runs
from astsync.watch.systemd import Notifier
from astsync.watch.watcher import Watch
from tests.eventually import eventually

STOPS = 4.0  # seconds within which watch ends on a busy machine; on an idle one it takes 2 at most


class ListSource:
    """A source of so many counterparties; ``down`` makes it fail, ``gate`` holds a pull up until it is set."""

    def __init__(self, size: int = 50) -> None:
        self.size = size
        self.down = False
        self.pulls = 0
        self.gate = threading.Event()
        self.gate.set()

    def describe(self) -> str:
        return "a list"

    def check(self, _stopping: Stopping = NEVER) -> Iterator[Finding]:
        yield Finding("list", good=True, words=f"{self.size} counterparties")

    def pull(self, progress: Progress = no_progress, stopping: Stopping = NEVER) -> Iterator[Counterparty]:
        self.pulls += 1
        progress("pull", 0, None)
        self.gate.wait(30)
        if self.down:
            raise SourceUnreachable("1C does not answer", hint="Start it.")
        for i in range(self.size):
            yield Counterparty(str(i), f"Firma {i}", (Phone((f"+7 495 555-{i // 100:02}-{i % 100:02}",)),))

    @property
    def names(self) -> dict[str, str]:
        return {f"7495555{i:04}": f"Firma {i}" for i in range(self.size)}


class WatchRig:
    """Everything that a watch needs; ``every`` and ``pbxs`` are read at the start and at a reload."""

    def __init__(self, folder: Path) -> None:
        self.source = ListSource()
        self.folder = folder
        self.pbxs: dict[str, AmiStandIn | PrivateAsterisk] = {}
        self.every = 0.0
        self.silence = 20.0
        self.clock = Clock()
        self.notifier = Notifier({})
        self.broken: Exception | None = None
        self.more: dict[str, object] = {"timeout": 5}

    @property
    def path(self) -> Path:
        return self.folder / "store.sqlite3"

    def runs(self) -> Runs:
        return Runs(self.parts())

    def parts(self) -> Parts:
        parts = Parts(self.config(), self.path)
        parts.source = self.source
        return parts

    def config(self) -> Config:
        pbxs = [
            {"name": name, "host": pbx.host, "port": pbx.port, "user": pbx.user, "secret": pbx.secret, **self.more}
            for name, pbx in self.pbxs.items()
        ]
        return CONFIG.model_validate({"source": {"url": "http://1c.example/trade"}, "pbx": pbxs})

    def load(self) -> Job:
        if self.broken is not None:
            raise self.broken
        return Job(self.parts().pbxs(), self.runs(), self.every, self.silence)

    def fill_snapshot(self) -> None:
        self.runs().sync(self.pulled, [], no_progress, Stopping())

    def pulled(self) -> Decide:
        return self.runs().pull(no_progress, NEVER)

    def history(self) -> tuple[RunRecord, ...]:
        with closing(Store(self.path, write=False)) as store:
            return store.runs()

    @contextmanager
    def watching(self) -> Iterator[Watch]:
        """Watch in a thread; at the end it must stop in time and leave no thread behind."""
        watch = Watch(self.load, self.notifier, self.clock)
        thread = threading.Thread(target=watch.run, name="watch")
        thread.start()
        try:
            yield watch
        finally:
            begun = time.monotonic()
            watch.stop()
            thread.join(10)
            assert time.monotonic() - begun < STOPS
            assert not thread.is_alive()


def whole(rig: WatchRig, pbx: AmiStandIn) -> None:
    eventually(lambda: pbx.family() == rig.source.names)


def said(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name.startswith("astsync.watch") and r.levelno >= level]
