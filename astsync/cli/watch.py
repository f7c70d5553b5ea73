"""``watch``: the command; what it does is in the package ``watch``."""

import logging
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from astsync.cli.common import Common
from astsync.cli.output import SafeFormatter

if TYPE_CHECKING:
    from astsync.watch.job import Job

_PRIORITIES = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (0, 7))  # syslog's, for the journal


def watch(
    context: typer.Context,
    every: Annotated[
        str, typer.Option("--every", metavar="TIME", help="Sync every 90s, 15m, 2h; 0 for never.")
    ] = "15m",
) -> None:
    """Stay connected, restore the phonebook as soon as a PBX comes back, and sync every so often."""
    from astsync.parts import Parts
    from astsync.watch.job import alone, make_job
    from astsync.watch.notify import Notifier
    from astsync.watch.watcher import Watch

    common = context.ensure_object(Common)
    pause = seconds(every)
    set_up_log(common, os.environ)
    store = Parts.load(common.config).store_path

    def load() -> "Job":
        return make_job(Parts.load(common.config), common.pbx, pause, store)

    with alone(store):
        Watch(load, Notifier(os.environ)).run()


def seconds(text: str) -> float:
    """Read a time such as 15m; a number alone is seconds. Raises BadParameter."""
    from astsync.config.value_types import duration_seconds

    try:
        return duration_seconds(f"{text.strip()}s" if text.strip().isdecimal() else text)
    except ValueError:
        raise typer.BadParameter("write a time such as 90s, 15m or 2h; 0 for never", param_hint="--every") from None


def set_up_log(common: Common, environ: Mapping[str, str]) -> None:
    """Log one line for each event, with the time; for systemd's journal with the priority instead."""
    if not common.quiet:
        logging.getLogger("astsync.watch").setLevel(logging.DEBUG if common.verbose > 1 else logging.INFO)
    formatter = _JournalFormatter() if _is_journal(environ) else SafeFormatter("%(asctime)s astsync: %(message)s")
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, SafeFormatter):
            handler.setFormatter(formatter)


def _is_journal(environ: Mapping[str, str]) -> bool:
    """Whether standard error goes to systemd's journal (systemd.exec(5), JOURNAL_STREAM)."""
    try:
        place = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{place.st_dev}:{place.st_ino}"


class _JournalFormatter(SafeFormatter):
    """Begins every line with its priority (sd-daemon(3)). The journal itself adds the time and the program's name."""

    def format(self, record: logging.LogRecord) -> str:
        priority = next(number for level, number in _PRIORITIES if record.levelno >= level)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).split("\n"))
