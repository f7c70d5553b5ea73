"""``check`` of ``[serve]``: the ports are free or astsync's, and who may ask is said."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from astsync.config.serve_section import ServeConfig
from astsync.finding import Finding
from astsync.setup.check_serve import check_serve, is_used
from astsync.sources import CONFIG

pytestmark = pytest.mark.server


def found(**keys: Any) -> dict[str, Finding]:
    config = ServeConfig.model_validate({"agi": "", "http": "", **keys})
    return {finding.part: finding for finding in check_serve(config)}


def free() -> str:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{made.getsockname()[1]}"


@contextmanager
def listening(answer: bytes) -> Iterator[str]:
    """A program that answers each connection by the same bytes once it was asked something."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def live() -> None:
            while True:
                try:
                    with server.accept()[0] as asked:
                        asked.recv(4096)
                        asked.sendall(answer)
                except OSError:
                    return

        thread = threading.Thread(target=live, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_free_ports_are_free_afterwards_too() -> None:
    agi, http = free(), free()
    for _ in range(2):
        told = found(agi=agi, http=http)
        assert told["agi"] == Finding("agi", True, f"{agi} is free")
        assert told["http"] == Finding("http", True, f"{http} is free")
    assert told["who may ask"] == Finding("who may ask", True, "programs of this machine")


def test_astsync_itself_is_told_from_another_program() -> None:
    with listening(b'SET VARIABLE ASTSYNC_ORIGIN ""\n') as agi:
        assert found(agi=agi)["agi"] == Finding("agi", True, f"astsync answers on {agi}")
    with listening(b"HTTP/1.1 200 OK\r\nServer: astsync\r\nContent-Length: 0\r\n\r\n") as http:
        assert found(http=http)["http"] == Finding("http", True, f"astsync answers on {http}")
    for answer in (b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n", b"", b"SSH-2.0-OpenSSH\r\n"):
        with listening(answer) as taken, listening(answer) as other:
            told = found(agi=taken, http=other)
            for key, address in (("agi", taken), ("http", other)):
                assert told[key].good is False
                assert told[key].words == f"another program listens on {address}"
                assert f"serve.{key}" in told[key].hint


def test_an_address_of_another_machine_is_a_fault() -> None:
    told = found(agi="192.0.2.1:4573", allow=["192.0.2.10"])["agi"]
    assert (told.good, told.hint) == (False, "Write another address in serve.agi.")


def test_http_for_other_machines_without_a_token_is_warned_of(tmp_path: Path) -> None:
    everywhere = f"0.0.0.0:{free()[10:]}"
    told = found(http=everywhere, allow=["127.0.0.1", "192.0.2.10"])
    assert told["who may ask"] == Finding("who may ask", True, "192.0.2.10/32, by http")
    assert told["token"].good is None
    assert "openssl rand" in told["token"].hint
    token = tmp_path / "token"
    assert "token" not in found(http=everywhere, allow=["192.0.2.10"], token_file=str(token))
    assert "token" not in found(agi=everywhere, allow=["192.0.2.10"])


def test_a_whole_internet_that_may_ask_is_warned_of() -> None:
    told = found(agi=f"0.0.0.0:{free()[10:]}", allow=["0.0.0.0/0"])["who may ask"]
    assert (told.good, told.words) == (None, "0.0.0.0/0, by agi")
    assert "number by number" in told.hint


def test_nothing_that_is_served_is_told() -> None:
    assert list(found()) == ["ports"]


def test_who_never_wrote_of_serve_is_told_nothing() -> None:
    data: dict[str, Any] = {
        "source": {"url": "http://1c.example/trade"},
        "pbx": [{"name": "office", "host": "pbx.example", "user": "astsync", "secret": "x"}],
    }
    assert not is_used(CONFIG.model_validate(data))
    assert is_used(CONFIG.model_validate({**data, "serve": {}}))


@pytest.mark.parametrize(
    ("way", "good", "words"),
    [
        ("events", True, "office: followed by AMI's events"),
        ("channels", None, "office: followed by a look at the channels once a second: no events come"),
        ("quiet", None, "office: connected; there was no call yet"),
        ("away", None, "office: not followed at this moment"),
        ("else", None, "office: not followed at this moment"),
    ],
)
def test_how_calls_are_followed_is_what_serve_says_of_itself(way: str, good: bool | None, words: str) -> None:
    body = b'{"calls": {"office": "%b"}}' % way.encode()
    head = b"HTTP/1.1 200 OK\r\nServer: astsync\r\nContent-Length: %d\r\n\r\n" % len(body)
    with listening(head + body) as http:
        told = found(http=http, calls={"follow": True})["calls in progress"]
    assert (told.good, told.words) == (good, words)
    assert ("read = call" in told.hint) is (way == "channels")


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n\r\n[1]", b'HTTP/1.1 200 OK\r\n\r\n{"calls": 1}', b"x"])
def test_before_serve_runs_nothing_is_known_of_calls(answer: bytes) -> None:
    with listening(answer) as http:
        assert found(http=http, calls={"follow": True})["calls in progress"].good is None
    assert (
        found(http=free(), calls={"follow": True})["calls in progress"].words == "not known before `astsync serve` runs"
    )
    assert "calls in progress" not in found(http=free())
    assert found(calls={"follow": True}, agi=free())["calls in progress"].good is False
