"""A person looks at the changes before they are written: ``apply`` of a saved plan, and ``sync --confirm``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from astsync.cli.common import Common, OutputOption
from astsync.cli.notifying import telling
from astsync.cli.open_engine import open_engine
from astsync.cli.output import check_output
from astsync.cli.sync import FEW, AllowEmpty, CsvOption, Durable, Format, FormatOption, finish, with_last_runs
from astsync.errors import ConfigError
from astsync.language import say
from astsync.phonebook.plan import Lifted
from astsync.reports.csv_dialect import CsvDialect

if TYPE_CHECKING:
    from astsync.phonebook.approval import ApprovedPlans

_LARGEST = 512 * 1024 * 1024  # bytes of a plan; one of a million entries has some 80 MB


def apply(
    context: typer.Context,
    plan: Annotated[Path, typer.Argument(metavar="FILE", help="The plan that `astsync diff --save FILE` wrote.")],
    durable: Durable = False,
    report_format: FormatOption = Format.TEXT,
    output: OutputOption = None,
    csv_dialect: CsvOption = CsvDialect.EXCEL,
    allow_empty: AllowEmpty = False,
) -> None:
    """Write exactly the changes of a saved plan; nothing where 1C or a PBX has moved since, and say what moved."""
    check_output(output, report_format)
    common = context.ensure_object(Common)
    approved = _read(plan)
    # The plan itself was looked at, so the shares that limit plans nobody has seen do not count.
    lifted = Lifted(allow_empty, deletes=True, changes=True)
    names = common.pbx or tuple(approved.plans)
    with telling(common, wanted=True) as tell:
        with open_engine(common, lifted, dry_run=False, durable=durable, approved=approved, pbxs=names) as engine:
            report = with_last_runs(engine.sync("apply"), engine, report_format)
        tell(report)
    raise typer.Exit(finish(context, report, report_format, output, FEW, csv_dialect))


def _read(file: Path) -> "ApprovedPlans":
    from astsync.config.bounded import read_bounded
    from astsync.phonebook.approval import read_text

    try:
        text = read_bounded(file, _LARGEST)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else say("it is not UTF-8 text")
        raise ConfigError(
            say("cannot read the plan {file}: {why}", file=str(file), why=why),
            hint=say("Make one with `astsync diff --save FILE`."),
        ) from None
    return read_text(text)
