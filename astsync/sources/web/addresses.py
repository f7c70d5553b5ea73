"""Addresses of publications and services: written for HTTP, and what people paste with them by mistake."""

import re
from urllib.parse import quote, urlsplit

from astsync.language import say

LANGUAGE_PART = re.compile(r"/[a-z]{2}(_[a-z]{2})?/*$", re.IGNORECASE)
"""The end of a path that a browser adds when it opens 1C's thin client: ``/ru``, ``/en_US``."""


def encode_path(url: str) -> str:
    """Percent-encode the letters of an address that are not ASCII; what is encoded already stays."""
    parts = urlsplit(url)
    return parts._replace(path=quote(parts.path, safe="/%:@!$&'()*+,;=~-._"), query="", fragment="").geturl()


def encode_address(url: str) -> str:
    """Percent-encode the letters of an address that are not ASCII, the query too."""
    query = urlsplit(url).query
    return encode_path(url) + (f"?{quote(query, safe='=&%/:+,;@!$()*-._~')}" if query else "")


def address_hint(url: str) -> str:
    """Write what looks wrong in an address, as an end of a hint; "" where nothing does."""
    match = LANGUAGE_PART.search(urlsplit(url).path)
    # Two letters alone are the publication itself: /ut, /BP.
    if match is None or (match.start() == 0 and match[1] is None):
        return ""
    return " " + say("The address ends in {end}, which a browser adds: leave that out of source.url.", end=match[0])
