"""The actions of AMI that a client of AstDB uses.

The answers follow exchanges recorded from live Asterisk byte for byte. Where a version answers oddly, ``dialects`` says
so.
"""

import hashlib
import random
import time
from collections.abc import Callable
from typing import Protocol

from astsync.sandbox.ami.config_files import get_config
from astsync.sandbox.ami.console import AsteriskConsole, Printed, without_escapes
from astsync.sandbox.ami.db_actions import DbActions, DbActionsPbx
from astsync.sandbox.ami.dialects import Action
from astsync.sandbox.ami.packets import Headers, Packet, ParseFailure
from astsync.sandbox.ami.replies import done, error, reply, start
from astsync.sandbox.ami.users import AmiUser

# Allowed without a login.
_FREE = frozenset({b"login", b"logoff", b"challenge"})
_LISTS = frozenset({b"dbgettree", b"command"})
_FALSE = frozenset({b"no", b"false", b"n", b"f", b"off"})
_TRUE = frozenset({b"yes", b"true", b"y", b"t", b"on"})
_CLASSES = frozenset(
    b"system call log verbose command agent user config dtmf reporting cdr dialplan originate all".split()
)


class ActionsPbx(DbActionsPbx, Protocol):
    """What the actions need of the PBX."""

    shutting_down: bool
    booted_at: float
    login_delay: float

    def is_taken(self, name: bytes) -> bool:
        """Whether this user may have one session, and has it."""

    def note(self, action: str, headers: Headers) -> None:
        """Count and log an executed action."""

    def user_named(self, name: bytes) -> AmiUser | None:
        """Find an AMI user."""

    def wait(self, seconds: float) -> bool:
        """Sleep. True when the PBX has stopped meanwhile."""

    def broadcast(self, event: bytes) -> None:
        """Send an event to every session that has events on."""


