"""The engine of a command: the parts of its configuration, under a progress bar."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from astsync.cli.common import Common
from astsync.cli.progress import progress_bar
from astsync.phonebook.plan import Lifted

if TYPE_CHECKING:
    from astsync.engine import Engine


@contextmanager
def open_engine(
    common: Common, lifted: Lifted | None = None, *, dry_run: bool, whole: bool = False, durable: bool = False
) -> "Iterator[Engine]":
    """Make an engine for the configuration; a run that may write holds the store's lock. Raises AstsyncError."""
    from astsync.parts import Parts

    parts = Parts.load(common.config)
    options = parts.options(lifted, dry_run=dry_run, whole=whole, durable=durable)
    pbxs, progress = parts.patient_pbxs(common.pbx), progress_bar(quiet=common.quiet)
    with parts.engine(f"astsync {common.command}", pbxs, options, progress) as engine:
        yield engine
