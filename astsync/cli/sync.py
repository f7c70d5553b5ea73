"""``sync``, and its neighbours ``diff`` and ``push``: the commands that run the engine."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from astsync.cli.common import Common, OutputOption
from astsync.cli.notifying import telling
from astsync.cli.open_engine import open_engine
from astsync.cli.output import check_output, complain, complain_of, emit
from astsync.cli.screen import show
from astsync.errors import AstsyncError, ConfigError, SafetyError
from astsync.language import say
from astsync.phonebook.plan import Lifted
from astsync.reports.csv_dialect import CsvDialect

if TYPE_CHECKING:
    from astsync.engine import Engine
    from astsync.engine.result import Report
    from astsync.phonebook.approval import ApprovedPlans

EXIT_DIFFERENT = 3
FEW = 20  # changes that a report at a terminal lists without -v


class Format(StrEnum):
    """The formats of a report."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    HTML = "html"
    XLSX = "xlsx"


FormatOption = Annotated[
    Format,
    typer.Option("--format", metavar="FORMAT", help="The report's format: text, json, csv, markdown, html or xlsx."),
]
CsvOption = Annotated[
    CsvDialect,
    typer.Option("--csv-dialect", help="excel: opens in Excel with one click; plain: RFC 4180, for programs."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", metavar="", help="Do all but write.")]
AllowEmpty = Annotated[
    bool, typer.Option("--allow-empty", metavar="", help="Accept an empty list of counterparties, this once.")
]
AllowDeletes = Annotated[bool, typer.Option("--allow-deletes", metavar="", help="Lift max_delete, this once.")]
AllowChanges = Annotated[bool, typer.Option("--allow-changes", metavar="", help="Lift max_change, this once.")]
Durable = Annotated[
    bool, typer.Option("--durable", metavar="", help="Wait until Asterisk has it on its disk, and read once more.")
]


def diff(
    context: typer.Context,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", metavar="", help="Exit with 3 when there are differences.")
    ] = False,
    report_format: FormatOption = Format.TEXT,
    output: OutputOption = None,
    csv_dialect: CsvOption = CsvDialect.EXCEL,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Save the changes as a plan for `astsync apply`.")
    ] = None,
    foreign: Annotated[
        bool, typer.Option("--foreign", metavar="", help="List the entries that astsync did not write, too.")
    ] = False,
    allow_empty: AllowEmpty = False,
    allow_deletes: AllowDeletes = False,
    allow_changes: AllowChanges = False,
) -> None:
    """Compare 1C with the PBXs and report; write nothing."""
    check_output(output, report_format)
    check_output(save)
    lifted = Lifted(allow_empty, allow_deletes, allow_changes)
    with open_engine(context.ensure_object(Common), lifted, dry_run=True) as engine:
        report = with_last_runs(replace(engine.sync("diff"), list_foreign=foreign), engine, report_format)
    unsaved = _save(context.ensure_object(Common), report, save) if save is not None else None
    code = finish(context, report, report_format, output, FEW, csv_dialect)
    if unsaved is not None:
        complain(unsaved)
        code = code or unsaved.exit_code
    raise typer.Exit(code or (EXIT_DIFFERENT if exit_code and report.differs else 0))


def sync(
    context: typer.Context,
    dry_run: DryRun = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", metavar="", help="Show the changes and ask before they are written.")
    ] = False,
    durable: Durable = False,
    report_format: FormatOption = Format.TEXT,
    output: OutputOption = None,
    csv_dialect: CsvOption = CsvDialect.EXCEL,
    allow_empty: AllowEmpty = False,
    allow_deletes: AllowDeletes = False,
    allow_changes: AllowChanges = False,
) -> None:
    """Bring the PBXs in step with 1C: write only what differs."""
    check_output(output, report_format)
    lifted = Lifted(allow_empty, allow_deletes, allow_changes)
    common = context.ensure_object(Common)
    approved = _agreed(common, lifted) if confirm and not dry_run else None
    with telling(common, wanted=not dry_run) as tell:
        with open_engine(common, lifted, dry_run=dry_run, durable=durable, approved=approved) as engine:
            report = with_last_runs(engine.sync(), engine, report_format)
        tell(report)
    raise typer.Exit(finish(context, report, report_format, output, FEW, csv_dialect))