class Actions:
    """Executes the actions of one session.

    ``closing`` is set when the session must end after the answer. ``afterwards``, where set, is to be called once the
    answer is sent.
    """

    def __init__(self, pbx: ActionsPbx) -> None:
        self._pbx = pbx
        self._dialect = pbx.dialect
        self._database = DbActions(pbx, self._denied)
        self._cli = AsteriskConsole(pbx.dialect, pbx.astdb, lambda: pbx.faults)
        self._known = {action.name.lower().encode(): action for action in pbx.dialect.actions}
        self._allowed: dict[bytes, Callable[[Headers], bytes]] = {}
        self._challenge = b""
        self.user: AmiUser | None = None
        self.events = False
        self.closing = False
        self.afterwards: Callable[[], None] | None = None
        self._allow()

    def answer(self, packet: Packet) -> bytes:
        """Execute a packet; the bytes of its answer."""
        headers = packet.headers()
        if packet.failure is not ParseFailure.NONE:
            return error(headers, packet.failure.value)
        name = packet.action(headers)
        if not name:
            return error(headers, "Missing action in request")
        handler = self._allowed.get(name.lower())
        if handler is None or self._pbx.shutting_down:
            return self._refusal(name, headers)
        self._pbx.note(self._known[name.lower()].name, headers)
        answer = handler(headers)
        if name.lower() in _LISTS and self._pbx.faults.lost_entries is not None:
            self._pbx.faults.spent()
            self.closing = True
        return answer

    def _refusal(self, name: bytes, headers: Headers) -> bytes:
        if self._pbx.shutting_down and self._dialect.says_shutting_down:
            return error(headers, "Asterisk is shutting down")
        if self.user is None:
            return error(headers, "Permission denied")
        if name.lower() in self._known:
            return self._denied(name, headers)
        return self._unknown(name, headers)

    def _unknown(self, name: bytes, headers: Headers) -> bytes:
        # 1.8 cuts the name to 79 bytes; every version cuts the text to 511.
        text = b"Invalid/unknown command: %b. Use Action: ListCommands to show available commands."
        return reply(b"Error", headers, (text % (name[:79] if self._dialect.two_denials else name))[:511])

    def _denied(self, name: bytes, headers: Headers) -> bytes:
        second = self._unknown(name, headers) if self._dialect.two_denials else b""
        return error(headers, "Permission denied") + second

    def _allow(self) -> None:
        database = self._database
        handlers = {
            b"login": self._login,
            b"logoff": self._logoff,
            b"challenge": self._send_challenge,
            b"ping": self._ping,
            b"events": self._set_events,
            b"listcommands": self._list_commands,
            b"corestatus": self._core_status,
            b"coresettings": self._core_settings,
            b"command": self._command,
            b"getconfig": get_config,
            b"dbput": database.put,
            b"dbget": database.get,
            b"dbdel": database.delete,
            b"dbdeltree": database.delete_tree,
            b"dbgettree": database.get_tree,
        }
        user = self.user
        if user is None:
            self._allowed = {name: handlers[name] for name in _FREE}
            return
        may = {name for name, action in self._known.items() if user.may(action.rights)}
        self._allowed = {name: handlers.get(name, _not_here) for name in may}

    # The session itself.

    def _send_challenge(self, headers: Headers) -> bytes:
        if headers.get(b"authtype", b"").lower() != b"md5":
            return error(headers, "Must specify AuthType")
        self._challenge = self._challenge or b"%d" % random.randrange(1, 1 << 31)
        return start(b"Success", headers) + b"Challenge: %b\r\n\r\n" % self._challenge

    def _login(self, headers: Headers) -> bytes:
        if self.user is not None:
            return done(headers, "Already authenticated")
        name = headers.get(b"username", b"")
        if self._pbx.is_taken(name):
            return self._sent_away(headers, "Login Already In Use")
        user = self._pbx.user_named(name)
        if user is None or not self._is_genuine(user, headers):
            return self._sent_away(headers, "Authentication failed")
        self.user = user
        self._allow()
        classes = _event_classes(headers.get(b"events", b""))
        self.events = "system" in user.read and (classes is None or b"system" in classes)
        return done(headers, "Authentication accepted") + self._booted()

    def _sent_away(self, headers: Headers, message: str) -> bytes:
        self._pbx.wait(self._pbx.login_delay)
        self.closing = True
        return error(headers, message)

    def _is_genuine(self, user: AmiUser, headers: Headers) -> bool:
        if user.denied:
            return False
        if headers.get(b"authtype", b"").lower() != b"md5":  # the secret itself
            return headers.get(b"secret", b"") == user.secret.encode()
        digest = hashlib.md5(self._challenge + user.secret.encode(), usedforsecurity=False).hexdigest()
        return bool(self._challenge) and headers.get(b"key", b"") == digest.encode()

    def _booted(self) -> bytes:
        times = ""
        if self._dialect.booted_times:
            times = "Uptime: {0}\r\nLastReload: {0}\r\n".format(int(time.time() - self._pbx.booted_at))
        event = f"Event: FullyBooted\r\nPrivilege: system,all\r\n{times}Status: Fully Booted\r\n\r\n".encode()
        if self._dialect.booted_to_all:  # this session gets it with all the others
            self.afterwards = lambda: self._pbx.broadcast(event)
            return b""
        return event if self.events else b""

    def _logoff(self, headers: Headers) -> bytes:
        self.closing = True
        return reply(b"Goodbye", headers, b"Thanks for all the fish.")

    def _ping(self, headers: Headers) -> bytes:
        return start(b"Success", headers) + b"Ping: Pong\r\nTimestamp: %.6f\r\n\r\n" % time.time()

    def _set_events(self, headers: Headers) -> bytes:
        classes = _event_classes(headers.get(b"eventmask", b""))
        if classes is None:
            return error(headers, "Invalid event mask")
        self.events = b"system" in classes and self.user is not None and "system" in self.user.read
        return start(b"Success", headers) + (b"Events: On\r\n\r\n" if classes else b"Events: Off\r\n\r\n")

    def _list_commands(self, headers: Headers) -> bytes:
        user = self.user
        lines = [
            _listed(action) for action in self._known.values() if action.listed and user and user.may(action.rights)
        ]
        return start(b"Success", headers) + "".join((*lines, "\r\n")).encode()

    # The core.

    def _core_status(self, headers: Headers) -> bytes:
        local = time.localtime(self._pbx.booted_at)
        date, clock = time.strftime("%Y-%m-%d", local), time.strftime("%H:%M:%S", local)
        lines = [f"Core{what}Date: {date}\r\nCore{what}Time: {clock}\r\n" for what in ("Startup", "Reload")]
        lines.append("CoreCurrentCalls: 0\r\n")
        if self._dialect.processed_calls:
            lines.append("CoreProcessedCalls: 0\r\n")
        return start(b"Success", headers) + "".join((*lines, "\r\n")).encode()

    def _core_settings(self, headers: Headers) -> bytes:
        lines = [
            f"AMIversion: {self._dialect.ami}",
            f"AsteriskVersion: {self._dialect.asterisk}",
            "SystemName: ",
            "CoreMaxCalls: 0",
            "CoreMaxLoadAvg: 0.000000",
            "CoreRunUser: ",
            "CoreRunGroup: ",
            "CoreMaxFilehandles: 0",
            "CoreRealTimeEnabled: No",
            "CoreCDRenabled: Yes",
            "CoreHTTPenabled: No",
            *(["SoundsSearchCustomDir: No"] if self._dialect.custom_sounds else []),
        ]
        return start(b"Success", headers) + "\r\n".join((*lines, "\r\n")).encode()

    def _command(self, headers: Headers) -> bytes:
        line = headers.get(b"command", b"")
        if not line:
            return error(headers, "No command provided")
        if self._dialect.reload_event and line.split() == [b"module", b"reload"]:
            self.afterwards = lambda: self._pbx.broadcast(
                b"Event: Reload\r\nPrivilege: system,all\r\nModule: All\r\nStatus: 0\r\n\r\n"
            )
        printed = self._cli.run(line)
        return self._output(headers, printed) if self._dialect.output_headers else self._follows(headers, printed)

    def _follows(self, headers: Headers, printed: Printed) -> bytes:
        head = start(b"Follows\r\nPrivilege: Command", headers)
        return head + without_escapes(printed.text) + b"--END COMMAND--\r\n\r\n"

    def _output(self, headers: Headers, printed: Printed) -> bytes:
        text = without_escapes(printed.text)
        # Asterisk looks for the last LF at its place before the escapes were dropped.
        if len(text) == len(printed.text):
            text = text.removesuffix(b"\n")
        lines = b"\r\nOutput: ".join(text.split(b"\n"))
        head = start(b"Success" if printed.success else b"Error", headers)
        return head + b"Message: Command output follows\r\nOutput: %b\r\n\r\n" % lines


def _listed(action: Action) -> str:
    return f"{action.name}: {action.synopsis + ' ' if action.synopsis else ''} (Priv: {action.privileges})\r\n"


def _event_classes(mask: bytes) -> frozenset[bytes] | None:
    """Read an event mask: the wanted classes of events. None: no mask was given."""
    word = mask.lower()
    if not word:
        return None
    if word.isdigit():
        return frozenset({b"system"} if int(word) & 1 else {b"other"} if int(word) else ())
    if word in _FALSE or word in _TRUE:
        return frozenset({b"system"} if word in _TRUE else ())
    classes = frozenset(word.split(b",")) & _CLASSES
    return classes | {b"system"} if b"all" in classes else classes


def _not_here(headers: Headers) -> bytes:
    return error(headers, "The stand-in PBX does not carry out this action")
