"""Whether a file is the one that was read before."""

import hashlib
from pathlib import Path

from astsync.errors import SourceError
from astsync.sources.file.content import STANDARD_INPUT, opened
from astsync.stopping import Stopping

_BLOCK = 1 << 20  # bytes


def fingerprint(path: Path, stopping: Stopping) -> str:
    """SHA-256 of the file's bytes; "" for standard input, and where it cannot be read: who reads it then says why.

    Its time is not enough: a copy may keep that of another file, and a network folder that of the second before.
    """
    if path == STANDARD_INPUT:
        return ""
    try:
        with opened(path, stopping) as content:
            digest = hashlib.sha256()
            while block := content.stream.read(_BLOCK):
                digest.update(block)
            return digest.hexdigest()
    except SourceError:
        return ""
