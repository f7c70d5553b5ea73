"""The section ``[source]``, and the sections in it: one for each kind of source, with its fields and its paging."""

from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from astsync.config.section import Section, read_secret
from astsync.config.value_types import (
    ConfigPath,
    Encoding,
    Headers,
    Line,
    OneCharacter,
    Seconds,
    ServicePath,
    Text,
    Unit,
    WebAddressOrNone,
    Whole,
    Words,
    WsdlAddress,
)
from astsync.text import printable

ParameterValue = bool | int | float | str
SHIPPED_SERVICE = "hs/astsync/counterparties"
_FIELDS = "where a record keeps what is wanted; a path has dots"
_PAGING = "a long list in parts"


def bare_catalog(name: str) -> str:
    """A catalog's name without the prefix of its set in OData."""
    return name.removeprefix("Catalog_")


def _template(value: str) -> str:
    """Refuse a template of names without ``{placeholders}``, or with one that is no name of a field."""
    try:
        parts = list(Formatter().parse(value))
    except ValueError:
        raise ValueError('write each placeholder in braces, such as "{owner}: {name}"') from None
    fields = [field for _, field, form, conversion in parts if field is not None and not form and not conversion]
    if not fields or len(fields) != sum(part[1] is not None for part in parts):
        raise ValueError('write a template with placeholders, such as "{owner}: {name}"')
    odd = [field for field in fields if not field.isidentifier()]
    if odd:
        raise ValueError(f"{{{printable(odd[0])}}} is no name of a field: write {{owner}}, {{name}} or such as {{ИНН}}")
    return value


Template = Annotated[Text, AfterValidator(_template)]


class KindConfig(Section):
    """The section of one kind of source, ``[source.<kind>]``."""

    def lacks(self, url: str) -> str:
        """The key that this kind of source lacks, with what to write there; "" where it lacks none.

        ``url`` is ``source.url``, which most kinds need.
        """
        return "" if url else "url: write the address of the publication, such as http://1c.example.local/trade"


class ODataConfig(KindConfig):
    """The section ``[source.odata]``. The tables ``templates``, ``owners`` and ``filters`` go by a catalog's name."""

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
            raise ValueError("catalogs: name at least one catalog, such as Контрагенты")
        names = [bare_catalog(name) for name in self.catalogs]
        if not all(names):
            raise ValueError("catalogs: Catalog_ alone names no catalog")
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"catalogs: {', '.join(sorted(twice))} is named twice")
        return self

    @model_validator(mode="after")
    def _check_tables(self) -> "ODataConfig":
        names = {bare_catalog(name) for name in self.catalogs}
        for table in ("templates", "owners", "filters"):
            strangers = sorted(key for key in getattr(self, table) if bare_catalog(key) not in names)
            if strangers:
                raise ValueError(f"{table}: {printable(', '.join(strangers))} is not among the catalogs")
        return self

    def of_catalog(self, table: Mapping[str, str], catalog: str, default: str = "") -> str:
        """What a table by catalogs holds for one catalog, in either spelling of the catalog's name."""
        return next((value for key, value in table.items() if bare_catalog(key) == catalog), default)


class FieldsConfig(Section):
    """A section ``[source.<kind>.fields]``. Each key names a field or a path of names, such as ``Contacts.Phones``."""

    name: Text = Field(
        default="Name",
        description="the field with the name; a path has dots. A list on the way means all its items",
    )
    phones: Annotated[Words, Field(min_length=1)] = Field(
        default=("Phones",), description="the fields with phones: texts, lists or records"
    )
    phone: Words = Field(
        default=("Value", "Presentation", "Number"),
        description="in a phone that is a record, the fields with its number. The most trusted stands first; "
        "`Presentation` and `Представление` come before all, `Number` and `НомерТелефона` after all",
    )
    kind: Line = Field(default="Kind", description="in a phone that is a record, the field with its kind")
    ref: Line = Field(default="Ref", description="the reference; without one the name is the reference")
    deleted: Line = Field(default="DeletionMark", description="the deletion mark")
    catalog: Line = Field(default="Catalog", description="the catalog")
    code: Line = Field(
        default="Code",
        description="the code; the older one wins a number of two counterparties. See "
        "[Who wins a number](#who-wins-a-number)",
    )


