"""The base of every section of the configuration, and how a section reads a secret."""

from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, SecretStr

from astsync.config.bounded import LARGEST_SECRET, read_bounded
from astsync.errors import ConfigError
from astsync.language import say


class Section(BaseModel):
    """A table of the configuration: frozen. A key that it does not know is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def section_of(annotation: Any) -> type[Section] | None:
    """The section that a field holds, alone or in a list; None where the field is a key."""
    kinds = (annotation, *get_args(annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)), None)


def read_secret(value: SecretStr, file: Path | None, where: str) -> str:
    """The secret: what its file holds where one is named, else the value itself.

    ``where`` is the key that names the file, for messages. Raises ConfigError where the file cannot be read.
    """
    if file is None:
        return value.get_secret_value()
    try:
        return read_bounded(file, LARGEST_SECRET).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else say("not UTF-8 text")
        raise ConfigError(
            say("{where}: cannot read {file}: {why}", where=where, file=str(file), why=reason),
            hint=say("Name a file that this user can read and that holds only the secret."),
        ) from None
