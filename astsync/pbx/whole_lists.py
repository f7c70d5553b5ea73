"""The entries of a family as a list that is whole, or no list at all.

A list counts as whole where all of this holds:

- Asterisk ends it itself: by DBGetTreeComplete with ``EventList: Complete``, or by the last line of ``database show``.
- As many entries came as that end says, counted before those of other families are dropped. ``ListItems: 1`` says
  nothing: Asterisk 16.28 writes it under every list.
- Nothing stands in it that is no entry, no key comes twice, and no entry came under another ActionID.
- The session answers a small question afterwards.

The last one is needed since Asterisk gives each write to a client ``writetimeout`` (a setting of the user in
manager.conf, 100 ms by default). What it cannot send in that time it drops, goes on with the list, ends it as
complete, and closes the session once the action is done (main/manager.c, send_string and session_do). With TLS each
entry is such a write. Measured with 60,000 entries on 16.28, 20.20, 22.10 and master: some 150 were missing, every
packet well formed. So a session that lives on has sent everything, and of one that ends here nothing is known.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

from astsync.config import PbxConfig
from astsync.errors import PbxActionFailed, PbxBadAnswer, PbxConnectionLost, PbxListCut, PbxRightsError
from astsync.language import about, counted, joined, say
from astsync.pbx import packets
from astsync.pbx.answer import no_part
from astsync.pbx.bounds import LARGEST_FAMILY, LARGEST_UNSORTED, MOST_ENTRIES
from astsync.pbx.connection import AmiConnection
from astsync.phonebook.alike import ALIKE
from astsync.phonebook.model import Progress
from astsync.phonebook.packed import KeyTwice, PackedNames, RowsBuilder

WRITE_TIMEOUT = say(
    "Give this AMI user `writetimeout = 5000` in manager.conf and run `manager reload` there: Asterisk drops what it "
    "cannot send within 100 ms."
)
"""The cure for lists with holes. It is good wherever the network or this machine may be busy, above all with TLS."""

_UNCOUNTED = 1  # what Asterisk 16.28 says under every list
_EVERY = 5_000  # entries between two calls of progress
_TREE_ENTRY = re.compile(rb"Event: DBGetTreeResponse\r\nKey: ([^\r]*)\r\nVal: ([^\r]*)\r\n(?:ActionID: [^\r\n]*)?$")
# The same for a value with line breaks, twice as slow: it reaches to the last header and not to the line's end.
_BROKEN_ENTRY = re.compile(
    rb"Event: DBGetTreeResponse\r\nKey: (.*?)\r\nVal: (.*?)\r\n(?:ActionID: [^\r\n]*)?$", re.DOTALL
)
# An entry as nearly all are: of our family, in Asterisk's spelling and order, with our ActionID.
_USUAL_ENTRY = rb"Event: DBGetTreeResponse\r\nKey: %b%b\r\nVal: %b\r\nActionID: %b\r\n\r\n"
_ANY = rb"[^\r]*+"
_TREE_END = b"Event: DBGetTreeComplete"
_SHOWN_END = re.compile(rb"([0-9]+) results? found\.")
_KEY_WIDTH, _VALUE_WIDTH = 50, 25  # "%-50s: %-25s" of `database show` (main/db.c)
_LOOK = say("The family was not read whole, so nothing was written. Look at it with `database show` on the PBX.")
_AGAIN = say("Run the command again; if it stays so, look at `database show` on the PBX itself.")


def advice(config: PbxConfig) -> str:
    """What somebody should know who reads this PBX's lists over TLS; "" without TLS."""
    return say("If it is not set yet: {advice}", advice=WRITE_TIMEOUT) if config.tls else ""


