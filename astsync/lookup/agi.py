"""FastAGI: Asterisk asks for the caller's name, and gets it as commands.

In a dialplan: ``AGI(agi://127.0.0.1:4573/)``. What follows the address does not matter. The caller is ``agi_callerid``,
unless the presentation (``agi_callingpres``) is restricted: who withheld the number is not looked up. A dialplan may
name another number, as of the called party: ``AGI(agi://127.0.0.1:4573/,${EXTEN})``; it is looked up in any case.

The commands are ``SET VARIABLE CALLERID(name) "…"``, where a name is known, and ``SET VARIABLE ASTSYNC_ORIGIN "…"``
always: ``snapshot``, ``online`` or nothing. Between them comes ``SET VARIABLE ASTSYNC_EXTENSION "…"``, where the
extension of who keeps the card is wanted and known. Asterisk takes half a command for a whole one when the connection
ends, and waits for ever after two commands in one piece. So each is one write, after the answer to the one before.

``AgiReader`` reads, without any socket. ``AgiFace`` talks: over bare sockets and the loop's ``add_reader``, because
asyncio's transports take as much time again as everything else here.
"""

import asyncio
import logging
import select
import socket
import sys
import unicodedata
from collections.abc import Callable, Coroutine
from typing import Any

from astsync.lookup.callers import caller_text
from astsync.lookup.figures import Figures
from astsync.lookup.gate import Gate, Refusal
from astsync.lookup.model import CallerName, Resolver

log = logging.getLogger(__name__)

MOST_COMMAND = 2_047
"""Bytes of a command with its line feed. Asterisk takes what follows for the next command: 16 from here on, 22 only
after 4,095 bytes."""
MOST_BYTES = 16 * 1024
"""Of the variables that a client sends before the blank line, and of all its answers."""
MOST_LINES = 400
"""Of these variables. Asterisk sends 22, and up to 128 arguments."""
MOST_NUMBER = 64
"""Characters of a caller's number. A longer text is none."""
GRACE = 0.5
"""Seconds after the deadline in which Asterisk may still answer a command that it got in time."""

_START = b"agi_"
_TOO_LONG = "?"  # no number, for whoever reads it
_USUAL = b"200 result=1\n"
_LATE = 0.05  # seconds that a resolver may take past the deadline; and between two looks at those past it
_AT_ONCE = 16 * 1024  # bytes of one read
_CONVERSATIONS_AT_ONCE = 64  # before the loop does something else
_UNFIT = {"Cc", "Cs", "Zl", "Zp"}


class BadAgi(Exception):
    """What came is no FastAGI, or too much of it."""


class HungUp(Exception):
    """Asterisk says that the caller has hung up."""


class AgiReader:
    """Reads what a FastAGI client sends, as it comes in pieces. Its bytes and lines are bounded."""

    __slots__ = ("_data", "_listing", "_read")

    def __init__(self) -> None:
        self._data = b""
        self._read = 0
        self._listing = b""

    def environment(self, piece: bytes) -> str | None:
        """Take a piece of the variables. The caller's number when they are complete, "" for none, None until then.

        Raises BadAgi; HungUp if that follows at once.
        """
        data = self._data = self._data + piece if self._data else piece
        end = data.find(b"\n\n")
        size = len(data) if end < 0 else end
        if data[:4] != _START[: len(data)] or size > MOST_BYTES or data.count(b"\n", 0, size) > MOST_LINES:
            raise BadAgi
        if end < 0:
            return None
        self._data = data[end + 2 :]
        if self._data:
            self.interrupted(b"")
        return _caller(data[: end + 1])

    def interrupted(self, piece: bytes) -> None:
        """Take a piece that comes while no command is under way. Raises HungUp; BadAgi for anything else."""
        self._data += piece
        if self._data[:7] == b"HANGUP\n":
            raise HungUp
        if not b"HANGUP\n".startswith(self._data):
            raise BadAgi

    def answered(self, piece: bytes) -> bool:
        """Take a piece of the answer to a command; whether the answer is complete. Raises BadAgi, HungUp."""
        if piece == _USUAL and not self._data and not self._listing:
            return True
        self._read += len(piece)
        if self._read > MOST_BYTES:
            raise BadAgi
        self._data += piece
        while (end := self._data.find(b"\n")) >= 0:
            line, self._data = self._data[:end], self._data[end + 1 :]
            if self._is_last(line):
                if self._data:
                    self.interrupted(b"")
                return True
        return False

    def _is_last(self, line: bytes) -> bool:
        """Whether a line ends an answer, as "200 result=1" or "520 End of proper usage." after some "520-…" does."""
        if self._listing:
            if not line.startswith(self._listing):
                return False
            self._listing = b""
            return True
        if line == b"HANGUP":
            raise HungUp
        code, sign = line[:3], line[3:4]
        if not code.isdigit() or len(code) != 3 or sign not in {b" ", b"-", b""}:
            raise BadAgi
        if sign == b"-":
            self._listing = code + b" "
            return False
        return not code.startswith(b"1")  # "100 Trying": the answer follows


