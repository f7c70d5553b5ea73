"""How much of a PBX's answer is read, and how slowly it may come. What is more is taken for endless, and refused.

Without these bounds a PBX in error, or what pretends to be one, could fill the memory of this machine or keep a run
for ever.
"""

LONGEST_LINE = 1024 * 1024
"""Bytes. A value that AMI wrote has a thousand at most; other programs keep whole documents in AstDB."""

LARGEST_PACKET = 4 * 1024 * 1024
"""Bytes of a packet, but for the output of a command, which comes in parts."""

MOST_HEADERS = 2_000
"""Lines of a packet whose headers are looked at; ``ListCommands`` of a full Asterisk has some 200."""

MOST_ENTRIES = 1_300_000
"""Entries of a list; a third more than in the longest list that was tried."""

LARGEST_FAMILY = 96 * 1024 * 1024
"""Bytes of the keys and values of a family. A million entries with names of 40 Cyrillic letters have room."""

LARGEST_UNSORTED = 32 * 1024 * 1024
"""The same, where the keys do not come in their order, as those of an Asterisk do (``ORDER BY key`` in main/db.c).

To sort them takes three times their bytes, and 130 more an entry.
"""

LARGEST_LIST = 256 * 1024 * 1024
"""Bytes of a list or of the output of a command, as they travel."""

MOST_DIGITS = 12
"""Digits of a number that an Asterisk states."""

SLOWEST = 4 * 1024
"""Bytes a second of a list, in the mean: a line of 32 kbit/s."""

FEWEST_ANSWERS = 10
"""Answers a second to actions that are sent many at once, in the mean. The slowest Asterisk that was seen gave 50."""

BANNER = 200
"""Bytes of AMI's first line."""
