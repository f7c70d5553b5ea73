"""How the check of a source shows the first counterparties that it gave."""

from astsync.finding import Finding
from astsync.phonebook.model import Counterparty

FIRST = 3
"""Counterparties that a check shows."""


EMPTY = "An empty list is never taken for a phonebook: look whether the 1C user may read the catalog."
"""What to do where a source gives no record at all."""


def shown(counterparty: Counterparty) -> Finding:
    """Show a counterparty as the source gave it."""
    phones = "; ".join(phone.texts[0] if phone.texts else "" for phone in counterparty.phones) or "no phones"
    return Finding(counterparty.name, None, phones)
