"""Digests of every kind, for the tests of their formats: in the zone of Moscow they begin at midnight."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from astsync.engine.digest import failures
from astsync.engine.result import CallsOfPeriod, Digest, MissedCall, MissedCalls, PbxState, UnknownCaller
from astsync.language import about, say
from astsync.phonebook.endings import Ending
from astsync.store import CallCount, RunRecord, SnapshotFacts
from tests.unit.sample_reports import NOW, PULLED, runs

MIDNIGHT = datetime(2026, 11, 15, 21, 0, tzinfo=UTC)
"""Of Monday the 16th in Moscow."""


def digests() -> dict[str, Digest]:
    """By name: a week with everything in it; days without anything; a good day by the hour; a quarter by the week."""
    quiet = Digest(MIDNIGHT, NOW, NOW, "pbx.example.local", None, None, {}, (), 0, None, (), (PbxState("office"),))
    facts = SnapshotFacts(PULLED, "1C OData at http://1c.example.local/trade (Контрагенты)", 12_410, 12_000, 0, 0)
    good = PbxState("office", True, PULLED, well_at=PULLED)
    day = replace(quiet, since=NOW - timedelta(days=1), calls=_day(), snapshot=facts, pbx=(good,), last_run=_well())
    quarter = replace(day, since=MIDNIGHT - timedelta(days=90), calls=_quarter())
    return {"week": _week(quiet, facts, good), "quiet": quiet, "day": replace(day, runs=(_well(),)), "quarter": quarter}


def _well() -> RunRecord:
    return runs()[0]


def _week(quiet: Digest, facts: SnapshotFacts, good: PbxState) -> Digest:
    of_week = tuple(
        replace(run, hint=say("Look at the log of 1C.\nThen run it again.")) if run.run == 5 else run for run in runs()
    )
    far = about("far", say("no answer in time \x1b[31m <b>"))
    cure = say("Check the <i>firewall</i>.\nThen run it again.")
    reasons = {
        "a local number, and no area code is set (numbers.area_code)": 700,
        "no valid phone number for RU": 21,
        "too short for a phone number": 9,
        "new | <u>reason</u>": 1,
    }
    calls = CallsOfPeriod(MIDNIGHT + timedelta(hours=30), tuple(_calls()), _unknown(), 1_250, 3)
    return replace(
        quiet,
        host="атс-1 \u202e<b>",
        calls=calls,
        snapshot=replace(facts, at=PULLED - timedelta(days=3), skipped=1_234, conflicts=21),
        reasons=reasons,
        runs=of_week,
        online_runs=5,
        runs_since=PULLED - timedelta(days=2),
        failures=tuple(failures((*of_week, *(replace(run, started=PULLED) for run in of_week if run.exit_code == 4)))),
        pbx=(
            good,
            PbxState("far", False, NOW, far, cure),
            PbxState("odd", False, NOW, well_at=PULLED),
            PbxState("new"),
        ),
        last_run=replace(of_week[3], hint=cure),
        missed=_missed(),
    )


def _missed() -> MissedCalls:
    """Twelve calls that nobody answered yet: a known number, a hostile name, withheld numbers."""
    at = PULLED - timedelta(hours=2)
    known = MissedCall("74955550142", "OOO <b>Romashka</b> \u202e", at, ("101", "102"))
    withheld = tuple(MissedCall("", "", at - timedelta(hours=hour), ()) for hour in range(1, 12))
    return MissedCalls(31, 12, (known, *withheld))


def _calls() -> list[CallCount]:
    """Calls of some hours of the last days; one ending of each hour is another one."""
    made = []
    every = list(Ending)
    for at in range(0, 100, 3):
        hour = MIDNIGHT + timedelta(hours=30 + at)
        made += [CallCount(hour, "snapshot", 40 + at), CallCount(hour, every[at % len(every)].value, 7)]
    return made


def _unknown() -> tuple[UnknownCaller, ...]:
    numbers: tuple[str, ...] = (
        "74955550171",
        "375295550104",
        "74955550172",
        "77015550101",
        "442079460101",
        "881612345678",
        "7",
    )
    numbers += tuple(str(74955550200 + at) for at in range(7))
    return tuple(
        UnknownCaller(number, 20 - at, PULLED - timedelta(minutes=37 * at)) for at, number in enumerate(numbers)
    )


def _day() -> CallsOfPeriod:
    hours = (PULLED - timedelta(hours=at) for at in (20, 5, 3, 1))
    return CallsOfPeriod(MIDNIGHT, tuple(CallCount(hour, "snapshot", 9) for hour in sorted(hours)))


def _quarter() -> CallsOfPeriod:
    days = (MIDNIGHT - timedelta(days=at) + timedelta(hours=9) for at in range(89, 0, -1))
    counts = [one for day in days for one in (CallCount(day, "snapshot", 1_200), CallCount(day, "unknown", 1))]
    return CallsOfPeriod(MIDNIGHT - timedelta(days=365), tuple(counts), _unknown()[:1], 1, 0)
