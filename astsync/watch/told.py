"""Sees which names the process that answers calls has stored, so that they are written to the PBXs at once."""

from collections.abc import Callable, Iterable

from astsync.watch.clock import Clock
from astsync.watch.loop import Loop

LOOK = 0.5  # seconds between two looks into the store


class ToldNames(Loop):
    """Hands on the keys of names that were stored since it began. ``since`` tells those, and where to go on from."""

    def __init__(
        self,
        since: Callable[[float], tuple[list[str], float]],
        hand_on: Callable[[Iterable[str]], None],
        begun: float,
        clock: Clock | None = None,
    ) -> None:
        super().__init__("told", clock or Clock())
        self._since, self._hand_on, self._at = since, hand_on, begun

    def work(self) -> None:
        """Look and hand on, over and over."""
        while True:
            numbers, self._at = self._since(self._at)
            if numbers:
                self._hand_on(numbers)
            self.pause(LOOK)
