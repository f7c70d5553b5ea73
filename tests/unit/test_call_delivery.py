"""Calls are sent to 1C in order until it has taken them: nothing else is a delivery."""

import logging
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import orjson
import pytest

from astsync.calls.model import Evidence
from astsync.config import Config, ServeCallsConfig
from astsync.errors import ConfigError, SourceBadAnswer, SourceError, SourceFailure, SourceQueryError
from astsync.lookup import call_delivery
from astsync.lookup.call_delivery import CallDelivery
from astsync.lookup.call_json import CallTeller
from astsync.lookup.call_posting import OneCDoor
from astsync.lookup.callers import CallerReader
from astsync.phonebook.numbers.parser import NumberParser
from astsync.sandbox.onec import OneC
from astsync.sources import CONFIG
from astsync.store import CallJournal, JournalReader, Store
from tests.eventually import eventually
from tests.unit.faces import Known
from tests.unit.past_calls import NOW, past_call

pytestmark = pytest.mark.server
TELLER = CallTeller(CallerReader(NumberParser()), Known())


def config_of(url: str, calls: str = "", **more: object) -> Config:
    source = {"url": url, "user": "astsync", "password": "secret", "timeout": 1.0, **more}
    pbx = [{"name": "office", "host": "127.0.0.1", "user": "x", "secret": "y"}]
    section = {"follow": True, "url": calls or f"{url}/hs/astsync/calls"}
    return CONFIG.model_validate({"source": source, "pbx": pbx, "serve": {"calls": section}})


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(call_delivery, "PAUSES", (0.02, 0.1))
    path = tmp_path / "store.sqlite3"
    Store(path).close()
    return path


def keep(path: Path, first: int, count: int) -> list[str]:
    calls = [past_call(n, ago=1_000 - n) for n in range(first, first + count)]
    with closing(CallJournal(path, 90)) as journal:
        journal.add([(call, Evidence.EVENTS) for call in calls], NOW)
    return [call.id for call in calls]


@contextmanager
def delivering(path: Path, send: call_delivery.Send) -> Iterator[CallDelivery]:
    delivery = CallDelivery(CallJournal(path, 90), send, TELLER.past)
    delivery.start()
    try:
        yield delivery
    finally:
        delivery.stop()
        assert delivery.join(20)


def waiting(path: Path) -> int:
    return JournalReader(path).waiting()[0]


def test_all_arrive_in_order_and_once(path: Path) -> None:
    ids = keep(path, 0, 250)
    with OneC(1) as onec:
        config = config_of(onec.url, user=onec.user, password=onec.password)
        with delivering(path, OneCDoor(config).send) as delivery:
            eventually(lambda: waiting(path) == 0)
            more = keep(path, 500, 3)
            delivery.wake()
            eventually(lambda: waiting(path) == 0)
        assert onec.web.call_register.order == [*ids, *more]
        assert onec.web.call_register.calls[ids[0]]["result"] == "missed"


def test_only_what_1c_names_is_taken_and_nothing_is_skipped(path: Path) -> None:
    ids = keep(path, 0, 5)
    with OneC(1) as onec:
        onec.web.call_register.refuses = {ids[2]}
        config = config_of(onec.url, user=onec.user, password=onec.password)
        with delivering(path, OneCDoor(config).send):
            eventually(lambda: onec.web.call_register.told.get(ids[3], 0) > 2)
            assert waiting(path) == 3  # the third one and what comes after it, though 1C has these
            onec.web.call_register.refuses = set()
            eventually(lambda: waiting(path) == 0)
        assert list(dict.fromkeys(onec.web.call_register.order)) == [ids[0], ids[1], ids[3], ids[4], ids[2]]
        assert onec.web.call_register.told[ids[0]] == 1


class Picky:
    """A 1C that refuses calls for what they are: it leaves them out, or fails as a whole."""

    def __init__(self, refuses: set[str], error: SourceError | None = None) -> None:
        self.refuses, self.error = refuses, error
        self.taken: list[str] = []
        self.told: Counter[str] = Counter()

    def __call__(self, body: bytes) -> frozenset[str]:
        ids = [call["id"] for call in orjson.loads(body)["calls"]]
        self.told.update(ids)
        if self.error is not None and self.refuses & set(ids):
            raise self.error
        self.taken += [one for one in ids if one not in self.refuses and one not in self.taken]
        return frozenset(ids) - self.refuses


REFUSED = {
    "leaves it out": None,
    "400": SourceQueryError("HTTP 400"),
    "500": SourceFailure("HTTP 500"),
    "a page": SourceBadAnswer("no JSON"),
}