class PagingConfig(Section):
    """A section ``[source.<kind>.paging]``."""

    by: Literal["none", "offset", "page", "cursor"] = Field(
        default="none",
        description="how a long list is asked for in parts. Two empty pages, or no next cursor, end the list",
    )
    parameter: Line = Field(
        default="",
        description="the parameter that carries the offset, the page or the cursor. An offset counts from 0",
    )
    size_parameter: Line = Field(default="", description="the parameter that carries the size of a page")
    size: Annotated[Whole, Field(ge=1, le=100_000), Unit("records")] = Field(default=1000, description="in one page")
    first: Annotated[Whole, Field(ge=0, le=1)] = Field(default=1, description="the number of the first page")
    next: Line = Field(default="", description="the field of the answer that holds the next cursor")
    total: Line = Field(
        default="",
        description='where the answer tells how many records there are; `"none"`: not looked at. A list with fewer is '
        "not whole. Where the key is empty, a field of a usual name is looked at (`total`, `totalCount`)",
    )

    @model_validator(mode="after")
    def _whole(self) -> "PagingConfig":
        if self.by != "none" and not self.parameter:
            raise ValueError(f'parameter: name the parameter that carries the {self.by}, or write by = "none"')
        if self.by == "cursor" and not self.next:
            raise ValueError("next: name the field of the answer that holds the next cursor")
        return self


class SoapConfig(KindConfig):
    """The section ``[source.soap]``."""

    wsdl: WsdlAddress = Field(
        default="",
        description="the address of the WSDL. Without it `source.url` + `/ws/astsync?wsdl`, the service of examples/1c",
        examples=["http://1c.example.local/trade/ws/astsync?wsdl"],
    )
    operation: Text = Field(
        default="GetCounterparties", description="the operation; `astsync check` lists those of the WSDL"
    )
    endpoint: WebAddressOrNone = Field(
        default="",
        description="where calls go, when the WSDL names a host that cannot be reached. Without it the WSDL's path at "
        "the host of `wsdl`",
    )
    port: Line = Field(default="", description="a port of the WSDL, as that of SOAP 1.2; without it the first")
    decode: Literal["auto", "none", "json", "xml", "base64"] = Field(
        default="auto", description="what a text in the answer is"
    )
    list: Line = Field(default="", description="the path to the list; without it the one list of the answer")
    parameters: dict[str, ParameterValue] = Field(default_factory=dict, description="fixed parameters of the operation")
    cache_hours: Annotated[Whole, Field(ge=0, le=8760), Unit("hours")] = Field(
        default=24, description="that a WSDL is kept; 0: not at all"
    )
    fields: FieldsConfig = Field(default=FieldsConfig(), description=_FIELDS)
    paging: PagingConfig = Field(default=PagingConfig(), description=_PAGING)

    def lacks(self, url: str) -> str:
        """Nothing where the WSDL has an address of its own, or one that is made of ``url``."""
        return "" if url or self.wsdl else "soap.wsdl: write the address of the WSDL, or url for the one of examples/1c"


class HttpConfig(KindConfig):
    """The section ``[source.http]``."""

    service: ServicePath = Field(
        default=SHIPPED_SERVICE,
        description="what follows `source.url`. The one of examples/1c is read by its cursor, without a section of "
        "paging",
    )
    method: Literal["GET", "POST"] = Field(
        default="GET",
        description="the method. `parameters` go into the query of a GET, and as a JSON object into the body of a POST",
    )
    parameters: dict[str, ParameterValue] = Field(default_factory=dict, description="fixed parameters")
    headers: Headers = Field(
        default_factory=dict,
        description="headers, whose values are secrets",
        examples=[{"Authorization": "Bearer …"}],
    )
    list: Line = Field(default="", description="the path to the list; without it the answer, or the one list in it")
    fields: FieldsConfig = Field(default=FieldsConfig(), description=_FIELDS)
    paging: PagingConfig = Field(default=PagingConfig(), description=_PAGING)

    @property
    def effective_paging(self) -> PagingConfig:
        """The paging that is used: what is configured, else a cursor for the service of ``examples/1c``."""
        if "paging" in self.model_fields_set or self.service != SHIPPED_SERVICE:
            return self.paging
        return PagingConfig(by="cursor", parameter="cursor", size_parameter="limit", next="NextCursor")


