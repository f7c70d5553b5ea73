"""``history`` lists past runs, ``undo`` puts one back."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from astsync.cli.common import Common, OutputOption
from astsync.cli.open_engine import open_engine
from astsync.cli.output import check_output, emit
from astsync.cli.screen import show
from astsync.cli.sync import FEW, CsvOption, DryRun, Format, FormatOption, finish, with_last_runs
from astsync.errors import ConfigError, SafetyError
from astsync.language import say
from astsync.reports.csv_dialect import CsvDialect

if TYPE_CHECKING:
    from astsync.parts import Parts
    from astsync.store import Store


class RunsFormat(StrEnum):
    """The formats of the list of runs."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


def history(
    context: typer.Context,
    run: Annotated[
        int | None, typer.Argument(metavar="RUN", help="A run's number: every change that it made on the PBXs.")
    ] = None,
    number: Annotated[
        str | None,
        typer.Option("--number", metavar="NUMBER", help="The life of a number: what each run on record did with it."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", metavar="", help="List each run that had nothing to do, too.")
    ] = False,
    limit: Annotated[
        int,
        typer.Option("--limit", metavar="COUNT", min=1, max=1_000, help="So many runs, the newest first."),
    ] = FEW,
    list_format: Annotated[RunsFormat, typer.Option("--format", help="The list's format.")] = RunsFormat.TEXT,
    output: OutputOption = None,
    csv_dialect: CsvOption = CsvDialect.EXCEL,
) -> None:
    """List past runs, what they did to each PBX, and which of them can be undone.

    In the text the runs of a day that had nothing to do are one line; the other formats have all of them.
    """
    from astsync.parts import Parts
    from astsync.reports import folded_history
    from astsync.reports.formats import rendered_runs

    check_output(output, list_format)
    if run is not None and number is not None:
        raise ConfigError(say("history takes a run or --number, not both"), hint=say("Leave one of them out."))
    common = context.ensure_object(Common)
    parts = Parts.load(common.config)
    with parts.store(write=False) as store:
        if number is not None:
            found = _life(parts, store, number, list_format, csv_dialect)
        elif run is not None:
            found = _changes(store, run, list_format, csv_dialect)
        elif list_format is RunsFormat.TEXT:
            runs = store.runs(limit) if every else store.runs()
            show(lambda paint: folded_history.as_text(runs, limit, paint, every=every), common.colour, output)
            return
        else:
            found = rendered_runs(store.runs(limit), list_format, csv_dialect)
    if isinstance(found, str) and list_format is RunsFormat.TEXT:
        show(lambda _: found, common.colour, output)
    else:
        emit(found, output)


def _changes(store: "Store", run: int, list_format: RunsFormat, csv_dialect: CsvDialect) -> str | bytes:
    from astsync.reports.key_changes import RunChanges, rendered_changes

    record = store.run(run)
    if record is None:
        raise ConfigError(
            say("there is no run {run}", run=str(run)), hint=say("`astsync history` lists the runs that are kept.")
        )
    names = {part.pbx.casefold(): part.pbx for part in record.parts}
    return rendered_changes(RunChanges(record, store.changes(run), names), list_format, csv_dialect)


def _life(parts: "Parts", store: "Store", number: str, list_format: RunsFormat, csv_dialect: CsvDialect) -> str | bytes:
    from astsync.engine.lookup import Asked
    from astsync.reports.key_changes import NumberLife, rendered_life

    asked = Asked(number, parts.numbers)
    every = (*asked.keys, *asked.others)
    names = {pbx.name.casefold(): pbx.name for pbx in parts.config.pbx}
    life = NumberLife(asked.number, asked.keys, store.life(every), store.entries(every), names)
    return rendered_life(life, list_format, csv_dialect)


def undo(
    context: typer.Context,
    run: Annotated[
        int | None,
        typer.Argument(
            metavar="RUN", help="The run's number in history; else the last that wrote, but for runs `online`."
        ),
    ] = None,
    skip_changed: Annotated[
        bool, typer.Option("--skip-changed", metavar="", help="Leave entries as they are that have changed since.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", metavar="", help="Do not ask; needed where there is no terminal.")
    ] = False,
    dry_run: DryRun = False,
    report_format: FormatOption = Format.TEXT,
    output: OutputOption = None,
    csv_dialect: CsvOption = CsvDialect.EXCEL,
) -> None:
    """Put back what a run overwrote, deleted and added; the next sync writes it again, unless 1C says otherwise."""
    check_output(output, report_format)
    common = context.ensure_object(Common)
    if not yes and not dry_run:
        run = _agreed(common, run, skip_changed=skip_changed)
    with open_engine(common, dry_run=dry_run) as engine:
        report = with_last_runs(engine.undo(run, skip_changed=skip_changed), engine, report_format)
    raise typer.Exit(finish(context, report, report_format, output, FEW, csv_dialect))


def _agreed(common: Common, run: int | None, *, skip_changed: bool) -> int | None:
    """Show what an undo would do, and ask for a yes. Returns the number of the run that was shown.

    The preview is a dry run, so nothing is locked while a person thinks. The undo itself reads again, and refuses keys
    that have changed meanwhile. Where the preview has nothing to put back, nothing is asked: the undo says why. Raises
    ConfigError where nobody can be asked, SafetyError after a no.
    """
    from astsync.cli.asking import Asker, at_a_terminal
    from astsync.reports import as_text

    if not at_a_terminal():
        raise ConfigError(
            say("undo asks before it writes, and there is no terminal to ask at"),
            hint=say("Look at what it would do with --dry-run, then add --yes."),
        )
    with open_engine(common, dry_run=True) as engine:
        preview = engine.undo(run, skip_changed=skip_changed)
    asker = Asker(yes=False)
    if any(pbx.error is None and pbx.plan is not None and pbx.plan.changes for pbx in preview.pbx):
        asker.show(as_text.intent(preview))
        if not asker.sure(say("Put it back?"), default=False):
            raise SafetyError(say("run {run} was not put back: the answer was no", run=str(preview.undoes)))
    return preview.undoes
