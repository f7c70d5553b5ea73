"""The whole configuration, and its sections but ``[source]``.

The description of a field says all about a key, in Markdown: first one sentence for the line beside the key in a file,
then the rest. It has no full stop at its end. Where the field has a ``Unit``, the unit stands before the description,
which goes on from it: "runs" "that can be undone". ``described_keys`` reads it.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, create_model, model_validator

from astsync.config.notify_section import NotifyConfig
from astsync.config.section import Section, read_secret
from astsync.config.serve_section import ServeConfig
from astsync.config.source_sections import KindConfig, SourceConfig
from astsync.config.value_types import (
    NO_BLANKS,
    ConfigPath,
    Fingerprint,
    Host,
    HostOrNone,
    Minutes,
    Port,
    Seconds,
    Share,
    Text,
    Unit,
    Whole,
    matching,
    words,
)
from astsync.language import say
from astsync.text import all_of

FormName = Literal["e164", "trunk", "national"]


class NumbersConfig(Section):
    """The section ``[numbers]``."""

    country: Annotated[str, matching("[A-Z]{2}", say('write two capital letters, such as "RU"'))] = Field(
        default="RU", description="two letters: whose rules numbers without a country code follow"
    )
    area_code: Annotated[str, matching("[0-9]{0,6}", say('write up to 6 digits, such as "495"'))] = Field(
        default="", description="for local numbers; when empty they are skipped", examples=["495"]
    )
    forms: Annotated[tuple[FormName, ...], BeforeValidator(words), Field(min_length=1)] = Field(
        default=("e164",),
        description="`e164` 74952293042, `trunk` 84952293042, `national` 4952293042. Each form is one key of a number",
    )


class NamesConfig(Section):
    """The section ``[names]``."""

    scheme: Text = Field(
        default="wikipedia",
        description='a transliteration scheme of [iuliia](https://iuliia.ru) by its name; `"none"` keeps Cyrillic',
    )
    language: Literal["", "ru", "uk", "be", "kk"] = Field(
        default="",
        description="of a name, where nothing else tells; empty: ru. Its letters, its legal form and the country of "
        "its phones tell first",
    )
    legal_form: Literal["first", "last", "keep", "drop"] = Field(
        default="first",
        description="where ООО, ИП and the like go. `keep` leaves them as written, `drop` leaves them out. They are "
        "found at either end and before brackets and notes (`Гранада ООО (РЦ)`), and never taken out of brackets; long "
        "ones are shortened (КГБУЗ), also with a typing error",
    )
    max_length: Annotated[Whole, Field(ge=1, le=255), Unit("characters")] = Field(
        default=40, description="of a name, cut at a word's end; analogue phones show 16"
    )
    max_bytes: Annotated[Whole, Field(ge=1, le=255), Unit("bytes of UTF-8")] = Field(
        default=255,
        description="of a name; a Cyrillic letter is two. It counts beside `max_length`, since some PBXs and phones "
        'count bytes. It matters with `scheme = "none"`: 50 bytes are 25 Cyrillic letters',
    )


class BookConfig(Section):
    """The section ``[book]``."""

    conflict: Literal["first", "join", "skip"] = Field(
        default="first",
        description="the name of the first, all names, no entry. See [Who wins a number](#who-wins-a-number)",
    )


class SyncConfig(Section):
    """The section ``[sync]``. The limits are shares from 0 to 1."""

    family: Annotated[str, matching("[A-Za-z0-9._-]{1,80}", say("write 1 to 80 Latin letters, digits, . _ -"))] = Field(
        default="cidname", description="the AstDB family"
    )
    foreign: Literal["keep", "delete"] = Field(
        default="keep", description="keys in the family that astsync neither wrote nor adopted"
    )
    max_delete: Share = Field(
        default=0.3,
        description="a run that deletes a larger share of the entries is refused; see `--allow-deletes`",
    )
    max_change: Share = Field(
        default=0.3,
        description="a run that changes a larger share of the entries is refused; see `--allow-changes`",
    )


class StoreConfig(Section):
    """The section ``[store]``."""

    path: ConfigPath | None = Field(
        default=None,
        description="the local store; without it a file in ~/.local/state/astsync. See "
        "[Snapshot and store](#snapshot-and-store)",
        examples=["/var/lib/astsync/store.sqlite3"],
    )
    keep_runs: Annotated[Whole, Field(ge=1, le=100_000), Unit("runs")] = Field(
        default=200, description="that can be undone. Only runs that wrote count"
    )


class RunConfig(Section):
    """The section ``[run]``."""

    max_minutes: Minutes = Field(
        default=30,
        description="that a whole run may take; 0: no bound. A run whose time is over says so and ends in order, with "
        "exit code 4, 5 or 7: the lock is free, and the next run does the rest. Each sync and each restore of `watch` "
        "is a run",
    )


class PbxConfig(Section):
    """A section ``[[pbx]]``."""

    name: Annotated[
        str,
        NO_BLANKS,
        matching(r"\w[\w.-]{0,63}", say("write 1 to 64 letters, digits, . _ -, a letter or digit first")),
    ] = Field(
        description="your name for the PBX, as in `--pbx office` and ASTSYNC_PBX__OFFICE__SECRET. Each `[[pbx]]` "
        "is one PBX",
        examples=["office"],
    )
    host: Host = Field(description="its name or address, IPv4 or IPv6", examples=["192.0.2.10"])
    port: Port = Field(default=5038, description="AMI's port; with TLS usually 5039")
    user: Text = Field(description="the AMI user of manager.conf, with `write = system`", examples=["astsync"])
    secret: SecretStr = Field(
        default=SecretStr(""), description="its secret; one of `secret` and `secret_file` is required"
    )
    secret_file: ConfigPath | None = Field(
        default=None, description="a file that holds only the secret", examples=["/etc/astsync/office.secret"]
    )
    tls: bool = Field(default=False, description="speak TLS")
    ca_file: ConfigPath | None = Field(
        default=None,
        description="the CA or the PBX's own certificate (PEM); without it the system's CAs. Only with `tls`. See "
        "[TLS](#tls)",
        examples=["/etc/astsync/office-ca.pem"],
    )
    server_name: HostOrNone = Field(
        default="", description="the name in the certificate, where it is not `host`; only with TLS"
    )
    fingerprint: Fingerprint = Field(
        default="",
        description="pins the PBX's one certificate, in place of `ca_file` and `server_name`. Write it as `openssl "
        "x509 -noout -fingerprint -sha256` prints it",
        examples=["sha256:…"],
    )
    timeout: Seconds = Field(
        default=15,
        description="for one small answer of the PBX. A longer one may stand still no longer, and a list may take a "
        "second more for each 4 KiB of it",
    )
    patience: Annotated[Whole, Field(ge=0, le=3600), Unit("seconds")] = Field(
        default=30,
        description="that a run waits for a PBX that is lost; 0: not at all. It is the wait of a whole run, also for a "
        "PBX that takes logins and answers nothing else; at the beginning of a run it is 10 at most",
    )
    rate: Annotated[Whole, Field(ge=0, le=1_000_000), Unit("entries a second")] = Field(
        default=0,
        description="written at most; 0: as many as the PBX takes. It spares a PBX that is weak or busy, and deletes "
        "count too. `run.max_minutes` ends the run all the same: in 30 minutes 100 a second write 180,000",
    )

    @model_validator(mode="after")
    def _one_secret(self) -> "PbxConfig":
        if (self.secret_file is not None) == bool(self.secret.get_secret_value()):
            raise ValueError(say("give secret or secret_file, one of them"))
        return self

    @model_validator(mode="after")
    def _only_with_tls(self) -> "PbxConfig":
        idle = [key for key in ("ca_file", "server_name", "fingerprint") if getattr(self, key)]
        if idle and not self.tls:
            raise ValueError(say("{keys} without TLS: set tls = true, or remove {keys}", keys=all_of(idle)))
        if self.fingerprint and len(idle) > 1:
            raise ValueError(say("fingerprint pins one certificate: remove {keys}", keys=all_of(idle[:-1])))
        return self

    def password(self) -> str:
        """The AMI secret, from its file where one is named. Raises ConfigError."""
        return read_secret(self.secret, self.secret_file, f"pbx {self.name}: secret_file")


class Config(Section):
    """The whole configuration."""

    language: Literal["", "en", "ru"] = Field(
        default="",
        description="what people read; empty: that of the locale. `--lang` and ASTSYNC_LANG win over it. JSON and "
        "the log lines of services are English in any case. It stands above all sections of the file",
    )
    source: SourceConfig = Field(description="where counterparties come from")
    numbers: NumbersConfig = Field(default=NumbersConfig(), description="how phone fields become keys")
    names: NamesConfig = Field(default=NamesConfig(), description="how names become caller names")
    book: BookConfig = Field(default=BookConfig(), description="one number of several counterparties")
    sync: SyncConfig = Field(default=SyncConfig(), description="the family, foreign keys and the safety limits")
    store: StoreConfig = Field(default=StoreConfig(), description="what is kept on this machine")
    run: RunConfig = Field(default=RunConfig(), description="the time of a run")
    serve: ServeConfig = Field(default=ServeConfig(), description="the answer at the moment of the call")
    notify: NotifyConfig = Field(default=NotifyConfig(), description="who is told when something fails")
    pbx: Annotated[tuple[PbxConfig, ...], Field(min_length=1)] = Field(
        description="one PBX and its AMI user; a second PBX is a second [[pbx]]"
    )

    @model_validator(mode="after")
    def _names_differ(self) -> "Config":
        names = [pbx.name.casefold() for pbx in self.pbx]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(say("pbx: the name {names} is used twice", names=", ".join(sorted(twice))))
        return self


def source_with(sections: Mapping[str, type[KindConfig]]) -> type[SourceConfig]:
    """The section ``[source]`` with the sections of these kinds, by the kinds' names."""
    fields: dict[str, Any] = {"kind": (Literal[tuple(sections)], SourceConfig.model_fields["kind"])}
    for name, section in sections.items():
        fields[name] = (section, Field(default=section(), description=section.about))
    return create_model("SourceConfig", __base__=SourceConfig, **fields)


def config_with(source: type[SourceConfig]) -> type[Config]:
    """The whole configuration with this section ``[source]``."""
    return create_model("Config", __base__=Config, source=(source, Config.model_fields["source"]))
