"""Faults that can be injected into the stand-in PBX. A real Asterisk does not show them on demand."""

from dataclasses import dataclass


@dataclass(slots=True)
class AmiFaults:
    """The injected faults; none by default. Fields may be set at any time: sessions read them for every packet.

    Answers and bytes are counted for each connection, from its accepted login on.
    """

    banner: bytes | None = None
    """Sent in place of the banner, with its line end."""
    cut_after_answers: int | None = None
    """The connection ends after so many answers. Actions that were pipelined behind them are not executed."""
    cut_after_bytes: int | None = None
    """The connection ends after so many bytes, in the middle of an answer."""
    stall_after_answers: int | None = None
    """After so many answers no action is executed or answered. The connection stays open."""
    once: bool = False
    """Only the first cut, stall or list with holes happens; later connections work."""
    delay: float = 0.0
    """Seconds before each answer."""
    fragment: int | None = None
    """Answers are sent in pieces of this size, in bytes."""
    reorder: bool = False
    """The answers to all actions of one read go out in reverse order."""
    deny_puts_after: int | None = None
    """After so many DBPuts of all sessions together, further ones get ``Permission denied``."""
    error_keys: frozenset[str] = frozenset()
    """DBPut, DBDel and DBGet of these keys get an Error."""
    half_list: int | None = None
    """DBGetTree sends so many entries and no Complete event. ``database show`` prints so many, and counts all."""

    lost_entries: int | None = None
    """So many entries in the middle of a list are not sent. The list ends as complete with its true count, and then the
    session ends. So does Asterisk when a client with TLS does not read for ``writetimeout``."""
    list_end: bytes = b"Complete"
    """How DBGetTree says that its list ended, as ``cancelled``."""
    list_items: bytes | None = None
    """What DBGetTree says as the count of its entries. ``database show`` says it too."""
    within_list: bytes = b""
    """Sent in the middle of the list of DBGetTree. ``ACTIONID`` in it becomes the list's own."""
    pause: float = 0.0
    """Seconds after each piece of ``fragment``."""
    other_ids: bool = False
    """Answers carry the ActionID of another client."""
    deaf: bool = False
    """Nothing that the client sends after its login is read. The connection stays open."""

    @property
    def in_delivery(self) -> bool:
        """Whether a fault changes how answers are sent."""
        limits = (self.cut_after_answers, self.cut_after_bytes, self.stall_after_answers, self.fragment)
        return self.reorder or self.other_ids or self.delay > 0 or any(limit is not None for limit in limits)

    @property
    def in_actions(self) -> bool:
        """Whether a fault makes actions fail."""
        return self.deny_puts_after is not None or bool(self.error_keys)

    def spent(self) -> None:
        """Call after a cut, a stall, or a list with holes. With ``once`` it switches them off."""
        if self.once:
            self.cut_after_answers = self.cut_after_bytes = self.stall_after_answers = self.lost_entries = None
