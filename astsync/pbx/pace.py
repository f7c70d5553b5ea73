"""How fast a PBX is written to, where its ``rate`` says so."""

BATCH = 1_000
"""Actions sent at once, where there is no rate: 110 KB. Fewer at once cost more, see ``pipeline.WINDOW``."""

_SHARE = 10
"""Batches in a second, where there is a rate: fewer would be gusts, more would cost the PBX more than they spare it."""


class Pace:
    """Says when the next batch may be sent, so that it is ``rate`` entries a second at most; 0: at any time.

    What was not sent in time is not caught up on: a PBX that was slow is not to get all of it at once afterwards. Times
    are seconds of ``time.monotonic``.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.batch = min(max(rate // _SHARE, 1), BATCH) if rate else BATCH
        self._free = 0.0  # the moment from when the next batch may be sent

    def left(self, now: float) -> float:
        """Seconds until the next batch may be sent."""
        return max(self._free - now, 0.0)

    def sent(self, count: int, now: float) -> None:
        """Note that so many entries are being sent."""
        if self.rate:
            self._free = max(self._free, now) + count / self.rate

    def seconds(self, count: int) -> float:
        """How long so many entries take at least."""
        return count / self.rate if self.rate else 0.0
