"""Pipes mutated lines through ``explain phone -`` or ``explain name -`` as a process, and checks each answer."""

import html
import os
import re
import select
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias
from urllib.parse import unquote

import orjson

from tests.fuzz.lines import Kind, line

LONGEST_WAIT = 120  # seconds without an answer, after which the command hangs
MOST_MEMORY = 160_000_000  # bytes, whatever comes in; 500,000 lines of names need 112 million
# Bytes above the peak of the first tenth: caches that fill up to their bounds, 50,000 words of each of five languages.
MOST_GROWTH = 50_000_000
_LONGEST_NAME, _LONGEST_KEY = 40, 15  # names.max_length; ITU-T E.164
MOST_HELD = 3_000  # lines that the command may have read and not answered yet
_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}
_STATUS = "status"  # the file with the process's /proc/self/status at its end
_LAST_DIGITS = 5  # of a key; those before them may be the base's country and area code
_DIGITS = re.compile(r"[0-9]+")
# Letters that stand for digits in spoilt texts, as the reading of fields takes them.
_LOOKALIKES = str.maketrans("OoОоЗзIlІ|", "0000331111")


# Runs astsync, which notes its own status at its end in a file of its folder: whoever looks from outside comes too late
# where the process ends quickly.
_COMMAND = f"""
import atexit, runpy
from pathlib import Path
atexit.register(lambda: Path("{_STATUS}").write_bytes(Path("/proc/self/status").read_bytes()))
runpy.run_module("astsync", run_name="__main__", alter_sys=True)
"""

Process: TypeAlias = "subprocess.Popen[bytes]"


class Fault(Exception):
    """A line that got no answer, or a wrong one; the message says how to play it again."""


@dataclass(frozen=True)
class Lines:
    """So many lines of a seed, from a place on."""

    kind: Kind
    count: int
    seed: int = 0
    first: int = 0

    @property
    def places(self) -> range:
        """Their places."""
        return range(self.first, self.first + self.count)

    def fault(self, what: str, place: int, count: int = MOST_HELD) -> Fault:
        """Make the fault of a line, or of the lines from a place on that may be the cause."""
        count = min(count, self.places.stop - place)
        again = f"make fuzz SEED={self.seed} FIRST={place} LINES={count}" if count > 0 else "all lines were answered"
        return Fault(f"explain {self.kind}: {what}; {again}")


@dataclass
class Played:
    """What the lines came to."""

    lines: Lines
    characters: int = 0
    seconds: float = 0.0
    answered: int = 0  # lines that gave a key or a name
    tenth: int = 0  # bytes: the peak of resident memory when a tenth of the lines was answered
    peak: int = 0  # and over the whole run

    def grown(self) -> list[str]:
        """Name what grew too much."""
        found = {
            f"{self.peak:,} bytes of memory": self.peak > MOST_MEMORY,
            f"memory grew from {self.tenth:,} to {self.peak:,} bytes": self.peak - self.tenth > MOST_GROWTH,
        }
        return [f"explain {self.lines.kind}: {what}" for what, wrong in found.items() if wrong]


def play(lines: Lines, folder: Path) -> Played:
    """Explain the lines in a folder without a configuration. Raises Fault."""
    played = Played(lines)
    started = time.monotonic()
    with (folder / "errors").open("w+b") as errors, _command(lines.kind, folder, errors) as process:
        feeding = threading.Thread(target=_feed, args=(process, lines), daemon=True)
        feeding.start()
        try:
            fault = _first_fault(played, process)
            if not fault:
                process.wait(LONGEST_WAIT)
        finally:
            process.kill()  # so that the feeding ends too
            feeding.join()
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace")
    if fault or process.returncode or said:
        ended = f"it ended with {process.returncode} and said {said[-2000:]!r}"
        raise fault or lines.fault(ended, lines.places.stop)
    played.seconds = time.monotonic() - started
    played.peak = _peak(folder / _STATUS)
    played.tenth = played.tenth or played.peak  # a short run may have ended before its tenth was looked at
    return played


