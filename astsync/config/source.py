"""``[source]`` and its tables: where counterparties come from."""

from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from astsync.config.section import Section, read_secret
from astsync.config.values import (
    ConfigPath,
    Encoding,
    Headers,
    Line,
    OneCharacter,
    Seconds,
    ServicePath,
    Text,
    WebAddressOrNone,
    Whole,
    Words,
    WsdlAddress,
)
from astsync.text import printable

Value = bool | int | float | str
SHIPPED_SERVICE = "hs/astsync/counterparties"


def bare_catalog(name: str) -> str:
    """Give a catalog's name without the prefix of its set in OData."""
    return name.removeprefix("Catalog_")


def _template(value: str) -> str:
    """Check a template of a name: text with ``{placeholders}`` that are names of fields."""
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


class ODataConfig(Section):
    """``[source.odata]``: what to read from 1C's standard OData interface.

    ``templates``, ``owners`` and ``filters`` are tables by the catalog's name. A template makes the name of
    ``{owner}``, ``{name}`` and text fields of the catalog; ``owners`` names the catalog of the owners where it cannot
    be found out. ``filter`` is a ``$filter`` for every catalog that has none of its own in ``filters``. ``kinds`` are
    the kinds of contact to take, in their order of rank, with ``*`` for any letters; empty: all. ``phone_fields`` are
    fields of the catalogs themselves that hold phones, read beside the contact information; each is a kind.
    """

    catalogs: Words = ("Контрагенты",)
    name_field: Text = "Description"
    templates: dict[str, Template] = Field(default_factory=dict)
    owners: dict[str, Text] = Field(default_factory=dict)
    kinds: Words = ()
    phone_fields: Words = ()
    contacts: Literal["auto", "section", "inside", "register"] = "auto"
    filter: Line = ""
    filters: dict[str, Text] = Field(default_factory=dict)
    allowed_only: bool = False
    page_size: Annotated[Whole, Field(ge=1, le=100_000)] = 1000

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
        """Give what a table by catalogs holds for one, in either spelling of its name."""
        return next((value for key, value in table.items() if bare_catalog(key) == catalog), default)


class FieldsConfig(Section):
    """``[source.<kind>.fields]``: where a record keeps what a counterparty is made of.

    Each is the name of a field or a path of names (``Contacts.Phones``); a list on the way means all its items.
    ``phones`` may name several. A phone that is itself a record holds the number in the fields that ``phone`` names,
    the most trusted first, and its kind in ``kind``. Without ``ref`` the name is the reference. ``code`` tells which of
    two counterparties is the older one.
    """

    name: Text = "Name"
    phones: Annotated[Words, Field(min_length=1)] = ("Phones",)
    phone: Words = ("Value", "Presentation", "Number")
    kind: Line = "Kind"
    ref: Line = "Ref"
    deleted: Line = "DeletionMark"
    catalog: Line = "Catalog"
    code: Line = "Code"


class PagingConfig(Section):
    """``[source.<kind>.paging]``: how a long list is asked for in parts.

    ``parameter`` carries the offset (from 0), the page (from ``first``) or the cursor that the answer before gave in
    its field ``next``; ``size_parameter`` carries ``size``. Two empty pages, or no next cursor, end the list. ``total``
    is where the answer tells how many records there are; empty: a field of a usual name, "none": none.
    """

    by: Literal["none", "offset", "page", "cursor"] = "none"
    parameter: Line = ""
    size_parameter: Line = ""
    size: Annotated[Whole, Field(ge=1, le=100_000)] = 1000
    first: Annotated[Whole, Field(ge=0, le=1)] = 1
    next: Line = ""
    total: Line = ""

    @model_validator(mode="after")
    def _whole(self) -> "PagingConfig":
        if self.by != "none" and not self.parameter:
            raise ValueError(f'parameter: name the parameter that carries the {self.by}, or write by = "none"')
        if self.by == "cursor" and not self.next:
            raise ValueError("next: name the field of the answer that holds the next cursor")
        return self


