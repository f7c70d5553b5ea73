"""A stand-in PBX: the manager interface (AMI) of Asterisk 1.8, 13, 16 or 22 over an AstDB in memory.

For the demo where no Asterisk can be had, and for tests that need faults a real Asterisk will not show on demand.
It listens on loopback, runs in threads of this process and follows recorded exchanges byte for byte.
"""

import contextlib
import re
import select
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from types import TracebackType
from typing import NamedTuple, Self

from astsync.sandbox.ami.astdb_standin import AstDbStandIn
from astsync.sandbox.ami.dialects import DIALECTS
from astsync.sandbox.ami.faults import AmiFaults
from astsync.sandbox.ami.packets import Headers
from astsync.sandbox.ami.session import Session
from astsync.sandbox.ami.users import AmiUser

_WRITES = ("DBPut", "DBDel", "DBDelTree")
_LOG = 100_000
_NO_DIGIT = re.compile(r"[^0-9]+")


class Received(NamedTuple):
    """An action that was executed: its name, and family, key and value where it has them, else ""."""

    action: str
    family: str
    key: str
    value: str


class AmiStandIn:
    """A stand-in PBX, started by ``start()`` or ``with``.

    ``dialect`` is "1.8", "13", "16" or "22"; ``port`` 0 takes a free one. ``login_delay`` is the wait in seconds before
    a login is refused (Asterisk: 1), ``auth_timeout`` how long a connection may stay without login (Asterisk: 30),
    ``write_timeout`` how long a client may leave answers unread before it is dropped (Asterisk: 0.1 by default).

    ``database`` holds values by ``/family/key``; it outlives ``stop`` and ``restart``. ``actions`` counts what was
    executed by the action's name, ``received`` tells the last 100,000 of them. While ``shutting_down`` is true,
    Asterisk 13 and newer answer every action with ``Asterisk is shutting down``, 1.8 refuses connections.

    Raises KeyError for an unknown dialect, OSError from ``start()`` if the port is taken.
    """

    def __init__(
        self,
        dialect: str = "22",
        users: Iterable[AmiUser] = (AmiUser(),),
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        faults: AmiFaults | None = None,
        login_delay: float = 0.05,
        auth_timeout: float = 30.0,
        write_timeout: float = 1.0,
    ) -> None:
        self.dialect = DIALECTS[dialect]
        self.users = tuple(users)
        self.host = host
        self.port = port
        self.faults = faults or AmiFaults()
        self.login_delay = login_delay
        self.auth_timeout = auth_timeout
        self.write_timeout = write_timeout
        self.astdb = AstDbStandIn(self.dialect)
        self.actions: Counter[str] = Counter()
        self.shutting_down = False
        self.booted_at = time.time()
        self._log: deque[tuple[str, Headers]] = deque(maxlen=_LOG)
        self._lock = threading.Lock()
        self._sessions: set[Session] = set()
        self._stopped = threading.Event()
        self._acceptor: threading.Thread | None = None
        self._wake: socket.socket | None = None

    # What it is and holds.

    @property
    def user(self) -> str:
        """The name of the first AMI user."""
        return self.users[0].name

    @property
    def secret(self) -> str:
        """The secret of the first AMI user."""
        return self.users[0].secret

    def secret_of(self, name: str) -> str:
        """Give the secret of one of ``users``."""
        return next(user.secret for user in self.users if user.name == name)

    @property
    def database(self) -> dict[bytes, bytes]:
        """The values by ``/family/key``, as bytes; change it freely."""
        return self.astdb.entries

    def family(self, name: str = "cidname") -> dict[str, str]:
        """Give the values of a family by key; bytes that are no UTF-8 come as surrogates."""
        start = b"/%b/" % name.encode()
        with self.astdb.lock:
            rows = list(self.astdb.entries.items())
        return {_text(key.removeprefix(start)): _text(value) for key, value in rows if key.startswith(start)}

    def fill(self, entries: dict[str, str], family: str = "cidname") -> None:
        """Add entries as if they had been there before."""
        with self.astdb.lock:
            self.astdb.entries.update({f"/{family}/{key}".encode(): value.encode() for key, value in entries.items()})

    def wipe(self) -> None:
        """Drop all entries, as the reboot of a PBX that keeps AstDB in memory does."""
        with self.astdb.lock:
            self.astdb.entries.clear()

    def call(self, number: str, carrier_name: str = "") -> str:
        """Tell what a phone shows for a call from ``number``: the entry's name, else the carrier's.

        That is the guarded dialplan line, which takes the digits of the number and sets the name only when
        ``DB_EXISTS(cidname/DIGITS)``.
        """
        return self.family().get(_NO_DIGIT.sub("", number), carrier_name)

    @property
    def received(self) -> list[Received]:
        """The actions that were executed, in order of arrival."""
        with self._lock:
            log = list(self._log)
        return [
            Received(name, *(_text(headers.get(part, b"")) for part in (b"family", b"key", b"val")))
            for name, headers in log
        ]

    @property
    def writes(self) -> int:
        """How many DBPut, DBDel and DBDelTree were executed."""
        return sum(self.actions[name] for name in _WRITES)

    # Life.

    def start(self) -> None:
        """Listen and serve in the background."""
        listener = socket.create_server((self.host, self.port))
        self.port = listener.getsockname()[1]
        self.booted_at = time.time()
        self._stopped.clear()
        wake, self._wake = socket.socketpair()
        self._acceptor = threading.Thread(target=self._accept, args=(listener, wake), name="ami-acceptor", daemon=True)
        self._acceptor.start()

    def stop(self, *, cleanly: bool = True, restart: bool = False) -> None:
        """End: no connection is taken any more, sessions with events on get ``Shutdown`` (if ``cleanly``), then EOF."""
        if self._acceptor is None or self._wake is None:
            return
        self._stopped.set()
        self._wake.close()
        self._acceptor.join()
        self._acceptor = None
        if cleanly:
            self.broadcast(
                f"Event: Shutdown\r\nPrivilege: system,all\r\nShutdown: Cleanly\r\nRestart: {restart}\r\n\r\n".encode()
            )
        self.disconnect()

    def disconnect(self) -> None:
        """End all connections now; new ones are taken."""
        sessions = self._current()
        for session in sessions:
            session.cut()
        for session in sessions:
            session.thread.join()

    def kill(self) -> None:
        """End as a power cut does: EOF, no event."""
        self.stop(cleanly=False)

    def restart(self, *, wipe: bool = False, down: float = 0.0) -> None:
        """Stop and start on the same port, after ``down`` seconds; ``wipe`` loses AstDB meanwhile."""
        self.stop(restart=True)
        if wipe:
            self.wipe()
        time.sleep(down)
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # For sessions.

    def note(self, action: str, headers: Headers) -> None:
        """Count and keep an action that is executed."""
        with self._lock:
            self.actions[action] += 1
            self._log.append((action, headers))

    def puts(self) -> int:
        """Tell how many DBPuts were executed."""
        return self.actions["DBPut"]

    def user_named(self, name: bytes) -> AmiUser | None:
        """Find an AMI user; Asterisk does not mind the case."""
        return next((user for user in self.users if user.name.lower().encode() == name.lower()), None)

    def wait(self, seconds: float) -> bool:
        """Sleep; True at once when the PBX stops meanwhile."""
        return self._stopped.wait(seconds)

    def broadcast(self, event: bytes) -> None:
        """Send an event to every session that has events on."""
        for session in self._current():
            session.event(event)

    def _current(self) -> list[Session]:
        with self._lock:
            self._sessions = {session for session in self._sessions if session.thread.is_alive()}
            return list(self._sessions)

    def _accept(self, listener: socket.socket, wake: socket.socket) -> None:
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        poll.register(wake, select.POLLIN)
        with listener, wake:
            while not self._stopped.is_set():
                if (listener.fileno(), select.POLLIN) in poll.poll():
                    with contextlib.suppress(OSError):  # the client left before it was taken
                        self._take(listener.accept()[0])

    def _take(self, connection: socket.socket) -> None:
        if self._stopped.is_set() or (self.shutting_down and not self.dialect.says_shutting_down):
            connection.close()
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = Session(self, connection)
        session.thread.start()
        with self._lock:
            self._sessions = {other for other in self._sessions if other.thread.is_alive()} | {session}


def _text(value: bytes) -> str:
    return value.decode(errors="surrogateescape")