def _command(kind: Kind, folder: Path, errors: IO[bytes]) -> Process:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ASTSYNC_")}
    environ |= {"XDG_CONFIG_HOME": str(folder), "XDG_CONFIG_DIRS": str(folder), "ASTSYNC_NUMBERS__AREA_CODE": "495"}
    command = [sys.executable, "-c", _COMMAND, "explain", kind, "-", "--format", "json"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors, cwd=folder, env=environ)


def _feed(process: Process, lines: Lines) -> None:
    assert process.stdin
    with suppress(OSError):  # the command has gone: the answers that are missing tell it
        for place in lines.places:
            process.stdin.write(line(lines.seed, lines.kind, place) + b"\n")
    with suppress(OSError):
        process.stdin.close()


def _first_fault(played: Played, process: Process) -> Fault | None:
    """Check one answer after the other, up to the first fault."""
    lines, answers = played.lines, _answers(process)
    for done, place in enumerate(lines.places, 1):
        try:
            answer = next(answers)
        except TimeoutError:
            return lines.fault(f"no answer in {LONGEST_WAIT} s", place)
        given = line(lines.seed, lines.kind, place).decode("utf-8", "replace").rstrip("\r\n")
        wrong = _wrong(answer, given)
        if wrong:
            return lines.fault(f"{wrong} for {given[:300]!a}", place, 1 if answer else MOST_HELD)
        found = orjson.loads(answer)
        played.characters += len(given)
        played.answered += bool(found.get("keys") or found.get("name"))
        if done == max(1, lines.count // 10):
            played.tenth = _peak(Path(f"/proc/{process.pid}/status"))
    return lines.fault("more answers than lines", lines.places.stop) if next(answers) else None


def _answers(process: Process) -> Iterator[bytes]:
    """Give the lines of the answers as they come, then empty ones. Raises TimeoutError where none comes for long."""
    assert process.stdout
    output, rest = process.stdout.fileno(), b""
    while select.select([output], [], [], LONGEST_WAIT)[0]:
        chunk = os.read(output, 1_000_000)
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines if chunk else (b"",)
    raise TimeoutError


def _wrong(line_of_json: bytes, given: str) -> str:
    """Say what is wrong with an answer, or nothing."""
    try:
        answer = orjson.loads(line_of_json)
    except orjson.JSONDecodeError:
        return f"the answer {line_of_json[:300]!a}" if line_of_json else "no answer"
    if answer["text"] != given:
        return f"an answer to another text, {answer['text'][:300]!a},"
    if "keys" in answer:
        return _wrong_keys(answer["keys"], answer["reason"], given)
    name = answer["name"]
    if len(name) > _LONGEST_NAME or name != name.strip() or any(unicodedata.category(c) in _UNSEEN for c in name):
        return f"the name {name!a}"
    return "" if name or answer["reason"] else "neither a name nor a reason"


def _wrong_keys(keys: list[str], reason: str | None, given: str) -> str:
    if not keys:
        return "" if reason else "neither a key nor a reason"
    seen = [_digits(given), _digits(html.unescape(html.unescape(unquote(given))))]
    for key in keys:
        if not _DIGITS.fullmatch(key) or len(key) > _LONGEST_KEY:
            return f"the key {key!a}"
        if not any(_stands_in(key[-_LAST_DIGITS:], digits) for digits in seen):
            return f"the key {key}, whose digits do not stand in the text,"
    return ""


def _digits(text: str) -> str:
    """Give the digits of a text as a generous reader sees them: of every script, and the letters that look like one."""
    folded = unicodedata.normalize("NFKC", text).translate(_LOOKALIKES)
    return "".join(str(unicodedata.decimal(c, "")) for c in folded)


def _stands_in(part: str, digits: str) -> bool:
    """Tell whether digits stand in others in their order, others between them or not."""
    rest = iter(digits)
    return all(digit in rest for digit in part)


def _peak(status: Path) -> int:
    """The peak of resident memory in bytes that a /proc/*/status tells; 0 of a process that has ended."""
    found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="utf-8", errors="replace"))
    return int(found[1]) * 1024 if found else 0
