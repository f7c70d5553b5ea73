"""Where the OData interface stands, which sets it publishes, and what to say when a catalog or a field is missing."""

import logging
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from astsync.errors import (
    SourceBadAnswer,
    SourceError,
    SourceFailure,
    SourceNotFound,
    SourceQueryError,
    SourceRightsError,
)
from astsync.language import joined, say
from astsync.sources.formats.values import text_of
from astsync.sources.odata.pages import ODataPages
from astsync.sources.onec.metadata_names import ENGLISH, METADATA_NAMES, RUSSIAN, phone_like
from astsync.sources.onec.rows import Row
from astsync.sources.web.client import QueryOptions
from astsync.sources.web.refusals import ADD_TO_ODATA
from astsync.text import did_you_mean, listed, nearest, one_line

logger = logging.getLogger(__name__)

ALL_ROWS: QueryOptions = {}
ITEMS: QueryOptions = {"$filter": "IsFolder eq false"}
PREFIX = "Catalog_"
REFUSED = (SourceNotFound, SourceQueryError, SourceRightsError, SourceFailure)
"""Errors of one set: what was sought in it may be found elsewhere."""

_ODATA_PATH = re.compile(r"/odata(/standard\.odata)?/*$", re.IGNORECASE)
_MANY = 15
_SECTIONS = tuple(f"_{names.section}" for names in METADATA_NAMES)


def service_root(url: str) -> str:
    """Write the address of the OData interface, from the publication's address or from its own, pasted whole."""
    parts = urlsplit(url)
    path = _ODATA_PATH.sub("", parts.path).rstrip("/")
    return parts._replace(path=f"{path}/odata/standard.odata", query="", fragment="").geturl()


def published_sets(pages: ODataPages) -> frozenset[str]:
    """Read the names of the published sets; empty when this base does not show its service root.

    Raises SourceNotFound when the interface is on but nothing is published, SourceError when there is no interface to
    talk to at all.
    """
    try:
        names = frozenset(text_of(row.get("name")) or text_of(row.get("url")) for row in pages.root())
    except REFUSED as error:
        logger.info("no list of published sets, so the catalogs are asked themselves: %s", error)
        return frozenset()
    if not names:
        words = say("the OData interface of 1C is on, but nothing is published in it")
        raise SourceNotFound(words, hint=ADD_TO_ODATA)
    return names


def check_published(catalogs: Iterable[str], published: frozenset[str]) -> None:
    """Raise SourceNotFound that names every catalog that is not published, and those that are."""
    missing = [name for name in catalogs if published and PREFIX + name not in published]
    if missing:
        words = say("not published in 1C's OData interface: {names}", names=one_line(", ".join(missing)))
        raise SourceNotFound(words, hint=joined(" ", (_offer(missing, published), ADD_TO_ODATA)))


def sample_row(pages: ODataPages, catalog: str, options: QueryOptions = ALL_ROWS) -> Row | None:
    """Ask for one row with all fields, which shows what this configuration's catalog has; None where it cannot be had.

    Raises SourceError only where nothing else will succeed either.
    """
    try:
        return pages.sample(PREFIX + catalog, options)
    except (*REFUSED, SourceBadAnswer) as error:
        logger.info("%s: no row that shows its fields: %s", catalog, error)
        return None


def explain_query(catalog: str, fields: Iterable[str], row: Row | None, error: SourceQueryError) -> SourceError:
    """Find in a sample row which field the catalog lacks, and make the error that says so; else it is ``error``."""
    missing = [field for field in fields if row is not None and field not in row]
    if row is None or not missing:
        return error
    if any(names.section in missing for names in METADATA_NAMES):
        return no_contacts(catalog, row)
    elsewhere = say(
        "Where another catalog has it, write it there alone: {template} in source.odata.templates.",
        template=f'"…" = "{{{missing[0]}}}"',
    )
    words = say("the catalog {catalog} has no field {fields}", catalog=catalog, fields=", ".join(missing))
    return SourceQueryError(words, hint=joined(" ", (_other_fields(row), elsewhere)))


def no_text(catalog: str, field: str, row: Row | None) -> SourceQueryError:
    """Make the error of a name field that holds no text, such as DeletionMark."""
    words = say("the field {field} of the catalog {catalog} holds no text", field=field, catalog=catalog)
    return SourceQueryError(words, hint=_other_fields(row))


