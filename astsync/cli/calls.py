"""``calls``: the calls that are over, as `astsync serve` kept them."""

import sqlite3
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from astsync.cli.common import Common, OutputOption
from astsync.cli.output import check_output, emit, tell
from astsync.cli.screen import show
from astsync.cli.since import since as beginning
from astsync.cli.sync import CsvOption
from astsync.errors import StoreError
from astsync.language import say
from astsync.reports.csv_dialect import CsvDialect

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from astsync.parts import Parts
    from astsync.reports.call_list import CallList, ListedCall
    from astsync.store import JournalReader, KeptCall

MOST_LISTED = 20_000
"""Calls of a list."""


class CallsFormat(StrEnum):
    """The formats of the list of calls."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    HTML = "html"


def calls(
    context: typer.Context,
    missed: Annotated[
        bool, typer.Option("--missed", metavar="", help="Only calls from outside that nobody picked up.")
    ] = False,
    since: Annotated[
        str,
        typer.Option(
            "--since", metavar="WHEN", help="today, yesterday, monday, a date as 2026-11-23, or a time as 24h or 7d."
        ),
    ] = "today",
    number: Annotated[
        str | None, typer.Option("--number", metavar="NUMBER", help="Only those of this number, in any spelling.")
    ] = None,
    list_format: Annotated[CallsFormat, typer.Option("--format", help="The format.")] = CallsFormat.TEXT,
    output: OutputOption = None,
    csv_dialect: CsvOption = CsvDialect.EXCEL,
) -> None:
    """List the calls that are over: who called whom, what came of it, and whether somebody called back.

    They are those that `astsync serve` kept, with serve.calls.follow = true; neither 1C nor a PBX is asked.
    """
    from astsync.engine.lookup import Asked
    from astsync.parts import Parts
    from astsync.reports import call_list

    now = datetime.now(UTC).astimezone()
    begin = beginning(since, now)
    check_output(output, list_format)
    common = context.ensure_object(Common)
    parts = Parts.load(common.config)
    asked = Asked(number, parts.numbers) if number is not None else None
    wanted = frozenset((asked.number, *asked.keys, *asked.others)) if asked is not None else None
    pbxs = {pbx.name for pbx in parts.pbx_configs(common.pbx)} if common.pbx else None
    try:
        found = _listed(parts, begin, now, missed=missed, numbers=wanted, pbxs=pbxs)
    except (sqlite3.Error, OSError) as error:
        words = say("the store {path} cannot be read: {why}", path=str(parts.store_path), why=str(error))
        raise StoreError(words, hint=say("Check who may read the file and its folder.")) from None
    if not parts.config.serve.calls.follow:
        tell(say("calls are not kept: write follow = true under [serve.calls], and run `astsync serve`"))
    if list_format is CallsFormat.TEXT:
        show(lambda paint: call_list.as_text(found, paint), common.colour, output)
    elif list_format is CallsFormat.JSON:
        emit(call_list.as_json(found), output)
    elif list_format is CallsFormat.CSV:
        emit(call_list.as_csv(found, csv_dialect), output)
    else:
        emit(call_list.as_html(found) if list_format is CallsFormat.HTML else call_list.as_xlsx(found), output)


def _listed(
    parts: "Parts",
    since: datetime,
    until: datetime,
    *,
    missed: bool,
    numbers: "Collection[str] | None",
    pbxs: "Collection[str] | None",
) -> "CallList":
    """The calls of a period. Raises sqlite3.Error, OSError."""
    from astsync.reports.call_list import CallList
    from astsync.store import JournalReader

    journal = JournalReader(parts.store_path)
    kept = journal.period(since, until, MOST_LISTED + 1, missed=missed, phones=numbers, pbxs=pbxs)
    gaps = tuple(
        gap
        for gap in journal.gaps(until, [pbx.name for pbx in parts.config.pbx])
        if gap.until >= since and (pbxs is None or gap.pbx in pbxs)
    )
    listed = tuple(_named(parts, journal, kept[:MOST_LISTED]))
    return CallList(since, until, listed, gaps, cut=len(kept) > MOST_LISTED)


def _named(parts: "Parts", journal: "JournalReader", calls: "list[KeptCall]") -> "Iterable[ListedCall]":
    """The calls with the names of their numbers, and what came of the missed ones."""
    from contextlib import closing

    from astsync.lookup.call_json import CallTeller
    from astsync.lookup.callers import CallerReader
    from astsync.reports.call_list import CalledBack, ListedCall
    from astsync.store import StoreNames

    later = journal.later(
        (one.call.phone, one.call.started) if one.call.missed else ("", one.call.started) for one in calls
    )
    with closing(StoreNames(parts.store_path)) as names:
        teller = CallTeller(CallerReader(parts.numbers), names)
        for one, (called, answered) in zip(calls, later, strict=True):
            back = None
            if one.call.missed:
                back = CalledBack.CALLED if called else CalledBack.ANSWERED if answered else CalledBack.NO
            who = teller.who(one.call.phone)
            card = who["counterparty"]
            yield ListedCall(one.call, who["name"] or (card["name"] if card else ""), back)
