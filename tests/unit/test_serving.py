"""``astsync serve`` in this process: every key of its section has an effect, and a reload takes the new ones."""

import logging
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from astsync.calls.model import Evidence
from astsync.config import ServeConfig
from astsync.config.serve_section import address_and_port
from astsync.errors import ConfigError
from astsync.lookup.call_following import house_of, records_file
from astsync.lookup.call_pages import INCOMING
from astsync.lookup.callers import CallerReader
from astsync.lookup.past_call_pages import CALLS
from astsync.lookup.serving import Serving, beside
from astsync.parts import Parts
from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.onec import OneC
from astsync.store import CallJournal
from astsync.watch.job import make_job
from astsync.watch.systemd import Notifier
from astsync.watch.watcher import Watch
from tests.eventually import eventually
from tests.unit.past_calls import NOW, past_call

pytestmark = [pytest.mark.server, pytest.mark.slow]

NUMBER, NAME = "74955550171", "OOO Vchera ne bylo"
QUESTION = f"agi_request: x\nagi_callerid: {NUMBER}\n\n".encode()
NAMED = f'SET VARIABLE CALLERID(name) "{NAME}"\n'.encode()
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
[serve]
{serve}
"""


class Office:
    """A 1C, a PBX, and a configuration of a service whose ports are free."""

    def __init__(self, folder: Path, onec: OneC, pbx: AmiStandIn) -> None:
        self.folder, self.onec, self.pbx = folder, onec, pbx
        self.agi, self.http, self.other = free_port(), free_port(), free_port()
        self.token = folder / "token"
        self.token.write_text("secret-1\n", encoding="utf-8")
        self.onec.add("ООО «Вчера не было»", ["8 (495) 555-01-71"])
        self.write()

    def write(self, *lines: str) -> None:
        """Write the configuration, with these lines in [serve] in place of the usual ones."""
        told = {line.partition(" = ")[0] for line in lines}
        usual = {"agi": f'"127.0.0.1:{self.agi}"', "http": f'"127.0.0.1:{self.http}"', "online": '"soap"'}
        serve = [f"{key} = {value}" for key, value in usual.items() if key not in told]
        text = CONFIGURATION.format(onec=self.onec, pbx=self.pbx, serve="\n".join([*serve, *lines]))
        (self.folder / "astsync.toml").write_text(text, encoding="utf-8")

    def parts(self) -> Parts:
        return Parts.load(self.folder / "astsync.toml", {})

    @contextmanager
    def served(self) -> Iterator[Watch]:
        """Answer calls until the end of the context, which begins when all that the configuration names listen."""
        serve = self.parts().config.serve
        ports = [address_and_port(address)[1] for address in (serve.agi, serve.http) if address]
        with Serving() as serving:
            watch = Watch(lambda: serving.alone(self.parts(), ()), Notifier({}))
            thread = threading.Thread(target=watch.run, daemon=True)
            thread.start()
            try:
                eventually(lambda: not thread.is_alive() or all(map(reached, ports)))
                yield watch
            finally:
                watch.stop()
                thread.join(20)
                assert not thread.is_alive()

    def get(self, target: str = f"/lookup?number={NUMBER}", **headers: str) -> tuple[int, str]:
        """The status and the body of an answer; 0 where nobody answers."""
        connection = HTTPConnection("127.0.0.1", self.http, timeout=20)
        try:
            connection.request("GET", target, headers=headers)
            answer: HTTPResponse = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def ask(self) -> bytes:
        """The first command that FastAGI gives."""
        with socket.create_connection(("127.0.0.1", self.agi), 20) as asking:
            try:
                asking.sendall(QUESTION)
                return asking.recv(4096)
            except ConnectionError:
                return b""

    def kept(self) -> float:
        """For how many seconds a name that was told is kept."""
        path = self.folder / "store.sqlite3"
        found: list[tuple[float]] = []

        def read() -> bool:
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
                found[:] = db.execute("SELECT until - at FROM online").fetchall()
            return bool(found)

        eventually(read)
        return round(found[0][0])

    def counted(self) -> tuple[int, int]:
        """Let three calls come that have no name. How many calls the store counts, and how many numbers it keeps."""
        for _ in range(3):
            self.get("/lookup?number=74955550199")
        path = self.folder / "store.sqlite3"

        def read() -> tuple[int, int]:
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
                (calls,) = db.execute("SELECT coalesce(sum(count), 0) FROM call_count").fetchone()
                return int(calls), int(db.execute("SELECT count(*) FROM unnamed").fetchone()[0])

        if self.parts().config.serve.keep_days:
            eventually(lambda: read()[0] == 3)
        return read()

    def asked(self) -> str:
        """What 1C was asked for the caller."""
        self.get()
        return " ".join(request.told for request in self.onec.asked() if NUMBER in request.told or request.operation)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with OneC(5) as onec, AmiStandIn() as pbx:
        yield Office(tmp_path, onec, pbx)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def reached(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True)
class Effect:
    """Lines of [serve], and what a look at the service shows with them alone."""

    lines: tuple[str, ...]
    look: Callable[[Office], object]
    shown: object
    fault: str = ""
    without: tuple[str, ...] = ()
    """The lines without the key."""


def status_of_many(office: Office) -> bool:
    return 429 in {office.get("/healthz")[0] for _ in range(30)}


def six_digits_are_of_the_house(office: Office) -> bool:
    parts = office.parts()
    return house_of(parts.config.serve.calls, CallerReader(parts.numbers)).is_extension("123456")


def records_file_of(office: Office) -> str:
    parts = office.parts()
    return str(records_file(parts.config.serve.calls, parts.config.pbx[0], parts.config.pbx))


def recordings_of(office: Office) -> str:
    parts = office.parts()
    return " ".join(house_of(parts.config.serve.calls, CallerReader(parts.numbers)).recordings)


def service_of_calls(office: Office) -> tuple[str, str]:
    calls = office.parts().config.serve.calls
    return calls.url, calls.token()


def manager(office: Office) -> bool:
    """Whether JSON names the extension of who keeps the caller's card."""
    cards = office.onec.base.tables["Контрагенты"]
    ref = next(record.item.ref for record in cards if record.item.name == "ООО «Вчера не было»")
    office.onec.change(ref, responsible="Иванова Мария", extension="101")
    return '"extension":"101"' in office.get(Accept="application/json")[1]


