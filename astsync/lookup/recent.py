"""Numbers remembered for some minutes: those whom 1C does not know, and names that the store does not have yet."""

import time
from collections.abc import Callable

from cachetools import TTLCache

KEPT_SECONDS = 300.0
MOST_KEPT = 10_000


class RecentAnswers:
    """What 1C answered a short while ago, by number: a name, or "" where it knows nobody.

    An answer is kept for ``seconds``, and ``most`` of them: then the oldest go. A store that is away for longer costs
    a question more to 1C.
    """

    def __init__(
        self, seconds: float = KEPT_SECONDS, most: int = MOST_KEPT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._misses: TTLCache[str, None] = TTLCache(most, seconds, clock)
        self._names: TTLCache[str, str] = TTLCache(most, seconds, clock)
        self._extensions: TTLCache[str, str] = TTLCache(most, seconds, clock)

    def find(self, number: str) -> str | None:
        """The name that 1C told, "" where it said that it knows nobody; None where it is to be asked."""
        name = self._names.get(number)
        if name is not None:
            return name
        return "" if number in self._misses else None

    def extension(self, number: str) -> str:
        """The extension that came with the name, "" where none did."""
        return self._extensions.get(number, "")

    def keep(self, number: str, name: str, extension: str = "") -> None:
        """Remember an answer."""
        self.forget(number)
        if extension:
            self._extensions[number] = extension
        if name:
            self._names[number] = name
        else:
            self._misses[number] = None

    def forget(self, number: str) -> None:
        """Forget a number: something that is asked before has it now."""
        self._names.pop(number, None)
        self._misses.pop(number, None)
        self._extensions.pop(number, None)
