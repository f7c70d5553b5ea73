"""A private Asterisk with AMI over TLS, and the configuration of a connection to it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import trustme

from astsync.config import PbxConfig
from astsync.sandbox.asterisk import Installation, PrivateAsterisk
from astsync.sandbox.asterisk.conf_files import ManagerUser, TlsFiles

NAME = "pbx.example.local"


@contextmanager
def secured_asterisk(
    installation: Installation, folder: Path, users: Sequence[ManagerUser] = ()
) -> Iterator[PrivateAsterisk]:
    """Run one; its certificates lie in ``folder``."""
    files = TlsFiles(folder / "certificate.pem", folder / "key.pem")
    ca = trustme.CA()
    certificate = ca.issue_cert(NAME)
    certificate.cert_chain_pems[0].write_to_path(files.certificate)
    certificate.private_key_pem.write_to_path(files.key)
    ca.cert_pem.write_to_path(folder / "ca.pem")
    with PrivateAsterisk(installation, users=users, tls=files) as asterisk:
        yield asterisk


def secured_config(asterisk: PrivateAsterisk, folder: Path, user: str = "", **more: object) -> PbxConfig:
    """The configuration of a connection over TLS."""
    user = user or asterisk.user
    values = {
        "name": "office", "host": asterisk.host, "port": asterisk.tls_port, "user": user, "tls": True,
        "secret": asterisk.secret_of(user), "ca_file": folder / "ca.pem", "server_name": NAME,
    }  # fmt: skip
    return PbxConfig.model_validate({**values, **more})
