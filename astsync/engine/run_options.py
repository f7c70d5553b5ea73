"""How a run is to be done."""

from dataclasses import dataclass, field
from typing import Literal

from astsync.phonebook.plan import Limits


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run: the family and the limits of the configuration, and what the command line said.

    ``whole`` writes every entry, not only what differs (``push``). ``durable`` waits until Asterisk has written what
    it confirmed to its disk, and then reads once more.
    """

    family: str = "cidname"
    foreign: Literal["keep", "delete"] = "keep"
    limits: Limits = field(default_factory=Limits)
    dry_run: bool = False
    whole: bool = False
    durable: bool = False
