"""A family of a real PBX's AstDB over AMI: read whole, put, delete; Asterisk 1.8 to 22.

A family that was read in part must never pass for a whole one: what is missing in it would count as lost, be written
again, and no longer be ours. ``whole_lists`` reads it so; here is what is asked and which entries are the family's.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from itertools import islice

from astsync.config import PbxConfig
from astsync.errors import PbxActionFailed, PbxBadAnswer, PbxRightsError, UnsafeValue
from astsync.language import about, say
from astsync.pbx import WriteResult, packets, rights
from astsync.pbx.connection import AmiConnection
from astsync.pbx.packets import EntryAction
from astsync.pbx.pipeline import Pipeline
from astsync.pbx.whole_lists import ShownList, TreeList
from astsync.phonebook.alike import ALIKE
from astsync.phonebook.model import Progress, no_progress
from astsync.phonebook.packed import PackedNames
from astsync.stopping import NEVER, Stopping

log = logging.getLogger(__name__)

ASKED_FOR = 5.0
"""Seconds for a PBX to say whether it lets a run in. One that is slower is asked when it is its turn."""

PATH_LIMIT = 255
"""Bytes of ``/family/key``: over it Asterisk before 22 answers Success and never finds the key again (main/db.c)."""

_AT_ONCE = 1_000  # keys that are looked at together
_NO_SUCH_ACTION = "Invalid/unknown command"
# Another program's value may hold line breaks, so a value reaches to the last header and not to the line's end.
_ENTRY = re.compile(
    rb"Event: DBGetResponse\r\nFamily: [^\r\n]*\r\nKey: [^\r\n]*\r\nVal: (.*?)\r\n(?:ActionID: [^\r\n]*)?$", re.DOTALL
)
_NO_ENTRY = "Database entry not found"


class AstDb:
    """One family of AstDB on an open connection; a ``Family``."""

    def __init__(self, connection: AmiConnection, family: str) -> None:
        self._connection = connection
        self._family = family
        self._prefix = f"/{family}/".encode()
        self._has_tree = True

    def read(self, progress: Progress = no_progress) -> Mapping[str, str]:
        """Read the whole family: name by number. Raises PbxError.

        It is read by DBGetTree (Asterisk 16.28, 18.14, 19.6, 20 and newer), else by the command ``database show``. Both
        match the family's name by SQL LIKE, so entries of other families may come too: only keys with the exact prefix
        are kept. What another PBX holds as well is not held twice.
        """
        return PackedNames(ALIKE.of(self._read(progress).rows))

    def _read(self, progress: Progress) -> PackedNames:
        if self._has_tree:
            try:
                return self._read_tree(progress)
            except PbxActionFailed as error:
                if _NO_SUCH_ACTION not in error.message:
                    raise
                self._has_tree = False  # an older Asterisk stays one as long as the connection lasts
                log.info("%s has no DBGetTree: reading by `database show`", self._connection.config.name)
        return self._read_shown(progress)

    def _read_tree(self, progress: Progress) -> PackedNames:
        tree = TreeList(self._connection, self._prefix, progress)
        return tree.read("DBGetTree", Family=self._family)

    def _read_shown(self, progress: Progress) -> PackedNames:
        shown = ShownList(self._connection, self._prefix, progress)
        return shown.read("Command", Command=f"database show {self._family}")

    def started(self) -> str:
        """When Asterisk was started, in the PBX's local time; "" where it does not say or the user may not ask."""
        try:
            return self._connection.started()
        except (PbxActionFailed, PbxRightsError):
            return ""

    def unnameable(self, numbers: Iterable[str]) -> set[str]:
        """Those of the keys that AMI cannot name: empty, over 255 bytes with the family, a blank first, a line break.

        Another program may write such keys, as on Asterisk's console.
        """
        usual = re.compile(rf"(?:[0-9]{{1,{PATH_LIMIT - len(self._prefix)}}}+\n)*")
        found: set[str] = set()
        every = iter(numbers)
        while some := list(islice(every, _AT_ONCE)):
            lines = "\n".join(some) + "\n"  # as many as keys: none of them holds a line break
            if lines.count("\n") != len(some) or not usual.fullmatch(lines):
                found.update(number for number in some if not self._can_name(number))
        return found

    def _can_name(self, number: str) -> bool:
        try:
            self._key(number)
        except UnsafeValue:
            return False
        return True

    def get(self, number: str) -> str | None:
        """Read one entry by DBGet, None where there is none. Raises PbxError.

        Asterisk before 22 cuts the name at 255 bytes.
        """
        found: list[bytes] = []

        def take(packet: bytes) -> bool:
            if packet.startswith(b"Response:"):
                return False
            entry = _ENTRY.match(packet)
            found.extend(entry.groups() if entry is not None else ())
            return True

        self._key(number)
        try:
            self._connection.action("DBGet", take, Family=self._family, Key=number)
        except PbxActionFailed as error:
            if _NO_ENTRY not in error.message:
                raise
            return None
        if not found:
            raise PbxBadAnswer(
                about(self._connection.config.name, say("DBGet gave no entry")), hint=say("Run the command again.")
            )
        return packets.text(found[0])

    def put(self, entries: Iterable[tuple[str, str]], progress: Progress = no_progress) -> WriteResult:
        """Write entries, pipelined. Raises PbxError when the connection is lost or the right to write is missing."""
        action = self._entry_action(
            "DBPut", lambda number, name: self._key(number) + packets.header("Val", name), before_value="\r\nVal: "
        )
        return Pipeline(self._connection, action).run(entries, progress, _count(entries))

    def delete(self, numbers: Iterable[str], progress: Progress = no_progress) -> WriteResult:
        """Delete keys, pipelined; a key that is absent counts as deleted (Asterisk 11 and 13 say Success too)."""
        action = self._entry_action("DBDel", lambda number, _: self._key(number))
        pipeline = Pipeline(self._connection, action, harmless=_is_absent)
        return pipeline.run(((number, "") for number in numbers), progress, _count(numbers))

    def _entry_action(self, name: str, headers: Callable[[str, str], bytes], before_value: str = "") -> EntryAction:
        family = packets.header("Family", self._family)
        return EntryAction(
            name,
            lambda number, value: family + headers(number, value),
            before_key=packets.text(family) + "Key: ",
            before_value=before_value,
            longest_key=PATH_LIMIT - len(self._prefix),
        )

    def _key(self, number: str) -> bytes:
        line = packets.header("Key", number)
        if not number or len(self._prefix) + len(line) - len(b"Key: \r\n") > PATH_LIMIT:
            most = PATH_LIMIT - len(self._prefix)
            raise UnsafeValue(say("a key must have 1 to {most} bytes: {key!r}", most=most, key=number[:60]))
        return line


