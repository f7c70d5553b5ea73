"""Kinds of contact information: their names, and which of them are wanted in which order."""

import logging
from collections.abc import Iterable, Sequence

from astsync.errors import SourceError, SourceNotFound
from astsync.language import joined, say
from astsync.phonebook.model import Phone
from astsync.sources.formats.values import text_of
from astsync.sources.odata.pages import ODataPages
from astsync.sources.odata.published import PREFIX, REFUSED
from astsync.sources.onec.metadata_names import METADATA_NAMES, RUSSIAN
from astsync.sources.onec.rows import ref_key
from astsync.sources.web.refusals import ADD_TO_ODATA
from astsync.text import listed

logger = logging.getLogger(__name__)


class ContactKinds:
    """The names of kinds by their reference, and the choice among them.

    ``wanted`` are names, in which ``*`` stands for any letters and case does not matter; empty: all kinds, in no order.
    ``missing`` says why the names could not be read.
    """

    def __init__(
        self, names: dict[str, str] | None = None, wanted: Sequence[str] = (), missing: SourceError | None = None
    ) -> None:
        self.names = names or {}
        self._wanted = {text: _plain(text).split("*") for text in wanted}
        self._missing = missing
        self._ranks: dict[str, int | None] = {}

    def need(self) -> None:
        """Raise the SourceError for which the names could not be read, if the configuration chooses kinds by name."""
        if self._wanted and self._missing is not None:
            raise self._missing

    def choose(self, phones: tuple[Phone, ...]) -> tuple[Phone, ...]:
        """Keep the phones of wanted kinds, in the order of these kinds; each phone carries its rank."""
        if not self._wanted:
            return phones
        ranked = ((self._rank(phone.kind), phone) for phone in phones)
        chosen = (phone._replace(rank=rank) for rank, phone in ranked if rank is not None)
        return tuple(sorted(chosen, key=lambda phone: phone.rank))

    def _rank(self, kind: str) -> int | None:
        if kind not in self._ranks:
            places = (place for place, parts in enumerate(self._wanted.values()) if _fits(parts, _plain(kind)))
            self._ranks[kind] = next(places, None)
        return self._ranks[kind]

    def unknown(self, kinds: Iterable[str]) -> list[str]:
        """The wanted names that fit none of ``kinds``."""
        plain = [_plain(kind) for kind in kinds]
        return [text for text, parts in self._wanted.items() if not any(_fits(parts, kind) for kind in plain)]

    def warn(self) -> None:
        """Warn of wanted kinds that no phone had, with those that there were."""
        unknown = self.unknown(self._ranks)
        if unknown:
            seen = listed(sorted(kind for kind in self._ranks if kind)) or "none has a name"
            logger.warning("no phone has the kind %s (source.odata.kinds); kinds seen: %s", listed(unknown), seen)


def read_kinds(pages: ODataPages, published: frozenset[str], wanted: Sequence[str]) -> ContactKinds:
    """Read the names of the kinds. Where 1C refuses them phones go without kinds, unless some are wanted (``need``)."""
    catalogs = [names.kinds for names in METADATA_NAMES if not published or PREFIX + names.kinds in published]
    if not catalogs:
        words = say("not published in 1C's OData interface: {names}", names=RUSSIAN.kinds)
        return _without(SourceNotFound(words, hint=ADD_TO_ODATA), wanted)
    refused: list[SourceError] = []
    for catalog in catalogs:
        try:
            rows = pages.rows(PREFIX + catalog, {"$select": "Ref_Key,Description", "$orderby": "Ref_Key"}, ref_key)
            return ContactKinds({row["Ref_Key"]: text_of(row.get("Description")).strip() for row in rows}, wanted)
        except REFUSED as error:
            refused.append(error)
    return _without(refused[0], wanted)


def _without(error: SourceError, wanted: Sequence[str]) -> ContactKinds:
    logger.info("phones go without the names of their kinds: %s", error)
    error.hint = joined(" ", (say("source.odata.kinds chooses by these names."), error.hint))
    return ContactKinds({}, wanted, error)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _fits(parts: list[str], text: str) -> bool:
    """Whether a text is the parts in their order with anything between them; in linear time, unlike a regex."""
    first, *middle = parts
    if not middle:
        return text == first
    last = middle.pop()
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    place, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True
