"""The configuration: its sections, frozen; ``configfile`` reads them from TOML and the environment."""

from astsync.config.configuration import (
    BookConfig,
    Config,
    NamesConfig,
    NumbersConfig,
    PbxConfig,
    StoreConfig,
    SyncConfig,
)
from astsync.config.section import Section
from astsync.config.source_sections import (
    KIND_SECTIONS,
    FieldsConfig,
    FileConfig,
    HttpConfig,
    KindConfig,
    ODataConfig,
    PagingConfig,
    ParameterValue,
    SoapConfig,
    SourceConfig,
    bare_catalog,
)

__all__ = [
    "KIND_SECTIONS",
    "BookConfig",
    "Config",
    "FieldsConfig",
    "FileConfig",
    "HttpConfig",
    "KindConfig",
    "NamesConfig",
    "NumbersConfig",
    "ODataConfig",
    "PagingConfig",
    "ParameterValue",
    "PbxConfig",
    "Section",
    "SoapConfig",
    "SourceConfig",
    "StoreConfig",
    "SyncConfig",
    "bare_catalog",
]
