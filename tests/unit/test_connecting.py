"""Connections that cannot be made: each reason has its own words and its own cure, in time."""

import errno
import socket
import threading
import time
from pathlib import Path

import pytest

from astsync import resolving
from astsync.config import PbxConfig
from astsync.errors import PbxUnreachable
from astsync.pbx import connecting, greeting
from astsync.stopping import Stopping
from tests.certificates import listening


def config(**more: object) -> PbxConfig:
    values = {"name": "office", "host": "127.0.0.1", "user": "astsync", "secret": "s", "timeout": 5}
    return PbxConfig.model_validate({**values, **more})


def refused(**more: object) -> PbxUnreachable:
    with pytest.raises(PbxUnreachable) as error:
        connecting.connect(config(**more))
    return error.value


@pytest.fixture
def container(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".dockerenv").touch()
    monkeypatch.setattr(connecting, "_CONTAINERS", (tmp_path / ".dockerenv",))


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "_CONTAINERS", ())


def hint(number: int, host: str = "192.0.2.10") -> str:
    return connecting.connect_hint(OSError(number, "words"), config(host=host))


@pytest.mark.usefixtures("bare")
def test_each_reason_has_its_cure() -> None:
    assert "bindaddr" in hint(errno.ECONNREFUSED)
    assert "firewalls between" in hint(errno.ETIMEDOUT)
    assert "VPN" in hint(errno.EHOSTUNREACH)
    assert "SELinux" in hint(errno.EPERM)
    assert "ssh -L" in hint(errno.ECONNREFUSED, "localhost")


@pytest.mark.usefixtures("container")
def test_the_loopback_of_a_container_is_not_the_machine_with_asterisk() -> None:
    for host in ("127.0.0.1", "::1", "localhost"):
        assert f"{host} is this container" in hint(errno.ECONNREFUSED, host)
    assert "this container" not in hint(errno.ECONNREFUSED)


def test_a_name_that_nobody_resolves_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()

    def ask(*_: object, **__: object) -> None:
        done.wait(60)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    began = time.monotonic()
    error = refused(host="pbx.example.local", timeout=0.2)
    assert time.monotonic() - began < 5
    done.set()
    assert "no address of pbx.example.local was found in time" in error.message


def test_a_resolver_that_hangs_for_ever_holds_a_bounded_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    done, asked = threading.Event(), 0

    def ask(*_: object, **__: object) -> None:
        nonlocal asked
        asked += 1
        done.wait(60)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    monkeypatch.setattr(resolving, "_THREAD", "resolve-in-test")
    monkeypatch.setattr(resolving, "_MOST", 3)
    for _ in range(6):
        assert "found in time" in refused(host="pbx.example.local", timeout=0.05).message
    done.set()
    assert asked == 3


@pytest.mark.server
def test_the_next_address_is_tried_in_the_time_of_one_that_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    def greet(connected: socket.socket) -> None:
        connected.sendall(b"Asterisk Call Manager/11.0.0\r\n")
        connected.recv(100)

    with listening(greet) as port:
        dead = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("192.0.2.1", port))  # TEST-NET-1: nobody answers there
        good = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [dead, good])
        wire, version = connecting.connect(config(host="pbx.example.local", timeout=2))
        wire.close()
    assert version == "11.0.0"


@pytest.mark.server
def test_a_run_that_must_end_waits_no_longer() -> None:
    def silent(connected: socket.socket) -> None:
        connected.recv(1)

    with listening(silent) as port:
        began = time.monotonic()
        with pytest.raises(PbxUnreachable):
            connecting.connect(config(port=port, timeout=60), Stopping(0.2))
        assert time.monotonic() - began < 10


@pytest.mark.server
def test_a_tunnel_whose_far_side_is_down() -> None:
    with listening(lambda connected: connected.close()) as port:
        error = refused(port=port)
    assert "closed before AMI's banner came" in error.message
    assert "tunnel (ssh -L)" in error.hint
    assert "authlimit" in error.hint


@pytest.mark.server
def test_a_banner_that_drips_or_never_ends_is_bounded() -> None:
    def endless(connected: socket.socket) -> None:
        while True:
            connected.sendall(b"A" * 65536)

    def drip(connected: socket.socket) -> None:
        for _ in range(1_000):
            connected.sendall(b"A")
            time.sleep(0.02)  # the time itself is the matter

    with listening(endless) as port:
        assert "is not AMI" in refused(port=port).message
    with listening(drip) as port:
        began = time.monotonic()
        assert "sends no AMI banner" in refused(port=port, timeout=0.5).message
        assert time.monotonic() - began < 5


def test_amis_version_is_told_as_asterisks() -> None:
    known = {"1.0": "1.4 or older", "1.1": "1.6 or 1.8", "1.3": "10 or 11", "2.10.6": "12 to 15", "5.0.4": "16"}
    for version, asterisk in {**known, "11.0.0": "22", "99.0.0": "newer"}.items():
        assert asterisk in greeting.asterisk_of(version)
