"""The stand-in PBX: AMI of Asterisk 1.8, 13, 16 and 22 over an AstDB in memory."""

from astsync.sandbox.ami.faults import Faults
from astsync.sandbox.ami.standin import AmiStandIn, Received
from astsync.sandbox.ami.users import AmiUser

__all__ = ["AmiStandIn", "AmiUser", "Faults", "Received"]
