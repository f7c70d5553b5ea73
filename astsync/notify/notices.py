"""The words of a message: its subject, its text, its page, and the same as data for a program."""

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from astsync.engine.result import Digest
from astsync.language import about, counted, say, spoken
from astsync.notify.events import Occasion
from astsync.notify.memory import Memory
from astsync.notify.outcome import Outcome, told_once
from astsync.reports import as_html, as_text, digest_as_html, digest_as_json, digest_as_text, digest_words
from astsync.reports.digest_figures import run_sums
from astsync.text import printable, span

_FEW = 20  # changes of a PBX that the text of a message lists; its page has all
_LONGEST_SUBJECT = 150  # characters


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told. ``subject`` is one line, ``text`` ends with a line end, ``page`` is HTML or "".

    Both are in the language in use. ``data`` is for programs, in English.
    """

    occasion: Occasion
    subject: str
    text: str
    page: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


def of_outcome(occasion: Occasion, outcome: Outcome, before: Memory, now: float) -> Notice:
    """Tell what a run came to; ``before`` is what was remembered before it."""
    since = datetime.fromtimestamp(before.since or now, UTC).astimezone()
    lines = (
        [*_of_recovery(before, now)] if occasion is Occasion.RECOVERY else [*_of_failure(outcome, since, before.runs)]
    )
    report = as_text.render(outcome.report, _FEW) if outcome.report is not None else ""
    page = as_html.render(outcome.report) if outcome.report is not None else ""
    text = "\n".join(printable(line) for line in lines) + (f"\n\n{report}" if report else "\n")
    data = {
        "command": outcome.command,
        "exit_code": outcome.code,
        "since": since,
        "failures": [
            {"pbx": f.pbx or None, "message": printable(str(f.message)), "hint": str(f.hint)} for f in outcome.faults
        ],
    }
    return _notice(occasion, _subject(occasion, outcome), text, page, data, now)


def of_digest(digest: Digest, failing_since: float, now: float) -> Notice:
    """Tell what happened in some days; ``failing_since`` is when the failure began that is not over, 0 for none."""
    text, page = digest_as_text.render(digest), digest_as_html.render(digest)
    if failing_since:
        line = say("It fails since {since} ({span}).", since=_moment(failing_since), span=span(now - failing_since))
        text = f"{printable(spoken(line))}\n\n{text}"
    subject = about(digest.host, digest_words.in_a_line(digest))
    sums = run_sums(digest.runs)
    data = {
        "runs": sums.all,
        "failed_runs": sums.partly + sums.failed + sums.refused,
        "added": sums.added_entries,
        "changed": sums.changed_entries,
        "deleted": sums.deleted_entries,
        "failed": sums.failed_entries,
        "since": failing_since or None,
        "report": digest_as_json.as_data(digest),
    }
    return _notice(Occasion.DIGEST, subject, text, page, data, now)


def of_test(now: float) -> Notice:
    """Tell nothing but that this way works."""
    words = say("This is a test: messages of astsync arrive here.")
    return _notice(Occasion.TEST, say("test on {host}", host=socket.gethostname()), f"{spoken(words)}\n", "", {}, now)


def of_problems(count: int, text: str, page: str, now: float) -> Notice:
    """Send a work list of so many problems, as text and as a page."""
    subject = counted("{count:,} problem in the cards of 1C", "{count:,} problems in the cards of 1C", count)
    return _notice(Occasion.PROBLEMS, subject, text, page, {"problems": count}, now)


def _notice(occasion: Occasion, subject: str, text: str, page: str, data: Mapping[str, Any], now: float) -> Notice:
    line = printable(f"astsync: {spoken(subject)}")
    if len(line) > _LONGEST_SUBJECT:
        line = line[: _LONGEST_SUBJECT - 1] + "…"
    at = datetime.fromtimestamp(now, UTC)
    about = {"event": occasion.value, "at": at, "host": socket.gethostname(), "text": f"{line}\n{text}"}
    return Notice(occasion, line, text, page, {**about, **data})


def _subject(occasion: Occasion, outcome: Outcome) -> str:
    host = socket.gethostname()
    if occasion is Occasion.RECOVERY:
        return say("works again on {host}", host=host)
    first, *more = told_once(outcome.faults)
    if more:
        first = counted(
            "{first} (and {count:,} more failure)", "{first} (and {count:,} more failures)", len(more), first=first
        )
    if occasion is Occasion.REFUSAL:
        return say("{command} was refused on {host}: {first}", command=outcome.command, host=host, first=first)
    return say("{command} failed on {host}: {first}", command=outcome.command, host=host, first=first)


def _of_recovery(before: Memory, now: float) -> Iterator[str]:
    runs = counted("{count:,} run failed", "{count:,} runs failed", before.runs)
    yield spoken(
        say(
            "It works again. It failed since {since} ({span}; {runs}).",
            since=_moment(before.since),
            span=span(now - before.since),
            runs=runs,
        )
    )


def _of_failure(outcome: Outcome, since: datetime, runs: int) -> Iterator[str]:
    for fault in outcome.faults:
        yield spoken(fault.message)
        if fault.hint:
            yield f"  {spoken(fault.hint)}"
    if runs:
        yield spoken(say("It fails since {since}.", since=f"{since:%Y-%m-%d %H:%M}"))
    yield ""
    yield spoken(say("The next message comes when it works again, or fails otherwise."))


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone():%Y-%m-%d %H:%M}"
