"""One office for the fault suite: a list, a PBX with foreign keys behind a faulty proxy, and astsync between them."""

import json
import random
from contextlib import closing
from pathlib import Path

from pydantic import SecretStr

from astsync.config import PbxConfig
from astsync.demo.asterisk import PrivateAsterisk
from astsync.pbx.astdb import AmiPbx
from astsync.store import Store
from tests.faults.proxy import FaultyProxy
from tests.faults.zygote import Ended, Zygote

FAMILY = "cidname"
CONFIGURATION = """\
[source]
kind = "file"
[source.file]
path = "list.json"
[names]
legal_form = "keep"
[sync]
max_delete = "100%"
max_change = "100%"
[store]
path = "store.sqlite3"
[[pbx]]
name = "office"
host = "{host}"
port = {port}
user = "{user}"
secret = "{secret}"
timeout = 1
"""


class World:
    """Everything of one suite of runs. ``listed`` is what the list says, ``foreign`` what somebody else wrote."""

    def __init__(self, folder: Path, asterisk: PrivateAsterisk, proxy: FaultyProxy, zygote: Zygote) -> None:
        self.asterisk, self.proxy = asterisk, proxy
        self.random = random.Random(0)
        self._folder, self._zygote = folder, zygote
        secret = SecretStr(asterisk.secret)
        direct = PbxConfig(name="direct", host=asterisk.host, port=asterisk.port, user=asterisk.user, secret=secret)
        self._direct = AmiPbx(direct, FAMILY)
        self._configuration = folder / "astsync.toml"
        self._configuration.write_text(
            CONFIGURATION.format(host=proxy.host, port=proxy.port, user=asterisk.user, secret=asterisk.secret)
        )
        self.listed: dict[str, str] = {}
        self.foreign: dict[str, str] = {}
        self.serial = 0
        self.running = 0

    def command(self, *words: str) -> list[str]:
        """Give the words of a command line with this office's configuration."""
        return ["--config", str(self._configuration), *words]

    def start(self, *words: str) -> int:
        """Start a command and give its process."""
        self.running = self._zygote.start(*self.command(*words))
        return self.running

    def wait(self) -> Ended:
        """Wait for the command that was started."""
        return self._zygote.wait()

    def run(self, *words: str) -> Ended:
        """Run a command to its end."""
        return self._zygote.run(*self.command(*words))

    def family(self) -> dict[str, str]:
        """Read the family past the proxy."""
        with self._direct.open() as family:
            return family.read()

    def write(self, entries: dict[str, str], gone: list[str]) -> None:
        """Write and delete past the proxy, as somebody else does."""
        with self._direct.open() as family:
            family.put(list(entries.items()))
            family.delete(gone)

    def store(self) -> closing[Store]:
        """Open the store to look into it."""
        return closing(Store(self._folder / "store.sqlite3", write=False))

    def save_list(self) -> None:
        """Write the list as the source finds it."""
        rows = [{"Ref": number, "Name": name, "Phones": f"+{number}"} for number, name in self.listed.items()]
        self.random.shuffle(rows)
        (self._folder / "list.json").write_text(json.dumps(rows), encoding="utf-8")

    def name(self) -> str:
        """Make a name that nobody had."""
        self.serial += 1
        return f"Firma {self.serial}"
