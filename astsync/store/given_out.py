"""Which problems the last list had that was given out, in a file beside the store: ``problems --since last`` asks.

It holds no name and no number, only the marks of problems: a hash tells whether a problem was on the list. Anybody who
has the store's folder could still try numbers against a mark, so ``forget`` and ``purge`` delete the file.
"""

import json
import os
from datetime import datetime
from pathlib import Path

from astsync.errors import StoreError
from astsync.files import replace
from astsync.language import say
from astsync.store.records import Given

_VERSION = 1
_LARGEST = 64 * 1024 * 1024  # bytes; a list of a million problems has 19


def given_file(store: Path) -> Path:
    """The place of the file of a store."""
    return store.with_name(f"{store.name}.given")


def read_given(store: Path) -> Given | None:
    """What was given out last; None where nothing was, or where the file cannot be understood."""
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(given_file(store), flags), "rb") as stream:
            data = json.loads(stream.read(_LARGEST))
        marks = frozenset(mark for mark in data["marks"] if isinstance(mark, str))
        at = datetime.fromisoformat(data["at"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return Given(at, marks) if data.get("version") == _VERSION and at.tzinfo is not None else None


def write_given(store: Path, given: Given) -> None:
    """Remember what was given out. Raises OSError."""
    data = {"version": _VERSION, "at": given.at.isoformat(timespec="seconds"), "marks": sorted(given.marks)}
    store.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    replace(given_file(store), json.dumps(data).encode())


def forget_given(store: Path) -> None:
    """Forget what was given out: the next list has everything again. Raises StoreError."""
    file = given_file(store)
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            say("cannot delete {file}: {why}", file=str(file), why=error.strerror or str(error)),
            hint=say("Check the folder and its rights."),
        ) from None
