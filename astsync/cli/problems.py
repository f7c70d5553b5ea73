"""``problems``: the work list for whoever keeps the cards in 1C."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from astsync.cli.common import Common, OutputOption
from astsync.cli.output import check_output, emit, tell
from astsync.cli.progress import progress_bar
from astsync.cli.sync import CsvOption, Format, FormatOption
from astsync.language import say
from astsync.reports.csv_dialect import CsvDialect
from astsync.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable


class Since(StrEnum):
    """Since when problems are new."""

    LAST = "last"


def problems(
    context: typer.Context,
    since: Annotated[
        Since | None,
        typer.Option("--since", help="last: only what the last list did not have that was given out."),
    ] = None,
    report_format: FormatOption = Format.TEXT,
    output: OutputOption = None,
    csv_dialect: CsvOption = CsvDialect.EXCEL,
) -> None:
    """Pull from 1C and list what is to be repaired in its cards, by cause: phones without an entry, shared numbers.

    A list counts as given out when it was written with --output, or asked for with --since.
    """
    from astsync.parts import Parts
    from astsync.phonebook.repairs import Repairs
    from astsync.reports.formats import rendered_problems
    from astsync.reports.work_list import work_list
    from astsync.store.given_out import read_given

    check_output(output, report_format)
    common = context.ensure_object(Common)
    parts = Parts.load(common.config)
    before = read_given(parts.store_path) if since is not None else None
    if since is not None and before is None:
        tell(say("no list was given out before: this one has every problem"))
    pbxs, progress = parts.patient_pbxs(common.pbx), progress_bar(quiet=common.quiet)
    with parts.engine("astsync problems", pbxs, parts.options(dry_run=True), progress) as engine:
        found = engine.problems()
    work = work_list(found, Repairs(parts.numbers).suggest, parts.config.source.web_client, before)
    whole = emit(rendered_problems(work, report_format, csv_dialect), output)
    if whole and (output is not None or since is not None):
        _remember(parts.store_path, work.marks)


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
