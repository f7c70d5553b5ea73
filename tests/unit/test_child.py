"""The process that answers calls for ``watch --serve``: its pulse, its end, another one in its place."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from astsync.lookup import child as module
from astsync.lookup.child import ServingProcess
from tests.eventually import eventually

pytestmark = [pytest.mark.server, pytest.mark.slow]

CHILD = """\
import os, signal, socket, sys, time
note, manner = sys.argv[1:3]
signal.signal(signal.SIGTERM, signal.SIG_IGN if manner == "deaf" else signal.SIG_DFL)
with open(note, "a") as noted:
    noted.write(f"{os.getpid()}\\n")
told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
told.connect("\\0" + os.environ["NOTIFY_SOCKET"][1:])
while manner != "ends":
    if manner != "late":
        told.send(b"READY=1" if manner == "silent" else b"WATCHDOG=1")
        manner = "late" if manner == "silent" else manner
    time.sleep(0.05)
"""


class Nursery:
    """Starts children that behave as wanted, and knows their processes."""

    def __init__(self, folder: Path) -> None:
        self.note = folder / "pids"
        self.note.touch()
        self.pauses: list[float] = []
        self.service: ServingProcess | None = None

    def start(self, manner: str) -> ServingProcess:
        self.service = ServingProcess([], self._wait)
        self.service._command = [sys.executable, "-c", CHILD, str(self.note), manner]
        self.service.start()
        return self.service

    def _wait(self, stopped: threading.Event, seconds: float) -> None:
        self.pauses.append(seconds)
        stopped.wait(0.01)

    @property
    def pids(self) -> list[int]:
        return [int(line) for line in self.note.read_text(encoding="utf-8").split()]


@pytest.fixture
def nursery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nursery]:
    monkeypatch.setattr(module, "_AGAIN", (0.01, 0.04))
    made = Nursery(tmp_path)
    yield made
    if made.service is not None:
        made.service.stop()
        made.service.join(20)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"


def test_a_child_with_a_pulse_stays_and_ends_with_its_service(nursery: Nursery) -> None:
    service = nursery.start("well")
    eventually(lambda: len(nursery.pids) == 1)
    assert service.is_alive(300)
    service.stop()
    assert service.join(20)
    assert is_gone(nursery.pids[0])
    assert not service.is_alive(300)


def test_a_child_that_ends_is_started_again(nursery: Nursery, caplog: pytest.LogCaptureFixture) -> None:
    service = nursery.start("ends")
    eventually(lambda: len(nursery.pids) >= 3)
    assert service.is_alive(300)
    assert "what answers calls has ended (exit code 0): starting it again in 0.0 s" in caplog.messages


@pytest.mark.parametrize(("manner", "bound"), [("silent", "_SILENT"), ("late", "_START")])
def test_a_child_that_is_stuck_is_killed_and_another_begins(
    nursery: Nursery, manner: str, bound: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, bound, 1.0)
    service = nursery.start(manner)
    eventually(lambda: len(nursery.pids) >= 2)
    assert is_gone(nursery.pids[0])
    assert service.is_alive(300)
    assert "what answers calls shows no sign of life: it is killed" in caplog.messages
    assert "what answers calls has ended (signal 9): starting it again in 0.0 s" in caplog.messages


def test_a_child_that_does_not_heed_the_end_is_not_left_behind(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_END", 600.0)
    service = nursery.start("deaf")
    eventually(lambda: len(nursery.pids) == 1)
    os.kill(nursery.pids[0], signal.SIGSTOP)
    service.stop()
    assert not service.join(0.1)
    eventually(lambda: is_gone(nursery.pids[0]))
    assert service.join(20)
