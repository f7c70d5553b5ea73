"""The section ``[source]``, and what the sections of its kinds share: the base, the fields, the paging."""

from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import Field, Secret, SecretStr, model_validator

from astsync.config.section import Section, read_secret
from astsync.config.value_types import (
    ConfigPath,
    Line,
    Seconds,
    Text,
    Unit,
    WebAddressOrNone,
    Whole,
    Words,
)
from astsync.language import say

ParameterValue = bool | int | float | str
Parameters = dict[str, Secret[ParameterValue]]
"""Parameters of a request, by their names. A service may take its key as one, so they show in no log."""

Table = TypeVar("Table", bound="KindConfig")
SHARED_FIELDS = "where a record keeps what is wanted; a path has dots"
SHARED_PAGING = "a long list in parts"


def values_of(parameters: Parameters) -> dict[str, ParameterValue]:
    """The values of parameters, for the request itself."""
    return {name: value.get_secret_value() for name, value in parameters.items()}


class KindConfig(Section):
    """The section of one kind of source, ``[source.<kind>]``; ``about`` says in a few words what the kind is.

    Every key has a default, since the section may be missing; what a kind cannot do without is told by ``lacks``.
    """

    about: ClassVar[str]

    def lacks(self, url: str) -> str:
        """The key that this kind of source lacks, with what to write there; "" where it lacks none.

        ``url`` is ``source.url``, which most kinds need.
        """
        return "" if url else say("url: write the address of the publication, such as http://1c.example.local/trade")


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
    tax_number: Line = Field(default="TaxNumber", description="the ИНН, by which `problems` names a card")
    responsible: Line = Field(
        default="Responsible", description="the name of who keeps the card; `problems` tells whom to ask"
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
            words = say('parameter: name the parameter that carries the {by}, or write by = "none"', by=self.by)
            raise ValueError(words)
        if self.by == "cursor" and not self.next:
            raise ValueError(say("next: name the field of the answer that holds the next cursor"))
        return self


class SourceConfig(Section):
    """The section ``[source]``. It holds a section for each kind of source; only that of ``kind`` is used.

    The sections of the kinds are fields that ``configuration.source_with`` adds: each kind has its own in its folder,
    and this one knows none of them.
    """

    kind: str = Field(default="odata", description="the way to the counterparties. See [Sources](#sources)")
    url: WebAddressOrNone = Field(
        default="",
        description="the publication of 1C, as in a browser, without a language (/ru). A file needs none",
        examples=["http://1c.example.local/trade"],
    )
    web_client: WebAddressOrNone = Field(
        default="",
        description="the address of 1C's web client: `problems` then links each card with it",
        examples=["http://1c.example.local/trade/ru"],
    )
    user: Line = Field(default="", description="a 1C user that may only read; Cyrillic is fine", examples=["astsync"])
    password: SecretStr = Field(default=SecretStr(""), description="its password")
    password_file: ConfigPath | None = Field(
        default=None, description="or a file that holds only the password", examples=["/etc/astsync/1c.password"]
    )
    client_cert: ConfigPath | None = Field(
        default=None,
        description="where the web server asks for a client certificate: a PEM file with it",
        examples=["/etc/astsync/client.pem"],
    )
    client_key: ConfigPath | None = Field(
        default=None,
        description="the PEM file with its private key, unless that stands in the same file",
        examples=["/etc/astsync/client.key"],
    )
    client_key_password_file: ConfigPath | None = Field(
        default=None,
        description="a file that holds only the password of that key, where it has one",
        examples=["/etc/astsync/client.password"],
    )
    timeout: Seconds = Field(
        default=120,
        description="for one answer, from the connection to its last byte. A long answer has one more for each 16 KiB "
        "that came; a sleeping infobase is slow with the first",
    )

    @model_validator(mode="after")
    def _one_password(self) -> "SourceConfig":
        if self.password_file is not None and self.password.get_secret_value():
            raise ValueError(say("give password or password_file, not both"))
        return self

    @model_validator(mode="after")
    def _key_of_a_certificate(self) -> "SourceConfig":
        if self.client_cert is None and (self.client_key or self.client_key_password_file):
            raise ValueError(say("client_cert: name the file with the certificate that the key belongs to"))
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

    def table(self, model: type[Table]) -> Table:
        """The section of this model."""
        return next(value for _, value in self if isinstance(value, model))

    def secret(self) -> str:
        """The password, from its file where one is named. Raises ConfigError."""
        return read_secret(self.password, self.password_file, "source.password_file")

    def key_password(self) -> str:
        """The password of the client certificate's key; "" where none is named. Raises ConfigError."""
        return read_secret(SecretStr(""), self.client_key_password_file, "source.client_key_password_file")
