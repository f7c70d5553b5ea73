"""What happened in some days, for a person who was not there: calls, problems, runs, failures, the PBXs.

All of it is what the store knows. Neither 1C nor a PBX is asked.
"""

import socket
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from astsync.engine.result import CallsOfPeriod, Digest, FailedRuns, MissedCall, MissedCalls, PbxState, UnknownCaller
from astsync.errors import EXIT_INTERRUPTED
from astsync.language import say
from astsync.phonebook.numbers.parser import NumberParser
from astsync.store import ONLINE_RUN, JournalReader, RunPart, RunRecord, Store

MOST_RUNS = 3_000
"""Runs that are looked at: all that history keeps, those that write names told online too."""
MOST_UNKNOWN = 50
"""Numbers without a name that are told."""
MOST_CALLS = 20_000
"""Calls that are looked at for those that were missed."""
MOST_MISSED = 50
"""Missed calls that are told."""
_LOOKED_AT = 500  # numbers of which it is looked whether they have a name by now

KILLED = say("the run was killed before its end")
_KILLED_CURE = say("Nothing is lost: the next run finishes its work.")


def make_digest(
    store: Store,
    parser: NumberParser,
    pbxs: Sequence[str],
    since: datetime,
    until: datetime,
    now: datetime,
    *,
    under_way: bool = False,
    journal: JournalReader | None = None,
) -> Digest:
    """Tell what happened from ``since`` until before ``until``, and how things stand ``now``; all in UTC.

    ``pbxs`` are the names of the configured PBXs. ``under_way``: the newest run may be one that has not ended yet.
    ``journal`` has the calls that are over, where these are kept. Raises StoreError.
    """
    every = store.runs(MOST_RUNS)
    if under_way and every and every[0].exit_code is None:
        every = every[1:]
    of_period = [run for run in every if since <= run.started < until]
    complete = len(every) < MOST_RUNS or every[-1].started < since
    return Digest(
        since=since,
        until=until,
        now=now,
        host=socket.gethostname(),
        calls=_calls(store, parser, since, until, now),
        snapshot=store.snapshot_facts(),
        reasons=store.skipped_reasons(),
        runs=tuple(run for run in of_period if run.command != ONLINE_RUN),
        online_runs=sum(run.command == ONLINE_RUN for run in of_period),
        runs_since=None if complete else every[-1].started,
        failures=tuple(failures(of_period)),
        pbx=tuple(_state(name, every) for name in pbxs),
        last_run=next((run for run in every if run.command != ONLINE_RUN), None),
        missed=_missed(journal, store, parser, since, until) if journal is not None else None,
    )


def _missed(
    journal: JournalReader, store: Store, parser: NumberParser, since: datetime, until: datetime
) -> MissedCalls | None:
    """The missed calls of a period; None where the journal cannot be read."""
    try:
        missed = [one.call for one in journal.period(since, until, MOST_CALLS, missed=True)]
        later = [any(back) for back in journal.later((call.phone, call.started) for call in missed)]
    except (sqlite3.Error, OSError):
        return None
    left = [call for call, back in zip(missed, later, strict=True) if not back]
    told = left[: -MOST_MISSED - 1 : -1]
    keys = {call.phone: parser.parse(f"+{call.phone}").keys for call in told if call.phone.isdecimal()}
    names = store.entries([key for of_one in keys.values() for key in of_one])

    def name(phone: str) -> str:
        return next((names[key].name for key in keys.get(phone, ()) if key in names), "")

    calls = (MissedCall(call.phone, name(call.phone), call.started, call.rung) for call in told)
    return MissedCalls(len(missed), len(left), tuple(calls))


def _calls(store: Store, parser: NumberParser, since: datetime, until: datetime, now: datetime) -> CallsOfPeriod | None:
    """The calls of a period; None where none is counted, as nothing asks astsync at the moment of a call."""
    counted_since = store.counted_since()
    if counted_since is None:
        return None
    numbers = store.unnamed(since, until)
    known = _names(store, parser, [one.number for one in numbers[:_LOOKED_AT]], now)
    unknown = [UnknownCaller(one.number, one.count, one.last) for one in numbers if one.number not in known]
    return CallsOfPeriod(
        counted_since=counted_since,
        counts=store.call_counts(since, until),
        unknown=tuple(unknown[:MOST_UNKNOWN]),
        numbers=len(unknown),
        named_since=len(known),
    )


def _names(store: Store, parser: NumberParser, numbers: Iterable[str], now: datetime) -> set[str]:
    """Those of the numbers that have a name by now, of a list or told online."""
    keys = {number: parser.parse(f"+{number}").keys for number in numbers}
    every = [key for of_one in keys.values() for key in of_one]
    known = {*store.entries(every), *(key for key, one in store.online_of(every).items() if one.until > now)}
    return {number for number, of_one in keys.items() if known.intersection(of_one)}


def failures(runs: Iterable[RunRecord]) -> Iterator[FailedRuns]:
    """What failed, the newest first; runs that failed alike are one. ``runs`` are given with the newest first."""
    found: dict[str, FailedRuns] = {}
    for run in runs:
        for words, hint, pbx in _faults(run):
            before = found.get(str(words))
            if before is None:
                found[str(words)] = FailedRuns(
                    run.command, words, hint, run.exit_code, pbx, 1, run.started, run.started
                )
            elif before.first != run.started:
                found[str(words)] = replace(before, count=before.count + 1, first=run.started)
    yield from found.values()


def _faults(run: RunRecord) -> Iterator[tuple[str, str, str]]:
    """The words of what failed in a run, the cures, and the PBX's name, "" where it is none."""
    if run.exit_code in {0, EXIT_INTERRUPTED}:
        return
    if run.exit_code is None:
        yield KILLED, _KILLED_CURE, ""
        return
    parts = {str(part.error): part for part in reversed(run.parts) if part.error}
    if len(parts) == 1 and len(run.parts) > 1:  # the refusal of a whole run is the error of each PBX
        ((_, part),) = parts.items()
        alone = all(other.error for other in run.parts)
        yield part.error, part.hint, "" if alone else part.pbx
        return
    yield from ((part.error, part.hint, part.pbx) for part in parts.values())
    if not parts:
        yield run.message, run.hint, ""


def _state(name: str, runs: Sequence[RunRecord]) -> PbxState:
    """How a PBX was when a run reached it last, as the store knows it."""
    parts = [(run, part) for run in runs if (part := _part_of(name, run)) is not None]
    well_at = next((run.finished for run, part in parts if _well(run, part)), None)
    if not parts:
        return PbxState(name)
    run, part = parts[0]
    at = run.finished or run.started
    if run.exit_code is None:
        return PbxState(name, False, at, KILLED, _KILLED_CURE, well_at)
    if part.error:
        return PbxState(name, False, at, part.error, part.hint, well_at)
    if part.failed or part.verified is False:
        return PbxState(name, False, at, well_at=well_at)
    return PbxState(name, True, at, well_at=well_at)


def _part_of(name: str, run: RunRecord) -> RunPart | None:
    return next((part for part in run.parts if part.pbx.casefold() == name.casefold()), None)


def _well(run: RunRecord, part: RunPart) -> bool:
    return run.exit_code is not None and not part.error and not part.failed and part.verified is not False
