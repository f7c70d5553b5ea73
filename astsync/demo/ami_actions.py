"""The actions of AMI that a client of AstDB uses, answered byte for byte as Asterisk does."""

import hashlib
import random
import time
from collections.abc import Callable
from typing import Protocol

from astsync.demo.ami_cli import CommandLine, Printed, without_escapes
from astsync.demo.ami_database import AstDb, Rows
from astsync.demo.ami_dialects import Action, Dialect
from astsync.demo.ami_faults import Faults
from astsync.demo.ami_packets import Fault, Headers, Packet
from astsync.demo.ami_users import AmiUser

_FREE = frozenset({b"login", b"logoff", b"challenge"})
_ID_TEXT = 255
"""Bytes of ``ActionID: …`` and its CR LF that Asterisk keeps for events; a longer one loses its line end."""
_FALSE = frozenset({b"no", b"false", b"n", b"f", b"0", b"off"})
_TRUE = frozenset({b"yes", b"true", b"y", b"t", b"1", b"on"})


class Pbx(Protocol):
    """What actions need of the PBX."""

    dialect: Dialect
    faults: Faults
    astdb: AstDb
    shutting_down: bool
    booted_at: float

    def note(self, action: str, headers: Headers) -> None:
        """Count an action that is executed."""

    def user_named(self, name: bytes) -> AmiUser | None:
        """Find an AMI user."""

    def wait(self, seconds: float) -> bool:
        """Sleep; True when the PBX stopped meanwhile."""

    def broadcast(self, event: bytes) -> None:
        """Send an event to every session that has events on."""

    def puts(self) -> int:
        """Tell how many DBPuts were executed."""

    login_delay: float


