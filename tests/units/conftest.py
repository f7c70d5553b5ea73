"""A private systemd, a stand-in 1C, a stand-in PBX, and a machine inside that is set up as the documentation says."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.onec import OneC
from tests.units.private_systemd import NoSystemd, PrivateSystemd

PROGRAM = Path(sys.executable).with_name("astsync")
PLACE = "/etc/astsync/astsync.toml"
CONFIGURATION = """\
[source]
url = "{onec.url}"
user = "{onec.user}"
password_file = "1c.password"

[numbers]
area_code = "495"

[store]
path = "/var/lib/astsync/store.sqlite3"

[serve]
online = ""
agi = "127.0.0.1:{agi}"
http = ""

[[pbx]]
name = "office"
host = "{pbx.host}"
port = {pbx.port}
user = "{pbx.user}"
secret_file = "office.secret"
patience = 0
"""


@dataclass(frozen=True)
class Machine:
    """A machine with systemd and the user astsync; its configuration reaches the stand-ins."""

    inside: PrivateSystemd
    onec: OneC
    pbx: AmiStandIn

    def astsync(self, *words: str, user: str = "", config: str = PLACE) -> CompletedProcess[str]:
        return self.inside.run(str(PROGRAM), "--config", config, *words, user=user)

    def systemctl(self, *words: str) -> str:
        return self.inside.run("systemctl", *words).stdout.strip()

    def configure(self, port: int = 4573) -> None:
        text = CONFIGURATION.format(onec=self.onec, pbx=self.pbx, agi=port)
        self.inside.write(PLACE, text)
        self.inside.write("/etc/astsync/1c.password", f"{self.onec.password}\n", "0600")
        self.inside.write("/etc/astsync/office.secret", f"{self.pbx.secret}\n", "0600")


@pytest.fixture(scope="module")
def systemd() -> Iterator[PrivateSystemd]:
    if not os.environ.get("ASTSYNC_UNITS"):
        pytest.skip("NOT TESTED: systemd and cron for real take some minutes; `make units` plays them")
    try:
        with PrivateSystemd() as started:
            done = started.run("useradd", "--system", "--create-home", "--home-dir", "/var/lib/astsync", "astsync")
            assert done.returncode == 0, done.stderr
            started.run("chmod", "a+x", "/root")  # where the Python of a developer may stand; inside alone
            yield started
    except NoSystemd as error:
        pytest.skip(f"NOT TESTED: no systemd of our own here: {error}")


@pytest.fixture
def machine(systemd: PrivateSystemd) -> Iterator[Machine]:
    with OneC(60) as onec, AmiStandIn() as pbx:
        made = Machine(systemd, onec, pbx)
        made.configure()
        yield made
        systemd.run("sh", "-c", "rm -f /var/lib/astsync/store.sqlite3*")
