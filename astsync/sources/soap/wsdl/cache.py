"""The WSDL of the last time, in a file: a 1C web service is slow to write one, and it hardly ever changes.

The file stands in systemd's ``CACHE_DIRECTORY`` or in the user's cache folder, belongs to one address and one user, and
nobody else may read it. It is a convenience: where it cannot be read or written the WSDL is asked for again.
"""

import logging
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG

import orjson
from platformdirs import user_cache_path

from astsync.files import replace

logger = logging.getLogger(__name__)

Documents = Mapping[str, bytes]
"""The WSDL and what it imports, by their addresses."""

_VERSION = 1
_LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """What the cache holds. ``age`` is in seconds."""

    documents: Documents
    age: float


class WsdlCache:
    """The cache file of the WSDL at one address as one user sees it."""

    def __init__(self, address: str, user: str, folder: Path | None = None) -> None:
        self._key = f"{address}\n{user}"
        name = sha256(self._key.encode()).hexdigest()[:32]
        self.path = (folder or _folder()) / f"wsdl-{name}.json"

    def read(self) -> Kept | None:
        """Read what is kept; None where there is nothing that can be used."""
        try:
            kept = orjson.loads(_read(self.path))
            documents = {str(url): text.encode("latin-1") for url, text in kept["documents"].items()}
            fits = kept["version"] == _VERSION and kept["key"] == self._key and bool(documents)
            age = time.time() - float(kept["time"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return Kept(documents, age if age >= 0 else float("inf")) if fits else None

    def write(self, documents: Documents) -> None:
        """Keep documents; the file is replaced at once or not at all."""
        texts = {url: content.decode("latin-1") for url, content in documents.items()}
        content = orjson.dumps({"version": _VERSION, "key": self._key, "time": time.time(), "documents": texts})
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace(self.path, content)
        except OSError as error:
            logger.info("the WSDL is not kept: %s", error)

    def drop(self) -> None:
        """Forget what is kept."""
        with suppress(OSError):
            self.path.unlink()


def _read(path: Path) -> bytes:
    """Read the file if it belongs to this user: whoever writes the WSDL decides what is sent along with the login."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:  # never waits for a pipe
        status = os.fstat(file.fileno())
        if not S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_size > _LARGEST:
            raise OSError("no cache file of this user")
        return file.read()


def _folder() -> Path:
    """Find the folder: systemd names several by colons, the first is ours."""
    given = os.environ.get("CACHE_DIRECTORY", "").partition(os.pathsep)[0]
    return Path(given) if given else user_cache_path("astsync")
