"""Faults that a stand-in PBX can be told to have."""

from dataclasses import dataclass


@dataclass(slots=True)
class AmiFaults:
    """What goes wrong; nothing by default. Set the fields at any time: sessions look at them for every message.

    Answers and bytes are counted on each connection from its accepted login on.
    """

    banner: bytes | None = None
    """Sent in place of the banner, line end included."""
    cut_after_answers: int | None = None
    """The connection ends after so many answers; what was pipelined behind them is not executed."""
    cut_after_bytes: int | None = None
    """The connection ends after so many bytes, in the middle of an answer."""
    stall_after_answers: int | None = None
    """After so many answers nothing is executed or answered any more; the connection stays."""
    once: bool = False
    """A cut or a stall happens once; later connections are sound."""
    delay: float = 0.0
    """Seconds before each answer."""
    fragment: int | None = None
    """Answers are sent in pieces of so many bytes."""
    reorder: bool = False
    """The answers to what came in one read go out in reverse."""
    deny_puts_after: int | None = None
    """After so many DBPuts (of all sessions) the next ones are ``Permission denied``."""
    error_keys: frozenset[str] = frozenset()
    """DBPut, DBDel and DBGet of these keys answer an Error."""
    half_list: int | None = None
    """DBGetTree sends so many entries and no Complete; ``database show`` prints so many and counts all."""

    @property
    def in_delivery(self) -> bool:
        """Whether answers cannot simply be sent."""
        limits = (self.cut_after_answers, self.cut_after_bytes, self.stall_after_answers, self.fragment)
        return self.reorder or self.delay > 0 or any(limit is not None for limit in limits)

    @property
    def in_actions(self) -> bool:
        """Whether some actions must be refused."""
        return self.deny_puts_after is not None or bool(self.error_keys)

    def spent(self) -> None:
        """Note that a cut or a stall has happened."""
        if self.once:
            self.cut_after_answers = self.cut_after_bytes = self.stall_after_answers = None
