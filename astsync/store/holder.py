"""Who holds the lock of a store, and what it is doing: a note in a file beside the lock, for those who must wait.

The note is worth no more than a word: the lock is the system's. So whatever stands in the file, or does not, changes no
more than a message, and that it cannot be written ends no run.
"""

import json
import os
import socket
import stat
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from astsync.language import joined, say
from astsync.phonebook.model import PBX_ACTIONS, progress_words
from astsync.text import printable, span

_LARGEST = 4_096  # bytes of a note; what is larger is none of ours
_LONGEST = 200  # characters of a word in it
_EVERY = 1.0  # seconds between two notes of one stage
_STILL = 60.0  # seconds without progress that are worth telling
_MOST = 2**63  # what a note may count
_LAST_TIME = 2**36  # seconds since 1970 that datetime knows in every time zone


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a lock. Times are in seconds since 1970.

    ``short``: it holds the lock for moments only, so that others wait for it.
    ``elsewhere``: it runs on another machine or in another container that shares the folder. ``doing`` is what it is
    doing, None for a lock that is held whatever its process does; ``moved`` is when that last changed.
    """

    pid: int
    command: str
    began: float
    moved: float
    doing: str | None
    elsewhere: str
    short: bool = False

    def who(self, known: str = "") -> str:
        """The process, in brackets; with its command, unless what is ``known`` of it ends with that."""
        process = say("process {pid}", pid=str(self.pid))
        if self.elsewhere:
            process = say("process {pid} on {machine}", pid=str(self.pid), machine=self.elsewhere)
        if known.endswith(self.command):
            return say(" ({process})", process=process)
        return say(" ({process}, `{command}`)", process=process, command=self.command)

    def since(self) -> str:
        """Since when, and what it is doing."""
        now = time.time()
        words = say(" since {moment} ({age})", moment=_moment(self.began), age=span(now - self.began))
        if self.doing is None:
            return words
        words = say("{since}: it {doing}", since=words, doing=self.doing)
        if now - self.moved <= _STILL:
            return words
        return joined(", ", (words, say("without progress for {span}", span=span(now - self.moved))))


class HolderNote:
    """The note of the process that holds the lock of the store at ``path``. ``note`` is a ``Progress``."""

    def __init__(self, path: Path, command: str, *, short: bool = False) -> None:
        self._file = _file(path)
        pid = os.getpid()
        self._facts: dict[str, Any] = {
            "pid": pid,
            "born": _born(pid),
            "host": socket.gethostname(),
            "command": command,
            "began": time.time(),
            "short": short,
        }
        self._stages: set[str] = set()
        self._written = 0.0
        self._busy = threading.Lock()

    def begin(self) -> None:
        """Write the note of a holder that does nothing of which it tells."""
        self._write({})

    def note(self, stage: str, done: int, total: int | None) -> None:
        """Note what the holder is doing; a stage that was noted before once a second at most.

        Threads may call it at the same time. Then one of them notes.
        """
        if stage in self._stages and time.monotonic() - self._written < _EVERY:
            return
        if not self._busy.acquire(blocking=False):
            return
        try:
            self._stages.add(stage)
            self._written = time.monotonic()
            self._write({"stage": stage, "done": done, "total": total, "moved": time.time()})
        finally:
            self._busy.release()

    def remove(self) -> None:
        """Remove the note."""
        with suppress(OSError):
            self._file.unlink()

    def _write(self, doing: Mapping[str, Any]) -> None:
        """Replace the note in one step. It need not outlive a crash of the machine, so the disk is not waited for."""
        draft = self._file.with_name(f"{self._file.name}.new")
        with suppress(OSError):
            draft.unlink(missing_ok=True)  # a killed run may have left one, or another user a link
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            with os.fdopen(os.open(draft, flags, 0o600), "wb") as stream:
                stream.write(json.dumps({**self._facts, **doing}).encode("ascii"))
            draft.replace(self._file)


def holder_of(path: Path) -> Holder | None:
    """Who holds the lock of the store at ``path``, as far as the note tells, and its process still runs.

    Ask it when the lock is known to be held: a process of another machine is believed.
    """
    facts = _read(_file(path))
    pid, command, began = facts.get("pid"), facts.get("command"), _time(facts.get("began"))
    if type(pid) is not int or not 0 < pid < 2**31 or not isinstance(command, str) or began is None:
        return None
    host = facts.get("host")
    elsewhere = _short(host) if isinstance(host, str) and host != socket.gethostname() else ""
    if not elsewhere and not _runs(pid, facts.get("born")):
        return None
    moved = _time(facts.get("moved")) or began
    return Holder(pid, _short(command), began, moved, _doing(facts), elsewhere, short=facts.get("short") is True)


def running(path: Path) -> Holder | None:
    """The run that is under way over the store at ``path``; None where none is known to be."""
    holder = holder_of(path)
    return None if holder is None or holder.elsewhere else holder


def _doing(facts: Mapping[str, Any]) -> str | None:
    stage, done, total = facts.get("stage"), _count(facts.get("done")), _count(facts.get("total"))
    if not isinstance(stage, str) or done is None:
        return None
    if not stage:
        return say("waits for a first answer")
    words = progress_words(stage[:_LONGEST], done, total)
    if stage.rpartition(": ")[2] in PBX_ACTIONS:
        return say("is at {stage}", stage=words)
    return say("is reading the source: {stage}", stage=words)


def _read(file: Path) -> dict[str, Any]:
    """The note, empty where there is none that makes sense."""
    try:
        # A link is not followed, and a pipe that somebody put there is not waited for.
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                return {}
            data = stream.read(_LARGEST + 1)
        found = json.loads(data) if len(data) <= _LARGEST else None
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _runs(pid: int, born: object) -> bool:
    """Whether the process of the note runs. The system may have given its number to another one since."""
    now = _born(pid)
    if now and born:
        return now == born
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _born(pid: int) -> str:
    """When a process was started, in ticks since the machine was (proc(5), the field starttime); "" where unknown."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19].decode("ascii")
    except (OSError, IndexError, UnicodeDecodeError):
        return ""


def _count(value: object) -> int | None:
    """A count of the note, None for what is none."""
    return value if type(value) is int and 0 <= value < _MOST else None


def _time(value: object) -> float | None:
    """A time of the note, None for what is none."""
    return float(value) if isinstance(value, int | float) and 0 <= value <= _LAST_TIME else None


def _moment(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds).astimezone()
    return f"{moment:%H:%M}" if moment.date() == datetime.now().astimezone().date() else f"{moment:%Y-%m-%d %H:%M}"


def _short(text: str) -> str:
    return printable(text[:_LONGEST])


def _file(path: Path) -> Path:
    return path.with_name(f"{path.name}.pid")
