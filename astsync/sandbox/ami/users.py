"""The AMI users of the stand-in PBX; ``manager.conf`` defines those of an Asterisk."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AmiUser:
    """An AMI user: it gets the classes of events in ``read``, and may send the classes of actions in ``write``.

    The login of a ``denied`` user is refused, as by ``deny`` in manager.conf.
    """

    name: str = "astsync"
    secret: str = field(default="sandbox-secret", repr=False)
    read: frozenset[str] = frozenset({"system"})
    write: frozenset[str] = frozenset({"system", "command"})
    denied: bool = False

    def may(self, rights: frozenset[str]) -> bool:
        """Whether this user may send an action that needs one of these classes."""
        return not rights or "all" in self.write or not rights.isdisjoint(self.write)
