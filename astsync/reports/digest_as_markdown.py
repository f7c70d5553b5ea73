"""The digest as Markdown: for a ticket, a wiki, a chat."""

from collections.abc import Iterable, Iterator, Sequence

from astsync.engine.result import Digest
from astsync.language import joined, number, say
from astsync.phonebook.numbers.spelled import spelled
from astsync.reports import digest_words as words
from astsync.reports.digest_figures import call_slots, period_words
from astsync.reports.markdown_text import safe
from astsync.reports.shown import in_one_line, minute


def render(digest: Digest) -> str:
    """The digest as Markdown."""
    return "\n".join(_lines(digest)) + "\n"


def _lines(digest: Digest) -> Iterator[str]:
    yield f"# {_told(digest.host)}, {_told(period_words(digest))}"
    yield ""
    yield f"**{_told(words.NEXT)}**: {_told(words.next_step(digest))}"
    yield from _part(words.CALLS, words.calls_headline(digest.calls), words.call_lines(digest))
    slots = [slot for slot in call_slots(digest) if slot.calls.asked]
    rows = [(slot.label, number(slot.calls.named), number(slot.calls.nameless)) for slot in slots]
    yield from _table((say("when"), say("with a name"), say("without a name")), rows)
    if digest.calls is not None and digest.calls.unknown:
        rest = words.numbers_line(digest.calls, len(digest.calls.unknown))
        yield from _part(words.NUMBERS, "", [rest] if rest else [])
        callers = [(*spelled(one.number), number(one.calls), minute(one.last)) for one in digest.calls.unknown]
        yield from _table((say("number"), say("country"), say("calls"), say("last call")), callers)
    if digest.missed is not None:
        yield from _part(
            words.MISSED, words.missed_headline(digest.missed), map(words.missed_line, digest.missed.calls)
        )
    yield from _part(words.PROBLEMS, words.problems_headline(digest), ())
    causes = [(title, number(count), cure) for title, count, cure in words.cause_rows(digest)]
    yield from _table((say("what is wrong"), say("phones"), say("what to do")), causes)
    yield from _part(words.RUNS, words.runs_headline(digest), words.run_lines(digest))
    if digest.failures:
        yield from _part(words.FAILURES, "", ())
        failed = [(words.failure_times(one), words.failure_words(one), one.hint) for one in digest.failures]
        yield from _table((say("when"), say("what happened"), say("what to do")), failed)
    states = (joined(": ", (state.name, words.pbx_words(state, digest))) for state in digest.pbx)
    yield from _part(words.PBXS, "", states)
    yield from _part(words.SNAPSHOT, words.snapshot_words(digest), ())


def _part(title: str, what: str, lines: Iterable[str]) -> Iterator[str]:
    yield ""
    yield f"## {_told(title)}{': ' if what else ''}{_told(what)}"
    for at, line in enumerate(lines):
        yield from ([""] if at == 0 else [])
        yield f"- {_told(line)}"


def _table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if not rows:
        return
    yield ""
    yield f"| {' | '.join(map(_told, columns))} |"
    yield f"| {' | '.join(['---'] * len(columns))} |"
    for row in rows:
        yield f"| {' | '.join(map(_told, row))} |"


def _told(text: str) -> str:
    """A message or a foreign text, in the language in use and as one line."""
    return safe(in_one_line(text))
