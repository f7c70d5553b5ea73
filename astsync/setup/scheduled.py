"""Whether runs are scheduled on this machine, and when the last one was.

What the store has of past runs counts first: it tells of runs that anything started, as a timer of another user or a
container. Only where it tells of none is looked for a line of cron or a unit of systemd.
"""

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

from astsync.errors import AstsyncError
from astsync.finding import Finding
from astsync.language import say
from astsync.store import ONLINE_RUN, Store, running, watch_of
from astsync.store.records import RunRecord
from astsync.text import printable, span

LAST_RUN, SCHEDULE = say("last run"), say("schedule")
_SYNCS = re.compile(r"(?:sync|watch)\b")
_OURS = re.compile(r"(?:^|[\s/'\"])astsync(?=['\"\s]|$)(?P<rest>.*)")
_LOOKED_AT = 200  # runs
_REGULAR = 6
"""Runs whose distances are looked at: those of a person are not alike."""
_LARGEST = 1024 * 1024  # bytes of a crontab or a unit
_CRON_PLACES = ("/etc/crontab", "/etc/cron.d", "/etc/anacrontab")
_UNIT_PLACES = ("/etc/systemd/system", "/run/systemd/system", "~/.config/systemd/user", "/etc/systemd/user")
_SECONDS = 5  # for `crontab -l`


def check_runs(path: Path, now: datetime | None = None) -> Iterator[Finding]:
    """Tell of the last run in the store at ``path``, and of what starts the runs. Nothing is yielded for a store
    that cannot be read: its own area says so."""
    at = now or datetime.now(UTC)
    try:
        with closing(Store(path, write=False)) as store:
            runs = [run for run in store.runs(_LOOKED_AT) if run.command not in {ONLINE_RUN, "undo"}]
    except AstsyncError:
        return
    yield _last_run(runs, at)
    yield _schedule(path, runs, at)


def _last_run(runs: Sequence[RunRecord], now: datetime) -> Finding:
    if not runs:
        return Finding(LAST_RUN, None, say("there was none yet"))
    last = runs[0]
    what = {
        "command": last.command,
        "when": f"{last.started.astimezone():%Y-%m-%d %H:%M}",
        "age": span(max((now - last.started).total_seconds(), 0)),
    }
    hint = say("`astsync history {run}` tells more.", run=str(last.run))
    if last.exit_code == 0:
        return Finding(LAST_RUN, True, say("{command} of {when}, {age} ago: done", **what))
    if last.exit_code is None:
        return Finding(LAST_RUN, None, say("{command} of {when}, {age} ago: not ended", **what), hint)
    words = say("{command} of {when}, {age} ago: exit code {code:d}", **what, code=last.exit_code)
    return Finding(LAST_RUN, None, words, hint)


def _schedule(path: Path, runs: Sequence[RunRecord], now: datetime) -> Finding:
    with suppress(AstsyncError, OSError):
        watch = running(watch_of(path))
        if watch is not None:
            return Finding(
                SCHEDULE, True, say("`{command}` runs (process {pid})", command=watch.command, pid=str(watch.pid))
            )
    found = next(_found(), "")
    if found:
        return Finding(SCHEDULE, True, found)
    if (every := _rhythm(runs, now)) is not None:
        return Finding(SCHEDULE, True, say("something starts a run every {span}", span=span(every)))
    if not runs:
        return Finding(SCHEDULE, None, say("nothing starts runs yet"))
    hint = say("`astsync setup cron` or `astsync setup systemd` lets it sync by itself; `astsync watch` does so too.")
    words = say("neither cron nor systemd of this machine starts astsync")
    return Finding(SCHEDULE, None, words, hint)


def _rhythm(runs: Sequence[RunRecord], now: datetime) -> float | None:
    """Seconds between two runs, where the last ones came at equal distances and go on; None where they did not."""
    starts = [now, *(run.started for run in runs[:_REGULAR])]
    gaps = [(later - earlier).total_seconds() for later, earlier in pairwise(starts)]
    if len(gaps) < _REGULAR or min(gaps[1:]) <= 0:
        return None
    usual = median(gaps[1:])
    even = all(abs(gap - usual) <= max(usual / 10, 90) for gap in gaps[1:])
    return usual if even and usual > 90 and gaps[0] < 2 * usual else None


def _found() -> Iterator[str]:
    """What starts runs of astsync on this machine, in words; the most certain first."""
    for line in filter(_is_ours, own_crontab().splitlines()):
        yield say("crontab of this user: {line}", line=printable(line.strip())[:200])
    for file in _files(_CRON_PLACES, lambda _: True):
        for line in filter(_is_ours, _text(file).splitlines()):
            yield say("{file}: {line}", file=str(file), line=printable(line.strip())[:200])
    for unit in _files(_UNIT_PLACES, _is_enabled):
        if any(map(_is_ours, _text(unit).splitlines())) or unit.suffix == ".timer":
            yield say("the unit {unit} of systemd", unit=unit.name)


def own_crontab() -> str:
    """The crontab of this user, "" where there is none or cron is not installed."""
    try:
        done = subprocess.run(
            ["crontab", "-l"], stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout[:_LARGEST].decode("utf-8", "replace") if done.returncode == 0 else ""


def _is_ours(line: str) -> bool:
    """Whether a line of a crontab or a unit starts a run."""
    text = line.strip()
    found = _OURS.search(text) if text[:1] not in {"#", ";"} else None
    return found is not None and bool(_SYNCS.search(found["rest"]))


def _files(places: Sequence[str], wanted: Callable[[Path], bool]) -> Iterator[Path]:
    for place in places:
        with suppress(OSError, RuntimeError):
            path = Path(place).expanduser()
            for file in sorted(path.iterdir()) if path.is_dir() else [path]:
                if file.is_file() and wanted(file):
                    yield file


def _is_enabled(unit: Path) -> bool:
    """Whether systemd starts the unit by itself: a link to it stands in a folder ``.wants``."""
    if not unit.name.startswith("astsync") or unit.suffix not in {".timer", ".service"}:
        return False
    return any(os.path.lexists(folder / unit.name) for folder in unit.parent.glob("*.wants"))


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return stream.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""
