"""Runs of astsync over PBXs in memory, by a virtual clock, with a fault at every place where one can strike.

All of astsync from the AMI connection's bytes to the store is the product's own; only the sockets, the threads, the
clock, the lock and the source are stand-ins. A seed decides everything, so that a failure can be played again.
"""