def push(
    context: typer.Context,
    pull: Annotated[bool, typer.Option("--pull", metavar="", help="Pull from 1C first.")] = False,
    dry_run: DryRun = False,
    durable: Durable = False,
    report_format: FormatOption = Format.TEXT,
    output: OutputOption = None,
    csv_dialect: CsvOption = CsvDialect.EXCEL,
    allow_empty: AllowEmpty = False,
    allow_deletes: AllowDeletes = False,
    allow_changes: AllowChanges = False,
) -> None:
    """Write the whole phonebook as of the last sync, as after a PBX's reboot; 1C may be down."""
    check_output(output, report_format)
    lifted = Lifted(allow_empty, allow_deletes, allow_changes)
    common = context.ensure_object(Common)
    with telling(common, wanted=not dry_run) as tell:
        with open_engine(common, lifted, dry_run=dry_run, whole=True, durable=durable) as engine:
            report = with_last_runs(engine.push(pull=pull), engine, report_format)
        tell(report)
    raise typer.Exit(finish(context, report, report_format, output, FEW, csv_dialect))


def _approved(common: Common, report: "Report") -> "ApprovedPlans":
    from astsync.parts import Parts
    from astsync.phonebook.approval import approve

    family = Parts.load(common.config).config.sync.family
    return approve(family, {pbx.name: pbx.plan for pbx in report.pbx if pbx.plan is not None})


def _save(common: Common, report: "Report", file: Path) -> AstsyncError | None:
    """Save the plans of the PBXs that could be read. Returns why that failed: the report is still to be told."""
    from astsync.phonebook.approval import as_text

    try:
        emit(as_text(_approved(common, report)), file)
    except AstsyncError as error:
        return error
    return None


def _agreed(common: Common, lifted: Lifted) -> "ApprovedPlans":
    """Show what a sync would write, and ask for a yes; nothing is asked where nothing is to be written.

    The preview is a dry run, so nothing is locked while a person thinks. The sync itself reads all again, and is
    refused where something moved meanwhile. Raises ConfigError where nobody can be asked, SafetyError after a no.
    """
    from astsync.cli.asking import Asker, at_a_terminal
    from astsync.reports import as_text

    if not at_a_terminal():
        raise ConfigError(
            say("sync --confirm asks before it writes, and there is no terminal to ask at"),
            hint=say("Save the changes with `astsync diff --save FILE`; write them with `astsync apply FILE`."),
        )
    with open_engine(common, lifted, dry_run=True) as engine:
        preview = engine.sync()
    # A PBX that is refused is not written, and the sync itself says so; another one beside it is written.
    if any(pbx.plan and pbx.plan.changes and not isinstance(pbx.error, SafetyError) for pbx in preview.pbx):
        asker = Asker(yes=False)
        asker.show(as_text.render(preview, None if common.verbose else FEW))
        if not asker.sure(say("Write these changes?"), default=False):
            raise SafetyError(say("nothing was written: the answer was no"))
    return _approved(common, preview)


def with_last_runs(report: "Report", engine: "Engine", report_format: Format) -> "Report":
    """The report with the last runs where its format shows them."""
    return replace(report, last_runs=engine.last_runs()) if report_format is Format.HTML else report


def finish(
    context: typer.Context,
    report: "Report",
    report_format: Format,
    output: Path | None,
    most: int | None = None,
    csv_dialect: CsvDialect = CsvDialect.EXCEL,
) -> int:
    """Write the report, then each error with its cure to standard error. Returns the exit code.

    ``Report.exit_code`` makes one code of those of several PBXs. The run is over by now, so a report that cannot be
    written hides no error of a PBX: it sets the exit code only where there is none.
    """
    from astsync.reports.formats import rendered

    code = report.exit_code
    errors = [(pbx.name, pbx.error) for pbx in report.pbx]
    try:
        common = context.ensure_object(Common)
        if output is None and report_format is Format.TEXT:
            _print(common, report, most)
        else:
            emit(rendered(report, report_format, csv_dialect), output)
    except ConfigError as error:
        errors.append(("", error))
        code = code or error.exit_code
    complain_of(errors)
    return code


def _print(common: Common, report: "Report", most: int | None) -> None:
    """Print the report as text: ``most`` changes of each PBX, with ``-v`` all.

    With ``-q`` there is no text where nothing changed and nothing failed: cron mails whatever it gets. Raises
    ConfigError when it cannot be written.
    """
    from astsync.reports import as_text

    if not common.quiet or report.differs or report.exit_code:
        show(lambda paint: as_text.render(report, None if common.verbose else most, paint), common.colour)