@pytest.mark.parametrize("how", REFUSED)
@pytest.mark.parametrize("refused", [{0}, {3}, {0, 1, 2, 6}, {7, 120}])
def test_a_call_that_1c_refuses_does_not_hold_up_those_behind_it(
    path: Path, how: str, refused: set[int], caplog: pytest.LogCaptureFixture
) -> None:
    ids = keep(path, 0, 150)
    onec = Picky({ids[at] for at in refused}, REFUSED[how])
    with delivering(path, onec):
        eventually(lambda: waiting(path) == 0)
    assert sorted(onec.taken) == sorted(set(ids) - onec.refuses)
    assert all(onec.told[one] >= call_delivery.REFUSALS for one in onec.refuses)
    told = [one.getMessage() for one in caplog.records if one.levelname == "ERROR"]
    parts = {at // 100 if refused == {7, 120} else 0 for at in refused}
    assert len(told) == len(parts)
    assert ids[min(refused)] in told[0]
    assert JournalReader(path).find(ids[min(refused)]) is not None


@pytest.mark.parametrize("how", REFUSED)
def test_a_1c_that_takes_nothing_is_ill_and_no_call_is_passed_over(path: Path, how: str) -> None:
    ids = keep(path, 0, 50)
    onec = Picky(set(ids), REFUSED[how])
    with delivering(path, onec):
        eventually(lambda: sum(onec.told.values()) > 50 * (2 + call_delivery.REFUSALS))
    assert waiting(path) == 50


def test_the_last_call_waits_until_1c_takes_one_behind_it(path: Path) -> None:
    ids = keep(path, 0, 3)
    onec = Picky({ids[2]})
    with delivering(path, onec) as delivery:
        eventually(lambda: onec.told[ids[2]] > 2 * call_delivery.REFUSALS)
        assert waiting(path) == 1
        keep(path, 500, 1)
        delivery.wake()
        eventually(lambda: waiting(path) == 0)


LOGIN_PAGE = b"<!DOCTYPE html><html><title>Login</title><form>...</form></html>"
HOSTILE = {
    "a login page": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s"
    % (len(LOGIN_PAGE), LOGIN_PAGE),
    "nothing in 200": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "500": b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops",
    "401": b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n",
    "a redirect": b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n",
    "no list": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "true": b'HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{"accepted":true}',
    "other ids": b'HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{"accepted":["x:1",2]}',
    "half an answer": b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"accepted":["off',
    "no http": b"\x00\x01\x02 what?\r\n\r\n",
    "an exception in 200": b'HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n{"#exception": {"a": "b"}}',
}


@contextmanager
def hostile(answer: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[int]]]:
    """A server that answers each connection so; its address, and how often it was asked."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        asked: list[int] = []

        def one(connection: socket.socket) -> None:
            with connection:
                connection.settimeout(10)
                try:
                    connection.recv(65_536)
                    asked.append(1)
                    answer(connection)
                except OSError:
                    return

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=[connection], daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/trade", asked
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_other_answer_is_a_delivery(path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    keep(path, 0, 3)
    with hostile(lambda connection: connection.sendall(HOSTILE[name])) as (url, asked):
        with caplog.at_level(logging.INFO), delivering(path, OneCDoor(config_of(url)).send):
            eventually(lambda: len(asked) > 3)
        assert waiting(path) == 3
    told = [record for record in caplog.records if record.name == call_delivery.__name__]
    assert [record.levelname for record in told] == ["WARNING"]  # one line, however often it was tried


def test_an_answer_that_stalls_or_drips_is_given_up(path: Path) -> None:
    keep(path, 0, 1)
    end = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
        while not end.wait(0.1):
            connection.sendall(b" ")

    def stall(_connection: socket.socket) -> None:
        end.wait(10)

    for answer in (drip, stall):
        with hostile(answer) as (url, _), pytest.raises(SourceError):
            OneCDoor(config_of(url, timeout=0.5)).send(b"{}")
    end.set()


def test_after_a_fault_calls_go_on_and_that_is_said_once(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keep(path, 0, 3)
    with OneC(1) as onec, caplog.at_level(logging.INFO):
        config = config_of(onec.url, user=onec.user, password=onec.password)
        onec.stop()
        with delivering(path, OneCDoor(config).send):
            eventually(lambda: "they wait" in caplog.text)
            onec.start()
            eventually(lambda: waiting(path) == 0)
    told = [one.getMessage() for one in caplog.records if one.name == call_delivery.__name__]
    assert (len(told), told[-1]) == (2, "1C takes calls again")


def test_a_call_whose_answer_was_lost_is_sent_again(path: Path) -> None:
    (call_id,) = keep(path, 0, 1)
    sent: list[bytes] = []

    def send(body: bytes) -> frozenset[str]:
        sent.append(body)
        if len(sent) == 1:
            raise SourceError("the answer was lost")
        return frozenset({call_id})

    with delivering(path, send):
        eventually(lambda: waiting(path) == 0)
    assert len(sent) == 2
    assert sent[0] == sent[1]
    assert orjson.loads(sent[0])["version"] == 1


def test_the_password_of_1c_goes_to_no_other_host_and_a_token_does(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="another host"):
        OneCDoor(config_of("http://1c.example.local/trade", "http://other.example/hs/calls"))
    file = tmp_path / "token"
    file.write_text("T0ken\n")
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                seen.append(connection.recv(65_536))
                connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"accepted":[]}')

        threading.Thread(target=serve, daemon=True).start()
        config = config_of("http://1c.example.local/trade", f"http://127.0.0.1:{server.getsockname()[1]}/calls")
        calls = ServeCallsConfig(url=config.serve.calls.url, token_file=file)
        serving = config.serve.model_copy(update={"calls": calls})
        assert OneCDoor(config.model_copy(update={"serve": serving})).send(b"{}") == frozenset()
    assert b"Authorization: Bearer T0ken" in seen[0]
    assert b"Basic" not in seen[0]
