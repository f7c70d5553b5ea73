"""The log of a service: one line for each event."""

import logging
import os
import sys
from collections.abc import Mapping

from astsync.cli.common import Common
from astsync.cli.output import SafeFormatter

_ROOMS = ("astsync.watch", "astsync.lookup")
_PRIORITIES = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (0, 7))  # syslog's, for the journal


def set_up_log(common: Common, environ: Mapping[str, str]) -> None:
    """Log one line for each event, with the time; for systemd's journal with the priority instead."""
    if not common.quiet:
        for room in _ROOMS:
            logging.getLogger(room).setLevel(logging.DEBUG if common.verbose > 1 else logging.INFO)
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
