"""The digest for programs. A test pins its keys."""

from typing import Any

from astsync.engine.result import CallsOfPeriod, Digest, FailedRuns, PbxState
from astsync.phonebook.numbers.spelled import spelled
from astsync.reports import digest_words as words
from astsync.reports.digest_figures import CallSums, call_slots, call_sums, problem_causes, run_sums
from astsync.reports.json_document import json_document


def render(digest: Digest) -> str:
    """The digest as one JSON object, indented, with a line end."""
    return json_document(as_data(digest))


def as_data(digest: Digest) -> dict[str, Any]:
    """The digest as data."""
    found, sums = digest.snapshot, run_sums(digest.runs)
    return {
        "since": digest.since,
        "until": digest.until,
        "host": digest.host,
        "next": str(words.next_step(digest)),
        "calls": None if digest.calls is None else _calls(digest, digest.calls),
        "missed": None if digest.missed is None else {
            "count": digest.missed.count,
            "left": digest.missed.left,
            "calls": [
                {"number": one.number, "name": one.name or None, "at": one.at, "rung": list(one.rung)}
                for one in digest.missed.calls
            ],
        },
        "problems": {
            "skipped": found.skipped if found else 0,
            "conflicts": found.conflicts if found else 0,
            "causes": [{"cause": cause.key, "count": count} for cause, count in problem_causes(digest)],
        },
        "runs": {
            "all": sums.all,
            "idle": sums.idle,
            "changed": sums.changed,
            "partly": sums.partly,
            "failed": sums.failed,
            "refused": sums.refused,
            "cut_off": sums.killed,
            "online": digest.online_runs,
            "since": digest.runs_since,
        },
        "entries": {
            "added": sums.added_entries,
            "changed": sums.changed_entries,
            "deleted": sums.deleted_entries,
            "failed": sums.failed_entries,
        },
        "failures": [_failure(one) for one in digest.failures],
        "pbx": [_pbx(state) for state in digest.pbx],
        "snapshot": None if found is None else {
            "at": found.at,
            "age": round((digest.now - found.at).total_seconds()),
            "source": found.source,
            "entries": found.entries,
            "counterparties": found.counterparties,
        },
    }  # fmt: skip


def _calls(digest: Digest, calls: CallsOfPeriod) -> dict[str, Any]:
    sums = call_sums(calls.counts)
    return {
        **_sums(sums),
        "endings": {ending: count for ending, count in sorted(sums.by_ending.items()) if count},
        "counted_since": calls.counted_since,
        "parts": [{"begin": slot.begin, **_sums(slot.calls)} for slot in call_slots(digest)],
        "unknown": [
            {"number": one.number, "country": spelled(one.number)[1], "calls": one.calls, "last": one.last}
            for one in calls.unknown
        ],
        "unknown_numbers": calls.numbers,
        "named_since": calls.named_since,
    }


def _sums(sums: CallSums) -> dict[str, int]:
    return {"named": sums.named, "nameless": sums.nameless, "others": sums.others}


def _failure(one: FailedRuns) -> dict[str, Any]:
    return {
        "command": one.command,
        "exit_code": one.exit_code,
        "pbx": one.pbx or None,
        "message": one.message,
        "hint": one.hint,
        "count": one.count,
        "first": one.first,
        "last": one.last,
    }


def _pbx(state: PbxState) -> dict[str, Any]:
    return {
        "name": state.name,
        "in_step": state.good,
        "at": state.at,
        "error": state.message or None,
        "in_step_at": state.well_at,
    }
