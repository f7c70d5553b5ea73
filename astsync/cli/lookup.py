"""``lookup``: everything that is known about one number, and so why the phone shows what it shows."""

from typing import TYPE_CHECKING, Annotated

import typer

from astsync.cli.common import Common, OutputOption, TextOrJson
from astsync.cli.output import check_output, complain_of, emit

if TYPE_CHECKING:
    from astsync.engine.result import Lookup


def lookup(
    context: typer.Context,
    number: Annotated[
        list[str], typer.Argument(metavar="NUMBER", help="A number in any spelling, or the digits of a key on the PBX.")
    ],
    lookup_format: Annotated[TextOrJson, typer.Option("--format", help="The format.")] = TextOrJson.TEXT,
    output: OutputOption = None,
) -> None:
    """Show why the phone shows that: each PBX, the card in 1C, the rules, who else has the number; 1C is not asked."""
    from astsync.reports import lookup as report

    check_output(output)
    found = _look(context.ensure_object(Common), " ".join(number))
    emit(report.as_json(found) if lookup_format is TextOrJson.JSON else report.as_text(found), output)
    complain_of((pbx.name, pbx.error) for pbx in found.pbx)
    raise typer.Exit(found.exit_code)


def _look(common: Common, number: str) -> "Lookup":
    """Ask the store and the PBXs. None that is down is waited for, as a person is waiting. Raises AstsyncError."""
    from astsync.engine.lookup import Asked, look_up
    from astsync.parts import Parts

    parts = Parts.load(common.config)
    asked = Asked(number, parts.numbers)
    names, pbxs = parts.names, parts.pbxs(common.pbx)
    with parts.store(write=False) as store:
        return look_up(asked, pbxs, store, parts.config.sync.family, parts.numbers, names)