def _caller(variables: bytes) -> str:
    """The number to look up, "" for none."""
    argument = _variable(variables, b"\nagi_arg_1: ")
    if argument and not argument.isspace():
        return _number(argument)
    presentation = _variable(variables, b"\nagi_callingpres: ").decode("ascii", "replace")
    return caller_text(_number(_variable(variables, b"\nagi_callerid: ")), presentation)


def _variable(variables: bytes, label: bytes) -> bytes:
    start = variables.find(label)
    if start < 0:
        return variables[len(label) - 1 : variables.find(b"\n")] if variables.startswith(label[1:]) else b""
    start += len(label)
    return variables[start : variables.find(b"\n", start)]


def _number(value: bytes) -> str:
    return value.decode("utf-8", "replace").strip() if len(value) <= 4 * MOST_NUMBER else _TOO_LONG


def set_variable(variable: str, value: str) -> bytes:
    """The command that sets a variable, or a function such as ``CALLERID(name)``, to a text.

    Control characters become blanks. A text that is too long for a command is cut after a character.
    """
    if not value.isprintable():
        value = "".join(" " if unicodedata.category(c) in _UNFIT else c for c in value)
    head = f'SET VARIABLE {variable} "'.encode()
    escaped = value.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    room = MOST_COMMAND - len(head) - 2
    if len(escaped) > room:
        escaped = escaped[:room].decode("utf-8", "ignore").encode()
        if (len(escaped) - len(escaped.rstrip(b"\\"))) % 2:
            escaped = escaped[:-1]  # it would have escaped the sign after it
    return head + escaped + b'"\n'


_ORIGINS = {origin: set_variable("ASTSYNC_ORIGIN", origin or "") for origin in ("", "snapshot", "online")}


class AgiFace:
    """Talks FastAGI on the connections that an ``Entrance`` gives to ``welcome``; on one event loop.

    ``deadline`` is in seconds from the accept. What a client has not sent until then is waited for no longer.
    """

    def __init__(self, resolver: Resolver, gate: Gate, figures: Figures, deadline: float) -> None:
        self.resolver, self.gate, self.figures = resolver, gate, figures
        self.deadline = deadline
        self.loop = asyncio.get_running_loop()
        # By descriptor, in the order of their accepts, which is that of their deadlines: one timer is enough for all.
        self._open: dict[int, _Conversation] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._ready = select.epoll()
        self.loop.add_reader(self._ready.fileno(), self._read)

    def welcome(self, connected: socket.socket, address: str, moment: float) -> None:
        """Begin to talk on a socket that does not block. ``moment``: of the accept, as the loop's ``time()``."""
        talk = _Conversation(self, connected, address, moment)
        self._open[connected.fileno()] = talk
        self._ready.register(connected.fileno(), select.EPOLLIN)
        if self._timer is None:
            self._timer = self.loop.call_at(talk.end, self._look)
        talk.on_readable()  # as a rule the variables are here already

    def close(self) -> None:
        """End all conversations. Their calls go on with the carrier's name."""
        for talk in list(self._open.values()):
            talk.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._ready.closed:
            self.loop.remove_reader(self._ready.fileno())
            self._ready.close()

    def forget(self, descriptor: int, address: str) -> None:
        """Forget a conversation that ends; its socket is closed right after it, and so is not ready any more."""
        del self._open[descriptor]
        self.gate.leave(address)

    def wait_for_room(self, descriptor: int, wanted: bool) -> None:
        """Have ``on_writable`` of a conversation called or no longer, whenever its socket takes more."""
        self._ready.modify(descriptor, select.EPOLLIN | select.EPOLLOUT if wanted else select.EPOLLIN)

    def _read(self) -> None:
        for descriptor, what in self._ready.poll(0, _CONVERSATIONS_AT_ONCE):
            talk = self._open[descriptor]
            if what & select.EPOLLOUT:
                talk.on_writable()
            if what != select.EPOLLOUT:
                talk.on_readable()

    def _look(self) -> None:
        """End the conversations that are too late. One timer may come some 50 ms after the deadline of a second one."""
        now = self.loop.time()
        late = []
        for talk in self._open.values():
            if talk.end > now:
                break
            late.append(talk)
        for talk in late:
            talk.look(now)
        first = next(iter(self._open.values()), None)
        self._timer = None if first is None else self.loop.call_at(max(first.end, now + _LATE), self._look)


