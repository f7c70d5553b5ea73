"""One office for the fault suite: a list, a PBX with foreign keys behind a faulty proxy, and astsync between them."""

import json
import random
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from pydantic import SecretStr

from astsync.config import PbxConfig
from astsync.pbx.astdb import AmiPbx
from astsync.phonebook.ownership import owned_keys
from astsync.sandbox.asterisk import PrivateAsterisk
from astsync.store import Before, Store
from tests.eventually import eventually
from tests.faults.proxy import FaultyProxy
from tests.faults.zygote import Death, Ended, Zygote

FAMILY = "cidname"
NUMBERS = [str(74955550000 + i) for i in range(2_000)]
THEIRS = [str(74956660000 + i) for i in range(80)]
"""Keys that the list never has."""

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
patience = 5
"""


class World:
    """Everything of one run. ``listed`` is what the list says, ``foreign`` what somebody else wrote."""

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
        self.lasts = 0.0

    def begin(self, seed: int) -> None:
        """Make the office of a seed, from nothing: whatever came before does not matter.

        ``lasts`` is then how many seconds its first run took.
        """
        self.random.seed(seed)
        self.serial = 0
        self.proxy.disarm()
        self.asterisk.start()
        for file in self._folder.glob("store.sqlite3*"):
            file.unlink()
        self.listed = {number: self.name() for number in self.random.sample(NUMBERS, 700)}
        self.foreign = {number: self.name("Foreign") for number in self.random.sample(THEIRS, 40)}
        self.write(self.foreign, self.family().keys() - self.foreign.keys())
        self.save_list()
        started = time.monotonic()
        ended = self.run("sync")
        self.lasts = time.monotonic() - started
        if ended.code != 0:
            raise AssertionError(f"the first run of seed {seed}, without any fault: {ended.printed}")

    def change(self) -> None:
        """Change the list, and the family under astsync's feet: other values, other keys, or all wiped."""
        ours = sorted(self.listed)
        for number in self.random.sample(ours, self.random.randrange(1, 80)):
            del self.listed[number]
        for number in self.random.sample(NUMBERS, self.random.choice([3, 50, 300, 800])):
            self.listed[number] = self.name()
        spoilt = self.random.sample(ours, self.random.randrange(2, 100))
        half = len(spoilt) // 2
        by_hand = {n: self.name("By hand") for n in self.random.sample(sorted({*NUMBERS} - {*ours}), 60)}
        for number in self.random.sample(sorted(by_hand), 30):
            self.listed[number] = self.random.choice([self.name(), by_hand[number]])
        self.foreign |= {number: name for number, name in by_hand.items() if number not in self.listed}
        self.write({**dict.fromkeys(spoilt[:half], "Spoilt"), **by_hand}, spoilt[half:])
        if self.random.random() < 0.1:
            self.write({}, ours)
        self.save_list()
        self.somebody_writes()

    def somebody_writes(self) -> None:
        """Let somebody else change, add and delete keys of their own."""
        there = self.random.sample(sorted(self.foreign.keys() & {*THEIRS}), 6)
        new = self.random.sample(sorted({*THEIRS} - self.foreign.keys()), 3)
        entries = {number: self.name("Foreign") for number in (*there[:3], *new)}
        self.write(entries, there[3:])
        self.foreign |= entries
        for number in there[3:]:
            del self.foreign[number]

    def start(self, *words: str, death: Death | None = None) -> None:
        """Start a command with this office's configuration; ``running`` is its process."""
        self.running = self._zygote.start("--config", str(self._configuration), *words, death=death)

    def wait(self) -> Ended:
        """Wait for the command that was started."""
        return self._zygote.wait()

    def run(self, *words: str) -> Ended:
        """Run a command to its end."""
        self.start(*words)
        return self.wait()

    def family(self) -> dict[str, str]:
        """Read the family past the proxy."""
        with self._direct.open() as family:
            return family.read()

    def write(self, entries: dict[str, str], gone: Iterable[str]) -> None:
        """Write and delete past the proxy, as somebody else does."""
        with self._direct.open() as family:
            family.put(list(entries.items()))
            family.delete(gone)

    def wait_committed(self) -> None:
        """Wait until Asterisk has AstDB on the disk: it commits once a second (main/db.c), which ends the journal."""
        journal = self.asterisk.database.with_name(f"{self.asterisk.database.name}-journal")
        eventually(lambda: not journal.exists())

    def owned(self, held: dict[str, str]) -> set[str]:
        """Give the keys of what the PBX holds that are astsync's, as its store says."""
        with self._store() as store:
            return owned_keys(store.owners("office", FAMILY), held) & held.keys()

    def last_run(self) -> int:
        """Give the number of the last run that the store knows."""
        with self._store() as store:
            return max(record.run for record in store.runs())

    def record(self, run: int) -> dict[str, Before]:
        """Give what a run has on record, by key."""
        with self._store() as store:
            return {before.number: before for before in store.record(run, "office", FAMILY)}

    def _store(self) -> closing[Store]:
        return closing(Store(self._folder / "store.sqlite3", write=False))

    def save_list(self) -> None:
        """Write the list as the source finds it."""
        rows = [{"Ref": number, "Name": name, "Phones": f"+{number}"} for number, name in self.listed.items()]
        self.random.shuffle(rows)
        (self._folder / "list.json").write_text(json.dumps(rows), encoding="utf-8")

    def name(self, word: str = "Firma") -> str:
        """Make a name that nobody had."""
        self.serial += 1
        return f"{word} {self.serial}"
