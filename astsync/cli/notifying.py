"""``notify`` sends a test; and every run that writes is told of as ``[notify]`` says, when it is over."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from astsync.cli.common import Common
from astsync.cli.findings import show
from astsync.cli.report import digest_of
from astsync.errors import AstsyncError, ConfigError, PartlyDone
from astsync.finding import Finding
from astsync.language import say

if TYPE_CHECKING:
    from datetime import datetime

    from astsync.engine.result import Digest, Report
    from astsync.notify.outcome import Outcome
    from astsync.notify.telling import Teller
    from astsync.parts import Parts


def notify(context: typer.Context) -> None:
    """Send a test message by every way that the section notify names, and say which of them took it."""
    import time

    from astsync.notify import notices
    from astsync.notify.telling import channels, send
    from astsync.parts import Parts

    config = Parts.load(context.ensure_object(Common).config).config.notify
    ways = channels(config)
    if not ways:
        raise ConfigError(
            say("nobody is told: [notify] names neither a mail server, nor a web service, nor a Telegram chat"),
            hint=say("Write notify.mail.server and notify.mail.to, notify.webhook.url or notify.telegram.chat."),
        )
    sent = send(ways, notices.of_test(time.time()), config.timeout)
    for one in sent:
        words, hint = (one.error.message, one.error.hint) if one.error else (say("the test message was taken"), "")
        show(Finding(one.channel, one.error is None, words, hint))
    failed = [one for one in sent if one.error is not None]
    if failed:
        raise typer.Exit(PartlyDone.exit_code if len(failed) < len(sent) else ConfigError.exit_code)


@contextmanager
def telling(common: Common, *, wanted: bool) -> "Iterator[Callable[[Report], None]]":
    """Tell of a run: of the report that the function is given, or of the error that ends the block.

    It is told after the lock is free again. Where not ``wanted``, as of a dry run, nothing is told.
    """
    from astsync.notify import outcome

    command = f"astsync {common.command}"
    try:
        yield lambda report: _tell(common, outcome.of_report(report)) if wanted else None
    except AstsyncError as error:
        if wanted:
            _tell(common, outcome.of_error(command, error))
        raise
    except Exception as error:
        if wanted:
            bug = say("this is a bug: {kind}: {why}", kind=type(error).__name__, why=str(error))
            _tell(common, outcome.of_error(command, AstsyncError(bug)))
        raise


def _tell(common: Common, ended: "Outcome") -> None:
    from astsync.parts import Parts

    try:
        parts = Parts.load(common.config)
    except AstsyncError:  # the run has told it, and nobody knows whom else to tell
        return
    teller_of(parts).run_ended(ended)


def teller_of(parts: "Parts") -> "Teller":
    """Who tells of the runs of this configuration."""
    from astsync.notify.telling import Teller

    def digest(since: "datetime", until: "datetime") -> "Digest":
        return digest_of(parts, (), since, until)

    return Teller(parts.config.notify, parts.store_path, digest)
