"""``lookup``: everything that is known about one number, and so why the phone shows what it shows."""

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from astsync.cli.common import Common, OutputOption, TextOrJson
from astsync.cli.output import check_output, complain, complain_of, emit
from astsync.cli.screen import show

if TYPE_CHECKING:
    from astsync.engine.result import AskedOneC, Lookup
    from astsync.parts import Parts


def lookup(
    context: typer.Context,
    number: Annotated[
        list[str], typer.Argument(metavar="NUMBER", help="A number in any spelling, or the digits of a key on the PBX.")
    ],
    lookup_format: Annotated[TextOrJson, typer.Option("--format", help="The format.")] = TextOrJson.TEXT,
    online: Annotated[
        bool, typer.Option("--online", metavar="", help="Ask 1C now, as `serve` does during a call.")
    ] = False,
    output: OutputOption = None,
) -> None:
    """Show why the phone shows that: each PBX, the card in 1C, the rules, who else has the number; nothing is written.

    1C itself is asked only with --online: what it says, how long it takes, and what a call would get.
    """
    from astsync.reports import lookup as report

    check_output(output)
    common = context.ensure_object(Common)
    found, asked = _look(common, " ".join(number), online=online)
    if lookup_format is TextOrJson.JSON:
        emit(report.as_json(found, asked), output)
    else:
        show(lambda _: report.as_text(found, asked), common.colour, output)
    complain_of((pbx.name, pbx.error) for pbx in found.pbx)
    if asked is not None and asked.error is not None:
        complain(asked.error)
        raise typer.Exit(asked.error.exit_code)
    raise typer.Exit(found.exit_code)


def _look(common: Common, number: str, *, online: bool) -> "tuple[Lookup, AskedOneC | None]":
    """Ask the store and the PBXs, and 1C. None that is down is waited for, as a person is waiting. Raises AstsyncError.

    1C comes first: where it cannot be asked at all, that is a fault of the configuration.
    """
    from astsync.engine.lookup import Asked, look_up
    from astsync.parts import Parts

    parts = Parts.load(common.config)
    asked = Asked(number, parts.numbers)
    names, pbxs = parts.names, parts.pbxs(common.pbx)
    told = _ask_onec(parts, number) if online else None
    with parts.store(write=False) as store:
        return look_up(asked, pbxs, store, parts.config.sync.family, parts.numbers, names), told


def _ask_onec(parts: "Parts", number: str) -> "AskedOneC":
    from astsync.lookup.asking_now import ask_now
    from astsync.store.known_names import StoreNames

    with closing(StoreNames(parts.store_path)) as known:
        return ask_now(parts, number, known)
