"""Whether the service that answers calls is well, without anything personal."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Health:
    """How the service is. ``snapshot_age`` is in seconds, None where there is no snapshot; ``up`` in seconds too.

    A breaker that is open is no illness of the service: 1C is away, and the names that are known are still told.
    """

    store_read: bool
    snapshot_age: float | None
    breaker_open: bool
    up: float

    @property
    def well(self) -> bool:
        """Whether names can be told."""
        return self.store_read
