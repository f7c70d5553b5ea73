"""How Asterisk takes an AGI command apart: the rules of its ``parse_args``, written anew for tests."""

import re

MOST = 2_048  # bytes of the buffer of Asterisk 16, the zero at the end included; 22 has twice as many
# An escaped sign, a quote, blanks, and anything else; between quotes a blank is a sign as any other.
_SIGN = re.compile(rb'\\(?P<escaped>.)|(?P<quote>")|(?P<blank>[ \t])|(?P<plain>[^\\])', re.DOTALL)


def words(line: bytes) -> list[bytes]:
    """The words of one command line. Raises ValueError where Asterisk would read a part of it, or more than it."""
    if not line.endswith(b"\n") or line.count(b"\n") != 1 or b"\0" in line or len(line) >= MOST:
        raise ValueError("not one whole line")
    found: list[bytes] = []
    quoted, between = False, True  # between two words
    at, end = 0, len(line) - 1
    while at < end:
        sign = _SIGN.match(line, at, end)
        if sign is None:
            raise ValueError("an escape without its sign")
        at = sign.end()
        if sign["blank"] and not quoted:
            between = True
            continue
        quoted ^= sign["quote"] is not None
        if between and (quoted or not sign["quote"]):
            found.append(b"")
            between = False
        if not sign["quote"]:
            found[-1] += sign["escaped"] or sign["blank"] or sign["plain"]
    if quoted:
        raise ValueError("a quote without its end")
    return found
