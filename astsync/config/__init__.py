"""The configuration: its sections, frozen; ``configfile`` reads them from TOML and the environment."""

from astsync.config.configuration import (
    Config,
    NamesConfig,
    NumbersConfig,
    PbxConfig,
    SyncConfig,
    config_with,
    source_with,
)
from astsync.config.section import Section
from astsync.config.serve_section import ServeCallsConfig, ServeConfig, ServeServiceConfig, ServeSoapConfig
from astsync.config.source_sections import (
    FieldsConfig,
    KindConfig,
    PagingConfig,
    Parameters,
    ParameterValue,
    SourceConfig,
    values_of,
)

__all__ = [
    "Config",
    "FieldsConfig",
    "KindConfig",
    "NamesConfig",
    "NumbersConfig",
    "PagingConfig",
    "ParameterValue",
    "Parameters",
    "PbxConfig",
    "Section",
    "ServeCallsConfig",
    "ServeConfig",
    "ServeServiceConfig",
    "ServeSoapConfig",
    "SourceConfig",
    "SyncConfig",
    "config_with",
    "source_with",
    "values_of",
]
