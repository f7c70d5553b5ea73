"""Where calls from outside enter a dialplan, and where it looks names up."""

import re

from astsync.pbx.dialplan import Dialplan, texts
from astsync.setup.dialplan_reading.extensions import entries, included

INCOMING = (
    "from-pstn", "from-trunk", "from-carrier", "from-astsync", "from-external", "from-outside", "from-provider",
    "incoming", "from-pstn-toheader", "from-did-direct",
)  # fmt: skip
"""Names that PBXs and people give to the context of incoming calls; those of MikoPBX end in ``-incoming``."""

_MOST_CONTEXTS = 6
_LOCAL = re.compile(r"Local/[^@,&]*@([^,&/:)]+)", re.IGNORECASE)


def incoming_contexts(plan: Dialplan, family: str) -> list[str]:
    """The contexts that most likely take calls from outside: by their names, else those that look names up."""
    named = [name for name in INCOMING if name in plan.contexts]
    dialled = {name for _, _, step in texts(plan) for name in _LOCAL.findall(step.data)}  # the second half of calls
    named += [name for name in plan.contexts if name.endswith("-incoming") and name not in dialled]
    looking = [name for name in looking_contexts(plan, family) if entries(plan, name) and _rings(plan, name)]
    every = list(dict.fromkeys((*named, *looking)))
    inside = {below for name in every for below, _ in included(plan, name) if below != name}
    return [name for name in every if name not in inside][:_MOST_CONTEXTS]


def looking_contexts(plan: Dialplan, family: str) -> list[str]:
    """The contexts with a line that looks into the family."""
    marks = tuple(f"{function}({family}/".lower() for function in ("DB", "DB_EXISTS"))
    found = (name for name, _, step in texts(plan) if any(mark in step.data.lower() for mark in marks))
    return list(dict.fromkeys(found))


def _rings(plan: Dialplan, name: str) -> bool:
    """Whether somebody dials in it: a context that only returns is a part of others."""
    steps = (step for _, one in included(plan, name) for known in one.extensions.values() for step in known.values())
    return any(step.application.lower() in {"dial", "queue", "goto"} for step in steps)
