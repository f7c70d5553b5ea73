"""Which events of calls an AMI user gets, and whether the PBX tells of its records: found out with the rights it has.

No action tells a user its own ``read`` rights, and GetConfig of manager.conf would send the secret, so it is not asked.
Measured on 16.28 and 22.10:

- ``manager show user NAME`` tells the rights and no secret; it needs ``write = command``.
- Without that an event which comes shows its right. A channel that is new in the second of two lists, and of which no
  event came, shows that ``read = call`` is missing. Where nobody calls meanwhile, nothing is known.
- ModuleCheck, CoreSettings and GetConfig of cdr_manager.conf, which has no secret, need only ``write = system``. The
  module refuses to load without the file. Whether it has read the file since it was written, only ``cdr show status``
  tells, which needs ``command`` too.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from astsync.errors import PbxActionFailed, PbxRightsError
from astsync.pbx import packets
from astsync.pbx.channels import read_channels
from astsync.pbx.connection import AmiConnection

LISTEN = 3.0
"""Seconds that are listened for an event, where nothing else tells the rights."""
CLASSES = "call,cdr"
"""The mask of a connection that ``event_rights`` listens on."""
_LATE = 1.0  # seconds after which the event of a channel that a list had must have come
_READ = re.compile(rb"(?im)^\s*read perm:\s*([a-z,<>]*)")
_IN_USE = re.compile(rb"(?m)^\s*cdr_manager\s*$")  # "cdr_manager (suspended)" is switched off
_LINE = re.compile(r"Line-[0-9-]{1,20}")
_NO_FILE = "file not found"
_REFUSED = (PbxActionFailed, PbxRightsError)
_TRUE = {"yes", "true", "y", "t", "1", "on"}  # as Asterisk's ast_true has it


class Learned(Enum):
    """How the rights became known."""

    TOLD = auto()
    """By ``manager show user``."""
    HEARD = auto()
    """By an event that came, or by one that did not."""
    NOT = auto()


class RecordsState(Enum):
    """Whether a PBX tells AMI of its records of calls."""

    TOLD = auto()
    """It does, as far as the user's rights show."""
    NO_FILE = auto()
    SWITCHED_OFF = auto()
    """cdr_manager.conf has no ``enabled = yes``."""
    NOT_LOADED = auto()
    """The file is as it should be, and the module is not loaded, or has not read it."""
    NO_RECORDS = auto()
    """Asterisk makes no records at all."""
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class EventRights:
    """What is known. ``call`` and ``cdr``: whether the user may read these events; None where that is not known.

    ``linked``: cdr_manager.conf maps the Linkedid.
    """

    call: bool | None
    cdr: bool | None
    learned: Learned
    records: RecordsState
    linked: bool


def event_rights(connection: AmiConnection, seconds: float = LISTEN) -> EventRights:
    """Find out about the user of a connection whose events are ``CLASSES``. Raises PbxError."""
    listed = packets.headers(connection.action("ListCommands"))
    commands = "Command" in listed
    call, cdr, learned = None, None, Learned.NOT
    if commands and (told := _told_rights(connection)) is not None:
        call, cdr, learned = bool({"call", "all"} & told), bool({"cdr", "all"} & told), Learned.TOLD
    else:
        call, cdr = _Ear(connection).listen(seconds)
        learned = Learned.NOT if call is None and cdr is None else Learned.HEARD
    general = _section(connection, "general")
    mapped = _section(connection, "mappings")
    linked = not isinstance(mapped, RecordsState) and "linkedid" in {value.lower() for value in mapped.values()}
    return EventRights(call, cdr, learned, _records_state(connection, general, commands=commands), linked)


def _told_rights(connection: AmiConnection) -> set[str] | None:
    """The rights to read as ``manager show user`` has them, None where it does not say."""
    found = _READ.search(_printed(connection, f"manager show user {connection.config.user}"))
    return None if found is None else set(found[1].decode().split(","))


def _printed(connection: AmiConnection, command: str) -> bytes:
    """What a command prints; nothing where it is refused."""
    parts: list[bytes] = []

    def take(packet: bytes) -> bool:
        parts.extend(packets.command_output(packet))
        return not isinstance(packet, packets.Part)

    try:
        connection.action("Command", take, Command=command)
    except _REFUSED:
        return b""
    return b"\n".join(parts)


class _Ear:
    """Listens for events, and holds them against two lists of channels."""

    def __init__(self, connection: AmiConnection) -> None:
        self._connection = connection
        self._classes: set[str] = set()
        self._came = threading.Event()
        connection.client.add_event_listener(self._take)

    def listen(self, seconds: float) -> tuple[bool | None, bool | None]:
        """Whether events of calls and of records come; None where that is not known."""
        before = self._channels()
        changed = not self._came.wait(seconds - _LATE) and bool(self._channels() ^ before)
        if changed:
            self._came.wait(_LATE)  # the event of a change comes about when the list does
        call = True if "call" in self._classes else False if changed else None
        return call, True if "cdr" in self._classes else None

    def _take(self, event: Any, **_: object) -> None:
        classes = set(event.keys.get("Privilege", "").split(","))
        self._classes |= classes
        if "call" in classes:
            self._came.set()

    def _channels(self) -> set[str]:
        rows: set[str] = set()
        read_channels(self._connection, lambda row: rows.add(row.get("Uniqueid", "")))
        return rows


def _section(connection: AmiConnection, category: str) -> dict[str, str] | RecordsState:
    """A section of cdr_manager.conf, its names in small letters; {} where the file has no such section.

    Where it cannot be seen: NO_FILE, or UNKNOWN where it may not be shown.
    """
    try:
        packet = connection.action("GetConfig", Filename="cdr_manager.conf", Category=category)
    except _REFUSED as error:
        said = error.message.lower()
        if _NO_FILE in said:
            return RecordsState.NO_FILE
        return {} if "categor" in said else RecordsState.UNKNOWN
    lines = (value for name, value in packets.headers(packet).items() if _LINE.fullmatch(name))
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition("=") for line in lines)}


def _records_state(
    connection: AmiConnection, general: Mapping[str, str] | RecordsState, *, commands: bool
) -> RecordsState:
    if packets.headers(connection.action("CoreSettings")).get("CoreCDRenabled", "").lower() == "no":
        return RecordsState.NO_RECORDS
    if general is RecordsState.NO_FILE:
        return RecordsState.NO_FILE
    if not _is_loaded(connection):
        return RecordsState.NOT_LOADED
    if commands and (status := _printed(connection, "cdr show status")):
        if _IN_USE.search(status):
            return RecordsState.TOLD
        return RecordsState.NOT_LOADED if _is_on(general) else RecordsState.SWITCHED_OFF
    if isinstance(general, RecordsState):
        return general
    return RecordsState.TOLD if _is_on(general) else RecordsState.SWITCHED_OFF


def _is_on(general: Mapping[str, str] | RecordsState) -> bool:
    return not isinstance(general, RecordsState) and general.get("enabled", "").lower() in _TRUE


def _is_loaded(connection: AmiConnection) -> bool:
    """Whether the module is loaded. A user who may not ask finds out nothing, so it counts as if it were."""
    try:
        connection.action("ModuleCheck", Module="cdr_manager")
    except PbxRightsError:
        return True
    except PbxActionFailed:
        return False
    return True
