"""Which column of a CDR file holds what: by its header, by Asterisk's own layouts, or by what the cells look like.

The layouts are those of Asterisk's sources: cdr/cdr_csv.c (16 columns, and those that cdr.conf switches on), and the
mapping of configs/samples/cdr_custom.conf. Other programs export with a header: FreePBX's CDR report, Issabel's,
``mysql --batch``, ``sqlite3 -header``.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DELIMITERS = ",;\t|"
LONGEST_LINE = 16 * 1024
"""Bytes of a line that are looked at. Asterisk writes at most 1,024 (cdr_csv.c), exports a few times that."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d|\d\d\.\d\d\.\d{4} \d\d:\d\d")
_UNIQUE = re.compile(r"(?:\S{1,80}-)?\d{9,11}\.\d{1,12}")
_CLID = re.compile(r'.*<[^<>]*>\s*|"[^"]*"')
_CHANNEL = re.compile(r"[A-Za-z0-9_]+/\S+-[0-9A-Fa-f]+(?:;[12])?")
_FEWEST, _MOST = 16, 24  # columns of a file without a header
_CSV = ("account", "source", "destination", "context", "clid", "channel", "dest_channel", "", "",
        "start", "answer", "end", "duration", "billed", "disposition")  # fmt: skip
_CUSTOM = ("clid", "source", "destination", "context", "channel", "dest_channel", "", "", "start", "answer", "end",
           "duration", "billed", "disposition")  # fmt: skip

# The names of columns in headers, in small letters and without signs: Asterisk's own names, FreePBX, Issabel, MikoPBX.
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "source": ("src", "source", "srcnum", "callerid", "callernumber", "calleridnum", "caller", "источник", "номер"),
    "clid": ("clid",),
    "name": ("srcname", "callername", "calleridname", "cnam"),
    "destination": ("dst", "destination", "dstnum", "назначение"),
    "context": ("dcontext", "destinationcontext", "context"),
    "channel": ("channel", "srcchannel", "srcchan", "каналисточника"),
    "dest_channel": ("dstchannel", "destinationchannel", "dstchan"),
    "answer": ("answer", "answertime"),
    "start": ("calldate", "start", "starttime", "date", "дата"),
    "end": ("end", "endtime"),
    "duration": ("duration", "длительность"),
    "billed": ("billsec", "billableseconds"),
    "disposition": ("disposition", "status", "статус"),
    "unique": ("uniqueid",),
    "linked": ("linkedid",),
    "userfield": ("userfield",),
    "recording": ("recordingfile",),
}
_ROLES = {name: role for role, names in _HEADERS.items() for name in names}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a line is read: what stands between the cells, and the place of each column, by ``CallRecord``'s words."""

    delimiter: str
    columns: Mapping[str, int]

    def cell(self, cells: Sequence[str], role: str) -> str:
        """What stands in the column, "" where there is none."""
        at = self.columns.get(role)
        return cells[at].strip() if at is not None and at < len(cells) else ""


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of one line; none where it is no line of CSV."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def layout_of_header(line: str) -> Layout | None:
    """The layout that a header names, None for a line that is none."""
    for delimiter in DELIMITERS:
        cells = cells_of(line, delimiter)
        columns: dict[str, int] = {}
        for at, cell in enumerate(cells):
            role = _ROLES.get("".join(filter(str.isalnum, cell.lower())))
            if role is not None:
                columns.setdefault(role, at)
        if columns.keys() & {"source", "clid"}:
            return Layout(delimiter, columns)
    return None


def layout_of_row(line: str) -> Layout | None:
    """The layout of a line of a file without a header, None where no caller can be told."""
    for delimiter in DELIMITERS:
        cells = cells_of(line, delimiter)
        if _FEWEST <= len(cells) <= _MOST:
            if _is_time(cells[9]) and _is_time(cells[11]):
                return Layout(delimiter, {**_places(_CSV), **_ids(cells)})
            if _is_time(cells[8]) and _is_time(cells[10]):
                return Layout(delimiter, {**_places(_CUSTOM), **_ids(cells)})
        if len(cells) > 1 and (guessed := _guessed(cells)):
            return Layout(delimiter, guessed)
    return None


def _places(names: Sequence[str]) -> dict[str, int]:
    return {name: at for at, name in enumerate(names) if name}


def _ids(cells: Sequence[str]) -> dict[str, int]:
    """Where the ids of the channel and of the call stand: each is switched on by a key of cdr.conf."""
    found = [at for at in range(14, len(cells)) if _UNIQUE.fullmatch(cells[at])]
    if not found:
        return {}
    if len(found) == 1 and found[0] == len(cells) - 2 and len(cells) > 18:  # newcdrcolumns without loguniqueid
        return {"linked": found[0]}
    # loguserfield puts its column behind the Uniqueid, newcdrcolumns three more behind that.
    user = {"userfield": found[0] + 1} if len(cells) - found[0] - 1 in (1, 4) else {}
    return {"unique": found[0], **user, **({"linked": found[1]} if len(found) > 1 else {})}


def _guessed(cells: Sequence[str]) -> dict[str, int]:
    """The columns of a mapping of somebody's own: a caller ID in brackets and a time must be there."""
    clid = next((at for at, cell in enumerate(cells) if _CLID.fullmatch(cell)), None)
    start = next((at for at, cell in enumerate(cells) if _is_time(cell)), None)
    if clid is None or start is None:
        return {}
    found = {"clid": clid, "start": start}
    for role, pattern in (("channel", _CHANNEL), ("unique", _UNIQUE)):
        at = next((at for at, cell in enumerate(cells) if pattern.fullmatch(cell)), None)
        if at is not None:
            found[role] = at
    return found


def _is_time(cell: str) -> bool:
    return bool(_TIME.match(cell))
