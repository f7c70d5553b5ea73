"""The AMI users of the stand-in PBX, as ``manager.conf`` would name them."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AmiUser:
    """An AMI user: ``read`` are the classes of events it gets, ``write`` the classes of actions it may send.

    A ``denied`` user is shut out by its address (``deny`` in manager.conf).
    """

    name: str = "astsync"
    secret: str = field(default="sandbox-secret", repr=False)
    read: frozenset[str] = frozenset({"system"})
    write: frozenset[str] = frozenset({"system", "command"})
    denied: bool = False

    def may(self, rights: frozenset[str]) -> bool:
        """Tell whether this user may send an action that needs one of these classes."""
        return not rights or "all" in self.write or not rights.isdisjoint(self.write)
