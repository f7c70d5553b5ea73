"""``astsync serve`` as a process: 1C names a caller on the first call, AstDB on the second, with 1C stopped."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from astsync.config import PbxConfig
from astsync.pbx.astdb import AmiPbx
from astsync.sandbox.asterisk import Installation, RingingAsterisk, free_port
from astsync.sandbox.onec import OneC
from tests.asterisk import ways
from tests.eventually import eventually

CARRIER = "MOSCOW RU"
NEW, PHONE, NUMBER, NAME = "ООО «Вчера не было»", "8 (495) 555-01-71", "74955550171", "OOO Vchera ne bylo"
CONFIGURATION = """\
[source]
url = "{onec.url}"
user = "{onec.user}"
password = "{onec.password}"

[store]
path = "store.sqlite3"

[[pbx]]
name = "office"
host = "127.0.0.1"
port = {pbx.port}
user = "{pbx.user}"
secret = "{pbx.secret}"

[[pbx]]
name = "away"
host = "127.0.0.1"
port = {away}
user = "astsync"
secret = "x"
timeout = 2
patience = 0

[serve]
agi = "127.0.0.1:{agi}"
http = "127.0.0.1:{http}"
online = "{online}"
deadline = 8.0
"""


@dataclass(frozen=True)
class House:
    """A 1C, a PBX with a phone, and a configuration for both and for a PBX that is away."""

    onec: OneC
    pbx: RingingAsterisk
    folder: Path
    http: int

    def astsync(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a process."""
        return subprocess.run(self._call(*arguments), env=clean(), capture_output=True, text=True, timeout=120)

    def _call(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "astsync", "--config", str(self.folder / "astsync.toml"), *arguments]

    @contextmanager
    def serving(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run the service until the end of the context."""
        with (
            (self.folder / "serve.log").open("ab") as log,
            subprocess.Popen(self._call(*(command or ("serve",))), env=clean(), stdout=log, stderr=log) as process,
        ):
            try:
                eventually(lambda: process.poll() is not None or self.asked("/healthz") is not None)
                assert process.poll() is None, self.log()
                yield process
            finally:
                process.kill() if process.poll() is None else None

    def asked(self, target: str) -> str | None:
        """The body of an answer over HTTP; None where nobody answers."""
        connection = HTTPConnection("127.0.0.1", self.http, timeout=20)
        try:
            connection.request("GET", target)
            return connection.getresponse().read().decode()
        except OSError:
            return None
        finally:
            connection.close()

    def log(self) -> str:
        """What the service said."""
        return (self.folder / "serve.log").read_text(encoding="utf-8")

    def held(self) -> str | None:
        """What the PBX holds for the number."""
        login = {"host": self.pbx.host, "port": self.pbx.port, "user": self.pbx.user, "secret": self.pbx.secret}
        with AmiPbx(PbxConfig.model_validate({"name": "office", **login}), "cidname").open() as family:
            return family.get(NUMBER)


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("ASTSYNC_")}


@contextmanager
def house(installation: Installation, folder: Path, online: str) -> Iterator[House]:
    agi, http, away = free_port(), free_port(), free_port()
    with ways.ringing(installation, agi, http) as pbx, OneC(30, port=free_port()) as onec:
        text = CONFIGURATION.format(onec=onec, pbx=pbx, agi=agi, http=http, away=away, online=online)
        (folder / "astsync.toml").write_text(text, encoding="utf-8")
        yield House(onec, pbx, folder, http)


@pytest.mark.parametrize(("online", "way"), [("soap", "agi"), ("http", "curl"), ("odata", "agi")])
def test_1c_names_the_first_call_and_astdb_the_second(
    any_installation: Installation, tmp_path: Path, online: str, way: str
) -> None:
    with house(any_installation, tmp_path, online) as place:
        assert place.astsync("--pbx", "office", "sync").returncode == 0
        place.onec.add(NEW, [PHONE])
        with place.serving() as process:
            eventually(lambda: "1C answers" in place.log())
            assert place.pbx.ring(way, "+" + NUMBER, CARRIER).shown_name() == NAME
            eventually(lambda: place.held() == NAME)
            place.onec.stop()
            assert place.pbx.ring("astdb", "8" + NUMBER[1:], CARRIER).shown_name() == NAME
            assert place.pbx.ring(way, "74955550172", CARRIER).shown_name() == CARRIER
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        assert NUMBER not in place.log()
        assert place.pbx.ring(way, NUMBER, CARRIER).shown_name() == NAME  # nobody serves any more


def test_what_1c_told_is_wanted_by_every_run_until_it_expires(any_installation: Installation, tmp_path: Path) -> None:
    with house(any_installation, tmp_path, "soap") as place:
        assert place.astsync("--pbx", "office", "sync").returncode == 0
        record = place.onec.add(NEW, [PHONE])
        with place.serving():
            eventually(lambda: place.asked(f"/lookup?number={NUMBER}") == NAME)
            eventually(lambda: place.held() == NAME)
        place.onec.change(record.item.ref, deleted=True)
        assert place.astsync("--pbx", "office", "sync").returncode == 0
        assert place.held() == NAME  # 1C told it, and keep_online is not over
        place.pbx.restart(wipe=True)
        assert place.astsync("--pbx", "office", "push").returncode == 0
        assert place.held() == NAME
        status = json.loads(place.astsync("--pbx", "office", "status", "--format", "json").stdout)
        assert status["online"]["names"] == 1


def test_a_service_that_is_killed_leaves_what_it_wrote(any_installation: Installation, tmp_path: Path) -> None:
    with house(any_installation, tmp_path, "soap") as place:
        assert place.astsync("--pbx", "office", "sync").returncode == 0
        place.onec.add(NEW, [PHONE])
        with place.serving() as process:
            eventually(lambda: place.asked(f"/lookup?number={NUMBER}") == NAME)
            eventually(lambda: place.held() == NAME)
            process.kill()
        place.onec.stop()
        with place.serving():
            assert place.asked(f"/lookup?number={NUMBER}") == NAME
        with place.serving("watch", "--serve", "--every", "0"):
            assert place.asked(f"/lookup?number={NUMBER}") == NAME


def serving_child(pid: int) -> int:
    """The process that answers calls for ``watch --serve``; threads of watch may have started it."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    (child,) = {int(found) for task in tasks for found in (task / "children").read_text().split()}
    return child


def test_watch_serves_by_a_child_and_writes_what_it_is_told(any_installation: Installation, tmp_path: Path) -> None:
    with house(any_installation, tmp_path, "soap") as place:
        assert place.astsync("--pbx", "office", "sync").returncode == 0
        place.onec.add(NEW, [PHONE])
        with place.serving("watch", "--serve", "--every", "0") as process:
            eventually(lambda: "1C answers" in place.log())
            assert place.pbx.ring("agi", "8" + NUMBER[1:], CARRIER).shown_name() == NAME
            eventually(lambda: place.held() == NAME)
            first = serving_child(process.pid)
            os.kill(first, signal.SIGKILL)
            eventually(lambda: place.asked(f"/lookup?number={NUMBER}") == NAME)
            second = serving_child(process.pid)
            assert second != first
            process.send_signal(signal.SIGHUP)
            eventually(lambda: place.log().count("the configuration was read again") == 1)
            eventually(lambda: place.asked(f"/lookup?number={NUMBER}") == NAME)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        assert place.asked("/healthz") is None
        assert place.astsync("history", "--format", "json").stdout.count('"online"') == 1


def test_the_child_ends_with_a_watch_that_is_killed(any_installation: Installation, tmp_path: Path) -> None:
    with house(any_installation, tmp_path, "soap") as place:
        with place.serving("watch", "--serve", "--every", "0") as process:
            child = serving_child(process.pid)
            process.kill()
        eventually(lambda: not Path(f"/proc/{child}").exists() or place.asked("/healthz") is None)


def test_watch_says_at_once_that_a_port_is_taken(any_installation: Installation, tmp_path: Path) -> None:
    with house(any_installation, tmp_path, "") as place, place.serving():
        done = place.astsync("watch", "--serve", "--every", "0")
        assert done.returncode == 2
        assert "cannot listen on 127.0.0.1:" in done.stderr
