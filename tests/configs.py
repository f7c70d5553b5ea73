"""Sections of the configuration, made in tests."""

from typing import Any

from astsync.config import SourceConfig
from astsync.sources import SOURCE


def source_config(**values: Any) -> SourceConfig:
    """The section ``[source]`` with these values."""
    return SOURCE.model_validate(values)