def _count(things: Iterable[object]) -> int | None:
    """How many they are, None where only a walk through them would tell."""
    return len(things) if isinstance(things, Sized) else None


def _is_absent(message: str) -> bool:
    """Whether DBDel's error says that the key is absent: Asterisk 1.8 says the first, 16 and 22 the second.

    They say the second also where a deletion failed. The family is read again after every run, which finds that.
    """
    return message.startswith((_NO_ENTRY, "Database entry could not be deleted"))


class AmiPbx:
    """A PBX by its configuration; each ``open`` has a connection of its own. ``rival``: see ``AmiConnection``."""

    def __init__(self, config: PbxConfig, family: str, rival: Callable[[], str] = lambda: "") -> None:
        self.name = config.name
        self.config = config
        self.family = family
        self._rival = rival

    def ask(self, *, write: bool, stopping: Stopping = NEVER) -> None:
        """Log in, look at the user's rights and log off, within ``ASKED_FOR`` seconds. Raises PbxError.

        The connection is not kept: a source may take longer than a firewall keeps an idle one.
        """
        config = self.config.model_copy(update={"timeout": min(self.config.timeout, ASKED_FOR)})
        with AmiConnection(config, stopping=stopping, rival=self._rival) as connection:
            try:
                listed = packets.headers(connection.action("ListCommands"))
            except (PbxActionFailed, PbxRightsError):
                return  # whoever speaks so is no usual Asterisk; the run itself will show
            if lacking := rights.lacking(listed, write=write):
                raise rights.missing_right(config, lacking)

    @contextmanager
    def open(self, stopping: Stopping = NEVER) -> Iterator[AstDb]:
        """Connect and log in; the end of the context logs off and disconnects. Raises PbxError."""
        with AmiConnection(self.config, stopping=stopping, rival=self._rival) as connection:
            yield AstDb(connection, self.family)
