"""The section ``[source.odata]``."""

from collections.abc import Mapping
from string import Formatter
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from astsync.config import KindConfig
from astsync.config.value_types import Line, Text, Unit, Whole, Words
from astsync.language import say
from astsync.text import visible


def bare_catalog(name: str) -> str:
    """A catalog's name without the prefix of its set in OData."""
    return name.removeprefix("Catalog_")


def _template(value: str) -> str:
    """Refuse a template of names without ``{placeholders}``, or with one that is no name of a field."""
    try:
        parts = list(Formatter().parse(value))
    except ValueError:
        raise ValueError(say('write each placeholder in braces, such as "{owner}: {name}"')) from None
    fields = [field for _, field, form, conversion in parts if field is not None and not form and not conversion]
    if not fields or len(fields) != sum(part[1] is not None for part in parts):
        raise ValueError(say('write a template with placeholders, such as "{owner}: {name}"'))
    odd = [field for field in fields if not field.isidentifier()]
    if odd:
        raise ValueError(
            say(
                "{{{field}}} is no name of a field: write {{owner}}, {{name}} or such as {{ИНН}}",
                field=visible(odd[0]),
            )
        )
    return value


Template = Annotated[Text, AfterValidator(_template)]


class ODataConfig(KindConfig):
    """The section ``[source.odata]``. The tables ``templates``, ``owners`` and ``filters`` go by a catalog's name."""

    about = "1C's standard OData interface"

    catalogs: Words = Field(
        default=("Контрагенты",),
        description="catalogs to read; the first wins a conflict. See [Who wins a number](#who-wins-a-number)",
        examples=[("Контрагенты", "Партнеры")],
    )
    name_field: Text = Field(
        default="Description",
        description="the field with the name. What only one catalog has goes into its template",
        examples=["НаименованиеПолное"],
    )
    templates: dict[str, Template] = Field(
        default_factory=dict,
        description="a catalog's names by a template. `{ИНН}` and other text fields may stand in it",
        examples=[{"КонтактныеЛицаПартнеров": "{owner}: {name}"}],
    )
    owners: dict[str, Text] = Field(
        default_factory=dict,
        description="the catalog of a catalog's owners. Needed only where it cannot be found out",
        examples=[{"КонтактныеЛица": "Контрагенты"}],
    )
    kinds: Words = Field(
        default=(),
        description="kinds of contact to take; the first wins a conflict. `*` stands for any letters; empty: all",
        examples=[("Телефон", "Мобильный*")],
    )
    responsible: Line = Field(
        default="",
        description="the field with who keeps the card; `problems` tells whom to ask",
        examples=["ОсновнойМенеджер"],
    )
    phone_fields: Words = Field(
        default=(),
        description="phones in the catalogs' own fields. They are read beside the contact information, each field as "
        "a kind of contact",
        examples=[("НомерТелефонаДляПоиска",)],
    )
    contacts: Literal["auto", "section", "inside", "register"] = Field(
        default="auto",
        description="where phones are; `auto` looks. `inside` is inside the catalog's rows, `register` is for УТ 10.3, "
        "УПП 1.3 and БП 2.0",
    )
    filter: Line = Field(default="", description="a `$filter` for every catalog that has none of its own")
    filters: dict[str, Text] = Field(
        default_factory=dict, description="a `$filter` for one catalog, in the place of the one for all"
    )
    allowed_only: bool = Field(
        default=False,
        description="take what rights allow; rows that rights hide look like deletions",
    )
    page_size: Annotated[Whole, Field(ge=1, le=100_000), Unit("rows")] = Field(
        default=1000, description="asked for in one request. astsync halves it by itself where 1C fails on it"
    )

    @model_validator(mode="after")
    def _check_catalogs(self) -> "ODataConfig":
        if not self.catalogs:
            raise ValueError(say("catalogs: name at least one catalog, such as Контрагенты"))
        names = [bare_catalog(name) for name in self.catalogs]
        if not all(names):
            raise ValueError(say("catalogs: Catalog_ alone names no catalog"))
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(say("catalogs: {names} is named twice", names=", ".join(sorted(twice))))
        return self

    @model_validator(mode="after")
    def _check_tables(self) -> "ODataConfig":
        names = {bare_catalog(name) for name in self.catalogs}
        for table in ("templates", "owners", "filters"):
            strangers = sorted(key for key in getattr(self, table) if bare_catalog(key) not in names)
            if strangers:
                odd = visible(", ".join(strangers))
                raise ValueError(say("{table}: {names} is not among the catalogs", table=table, names=odd))
        return self

    def of_catalog(self, table: Mapping[str, str], catalog: str, default: str = "") -> str:
        """What a table by catalogs holds for one catalog, in either spelling of the catalog's name."""
        return next((value for key, value in table.items() if bare_catalog(key) == catalog), default)
