"""Python's search for garbage, while a list is read: it looks at young objects alone, and not so often.

A list brings a million objects that live until the phonebook is made, and no garbage among the old ones. To walk
through these again and again took a twentieth of the time. What is young is still looked through: the answers of 1C.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_YOUNG: Final = 10_000
"""New objects between two looks: those of some pages. An answer that is garbage waits no longer."""

_NEVER: Final = 1_000_000


@contextmanager
def young_garbage_alone() -> Iterator[None]:
    """Look for garbage among young objects alone. It holds for all threads, and for one run at a time."""
    usual = gc.get_threshold()
    gc.set_threshold(max(usual[0], _YOUNG) if usual[0] else 0, usual[1], _NEVER)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