def listed_manager(office: Office) -> bool:
    """Whether JSON names the extension of who keeps the card by the list, which a sync has read."""
    cards = office.onec.base.tables["Контрагенты"]
    ref = next(record.item.ref for record in cards if record.item.name == "ООО «Вчера не было»")
    office.onec.change(ref, responsible="Иванова Мария")
    sync = [sys.executable, "-m", "astsync", "--config", str(office.folder / "astsync.toml"), "sync"]
    subprocess.run(sync, check=True, capture_output=True, env={**os.environ, "ASTSYNC_SOURCE__KIND": "soap"})
    return '"extension":"101"' in office.get(Accept="application/json")[1]


BY_HTTP = ('online = "http"',)
RESPONSIBLE = (*BY_HTTP, "responsible = true")
FOLLOW = ("calls.follow = true",)
CALLS_URL = 'calls.url = "{url}/hs/astsync/calls"'
EFFECTS = {
    "agi": Effect(('agi = ""',), lambda office: reached(office.agi), shown=False),
    "http": Effect(('http = ""',), lambda office: reached(office.http), shown=False),
    "allow": Effect(('allow = ["192.0.2.0/24"]',), Office.get, (0, "")),
    "token_file": Effect(('token_file = "token"',), Office.get, (401, "")),
    "rate": Effect(("rate = 1",), status_of_many, shown=True),
    "deadline": Effect(("deadline = 0.05",), Office.get, (200, ""), fault="slow", without=("deadline = 10",)),
    "online": Effect(('online = ""',), Office.get, (200, "")),
    "keep_online": Effect(('keep_online = "1h"',), lambda office: (office.get(), office.kept())[1], 3_600),
    "keep_days": Effect(("keep_days = 0",), Office.counted, (0, 0)),
    "keep_numbers": Effect(("keep_numbers = false",), Office.counted, (3, 0), "", ('online = ""',)),
    "soap.wsdl": Effect(('soap.wsdl = "{url}/ws/1C_MIKO_identify_number.1cws?wsdl"',), Office.asked, "1C_MIKO"),
    "soap.operation": Effect(('soap.operation = "who"',), Office.get, (200, "")),
    "soap.parameter": Effect(('soap.parameter = "Phone"',), Office.get, (200, "")),
    "service.path": Effect((*BY_HTTP, 'service.path = "hs/astsync/who"'), Office.asked, "hs/astsync/who?", "", BY_HTTP),
    "service.parameter": Effect((*BY_HTTP, 'service.parameter = "tel"'), Office.asked, f"tel={NUMBER}", "", BY_HTTP),
    "service.parameters": Effect((*BY_HTTP, 'service.parameters.key = "7"'), Office.asked, "?key=7&", "", BY_HTTP),
    "calls.follow": Effect(("calls.follow = true",), lambda office: office.get(INCOMING), (404, '{"calls":[]}')),
    "calls.journal": Effect(
        (*FOLLOW, "calls.journal = false"), lambda office: office.get(CALLS)[0], shown=404, without=FOLLOW
    ),
    "calls.csv": Effect(('calls.csv = "/srv/{pbx}.csv"',), records_file_of, "/srv/office.csv"),
    "calls.url": Effect(
        (*FOLLOW, CALLS_URL), lambda office: bool(service_of_calls(office)[0]), shown=True, without=FOLLOW
    ),
    "calls.token_file": Effect(('calls.token_file = "token"',), lambda office: service_of_calls(office)[1], "secret-1"),
    "calls.extension_digits": Effect(("calls.extension_digits = 6",), six_digits_are_of_the_house, shown=True),
    "calls.recording": Effect(('calls.recording = "REC"',), recordings_of, "REC"),
    "extensions": Effect(('extensions = {"Иванова Мария" = "101"}',), listed_manager, shown=True),
    "responsible": Effect(RESPONSIBLE, manager, shown=True, without=BY_HTTP),
    "service.extension": Effect((*RESPONSIBLE, 'service.extension = "Phone"'), manager, False, "", RESPONSIBLE),
    "service.name": Effect((*BY_HTTP, 'service.name = "Title"'), Office.get, (200, ""), "json_name", BY_HTTP),
}
"""What each key of [serve] does."""


