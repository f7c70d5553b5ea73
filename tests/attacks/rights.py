"""What only root can do, and how root is kept from doing too much."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.attacks.attack import Impossible
from tests.attacks.place import Place

STRANGER = 65534
"""The user who plants files."""

_POWERS = "-dac_override,-dac_read_search,-fowner,-chown"


def obey_rights(place: Place) -> None:
    """Let the rights of files count for the command, also where it runs as root. Raises Impossible."""
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            raise Impossible("root without setpriv")
        place.child.before = ("setpriv", "--bounding-set", _POWERS, "--inh-caps", _POWERS, *place.child.before)


def give_away(path: Path) -> None:
    """Make a file or a link somebody else's. Raises Impossible."""
    if os.geteuid() != 0:
        raise Impossible("only root can give files away")
    os.chown(path, STRANGER, STRANGER, follow_symlinks=False)


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[None]:
    """A disk of so many bytes over a folder. Raises Impossible."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        raise Impossible("no tmpfs can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)
