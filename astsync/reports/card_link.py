"""Links that open a card in 1C: inside its own windows, and in its web client.

1C takes a navigation link «e1cib/data/Справочник.Контрагенты?ref=…» by Shift+F11. ``ref`` is the reference as 1C's
database keeps it: the parts of the GUID from behind, without hyphens, of which the last two stay in their order.
Documents of public projects show the same pair of a GUID and its link, and references of known age confirm it.
"""

import re
from urllib.parse import quote

_GUID = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})", re.IGNORECASE)


def card_link(catalog: str, ref: str) -> str:
    """The navigation link of a card; "" where the reference is no GUID or the catalog has no name of 1C's.

    The prefix is in the language of the catalog's name: configurations are written in either.
    """
    found = _GUID.fullmatch(ref)
    if found is None or not catalog.isidentifier() or not int(ref.replace("-", ""), 16):
        return ""
    first, second, third, fourth, last = found.groups()
    prefix = "Catalog" if catalog.isascii() else "Справочник"
    return f"e1cib/data/{prefix}.{catalog}?ref={(fourth + last + third + second + first).lower()}"


def web_link(web_client: str, link: str) -> str:
    """The address of a card in the web client, for a browser; "" where there is no client or no link."""
    return f"{web_client.rstrip('/')}/#{quote(link, safe='/?=.')}" if web_client and link else ""
