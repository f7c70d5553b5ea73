"""What the AMI user may do, found out without doing it.

``ListCommands`` needs no right of its own and lists just the actions that the user may send (Asterisk main/manager.c,
action_listcommands; measured on 1.8 to 22), so nothing has to be put and deleted to find out.
"""

from collections.abc import Mapping, Sequence

from astsync.config import PbxConfig
from astsync.errors import PbxRightsError
from astsync.language import about, joined, say

WRITES = ("DBPut", "DBDel")
_MORE_THAN_NEEDED = ("Command", "Originate")
_HINT = say(
    "In manager.conf give it `write = system`; an Asterisk without DBGetTree (before 16.28) needs `write = "
    "system,command`. Then run `manager reload`. A Grandstream UCM can give neither, so astsync cannot serve it."
)


def missing_right(config: PbxConfig, actions: Sequence[str]) -> PbxRightsError:
    """The error of a user who may not use these actions."""
    words = say("the AMI user {user!r} may not use {actions}", user=config.user, actions=together(actions))
    return PbxRightsError(about(config.name, words), hint=_HINT)


def together(actions: Sequence[str]) -> str:
    """The actions in one line: "DBPut and DBDel"."""
    *others, last = actions
    return say("{others} and {last}", others=joined(", ", others), last=last) if others else last


def lacking(listed: Mapping[str, str], *, write: bool) -> list[str]:
    """The actions that a run needs and ``ListCommands`` does not list; with ``write`` those for writing too.

    Whoever may use DBGet may use DBGetTree, where the Asterisk has it; one that has not is read by Command.
    """
    reads = [] if "DBGetTree" in listed else ["Command"] if "DBGet" in listed else ["DBGetTree"]
    return [action for action in (*reads, *(WRITES if write else ())) if action not in listed]


def not_needed(listed: Mapping[str, str]) -> list[str]:
    """The powerful actions that the user may use and astsync does not need."""
    return [action for action in _MORE_THAN_NEEDED if action in listed and "DBGetTree" in listed]
