"""Which certificate of a PBX is trusted."""

import ssl

from astsync.config import PbxConfig
from astsync.errors import ConfigError
from astsync.pbx.wire import reason


def context_of(config: PbxConfig) -> ssl.SSLContext:
    """The TLS context for a PBX. Raises ConfigError for a bad ``ca_file``."""
    try:
        return ssl.create_default_context(cafile=config.ca_file)
    except OSError as error:
        raise ConfigError(
            f"{config.name}: cannot use ca_file {config.ca_file}: {reason(error)}",
            hint="Name a file of certificates (PEM) that this user may read.",
        ) from None