class Actions:
    """One session's actions: ``answer`` gives the bytes for a packet and sets ``closing`` when the session ends."""

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self._dialect = pbx.dialect
        self._db = pbx.astdb
        self._cli = CommandLine(pbx.dialect, pbx.astdb, lambda: pbx.faults.half_list)
        self._known = {action.name.lower().encode(): action for action in pbx.dialect.actions}
        self._allowed: dict[bytes, Callable[[Headers], bytes]] = {}
        self._challenge = b""
        self.user: AmiUser | None = None
        self.events = False
        self.closing = False
        self.afterwards: Callable[[], None] | None = None
        self._allow()

    def answer(self, packet: Packet) -> bytes:
        """Execute a message and give its answer."""
        headers = packet.headers()
        if packet.fault is not Fault.NONE:
            return error(headers, packet.fault.value)
        name = packet.action(headers)
        if not name:
            return error(headers, "Missing action in request")
        handler = self._allowed.get(name.lower())
        if handler is None or self._pbx.shutting_down:
            return self._refusal(name, headers)
        self._pbx.note(self._known[name.lower()].name, headers)
        return handler(headers)

    def _refusal(self, name: bytes, headers: Headers) -> bytes:
        if self._pbx.shutting_down and self._dialect.says_shutting_down:
            return error(headers, "Asterisk is shutting down")
        if self.user is None:
            return error(headers, "Permission denied")
        if name.lower() in self._known:
            return self._denied(name, headers)
        return self._unknown(name, headers)

    def _unknown(self, name: bytes, headers: Headers) -> bytes:
        text = b"Invalid/unknown command: %b. Use Action: ListCommands to show available commands."
        return _reply(b"Error", headers, (text % (name[:79] if self._dialect.two_denials else name))[:511])

    def _denied(self, name: bytes, headers: Headers) -> bytes:
        second = self._unknown(name, headers) if self._dialect.two_denials else b""
        return error(headers, "Permission denied") + second

    def _allow(self) -> None:
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
            b"dbput": self._db_put,
            b"dbget": self._db_get,
            b"dbdel": self._db_del,
            b"dbdeltree": self._db_del_tree,
            b"dbgettree": self._db_get_tree,
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
        return _start(b"Success", headers) + b"Challenge: %b\r\n\r\n" % self._challenge

    def _login(self, headers: Headers) -> bytes:
        if self.user is not None:
            return done(headers, "Already authenticated")
        user = self._pbx.user_named(headers.get(b"username", b""))
        if user is None or not self._is_genuine(user, headers):
            self._pbx.wait(self._pbx.login_delay)
            self.closing = True
            return error(headers, "Authentication failed")
        self.user = user
        self._allow()
        self.events = "system" in user.read and _events_on(headers.get(b"events", b"")) is not False
        return done(headers, "Authentication accepted") + self._booted()

    def _is_genuine(self, user: AmiUser, headers: Headers) -> bool:
        if user.denied:
            return False
        if headers.get(b"authtype", b"").lower() != b"md5":
            return headers.get(b"secret", b"") == user.secret.encode()
        digest = hashlib.md5(self._challenge + user.secret.encode(), usedforsecurity=False).hexdigest()
        return bool(self._challenge) and headers.get(b"key", b"") == digest.encode()

    def _booted(self) -> bytes:
        times = ""
        if self._dialect.booted_times:
            times = "Uptime: {0}\r\nLastReload: {0}\r\n".format(int(time.time() - self._pbx.booted_at))
        event = f"Event: FullyBooted\r\nPrivilege: system,all\r\n{times}Status: Fully Booted\r\n\r\n".encode()
        if self._dialect.booted_to_all:
            self.afterwards = lambda: self._pbx.broadcast(event)
            return b""
        return event if self.events else b""

    def _logoff(self, headers: Headers) -> bytes:
        self.closing = True
        return _reply(b"Goodbye", headers, b"Thanks for all the fish.")

    def _ping(self, headers: Headers) -> bytes:
        return _start(b"Success", headers) + b"Ping: Pong\r\nTimestamp: %.6f\r\n\r\n" % time.time()

    def _set_events(self, headers: Headers) -> bytes:
        wanted = _events_on(headers.get(b"eventmask", b""))
        if wanted is None:
            return error(headers, "Invalid event mask")
        self.events = wanted and self.user is not None and "system" in self.user.read
        return _start(b"Success", headers) + (b"Events: On\r\n\r\n" if wanted else b"Events: Off\r\n\r\n")

    def _list_commands(self, headers: Headers) -> bytes:
        user = self.user
        lines = [
            _listed(action) for action in self._known.values() if action.listed and user and user.may(action.rights)
        ]
        return _start(b"Success", headers) + "".join((*lines, "\r\n")).encode()

    # The core.

    def _core_status(self, headers: Headers) -> bytes:
        local = time.localtime(self._pbx.booted_at)
        date, clock = time.strftime("%Y-%m-%d", local), time.strftime("%H:%M:%S", local)
        lines = [f"Core{what}Date: {date}\r\nCore{what}Time: {clock}\r\n" for what in ("Startup", "Reload")]
        lines.append("CoreCurrentCalls: 0\r\n")
        if self._dialect.processed_calls:
            lines.append("CoreProcessedCalls: 0\r\n")
        return _start(b"Success", headers) + "".join((*lines, "\r\n")).encode()

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
        return _start(b"Success", headers) + "\r\n".join((*lines, "\r\n")).encode()

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
        start = _start(b"Follows\r\nPrivilege: Command", headers)
        return start + without_escapes(printed.text) + b"--END COMMAND--\r\n\r\n"

    def _output(self, headers: Headers, printed: Printed) -> bytes:
        text = without_escapes(printed.text)
        if len(text) == len(printed.text):  # Asterisk looks for the last LF where it was before escapes were dropped
            text = text.removesuffix(b"\n")
        lines = b"\r\nOutput: ".join(text.split(b"\n"))
        start = _start(b"Success" if printed.success else b"Error", headers)
        return start + b"Message: Command output follows\r\nOutput: %b\r\n\r\n" % lines

    # AstDB.

    def _db_put(self, headers: Headers) -> bytes:
        family, key = headers.get(b"family"), headers.get(b"key")
        if not family or not key:
            return error(headers, "No key specified" if family else "No family specified")
        if self._pbx.faults.in_actions and (fault := self._put_fault(headers, key)):
            return fault
        if not self._db.put(family, key, headers.get(b"val", b"")):
            return error(headers, "Failed to update entry")
        return done(headers, "Updated database successfully")

    def _put_fault(self, headers: Headers, key: bytes) -> bytes:
        limit = self._pbx.faults.deny_puts_after
        if limit is not None and self._pbx.puts() > limit:
            return self._denied(b"DBPut", headers)
        return error(headers, "Failed to update entry") if self._is_bad(key) else b""

    def _is_bad(self, key: bytes) -> bool:
        return key.decode(errors="surrogateescape") in self._pbx.faults.error_keys

    def _db_get(self, headers: Headers) -> bytes:
        family, key = headers.get(b"family"), headers.get(b"key")
        if not family or not key:
            return error(headers, "No key specified." if family else "No family specified.")
        value = None if self._is_bad(key) else self._db.get(family, key)
        if value is None:
            return error(headers, "Database entry not found")
        identity = _id_text(headers)
        event = b"Event: DBGetResponse\r\nFamily: %b\r\nKey: %b\r\nVal: %b\r\n%b\r\n" % (family, key, value, identity)
        if not self._dialect.list_markers:
            start = done(headers, "Result will follow")
            return start + event + b"Event: DBGetComplete\r\n%b\r\n" % identity
        return _list_start(headers) + event + _list_end(b"DBGetComplete", headers, 1)

    def _db_del(self, headers: Headers) -> bytes:
        family, key = headers.get(b"family"), headers.get(b"key")
        if not family or not key:
            return error(headers, "No key specified." if family else "No family specified.")
        if self._is_bad(key) or not self._db.fits(family, key):
            return error(headers, self._dialect.undeletable)
        absent = self._dialect.absent_key
        if not self._db.delete(family, key) and absent is not None:
            return error(headers, absent)
        return done(headers, "Key deleted successfully")

    def _db_del_tree(self, headers: Headers) -> bytes:
        family = headers.get(b"family")
        if not family:
            return error(headers, "No family specified.")
        deleted = self._db.delete_tree(family, headers.get(b"key", b""))
        if not deleted and self._dialect.absent_tree_is_error:
            return error(headers, "Database entry not found")
        return done(headers, "Key tree deleted successfully")

    def _db_get_tree(self, headers: Headers) -> bytes:
        rows = self._db.tree(headers.get(b"family", b""), headers.get(b"key", b""))
        half = self._pbx.faults.half_list
        if half is not None:
            return _list_start(headers) + _tree_events(headers, rows[:half])
        items = 1 if self._dialect.one_list_item else len(rows)
        return _list_start(headers) + _tree_events(headers, rows) + _list_end(b"DBGetTreeComplete", headers, items)


