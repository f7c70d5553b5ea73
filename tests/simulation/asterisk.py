"""An Asterisk in memory, as AMI shows it: its families, its disk, its sessions, and what it does when it is stopped."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from astsync.config import PbxConfig
from astsync.errors import PbxUnreachable
from tests.simulation.tasks import Died, Here, Waiting, wake

if TYPE_CHECKING:
    from tests.simulation.tasks import Process
    from tests.simulation.world import World

COMMITS_AFTER = 1.0
"""Seconds from a first change to its commit (main/db.c, db_sync_thread)."""
FULLY_BOOTED = b"Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n"
WRITES = ("DBPut", "DBDel")
_HEADER = re.compile(rb"(\w+): ?([^\r\n]*)")

Family = dict[str, str]


@dataclass
class Action:
    """An action as a session got it; ``run`` is the run that sent it, 0 where none did."""

    name: str
    headers: dict[str, str]
    run: int = 0

    @property
    def key(self) -> str:
        """The key that it writes, or ""."""
        return self.headers.get("Key", "")

    def __str__(self) -> str:
        return " ".join(filter(None, (self.name, *(self.headers.get(h, "") for h in ("Family", "Key", "Val")))))


@dataclass
class Ailments:
    """What an Asterisk suffers from until it is well again."""

    refused: dict[str, int] = field(default_factory=dict)
    """How often a key is refused, by key."""
    read_only: bool = False
    disk_is_full: bool = False
    holes: int = 0
    """How many lists come with entries missing."""
    down_until: float = 0.0


class Asterisk:
    """One PBX."""

    def __init__(self, world: World, name: str, random: Random) -> None:
        self.name = name
        self.families: dict[str, Family] = {}
        self.ail = Ailments()
        self.sessions: list[Session] = []
        self.forgets = False  # keeps AstDB in memory only
        self.pace = 0.001  # seconds that an action takes
        self.world = world
        self.random = random
        self._disk: dict[str, Family] = {}
        self._dirty_since: float | None = None
        self._starts = 1
        self._booted_at = 0.0
        self._restores = False
        self.shown: Family | None = None  # the last list, None where it had holes
        self.shown_value: str | None = None  # the last value that was asked for alone

    # The family, for astsync and everybody else.

    def held(self, family: str) -> Family:
        """The entries of a family."""
        return self.families.setdefault(family, {})

    def put(self, family: str, key: str, value: str) -> None:
        """Write an entry."""
        self.commit()
        self._touch()
        self.held(family)[key] = value

    def delete(self, family: str, key: str) -> bool:
        """Delete an entry; False where there is none."""
        self.commit()
        if key not in self.held(family):
            return False
        self._touch()
        del self.families[family][key]
        return True

    def _touch(self) -> None:
        if self._dirty_since is None:
            self._dirty_since = Here.hub.now

    def commit(self, *, at_once: bool = False) -> None:
        """Write to the disk what is due; what a full disk does not take is gone."""
        if self._dirty_since is None or (not at_once and Here.hub.now < self._dirty_since + COMMITS_AFTER):
            return
        self._dirty_since = None
        if self.ail.disk_is_full:
            self.ail.disk_is_full = False
            self.families = _copy(self._disk)
            self.world.tell("the disk of %s is full: its last second is lost", self.name)
        else:
            self._disk = _copy(self.families)

    # Its life.

    @property
    def is_up(self) -> bool:
        """Whether it takes connections."""
        return Here.hub.now >= self.ail.down_until

    def stop(self, seconds: float, how: str) -> None:
        """Stop it for so many seconds: "restart" in order, "kill" it, or "reboot" what it stands on."""
        self.commit(at_once=how == "restart")
        for session in [*self.sessions]:
            if how == "restart":
                session.deliver(b"Event: Shutdown\r\nPrivilege: system,all\r\nShutdown: Cleanly\r\n\r\n")
            session.cut(stays=False)
        if how == "reboot" or (how == "kill" and self.forgets):
            self._disk = {}
        self.families, self._dirty_since = _copy(self._disk), None
        self._starts += 1
        self.ail.down_until = Here.hub.now + seconds
        self._booted_at = self.ail.down_until + self.random.choice([0.0, 0.0, 2.0, 8.0])
        self._restores = how == "reboot" and self.random.random() < 0.3
        if self._restores:
            Here.hub.after(self._booted_at - Here.hub.now, self._restore_its_own)

    def _restore_its_own(self) -> None:
        """Do what some PBXs do at the end of their start: write to AstDB what they keep elsewhere."""
        if self._restores:
            self._restores = False
            self.world.somebody(self, self.random.choice(self.world.keys))

    def say_booted(self, session: Session) -> None:
        """Say to a session that the start has ended, as soon as it has."""
        Here.hub.after(max(self._booted_at - Here.hub.now, 0.0), lambda: session.deliver(FULLY_BOOTED))

    def recover(self) -> None:
        """Be well again: nothing of what was done to it goes on."""
        for session in [*self.sessions]:
            session.settle()
        self.ail, self._restores = Ailments(), False

    @property
    def started(self) -> str:
        """When it was started, in its own words."""
        return f"{self._starts:02}:00:00"

    # AMI.

    def connect(self, config: PbxConfig, process: Process) -> Session:
        """Take a connection. Raises PbxUnreachable."""
        session = Session(self, process)
        self.world.oracle.connects(process, self.name)
        self.world.point("connect", session)
        if not self.is_up:
            raise PbxUnreachable(f"{config.name}: no connection: it is down")
        self.sessions.append(session)
        process.at_end.append(session.client_is_gone)
        return session

    def answer(self, action: Action) -> bytes:
        """Do an action and give its answer."""
        known = _ACTIONS.get(action.name)
        headers = known(self, action) if known is not None else "Error\r\nMessage: Invalid/unknown command"
        identity = action.headers.get("ActionID")
        line = "" if identity is None else f"\r\nActionID: {identity}"
        first, _, rest = headers.partition("\r\n")
        text = f"Response: {first}{line}\r\n{rest}"
        more = _MORE.get(action.name)
        tail = more(self, action, line) if more is not None else ""
        return f"{text.rstrip()}\r\n\r\n{tail}".encode()

    def _tree(self, action: Action, line: str) -> str:
        family = action.headers["Family"]
        self.commit()
        held = self.held(family)
        given = [*held.items()]
        self.shown = dict(held)
        if self.ail.holes and given:
            self.ail.holes -= 1
            self.shown = None
            given.remove(self.random.choice(given))
            self.world.tell("%s leaves out entries of its list", self.name)
        entries = [f"Event: DBGetTreeResponse\r\nKey: /{family}/{k}\r\nVal: {v}{line}\r\n\r\n" for k, v in given]
        end = f"Event: DBGetTreeComplete{line}\r\nEventList: Complete\r\nListItems: {len(held)}\r\n\r\n"
        return "".join(entries) + end

    def _entry(self, action: Action, line: str) -> str:
        family, value = action.headers["Family"], self.shown_value
        if value is None:
            return ""
        entry = f"Event: DBGetResponse\r\nFamily: {family}\r\nKey: {action.key}\r\nVal: {value}{line}\r\n\r\n"
        return f"{entry}Event: DBGetComplete{line}\r\nEventList: Complete\r\nListItems: 1\r\n\r\n"

    def _get(self, action: Action) -> str:
        self.commit()
        self.shown_value = self.held(action.headers["Family"]).get(action.key)
        if self.shown_value is not None:
            return "Success\r\nEventList: start\r\nMessage: Result will follow"
        return "Error\r\nMessage: Database entry not found"

    def _write(self, action: Action) -> str:
        if self.ail.read_only:
            return "Error\r\nMessage: Permission denied"
        key = action.key
        if self.ail.refused.get(key, 0) > 0:
            self.ail.refused[key] -= 1
            return "Error\r\nMessage: Failed to update entry"
        family = action.headers["Family"]
        if action.name == "DBPut":
            self.put(family, key, action.headers.get("Val", ""))
            return "Success\r\nMessage: Updated database successfully"
        if self.delete(family, key):
            return "Success\r\nMessage: Key deleted successfully"
        return "Error\r\nMessage: Database entry not found"


def _copy(families: dict[str, Family]) -> dict[str, Family]:
    return {name: dict(family) for name, family in families.items()}


def _listed(asterisk: Asterisk) -> list[str]:
    """What the AMI user may do, as ListCommands says it."""
    names = ["DBGet", "DBGetTree", *(() if asterisk.ail.read_only else WRITES)]
    return [f"{name}: Something about {name}.  (Priv: system,all)" for name in names]


_ACTIONS: dict[str, Callable[[Asterisk, Action], str]] = {
    "Challenge": lambda *_: "Success\r\nChallenge: 1",
    "Login": lambda *_: "Success\r\nMessage: Authentication accepted",
    "Logoff": lambda *_: "Goodbye\r\nMessage: Thanks for all the fish.",
    "CoreStatus": lambda asterisk, _: (
        f"Success\r\nCoreStartupDate: 2026-01-01\r\nCoreStartupTime: {asterisk.started}\r\nCoreCurrentCalls: 0"
    ),
    "Ping": lambda *_: "Success\r\nPing: Pong\r\nTimestamp: 1.0",
    "ListCommands": lambda asterisk, _: "\r\n".join(("Success", *_listed(asterisk))),
    "DBGetTree": lambda *_: "Success\r\nEventList: start\r\nMessage: Result will follow",
    "DBGet": Asterisk._get,
    "DBPut": Asterisk._write,
    "DBDel": Asterisk._write,
}
_MORE: dict[str, Callable[[Asterisk, Action, str], str]] = {"DBGetTree": Asterisk._tree, "DBGet": Asterisk._entry}
"""What comes after an answer."""


class Session:
    """One connection to AMI: both its ends, and what lies between them.

    An action that was sent lies in ``_inbox`` until Asterisk does it. Where the connection is cut it may still do them,
    and its answers are lost.
    """

    def __init__(self, asterisk: Asterisk, process: Process) -> None:
        self.asterisk = asterisk
        self.process = process
        self.hangs = False
        self.is_open = True  # as the client sees it
        self._inbox: deque[Action] = deque()
        self._busy = False
        self._broken = False
        self._outbox: deque[bytes] = deque()
        self._receivers: Waiting = []
        self.answer = b""  # what Asterisk is about to answer

    # The client's end: a Wire.

    def send(self, data: bytes, _: float) -> None:
        """Take actions. Raises OSError."""
        if self.process.dead:
            raise Died
        world = self.asterisk.world
        for packet in data.split(b"\r\n\r\n"):
            if not packet:
                continue
            headers = {name.decode(): value.decode() for name, value in _HEADER.findall(packet)}
            action = Action(headers.pop("Action"), headers)
            world.point("send", self, action)
            if not self.is_open:
                raise BrokenPipeError(32, "Broken pipe")
            if action.name in WRITES:
                world.oracle.sends(self, action)
            self._inbox.append(action)
        self._go_on()

    def receive(self, _gather: float = 0.0) -> bytes:
        """Wait for bytes. Raises OSError."""
        while not self._outbox and self.is_open:
            Here.hub.wait(None, self._receivers)
        if self._outbox:
            return self._outbox.popleft()
        if self._broken:
            raise ConnectionResetError(104, "Connection reset by peer")
        return b""

    def end(self) -> None:
        """End the stream."""
        self.client_is_gone()

    def close(self) -> None:
        """Close the socket."""
        self.client_is_gone()

    # Between them.

    def deliver(self, data: bytes) -> None:
        """Bring bytes to the client."""
        if self.is_open:
            self._outbox.append(data)
            if self._receivers:
                wake(self._receivers)

    def client_is_gone(self) -> None:
        """The client closed its end, or died. What it had sent is there."""
        if self.is_open:
            self.cut(stays=True, broken=False)

    def cut(self, *, stays: bool, broken: bool = True) -> None:
        """Cut the connection; ``stays``: what was sent stays with Asterisk, which does it."""
        self.is_open, self._broken = False, broken
        wake(self._receivers)
        if not stays:
            self._inbox.clear()
        if not self._inbox and not self._busy:
            self._forget()

    def _forget(self) -> None:
        if self in self.asterisk.sessions:
            self.asterisk.sessions.remove(self)

    # Asterisk's end.

    def _go_on(self) -> None:
        if self._inbox and not self._busy and not self.hangs:
            self._busy = True
            asterisk = self.asterisk
            Here.hub.after(asterisk.pace * (0.5 + asterisk.random.random()), self._step)

    def _step(self) -> None:
        """Do the next action; things may happen before it is done and before it is answered."""
        self._busy = False
        if not self._inbox:
            return self._forget() if not self.is_open else None
        world = self.asterisk.world
        world.point("arrive", self, self._inbox[0])
        if self.hangs or not self._inbox:
            return None
        action = self._inbox.popleft()
        self._do(action)
        if not self._inbox and not self.is_open:
            self._forget()
        self._go_on()
        return None

    def _do(self, action: Action) -> None:
        world = self.asterisk.world
        before = self.asterisk.held(action.headers["Family"]).get(action.key) if action.name in WRITES else None
        answer = self.asterisk.answer(action)
        if action.name in WRITES:
            world.oracle.done(self, action, before, answer)
        elif action.name == "DBGet":
            world.oracle.gets(self, action.headers["Family"], action.key, self.asterisk.shown_value)
        reading, self.answer = self.asterisk.shown if action.name == "DBGetTree" else None, answer
        world.point("done", self, action)
        if not self.is_open or self.hangs:
            return
        self.deliver(answer)
        self.answer = b""
        if action.name == "Logoff" or (action.name == "DBGetTree" and reading is None):
            self.cut(stays=False, broken=False)  # a list gets holes where a write failed, which ends the session
        self._answered(action, answer, reading)
        world.point("answered", self, action)

    def _answered(self, action: Action, answer: bytes, reading: Family | None) -> None:
        world = self.asterisk.world
        if reading is not None:
            world.oracle.reads(self, action.headers["Family"], reading)
        elif action.name == "Ping":
            world.oracle.believes(self.process, self.asterisk.name)
        elif action.name in WRITES:
            world.oracle.answers(self, action, answer)
        elif action.name == "Login" and action.headers.get("Events") != "off":
            self.asterisk.say_booted(self)

    def hang(self, seconds: float) -> None:
        """Do nothing for so long, and then what was sent by then."""
        self.hangs = True
        Here.hub.after(seconds, self._resume)

    def _resume(self) -> None:
        self.hangs = False
        self._go_on()

    def settle(self) -> None:
        """Come to an end with what hangs: what was sent is done now, or never."""
        if self.hangs or not self.is_open:
            self.hangs = False
            if self.asterisk.random.random() < 0.5:
                self._inbox.clear()
            while self._inbox:
                action = self._inbox.popleft()
                if action.name in WRITES:
                    before = self.asterisk.held(action.headers["Family"]).get(action.key)
                    answer = self.asterisk.answer(action)
                    self.asterisk.world.oracle.done(self, action, before, answer)
            if self.is_open:
                self.cut(stays=False)
            self._forget()
