"""The AMI connection. It holds asterisk-ami's AMIClient for actions and events, and has a wire and answers of its own.

AMIClient knows AMI's banner, and passes events on to its listeners. Its socket, its numbers of actions and its futures
are not used, for what version 0.1.7 does with them: it dies after idle seconds, sends a part of the bytes, pastes
values unescaped, knows only IPv4, searches a large answer again after every 1,024 bytes, leaves callers waiting when
the connection ends, answers None instead of an error, and may give two threads one number. What goes wrong here becomes
a PbxError, in this module and in ``connecting``.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from types import TracebackType

from asterisk.ami import AMIClient, Event

from astsync.config import PbxConfig
from astsync.errors import (
    PbxActionFailed,
    PbxBadAnswer,
    PbxConnectionLost,
    PbxError,
    PbxRightsError,
    PbxSessionTaken,
)
from astsync.language import about, say
from astsync.pbx import packets
from astsync.pbx.answer import Answer, TakeMany, Waiter, no_answer
from astsync.pbx.connecting import Dialling, connect
from astsync.pbx.greeting import login_refused, refused_words
from astsync.pbx.rights import missing_right
from astsync.pbx.wire import Wire
from astsync.pbx.wire import reason as explain
from astsync.stopping import NEVER, Stopping
from astsync.text import one_line

log = logging.getLogger(__name__)

_TAKEN = "login already in use"
"""What AMI answers to a second login where it allows one.

It says so before it looks at the secret, after a second, and ends the connection (main/manager.c, process_message;
measured on 16.28 and 22.10).
"""

GATHER = 0.0002
"""Seconds that the packets of a list gather before they are read.

