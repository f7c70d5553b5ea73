"""The parts of watch by themselves: how long to wait, words to systemd, the pulse of a loop, the log's lines."""

import logging
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from astsync.cli import watch as command
from astsync.cli.common import Common
from astsync.cli.output import SafeFormatter
from astsync.cli.service_log import set_up_log
from astsync.errors import (
    AstsyncError,
    ConfigError,
    LockedError,
    PbxLoginError,
    PbxRightsError,
    PbxUnreachable,
    SafetyError,
)
from astsync.pbx.retry import RESTLESS, doubled, jittered, pause_before_restore, pause_while_away, soonest_after
from astsync.sandbox.ami import AmiStandIn
from astsync.watch.clock import Clock
from astsync.watch.loop import Loop, Stopped
from astsync.watch.runs import Turns
from astsync.watch.systemd import Notifier
from tests.eventually import eventually
from tests.unit.watch_rig import WatchRig, said

AWAY = PbxUnreachable("no connection")


def test_a_pbx_that_is_away_is_tried_often_at_first_and_never_hammered() -> None:
    assert pause_while_away(0, AWAY) == 0.1
    assert pause_while_away(2, AWAY) == 0.1
    assert pause_while_away(60, AWAY) == 0.4
    assert pause_while_away(86_400, AWAY) == 15


@pytest.mark.parametrize("away", [1, 5, 20, 60, 180])
def test_a_pbx_that_was_away_for_minutes_is_found_within_two_seconds(away: float) -> None:
    at = 0.0
    while at < away:
        at += 1.2 * pause_while_away(at, AWAY)
    assert at - away < 1.5


def test_connections_that_end_at_once_are_tried_more_and_more_seldom() -> None:
    pauses = [pause_while_away(0, AWAY, soonest_after(short_lived, useful=False)) for short_lived in range(2000)]
    assert pauses[:4] == [0.1, 0.2, 0.4, 0.8]
    assert max(pauses) == pauses[-1] == 15


def test_a_pbx_that_restarts_again_and_again_is_still_found_in_time() -> None:
    pauses = [pause_while_away(5, AWAY, soonest_after(short_lived, useful=True)) for short_lived in range(2000)]
    assert max(pauses[:RESTLESS]) == 0.4
    assert max(pauses) == pauses[-1] == 15  # all day is another matter


@pytest.mark.parametrize("error", [PbxLoginError("wrong"), PbxRightsError("none"), ConfigError("no such file")])
def test_refused_logins_stay_under_a_ban(error: AstsyncError) -> None:
    at, tries = 0.0, []
    while at < 3600:
        tries.append(at)
        at += 0.8 * pause_while_away(at, error)
    assert all(sum(begin <= at < begin + 600 for at in tries) <= 5 for begin in tries[1:])
    assert tries[-1] - tries[-2] == 240


def test_a_restore_that_failed_is_tried_less_and_less_often_and_one_that_a_limit_refused_is_not() -> None:
    pause: float | None = 0.0
    pauses = [pause := pause_before_restore(pause or 0.0, AWAY) for _ in range(11)]
    assert (pauses[:3], pauses[-1]) == ([1, 2, 4], 300)
    assert pause_before_restore(4, SafetyError("too much")) is None


def test_jitter_and_doubling_keep_their_bounds() -> None:
    assert all(8 <= jittered(10) <= 12 for _ in range(200))
    assert len({jittered(10) for _ in range(20)}) > 10
    assert [doubled(pause, 1, 60) for pause in (0, 1, 20, 50)] == [1, 2, 40, 60]


