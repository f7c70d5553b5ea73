"""One record of a call, as a PBX wrote it: what all formats of CDR have in common. Pure, without input or output."""

import re
from dataclasses import dataclass
from datetime import datetime

_CLID = re.compile(r'"?(?P<name>.*?)"?\s*<(?P<number>[^<>]*)>')
# The ends of calls at which an extension stands: PJSIP/101-0000002a. An analogue DAHDI/1-1 may be a line of the city.
_EXTENSION = re.compile(r"(?:PJSIP|SIP|IAX2|SCCP|Skinny|MGCP)/[0-9]{2,5}-[0-9a-fA-F]+")
_FROM_INSIDE = re.compile(r"Local/[^@]*@from-internal\b")
_LOCAL = "Local/"


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What one record says of a call. A call may have several records, one a leg; what is not known is "" or None.

    ``source`` is the caller's number as the PBX had it, ``name`` the caller name that the call ended with: the one that
    the phone was shown. ``start`` and ``end`` are in the PBX's local time. ``channel`` is the end from which the call
    came; ``unique`` names it once and for all, ``linked`` the whole call. ``dest_channel`` is the channel that was
    dialled, "" where none was. ``answer`` is when the PBX picked up. ``billed`` are seconds of talk.
    ``userfield`` is the field for whatever a dialplan keeps; ``recording`` what names the recording's file.
    """

    source: str
    name: str = ""
    destination: str = ""
    context: str = ""
    channel: str = ""
    start: datetime | None = None
    end: datetime | None = None
    disposition: str = ""
    billed: int | None = None
    unique: str = ""
    linked: str = ""
    dest_channel: str = ""
    answer: datetime | None = None
    userfield: str = ""
    recording: str = ""

    @property
    def from_extension(self) -> bool:
        """Whether the call came from a phone of the house, whatever number it showed."""
        return bool(_EXTENSION.match(self.channel) or _FROM_INSIDE.match(self.channel))

    @property
    def from_local_channel(self) -> bool:
        """Whether the record is of a leg that the dialplan made for itself, as a ring group does."""
        return self.channel.startswith(_LOCAL)


def name_and_number(clid: str) -> tuple[str, str]:
    """The name and the number of a caller ID as Asterisk writes it: ``"OOO MIKO" <74955550101>``.

    A text without brackets is a number where it has no letters, else a name (main/callerid.c, ast_callerid_merge).
    """
    found = _CLID.fullmatch(clid.strip())
    if found is not None:
        return found["name"].strip(), found["number"].strip()
    bare = clid.strip().strip('"').strip()
    return (bare, "") if any(map(str.isalpha, bare)) else ("", bare)
