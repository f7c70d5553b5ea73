"""One office for the fault suite: a list, a PBX with foreign keys behind faulty proxies, and astsync between them."""

import json
import random
import resource
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from astsync.config import PbxConfig
from astsync.pbx.astdb import AmiPbx
from astsync.phonebook.ownership import owned_keys
from astsync.sandbox.asterisk import Installation, PrivateAsterisk, TlsFiles
from astsync.sandbox.onec import OneC
from astsync.store import Before, RunRecord, Store
from tests import certificates
from tests.eventually import eventually
from tests.faults.proxy import FaultyProxy
from tests.faults.zygote import Death, Ended, Zygote

FAMILY = "cidname"
NUMBERS = [str(74955550000 + i) for i in range(2_000)]
THEIRS = [str(74956660000 + i) for i in range(80)]
"""Keys that the list never has."""

Way = Literal["plain", "by CA", "pinned", "odata", "http", "soap"]
"""How astsync reaches the PBX, by TCP or by TLS in two ways; or, for a PBX by TCP, 1C."""

SECURED: tuple[Way, ...] = ("by CA", "pinned")
ONEC: tuple[Way, ...] = ("odata", "http", "soap")
NAME = "pbx.example.local"  # in the certificate
CONFIGURATION = """\
[source]
{source}
timeout = 1
[names]
legal_form = "keep"
[sync]
max_delete = "100%"
max_change = "100%"
[store]
path = "store.sqlite3"
[[pbx]]
name = "office"
host = "127.0.0.1"
port = {port}
user = "{user}"
secret = "{secret}"
timeout = 1
patience = 5
{tls}
"""


@contextmanager
def make_world(installation: Installation, folder: Path) -> Iterator["World"]:
    """Make an office with an Asterisk of its own, and end all of it."""
    certificate = certificates.make(folder, NAME)
    tls = TlsFiles(certificate.crt, certificate.pem)
    with ExitStack() as ends:
        asterisk = ends.enter_context(PrivateAsterisk(installation, tls=tls))
        onec = ends.enter_context(OneC(150))
        plain = ends.enter_context(FaultyProxy(lambda: (asterisk.host, asterisk.port)))
        secured = ends.enter_context(FaultyProxy(lambda: (asterisk.host, asterisk.tls_port), secured=True))
        at = urlsplit(onec.url)
        source = ends.enter_context(FaultyProxy(lambda: (str(at.hostname), at.port or 0)))
        zygotes = [ends.enter_context(Zygote(folder / name)) for name in ("one", "other")]
        world = World(folder, asterisk, (plain, secured, source), zygotes)
        world.configure(onec, certificate)
        yield world


