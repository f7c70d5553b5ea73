"""What the checks of sources share: how they show counterparties, and which part of a source an error belongs to."""

from astsync.errors import (
    AstsyncError,
    SourceBusy,
    SourceLoginError,
    SourceNotFound,
    SourceRightsError,
    SourceUnreachable,
)
from astsync.finding import Finding
from astsync.language import joined, say
from astsync.phonebook.model import Counterparty, Phone
from astsync.text import one_line

FIRST = 3
"""Counterparties that a check shows."""

EMPTY = say("An empty list is never taken for a phonebook: look whether the 1C user may read the catalog.")
"""What to do where a source gives no record at all."""

_PARTS: tuple[tuple[type[AstsyncError], str], ...] = (
    (SourceUnreachable, say("address")),
    (SourceNotFound, say("address")),
    (SourceLoginError, say("login")),
    (SourceRightsError, say("rights")),
    (SourceBusy, say("1C")),
)


def error_finding(error: AstsyncError, otherwise: str) -> Finding:
    """Make a finding of an error: its class names the part of the source, else ``otherwise`` does."""
    part = next((part for kind, part in _PARTS if isinstance(error, kind)), otherwise)
    return Finding(part, False, error.message, error.hint)


def counterparty_finding(counterparty: Counterparty) -> Finding:
    """Make a finding of a counterparty, as the source gave it: it informs, and is neither good nor bad."""
    return Finding(say("counterparty"), None, counterparty_line(counterparty))


def counterparty_line(counterparty: Counterparty) -> str:
    """Write a counterparty in one line: its name and its phones with their kinds."""
    phones = ", ".join(_phone(phone) for phone in counterparty.phones if phone.text)
    return joined(": ", (one_line(counterparty.name) or say("without a name"), one_line(phones) or say("no phone")))


def _phone(phone: Phone) -> str:
    return f"{phone.text} ({phone.kind})" if phone.kind else phone.text
