"""``serve``: the command; what it does is in the package ``lookup``."""

import logging
import os
from typing import TYPE_CHECKING, Annotated

import typer

from astsync.cli.common import Common
from astsync.cli.service_log import set_up_log

if TYPE_CHECKING:
    from astsync.watch.job import Job


def serve(
    context: typer.Context,
    beside_watch: Annotated[bool, typer.Option("--beside-watch", hidden=True)] = False,
) -> None:
    """Tell Asterisk who is calling, by FastAGI and HTTP: from the store, then by asking 1C."""
    from astsync.lookup.child import end_with_parent
    from astsync.lookup.serving import Serving
    from astsync.parts import Parts
    from astsync.watch.systemd import Notifier
    from astsync.watch.watcher import Watch

    common = context.ensure_object(Common)
    set_up_log(common, os.environ)
    with Serving() as serving:

        def load() -> "Job":
            return serving.alone(Parts.load(common.config), common.pbx, writes=not beside_watch)

        if beside_watch:
            # watch has told of files that others may read.
            logging.getLogger("astsync.config.exposed").setLevel(logging.ERROR)
            end_with_parent()
        Watch(load, Notifier(os.environ)).run()
