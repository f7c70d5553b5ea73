"""The whole configuration and its sections but ``[source]``; ``file`` reads them from TOML and the environment."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from astsync.config.section import Section, read_secret
from astsync.config.source import SourceConfig
from astsync.config.values import ConfigPath, Host, HostOrNone, Port, Seconds, Share, Text, Whole, matching, words

FormName = Literal["e164", "trunk", "national"]


class NumbersConfig(Section):
    """``[numbers]``: how phone fields become keys."""

    country: Annotated[str, matching("[A-Z]{2}", 'write two capital letters, such as "RU"')] = "RU"
    area_code: Annotated[str, matching("[0-9]{0,6}", 'write up to 6 digits, such as "495"')] = ""
    forms: Annotated[tuple[FormName, ...], BeforeValidator(words), Field(min_length=1)] = ("e164",)


class NamesConfig(Section):
    """``[names]``: how names become caller names."""

    scheme: Text = "wikipedia"
    language: Literal["", "ru", "uk", "be", "kk"] = ""
    legal_form: Literal["first", "last", "keep", "drop"] = "first"
    max_length: Annotated[Whole, Field(ge=1, le=255)] = 40
    max_bytes: Annotated[Whole, Field(ge=1, le=255)] = 255


class BookConfig(Section):
    """``[book]``: one number, several counterparties."""

    conflict: Literal["first", "join", "skip"] = "first"


class SyncConfig(Section):
    """``[sync]``: the family, what is not ours, and the safety limits (shares from 0 to 1)."""

    family: Annotated[str, matching("[A-Za-z0-9._-]{1,80}", "write 1 to 80 Latin letters, digits, . _ -")] = "cidname"
    foreign: Literal["keep", "delete"] = "keep"
    max_delete: Share = 0.3
    max_change: Share = 0.3


class StoreConfig(Section):
    """``[store]``: the local SQLite file; by default a file of its own for each configuration file.

    ``keep_runs`` is how many runs that wrote can be undone.
    """

    path: ConfigPath | None = None
    keep_runs: Annotated[Whole, Field(ge=1, le=100_000)] = 200


class PbxConfig(Section):
    """``[[pbx]]``: one PBX and its AMI user.

    ``timeout`` is each action's deadline in seconds. ``patience`` is how many seconds a run waits in all for a PBX
    whose connection is lost (at its beginning at most 10); 0: not at all.
    """

    name: Annotated[str, matching(r"\w[\w.-]{0,63}", "write 1 to 64 letters, digits, . _ -, a letter or digit first")]
    host: Host
    port: Port = 5038
    user: Text
    secret: SecretStr = SecretStr("")
    secret_file: ConfigPath | None = None
    tls: bool = False
    ca_file: ConfigPath | None = None
    server_name: HostOrNone = ""
    timeout: Seconds = 15
    patience: Annotated[Whole, Field(ge=0, le=3600)] = 30

    @model_validator(mode="after")
    def _oneread_secret(self) -> "PbxConfig":
        if (self.secret_file is not None) == bool(self.secret.get_secret_value()):
            raise ValueError("give secret or secret_file, one of them")
        return self

    @model_validator(mode="after")
    def _tls_or_not(self) -> "PbxConfig":
        idle = [key for key in ("ca_file", "server_name") if getattr(self, key)]
        if idle and not self.tls:
            raise ValueError(f"{' and '.join(idle)} without TLS: set tls = true, or remove {' and '.join(idle)}")
        return self

    def password(self) -> str:
        """Give the AMI secret, from the file when one is named. Raises ConfigError."""
        return read_secret(self.secret, self.secret_file, f"pbx {self.name}: secret_file")


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
