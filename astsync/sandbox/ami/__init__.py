"""The stand-in PBX: AMI of Asterisk 1.8, 13, 16 and 22 over an AstDB in memory."""

from astsync.sandbox.ami.ami_standin import AmiStandIn, Received
from astsync.sandbox.ami.faults import AmiFaults
from astsync.sandbox.ami.users import AmiUser

__all__ = ["AmiFaults", "AmiStandIn", "AmiUser", "Received"]
