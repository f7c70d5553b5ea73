"""The list of calls that are over: for people as text, as a page and as a table, for programs as JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from html import escape

from astsync.calls.model import CallGap, CallResult, Direction, PastCall
from astsync.language import counted, say, spoken
from astsync.phonebook.numbers.spelled import spelled
from astsync.reports.as_csv import render_table as csv_table
from astsync.reports.as_html import ReportSection, Tile
from astsync.reports.as_xlsx import render_table as xlsx_table
from astsync.reports.call_gaps import gap_words, gaps_as_data
from astsync.reports.csv_dialect import CsvDialect
from astsync.reports.html_page import html_page
from astsync.reports.json_document import json_document
from astsync.reports.shown import minute, moment, shown
from astsync.reports.tables import Row, headings, shown_rows
from astsync.reports.terminal import Paint, plain
from astsync.text import printable

COLUMNS: Row = (
    "started",
    "direction",
    "result",
    "number",
    "name",
    "extension",
    "rung",
    "did",
    "wait",
    "talk",
    "called_back",
    "pbx",
    "call",
)
_WITHHELD = say("withheld")
_DIRECTIONS: Mapping[Direction, str] = {
    Direction.INCOMING: say("in"),
    Direction.OUTGOING: say("out"),
    Direction.INTERNAL: say("inside"),
}
_RESULTS: Mapping[CallResult, str] = {
    CallResult.ANSWERED: say("answered"),
    CallResult.MISSED: say("missed"),
    CallResult.BUSY: say("busy"),
    CallResult.FAILED: say("failed"),
}
_STYLES = {CallResult.ANSWERED: "good", CallResult.MISSED: "bad", CallResult.BUSY: "changed", CallResult.FAILED: "bad"}
_WIDTHS = (5, 7, 9, 18, 19, 9, 6)  # of the columns of the text; with the blanks between them 79


class CalledBack(StrEnum):
    """What came of a missed call later."""

    NO = "no"
    CALLED = "called"
    """The house called the number."""
    ANSWERED = "answered"
    """The number called again, and somebody picked up."""


_BACK: Mapping[CalledBack, str] = {
    CalledBack.NO: say("nobody called back"),
    CalledBack.CALLED: say("called back"),
    CalledBack.ANSWERED: say("called again, answered"),
}


@dataclass(frozen=True, slots=True)
class ListedCall:
    """A call with the name of its number, "" where it has none.

    ``back`` is what came of a missed call later, None of any other one.
    """

    call: PastCall
    name: str
    back: CalledBack | None


@dataclass(frozen=True, slots=True)
class CallList:
    """The calls of a period, the oldest first, and the times of which some may be missing. ``cut``: there are more."""

    since: datetime
    until: datetime
    calls: tuple[ListedCall, ...]
    gaps: tuple[CallGap, ...]
    cut: bool = False


def as_text(found: CallList, paint: Paint = plain) -> str:
    """The list for people, 79 columns wide, in local time."""
    return "\n".join(_lines(found, paint)) + "\n"


def _lines(found: CallList, paint: Paint) -> Iterator[str]:
    day: date | None = None
    for one in found.calls:
        at = one.call.started.astimezone()
        if at.date() != day:
            day = at.date()
            yield paint("strong", f"{day}")
        yield _line(one, paint)
        if one.back is not None:
            style = "bad" if one.back is CalledBack.NO else "faint"
            yield f"{'':{_WIDTHS[0]}} {paint(style, spoken(_BACK[one.back]))}"
    yield shown(headline(found))
    if found.cut:
        yield spoken(say("there are more: choose a shorter time, or --number"))
    yield from (shown(gap_words(gap)) for gap in found.gaps)


def _line(one: ListedCall, paint: Paint) -> str:
    call = one.call
    texts = (
        f"{call.started.astimezone():%H:%M}",
        spoken(_DIRECTIONS[call.direction]),
        spoken(_RESULTS[call.result]),
        shown(number_words(call.phone)),
        printable(one.name),
        printable(_who(call)),
        length(call.talk if call.answered is not None else call.wait),
    )
    cells = [_cell(text, width) for text, width in zip(texts, _WIDTHS, strict=True)]
    cells[2] = paint(_STYLES[call.result], cells[2].rstrip()) + " " * (_WIDTHS[2] - len(cells[2].rstrip()))
    return " ".join(cells).rstrip()


def _cell(text: str, width: int) -> str:
    return f"{text[: width - 1]}…" if len(text) > width else f"{text:{width}}"


def _who(call: PastCall) -> str:
    """Who of the house talked, or called, or was rung."""
    return ", ".join(call.rung) if call.missed and call.rung else call.extension


def number_words(phone: str) -> str:
    """A number as people write it."""
    if not phone:
        return _WITHHELD
    return spelled(phone)[0] if len(phone) > 6 and phone.isdecimal() else phone


def length(seconds: float) -> str:
    """A length as ``M:SS``."""
    whole = round(max(seconds, 0.0))
    hours, rest = divmod(whole, 3_600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def headline(found: CallList) -> str:
    """The list in a sentence."""
    missed = [one for one in found.calls if one.back is not None]
    open_ones = sum(one.back is CalledBack.NO for one in missed)
    calls = counted("{count:,} call", "{count:,} calls", len(found.calls))
    if not missed:
        return say("{calls} since {when}", calls=calls, when=minute(found.since))
    of_them = missed_words(len(missed), open_ones)
    return say("{calls} since {when}; {missed}", calls=calls, when=minute(found.since), missed=of_them)


def missed_words(count: int, left: int) -> str:
    """How many calls were missed, and to how many of them nobody called back."""
    return counted(
        "{count:,} missed, to {left:,} of them nobody called back",
        "{count:,} missed, to {left:,} of them nobody called back",
        count,
        left=left,
    )


def rows(found: CallList) -> Iterator[Row]:
    """A row for each call, in local time; lengths in seconds."""
    for one in found.calls:
        call = one.call
        texts = (
            moment(call.started),
            call.direction.value,
            call.result.value,
            call.phone,
            one.name,
            call.extension,
            " ".join(call.rung),
            call.did,
            f"{max(call.wait, 0.0):.0f}",
            f"{max(call.talk, 0.0):.0f}",
            "" if one.back is None else one.back.value,
            call.pbx,
            call.id,
        )
        yield tuple(map(printable, texts))


def as_csv(found: CallList, dialect: CsvDialect) -> str:
    """The list as CSV."""
    return csv_table(COLUMNS, rows(found), dialect)


def as_xlsx(found: CallList) -> bytes:
    """The list as a workbook of Excel."""
    totals = [
        (spoken(say("Calls")), shown(headline(found))),
        *((printable(gap.pbx), shown(gap_words(gap))) for gap in found.gaps),
    ]
    return xlsx_table(spoken(say("Calls")), COLUMNS, rows(found), totals)


def as_json(found: CallList) -> str:
    """The list as one JSON object, with the values of the calls as ``/api/v1/calls`` has them."""
    return json_document(
        {
            "since": found.since,
            "until": found.until,
            "calls": [
                {
                    "id": one.call.id,
                    "pbx": one.call.pbx,
                    "direction": one.call.direction.value,
                    "phone": one.call.phone,
                    "name": one.name or None,
                    "extension": one.call.extension,
                    "rung": list(one.call.rung),
                    "did": one.call.did,
                    "started": one.call.started,
                    "answered": one.call.answered,
                    "ended": one.call.ended,
                    "wait": round(max(one.call.wait, 0.0), 1),
                    "talk": round(max(one.call.talk, 0.0), 1),
                    "result": one.call.result.value,
                    "called_back": one.back and one.back.value,
                }
                for one in found.calls
            ],
            "cut": found.cut,
            "gaps": gaps_as_data(found.gaps),
        }
    )


@dataclass(frozen=True, slots=True)
class CallsPage:
    """What the page shows; see ``ReportPage``."""

    title: str
    verdict: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    tiles: tuple[Tile, ...]
    section: ReportSection


def as_html(found: CallList) -> str:
    """The list as a page that needs nothing from the network and has no script."""
    columns = COLUMNS[:-1]
    cut = (row[:-1] for row in rows(found))
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>\n" for row in shown_rows(columns, cut)
    )
    head = shown(headline(found))
    page = CallsPage(
        title=spoken(say("Calls")),
        verdict=(("", head[:1].upper() + head[1:]),),
        facts=tuple((spoken(say("Missing")), shown(gap_words(gap))) for gap in found.gaps),
        tiles=(),
        section=ReportSection("calls", spoken(say("Calls")), headings(columns), len(found.calls), body),
    )
    return html_page("call_list.html", page)