class FileConfig(KindConfig):
    """The section ``[source.file]``."""

    path: ConfigPath = Field(
        default=Path(),
        description='the file, or `"-"` for standard input',
        examples=["/var/spool/astsync/counterparties.csv"],
    )
    format: Literal["auto", "csv", "xlsx", "json", "jsonl", "xml", "commerceml", "vcard"] = Field(
        default="auto", description="the format. `auto` finds it out"
    )
    encoding: Encoding = Field(
        default="",
        description="found out for UTF-8 and windows-1251; others must be named",
        examples=["cp866"],
    )
    delimiter: OneCharacter = Field(
        default="",
        description='one character between the values of CSV, or `"tab"`; else found out. Found out are `;`, `,`, '
        "tab and the pipe",
    )
    quote: OneCharacter = Field(default='"', description="the quote of CSV; empty: none")
    sheet: Line = Field(default="", description="the sheet of XLSX; without it the first visible one")
    list: Line = Field(
        default="",
        description="the path to the list in JSON or XML. Without it the file itself, or the one list in it",
    )
    fields: FieldsConfig = Field(default=FieldsConfig(), description=_FIELDS)

    def lacks(self, _url: str) -> str:
        """Nothing where there is a path: a file needs no ``url``."""
        return 'file.path: name a file, or "-" for standard input' if self.path == Path() else ""

    @model_validator(mode="after")
    def _delimits(self) -> "FileConfig":
        if self.delimiter and (self.delimiter in {self.quote, '"', "\r", "\n", "\0"} or self.delimiter.isalnum()):
            raise ValueError('delimiter: write one character that stands between values, such as ";", or "tab"')
        if self.quote in {"\r", "\n", "\0"}:
            raise ValueError("quote: write the character that encloses values, or nothing")
        return self


class SourceConfig(Section):
    """The section ``[source]``. It holds a section for each kind of source; only that of ``kind`` is used."""

    kind: Literal["odata", "soap", "http", "file"] = Field(
        default="odata", description="the way to the counterparties. See [Sources](#sources)"
    )
    url: WebAddressOrNone = Field(
        default="",
        description="the publication of 1C, as in a browser, without a language (/ru). A file needs none",
        examples=["http://1c.example.local/trade"],
    )
    user: Line = Field(default="", description="a 1C user that may only read; Cyrillic is fine", examples=["astsync"])
    password: SecretStr = Field(default=SecretStr(""), description="its password")
    password_file: ConfigPath | None = Field(
        default=None, description="or a file that holds only the password", examples=["/etc/astsync/1c.password"]
    )
    timeout: Seconds = Field(default=120, description="for one answer; a sleeping infobase is slow with the first")
    odata: ODataConfig = Field(default=ODataConfig(), description="1C's standard OData interface")
    soap: SoapConfig = Field(default=SoapConfig(), description="a web service of 1C, by default that of examples/1c")
    http: HttpConfig = Field(
        default=HttpConfig(), description="an HTTP service of 1C, or any web API, that answers JSON or XML"
    )
    file: FileConfig = Field(
        default=FileConfig(), description="a file: CSV, XLSX, JSON, JSON lines, XML, CommerceML or vCard"
    )

    @model_validator(mode="after")
    def _one_password(self) -> "SourceConfig":
        if self.password_file is not None and self.password.get_secret_value():
            raise ValueError("give password or password_file, not both")
        return self

    @model_validator(mode="after")
    def _can_be_reached(self) -> "SourceConfig":
        lacking = self.of_kind.lacks(self.url)
        if lacking:
            raise ValueError(lacking)
        return self

    @property
    def of_kind(self) -> KindConfig:
        """The section of the kind that is configured."""
        section: KindConfig = getattr(self, self.kind)
        return section

    def secret(self) -> str:
        """The password, from its file where one is named. Raises ConfigError."""
        return read_secret(self.password, self.password_file, "source.password_file")


KIND_SECTIONS: Mapping[str, type[KindConfig]] = {
    name: field.annotation
    for name, field in SourceConfig.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, KindConfig)
}
"""The section of each kind of source, by the kind's name."""
