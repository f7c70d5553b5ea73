"""HTML reports: one page that needs nothing from the network, and is whole without its script."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from astsync.engine.result import PbxReport, Report
from astsync.language import joined, say, spoken
from astsync.phonebook.model import Change
from astsync.reports.as_text import headline, pull_counts
from astsync.reports.html_page import html_page, part_of_page
from astsync.reports.html_text import foreign, marked, named, safe, worded
from astsync.reports.picture import HEIGHT, WIDTH, Picture, picture
from astsync.reports.remarks import failures, remarks
from astsync.reports.shown import moment, shown
from astsync.reports.verdict import verdict, verdicts
from astsync.text import printable, span

_MOST_OPEN = 200
"""Rows beyond which a section begins folded."""
_MOST_WITH_CARDS = 1_000
"""Changes up to which each row names the card in 1C: with more the page would be as long again for references alone."""
_MOST_NAMED = 2  # PBXs that "all but" names


@dataclass(frozen=True, slots=True)
class Tile:
    """One PBX: its ``state`` (good, differs or bad), what came of the run there, why it failed and what to do.

    ``read`` says whether it could be read, so that there are changes of it.
    """

    name: str
    state: str
    verdict: str
    why: str
    cure: str
    figures: str
    remarks: tuple[str, ...]
    read: bool


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A table with a title. ``rows`` is its HTML, in which all foreign text is escaped."""

    kind: str
    title: str
    columns: tuple[str, ...]
    count: int
    rows: str

    @property
    def folded(self) -> bool:
        """Whether it has so many rows that it begins folded."""
        return self.count > _MOST_OPEN


@dataclass(frozen=True, slots=True)
class ReportPage:
    """What the page shows. All texts but ``ReportSection.rows`` are in the language in use, and not yet escaped."""

    title: str
    verdict: Sequence[tuple[str, str]]
    facts: Sequence[tuple[str, str]]
    tiles: Sequence[Tile]
    sections: Sequence[ReportSection]
    nothing: str
    footer: str
    picture: Picture | None = None


def render(report: Report) -> str:
    """The report as a page: the verdict, a tile for each PBX, the last runs, and the changes by their kinds."""
    parts = [(safe(name), shown(text)) for name, text in verdicts(report)]
    head = "; ".join(f"{name}: {text}" if name else text for name, text in parts)
    return _page(
        ReportPage(
            title=f"astsync {report.command} – {head}",
            verdict=parts,
            facts=[(spoken(name), shown(text)) for name, text in _facts(report)],
            tiles=[_tile(pbx, undo=report.undoes is not None) for pbx in report.pbx],
            sections=[section for section in _sections(report) if section.count],
            nothing=spoken(say("No differences.")),
            footer=spoken(say("Made by astsync. Every change is in the JSON and CSV reports too.")),
            picture=picture(report.last_runs),
        )
    )


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    """When, which run, from what list and how old it is."""
    yield say("When"), moment(report.at)
    if report.run is None:
        yield say("Run"), say("{command}, a dry run: nothing was written", command=report.command)
    else:
        yield say("Run"), say("{run}, {command}", run=str(report.run), command=report.command)
    if report.undoes is not None:
        yield say("Undone"), headline(report)
        return
    counts = pull_counts(report.counterparties, report.skipped, report.conflicts)
    yield say("List"), joined("; ", (report.source, counts))
    age = {"when": moment(report.pulled), "age": span((report.at - report.pulled).total_seconds())}
    if report.fresh:
        yield say("Read"), say("{when} ({age} old)", **age)
    else:
        yield say("Read"), say("{when} ({age} old): the snapshot, 1C was not asked", **age)


def _tile(pbx: PbxReport, *, undo: bool) -> Tile:
    plan, error = pbx.plan, pbx.error
    figures = "" if plan is None else say(
        "{existing:,} held before, {desired:,} wanted, {same:,} unchanged, {foreign:,} foreign kept",
        existing=plan.existing, desired=plan.desired, same=plan.unchanged, foreign=plan.foreign,
    )  # fmt: skip
    differs = plan is not None and bool(plan.changes) and pbx.applied is None
    state = "bad" if error is not None or pbx.verified is False else "differs" if differs else "good"
    return Tile(
        name=safe(pbx.name),
        state=state,
        verdict=shown(verdict(pbx, undo=undo)),
        why=_lines(error.under(pbx.name)) if error is not None else "",
        cure=_lines(error.hint) if error is not None else "",
        figures=shown(figures),
        remarks=tuple(map(shown, remarks(pbx))),
        read=plan is not None,
    )


def _lines(text: str) -> str:
    return "\n".join(map(printable, spoken(text).split("\n")))


_DONE = {"add": say("New names"), "change": say("Changed names"), "delete": say("Deleted names")}
_INTENDED = {"add": say("To add"), "change": say("To change"), "delete": say("To delete")}


