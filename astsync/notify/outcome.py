"""What a run came to, as far as somebody has to be told of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from astsync.engine.result import Report
from astsync.errors import AstsyncError, LockedError, SafetyError
from astsync.language import Message, counted

_LONGEST_WAIT = 3600.0  # seconds that another run may hold the lock before that is a failure
_REBOOT = 900.0  # seconds that a PBX may be away from watch: a restart or an upgrade is no failure


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that failed: the PBX's name, "" where it is no PBX; what happened and why; the cure, or ""."""

    pbx: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run that is over. ``faults`` are empty where it went well.

    ``sort`` is the same for two failures that are one to a person: the exit code and where it failed. ``patience`` is
    how many seconds a failure of this sort must last before it is one.
    """

    command: str
    code: int
    faults: Sequence[Fault] = field(default_factory=tuple)
    patience: float = 0.0
    report: Report | None = None

    @property
    def good(self) -> bool:
        """Whether there is nothing to tell."""
        return not self.faults

    @property
    def refused(self) -> bool:
        """Whether a safety limit refused it."""
        return self.code == SafetyError.exit_code

    @property
    def sort(self) -> str:
        """What kind of failure it is, in a word for the memory."""
        places = sorted({fault.pbx for fault in self.faults})
        return f"{self.code} {' '.join(places)}".rstrip()


def of_report(report: Report, away: Sequence[str] = ()) -> Outcome:
    """What a run came to that has a report; ``away`` are PBXs that it left out since they are not connected."""
    # The refusal of a whole run is the error of each PBX: it is one fault.
    errors = {id(pbx.error): (pbx.name, pbx.error) for pbx in report.pbx if pbx.error is not None}
    refused = report.exit_code == SafetyError.exit_code
    faults = [Fault("" if refused else name, error.message, error.hint) for name, error in errors.values()]
    if faults or not away:
        return Outcome(report.command, report.exit_code, faults, report=report)
    words = counted(
        "{count:,} PBX is not connected: {names}",
        "{count:,} PBXs are not connected: {names}",
        len(away),
        names=", ".join(away),
    )
    return Outcome(report.command, 5, [Fault(" ".join(away), words)], _REBOOT, report)


def of_error(command: str, error: AstsyncError) -> Outcome:
    """What a run came to that ended with an error."""
    patience = _LONGEST_WAIT if isinstance(error, LockedError) else 0.0
    return Outcome(command.removeprefix("astsync "), error.exit_code, [Fault("", error.message, error.hint)], patience)


def told_once(faults: Sequence[Fault]) -> list[str | Message]:
    """The messages of the faults, each once."""
    return list(dict.fromkeys(fault.message for fault in faults))