def _begin(work: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
    """A task that has begun already where Python can do that: a name of the store is then told at once."""
    if sys.version_info >= (3, 12):
        return asyncio.Task(work, loop=loop, eager_start=True)
    return loop.create_task(work)


def _nothing(_piece: bytes) -> None:
    """Take what comes after the end."""


class _Conversation:
    """One call's connection: its variables, then a command and its answer at a time."""

    __slots__ = ("_address", "_commands", "_face", "_moment", "_reader", "_socket", "_step", "_task", "_unsent", "end")

    def __init__(self, face: AgiFace, connected: socket.socket, address: str, moment: float) -> None:
        self._face, self._socket, self._moment = face, connected, moment
        self._address = address
        self.end = moment + face.deadline
        self._reader = AgiReader()
        self._task: asyncio.Task[None] | None = None
        self._commands: list[bytes] = []  # that are still to be sent, the next one last
        self._unsent = b""
        self._step: Callable[[bytes], None] = self._on_environment

    def look(self, now: float) -> None:
        """End at the deadline, or soon after it: a resolver is just answering, a command has just been sent."""
        more = GRACE if self._step == self._on_answer else _LATE if self._task is not None else 0.0
        if now >= self.end + more:
            if self._task is not None:
                log.error("a lookup did not end at its deadline: this is a bug")
            self._refuse(Refusal.SLOW)

    def close(self) -> None:
        """End the conversation, at whatever point it is."""
        descriptor = self._socket.fileno()
        if descriptor < 0:
            return
        self._face.forget(descriptor, self._address)
        self._socket.close()
        self._step = _nothing  # a method of its own would keep it until the garbage collector comes
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _refuse(self, reason: Refusal) -> None:
        self._face.gate.refused(reason, self._address)
        self.close()

    def on_writable(self) -> None:
        """Send the rest of a command."""
        self._send(self._unsent)

    def on_readable(self) -> None:
        """Take what has come."""
        if self._step is _nothing:
            return
        try:
            piece = self._socket.recv(_AT_ONCE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            piece = b""
        if not piece:
            self.close()
            return
        try:
            self._step(piece)
        except HungUp:
            self.close()
        except BadAgi:
            self._refuse(Refusal.GARBAGE)

    def _on_environment(self, piece: bytes) -> None:
        caller = self._reader.environment(piece)
        if caller is None:
            return
        self._step = self._reader.interrupted
        if caller:
            task = _begin(self._resolve(caller), self._face.loop)
            self._task = None if task.done() else task
        else:
            self._tell(CallerName())

    async def _resolve(self, caller: str) -> None:
        try:
            found = await self._face.resolver.resolve(caller, self.end)
        except Exception as error:  # noqa: BLE001 - whatever it is, the call goes on
            # Without its text, which may have the number.
            log.error("a lookup ended with %s: this is a bug", type(error).__name__)  # noqa: TRY400
            found = CallerName()
        self._task = None
        if self._step is not _nothing:
            self._tell(found)

    def _tell(self, found: CallerName) -> None:
        self._face.figures.looked_up("agi", found.origin, self._face.loop.time() - self._moment)
        self._commands.append(_ORIGINS[found.origin or ""])
        if found.extension:
            self._commands.append(set_variable("ASTSYNC_EXTENSION", found.extension))
        if found.name:
            self._commands.append(set_variable("CALLERID(name)", found.name))
        self._step = self._on_answer
        self._send(self._commands.pop())

    def _on_answer(self, piece: bytes) -> None:
        if self._unsent:
            raise BadAgi  # it answers a command that it does not have yet
        if not self._reader.answered(piece):
            return
        if self._commands:
            self._send(self._commands.pop())
        else:
            self.close()

    def _send(self, command: bytes) -> None:
        """Send a command. The kernel's queue is empty then, and takes it whole, but where the machine has no memory."""
        try:
            sent = self._socket.send(command)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.close()
            return
        if sent < len(command):
            if not self._unsent:
                self._face.wait_for_room(self._socket.fileno(), wanted=True)
            self._unsent = command[sent:]
        elif self._unsent:
            self._face.wait_for_room(self._socket.fileno(), wanted=False)
            self._unsent = b""
