"""What is to be said of a PBX beside its figures: entries that it lost, keys without a name for AMI, failures."""

from collections.abc import Iterator
from typing import Any

from astsync.engine.result import PbxReport
from astsync.language import counted, joined
from astsync.phonebook.keeping import CAUSE, Missed
from astsync.text import gathered, listed, printable

_NAMED = 5  # keys that a remark names
_LONGEST = 40  # characters of a key that a remark shows


def remarks(pbx: PbxReport) -> Iterator[str]:
    """The remarks on a PBX, in sentences. Their text may be foreign."""
    if pbx.missed is not None:
        yield pbx.missed.told if pbx.missed.trace.lost else joined(". ", (pbx.missed.told, CAUSE))
    keys = pbx.plan.unnameable if pbx.plan is not None else ()
    if keys:
        yield counted(
            "{count:,} foreign key stays whatever sync.foreign says, as AMI cannot name {keys}",
            "{count:,} foreign keys stay whatever sync.foreign says, as AMI cannot name {keys}",
            len(keys),
            keys=listed(map(_shown, keys), _NAMED),
        )


def _shown(key: str) -> str:
    """A key in quotes and cut: it may be empty, begin with a blank, hold a line break or be very long."""
    return f"'{printable(key[:_LONGEST])}{'…' if len(key) > _LONGEST else ''}'"


def failures(pbx: PbxReport) -> Iterator[tuple[str, str]]:
    """The keys that failed, with the PBX's words. More than 20 that failed alike are one, with their count."""
    failed = pbx.applied.failed if pbx.applied is not None else {}
    for key, count, words in gathered(failed):
        yield key, _alike(words, count - 1) if count > 1 else words


def _alike(words: str, more: int) -> str:
    return counted(
        "{words} (and {count:,} more key in the same way)",
        "{words} (and {count:,} more keys in the same way)",
        more,
        words=words,
    )


def as_missed(missed: Missed | None) -> dict[str, Any] | None:
    """What a PBX lost, as a JSON object. ``started`` is Asterisk's start where it has run since the entries were seen.

    ``lost`` says that the run itself saw them confirmed and lost.
    """
    if missed is None:
        return None
    trace = missed.trace
    return {
        "run": trace.run,
        "seen": trace.at,
        "count": missed.count,
        "total": missed.total,
        "started": trace.started if missed.same else None,
        "lost": bool(trace.lost),
    }
