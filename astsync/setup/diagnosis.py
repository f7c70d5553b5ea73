"""What the findings of a check mean together: a verdict in a sentence, and the command that comes next. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from shlex import quote

from astsync.finding import Finding
from astsync.language import counted, joined, say
from astsync.setup.scheduled import LAST_RUN, SCHEDULE

_OF_THE_USER = ("login", "right to read", "right to write")
"""Parts of a PBX's check that are a matter of its AMI user."""
_DIALPLAN, _ASTDB, _SNAPSHOT = "dialplan", "AstDB", "snapshot"
_ENTRY, _FORM = "entry", "form of number"


class AreaKind(Enum):
    """What an area of the check is about."""

    STORE = auto()
    SOURCE = auto()
    PBX = auto()
    RUNS = auto()
    CALL = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Examined:
    """A finding, the title of its area, what that is about, and the PBX's name where it is a PBX."""

    title: str
    kind: AreaKind
    pbx: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """``words`` are the verdict. ``commands`` come next, in their order; ``astsync`` stands for the whole command."""

    words: str
    commands: tuple[str, ...]

    @property
    def next_words(self) -> str:
        """The commands in a line, none of them in words of a language."""
        first, *rest = self.commands
        words: str = first
        for command in rest:
            words = say("{first}, then {second}", first=words, second=command)
        return words


def no_configuration() -> Diagnosis:
    """The verdict where no configuration was named and none lies in a usual place."""
    return Diagnosis(say("There is no configuration yet."), ("astsync init",))


def diagnose(found: Sequence[Examined], pbxs: Sequence[str], number: str = "") -> Diagnosis:
    """What the findings mean; ``pbxs`` are the names of those that were asked, ``number`` is that of ``--call``."""
    faults = [one for one in found if one.finding.good is False]
    if faults:
        return _to_mend(faults)
    if found and all(one.kind is AreaKind.CALL for one in found):
        return _of_a_call(found, number)
    words, commands, told = _ready(found, pbxs)
    remarks = [one for one in found if one.finding.good is None and one.finding.hint and one is not told]
    if remarks:
        more = counted("{count:,} remark stands above.", "{count:,} remarks stand above.", len(remarks))
        words = joined(" ", (words, more))
    return Diagnosis(words, commands)


def _of_a_call(found: Sequence[Examined], number: str) -> Diagnosis:
    """The first thing that keeps a name away: the dialplan, else the missing entry, else the form of the number."""
    remarks = [one for one in found if one.finding.good is None and one.finding.hint]
    by_part = {str(one.finding.part): one for one in reversed(remarks)}
    silent = next((one for one in remarks if one.finding.part not in (_ENTRY, _FORM)), None)
    if silent is not None:
        words = say("Such a call may come without its name on {pbx}.", pbx=silent.pbx)
        return Diagnosis(words, (_set_up(silent.pbx), "astsync help dialplan"))
    if _ENTRY in by_part:
        words = say("The dialplan shows names, but {pbx} has no entry for this number.", pbx=by_part[_ENTRY].pbx)
        first = f"astsync lookup {quote(number)}" if number else "astsync diff"
        return Diagnosis(words, (first, "astsync sync"))
    if _FORM in by_part:
        words = say("Such a call is named where the carrier sends the number in a form that is written; see above.")
        return Diagnosis(words, ("astsync help numbers",))
    return Diagnosis(say("Such a call would be named."), ("astsync check --calls 500",))


def _to_mend(faults: Sequence[Examined]) -> Diagnosis:
    first = faults[0]
    words = counted(
        "{count:,} thing wants mending: {area}, {part}.",
        "{count:,} things want mending, first: {area}, {part}.",
        len(faults),
        area=first.title,
        part=first.finding.part,
    )
    if first.kind is AreaKind.PBX and first.finding.part in (*_OF_THE_USER, _DIALPLAN):
        return Diagnosis(words, (_set_up(first.pbx), "astsync check"))
    return Diagnosis(say("{verdict} What to do stands below it.", verdict=words), ("astsync check",))


def _ready(found: Sequence[Examined], pbxs: Sequence[str]) -> tuple[str, tuple[str, ...], Examined | None]:
    """The verdict without a fault: the first thing that is not done yet, in the order in which things are done.

    Returns also the finding that it is about, where that is a remark.
    """
    names = joined(", ", pbxs)
    snapshot = _first(found, AreaKind.STORE, _SNAPSHOT)
    if snapshot is not None and snapshot.finding.good is None and not snapshot.finding.hint:
        ready = say("Ready: the first sync would read 1C and write the names to {pbxs}.", pbxs=names)
        return ready, ("astsync diff", "astsync sync"), None
    lost = _remark(found, AreaKind.PBX, _ASTDB)
    if lost is not None:
        words = say("{pbx} has lost names that were written to it.", pbx=lost.pbx)
        return words, (_only_to(lost.pbx, "push"),), lost
    last = _remark(found, AreaKind.RUNS, LAST_RUN)
    if last is not None:
        return say("Nothing is in the way of a sync now, but the last run did not succeed."), ("astsync sync",), last
    silent = _remark(found, AreaKind.PBX, _DIALPLAN)
    if silent is not None:
        words = say("The names are on {pbx}, but phones may not show them.", pbx=silent.pbx)
        return words, (_set_up(silent.pbx), "astsync help dialplan"), silent
    schedule = _remark(found, AreaKind.RUNS, SCHEDULE)
    if schedule is not None:
        words = say("Ready: a sync would keep {pbxs} in step with 1C; nothing starts one yet.", pbxs=names)
        return words, ("astsync setup cron",), schedule
    old = _remark(found, AreaKind.STORE, _SNAPSHOT)
    if old is not None:
        return say("The list is old: no sync has read 1C for days."), ("astsync sync",), old
    words = say("All is well: syncs keep {pbxs} in step with 1C.", pbxs=names)
    return words, ("astsync check --calls 500",), None


def _remark(found: Sequence[Examined], kind: AreaKind, part: str) -> Examined | None:
    """The first finding of this part that wants something done."""
    return next(
        (
            one
            for one in found
            if one.kind is kind and one.finding.part == part and one.finding.good is None and one.finding.hint
        ),
        None,
    )


def _first(found: Sequence[Examined], kind: AreaKind, part: str) -> Examined | None:
    return next((one for one in found if one.kind is kind and one.finding.part == part), None)


def _set_up(pbx: str) -> str:
    return f"astsync setup pbx --pbx {quote(pbx)}"


def _only_to(pbx: str, command: str) -> str:
    return f"astsync --pbx {quote(pbx)} {command}"
