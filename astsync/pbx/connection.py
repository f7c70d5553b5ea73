"""The AMI connection. It holds asterisk-ami's AMIClient for actions and events, and has a wire and answers of its own.

AMIClient numbers the actions, knows AMI's banner, and passes events on to its listeners. Its socket and its futures are
not used, for what version 0.1.7 does with them: it dies after idle seconds, sends a part of the bytes, pastes values
unescaped, knows only IPv4, searches a large answer again after every 1,024 bytes, leaves callers waiting when the
connection ends, and answers None instead of an error. What goes wrong here becomes a PbxError, in this module and in
``connecting``.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Protocol

from asterisk.ami import AMIClient, Event

from astsync.config import PbxConfig
from astsync.errors import (
    PbxActionFailed,
    PbxBadAnswer,
    PbxConnectionLost,
    PbxError,
    PbxRightsError,
    PbxSessionTaken,
    PbxTimeout,
)
from astsync.pbx import packets
from astsync.pbx.connecting import Dialling, connect
from astsync.pbx.greeting import login_refused
from astsync.pbx.rights import missing_right
from astsync.pbx.wire import Wire
from astsync.pbx.wire import reason as explain
from astsync.stopping import NEVER, Stopping

log = logging.getLogger(__name__)

_TAKEN = "login already in use"
"""What AMI answers to a second login where it allows one.