def test_a_fast_clock_passes_and_waits_faster() -> None:
    clock = Clock(speed=1000)
    begun = clock.now()
    clock.wait(threading.Event(), 20)
    assert 20 <= clock.now() - begun < 1000


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """The socket of a stand-in systemd, and its address as ``NOTIFY_SOCKET`` has it."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@astsync-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as taken:
        taken.bind(name.replace("@", "\0", 1))
        taken.settimeout(5)
        yield taken, name


def test_every_word_is_a_datagram(systemd: tuple[socket.socket, str]) -> None:
    taken, name = systemd
    notifier = Notifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())})
    assert notifier.watchdog == 3
    notifier.ready()
    notifier.status("2 of 3\nPBXs")
    notifier.alive()
    notifier.reloading()
    notifier.stopping()
    words = [taken.recv(1000).decode() for _ in range(5)]
    assert words[:3] == ["READY=1", "STATUS=2 of 3 PBXs", "WATCHDOG=1"]
    assert words[3].startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert words[4] == "STOPPING=1"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"WATCHDOG_USEC": "3000000"},
        {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "0"},
        {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "many"},
        {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"},
        {"NOTIFY_SOCKET": "vsock:2:1234"},
    ],
)
def test_without_systemd_nothing_is_told_and_nothing_breaks(environ: dict[str, str]) -> None:
    notifier = Notifier(environ)
    assert notifier.watchdog is None
    notifier.ready()
    notifier.status("all is well")


class Heart(Loop):
    """A loop whose work is a function."""

    def __init__(self, work: object) -> None:
        super().__init__("heart", Clock(speed=1000))
        self._work = work
        self.rounds = 0

    def work(self) -> None:
        self.rounds += 1
        assert callable(self._work)
        self._work(self)


def test_a_bug_is_told_and_ends_no_loop(caplog: pytest.LogCaptureFixture) -> None:
    def fail(heart: Heart) -> None:
        if heart.rounds < 3:
            raise ValueError("a bug")
        heart.wait(10_000)

    heart = Heart(fail)
    heart.start()
    eventually(lambda: heart.rounds == 3)
    assert heart.is_alive(5)
    heart.stop()
    assert heart.join(2)
    told = [line for line in said(caplog) if "this is a bug" in line]
    assert [line.rpartition(" in ")[2] for line in told] == ["60 s", "120 s"]


def test_a_loop_that_hangs_has_no_pulse() -> None:
    hang = threading.Event()
    heart = Heart(lambda _: hang.wait(30))
    heart.start()
    eventually(lambda: not heart.is_alive(0.05))
    assert heart.is_alive(60)
    heart.stop()
    assert not heart.join(0.05)
    hang.set()
    assert heart.join(2)
    assert not heart.is_alive(60)


def test_a_pause_outlasts_what_wakes_the_loop() -> None:
    paused = list[float]()

    def work(heart: Heart) -> None:
        heart.wake()
        begun = heart.clock.now()
        heart.pause(200)
        paused.append(heart.clock.now() - begun)
        heart.wait(10_000)

    heart = Heart(work)
    heart.start()
    eventually(lambda: len(paused) == 1)
    heart.stop()
    assert heart.join(2)
    assert paused[0] >= 200


def test_a_run_under_way_has_a_moment_and_a_pull_has_none() -> None:
    heart = Heart(lambda _: None)
    heart.writing("DBPut", 0, 10)
    heart.stop()
    heart.writing("DBPut", 5, 10)
    with pytest.raises(Stopped):
        heart.pulling("pull", 5, None)
    with pytest.raises(Stopped):
        heart.wait(1)
    with pytest.raises(Stopped):
        Turns().take(heart, lambda: None)


def test_a_turn_waits_for_another_loops_turn() -> None:
    turns, order = Turns(), list[str]()
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        inside.set()
        leave.wait(5)
        order.append("first")

    one = Heart(lambda heart: (turns.take(heart, first), heart.wait(10_000)))
    one.start()
    inside.wait(5)
    two = Heart(lambda heart: (turns.take(heart, lambda: order.append("second")), heart.wait(10_000)))
    two.start()
    leave.set()
    eventually(lambda: order == ["first", "second"])
    for heart in (one, two):
        heart.stop()
        assert heart.join(2)


def test_a_turn_outlasts_a_lock(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    caplog.set_level(logging.INFO, logger="astsync.watch")
    tries = iter([LockedError("held"), LockedError("held"), None])

    def run() -> str:
        if (error := next(tries)) is not None:
            raise error
        return "done"

    heart, pauses = Heart(None), list[float]()
    monkeypatch.setattr(heart, "pause", pauses.append)
    assert Turns().take(heart, run) == "done"
    assert said(caplog) == ["heart: waiting: held"]
    assert len(pauses) == 2
    assert 0.1 < pauses[0] < pauses[1] < 0.5


@pytest.mark.server
def test_the_watchdog_is_shown_a_pulse_only_while_all_loops_have_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rig = WatchRig(tmp_path)
    rig.every = 60
    rig.silence = 0.3
    rig.source.gate.clear()
    with AmiStandIn() as rig.pbxs["office"], socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as taken:
        taken.bind(str(tmp_path / "notify"))
        rig.notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "100000"})
        with rig.watching():
            eventually(lambda: any("no sign of life from sync" in line for line in said(caplog)))
            rig.source.gate.set()
            taken.setblocking(False)
            words = drain(taken)
            assert words.count("WATCHDOG=1") in range(2, 10)
            assert words[0] == "READY=1"
            assert "STATUS=1 of 1 PBXs connected; no sync yet" in words
        assert drain(taken)[-1] == "STOPPING=1"


def drain(taken: socket.socket) -> list[str]:
    words = []
    while True:
        try:
            words.append(taken.recv(1000).decode())
        except BlockingIOError:
            return words


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86400)])
def test_times_of_the_command_line(text: str, seconds: float) -> None:
    assert command.seconds(text) == seconds


def test_a_time_without_a_unit_is_asked_for_it() -> None:
    with pytest.raises(typer.BadParameter, match="45 of what\\? Write 45m"):
        command.seconds("45")


@pytest.mark.parametrize("text", ["", "m", "-5m", "1.5h", "15 minutes", "1w", "9999999s"])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="90s, 15m or 2h"):
        command.seconds(text)


def _formatted(environ: dict[str, str], level: int) -> str:
    handler = logging.StreamHandler()
    handler.setFormatter(SafeFormatter("%(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        set_up_log(Common(None, (), 0, quiet=True, command="watch"), environ)
        record = logging.LogRecord("astsync.watch", level, "", 0, "office: away\x1b[31m\nand more", (), None)
        return handler.format(record)
    finally:
        root.removeHandler(handler)


def test_lines_have_the_time_and_nothing_that_steers_a_terminal() -> None:
    first, second = _formatted({}, logging.INFO).split("\n")
    assert first[4] == "-"
    assert " astsync: office: away" in first
    assert second == "  and more"
    assert "\x1b" not in first


@pytest.mark.parametrize(
    ("level", "priority"), [(logging.DEBUG, 7), (logging.INFO, 6), (logging.WARNING, 4), (logging.ERROR, 3)]
)
def test_lines_for_the_journal_have_its_priority(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, level: int, priority: int
) -> None:
    with (tmp_path / "journal").open("w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        place = os.fstat(stream.fileno())
        text = _formatted({"JOURNAL_STREAM": f"{place.st_dev}:{place.st_ino}"}, level)
    assert all(line.startswith(f"<{priority}>") for line in text.split("\n"))
