"""The stand-in PBX: AMI of Asterisk 1.8, 13, 16 and 22 over an AstDB in memory."""

from astsync.demo.ami.faults import Faults
from astsync.demo.ami.standin import AmiStandIn, Received
from astsync.demo.ami.users import AmiUser

__all__ = ["AmiStandIn", "AmiUser", "Faults", "Received"]