class WholeList(ABC):
    """Reads one list: ``take`` is called with its packets. ``prefix`` is what the keys of the family begin with.

    The first fault is kept, and the list is read to its end all the same. For only the question at the end tells a
    list that Asterisk could not send from one that is wrong on the PBX.
    """

    def __init__(self, connection: AmiConnection, prefix: bytes, progress: Progress) -> None:
        self._connection = connection
        self._name = connection.config.name
        self._prefix = prefix
        self._progress = progress
        self._found = ALIKE.builder()
        self._came = 0
        self._told = 0  # how many entries had come when progress was called last
        self._fault: PbxBadAnswer | None = None
        self._ended = False  # whether the list's last packet has come

    @abstractmethod
    def take(self, packet: bytes) -> bool:
        """Take a packet of the answer; True when it was the last."""

    def take_many(self, _identity: bytes, _data: bytes, /) -> int:
        """Take packets from the beginning of these bytes at once, where that can be; see ``answer.TakeMany``."""
        return 0

    def read(self, action: str, **values: str) -> PackedNames:
        """Ask for the list; the values of the family by key. Raises PbxError.

        PbxListCut: it may have holes, and another reading may have none.
        """
        strays = self._connection.strays
        try:
            self._connection.action(action, self.take, on_many=self.take_many, **values)
            self._ask_something()
        except PbxConnectionLost as error:
            raise self._cut(error) from None
        if self._connection.strays != strays:
            self._wrong(say("entries came under another ActionID, or under none"), _LOOK)
        found = self._built()
        if self._fault is not None:
            raise self._fault
        self._progress("read", len(found), len(found))
        return found

    def _built(self) -> PackedNames:
        try:
            return PackedNames(self._found.built())
        except KeyTwice as twice:
            self._twice(twice)
            return PackedNames(RowsBuilder().built())

    def _ask_something(self) -> None:
        """Ask what every Asterisk answers at once: only a session that has sent everything does."""
        self._ended = True
        try:
            self._connection.action("Ping")
        except (PbxActionFailed, PbxRightsError):
            return

    def _cut(self, error: PbxConnectionLost) -> PbxConnectionLost:
        if not self._came:
            return error
        if not self._ended:
            words = counted(
                "{lost}, after {count:,} entry of the list",
                "{lost}, after {count:,} entries of the list",
                self._came,
                lost=error.under(self._name),
            )
            hint = say(
                "Is Asterisk restarting? Run the command again. If it happens often: {advice}", advice=WRITE_TIMEOUT
            )
            return PbxConnectionLost(about(self._name, words), hint=hint)
        words = counted(
            "Asterisk ended the session right after its list of {count:,} entry, as it does when it could not send all "
            "of it: some may be missing",
            "Asterisk ended the session right after its list of {count:,} entries, as it does when it could not send "
            "all of it: some may be missing",
            self._came,
        )
        busy = say("This machine, the PBX or the network between is too busy to take the list as fast.")
        return PbxListCut(about(self._name, words), hint=joined(" ", (WRITE_TIMEOUT, busy)))

    def _wrong(self, what: str, hint: str) -> None:
        self._fault = self._fault or PbxBadAnswer(about(self._name, what), hint=hint)

    def _twice(self, twice: KeyTwice) -> None:
        self._wrong(say("the list gives the key {key!r} twice", key=packets.text(twice.key[:60])), _LOOK)

    def _entries(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Count entries of whatever family, and keep those of this family, without its name."""
        entries, prefix = list(entries), self._prefix
        ours = [(key[len(prefix) :], value) for key, value in entries if key.startswith(prefix)]
        self._keep(ours, came=len(entries))

    def _keep(self, entries: Sequence[tuple[bytes, bytes]], came: int) -> None:
        """Keep entries of this family as long as the list has no fault; of all families ``came`` were there."""
        self._came += came
        if self._fault is None and entries:
            try:
                self._found.add(*zip(*entries, strict=True))
            except KeyTwice as twice:
                self._twice(twice)
            self._check_size()
        if self._came >= self._told + _EVERY:
            self._told = self._came
            self._progress("read", self._found.count, None)
            self._check_bound(self._came)

    def _check_size(self) -> None:
        most = LARGEST_FAMILY if self._found.in_order else LARGEST_UNSORTED
        if self._found.size > most:
            size = most // (1024 * 1024)
            words = say("the family takes more than {size} MiB: that is no phonebook", size=size)
            raise PbxBadAnswer(about(self._name, words), hint=_LOOK)

    def _check_bound(self, came: int) -> None:
        if came > MOST_ENTRIES:
            words = say("the list has more than {most:,} entries: that is no phonebook", most=MOST_ENTRIES)
            raise PbxBadAnswer(about(self._name, words), hint=_LOOK)


class TreeList(WholeList):
    """What DBGetTree gives (Asterisk 16.28, 18.14, 19.6, 20 and newer)."""

    _begun = False
    _usual: tuple[re.Pattern[bytes], re.Pattern[bytes]] | None = None  # a run of usual entries, and one of them

    def take(self, packet: bytes) -> bool:
        """Take the response, an entry, or the end."""
        entry = _TREE_ENTRY.match(packet) or _BROKEN_ENTRY.match(packet)
        if entry is None:
            return self._is_end(packet)
        self._entries([(entry[1], entry[2])])
        return False

    def take_many(self, identity: bytes, data: bytes, /) -> int:
        """Take the entries at the beginning of these bytes that are as nearly all are."""
        run, entry = self._usual = self._usual or _usual_entries(self._prefix, identity)
        found = run.match(data)
        size = found.end() if found is not None else 0
        entries = entry.findall(data, 0, size)
        self._keep(entries, came=len(entries))
        return size

    def _is_end(self, packet: bytes) -> bool:
        if packet.startswith(_TREE_END):
            self._check_end({name.lower(): value for name, value in packets.headers(packet).items()})
            return True
        if packet.startswith(b"Response:") and not self._begun:
            self._begun = True
        elif packet.startswith(b"Response:"):
            second = say("DBGetTree gave a second answer within the list: {packet}", packet=repr(packet[:60]))
            self._wrong(second, _LOOK)
        elif packet.startswith(b"Event:"):
            other = say("DBGetTree gave an event that is no entry: {packet}", packet=repr(packet[:80]))
            self._wrong(other, _LOOK)
        else:
            self._fault = self._fault or no_part(about(self._name, "DBGetTree"), packet)
        return False

    def _check_end(self, end: Mapping[str, str]) -> None:
        how, stated = end.get("eventlist", "").strip(), end.get("listitems", "").strip()
        if how.lower() != "complete":
            self._wrong(say("the PBX ended its list as {how!r} and not as complete", how=how[:60]), _AGAIN)
        items = packets.number(stated)
        if items is None:
            uncounted = say("DBGetTree ended without a count of its entries: {stated!r}", stated=stated[:60])
            self._wrong(uncounted, _AGAIN)
        elif items not in (self._came, _UNCOUNTED):
            self._wrong(_miscounted("DBGetTree", self._came, items), _AGAIN)


def _usual_entries(prefix: bytes, identity: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Expressions for as many usual entries as follow one another, and for the key and the value of each."""
    prefix, identity = re.escape(prefix), re.escape(identity)
    run = _USUAL_ENTRY % (prefix, _ANY, _ANY, identity)
    entry = _USUAL_ENTRY % (prefix, b"(%b)" % _ANY, b"(%b)" % _ANY, identity)
    return re.compile(b"(?:%b)*" % run), re.compile(entry)


class ShownList(WholeList):
    """What ``database show`` prints, on an Asterisk without DBGetTree."""

    _stated: bytes | None = None
    _lines = 0

    def take(self, packet: bytes) -> bool:
        """Take lines that were printed."""
        lines = packets.command_output(packet)
        self._lines += len(lines)
        self._check_bound(self._lines)  # a value with line breaks makes lines that are no entries
        self._entries(split_shown(line) for line in lines if line.startswith(b"/"))
        for line in lines:
            if not line.startswith(b"/") and (end := _SHOWN_END.match(line)):
                self._stated = end[1]
        if isinstance(packet, packets.Part):
            return False
        self._check_end()
        return True

    def _check_end(self) -> None:
        if self._stated is None:
            words = counted(
                "`database show` gave {count:,} entry and does not say how many there are",
                "`database show` gave {count:,} entries and does not say how many there are",
                self._came,
            )
            self._wrong(words, _AGAIN)
        elif (items := packets.number(self._stated)) != self._came:
            stated = packets.text(self._stated[:60]) if items is None else items
            self._wrong(_miscounted("`database show`", self._came, stated), _AGAIN)


def _miscounted(what: str, came: int, stated: int | str) -> str:
    """What is said of a list that gave another number of entries than it says."""
    if isinstance(stated, str):
        return counted(
            "{what} gave {count:,} entry and says {stated}",
            "{what} gave {count:,} entries and says {stated}",
            came,
            what=what,
            stated=stated,
        )
    return counted(
        "{what} gave {count:,} entry and says {stated:,}",
        "{what} gave {count:,} entries and says {stated:,}",
        came,
        what=what,
        stated=stated,
    )


def split_shown(line: bytes) -> tuple[bytes, bytes]:
    """Split a line of ``database show`` into key and value.

    The line is ``%-50s: %-25s`` by bytes, so the separator is the first ``: `` at or after column 50. Trailing blanks
    of a value of up to 25 bytes cannot be told from padding and are dropped.
    """
    at = line.find(b": ", _KEY_WIDTH)
    if at < 0:
        return line.rstrip(b" "), b""
    value = line[at + 2 :]
    if len(value) <= _VALUE_WIDTH:
        value = value.rstrip(b" ")
    return line[:at].rstrip(b" "), value
