"""The engine of a command: the parts of its configuration, under a progress bar."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from astsync.cli.common import Common
from astsync.cli.progress import progress_bar
from astsync.phonebook.plan import Lifted

if TYPE_CHECKING:
    from astsync.engine import Engine
    from astsync.phonebook.approval import ApprovedPlans


@contextmanager
def open_engine(
    common: Common,
    lifted: Lifted | None = None,
    *,
    dry_run: bool,
    whole: bool = False,
    durable: bool = False,
    approved: "ApprovedPlans | None" = None,
    pbxs: Sequence[str] | None = None,
) -> "Iterator[Engine]":
    """Make an engine for the configuration; a run that may write holds the store's lock. Raises AstsyncError.

    ``pbxs`` are the names of its PBXs, by default those of ``--pbx``.
    """
    from astsync.parts import Parts

    parts = Parts.load(common.config)
    options = parts.options(lifted, dry_run=dry_run, whole=whole, durable=durable)
    if approved is not None:
        options = replace(options, approved=approved)
    chosen = parts.patient_pbxs(common.pbx if pbxs is None else pbxs)
    progress = progress_bar(quiet=common.quiet)
    with parts.engine(f"astsync {common.command}", chosen, options, progress) as engine:
        yield engine
