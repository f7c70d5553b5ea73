"""``astsync serve`` as a child process of ``astsync watch --serve``.

A sync is work for the processor, and of the threads of one Python process only one works at a time: calls would wait
for it, measured 75 ms at the 99th of 100. So calls are answered in a process of its own. The administrator has one
service all the same: watch starts the child, tells systemd of its pulse, starts it anew when it ends, and ends it.

The child talks to watch as it would to systemd (``watch.systemd``), and ends when watch does: then its standard input
is closed.
"""

import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from astsync.pbx.retry import doubled

log = logging.getLogger(__name__)

OPTION = "--beside-watch"
"""The option by which ``astsync serve`` knows that it is such a child."""

_PULSE = 6.0  # seconds between two pulses at most, as the child is told
_SILENT = 2 * _PULSE  # seconds without a pulse after which a child counts as stuck, and is killed
_START = 60.0  # seconds that a child has until its first pulse: on a busy machine Python begins slowly
_AGAIN = (0.5, 30.0)  # seconds until a child that ended is started again, the longer the more often
_WELL = 60.0  # seconds after which a child counts as well: then the pauses begin anew
_END = 1.0  # seconds that a child has to end
_LISTEN = 0.5  # seconds after which the thread looks whether the child still runs


class ServingProcess:
    """A thread that keeps one child running; it lives like a loop of ``watch``.

    ``arguments`` are those of astsync, without the program. ``wait`` waits for an event, so many seconds at most.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        wait: Callable[[threading.Event, float], object] = lambda event, seconds: event.wait(seconds),
    ) -> None:
        self.name = "calls"
        self._command = [sys.executable, "-m", "astsync", *arguments, "serve", OPTION]
        self._wait = wait
        self._stopped = threading.Event()
        self._alive_until = time.monotonic() + _START
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._live, name=self.name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread and the child to end, from any other thread."""
        self._stopped.set()
        child = self._child
        if child is not None:
            with suppress(ProcessLookupError):
                child.send_signal(signal.SIGTERM)

    def join(self, seconds: float) -> bool:
        """Wait until both have ended; False when they have not after so many seconds. Then the child is killed.

        A child that is left behind would hold the ports, and watch could not be started again.
        """
        self._thread.join(max(seconds, 0))
        child = self._child
        if self._thread.is_alive() and child is not None:
            child.kill()
        return not self._thread.is_alive()

    def is_alive(self, silence: float) -> bool:
        """Whether the thread cares for the child: it kills one without a pulse, and starts another."""
        return self._thread.is_alive() and time.monotonic() <= self._alive_until + min(silence, _SILENT)

    def _live(self) -> None:
        pause = 0.0
        while not self._stopped.is_set():
            begun = time.monotonic()
            try:
                code = self._one_child()
            except OSError as error:
                code = None
                log.warning("calls cannot be answered: %s", error)
            if self._stopped.is_set():
                return
            pause = doubled(0.0 if time.monotonic() - begun > _WELL else pause, *_AGAIN)
            if code is not None:
                log.warning("what answers calls has ended (%s): starting it again in %.1f s", _ending(code), pause)
            self._rest(pause)

    def _rest(self, seconds: float) -> None:
        """Wait, with a pulse: a child that cannot be started is told in the log, and is no reason to end watch."""
        until = time.monotonic() + seconds
        while not self._stopped.is_set() and (left := until - time.monotonic()) > 0:
            self._alive_until = time.monotonic() + _SILENT
            self._wait(self._stopped, min(left, _PULSE))

    def _one_child(self) -> int:
        """Run a child until it ends, and return its exit code. Raises OSError."""
        address = f"\0astsync-{os.getpid()}-{secrets.token_hex(8)}"
        environ = {**os.environ, "NOTIFY_SOCKET": f"@{address[1:]}", "WATCHDOG_USEC": str(int(_PULSE * 1_000_000))}
        environ.pop("WATCHDOG_PID", None)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.bind(address)
            told.settimeout(_LISTEN)
            self._alive_until = time.monotonic() + _START
            with subprocess.Popen(self._command, env=environ, stdin=subprocess.PIPE) as child:
                self._child = child
                try:
                    self._listen(told, child)
                finally:
                    self._child = None
                    _end(child)
            return child.returncode

    def _listen(self, told: socket.socket, child: "subprocess.Popen[bytes]") -> None:
        """Take the child's pulse until it ends, or must end. One that is stuck is killed."""
        while child.poll() is None and not self._stopped.is_set():
            with suppress(TimeoutError):
                words = told.recv(4096)
                if b"WATCHDOG=1" in words or b"READY=1" in words:
                    self._alive_until = time.monotonic() + _SILENT
            if time.monotonic() > self._alive_until:
                log.error("what answers calls shows no sign of life: it is killed")
                child.kill()
                child.wait()


def end_with_parent() -> None:
    """End this process, as by SIGTERM, when its standard input is closed: then watch is gone."""

    def wait() -> None:
        with suppress(OSError, ValueError):
            while sys.stdin.buffer.read(1):
                pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def _end(child: "subprocess.Popen[bytes]") -> None:
    if child.stdin is not None:
        child.stdin.close()
    with suppress(ProcessLookupError):
        child.terminate()
    try:
        child.wait(_END)
    except subprocess.TimeoutExpired:
        child.kill()


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
