"""Bounds that several kinds of sources share. What is larger has no end, and the memory of this machine has one."""

LARGEST_LIST = 2_000_000
"""Records of a list; twice the longest list that was tried."""

LARGEST_RECORD = 4 * 1024 * 1024
"""Bytes of one record, or of all that stands around the list."""

MANY_FIELDS = 40
"""Fields of a record that a message names, and those of one level that are looked at for it."""