class World:
    """Everything of one run. ``listed`` is what the list says, ``foreign`` what somebody else wrote.

    ``way`` is how astsync reaches the PBX and the source, ``proxy`` the one between it and the PBX, ``source`` the one
    between it and 1C.
    """

    way: Way

    def __init__(
        self,
        folder: Path,
        asterisk: PrivateAsterisk,
        proxies: tuple[FaultyProxy, FaultyProxy, FaultyProxy],
        zygotes: list[Zygote],
    ) -> None:
        self.asterisk = asterisk
        self.random = random.Random(0)
        self._folder, self._zygotes = folder, zygotes
        self._plain, self._secured, self.source = proxies
        secret = SecretStr(asterisk.secret)
        direct = PbxConfig(name="direct", host=asterisk.host, port=asterisk.port, user=asterisk.user, secret=secret)
        self._direct = AmiPbx(direct, FAMILY)
        self.listed: dict[str, str] = {}
        self.foreign: dict[str, str] = {}
        self.serial = 0
        self.running = 0
        self.lasts = 0.0
        self.way = "plain"

    def configure(self, onec: OneC, certificate: certificates.Made) -> None:
        """Write a configuration for each way."""
        for way in ("plain", *SECURED, *ONEC):
            source = 'kind = "file"\nfile.path = "list.json"'
            if way in ONEC:
                url = f"http://{self.source.host}:{self.source.port}/{onec.service.publication}"
                source = f'kind = "{way}"\nurl = "{url}"\nuser = "{onec.user}"\npassword = "{onec.password}"'
            trusted = {
                "by CA": f'tls = true\nca_file = "{certificate.crt}"\nserver_name = "{NAME}"',
                "pinned": f'tls = true\nfingerprint = "{certificate.fingerprint}"',
            }
            port = self._secured.port if way in SECURED else self._plain.port
            values = {"user": self.asterisk.user, "secret": self.asterisk.secret, "tls": trusted.get(way, "")}
            file = self._configuration(way)
            file.touch(mode=0o600)
            file.write_text(CONFIGURATION.format(source=source, port=port, **values), encoding="utf-8")

    def _configuration(self, way: Way) -> Path:
        return self._folder / f"{way.replace(' ', '-')}.toml"

    @property
    def proxy(self) -> FaultyProxy:
        """The proxy before the PBX."""
        return self._secured if self.way in SECURED else self._plain

    def begin(self, seed: int, way: Way = "plain", *, fresh: bool = False) -> None:
        """Make the office of a seed, from nothing: whatever came before does not matter.

        With ``fresh`` AstDB's file has no room left from earlier offices. ``lasts`` is then how many seconds its first
        run took, and the proxy knows its sizes.
        """
        self.random.seed(seed)
        self.serial = 0
        self.way = way
        for proxy in (self._plain, self._secured, self.source):
            proxy.disarm()
        self.limit_files(resource.RLIM_INFINITY)
        self.asterisk.start()
        if fresh:
            self.asterisk.restart(wipe=True)
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

    def change(self, *, spoil: bool = True) -> None:
        """Change the list, and the family under astsync's feet: other keys; with ``spoil`` also its own, or all."""
        ours = sorted(self.listed)
        for number in self.random.sample(ours, self.random.randrange(1, 80)):
            del self.listed[number]
        for number in self.random.sample(NUMBERS, self.random.choice([3, 50, 300, 800])):
            self.listed[number] = self.name()
        spoilt = self.random.sample(ours, self.random.randrange(2, 100) if spoil else 0)
        half = len(spoilt) // 2
        by_hand = {n: self.name("By hand") for n in self.random.sample(sorted({*NUMBERS} - {*ours}), 60)}
        for number in self.random.sample(sorted(by_hand), 30):
            self.listed[number] = self.random.choice([self.name(), by_hand[number]])
        self.foreign |= {number: name for number, name in by_hand.items() if number not in self.listed}
        self.write({**dict.fromkeys(spoilt[:half], "Spoilt"), **by_hand}, spoilt[half:])
        if spoil and self.random.random() < 0.1:
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

    def start(self, *words: str, death: Death | None = None, limit: int | None = None) -> None:
        """Start a command with this office's configuration; ``running`` is its process.

        No file of it may grow over ``limit`` bytes.
        """
        self.running = self._zygotes[0].start(*self._command(words), death=death, limit=limit)

    def start_another(self, *words: str) -> None:
        """Start a second command beside the first."""
        self._zygotes[1].start(*self._command(words))

    def _command(self, words: tuple[str, ...]) -> tuple[str, ...]:
        return ("--config", str(self._configuration(self.way)), *words)

    def wait(self) -> Ended:
        """Wait for the command that was started."""
        return self._zygotes[0].wait()

    def wait_for_another(self) -> Ended:
        """Wait for the second command."""
        return self._zygotes[1].wait()

    def run(self, *words: str) -> Ended:
        """Run a command to its end."""
        self.start(*words)
        return self.wait()

    def limit_files(self, size: int) -> None:
        """Let no file of the running Asterisk grow over so many bytes, as if its disk were full."""
        if self.asterisk.pid is not None:
            resource.prlimit(self.asterisk.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def family(self) -> dict[str, str]:
        """Read the family past the proxy."""
        with self._direct.open() as family:
            return dict(family.read())

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
            return {*owned_keys(store.owners("office", FAMILY), held)} & held.keys()

    def runs(self) -> list[RunRecord]:
        """Give the runs that the store knows, the last one first."""
        with self._store() as store:
            return list(store.runs())

    def last_run(self) -> int:
        """Give the number of the last run that the store knows."""
        return max(record.run for record in self.runs())

    @property
    def store(self) -> Path:
        """The file of the store."""
        return self._folder / "store.sqlite3"

    def record(self, run: int) -> dict[str, Before]:
        """Give what a run has on record, by key."""
        with self._store() as store:
            return {before.number: before for before in store.record(run, "office", FAMILY)}

    def _store(self) -> closing[Store]:
        return closing(Store(self.store, write=False))

    def save_list(self) -> None:
        """Write the list as the source finds it."""
        rows = [{"Ref": number, "Name": name, "Phones": f"+{number}"} for number, name in self.listed.items()]
        self.random.shuffle(rows)
        (self._folder / "list.json").write_text(json.dumps(rows), encoding="utf-8")

    def name(self, word: str = "Firma") -> str:
        """Make a name that nobody had."""
        self.serial += 1
        return f"{word} {self.serial}"
