"""Lines of a CDR file, from its beginning or from its end, in a bounded memory however large the file is."""

from collections.abc import Iterator
from typing import BinaryIO

from astsync.calls.cdr_layout import LONGEST_LINE

MOST_BYTES = 512 * 1024 * 1024
"""Bytes of a file that are looked at: some 2,000,000 records."""
TOO_LONG = b"-" * (LONGEST_LINE + 1)
"""What comes in the place of a line without end; it is no record."""
_BLOCK = 64 * 1024


def forward(file: BinaryIO, most: int = MOST_BYTES) -> Iterator[bytes]:
    """The lines from the first one on, without their ends."""
    inside = False  # a line that is too long
    while most > 0 and (line := file.readline(LONGEST_LINE + 1)):
        most -= len(line)
        whole = line.endswith(b"\n") or len(line) <= LONGEST_LINE
        if not inside:
            yield line.rstrip(b"\r\n") if whole else TOO_LONG
        inside = not whole


def backward(file: BinaryIO, most: int = MOST_BYTES) -> Iterator[bytes]:
    """The lines from the last one on, without their ends; the file can be sought in.

    What a PBX appends meanwhile is not read.
    """
    at = file.seek(0, 2)
    lowest = max(at - most, 0)
    rest, too_long = b"", False  # of the line whose beginning was not read yet
    while at > lowest:
        size = min(_BLOCK, at - lowest)
        at -= size
        file.seek(at)
        first, *lines = (file.read(size) + rest).split(b"\n")
        if lines and too_long:
            lines[-1], too_long = TOO_LONG, False
        for line in reversed(lines):
            yield TOO_LONG if len(line) > LONGEST_LINE else line.rstrip(b"\r")
        too_long = too_long or len(first) > LONGEST_LINE
        rest = b"" if too_long else first
    if at == 0 and (rest or too_long):
        yield TOO_LONG if too_long else rest.rstrip(b"\r")