It says so before it looks at the secret, after a second, and ends the connection (main/manager.c, process_message;
measured on 16.28 and 22.10).
"""

RECEIVE_SIZE = 262_144  # bytes: an answer of a million entries comes in few pieces
GOODBYE = 1.0  # seconds that Asterisk has to end a connection that was logged off


class Waiter(Protocol):
    """What waits for the packets of one ActionID; called by the listener thread, so it must not wait itself."""

    def take(self, identity: bytes, packet: bytes, /) -> bool:
        """Take a packet; True when it is the last one for this ActionID."""

    def fail(self, error: PbxError) -> None:
        """Learn that no packet will come any more."""


class Answer:
    """The answer to one action: its response and, for a list, what ``on_event`` made of the events after it.

    An action has one deadline, ``timeout`` seconds from its start. An answer that may be large has that time after each
    piece of it: a million entries take longer than any fixed time, and a PBX that sends them is not stuck. ``heard``
    marks such an answer, and says when the connection last brought anything.
    """

    def __init__(
        self,
        action: str,
        timeout: float,
        on_event: Callable[[bytes], bool] | None = None,
        heard: Callable[[], float] | None = None,
    ) -> None:
        self._action = action
        self._timeout = timeout
        self._on_event = on_event
        self._heard = heard
        self._done = threading.Event()
        self._packet: bytes | None = None
        self._error: PbxError | KeyboardInterrupt | None = None
        self._started = time.monotonic()

    def take(self, _: bytes, packet: bytes) -> bool:
        """Take the response, then the events of a list until ``on_event`` says that it is complete.

        An event is no answer: that a list begins is said by the response, and that it is whole by its last event.
        """
        try:
            last = self._is_last(packet)
        except (PbxError, KeyboardInterrupt) as error:  # what the caller's progress raises belongs to the caller
            self.fail(error)
            return True
        if last:
            self._done.set()
        return last

    def _is_last(self, packet: bytes) -> bool:
        if packet.startswith(b"Response:"):
            self._packet = packet
            return self._on_event is None or not packet.startswith(b"Response: Success")
        if packet.startswith(b"Event:"):
            return self._on_event is not None and self._on_event(packet)
        raise PbxBadAnswer(
            f"{self._action}: a part of an answer that is neither response nor event: {packet[:60]!r}",
            hint="A value with an empty line inside breaks AMI: find it with `database show` on the PBX and delete it.",
        )

    def fail(self, error: PbxError | KeyboardInterrupt) -> None:
        """Wake the caller with an error."""
        self._error = error
        self._done.set()

    def wait(self) -> bytes:
        """Wait for the response packet. Raises PbxTimeout when the deadline is over, and what ``fail`` brought."""
        while not self._done.wait(max(self._deadline() - time.monotonic(), 0.001)):
            if time.monotonic() >= self._deadline():
                raise no_answer(self._action, self._timeout)
        if self._packet is None or self._error is not None:
            raise self._error or PbxBadAnswer(f"events but no response to {self._action}")
        return self._packet

    def _deadline(self) -> float:
        return max(self._started, self._heard() if self._heard is not None else 0) + self._timeout


class AmiConnection:
    """One connection to a PBX's AMI, logged in; a context manager.

    ``action`` asks for one thing; ``expect`` and ``send`` are what a ``pipeline.Pipeline`` is built on. A listener
    thread reads all the time, so Asterisk is never kept waiting, and hands each packet to the Waiter of its ActionID.

    Events that belong to no action go to the listeners of ``client``, see ``AMIClient.add_event_listener``. ``events``
    is AMI's mask of them: "off", or classes such as "system"; of these only those come that ``read`` of manager.conf
    allows the user, and the login succeeds without any. ``on_end`` is called once when the connection has ended. All
    of them are called by the listener thread. ``rival`` says which program of this machine may have a session of the
    same user, "" where none is known; it is asked when the PBX refuses a second one.

    ``stopping`` is that of the run which uses the connection: nothing is waited for longer than it allows.
    """

    def __init__(
        self,
        config: PbxConfig,
        events: str = "off",
        on_end: Callable[[], None] = lambda: None,
        stopping: Stopping = NEVER,
        rival: Callable[[], str] = lambda: "",
    ) -> None:
        self.config = config
        self.stopping = stopping
        self.timeout = config.timeout
        self.client = AMIClient(address=config.host, port=config.port, timeout=config.timeout)
        self.ami_version = ""
        """AMI's own version from the banner, such as "11.0.0"; not Asterisk's."""
        self._events = events
        self._on_end = on_end
        self._rival = rival
        self._wire: Wire | None = None
        self._listener: threading.Thread | None = None
        self._waiters: dict[bytes, Waiter] = {}
        self._lost: PbxError | None = None
        self._send_lock = threading.Lock()
        self._stuck = False
        self._heard = 0.0

    def __enter__(self) -> "AmiConnection":
        self.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.disconnect()

    def open(self) -> None:
        """Connect and log in. Raises PbxUnreachable, PbxLoginError, PbxSessionTaken, PbxTimeout, ConfigError."""
        secret = self.config.password()
        try:
            self.connect()
            self.login(self.config.user, secret)
        except BaseException:
            self.disconnect()
            raise

    def connect(self, dialling: Dialling | None = None) -> None:
        """Connect, wait for AMI's banner and start the listener.

        ``dialling`` has resolved, reached and secured already; without it all steps are taken.
        """
        if dialling is None:
            self._wire, self.ami_version = connect(self.config, self.stopping)
        else:
            self.ami_version = dialling.greet()
            self._wire = dialling.wire()
        name = f"ami-{self.config.name}"
        self._listener = threading.Thread(target=self._listen, args=(self._wire,), name=name, daemon=True)
        self._listener.start()

    def check(self) -> None:
        """Raise what ended the connection, where it has ended."""
        if self._lost is not None:
            raise self._lost

    def login(self, username: str, secret: str) -> None:
        """Log in by MD5 challenge, so that the secret does not cross the wire."""
        try:
            challenge = packets.headers(self.action("Challenge", AuthType="MD5")).get("Challenge", "")
            key = hashlib.md5((challenge + secret).encode(), usedforsecurity=False).hexdigest()
            self.action("Login", AuthType="MD5", Username=username, Key=key, Events=self._events)
        except (PbxActionFailed, PbxRightsError) as error:
            words = error.under(self.config.name)
            if _TAKEN in words.lower():
                words = f"{self.config.name}: AMI refused the login of {self.config.user!r}: {words}"
                raise PbxSessionTaken(words, hint=_taken_hint(self._rival())) from None
            raise login_refused(self.config, secret, words) from None

    def action(self, name: str, on_event: Callable[[bytes], bool] | None = None, **values: str) -> bytes:
        """Send one action, wait, and return its response packet.

        A list's events go to ``on_event``, which returns True at the last one. Raises PbxActionFailed, PbxRightsError,
        PbxTimeout, PbxConnectionLost, PbxBadAnswer, UnsafeValue.
        """
        long = on_event is not None or name == "Command"
        answer = Answer(f"{self.config.name}: {name}", self.timeout, on_event, (lambda: self._heard) if long else None)
        identity = self.next_identity()
        lines = {"Action": name, "ActionID": identity.decode(), **values}
        data = b"".join(packets.header(header, value) for header, value in lines.items())
        try:
            self.expect({identity: answer})
            self.send(data + b"\r\n")
            packet = answer.wait()
        finally:
            self.forget((identity,))
        if packet.startswith(b"Response: Error"):
            raise self.refused(name, packet)
        return packet

    def started(self) -> str:
        """When Asterisk was started, in the PBX's local time: good only to be compared. "" where it does not say."""
        found = packets.headers(self.action("CoreStatus"))
        return f"{found.get('CoreStartupDate', '')} {found.get('CoreStartupTime', '')}".strip()

    def refused(self, name: str, packet: bytes) -> PbxError:
        """The error that a packet with ``Response: Error`` stands for."""
        reason = packets.headers(packet).get("Message", "no reason given")
        if "permission denied" in reason.lower():
            return missing_right(self.config, name)
        return PbxActionFailed(f"{self.config.name}: {name} failed: {reason}")

    def next_identity(self) -> bytes:
        """A new ActionID: short, as long ones break DBGet's framing."""
        return str(self.client.next_action_id()).encode()

    def expect(self, waiters: dict[bytes, Waiter]) -> None:
        """Register waiters by their ActionIDs, before the actions are sent. Raises what ended the connection."""
        self._waiters.update(waiters)
        # Only now: where the connection ends between a look at _lost and the update, _end would miss these waiters.
        self.check()

    def forget(self, identities: Iterable[bytes]) -> None:
        """Take back what ``expect`` registered; what still comes for these ActionIDs is dropped."""
        for identity in list(identities):
            self._waiters.pop(identity, None)

    def send(self, pack: bytes) -> None:
        """Send bytes, all of them. Raises PbxTimeout, PbxConnectionLost.

        A sending that did not end, by a time-out or by Ctrl-C, leaves the connection of no more use: a part of a packet
        may be sent, and Asterisk would take what follows for its rest, as the rest of a name.
        """
        try:
            with self._send_lock:
                if self._lost is not None or self._wire is None or self._stuck:
                    why = "an action was sent in part" if self._stuck else "not connected"
                    raise self._lost or PbxConnectionLost(f"{self.config.name}: {why}")
                self._stuck = True  # for others too that look while this goes on, as ``disconnect`` does
                self._wire.send(pack)
                self._stuck = False
        except TimeoutError:
            raise no_answer(f"{self.config.name}: sending", self.timeout) from None
        except OSError as error:
            raise PbxConnectionLost(f"{self.config.name}: the AMI connection broke: {explain(error)}") from None

    def _listen(self, wire: Wire) -> None:
        """Read until the connection ends; all that the listener thread does."""
        reason = "the PBX closed the AMI connection"
        try:
            reader = packets.PacketReader()
            while data := wire.receive(RECEIVE_SIZE):
                self._heard = time.monotonic()
                for packet in reader.feed(data):
                    self._hand_over(packet)
        except OSError as error:
            reason = f"the AMI connection broke: {explain(error)}"
        except PbxError as error:
            reason = error.under(self.config.name)
        except Exception as error:
            log.exception("%s: the AMI listener failed", self.config.name)
            reason = f"the AMI listener failed: {type(error).__name__}"
        finally:
            self._end(reason)

    def _hand_over(self, packet: bytes) -> None:
        """Hand a packet to the Waiter of its ActionID, an event that nobody waits for to the listeners.

        An answer that nobody waits for is dropped: a second Error for one ActionID, as Asterisk 1.8 sends it, an Error
        without an ActionID, and what comes after its caller's time was over.
        """
        identity = packets.action_id(packet)
        waiter = self._waiters.get(identity) if identity is not None else None
        if identity is not None and waiter is not None:
            if waiter.take(identity, packet):
                self._waiters.pop(identity, None)
        elif packet.startswith(b"Event: "):
            found = packets.headers(packet)
            self.client.fire_recv_event(Event(found.pop("Event"), found))

    def _end(self, reason: str) -> None:
        """Fail everything that waits; the listener thread's last work."""
        self._lost = lost = PbxConnectionLost(
            f"{self.config.name}: {reason}", hint="Is Asterisk restarting? Run the command again."
        )
        while identities := list(self._waiters):  # again, as a caller may have registered one meanwhile
            for identity in identities:
                if (waiter := self._waiters.pop(identity, None)) is not None:
                    waiter.fail(lost)
        self._on_end()

    def disconnect(self) -> None:
        """End the connection and the listener thread; harmless when there is none."""
        wire = self._wire
        if wire is None:
            return
        if self._lost is None and not self._stuck:
            self._say_goodbye(wire)
        wire.end()
        if self._listener is not None and self._listener is not threading.current_thread():
            self._listener.join()
        wire.close()
        self._wire = None

    def _say_goodbye(self, wire: Wire) -> None:
        """Log off and wait for Asterisk's end: one that finds the connection gone logs it as an error."""
        try:
            wire.send(b"Action: Logoff\r\n\r\n")
        except OSError as error:
            log.debug("%s: no log-off: %s", self.config.name, error)
            return
        if self._listener is not None and self._listener is not threading.current_thread():
            self._listener.join(GOODBYE)


def _taken_hint(rival: str) -> str:
    """The cure for a session that is taken, by ``rival`` where one is known."""
    who, end = f"{rival} most likely has it", "end that one"
    if not rival:
        who = "`astsync watch` or another program has it, or it broke off and Asterisk still counts it"
        end = "end that session (`manager show connected` lists them; newer Asterisk has `manager kick session`)"
    return (
        f"manager.conf has `allowmultiplelogin = no` in [general]: a user has one session, and {who}. Give each "
        f"program an AMI user of its own, or {end}, or set `allowmultiplelogin = yes` and run `manager reload`."
    )


def no_answer(what: str, seconds: float) -> PbxTimeout:
    """The error of an action (``what``, with its PBX) that was not answered in time."""
    return PbxTimeout(
        f"{what}: no answer for {seconds:g} s",
        hint="Is Asterisk overloaded or stuck? Raise the PBX's timeout if it is slow.",
    )
