"""The digest for people at a terminal, or as the text of a mail."""

from collections.abc import Iterator, Sequence

from astsync.engine.result import Digest
from astsync.language import number, say, spoken
from astsync.phonebook.numbers.spelled import spelled
from astsync.reports import digest_words as words
from astsync.reports.digest_figures import CallSlot, call_slots, period_words
from astsync.reports.shown import in_one_line, shown
from astsync.reports.terminal import Paint, plain
from astsync.text import printable

MOST_NUMBERS = 10
_MOST_FAILURES = 10
_BAR = 24  # columns of the longest bar
_NAMED, _NAMELESS = "█", "░"


def render(digest: Digest, paint: Paint = plain) -> str:
    """The digest as plain text. ``paint`` makes the colours of a terminal."""
    return "\n".join(_lines(digest, paint)) + "\n"


def _lines(digest: Digest, paint: Paint) -> Iterator[str]:
    yield paint("strong", f"{printable(digest.host)}, {period_words(digest)}")
    yield f"{paint('strong', spoken(words.NEXT))}: {in_one_line(words.next_step(digest))}"
    yield ""
    yield _title(words.CALLS, words.calls_headline(digest.calls), paint)
    yield from (f"  {shown(line)}" for line in words.call_lines(digest))
    yield from _bars(call_slots(digest))
    yield from _numbers(digest, paint)
    yield from _missed(digest, paint)
    yield ""
    yield from _state(digest, paint)


def _title(name: str, what: str, paint: Paint, style: str = "") -> str:
    told = shown(what)
    return f"{paint('strong', spoken(name))}: {paint(style, told) if style else told}"


def _bars(slots: Sequence[CallSlot]) -> Iterator[str]:
    """A line for each part of the period, as long as it had calls."""
    most = max((slot.calls.asked for slot in slots), default=0)
    if not most:
        return
    if slots[0].hour:  # nights are long
        slots = [slot for slot in slots if slot.calls.asked]
    labels = [shown(slot.label) for slot in slots]
    for label, slot in zip(labels, slots, strict=True):
        asked, named = slot.calls.asked, slot.calls.named
        whole = -(-asked * _BAR // most)  # rounded up: a single call is seen
        part = min(named * _BAR // most, whole - (asked > named)) if named < asked else whole
        part = max(part, int(named > 0 and whole > 1))
        bar = _NAMED * part + _NAMELESS * (whole - part)
        figures = spoken(say("{named:,} of {all:,}", named=named, all=asked)) if asked else ""
        yield f"  {label}  {bar:<{_BAR}}  {figures}".rstrip()


def _numbers(digest: Digest, paint: Paint) -> Iterator[str]:
    calls = digest.calls
    if calls is None:
        return
    first = calls.unknown[:MOST_NUMBERS]
    rest = words.numbers_line(calls, len(first))
    if not first and not rest:
        return
    yield f"{paint('strong', spoken(words.NUMBERS))}:"
    yield from (f"  {shown(words.caller_line(one, *spelled(one.number)))}" for one in first)
    if rest:
        yield f"  {paint('faint', shown(rest))}"


def _missed(digest: Digest, paint: Paint) -> Iterator[str]:
    missed = digest.missed
    if missed is None:
        return
    yield _title(words.MISSED, words.missed_headline(missed), paint, "changed" if missed.left else "")
    yield from (f"  {shown(words.missed_line(one))}" for one in missed.calls[:MOST_NUMBERS])
    if (more := missed.left - MOST_NUMBERS) > 0:
        yield f"  {spoken(say('… and {count:,} more: see astsync calls --missed', count=more))}"


def _state(digest: Digest, paint: Paint) -> Iterator[str]:
    yield _title(words.PROBLEMS, words.problems_headline(digest), paint)
    yield from (f"  {number(count):>6}  {shown(title)}" for title, count, _ in words.cause_rows(digest))
    yield _title(words.RUNS, words.runs_headline(digest), paint)
    yield from (f"  {shown(line)}" for line in words.run_lines(digest))
    if digest.failures:
        yield f"{paint('strong', spoken(words.FAILURES))}:"
    cure = ""
    for one in digest.failures[:_MOST_FAILURES]:
        yield f"  {paint('bad', '!')} {shown(words.failure_times(one))}  {shown(words.failure_words(one))}"
        if one.hint != cure:  # one cure of several failures is told once
            yield from (f"    {printable(line)}" for line in spoken(one.hint).splitlines())
        cure = one.hint
    if (more := len(digest.failures) - _MOST_FAILURES) > 0:
        yield f"  {spoken(say('… and {count:,} more: see astsync history', count=more))}"
    for state in digest.pbx:
        style = {True: "good", False: "bad", None: "changed"}[state.good]
        yield f"{paint('strong', printable(state.name))}: {paint(style, shown(words.pbx_words(state, digest)))}"
        if before := words.pbx_before(state):
            yield f"  {shown(before)}"
    yield _title(words.SNAPSHOT, words.snapshot_words(digest), paint)
