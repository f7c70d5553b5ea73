"""What a run changed, and the life of a number, in every format of ``history``."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from astsync.language import counted, joined, number, say, spoken
from astsync.phonebook.model import Entry
from astsync.reports import as_csv, as_xlsx, history
from astsync.reports.csv_dialect import CsvDialect
from astsync.reports.json_document import json_document
from astsync.reports.shown import moment, shown
from astsync.reports.tables import Row
from astsync.store.records import KeyChange, RunRecord
from astsync.text import printable

KEY_COLUMNS: Row = ("run", "command", "started", "pbx", "number", "change", "old", "new")
_SIGNS = {"add": "+", "change": "~", "delete": "-", "adopted": "=", "given_back": "=", "same": "="}
_NOTES = {
    "adopted": say("astsync's from then on"),
    "given_back": say("no longer astsync's"),
    "same": say("only its owner changed"),
}


@dataclass(frozen=True, slots=True)
class RunChanges:
    """A run with its record. ``names`` are the PBXs' names by those of the store."""

    run: RunRecord
    changes: tuple[KeyChange, ...]
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NumberLife:
    """What runs on record did with a number, the oldest first, and what the last list says of its ``keys`` now."""

    number: str
    keys: tuple[str, ...]
    changes: tuple[KeyChange, ...]
    entries: Mapping[str, Entry]
    names: Mapping[str, str] = field(default_factory=dict)


def kind_of(change: KeyChange) -> str:
    """What a run did with a key: add, change or delete; adopted, given_back or same where the name stayed."""
    if change.old is None or change.new is None:
        return "add" if change.old is None else "delete"
    if change.old != change.new:
        return "change"
    return "same" if change.owned is None else "given_back" if change.owned else "adopted"


def rendered_changes(found: RunChanges, form: str, dialect: CsvDialect) -> str | bytes:
    """The changes of a run in a format of ``history``."""
    if form == "json":
        changes = [_as_data(one, found.names) for one in found.changes]
        return json_document({**history.as_data(found.run), "changes": changes})
    if form == "text":
        return "\n".join(_run_lines(found)) + "\n"
    name = say("Run {run}", run=str(found.run.run))
    return _table(name, found.changes, found.names, form, dialect)


def rendered_life(found: NumberLife, form: str, dialect: CsvDialect) -> str | bytes:
    """The life of a number in a format of ``history``."""
    if form == "json":
        entries = [{"number": e.number, "name": e.name, "source": e.source} for e in found.entries.values()]
        changes = [{"run": one.run, "command": one.command, "started": one.at} | _as_data(one, found.names)
                   for one in found.changes]  # fmt: skip
        return json_document({"number": found.number, "keys": list(found.keys), "changes": changes, "entries": entries})
    if form == "text":
        return "\n".join(_life_lines(found)) + "\n"
    return _table(say("Number {number}", number=found.number), found.changes, found.names, form, dialect)


def _as_data(change: KeyChange, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "pbx": names.get(change.pbx, change.pbx), "number": change.number, "change": kind_of(change),
        "old": change.old, "new": change.new,
    }  # fmt: skip


def _table(
    title: str, changes: Sequence[KeyChange], names: Mapping[str, str], form: str, dialect: CsvDialect
) -> str | bytes:
    rows = (_row(one, names) for one in changes)
    if form == "csv":
        return as_csv.render_table(KEY_COLUMNS, rows, dialect)
    kinds = [kind_of(one) for one in changes]
    totals = [
        (spoken(words), number(kinds.count(kind)))
        for kind, words in (("add", say("Added")), ("change", say("Changed")), ("delete", say("Deleted")))
    ]
    return as_xlsx.render_table(shown(title), KEY_COLUMNS, rows, totals)


def _row(one: KeyChange, names: Mapping[str, str]) -> Row:
    about = (str(one.run), one.command, moment(one.at), names.get(one.pbx, one.pbx), one.number)
    return tuple(map(printable, (*about, kind_of(one), one.old or "", one.new or "")))


def _run_lines(found: RunChanges) -> Iterator[str]:
    yield history.as_text([found.run]).rstrip("\n")
    if not found.changes:
        why = (
            say("Its record is kept no longer (store.keep_runs).")
            if any(part.added or part.changed or part.deleted for part in found.run.parts)
            else say("It changed nothing on a PBX.")
        )
        yield shown(why)
    if found.changes and found.run.exit_code is None:
        yield spoken(say("The run did not end: some of these changes may not have been made."))
    for pbx, changes in _by_pbx(found.changes).items():
        words = counted("{pbx}: {count:,} key", "{pbx}: {count:,} keys", len(changes), pbx=found.names.get(pbx, pbx))
        yield shown(words)
        yield from (f"  {_told(one, one.number)}" for one in changes)


def _by_pbx(changes: Iterable[KeyChange]) -> dict[str, list[KeyChange]]:
    found: dict[str, list[KeyChange]] = {}
    for one in changes:
        found.setdefault(one.pbx, []).append(one)
    return found


def _told(one: KeyChange, place: str) -> str:
    """A change in a line, after its sign and ``place``."""
    kind = kind_of(one)
    names = " -> ".join(printable(name) for name in (one.old, one.new) if name is not None)
    if kind in _NOTES:
        names = f"{printable(one.new or '')} ({spoken(_NOTES[kind])})"
    return f"{_SIGNS[kind]} {printable(place)}  {names}"


def _life_lines(found: NumberLife) -> Iterator[str]:
    yield shown(say("{number}, as the key {keys}", number=found.number, keys=joined(", ", found.keys)))
    if not found.changes:
        yield spoken(say("No run on record changed it."))
    for one in found.changes:
        run = shown(say("run {run}, {command}", run=str(one.run), command=one.command))
        place = found.names.get(one.pbx, one.pbx)
        place = place if one.number == found.keys[0] else f"{place} {one.number}"
        yield f"  {moment(one.at)}  {run}  {_told(one, place)}"
    for entry in found.entries.values():
        yield shown(say("Now in the list: {name} ({source})", name=entry.name, source=entry.source))
    if not found.entries:
        yield spoken(say("It is not in the list of the last sync."))
