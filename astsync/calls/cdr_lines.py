"""Lines of a CDR file to records. A line that is none is counted and skipped: files are cut, and mixed with others."""

from datetime import datetime, timedelta

from astsync.calls.cdr_layout import LONGEST_LINE, Layout, cells_of, layout_of_header, layout_of_row
from astsync.calls.record import CallRecord, name_and_number

_MARK = "\ufeff"
_LONGEST = 256  # characters of a cell
_RUSSIAN = "%d.%m.%Y %H:%M:%S"
_DAY = 86_400 * 30  # no call lasts a month


class CdrLines:
    """Reads the lines of one file, in any order. ``unreadable`` counts those that are no record.

    ``header`` is the file's first line; where it names columns, all lines have these. Else each line is looked at, so
    a file whose layout somebody changed is read to its end.
    """

    def __init__(self, header: bytes = b"") -> None:
        self._named = layout_of_header(_text(header)) if header else None
        self._last: Layout | None = None
        self.unreadable = 0

    @property
    def has_header(self) -> bool:
        """Whether the file's first line names its columns."""
        return self._named is not None

    def record(self, line: bytes) -> CallRecord | None:
        """The record of a line, None for an empty line and for one that is none."""
        text = _text(line) if len(line) <= LONGEST_LINE else "-"
        if not text:
            return None
        layout = self._named or layout_of_row(text)
        record = _record(cells_of(text, layout.delimiter), layout) if layout is not None else None
        self.unreadable += record is None
        return record


def _record(cells: list[str], layout: Layout) -> CallRecord | None:
    """Make a record of cells; None where the line is cut before its caller, or holds no time that it should hold."""
    places = layout.columns
    if len(cells) <= max(places.get("source", 0), places.get("clid", 0)):
        return None
    name, number = name_and_number(layout.cell(cells, "clid")[:_LONGEST])
    start = _moment(layout.cell(cells, "start"))
    if start is None and "start" in places:
        return None
    return CallRecord(
        # The number before the presentation: CDR writes both, and an export may have only one of them.
        source=(layout.cell(cells, "source") or number)[:_LONGEST],
        name=(name or layout.cell(cells, "name"))[:_LONGEST],
        destination=layout.cell(cells, "destination")[:_LONGEST],
        context=layout.cell(cells, "context")[:_LONGEST],
        channel=layout.cell(cells, "channel")[:_LONGEST],
        start=start,
        end=_end(layout, cells, start),
        disposition=layout.cell(cells, "disposition")[:_LONGEST],
        billed=_seconds(layout.cell(cells, "billed")),
        unique=layout.cell(cells, "unique")[:_LONGEST],
        linked=layout.cell(cells, "linked")[:_LONGEST],
        dest_channel=layout.cell(cells, "dest_channel")[:_LONGEST],
        answer=_moment(layout.cell(cells, "answer")),
        userfield=layout.cell(cells, "userfield"),
        recording=layout.cell(cells, "recording"),
    )


def _end(layout: Layout, cells: list[str], start: datetime | None) -> datetime | None:
    end = _moment(layout.cell(cells, "end"))
    lasted = _seconds(layout.cell(cells, "duration"))
    if end is None and start is not None and lasted is not None:
        try:
            end = start + timedelta(seconds=lasted)
        except OverflowError:
            return None
    return end


def _moment(text: str) -> datetime | None:
    """A time of the PBX, without a zone; fractions of a second are dropped."""
    try:
        if text[2:3] == ".":
            return datetime.strptime(f"{text}:00"[:19] if len(text) == 16 else text[:19], _RUSSIAN)  # noqa: DTZ007
        return datetime.fromisoformat(text[:19]).replace(tzinfo=None)
    except ValueError:
        return None


def _seconds(text: str) -> int | None:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        return None
    return int(text) if int(text) < _DAY else None


def _text(line: bytes) -> str:
    """A line as text. Old exports are in the Cyrillic of Windows; the digits are the same."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        text = line.decode("cp1251", "replace")
    return text.removeprefix(_MARK).strip("\r\n\0 ")
