"""The sections of the configuration, frozen; ``configfile`` reads them from TOML and the environment."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from astsync.errors import ConfigError


def _share(value: object) -> float:
    """Read a share of a whole: "30%" to 0.3."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", value) if isinstance(value, str) else None
    if match is None or float(match[1]) > 100:
        raise ValueError('write a percentage from "0%" to "100%" in quotes')
    return float(match[1]) / 100


def _words(value: object) -> object:
    """Let a list stand as ``a, b`` or ``["a", "b"]`` in the environment."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError as error:
            raise ValueError("write a list like a, b") from error
    return [part.strip() for part in value.split(",") if part.strip()]


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("write a whole address, such as http://1c.example.local/trade")
    if parts.username or parts.password:
        raise ValueError("keep the login out of the address: use user and password")
    return value.rstrip("/")


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _one_line(value: str) -> str:
    if any(not c.isprintable() for c in value):
        raise ValueError("must not hold control characters")
    return value


Share = Annotated[float, BeforeValidator(_share)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Text = Annotated[str, AfterValidator(_not_blank), AfterValidator(_one_line)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
FormName = Literal["e164", "trunk", "national"]


class Section(BaseModel):
    """A table of the configuration: frozen, and no key that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ODataConfig(Section):
    """``[source.odata]``: what to read from 1C's standard OData interface."""

    catalogs: Words = ("Контрагенты",)
    name_field: Text = "Description"
    page_size: Annotated[int, Field(ge=1, le=100_000)] = 1000

    @model_validator(mode="after")
    def _check_catalogs(self) -> "ODataConfig":
        if not self.catalogs:
            raise ValueError("catalogs: name at least one catalog, such as Контрагенты")
        if len(set(self.catalogs)) < len(self.catalogs):
            raise ValueError("catalogs: a catalog is named twice")
        return self


class SoapConfig(Section):
    """``[source.soap]``: a web service of 1C."""

    wsdl: str = ""
    operation: str = "GetCounterparties"
    endpoint: str = ""


class SourceConfig(Section):
    """``[source]``: where counterparties come from."""

    kind: Literal["odata"] = "odata"
    url: WebAddress
    user: str = ""
    password: SecretStr = SecretStr("")
    password_file: Path | None = None
    timeout: Seconds = 120
    odata: ODataConfig = ODataConfig()
    soap: SoapConfig = SoapConfig()

    @model_validator(mode="after")
    def _one_password(self) -> "SourceConfig":
        if self.password_file is not None and self.password.get_secret_value():
            raise ValueError("give password or password_file, not both")
        return self

    def secret(self) -> str:
        """Give the password, from the file when one is named. Raises ConfigError."""
        return _secret(self.password, self.password_file, "source.password_file")


class NumbersConfig(Section):
    """``[numbers]``: how phone fields become keys."""

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "RU"
    area_code: Annotated[str, Field(pattern=r"^\d{0,6}$")] = ""
    forms: Annotated[tuple[FormName, ...], BeforeValidator(_words), Field(min_length=1)] = ("e164",)


class NamesConfig(Section):
    """``[names]``: how names become caller names."""

    scheme: Text = "wikipedia"
    language: Literal["", "ru", "uk", "be", "kk"] = ""
    legal_form: Literal["first", "last", "keep", "drop"] = "first"
    max_length: Annotated[int, Field(ge=1, le=255)] = 40


class BookConfig(Section):
    """``[book]``: one number, several counterparties."""

    conflict: Literal["first", "join", "skip"] = "first"


class SyncConfig(Section):
    """``[sync]``: the family, what is not ours, and the safety limits (shares from 0 to 1)."""

    family: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,80}$")] = "cidname"
    foreign: Literal["keep", "delete"] = "keep"
    max_delete: Share = 0.3
    max_change: Share = 0.3


class StoreConfig(Section):
    """``[store]``: the local SQLite file; by default a file of its own for each configuration file."""

    path: Path | None = None


class PbxConfig(Section):
    """``[[pbx]]``: one PBX and its AMI user. ``timeout`` is each action's deadline in seconds."""

    name: Annotated[str, Field(pattern=r"^\w[\w.-]{0,63}$")]
    host: Text
    port: Port = 5038
    user: Text
    secret: SecretStr = SecretStr("")
    secret_file: Path | None = None
    tls: bool = False
    ca_file: Path | None = None
    server_name: str = ""
    timeout: Seconds = 15

    @model_validator(mode="after")
    def _one_secret(self) -> "PbxConfig":
        if (self.secret_file is not None) == bool(self.secret.get_secret_value()):
            raise ValueError("give secret or secret_file, one of them")
        return self

    def password(self) -> str:
        """Give the AMI secret, from the file when one is named. Raises ConfigError."""
        return _secret(self.secret, self.secret_file, f"pbx {self.name}: secret_file")


class Config(Section):
    """The whole configuration."""

    source: SourceConfig
    numbers: NumbersConfig = NumbersConfig()
    names: NamesConfig = NamesConfig()
    book: BookConfig = BookConfig()
    sync: SyncConfig = SyncConfig()
    store: StoreConfig = StoreConfig()
    pbx: Annotated[tuple[PbxConfig, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_differ(self) -> "Config":
        names = [pbx.name.casefold() for pbx in self.pbx]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"pbx: the name {', '.join(sorted(twice))} is used twice")
        return self


def _secret(value: SecretStr, file: Path | None, where: str) -> str:
    if file is None:
        return value.get_secret_value()
    try:
        return file.read_text(encoding="utf-8-sig").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError(
            f"{where}: cannot read {file}: {reason}",
            hint="Name a file that this user can read and that holds only the secret.",
        ) from None
