"""``astsync watch`` as a process beside a stand-in PBX: signals, words to systemd, a second watch."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.onec import OneC
from tests.cli.sandbox import CONFIGURATION
from tests.eventually import eventually
from tests.unit.watch_rig import STOPS


@pytest.fixture(scope="module")
def onec() -> Iterator[OneC]:
    with OneC(60) as started:
        yield started


@pytest.fixture
def pbx() -> Iterator[AmiStandIn]:
    with AmiStandIn() as started:
        yield started


@pytest.fixture
def configuration(pbx: AmiStandIn, onec: OneC, tmp_path: Path) -> Path:
    file = tmp_path / "astsync.toml"
    file.write_text(CONFIGURATION.format(url=onec.url, onec=onec, pbx=pbx, folder=tmp_path), encoding="utf-8")
    return file


def astsync(configuration: Path, *arguments: str, **environ: str) -> "subprocess.Popen[str]":
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ASTSYNC_", "NOTIFY_"))}
    command = [sys.executable, "-m", "astsync", "--config", str(configuration), *arguments]
    with log_file(configuration).open("a", encoding="utf-8") as output:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=output, env={**own, **environ}, text=True)


@contextmanager
def watching(configuration: Path, *arguments: str, **environ: str) -> Iterator["subprocess.Popen[str]"]:
    with astsync(configuration, "watch", *arguments, **environ) as process:
        try:
            yield process
        finally:
            process.kill()


def log_file(configuration: Path) -> Path:
    return configuration.with_name("log")


def log(configuration: Path) -> str:
    return log_file(configuration).read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("pbx_runs", [True, False], ids=["connected", "between two tries"])
def test_a_signal_ends_it_soon(configuration: Path, number: signal.Signals, pbx_runs: bool) -> None:
    away = {} if pbx_runs else {"ASTSYNC_PBX__OFFICE__PORT": "1"}
    with watching(configuration, "--every", "1h", **away) as process:
        eventually(lambda: ("office: sync: " if pbx_runs else "no connection") in log(configuration), 90)
        begun = time.monotonic()
        process.send_signal(number)
        assert process.wait(10) == 0
        assert time.monotonic() - begun < STOPS
    assert log(configuration).rstrip().endswith("stopped")
    assert "Traceback" not in log(configuration)


def test_systemd_is_told_and_sighup_reads_the_configuration_again(configuration: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        words: list[str] = []

        def wait_for(word: str) -> None:
            while not words or word not in words[-1]:
                words.append(systemd.recv(1000).decode())

        service = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
        with watching(configuration, "--every", "1h", **service) as process:
            wait_for("1 of 1 PBXs connected; last sync done")
            wait_for("WATCHDOG=1")
            good = configuration.read_text(encoding="utf-8")
            for text, told in (
                (f"{good}\nnonsense = 1\n", "the old one stays"),
                (good.replace("secret =", "secret_file = 'nowhere' #"), "secret_file: cannot read"),
                (good.replace("store.sqlite3", "other.sqlite3"), "the store is"),
                (good, "was read again"),
            ):
                configuration.write_text(text, encoding="utf-8")
                process.send_signal(signal.SIGHUP)
                wait_for("RELOADING=1")
                wait_for("READY=1")
                assert told in log(configuration)
                wait_for("WATCHDOG=1")
            process.terminate()
            wait_for("STOPPING=1")
            assert process.wait(10) == 0
    assert words[0] == "READY=1"
    said = log(configuration)
    assert "nonsense" in said
    assert (said.count("the old one stays"), said.count("was read again")) == (3, 1)


def test_a_second_watch_is_refused(configuration: Path) -> None:
    with watching(configuration, "--every", "1h") as first:
        eventually(lambda: "sync: " in log(configuration), 90)
        second = astsync(configuration, "watch")
        assert second.wait(20) == 8
        assert f"another astsync watch (process {first.pid})" in log(configuration)
        assert astsync(configuration, "-q", "sync").wait(60) == 0


def test_a_command_beside_it_is_told_of_it_where_a_pbx_allows_one_session(configuration: Path, pbx: AmiStandIn) -> None:
    pbx.one_session = True
    with watching(configuration, "--every", "1h") as running:
        eventually(lambda: "office: sync: " in log(configuration), 90)
        assert astsync(configuration, "sync").wait(60) == 5
        said = log(configuration)
        assert "Login Already In Use" in said
        assert "`allowmultiplelogin = no` in [general]" in said
        assert f"`astsync watch` (process {running.pid}) on this machine" in said
    assert pbx.actions["Login"] == 2
