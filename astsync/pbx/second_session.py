"""Whether an AMI user may have a second session beside one that is open.

``allowmultiplelogin`` of manager.conf says so, in [general] or for the user; but a user may not read it without its own
secret being sent. So it is tried.
"""

from astsync.config import PbxConfig
from astsync.errors import PbxError, PbxSessionTaken
from astsync.language import say
from astsync.pbx.connection import AmiConnection

CURE = say(
    "Write `allowmultiplelogin = yes` under [general] of manager.conf on the PBX, and run `manager reload` there."
)


def is_only_session(config: PbxConfig) -> bool:
    """Whether the PBX refuses another session while one is open. Where anything else fails, nobody knows: False."""
    try:
        with AmiConnection(config):
            return False
    except PbxSessionTaken:
        return True
    except PbxError:
        return False
