"""How the check of a source shows the first counterparties that it gave."""

from astsync.finding import Finding
from astsync.phonebook.model import Counterparty, Phone
from astsync.sources.onec.words import clean

FIRST = 3
"""Counterparties that a check shows."""

EMPTY = "An empty list is never taken for a phonebook: look whether the 1C user may read the catalog."
"""What to do where a source gives no record at all."""


def shown(counterparty: Counterparty) -> Finding:
    """Show a counterparty as the source gave it."""
    return Finding("counterparty", None, in_words(counterparty))


def in_words(counterparty: Counterparty) -> str:
    """Give a counterparty in a line: its name and its phones with their kinds."""
    phones = ", ".join(_phone(phone) for phone in counterparty.phones if phone.texts)
    return f"{clean(counterparty.name) or 'without a name'}: {clean(phones) or 'no phone'}"


def _phone(phone: Phone) -> str:
    return f"{phone.texts[0]} ({phone.kind})" if phone.kind else phone.texts[0]
