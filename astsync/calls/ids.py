"""The id of a call, made in one place: it is the key of a call in the journal, in 1C, in addresses of HTTP."""

import hashlib

LONGEST_ID = 120
"""Characters of an id. 1C's register takes 150; the journal may put the moment of the beginning behind it."""
_DIGEST = 32  # characters: 128 bits
_SEPARATORS = ","  # stands between ids where a client names several


def call_id(pbx: str, linked: str) -> str:
    """The id of a call: the name of its PBX and its Linkedid, one for all its channels.

    Where these are longer than an id, or have characters that cannot stand in one, it is what can be read of them with
    a digest of all: the same for the same call, and another one for any other.
    """
    whole = f"{pbx}:{linked}"
    if len(whole) <= LONGEST_ID and _is_plain(whole):
        return whole
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    readable = "".join(filter(_is_plain, whole))[: LONGEST_ID - _DIGEST - 1]
    return f"{readable.strip()}~{digest}"


def _is_plain(text: str) -> bool:
    return text.isprintable() and text == text.strip() and not set(text) & set(_SEPARATORS)
