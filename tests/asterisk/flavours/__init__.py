"""A private Asterisk laid out as each flavour of PBX lays its own out."""

from collections.abc import Mapping
from types import MappingProxyType

from astsync.pbx.flavour import Flavour
from tests.asterisk.flavours.askozia import AskoziaRig
from tests.asterisk.flavours.freepbx import FreePbxRig, IssabelRig
from tests.asterisk.flavours.mikopbx import MikoPbxRig
from tests.asterisk.flavours.plain import PlainRig
from tests.asterisk.flavours.rig import DID, PHONE, FlavourRig

RIGS: Mapping[Flavour, type[FlavourRig]] = MappingProxyType(
    {rig.flavour: rig for rig in (PlainRig, FreePbxRig, MikoPbxRig, IssabelRig, AskoziaRig)}
)

__all__ = ["DID", "PHONE", "RIGS", "AskoziaRig", "FlavourRig", "FreePbxRig", "IssabelRig", "MikoPbxRig", "PlainRig"]
