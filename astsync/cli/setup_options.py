"""The options of ``setup cron``, ``setup systemd`` and ``setup watch``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Trial(StrEnum):
    """What is run once before a job is installed: a check and a sync that writes nothing, a real sync, or nothing."""

    DRY_RUN = "dry-run"
    SYNC = "sync"
    NONE = "none"


EveryOption = Annotated[str, typer.Option("--every", metavar="TIME", help="Sync every 5m, 15m, 2h, 1d.")]
ShowOption = Annotated[
    bool, typer.Option("--show", metavar="", help="Show what is installed, or what would be; write nothing.")
]
RemoveOption = Annotated[bool, typer.Option("--remove", metavar="", help="Take away what this command wrote.")]
ForUserOption = Annotated[
    str | None,
    typer.Option("--for-user", metavar="USER", help="The user that it runs as; root's choice, by default astsync."),
]
TrialOption = Annotated[
    Trial,
    typer.Option(
        "--run",
        help="What is tried first, in the job's own environment: dry-run writes nothing, sync is the first sync.",
    ),
]
ReplaceOption = Annotated[
    bool, typer.Option("--replace", metavar="", help="Take the place of what somebody wrote by hand; a backup is kept.")
]
RootOption = Annotated[
    Path | None,
    typer.Option("--root", metavar="DIR", help="Write the units into the system below DIR, and start nothing."),
]
ForceOption = Annotated[
    bool,
    typer.Option("--force", metavar="", help="Write also beside a line of yours, and where no cron daemon runs."),
]
ServeOption = Annotated[bool, typer.Option("--serve", metavar="", help="Answer calls too, as `astsync serve` does.")]
