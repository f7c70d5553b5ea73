"""``serve``: the command; what it does is in the package ``lookup``."""

import os
from typing import TYPE_CHECKING

import typer

from astsync.cli.common import Common
from astsync.cli.service_log import set_up_log

if TYPE_CHECKING:
    from astsync.watch.job import Job


def serve(context: typer.Context) -> None:
    """Tell Asterisk who is calling, by FastAGI and HTTP: from the store, then by asking 1C."""
    from astsync.lookup.serving import Serving
    from astsync.parts import Parts
    from astsync.watch.notify import Notifier
    from astsync.watch.watcher import Watch

    common = context.ensure_object(Common)
    set_up_log(common, os.environ)
    with Serving() as serving:

        def load() -> "Job":
            return serving.alone(Parts.load(common.config), common.pbx)

        Watch(load, Notifier(os.environ)).run()
