"""The sentences of a digest, for every format that people read. They may hold foreign text."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from astsync.engine.result import CallsOfPeriod, Digest, FailedRuns, MissedCall, MissedCalls, PbxState, UnknownCaller
from astsync.errors import EXIT_INTERRUPTED
from astsync.language import about, counted, joined, say, without
from astsync.phonebook.endings import Ending
from astsync.reports.call_list import missed_words, number_words
from astsync.reports.causes import Cause
from astsync.reports.digest_figures import CallSums, call_sums, problem_causes, run_sums
from astsync.reports.shown import minute
from astsync.text import span

_OLD = timedelta(days=2)  # after which a list was not read for too long
_OFTEN = 3  # calls of a number after which it is worth a card
_SLOW = 20  # a share of calls, one of so many, that wait for 1C in vain and are worth a look

CALLS, NUMBERS, PROBLEMS = (
    say("Calls"),
    say("Unknown numbers that called most"),
    say("Open problems in the cards of 1C"),
)
MISSED = say("Missed calls")
RUNS, FAILURES, PBXS, SNAPSHOT = say("Runs"), say("What failed"), say("PBXs"), say("List of 1C")
NEXT = say("Next")

NOT_COUNTED = say(
    "Nothing asks astsync at the moment of a call (`astsync serve`). `astsync check --calls 100` says how many of the "
    "last calls the phonebook names."
)
NO_DIGITS = say("Fields without a single digit")


def calls_headline(calls: CallsOfPeriod | None) -> str:
    """How many calls had a name, in a sentence."""
    if calls is None:
        return say("not counted")
    sums = call_sums(calls.counts)
    if not sums.asked:
        return say("no call came that could have a name") if sums.others else say("no call came")
    return counted(
        "{named:,} of {count:,} call had a name ({share}%)",
        "{named:,} of {count:,} calls had a name ({share}%)",
        sums.asked,
        named=sums.named,
        share=sums.share,
    )


def call_lines(digest: Digest) -> Iterator[str]:
    """Where the names came from, why there were none, which calls had no number, and since when it is counted."""
    calls = digest.calls
    if calls is None:
        yield NOT_COUNTED
        return
    found = call_sums(calls.counts)
    by = found.by_ending
    if found.named:
        parts = joined(", ", _where_from(by))
        yield say("with a name {count:,}: {parts}", count=found.named, parts=parts)
    if found.nameless:
        parts = joined(", ", _why_none(found))
        yield say("without a name {count:,}: {parts}", count=found.nameless, parts=parts)
    if found.others:
        parts = joined(", ", _why_not_looked_up(by))
        yield say("not looked up {count:,}: {parts}", count=found.others, parts=parts)
    if calls.counted_since > digest.since:
        yield say("counted since {when}", when=minute(calls.counted_since))


def _where_from(by: Counter[str]) -> Iterator[str]:
    if count := by[Ending.SNAPSHOT]:
        yield say("{count:,} from the list", count=count)
    if count := by[Ending.ONLINE]:
        yield say("{count:,} told by 1C before", count=count)
    if count := by[Ending.TOLD]:
        yield say("{count:,} told by 1C during the call", count=count)


def _why_none(found: CallSums) -> Iterator[str]:
    by = found.by_ending
    if count := by[Ending.UNKNOWN]:
        yield say("{count:,} from unknown numbers", count=count)
    if count := by[Ending.LATE]:
        yield say("{count:,} as 1C was too slow", count=count)
    if count := by[Ending.FAILED]:
        yield say("{count:,} as 1C failed", count=count)
    if count := by[Ending.LEFT_ALONE] + by[Ending.CROWDED]:
        yield say("{count:,} while 1C was not asked, as it failed or was too slow", count=count)


def _why_not_looked_up(by: Counter[str]) -> Iterator[str]:
    if count := by[Ending.INTERNAL]:
        yield say("{count:,} internal", count=count)
    if count := by[Ending.WITHHELD]:
        yield say("{count:,} with a withheld number", count=count)
    if count := by[Ending.IMPOSSIBLE]:
        yield say("{count:,} with no phone number", count=count)
    if count := by[Ending.GONE]:
        yield say("{count:,} hung up before the answer", count=count)
    if count := by[Ending.BROKEN]:
        yield say("{count:,} by a fault of astsync, see its log", count=count)


def numbers_line(calls: CallsOfPeriod, shown: int) -> str:
    """How many numbers have no name yet beside those that are shown, and how many got one since; "" for neither."""
    parts = []
    if calls.numbers > shown:
        parts.append(counted("{count:,} more unknown number", "{count:,} more unknown numbers", calls.numbers - shown))
    if calls.named_since:
        parts.append(
            counted(
                "{count:,} number that had no name has one by now",
                "{count:,} numbers that had no name have one by now",
                calls.named_since,
            )
        )
    return joined("; ", parts) if parts else ""


def caller_line(one: UnknownCaller, spelled: str, country: str) -> str:
    """A number, its calls, and when it called last."""
    who = f"{spelled} ({country})" if country else spelled
    return counted("{who}: {count:,} call, {when}", "{who}: {count:,} calls, the last {when}", one.calls,
                   who=who, when=minute(one.last))  # fmt: skip


def missed_headline(missed: MissedCalls) -> str:
    """How many calls were missed, and to how many of them nobody called back."""
    return missed_words(missed.count, missed.left) if missed.count else say("none")


def missed_line(one: MissedCall) -> str:
    """A call that nobody picked up: when, who, which phones rang."""
    who = joined(" ", (number_words(one.number), one.name)) if one.name else number_words(one.number)
    if not one.rung:
        return say("{when}  {who}", when=minute(one.at), who=who)
    return say("{when}  {who}; rang {phones}", when=minute(one.at), who=who, phones=", ".join(one.rung))


def problems_headline(digest: Digest) -> str:
    """How many problems the last list has."""
    found = digest.snapshot
    parts = []
    if found is not None and found.skipped:
        parts.append(counted("{count:,} phone without an entry", "{count:,} phones without an entry", found.skipped))
    if found is not None and found.conflicts:
        parts.append(
            counted("{count:,} number on several cards", "{count:,} numbers on several cards", found.conflicts)
        )
    return joined(", ", parts) if parts else say("none")


def cause_rows(digest: Digest) -> Iterator[tuple[str, int, str]]:
    """The causes of phones without an entry: their words, how many, and what to do in the card."""
    causes: list[tuple[Cause, int]] = problem_causes(digest)
    yield from ((cause.title, count, cause.cure) for cause, count in causes)
    rest = (digest.snapshot.skipped if digest.snapshot else 0) - sum(count for _, count in causes)
    if causes and rest > 0:
        yield NO_DIGITS, rest, say("Write the number, or delete the row.")


def runs_headline(digest: Digest) -> str:
    """How many runs there were, and how they ended."""
    found = run_sums(digest.runs)
    if not found.all:
        return say("no runs")
    parts = [counted("{count:,} run", "{count:,} runs", found.all)]
    if found.idle:
        parts.append(say("{count:,} with nothing to do", count=found.idle))
    if found.changed:
        parts.append(say("{count:,} with changes", count=found.changed))
    if found.partly:
        parts.append(say("{count:,} done in part", count=found.partly))
    if found.failed:
        parts.append(say("{count:,} failed", count=found.failed))
    if found.refused:
        parts.append(say("{count:,} refused", count=found.refused))
    if found.killed:
        parts.append(say("{count:,} cut off", count=found.killed))
    return joined(", ", parts)


def run_lines(digest: Digest) -> Iterator[str]:
    """What the runs changed, and as of when they are on record."""
    found = run_sums(digest.runs)
    if found.added_entries + found.changed_entries + found.deleted_entries + found.failed_entries:
        counts = say(
            "entries: {add:,} added, {change:,} changed, {delete:,} deleted",
            add=found.added_entries,
            change=found.changed_entries,
            delete=found.deleted_entries,
        )
        failed = say("{count:,} failed", count=found.failed_entries)
        yield joined(", ", (counts, failed)) if found.failed_entries else counts
    if digest.online_runs:
        yield counted(
            "names told during calls were written {count:,} time",
            "names told during calls were written {count:,} times",
            digest.online_runs,
        )
    if digest.runs_since is not None:
        yield say("on record since {when}", when=minute(digest.runs_since))


def failure_words(one: FailedRuns) -> str:
    """What failed: the run, and what it said."""
    return about(one.command, one.message)


def failure_times(one: FailedRuns) -> str:
    """When it failed, and how often."""
    if one.count == 1:
        return minute(one.last)
    return counted(
        "{count:,} time, {first} to {last}", "{count:,} times, {first} to {last}", one.count,
        first=minute(one.first), last=minute(one.last),
    )  # fmt: skip


def pbx_words(state: PbxState, digest: Digest) -> str:
    """How a PBX was when a run reached it last; why it was not in step only where that is no failure of the digest."""
    if state.at is None:
        return say("no run on record has reached it")
    if state.good:
        return say("in step, as the run of {when} saw", when=minute(state.at))
    if any(str(one.message) == str(state.message) for one in digest.failures):
        return say("not in step at the run of {when}", when=minute(state.at))
    why = without(state.name, state.message) if state.message else say("NOT as desired after reading again")
    return say("not in step at the run of {when}: {why}", when=minute(state.at), why=why)


def pbx_before(state: PbxState) -> str:
    """When a PBX was in step the last time; "" where it is."""
    if state.good or state.at is None:
        return ""
    if state.well_at is None:
        return say("never in step, as far as runs are on record")
    return say("in step the last time: {when}", when=minute(state.well_at))


def snapshot_words(digest: Digest) -> str:
    """The snapshot: how many entries, how old."""
    found = digest.snapshot
    if found is None:
        return say("no snapshot yet: no sync has succeeded")
    return counted(
        "{count:,} entry, read {when} ({age} ago)",
        "{count:,} entries, read {when} ({age} ago)",
        found.entries,
        when=minute(found.at),
        age=span((digest.now - found.at).total_seconds()),
    )


def in_a_line(digest: Digest) -> str:
    """Calls and runs in a line, as for the subject of a mail."""
    runs = runs_headline(digest)
    return joined("; ", (calls_headline(digest.calls), runs)) if digest.calls is not None else runs


def next_step(digest: Digest) -> str:
    """The one thing to do next; the most urgent one."""
    return next(_steps(digest))


def _steps(digest: Digest) -> Iterator[str]:
    yield from _steps_of_runs(digest)
    if digest.calls is not None:
        yield from _steps_of_calls(digest.calls)
    found = digest.snapshot
    if found is not None and found.skipped + found.conflicts:
        yield say("Give the list of problems to whoever keeps the cards: `astsync problems --mail-to ADDRESS`.")
    if digest.calls is None:
        yield say("See how many calls the phonebook names: `astsync check --calls 100`.")
    yield say("Nothing: all is well.")


def _steps_of_runs(digest: Digest) -> Iterator[str]:
    last, found = digest.last_run, digest.snapshot
    if last is not None and last.exit_code not in {0, None, EXIT_INTERRUPTED}:
        cure = last.hint or next((part.hint for part in last.parts if part.hint), "")
        yield (
            say("The last run failed. {cure}", cure=cure)
            if cure
            else say("The last run failed: `astsync history` says why.")
        )
    if found is None:
        yield say("Read the list of 1C for the first time: `astsync sync`.")
    elif digest.now - found.at > _OLD:
        age = span((digest.now - found.at).total_seconds())
        yield say("The list of 1C is {age} old: let it be read by itself, with `astsync setup cron`.", age=age)
    for state in digest.pbx:
        if state.good is False:
            yield about(state.name, state.hint or say("it is not in step: `astsync push` writes all of it."))


def _steps_of_calls(calls: CallsOfPeriod) -> Iterator[str]:
    sums = call_sums(calls.counts)
    if sums.unanswered * _SLOW > sums.asked:
        yield counted(
            "1C was too slow or failed for {count:,} call: `astsync check` shows how it answers.",
            "1C was too slow or failed for {count:,} calls: `astsync check` shows how it answers.",
            sums.unanswered,
        )
    often = [one for one in calls.unknown if one.calls >= _OFTEN]
    if often:
        yield counted(
            "Write {count:,} number that calls again and again into a card of 1C.",
            "Write {count:,} numbers that call again and again into cards of 1C.",
            len(often),
        )
