"""The configuration: its sections, frozen; ``file`` reads them from TOML and the environment."""

from astsync.config.section import Section
from astsync.config.sections import (
    BookConfig,
    Config,
    NamesConfig,
    NumbersConfig,
    PbxConfig,
    StoreConfig,
    SyncConfig,
)
from astsync.config.source import (
    FieldsConfig,
    FileConfig,
    HttpConfig,
    ODataConfig,
    PagingConfig,
    SoapConfig,
    SourceConfig,
)

__all__ = [
    "BookConfig",
    "Config",
    "FieldsConfig",
    "FileConfig",
    "HttpConfig",
    "NamesConfig",
    "NumbersConfig",
    "ODataConfig",
    "PagingConfig",
    "PbxConfig",
    "Section",
    "SoapConfig",
    "SourceConfig",
    "StoreConfig",
    "SyncConfig",
]