class SoapConfig(Section):
    """``[source.soap]``: a web service of 1C, by default the one of ``examples/1c``.

    ``wsdl`` is by default ``<source.url>/ws/astsync?wsdl``. ``endpoint`` is where calls go; by default the path that
    the WSDL names, at the host of ``wsdl``. ``list`` is the path to the list within the answer; empty: the one list
    that it holds. ``decode`` tells what a text in the answer is.
    """

    wsdl: WsdlAddress = ""
    operation: Text = "GetCounterparties"
    endpoint: WebAddressOrNone = ""
    port: Line = ""
    decode: Literal["auto", "none", "json", "xml", "base64"] = "auto"
    list: Line = ""
    parameters: dict[str, Value] = Field(default_factory=dict)
    cache_hours: Annotated[Whole, Field(ge=0, le=8760)] = 24
    fields: FieldsConfig = FieldsConfig()
    paging: PagingConfig = PagingConfig()


class HttpConfig(Section):
    """``[source.http]``: an HTTP service of 1C, or any web API, that answers JSON or XML.

    ``service`` continues ``source.url``; by default the service of ``examples/1c``, which is read by its cursor.
    ``parameters`` go into the query of a GET, and as a JSON object into the body of a POST. ``list`` is the path to
    the list within the answer; empty: the answer itself, or the one list that it holds. ``headers`` may hold secrets,
    such as a token.
    """

    service: ServicePath = SHIPPED_SERVICE
    method: Literal["GET", "POST"] = "GET"
    parameters: dict[str, Value] = Field(default_factory=dict)
    headers: Headers = Field(default_factory=dict)
    list: Line = ""
    fields: FieldsConfig = FieldsConfig()
    paging: PagingConfig = PagingConfig()

    @property
    def effective_paging(self) -> PagingConfig:
        """The paging that counts: that of ``examples/1c`` for its service when none is written."""
        if "paging" in self.model_fields_set or self.service != SHIPPED_SERVICE:
            return self.paging
        return PagingConfig(by="cursor", parameter="cursor", size_parameter="limit", next="NextCursor")


class FileConfig(Section):
    """``[source.file]``: CSV, XLSX, JSON, JSON lines, XML, CommerceML or vCard; ``path = "-"`` reads standard input.

    ``encoding``, ``delimiter`` and ``format`` are found out where they are not given; ``sheet`` is by default the
    first that is visible. ``quote`` is what encloses values in CSV, "" where nothing does. ``list`` is the path to
    the list within JSON or XML; empty: the file itself, or the one list that it holds.
    """

    path: ConfigPath = Path()
    format: Literal["auto", "csv", "xlsx", "json", "jsonl", "xml", "commerceml", "vcard"] = "auto"
    encoding: Encoding = ""
    delimiter: OneCharacter = ""
    quote: OneCharacter = '"'
    sheet: Line = ""
    list: Line = ""
    fields: FieldsConfig = FieldsConfig()

    @model_validator(mode="after")
    def _delimits(self) -> "FileConfig":
        if self.delimiter and (self.delimiter in {self.quote, '"', "\r", "\n", "\0"} or self.delimiter.isalnum()):
            raise ValueError('delimiter: write one character that stands between values, such as ";", or "tab"')
        if self.quote in {"\r", "\n", "\0"}:
            raise ValueError("quote: write the character that encloses values, or nothing")
        return self


class SourceConfig(Section):
    """``[source]``: where counterparties come from."""

    kind: Literal["odata", "soap", "http", "file"] = "odata"
    url: WebAddressOrNone = ""
    user: Line = ""
    password: SecretStr = SecretStr("")
    password_file: ConfigPath | None = None
    timeout: Seconds = 120
    odata: ODataConfig = ODataConfig()
    soap: SoapConfig = SoapConfig()
    http: HttpConfig = HttpConfig()
    file: FileConfig = FileConfig()

    @model_validator(mode="after")
    def _one_password(self) -> "SourceConfig":
        if self.password_file is not None and self.password.get_secret_value():
            raise ValueError("give password or password_file, not both")
        return self

    @model_validator(mode="after")
    def _an_address(self) -> "SourceConfig":
        if self.kind in {"odata", "http"} and not self.url:
            raise ValueError("url: write the address of the publication, such as http://1c.example.local/trade")
        if self.kind == "soap" and not (self.url or self.soap.wsdl):
            raise ValueError("soap.wsdl: write the address of the WSDL, or url for the one of examples/1c")
        if self.kind == "file" and self.file.path == Path():
            raise ValueError('file.path: name a file, or "-" for standard input')
        return self

    def secret(self) -> str:
        """Give the password, from the file when one is named. Raises ConfigError."""
        return read_secret(self.password, self.password_file, "source.password_file")
