"""``watch``: the command; what it does is in the package ``watch``."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from astsync.cli.common import Common
from astsync.cli.notifying import teller_of
from astsync.cli.service_log import set_up_log
from astsync.errors import AstsyncError
from astsync.language import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astsync.engine.result import Report
    from astsync.parts import Parts
    from astsync.watch.job import Ended, Job


def watch(
    context: typer.Context,
    every: Annotated[
        str, typer.Option("--every", metavar="TIME", help="Sync every 90s, 15m, 2h; 0 for never.")
    ] = "15m",
    serve: Annotated[
        bool, typer.Option("--serve", metavar="", help="Answer calls too, as `astsync serve` does.")
    ] = False,
) -> None:
    """Stay connected, restore the phonebook as soon as a PBX comes back, and sync every so often."""
    from astsync.parts import Parts
    from astsync.watch.job import alone, make_job
    from astsync.watch.systemd import Notifier
    from astsync.watch.watcher import Watch

    common = context.ensure_object(Common)
    pause = seconds(every)
    set_up_log(common, os.environ)
    store = Parts.load(common.config).store_path

    with alone(store):
        if serve:
            _check_ports(Parts.load(common.config))

        def load() -> "Job":
            parts = Parts.load(common.config)
            job = replace(make_job(parts, common.pbx, pause, store), ended=telling_of(parts))
            return _serving(parts, job, common) if serve else job

        Watch(load, Notifier(os.environ)).run()


def telling_of(parts: "Parts") -> "Ended":
    """What tells of each sync as ``[notify]`` says."""
    from astsync.notify import outcome

    teller = teller_of(parts)

    def ended(result: "Report | AstsyncError", away: "Sequence[str]") -> None:
        if isinstance(result, AstsyncError):
            teller.run_ended(outcome.of_error("astsync watch", result))
        else:
            teller.run_ended(outcome.of_report(result, away))

    return ended


def _check_ports(parts: "Parts") -> None:
    from astsync.lookup.serving import check_ports  # only here: it loads the servers of FastAGI and HTTP

    check_ports(parts)


def _serving(parts: "Parts", job: "Job", common: Common) -> "Job":
    from astsync.lookup.serving import beside

    arguments = ["-v"] * common.verbose + ["-q"] * common.quiet
    if common.config is not None:
        arguments += ["--config", str(common.config)]
    return beside(parts, job, arguments)


def seconds(text: str) -> float:
    """Read a time such as 15m; 0 is never. Raises BadParameter, also for a number without its unit."""
    from astsync.config.value_types import duration_seconds

    given = text.strip()
    if given.isdecimal() and not int(given):
        return 0.0
    try:
        return duration_seconds(given)
    except ValueError:
        told = say("write a time such as 90s, 15m or 2h; 0 for never")
        if given.isascii() and given.isdecimal() and len(given) <= 6:
            told = say("{number} of what? Write {number}m for minutes; s, h and d are the other units", number=given)
        raise typer.BadParameter(told, param_hint="--every") from None
