"""What came of a run: for each PBX its plan, what was applied, and whether it holds what was desired."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from astsync.errors import AstsyncError, PartlyDone, SafetyError
from astsync.phonebook.model import Conflict, Doubt, Skipped
from astsync.phonebook.plan import Plan


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done to a PBX: added, changed and deleted entries, and the failed keys with the PBX's words.

    ``written`` counts all entries that were put, in ``push`` also those that did not differ. Where the connection was
    lost it is what the PBX had confirmed by then.
    """

    add: int = 0
    change: int = 0
    delete: int = 0
    written: int = 0
    failed: Mapping[str, str] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether anything was done at all."""
        return bool(self.written or self.delete)


@dataclass(frozen=True, slots=True)
class PbxReport:
    """One PBX's part of a run. ``plan`` is None when the PBX could not be read, ``applied`` when nothing was sent.

    ``verified`` tells whether the PBX, read again, holds what was desired; None when it was not read again.
    """

    name: str
    plan: Plan | None = None
    applied: Applied | None = None
    verified: bool | None = None
    error: AstsyncError | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run: what the phonebook was made of, and each PBX's part.

    ``run`` is None for a dry run; ``fresh`` tells a phonebook that this run pulled from the snapshot's, which was
    pulled at ``pulled`` (UTC). ``undoes`` is the run that this one put back; ``source`` and ``pulled`` then tell that.
    ``list_foreign`` asks for the foreign entries themselves beside their count.
    """

    command: str
    run: int | None
    source: str
    fresh: bool
    pulled: datetime
    counterparties: int
    skipped: int
    conflicts: int
    pbx: tuple[PbxReport, ...]
    undoes: int | None = None
    list_foreign: bool = False

    @property
    def differs(self) -> bool:
        """Whether any PBX differs from the phonebook before the run."""
        return any(pbx.plan is not None and pbx.plan.changes for pbx in self.pbx)

    @property
    def exit_code(self) -> int:
        """The exit code: 0, or the failure's own where nothing was done, or 7 where it was done in part.

        A PBX that is in step counts as done beside one that failed. Beside refusals alone it does not: 6 says that
        nothing was written.
        """
        codes = {pbx.error.exit_code for pbx in self.pbx if pbx.error is not None}
        if not codes:
            return 0
        touched = any(pbx.applied is not None and pbx.applied.any for pbx in self.pbx)
        well = any(pbx.error is None for pbx in self.pbx)
        if touched or (well and codes != {SafetyError.exit_code}):
            return PartlyDone.exit_code
        return min(codes)


@dataclass(frozen=True, slots=True)
class Problems:
    """What a pull could not turn into entries, the numbers that several counterparties claim, and phones in doubt."""

    source: str
    counterparties: int
    skipped: tuple[Skipped, ...]
    conflicts: tuple[Conflict, ...]
    doubts: tuple[Doubt, ...] = ()
