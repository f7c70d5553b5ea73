"""The configuration: its sections, frozen; ``configfile`` reads them from TOML and the environment."""

from astsync.config.configuration import (
    BookConfig,
    Config,
    NamesConfig,
    NumbersConfig,
    PbxConfig,
    StoreConfig,
    SyncConfig,
    config_with,
    source_with,
)
from astsync.config.section import Section
from astsync.config.source_sections import FieldsConfig, KindConfig, PagingConfig, ParameterValue, SourceConfig

__all__ = [
    "BookConfig",
    "Config",
    "FieldsConfig",
    "KindConfig",
    "NamesConfig",
    "NumbersConfig",
    "PagingConfig",
    "ParameterValue",
    "PbxConfig",
    "Section",
    "SourceConfig",
    "StoreConfig",
    "SyncConfig",
    "config_with",
    "source_with",
]
