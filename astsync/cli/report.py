"""``report``: what happened since yesterday, for a person who was not there."""

import time
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from astsync.cli.common import Common, OutputOption
from astsync.cli.mailing import post_to
from astsync.cli.output import check_output, emit, tell
from astsync.cli.screen import show
from astsync.cli.since import since as beginning
from astsync.language import counted, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astsync.engine.result import Digest
    from astsync.parts import Parts


class ReportFormat(StrEnum):
    """The formats of the report of a period."""

    TEXT = "text"
    HTML = "html"
    JSON = "json"
    MARKDOWN = "markdown"


def report(
    context: typer.Context,
    since: Annotated[
        str,
        typer.Option(
            "--since", metavar="WHEN", help="yesterday, today, monday, a date as 2026-11-23, or a time as 24h or 7d."
        ),
    ] = "yesterday",
    mail_to: Annotated[
        list[str] | None,
        typer.Option(
            "--mail-to", metavar="ADDRESS", help="Mail the report there, by notify.mail.server; again for more."
        ),
    ] = None,
    report_format: Annotated[ReportFormat, typer.Option("--format", help="The format.")] = ReportFormat.TEXT,
    output: OutputOption = None,
) -> None:
    """Show what happened: calls with a name and without, unknown numbers, problems, runs, failures, what to do next.

    All of it is what astsync has stored; neither 1C nor a PBX is asked. Calls are counted by `astsync serve`.
    """
    from astsync.parts import Parts
    from astsync.reports import digest_as_text
    from astsync.reports.formats import DIGEST_RENDERERS

    now = datetime.now(UTC).astimezone()
    begin = beginning(since, now)
    check_output(output)
    common = context.ensure_object(Common)
    parts = Parts.load(common.config)
    no_server = say("there is no mail server to send the report by")
    post = post_to(parts, mail_to, no_server) if mail_to else None
    digest = digest_of(parts, common.pbx, begin, now)
    missed = None
    if post is not None and mail_to:
        from astsync.notify import notices

        missed = post(notices.of_digest(digest, 0.0, time.time()))
        if missed is None:
            tell(counted("the report was mailed to {count:,} address", "the report was mailed to {count:,} addresses",
                         len(mail_to)))  # fmt: skip
    if post is None or output is not None:
        if report_format is ReportFormat.TEXT:
            show(lambda paint: digest_as_text.render(digest, paint), common.colour, output)
        else:
            emit(DIGEST_RENDERERS[report_format](digest), output)
    if missed is not None:
        raise missed


def digest_of(parts: "Parts", pbxs: "Sequence[str]", since: datetime, until: datetime) -> "Digest":
    """What happened in a period, and how things stand now; ``pbxs`` are names of PBXs, none for all.

    Raises StoreError, ConfigError for a name that is not configured.
    """
    from astsync.engine.digest import make_digest
    from astsync.store import JournalReader, running

    names = [pbx.name for pbx in parts.pbx_configs(pbxs)]
    busy = running(parts.store_path) is not None
    journal = JournalReader(parts.store_path) if parts.config.serve.calls.follow else None
    with parts.store(write=False) as store:
        now = datetime.now(UTC)
        return make_digest(store, parts.numbers, names, since, until, now, under_way=busy, journal=journal)
