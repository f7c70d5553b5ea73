"""``setup``: makes ready what a PBX or this machine needs, and verifies it. A module of its own has each subcommand."""

import typer

from astsync.cli import setup_jobs, setup_pbx

app = typer.Typer(help="Make ready what a PBX or this machine needs, and verify it.", no_args_is_help=True)


@app.callback()
def setup() -> None:
    """Make ready what a PBX or this machine needs, and verify it."""


app.command("pbx")(setup_pbx.pbx)
app.command("cron")(setup_jobs.cron)
app.command("systemd")(setup_jobs.systemd)
app.command("watch")(setup_jobs.watch)