def filter_refused(catalog: str, text: str, row: Row | None, error: SourceError) -> SourceQueryError:
    """Make the error of a ``$filter`` that 1C refuses: its words, the filter, and the fields that could stand in it."""
    words = say(
        "1C refuses the filter of {catalog} ({filter}): {why}",
        catalog=catalog,
        filter=one_line(text),
        why=error.message,
    )
    correct = say(
        "Correct source.odata.filter or source.odata.filters: it is a $filter of OData, such as ИНН ne '' or "
        "Партнер_Key eq guid'…'."
    )
    fields = (say("The catalog's fields: {fields}.", fields=listed(row)),) if row else ()
    return SourceQueryError(words, hint=joined(" ", (correct, *fields)))


class NoContacts(SourceNotFound):
    """A catalog that has no contact information in any of the places where 1C keeps it."""


def no_contacts(catalog: str, row: Row | None = None) -> NoContacts:
    """Make the error of a catalog without contact information; ``row`` is a sample and shows its own fields."""
    places = say(
        "Phones are read from the tabular section {russian} or {english}, or from the register of that name in "
        "configurations before БСП (УТ 10.3, БП 2.0).",
        russian=RUSSIAN.section,
        english=ENGLISH.section,
    )
    own = phone_fields(row) if row is not None else []
    fields = say(
        "Its own fields that look like phones: {fields}: write phone_fields = [{quoted}] in the table source.odata.",
        fields=listed(own, _MANY),
        quoted=", ".join(f'"{one_line(name)}"' for name in own[:_MANY]),
    )
    name = say("Name a catalog that has contacts in source.odata.catalogs. A register must be published.")
    hint = joined(" ", (places, *((fields,) if own else ()), name, ADD_TO_ODATA))
    return NoContacts(say("the catalog {catalog} holds no contact information", catalog=catalog), hint=hint)


def no_phone_field(fields: Iterable[str], rows: Iterable[Row]) -> SourceQueryError:
    """Make the error of phone fields that no catalog has; ``rows`` are samples and show what there is."""
    there = list(dict.fromkeys(field for row in rows for field in phone_fields(row)))
    like = say("No field looks like a phone.")
    if there:
        like = say("Fields that look like phones: {fields}.", fields=listed(there))
    return SourceQueryError(
        say("no catalog has the field {fields} (source.odata.phone_fields)", fields=listed(fields)),
        hint=joined(" ", (say("Correct source.odata.phone_fields, or leave it out."), like)),
    )


def no_responsible(field: str, rows: Iterable[Row]) -> SourceQueryError:
    """Make the error of a field with the responsible person that no catalog has; ``rows`` are samples."""
    there = list(dict.fromkeys(name.removesuffix("_Key") for row in rows for name in row))
    return SourceQueryError(
        say("no catalog has the field {field} (source.odata.responsible)", field=one_line(field)),
        hint=say("Correct source.odata.responsible, or leave it out. Fields: {fields}.", fields=listed(there)),
    )


def phone_fields(row: Row) -> list[str]:
    """Find the catalog's own fields that look like phones in a sample row."""
    return phone_like(name for name, value in row.items() if isinstance(value, str) and not name.endswith("_Key"))


def _offer(missing: list[str], published: frozenset[str]) -> str:
    catalogs = sorted(name.removeprefix(PREFIX) for name in published if name.startswith(PREFIX))
    owners = [name for name in catalogs if not name.endswith(_SECTIONS)]
    if not owners:
        return say("No catalog is published.")
    near = [hit for name in missing for hit in nearest(name, owners, 0.7, most=3)]
    return did_you_mean(near) or say("Published catalogs: {names}.", names=listed(owners))


def _other_fields(row: Row | None) -> str:
    correct = say("Correct source.odata.name_field.")
    if not row:
        return correct
    return joined(" ", (correct, say("The catalog's text fields: {fields}.", fields=listed(text_fields(row)))))


def text_fields(row: Row) -> list[str]:
    """Find the names of text fields, those that look like names first."""
    texts = (name for name, value in row.items() if isinstance(value, str) and not name.endswith("_Key"))
    return sorted(texts, key=lambda name: (not name.startswith(("Description", "Наименование")), name))
