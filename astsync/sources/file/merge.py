"""Rows that have one reference are one counterparty: many exports give a row a phone."""

import logging
from collections.abc import Iterator

from astsync.errors import SourceQueryError
from astsync.phonebook.model import Counterparty
from astsync.sources.onec_words import clean

logger = logging.getLogger(__name__)


class Merger:
    """Keeps the counterparties of a file until all rows are read, since any row may belong to the first.

    ``where`` names the file. ``sure`` tells that the configuration names the column of the reference; else rows of
    one reference and different names show that the column was none.
    """

    def __init__(self, where: str, *, sure: bool) -> None:
        self._where, self._sure = where, sure
        self._kept: dict[tuple[str, str], Counterparty] = {}
        self._told = False

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, counterparty: Counterparty) -> None:
        """Keep a counterparty, or the phones of one that is there. Raises SourceQueryError (see the class)."""
        key = (counterparty.catalog, counterparty.ref)
        before = self._kept.setdefault(key, counterparty)
        if before is counterparty:
            return
        if before.name != counterparty.name:
            self._differ(before, counterparty)
        phones = tuple(dict.fromkeys(before.phones + counterparty.phones))
        self._kept[key] = Counterparty(before.ref, before.name, phones, before.catalog)

    def all(self) -> Iterator[Counterparty]:
        """Give the counterparties in the order of their first rows, and forget each."""
        kept = self._kept
        for key in list(kept):
            yield kept.pop(key)

    def _differ(self, before: Counterparty, other: Counterparty) -> None:
        ref, names = clean(before.ref), f"{clean(before.name)} and {clean(other.name)}"
        if not self._sure:
            raise SourceQueryError(
                f"{self._where} has one reference {ref} for {names}",
                hint="Name the column that tells counterparties apart in the key ref of [source.file.fields]; "
                'with ref = "" the name does.',
            )
        if not self._told:
            self._told = True
            logger.warning("%s has one reference %s for %s: the first name counts", self._where, ref, names)
