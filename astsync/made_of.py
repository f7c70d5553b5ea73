"""What a phonebook is made of, in one line: as long as that is the same, so is the phonebook.

It is for lists whose bytes can be named without reading what they say. A list that is not read again was not read
wrongly either: all that has a say is in it, also the programs themselves.
"""

import hashlib
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from astsync.config import Config

_OURS = ("astsync.phonebook", "astsync.sources")
_LIBRARIES = ("phonenumbers", "iuliia", "anyascii", "lxml", "orjson")


def made_of(config: Config, bytes_of_list: str) -> str:
    """Name what a phonebook is made of: ``bytes_of_list``, the rules of the configuration, and the programs.

    Of the configuration it takes the sections from which ``parts`` makes the source and the builder
    (tests/unit/test_made_of.py). Secrets are not in it.
    """
    rules = (config.source, config.numbers, config.names, config.book, config.serve.extensions)
    parts = (bytes_of_list, *map(repr, rules), sys.version, *_programs())
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()


def _programs() -> Iterator[str]:
    """The files of our rooms, and what tells the installed libraries apart: an update writes them anew."""
    for name in _OURS:
        for file in sorted(_folder(name).rglob("*.py")):
            yield _seen(file)
    for name in _LIBRARIES:
        yield _seen(_folder(name) / "__init__.py")


def _folder(name: str) -> Path:
    """The folder of a package, which is not imported for it."""
    spec = find_spec(name)
    return Path(spec.origin).parent if spec is not None and spec.origin else Path(name)


def _seen(file: Path) -> str:
    try:
        found = file.stat()
    except OSError:
        return f"{file} is not there"
    return f"{file} {found.st_ino} {found.st_size} {found.st_mtime_ns}"
