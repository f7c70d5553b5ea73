"""A real Asterisk of its own: found on this machine, started on free ports, stopped by its pid."""

from astsync.sandbox.asterisk.conf_files import ManagerUser, TlsFiles
from astsync.sandbox.asterisk.installation import Installation, find_installation, own_cache
from astsync.sandbox.asterisk.private import DEFAULT_USERS, PrivateAsterisk, free_port
from astsync.sandbox.asterisk.ringing import RingingAsterisk

__all__ = [
    "DEFAULT_USERS",
    "Installation",
    "ManagerUser",
    "PrivateAsterisk",
    "RingingAsterisk",
    "TlsFiles",
    "find_installation",
    "free_port",
    "own_cache",
]