def _sections(report: Report) -> Iterator[ReportSection]:
    read = [at for at, pbx in enumerate(report.pbx) if pbx.plan is not None]
    places = _Places([safe(pbx.name) for pbx in report.pbx], read)
    failed = _gathered((at, (key, shown(words))) for at, pbx in enumerate(report.pbx) for key, words in failures(pbx))
    rows = [_row(places, where, foreign(key), foreign(words)) for (key, words), where in failed.items()]
    columns = (*_columns(say("number"), say("what the PBX said")), *places.column)
    yield _section("failed", say("Not written"), columns, rows)
    yield from _changed(report, read, places)
    if report.list_foreign:
        kept = _gathered((at, (e.number, e.name)) for at in read for e in getattr(report.pbx[at].plan, "kept", ()))
        rows = [_row(places, where, foreign(key), named(safe(name))) for (key, name), where in sorted(kept.items())]
        columns = (*_columns(say("number"), say("name")), *places.column)
        yield _section("foreign", say("Foreign names, kept"), columns, rows)


def _changed(report: Report, read: Sequence[int], places: "_Places") -> Iterator[ReportSection]:
    """The sections of the changes: those that were made, then those that a dry run found, or that were not made."""
    made = [at for at in read if report.pbx[at].applied is not None]
    groups = ((_DONE, "", made), (_INTENDED, "to-", [at for at in read if at not in made]))
    changes = {
        prefix + kind: (title, _gathered((at, change) for at in where for change in _of_kind(report.pbx[at], kind)))
        for titles, prefix, where in groups
        for kind, title in titles.items()
    }
    with_cards = sum(len(found) for _, found in changes.values()) <= _MOST_WITH_CARDS
    for kind, (title, found) in changes.items():
        cards = with_cards and not kind.endswith("delete")
        rows = [
            _row(places, where, foreign(change.number), _names(change, report.verdicts), *_card(change, cards))
            for change, where in sorted(found.items(), key=lambda item: item[0].number)
        ]
        columns = _columns(say("number"), say("name"), *((say("card in 1C"),) if cards else ()))
        yield _section(kind, title, (*columns, *places.column), rows)


def _of_kind(pbx: PbxReport, kind: str) -> Iterator[Change]:
    """The changes of a kind on a PBX, but those that failed."""
    failed = pbx.applied.failed if pbx.applied is not None else {}
    yield from (change for change in getattr(pbx.plan, kind) if change.number not in failed)


class _Places:
    """Whose a row is, where there are several PBXs: a last cell with their names, and numbers for the script.

    ``read`` are the places of the PBXs that could be read.
    """

    def __init__(self, names: Sequence[str], read: Sequence[int]) -> None:
        self._names = names
        self._read = read
        self.column = _columns(say("PBX")) if len(names) > 1 else ()

    def cells(self, where: Sequence[int]) -> tuple[str, str]:
        """The attribute of the row, which one of all PBXs that were read does without, and its last cell."""
        if not self.column:
            return "", ""
        attribute = "" if where == self._read else f' data-p="{" ".join(map(str, where))}"'
        return attribute, f"<td>{escape(self._words(where), quote=False)}"

    def _words(self, where: Sequence[int]) -> str:
        if len(where) == len(self._names):
            return spoken(say("all"))
        others = [name for at, name in enumerate(self._names) if at not in set(where)]
        if len(where) > 2 * _MOST_NAMED and len(others) <= _MOST_NAMED:
            return shown(say("all but {names}", names=joined(", ", others)))
        return ", ".join(self._names[at] for at in where)


def _gathered(found: Iterable[tuple[int, Any]]) -> dict[Any, list[int]]:
    """What is the same on several PBXs, with the PBXs' places."""
    rows: dict[Any, list[int]] = {}
    for at, what in found:
        rows.setdefault(what, []).append(at)
    return rows


def _columns(*titles: str) -> tuple[str, ...]:
    return tuple(map(spoken, titles))


def _section(kind: str, title: str, columns: tuple[str, ...], rows: list[str]) -> ReportSection:
    return ReportSection(kind, spoken(title), columns, len(rows), "".join(rows))


def _row(places: _Places, where: Sequence[int], key: str, name: str, *card: str) -> str:
    """A row. HTML needs no ends of cells and rows, and ten thousand rows are shorter without."""
    attribute, last = places.cells(where)
    return f"<tr{attribute}><td>{key}<td>{name}{''.join(f'<td class=card>{one}' for one in card)}{last}\n"


def _card(change: Change, wanted: bool) -> tuple[str, ...]:
    return (foreign(change.new.source),) if wanted and change.new is not None else ()


def _names(change: Change, why: Mapping[str, str]) -> str:
    """The old name or the new one, or both with what differs marked; and why the new one won its number."""
    if change.new is None:
        return named(safe(change.old or ""))
    new, reason = safe(change.new.name), why.get(change.number, "")
    name = named(new) if change.old is None else marked(safe(change.old), new)
    return f"{name}<small>{worded(reason)}</small>" if reason else name


def _page(page: ReportPage) -> str:
    return html_page("report.html", page, script=part_of_page("report.js"), width=WIDTH, height=HEIGHT)
