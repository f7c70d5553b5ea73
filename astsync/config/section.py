"""What every section of the configuration is built on."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr

from astsync.errors import ConfigError


class Section(BaseModel):
    """A table of the configuration: frozen, and no key that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def read_secret(value: SecretStr, file: Path | None, where: str) -> str:
    """Give a secret, from its file when one is named; ``where`` names the key of the file. Raises ConfigError."""
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
