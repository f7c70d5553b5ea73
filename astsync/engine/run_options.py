"""How a run is to be done."""

from dataclasses import dataclass, field
from typing import Literal

from astsync.phonebook.approval import ApprovedPlans
from astsync.phonebook.plan import Limits


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run: the family and the limits of the configuration, and the options of the command line.

    ``whole`` writes every entry, not only what differs (``push``). ``durable`` waits until Asterisk has on its disk
    what it confirmed, and then reads the family once more. With ``approved`` plans a run writes these, or nothing.
    """

    family: str = "cidname"
    foreign: Literal["keep", "delete"] = "keep"
    limits: Limits = field(default_factory=Limits)
    dry_run: bool = False
    whole: bool = False
    durable: bool = False
    approved: ApprovedPlans | None = None
