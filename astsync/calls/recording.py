"""The file of a call's recording, as variables of channels and fields of records name it: a name alone, never a path.

MixMonitor sets MIXMONITOR_FILENAME to the whole path, FreePBX also writes CDR(recordingfile). AMI tells a variable in
two ways, seen on 16.28 and 22.10: as ChanVariable in each event of calls, where ``channelvars`` of manager.conf names
it, so ``read = call`` is enough; and by VarSet, which needs ``read = dialplan``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

VARIABLE_SET = "VarSet"
"""The event that tells of a variable."""
LONGEST_NAME = 255
"""Characters of a file's name; no file system has longer ones."""
_SEPARATORS = re.compile(r"[/\\]")
_LONGEST_PATH = 4_096


def file_name(path: str) -> str:
    """The name of a file without its folders; "" where it is none that can be shown and asked for."""
    if len(path) > _LONGEST_PATH:
        return ""
    name = _SEPARATORS.split(path)[-1].strip()
    good = name.isprintable() and len(name) <= LONGEST_NAME and name.strip(".")
    return name if good else ""


def recording_of_event(event: str, headers: Mapping[str, str], names: Sequence[str]) -> str:
    """The recording that an event of a channel tells, "" for none. ``names`` are variables, the first one counts."""
    if event == VARIABLE_SET:
        return file_name(headers.get("Value", "")) if headers.get("Variable") in names else ""
    carried = (
        headers.get(f"{header}({name})", "") for name in names for header in ("ChanVariable", "DestChanVariable")
    )
    return first_name(carried)


def first_name(paths: Iterable[str]) -> str:
    """The first of these that names a file."""
    return next(filter(None, map(file_name, paths)), "")


def filter_of(names: Sequence[str]) -> str:
    """The AMI filter (a regular expression of POSIX over the whole event) of VarSet for these variables.

    ``ChanVariable: NAME=`` in the same event must not match, so the letter before ``Variable`` counts.
    """
    return f"Event: {VARIABLE_SET}.*[^n]Variable: ({'|'.join(map(re.escape, names))})[^A-Za-z0-9_]"
