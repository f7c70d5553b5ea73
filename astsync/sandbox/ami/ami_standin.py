"""A stand-in PBX: the manager interface (AMI) of Asterisk 1.8, 13, 16 or 22 over an AstDB in memory.

It serves the demo on machines without Asterisk, and tests that need faults which a real Asterisk does not show on
demand. It listens on loopback, runs in threads of this process, and follows recorded exchanges byte for byte.
"""

import contextlib
import re
import select
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
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
    """An executed action: its name, and its family, key and value; "" for one that it does not have."""

    action: str
    family: str
    key: str
    value: str


class AmiStandIn:
    """A stand-in PBX. ``start()`` or ``with`` starts it.

    ``dialect`` is "1.8", "13", "16" or "22". ``port`` 0 takes a free port. Three times are in seconds: ``login_delay``
    passes before a login is refused (Asterisk: 1). ``auth_timeout`` ends a connection without login (Asterisk: 30).
    ``write_timeout`` ends a connection whose client does not read its answers (Asterisk: 0.1 by default).
    ``one_session`` is ``allowmultiplelogin = no`` of manager.conf; ``broken_off`` are users with a session that broke
    off, which Asterisk still counts.

    ``database`` holds the values by ``/family/key``; ``stop`` and ``restart`` keep it. ``actions`` counts the executed
    actions by name, ``received`` lists the last 100,000 of them. While ``shutting_down`` is true, Asterisk 13 and newer
    answer every action with ``Asterisk is shutting down``; 1.8 refuses connections.

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
        one_session: bool = False,
    ) -> None:
        self.dialect = DIALECTS[dialect]
        self.users = tuple(users)
        self.host = host
        self.port = port
        self.faults = faults or AmiFaults()
        self.login_delay = login_delay
        self.auth_timeout = auth_timeout
        self.write_timeout = write_timeout
        self.one_session = one_session
        self.broken_off: frozenset[str] = frozenset()
        self.astdb = AstDbStandIn(self.dialect)
        self.actions: Counter[str] = Counter()
        self.shutting_down = False
        self.booted_at = 0.0
        self._log: deque[tuple[str, Headers]] = deque(maxlen=_LOG)
        self._lock = threading.Lock()
        self._sessions: set[Session] = set()
        self._stopped = threading.Event()
        self._acceptor: threading.Thread | None = None
        self._wake: socket.socket | None = None

    # Its users and entries.

    @property
    def user(self) -> str:
        """The name of the first AMI user."""
        return self.users[0].name

    @property
    def secret(self) -> str:
        """The secret of the first AMI user."""
        return self.users[0].secret

    def secret_of(self, name: str) -> str:
        """The secret of one of ``users``."""
        return next(user.secret for user in self.users if user.name == name)

    @property
    def database(self) -> dict[bytes, bytes]:
        """The values by ``/family/key``, as bytes. The caller may change them."""
        return self.astdb.entries

    def family(self, name: str = "cidname") -> dict[str, str]:
        """The values of a family by key. Bytes that are not UTF-8 become surrogates."""
        start = b"/%b/" % name.encode()
        with self.astdb.lock:
            rows = list(self.astdb.entries.items())
        return {_text(key.removeprefix(start)): _text(value) for key, value in rows if key.startswith(start)}

    def fill(self, entries: dict[str, str], family: str = "cidname") -> None:
        """Add entries without an action: they count as no write."""
        with self.astdb.lock:
            self.astdb.entries.update({f"/{family}/{key}".encode(): value.encode() for key, value in entries.items()})

    def wipe(self) -> None:
        """Remove all entries, as a reboot does on a PBX that keeps AstDB in memory (Askozia)."""
        with self.astdb.lock:
            self.astdb.entries.clear()

    def call(self, number: str, carrier_name: str = "") -> str:
        """The name that a phone shows for a call from ``number``: that of the entry, else the carrier's.

        It does what the dialplan line of the pages does: that takes the digits of the number, and sets the name only
        when ``DB_EXISTS(cidname/DIGITS)``.
        """
        return self.family().get(_NO_DIGIT.sub("", number), carrier_name)

    @property
    def received(self) -> list[Received]:
        """The executed actions in the order of their arrival."""
        with self._lock:
            log = list(self._log)
        return [
            Received(name, *(_text(headers.get(part, b"")) for part in (b"family", b"key", b"val")))
            for name, headers in log
        ]

    @property
    def writes(self) -> int:
        """The number of executed DBPut, DBDel and DBDelTree."""
        return sum(self.actions[name] for name in _WRITES)

    # Start and end.

    def start(self) -> None:
        """Listen and serve in the background."""
        listener = socket.create_server((self.host, self.port))
        self.port = listener.getsockname()[1]
        # Asterisk tells whole seconds, and a real one takes longer than that to start again.
        self.booted_at = max(time.time(), self.booted_at + 1)
        self._stopped.clear()
        wake, self._wake = socket.socketpair()
        self._acceptor = threading.Thread(target=self._accept, args=(listener, wake), name="ami-acceptor", daemon=True)
        self._acceptor.start()

    def stop(self, *, cleanly: bool = True, restart: bool = False) -> None:
        """Accept no more connections and end all sessions; with ``cleanly`` send ``Shutdown`` where events are on."""
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
        """End all connections now. New ones are accepted."""
        sessions = self._current()
        for session in sessions:
            session.cut()
        for session in sessions:
            session.thread.join()

    def kill(self) -> None:
        """End as after a power cut: clients get EOF and no event."""
        self.stop(cleanly=False)

    def restart(self, *, wipe: bool = False, down: float = 0.0) -> None:
        """Stop, wait ``down`` seconds, start on the same port. With ``wipe`` all entries are lost."""
        self.stop(restart=True)
        if wipe:
            self.wipe()
        time.sleep(down)
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # What sessions call.

    def note(self, action: str, headers: Headers) -> None:
        """Count and log an executed action."""
        with self._lock:
            self.actions[action] += 1
            self._log.append((action, headers))

    def user_named(self, name: bytes) -> AmiUser | None:
        """Find an AMI user; Asterisk ignores the case of the name."""
        return next((user for user in self.users if user.name.lower().encode() == name.lower()), None)

    def is_taken(self, name: bytes) -> bool:
        """Whether this user may have one session, and has it. Asterisk ignores the case of the name."""
        wanted = name.decode(errors="replace").lower()
        users = {session.user.lower() for session in self._current()} | {user.lower() for user in self.broken_off}
        return self.one_session and wanted in users - {""}

    def wait(self, seconds: float) -> bool:
        """Sleep. Returns True at once when the PBX stops."""
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
                    with contextlib.suppress(OSError):  # the client left before its connection was accepted
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
