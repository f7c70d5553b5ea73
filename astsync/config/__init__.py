"""The configuration: its sections, frozen; ``file`` reads them from TOML and the environment."""

from astsync.config.sections import (
    BookConfig,
    Config,
    NamesConfig,
    NumbersConfig,
    ODataConfig,
    PbxConfig,
    Section,
    SoapConfig,
    SourceConfig,
    StoreConfig,
    SyncConfig,
)

__all__ = [
    "BookConfig",
    "Config",
    "NamesConfig",
    "NumbersConfig",
    "ODataConfig",
    "PbxConfig",
    "Section",
    "SoapConfig",
    "SourceConfig",
    "StoreConfig",
    "SyncConfig",
]
