"""Bounds that several kinds of sources share. What is larger is taken for endless, and refused.

Without them a source in error could fill the memory of this machine.
"""

LARGEST_LIST = 2_000_000
"""Records of a list; twice as many as in the longest list that was tried."""

LARGEST_RECORD = 2 * 1024 * 1024
"""Bytes of one record, or of all that stands around the list."""

MANY_FIELDS = 40
"""Fields of a record that a message names. Of each level of a record no more are looked at for it."""
