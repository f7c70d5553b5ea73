"""What was told before: a small file beside the store, which a damaged store does not take along."""

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from astsync import files

_LARGEST = 64 * 1024  # bytes; what is larger is none of ours
_LATEST = 2**37  # seconds, some 4,000 years on: a date can still hold it
_MOST = 50  # sorts of failure that are remembered


@dataclass(frozen=True, slots=True)
class Memory:
    """What was told. Times are in seconds since 1970; 0 is never.

    ``since`` is when the failure began that is not over, 0 where all is well. ``runs`` counts the runs that failed
    since then. ``told`` says when a sort of failure was told last, and ``open`` are the sorts that were told of this
    failure. ``digest`` is when the last digest was due.
    """

    since: float = 0.0
    runs: int = 0
    open: tuple[str, ...] = ()
    told: dict[str, float] = field(default_factory=dict)
    digest: float = 0.0


def file_of(store: Path) -> Path:
    """The place of the memory of a store."""
    return store.with_name(f"{store.name}.told")


def read(file: Path) -> Memory:
    """The memory; an empty one where there is none that makes sense. Raises OSError where the file cannot be read."""
    try:
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
            found = json.loads(stream.read(_LARGEST))
    except FileNotFoundError:
        return Memory()
    except (ValueError, RecursionError):
        return Memory()
    return _checked(found)


def save(file: Path, memory: Memory) -> None:
    """Keep the memory. Raises OSError."""
    newest = sorted(memory.told.items(), key=lambda item: item[1])[-_MOST:]
    files.replace(file, json.dumps({**asdict(memory), "told": dict(newest)}).encode("ascii"))


def _checked(found: object) -> Memory:
    """The memory of a document; whatever has another type than it should is forgotten."""
    given = found if isinstance(found, dict) else {}
    kept = {key: value for key, value in given.items() if key in {each.name for each in fields(Memory)}}
    told = kept.get("told")
    times = told.items() if isinstance(told, dict) else ()
    opened = kept.get("open")
    return Memory(
        since=_number(kept.get("since")),
        runs=int(_number(kept.get("runs"))),
        open=tuple(sort for sort in opened if isinstance(sort, str)) if isinstance(opened, list) else (),
        told={sort: at for sort, at in times if _number(at)},
        digest=_number(kept.get("digest")),
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and 0 <= value < _LATEST else 0.0
