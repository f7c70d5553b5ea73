"""``problems``: the work list for whoever keeps the cards in 1C."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from astsync.cli.common import Common, OutputOption
from astsync.cli.mailing import post_to
from astsync.cli.output import check_output, emit, tell
from astsync.cli.progress import progress_bar
from astsync.cli.sync import CsvOption, Format, FormatOption
from astsync.errors import PartlyTold
from astsync.language import counted, say
from astsync.reports.csv_dialect import CsvDialect
from astsync.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from astsync.parts import Parts
    from astsync.reports.work_list import WorkList


class Since(StrEnum):
    """Since when problems are new."""

    LAST = "last"


def problems(
    context: typer.Context,
    since: Annotated[
        Since | None,
        typer.Option("--since", help="last: only what the last list did not have that was given out."),
    ] = None,
    responsible: Annotated[
        str, typer.Option("--responsible", metavar="NAME", help="Only the cards that this person keeps, as in 1C.")
    ] = "",
    mail_to: Annotated[
        list[str] | None,
        typer.Option(
            "--mail-to", metavar="ADDRESS", help="Mail the list there, by notify.mail.server; again for more."
        ),
    ] = None,
    report_format: FormatOption = Format.TEXT,
    output: OutputOption = None,
    csv_dialect: CsvOption = CsvDialect.EXCEL,
) -> None:
    """Pull from 1C and list what is to be repaired in its cards, by cause: phones without an entry, shared numbers.

    A list counts as given out when it was written with --output, mailed, or asked for with --since.
    """
    from astsync.parts import Parts
    from astsync.phonebook.repairs import Repairs
    from astsync.reports.formats import rendered_problems
    from astsync.reports.work_list import kept_by, work_list
    from astsync.store.given_out import read_given

    check_output(output, report_format)
    common = context.ensure_object(Common)
    parts = Parts.load(common.config)
    post = _post(parts, mail_to) if mail_to else None
    before = read_given(parts.store_path) if since is not None else None
    if since is not None and before is None:
        tell(say("no list was given out before: this one has every problem"))
    pbxs, progress = parts.patient_pbxs(common.pbx), progress_bar(quiet=common.quiet)
    with parts.engine("astsync problems", pbxs, parts.options(dry_run=True), progress) as engine:
        found = engine.problems()
    if responsible:
        found = kept_by(found, responsible)
    work = work_list(found, Repairs(parts.numbers).suggest, parts.config.source.web_client, before)
    marks = set(work.marks)
    if responsible:  # the others' problems are neither gone nor new
        work = replace(work, gone=0)
        given = before or read_given(parts.store_path)
        marks |= given.marks if given is not None else set()
    missed = post(work) if post is not None and work.count else None
    whole = (post is not None and output is None) or emit(rendered_problems(work, report_format, csv_dialect), output)
    if whole and (post is not None or output is not None or since is not None):
        _remember(parts.store_path, marks)
    if missed is not None:
        raise missed


def _post(parts: "Parts", addresses: list[str]) -> "Callable[[WorkList], PartlyTold | None]":
    """What mails a list, and returns the error where only some addresses got it: to them it is given out.

    Raises ConfigError where no mail can be sent, before the source is read.
    """
    from astsync.notify import notices
    from astsync.reports import work_as_html, work_as_text

    send = post_to(parts, addresses, say("there is no mail server to send the list by"))

    def post(work: "WorkList") -> PartlyTold | None:
        text, page = work_as_text.render(work), work_as_html.render(work)
        missed = send(notices.of_problems(work.count, text, page, time.time()))
        if missed is not None:
            return missed
        tell(
            counted(
                "the list was mailed to {count:,} address", "the list was mailed to {count:,} addresses", len(addresses)
            )
        )
        return None

    return post


def _remember(store: Path, marks: "Iterable[str]") -> None:
    """Remember what was given out. The list itself is there already: where that fails, it is told and no more."""
    from astsync.store.given_out import given_file, write_given
    from astsync.store.records import Given

    try:
        write_given(store, Given(datetime.now(UTC), frozenset(marks)))
    except OSError as error:
        tell(
            say(
                "cannot remember this list in {place}: {why}; the next one --since last will have its problems again",
                place=printable(str(given_file(store))),
                why=error.strerror or str(error),
            )
        )