def done(headers: Headers, text: str) -> bytes:
    """Answer Success."""
    return _reply(b"Success", headers, text.encode())


def error(headers: Headers, text: str) -> bytes:
    """Answer Error."""
    return _reply(b"Error", headers, text.encode())


def _reply(kind: bytes, headers: Headers, text: bytes) -> bytes:
    identity = headers.get(b"actionid")
    if identity:
        return b"Response: %b\r\nActionID: %b\r\nMessage: %b\r\n\r\n" % (kind, identity, text)
    return b"Response: %b\r\nMessage: %b\r\n\r\n" % (kind, text)


def _start(kind: bytes, headers: Headers) -> bytes:
    identity = headers.get(b"actionid")
    return b"Response: %b\r\nActionID: %b\r\n" % (kind, identity) if identity else b"Response: %b\r\n" % kind


def _id_text(headers: Headers) -> bytes:
    identity = headers.get(b"actionid")
    return (b"ActionID: %b\r\n" % identity)[:_ID_TEXT] if identity else b""


def _list_start(headers: Headers) -> bytes:
    return _start(b"Success", headers) + b"EventList: start\r\nMessage: Result will follow\r\n\r\n"


def _list_end(event: bytes, headers: Headers, items: int) -> bytes:
    identity = headers.get(b"actionid")
    line = b"ActionID: %b\r\n" % identity if identity else b""
    return b"Event: %b\r\n%bEventList: Complete\r\nListItems: %d\r\n\r\n" % (event, line, items)


def _tree_events(headers: Headers, rows: Rows) -> bytes:
    identity = _id_text(headers)
    event = b"Event: DBGetTreeResponse\r\nKey: %b\r\nVal: %b\r\n%b\r\n"
    return b"".join([event % (key, value, identity) for key, value in rows])


def _listed(action: Action) -> str:
    return f"{action.name}: {action.synopsis + ' ' if action.synopsis else ''} (Priv: {action.privileges})\r\n"


def _events_on(mask: bytes) -> bool | None:
    """Read an event mask: True with at least the class ``system``, False without, None when there is no mask."""
    word = mask.lower()
    if not word:
        return None
    if word in _FALSE or word in _TRUE:
        return word in _TRUE
    if word.isdigit():
        return bool(int(word) & 1)
    return bool({b"system", b"all"} & set(word.split(b",")))


def _not_here(headers: Headers) -> bytes:
    return error(headers, "The stand-in PBX does not carry out this action")
