"""The one configuration file that the stand-in PBX shows: the dialplan of the sandbox, as GetConfig tells it.

As in Asterisk's main/manager.c, action_getconfig: the categories with their lines, ``=`` for each ``=>``.
"""

from collections.abc import Iterator

from astsync.sandbox.ami.packets import Headers
from astsync.sandbox.ami.replies import error, start
from astsync.sandbox.asterisk.conf_files import DIALPLAN

_FILE = b"extensions.conf"


def get_config(headers: Headers) -> bytes:
    """Answer GetConfig."""
    name = headers.get(b"filename", b"")
    if not name:
        return error(headers, "Filename not specified")
    if name != _FILE:
        return error(headers, "Config file not found")
    lines = list(_lines(headers.get(b"category", b"").decode("utf-8", "replace")))
    body = lines or ["No categories found"]
    return start(b"Success", headers) + "\r\n".join((*body, "", "")).encode()


def _lines(wanted: str) -> Iterator[str]:
    category, number, name = -1, 0, ""
    for line in map(str.strip, DIALPLAN.splitlines()):
        if line.startswith("["):
            category, number, name = category + 1, 0, line.strip("[]")
            if wanted in {"", name}:
                yield f"Category-{category:06}: {name}"
        elif line and wanted in {"", name}:
            key, _, value = line.partition("=>")
            yield f"Line-{category:06}-{number:06}: {key.strip()}={value.strip()}"
            number += 1