To be woken for each of them costs us more than to read it: 2.7 µs in place of 1.1. With 0.5 ms and more the socket was
full now and then, and Asterisk had to wait: it took 3.3 µs of its CPU for an entry, with 1 ms 4.0, and 2.8 with this.
"""

_NO_REASON = say("no reason given")
_LONGEST_TIME = 40  # characters of a date and a time of day
GOODBYE = 1.0  # seconds for the log-off, and then for Asterisk to end the connection
_OF_A_LIST = b"Event: DBGetTree"
_LOOK = say("Look into Asterisk's log of this time, and try `database show` on its console.")


class AmiConnection:
    """One connection to a PBX's AMI, logged in; a context manager.

    ``action`` asks for one thing; ``expect_many`` and ``send`` are what a ``pipeline.Pipeline`` is built on. A listener
    thread reads all the time, so Asterisk is never kept waiting, and hands each packet to the Waiter of its ActionID.
    Where thousands of packets are expected (``in_bulk``) they are taken many at once instead, as long as they are
    spelled as Asterisk spells them; what is not goes the same way as ever.

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
        self._waiters_of_many: dict[int, tuple[range, Waiter]] = {}  # by the first of the ActionIDs
        self._take_many: Callable[[bytes], int] | None = None
        self._gather = 0.0
        self._lost: PbxError | None = None
        self._send_lock = threading.Lock()
        self._stuck = False
        self._issued = 0
        self._issuing = threading.Lock()
        self.strays = 0
        """Entries of lists that came with no ActionID, or with one that this connection never used."""

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
        listener = threading.Thread(target=self._listen, args=(self._wire,), name=name, daemon=True)
        listener.start()
        self._listener = listener

    def check(self) -> None:
        """Raise what ended the connection, where it has ended."""
        if self._lost is not None:
            raise self._lost

    def login(self, username: str, secret: str) -> None:
        """Log in by MD5 challenge, so that the secret does not cross the wire."""
        try:
            challenge = packets.headers(self.action("Challenge", AuthType="MD5")).get("Challenge", "")
            data = (challenge + secret).encode("utf-8", "surrogateescape")
            key = hashlib.md5(data, usedforsecurity=False).hexdigest()
            self.action("Login", AuthType="MD5", Username=username, Key=key, Events=self._events)
        except (PbxActionFailed, PbxRightsError) as error:
            words = error.under(self.config.name)
            if _TAKEN in words.lower():
                refusal = about(self.config.name, refused_words(self.config, words))
                raise PbxSessionTaken(refusal, hint=_taken_hint(self._rival())) from None
            raise login_refused(self.config, secret, words) from None

    def action(
        self,
        name: str,
        on_packet: Callable[[bytes], bool] | None = None,
        on_many: TakeMany | None = None,
        **values: str,
    ) -> bytes:
        """Send one action, wait, and return its response packet.

        The packets of a long answer go to ``on_packet`` and ``on_many``, see ``Answer``. Raises PbxActionFailed,
        PbxRightsError, PbxTimeout, PbxConnectionLost, PbxBadAnswer, UnsafeValue.
        """
        answer = Answer(about(self.config.name, name), self.timeout, on_packet, self.stopping, on_many)
        identity = self.next_identity()
        lines = {"Action": name, "ActionID": identity.decode(), **values}
        data = b"".join(packets.header(header, value) for header, value in lines.items())
        with self.in_bulk(partial(answer.take_many, identity) if on_many is not None else None):
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
        """When Asterisk was started, in the PBX's local time: good only to be compared. "" where it does not say.

        Raises PbxBadAnswer for what cannot be a time.
        """
        found = packets.headers(self.action("CoreStatus"))
        since = f"{found.get('CoreStartupDate', '')} {found.get('CoreStartupTime', '')}".strip()
        if len(since) > _LONGEST_TIME:
            words = say("CoreStatus says that Asterisk was started {since}…", since=since[:_LONGEST_TIME])
            raise PbxBadAnswer(
                about(self.config.name, words),
                hint=say("Is this Asterisk, or a proxy of AMI? Look at `core show uptime` on the PBX itself."),
            )
        return since

    def refused(self, name: str, packet: bytes) -> PbxError:
        """The error that a packet with ``Response: Error`` stands for."""
        reason = self.words(packet)
        if "permission denied" in reason.lower():
            return missing_right(self.config, (name,))
        words = say("{action} failed: {why}", action=name, why=reason)
        return PbxActionFailed(about(self.config.name, words), hint=_LOOK)

    def words(self, packet: bytes) -> str:
        """The reason that a packet gives, as a line of a message."""
        return one_line(packets.headers(packet).get("Message", "")) or _NO_REASON

    def next_identity(self) -> bytes:
        """A new ActionID: short, as long ones break DBGet's framing."""
        return b"%d" % self.next_identities(1)[0]

    def next_identities(self, count: int) -> range:
        """So many new ActionIDs."""
        with self._issuing:
            first, self._issued = self._issued, self._issued + count
        return range(first, first + count)

    @contextmanager
    def in_bulk(self, take_many: Callable[[bytes], int] | None, gather: float = GATHER) -> Iterator[None]:
        """Expect thousands of packets, and let them ``gather`` for so many seconds before they are read.

        ``take_many`` takes those that are its own and spelled as usual, see ``PacketReader.feed``. The listener thread
        calls it; it must neither wait nor raise. Where another thread has begun the same, packets are taken one by one,
        by their Waiters.
        """
        mine = take_many is not None and self._take_many is None
        if mine:
            self._take_many, self._gather = take_many, gather
        try:
            yield
        finally:
            if mine:
                self._take_many, self._gather = None, 0.0

    def expect(self, waiters: dict[bytes, Waiter]) -> None:
        """Register waiters by their ActionIDs, before the actions are sent. Raises what ended the connection."""
        self._waiters.update(waiters)
        # Only now: where the connection ends between a look at _lost and the update, _end would miss these waiters.
        self.check()

    def forget(self, identities: Iterable[bytes]) -> None:
        """Take back what ``expect`` registered; what still comes for these ActionIDs is dropped."""
        for identity in identities:
            self._waiters.pop(identity, None)

    def expect_many(self, identities: range, waiter: Waiter) -> None:
        """Do as ``expect`` for thousands of actions, until ``forget_many``; the waiter knows which are answered."""
        self._waiters_of_many[identities.start] = identities, waiter
        self.check()

    def forget_many(self, identities: range) -> None:
        """Take back what ``expect_many`` registered."""
        self._waiters_of_many.pop(identities.start, None)

    def send(self, pack: bytes) -> None:
        """Send bytes, all of them. Raises PbxTimeout, PbxConnectionLost.

        A sending that did not end, by a time-out or by Ctrl-C, leaves the connection of no more use: a part of a packet
        may be sent, and Asterisk would take what follows for its rest, as the rest of a name.
        """
        try:
            with self._send_lock:
                if self._lost is not None or self._wire is None or self._stuck:
                    why = say("an action was sent in part") if self._stuck else say("not connected")
                    raise self._lost or PbxConnectionLost(about(self.config.name, why))
                self._stuck = True  # for others too that look while this goes on, as ``disconnect`` does
                self._wire.send(pack, self.stopping.left(self.timeout))
                self._stuck = False
        except TimeoutError:
            raise no_answer(about(self.config.name, say("sending")), self.timeout, self.stopping) from None
        except OSError as error:
            raise PbxConnectionLost(about(self.config.name, _broke(error))) from None

    def _listen(self, wire: Wire) -> None:
        """Read until the connection ends; all that the listener thread does."""
        error: PbxError | None = None
        try:
            self._read(wire)
        except OSError as broke:
            error = self._ended(_broke(broke))
        except PbxError as refused:
            error = type(refused)(about(self.config.name, refused.message), hint=refused.hint)
        except Exception as bug:
            log.exception("%s: the AMI listener failed", self.config.name)
            error = self._ended(say("the AMI listener failed: {error}", error=type(bug).__name__))
        finally:
            self._end(error or self._ended(say("the PBX closed the AMI connection")))

    def _read(self, wire: Wire) -> None:
        reader = packets.PacketReader()
        while data := wire.receive(self._gather):
            for packet in reader.feed(data, self._take_many):
                self._hand_over(packet)

    def _hand_over(self, packet: bytes) -> None:
        """Hand a packet to the Waiter of its ActionID, an event that nobody waits for to the listeners.

        An answer that nobody waits for is dropped: a second Error for one ActionID, as Asterisk 1.8 sends it, an Error
        without an ActionID, and what comes after its caller's time was over.
        """
        identity = packets.action_id(packet)
        waiter = self._waiter(identity) if identity is not None else None
        if identity is not None and waiter is not None:
            if waiter.take(identity, packet):
                self._waiters.pop(identity, None)
        elif packet.startswith(_OF_A_LIST):
            self.strays += identity is None or not self._was_used(identity)
        elif packet.startswith(b"Event: "):
            found = packets.event_headers(packet)
            self.client.fire_recv_event(Event(found.pop("Event"), found))

    def _waiter(self, identity: bytes) -> Waiter | None:
        if (waiter := self._waiters.get(identity)) is not None:
            return waiter
        used = packets.number(identity)
        if used is None or identity != b"%d" % used:  # nobody else's spelling of a number is ours
            return None
        several = list(self._waiters_of_many.values())  # another thread may add one meanwhile
        return next((waiter for identities, waiter in several if used in identities), None)

    def _was_used(self, identity: bytes) -> bool:
        used = packets.number(identity)
        return used is not None and used < self._issued

    def _ended(self, reason: str) -> PbxError:
        hint = say("Is Asterisk restarting? Run the command again.")
        return PbxConnectionLost(about(self.config.name, reason), hint=hint)

    def _end(self, lost: PbxError) -> None:
        """Fail everything that waits; the listener thread's last work."""
        self._lost = lost
        while identities := list(self._waiters):  # again, as a caller may have registered one meanwhile
            for identity in identities:
                if (waiter := self._waiters.pop(identity, None)) is not None:
                    waiter.fail(lost)
        while several := list(self._waiters_of_many):
            for first in several:
                if (found := self._waiters_of_many.pop(first, None)) is not None:
                    found[1].fail(lost)
        self._on_end()

    def disconnect(self) -> None:
        """End the connection and the listener thread; harmless when there is none."""
        wire = self._wire
        if wire is None:
            return
        # A thread may be sending: what is written then would land in the middle of its packet, as a part of a name.
        if self._lost is None and self._send_lock.acquire(blocking=False):
            try:
                if not self._stuck:
                    self._say_goodbye(wire)
            finally:
                self._send_lock.release()
        wire.end()
        if self._listener is not None and self._listener is not threading.current_thread():
            self._listener.join()
        wire.close()
        self._wire = None

    def _say_goodbye(self, wire: Wire) -> None:
        """Log off and wait for Asterisk's end: one that finds the connection gone logs it as an error."""
        try:
            wire.send(b"Action: Logoff\r\n\r\n", GOODBYE)
        except OSError as error:
            log.debug("%s: no log-off: %s", self.config.name, error)
            return
        if self._listener is not None and self._listener is not threading.current_thread():
            self._listener.join(GOODBYE)


def _broke(error: OSError) -> str:
    return say("the AMI connection broke: {why}", why=explain(error))


def _taken_hint(rival: str) -> str:
    """The cure for a session that is taken, by ``rival`` where one is known."""
    if rival:
        return say(
            "manager.conf has `allowmultiplelogin = no` in [general]: a user has one session, and {rival} most likely "
            "has it. Give each program an AMI user of its own, or end that one, or set `allowmultiplelogin = yes` and "
            "run `manager reload`.",
            rival=rival,
        )
    return say(
        "manager.conf has `allowmultiplelogin = no` in [general]: a user has one session, and `astsync watch` or "
        "another program has it, or it broke off and Asterisk still counts it. Give each program an AMI user of its "
        "own, or end that session (`manager show connected` lists them; newer Asterisk has `manager kick session`), or "
        "set `allowmultiplelogin = yes` and run `manager reload`."
    )
