"""The digest as a page that needs nothing from the network and has no script; it looks as the report of a run does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from astsync.engine.result import Digest, PbxState
from astsync.language import about, joined, number, say, spoken
from astsync.phonebook.numbers.spelled import spelled
from astsync.reports import digest_words as words
from astsync.reports.as_html import ReportSection, Tile
from astsync.reports.call_list import number_words
from astsync.reports.digest_figures import CallSlot, call_slots, call_sums, period_words
from astsync.reports.history import did
from astsync.reports.html_page import html_page
from astsync.reports.html_text import foreign, worded
from astsync.reports.picture import HEIGHT, WIDTH, Picture, changes, picture
from astsync.reports.shown import in_one_line, minute, shown
from astsync.store.records import RunRecord
from astsync.text import printable

_MOST_RUNS = 100  # with changes, that the page lists
_FEWEST = 14  # places for parts of the period that there are at least, so that few are no walls
_LEAST = 2.0  # the height of a single call


@dataclass(frozen=True, slots=True)
class CallMark:
    """A part of the period: its place from ``x`` on, the heights of both its bars, and what it was in words."""

    x: float
    width: float
    named: float
    nameless: float
    words: str


@dataclass(frozen=True, slots=True)
class CallPicture:
    """The calls of the period, the oldest part first; ``span`` names the first and the last part."""

    marks: tuple[CallMark, ...]
    span: str


@dataclass(frozen=True, slots=True)
class DigestPage:
    """What the page shows; see ``ReportPage``."""

    title: str
    verdict: Sequence[tuple[str, str]]
    facts: Sequence[tuple[str, str]]
    tiles: Sequence[Tile]
    sections: Sequence[ReportSection]
    calls: CallPicture | None
    picture: Picture | None
    footer: str


def render(digest: Digest) -> str:
    """The digest as a page."""
    counted = digest.calls is not None
    head = shown(words.calls_headline(digest.calls) if counted else about(words.RUNS, words.runs_headline(digest)))
    page = DigestPage(
        title=f"astsync report – {printable(digest.host)}, {period_words(digest)}",
        verdict=[("", head[:1].upper() + head[1:])],
        facts=[(spoken(name), in_one_line(text)) for name, text in _facts(digest)],
        tiles=list(_tiles(digest)),
        sections=[section for section in _sections(digest) if section.count],
        calls=_call_picture(call_slots(digest)),
        picture=picture(digest.runs),
        footer=spoken(say("Made by astsync from what it has stored: neither 1C nor a PBX was asked.")),
    )
    return html_page("digest.html", page, width=WIDTH, height=HEIGHT)


def _facts(digest: Digest) -> Iterator[tuple[str, str]]:
    yield words.NEXT, words.next_step(digest)
    yield say("Period"), period_words(digest)
    yield say("Machine"), digest.host
    found = digest.snapshot
    source = (words.snapshot_words(digest), found.source) if found is not None else (words.snapshot_words(digest),)
    yield words.SNAPSHOT, joined("; ", source)


def _tiles(digest: Digest) -> Iterator[Tile]:
    sums = call_sums(digest.calls.counts) if digest.calls is not None else None
    bad = sums is not None and bool(sums.unanswered)
    state = "good" if sums is not None and not bad else "differs"
    lines = [*words.call_lines(digest)]
    if digest.calls is not None and (rest := words.numbers_line(digest.calls, len(digest.calls.unknown))):
        lines.append(rest)
    yield _tile(words.CALLS, state, words.calls_headline(digest.calls), lines)
    if digest.missed is not None:
        state = "differs" if digest.missed.left else "good"
        yield _tile(words.MISSED, state, words.missed_headline(digest.missed), ())
    problems = digest.snapshot is not None and digest.snapshot.skipped + digest.snapshot.conflicts > 0
    yield _tile(words.PROBLEMS, "differs" if problems else "good", words.problems_headline(digest), ())
    last = digest.last_run
    ran = "bad" if last is not None and last.exit_code else "differs" if digest.failures or last is None else "good"
    yield _tile(words.RUNS, ran, words.runs_headline(digest), tuple(words.run_lines(digest)))
    yield from (_of_pbx(state, digest) for state in digest.pbx)


def _tile(name: str, state: str, verdict: str, lines: Sequence[str]) -> Tile:
    figures = "\n".join(map(shown, lines))
    return Tile(spoken(name), state, shown(verdict), "", "", figures, (), read=False)


def _of_pbx(state: PbxState, digest: Digest) -> Tile:
    how = {True: "good", False: "bad", None: "differs"}[state.good]
    cure = "\n".join(map(printable, spoken(state.hint).split("\n")))
    before = shown(words.pbx_before(state))
    return Tile(printable(state.name), how, shown(words.pbx_words(state, digest)), "", cure, before, (), read=False)


def _call_picture(slots: Sequence[CallSlot]) -> CallPicture | None:
    most = max((slot.calls.asked for slot in slots), default=0)
    if not most:
        return None
    width = WIDTH / max(len(slots), _FEWEST)
    marks = tuple(_mark(slot, at * width, width, most) for at, slot in enumerate(slots))
    first, last = shown(slots[0].label), shown(slots[-1].label)
    return CallPicture(marks, first if len(slots) == 1 else f"{first} – {last}")


def _mark(slot: CallSlot, x: float, width: float, most: int) -> CallMark:
    named, nameless = slot.calls.named, slot.calls.nameless
    told = say("{when}: {named:,} with a name, {nameless:,} without", when=slot.label, named=named, nameless=nameless)
    return CallMark(round(x, 1), round(width, 1), _height(named, most), _height(nameless, most), shown(told))


def _height(calls: int, most: int) -> float:
    """The height of a bar. That of a single call beside thousands is seen."""
    return round(max((HEIGHT - 2 * _LEAST) * calls / most, _LEAST), 1) if calls else 0.0


def _sections(digest: Digest) -> Iterator[ReportSection]:
    calls = digest.calls
    if calls is not None:
        rows = [
            (foreign(text), escape(country), number(one.calls), minute(one.last))
            for one in calls.unknown
            for text, country in (spelled(one.number),)
        ]
        columns = (say("number"), say("country"), say("calls"), say("last call"))
        yield _section("unknown", words.NUMBERS, columns, rows)
    if digest.missed is not None:
        rows = [
            (minute(one.at), foreign(shown(number_words(one.number))), foreign(one.name), foreign(", ".join(one.rung)))
            for one in digest.missed.calls
        ]
        columns = (say("when"), say("number"), say("name"), say("phones that rang"))
        yield _section("missed", words.MISSED, columns, rows)
    failed = [
        (escape(shown(words.failure_times(one))), worded(words.failure_words(one)), _hint(one.hint))
        for one in digest.failures
    ]
    yield _section("failed", words.FAILURES, (say("when"), say("what happened"), say("what to do")), failed)
    causes = [(number(count), worded(title), worded(cure)) for title, count, cure in words.cause_rows(digest)]
    yield _section("problems", words.PROBLEMS, (say("phones"), say("what is wrong"), say("what to do")), causes)
    changed = [_of_run(run) for run in digest.runs if changes(run)][:_MOST_RUNS]
    yield _section("runs", say("Runs with changes"), (say("when"), say("run"), say("what it did")), changed)


def _of_run(run: RunRecord) -> tuple[str, str, str]:
    parts = (f"{foreign(part.pbx)}: {worded(did(run, part))}" for part in run.parts)
    return minute(run.started), f"{run.run}, {foreign(run.command)}", "<br>".join(parts)


def _hint(hint: str) -> str:
    return "<br>".join(escape(printable(line), quote=False) for line in spoken(hint).split("\n"))


def _section(kind: str, title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> ReportSection:
    """A section of rows whose cells are HTML."""
    html = "".join(f"<tr>{''.join(f'<td>{cell}' for cell in row)}\n" for row in rows)
    return ReportSection(kind, spoken(title), tuple(map(spoken, columns)), len(rows), html)
