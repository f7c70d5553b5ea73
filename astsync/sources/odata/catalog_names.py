"""The names of one catalog's counterparties: a field, or a template of the owner, the name and other fields."""

from string import Formatter

from astsync.errors import SourceQueryError
from astsync.language import say
from astsync.sources.formats.values import MAX_TEXT, text_of
from astsync.sources.odata.published import no_text, text_fields
from astsync.sources.onec.rows import Row
from astsync.text import listed

DESCRIPTION = "Description"
"""The name that every catalog of 1C has, and what stands in for an empty ``name_field``."""

OWNER, NAME = "owner", "name"


class CatalogNames:
    """Makes names from the rows of a catalog. ``template`` "" is the name alone.

    Where the name field is empty, ``Description`` is taken. Where anything that the template wants is empty, such as
    the owner, the name stands alone: no separator is left over.
    """

    def __init__(self, catalog: str, name_field: str, template: str = "") -> None:
        self._catalog, self._field, self.template = catalog, name_field, template
        self._wanted = tuple(dict.fromkeys(field for _, field, _, _ in Formatter().parse(template) if field))

    @property
    def wants_owner(self) -> bool:
        """Whether the template names the owner."""
        return OWNER in self._wanted

    @property
    def _others(self) -> tuple[str, ...]:
        return tuple(field for field in self._wanted if field not in {OWNER, NAME})

    def fields(self, row: Row | None) -> tuple[str, ...]:
        """The fields to ask for; ``row`` is a sample row, for a few catalogs have no Description."""
        spare = (DESCRIPTION,) if row is None or DESCRIPTION in row else ()
        return tuple(dict.fromkeys((self._field, *spare, *self._others)))

    def check(self, item: Row | None) -> None:
        """Raise SourceQueryError where the template names what the catalog does not have, or what is no text."""
        if item is None:
            return
        missing = [field for field in self._others if field not in item]
        odd = [field for field in self._others if isinstance(item.get(field), bool | list | dict)]
        if not (missing or odd):
            return
        catalog = self._catalog
        if missing:
            words = say(
                "the catalog {catalog} has no field {fields}, which its template names",
                catalog=catalog,
                fields=listed(missing),
            )
        else:
            words = say(
                "the catalog {catalog} has no text in {fields}, which its template names",
                catalog=catalog,
                fields=listed(odd),
            )
        known = (f"{{{field}}}" for field in (OWNER, NAME, *text_fields(item)) if field.isidentifier())
        hint = say("Correct source.odata.templates. Placeholders: {names}.", names=listed(known))
        raise SourceQueryError(words, hint=hint)

    def plain(self, row: Row, item: Row | None = None) -> str:
        """The name in a row; null is an empty name. Raises SourceQueryError when the field holds no text.

        ``item`` is a sample row, for the message.
        """
        name = row.get(self._field)
        if name is not None and not isinstance(name, str):
            raise no_text(self._catalog, self._field, item)
        return text_of(name) if name and not name.isspace() else text_of(row.get(DESCRIPTION))

    def full(self, row: Row, owner: str, item: Row | None = None) -> str:
        """The name by the template, of ``MAX_TEXT`` characters at most. Raises SourceQueryError as ``plain`` does."""
        name = self.plain(row, item)
        if not self.template:
            return name
        values = {field: text_of(row.get(field)).strip() for field in self._others}
        values |= {OWNER: owner.strip(), NAME: name.strip()}
        filled = all(values[field] for field in self._wanted)
        return self.template.format_map(values)[:MAX_TEXT] if filled else name
