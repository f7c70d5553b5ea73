"""Times of which calls may be missing. ``status`` tells them without what lists of calls need."""

from collections.abc import Iterable

from astsync.calls.model import CallGap
from astsync.language import say, spoken
from astsync.reports.shown import moment
from astsync.text import printable


def gap_words(gap: CallGap) -> str:
    """A time of which calls may be missing, in a sentence."""
    return say(
        "{pbx}: calls from {since} to {until} may be missing: {why}",
        pbx=printable(gap.pbx),
        since=moment(gap.since),
        until=moment(gap.until),
        why=spoken(gap.why),  # as the store keeps it, a message or a text
    )


def gaps_as_data(gaps: Iterable[CallGap]) -> list[dict[str, object]]:
    """The times of which calls may be missing, for JSON."""
    return [{"pbx": gap.pbx, "from": gap.since, "to": gap.until, "why": str(gap.why)} for gap in gaps]