def keys(section: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from keys(inner, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_each_key_has_its_row() -> None:
    assert EFFECTS.keys() == set(keys(ServeConfig))


@pytest.mark.parametrize("key", EFFECTS)
def test_each_key_has_an_effect(office: Office, key: str) -> None:
    effect = EFFECTS[key]
    if effect.fault:
        office.onec.fail(effect.fault, match="identify", value=0.5)  # type: ignore[arg-type]

    def shown(*lines: str) -> bool:
        office.write(*(line.replace("{url}", office.onec.url) for line in lines))
        with office.served():
            found = effect.look(office)
        return effect.shown in found if isinstance(found, str) else found == effect.shown  # type: ignore[operator]

    assert shown(*effect.lines)
    (office.folder / "store.sqlite3").unlink(missing_ok=True)  # what 1C has told
    office.onec.requests.clear()
    assert not shown(*effect.without)


def test_1c_names_a_caller_and_the_pbx_has_it_soon(office: Office) -> None:
    with office.served():
        assert office.ask() == NAMED
        eventually(lambda: office.pbx.family() == {NUMBER: NAME})
        office.onec.stop()
        assert office.get() == (200, NAME)


def test_the_token_opens_http(office: Office) -> None:
    office.write('token_file = "token"')
    with office.served():
        assert office.get(Authorization="Bearer secret-2") == (401, "")
        assert office.get(Authorization="Bearer secret-1") == (200, NAME)
        assert office.get("/healthz")[0] == 200
        assert office.ask() == NAMED


def test_a_reload_takes_the_new_values_and_keeps_the_ports(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "astsync")
    with office.served() as watch:
        assert office.get() == (200, NAME)
        office.write('token_file = "token"', f'agi = "127.0.0.1:{office.other}"')
        watch.reload()
        statuses: list[int] = []
        while 401 not in statuses:
            statuses.append(office.get()[0])
            assert len(statuses) < 10_000
        assert set(statuses) <= {200, 401}  # nobody was refused meanwhile
        eventually(lambda: not reached(office.agi))
        assert reached(office.other)
    assert "the configuration was read again" in caplog.messages


@pytest.mark.parametrize("line", ["rate = 0", 'token_file = "none"', 'agi = ""\nhttp = ""', 'agi = "192.0.2.1:4573"'])
def test_a_configuration_that_is_broken_changes_nothing(
    office: Office, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    with office.served() as watch:
        text = (office.folder / "astsync.toml").read_text(encoding="utf-8")
        broken = [kept for kept in text.splitlines() if not line.startswith("agi") or kept[:3] not in {"agi", "htt"}]
        allow = '\nallow = ["192.0.2.0/24"]' if "192" in line else ""
        (office.folder / "astsync.toml").write_text("\n".join([*broken, line + allow]), encoding="utf-8")
        watch.reload()
        eventually(lambda: "the new configuration is broken, the old one stays" in caplog.text)
        assert office.get() == (200, NAME)
        assert office.ask() == NAMED


def test_a_token_for_1c_that_is_gone_at_a_reload_changes_nothing(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.write(*FOLLOW, CALLS_URL.format(url=office.onec.url), 'calls.token_file = "token"')
    with office.served() as watch:
        office.token.unlink()
        watch.reload()
        eventually(lambda: "the new configuration is broken, the old one stays" in caplog.text)
        assert "serve.calls.token_file" in caplog.text
        assert office.get(INCOMING)[0] == 404
        assert office.get() == (200, NAME)
    assert "bug" not in caplog.text


def test_a_token_for_1c_that_goes_while_the_service_begins_is_no_bug(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.write(*FOLLOW, CALLS_URL.format(url=office.onec.url), 'calls.token_file = "token"')
    parts = office.parts()
    with closing(CallJournal(parts.store_path, 90)) as journal, parts.store(write=True):
        journal.add([(past_call(), Evidence.EVENTS)], NOW)
    with Serving() as serving:
        job = serving.alone(parts, ())
        office.token.unlink()
        watch = Watch(lambda: job, Notifier({}))
        thread = threading.Thread(target=watch.run, daemon=True)
        thread.start()
        eventually(lambda: "1C does not take calls, they wait" in caplog.text)
        assert "serve.calls.token_file" in caplog.text
        assert office.get() == (200, NAME)
        watch.stop()
        thread.join(20)
    assert "bug" not in caplog.text


def test_a_start_does_not_wait_for_a_run_that_holds_the_lock(office: Office) -> None:
    begun = time.monotonic()
    with office.parts().narrow_writer("astsync watch"), office.served():
        assert office.get() == (200, NAME)
        assert time.monotonic() - begun < 10  # others wait for such a run up to 15 s


def test_watch_refuses_what_its_child_could_not_use(office: Office) -> None:
    follow = (*FOLLOW, CALLS_URL.format(url=office.onec.url))
    for lines in (
        ('token_file = "none"',),
        ('agi = ""', 'http = ""'),
        (*follow, 'calls.token_file = "none"'),
        (*FOLLOW, 'calls.url = "http://other.example/calls"'),
    ):
        office.write(*lines)
        parts = office.parts()
        with pytest.raises(ConfigError):
            beside(parts, make_job(parts, (), 0, parts.store_path), [])


def test_two_faces_need_two_addresses() -> None:
    with pytest.raises(ValidationError, match=r"each needs a port of its own"):
        ServeConfig.model_validate({"agi": "127.0.0.1:4573", "http": "127.0.0.1:4573"})
