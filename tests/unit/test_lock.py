"""The lock of the store: who holds it since when and what it is doing, and what the file beside it may hold."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from astsync.errors import LockedError
from astsync.phonebook.model import Progress, no_progress
from astsync.sandbox.ami import AmiStandIn
from astsync.store import database, holder, lock, locked, running
from tests.unit.watch_rig import WatchRig


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite3"


def note(path: Path) -> Path:
    return Path(f"{path}.pid")


def refusal(path: Path) -> LockedError:
    with pytest.raises(LockedError) as fault, locked(path, patience=0):
        pass
    return fault.value


def facts(**changes: Any) -> str:
    """A note of this process as if written by another run, changed."""
    with locked(Path(changes.pop("path"))) as held:
        return json.dumps({**vars(held)["_facts"], **changes})


HOLDS = """
import pathlib, sys
from astsync.sandbox.ami import AmiStandIn
from astsync.store import locked
with locked(pathlib.Path(sys.argv[1]), "astsync sync") as held:
    held.note("Catalog_Контрагенты", 12_000, None)
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_with_the_lock_is_named_with_its_work(path: Path) -> None:
    command = [sys.executable, "-c", HOLDS, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        error = refusal(path)
        assert error.message.startswith(
            f"another run of astsync (process {other.pid}, `astsync sync`) holds the lock since "
        )
        assert error.message.endswith(": it is reading the source: Catalog_Контрагенты 12,000")
        assert "run.max_minutes" in error.hint
        assert f"`kill {other.pid}`" in error.hint
        under_way = running(path)
        assert under_way is not None
        assert under_way.pid == other.pid
        other.kill()
        other.wait(10)
        assert running(path) is None
    with locked(path):
        assert json.loads(note(path).read_text())["pid"] == os.getpid()
    assert not note(path).exists()


@pytest.mark.parametrize(
    ("stage", "done", "total", "seen"),
    [
        ("", 0, None, "it waits for a first answer"),
        ("counterparties", 12_000, None, "it is reading the source: counterparties 12,000"),
        ("Catalog_X: phones", 5, 10, "it is reading the source: Catalog_X: phones 5 of 10"),
        ("office: DBPut", 300, 5_000, "it is at office: writing 300 of 5,000"),
    ],
)
def test_the_refusal_says_what_the_holder_is_doing(
    path: Path, stage: str, done: int, total: int | None, seen: str
) -> None:
    with locked(path, "astsync push") as held:
        held.note(stage, done, total)
        assert refusal(path).message.endswith(f" (0 s): {seen}") or f": {seen}" in refusal(path).message
        assert list(path.parent.glob("*.new")) == []


def test_a_holder_that_does_not_move_is_told(path: Path) -> None:
    old = time.time() - 40 * 60
    left = facts(path=path, began=old, stage="counterparties", done=7, total=None, moved=old + 120)
    with locked(path):
        note(path).write_text(left)
        assert "(40 min): it is reading the source: counterparties 7, without progress for 38 min" in (
            refusal(path).message
        )


def test_a_command_that_is_known_is_not_named_twice(path: Path) -> None:
    with locked(path, "astsync watch"):
        with pytest.raises(LockedError) as fault, locked(path, "astsync watch", "another astsync watch"):
            pass
        assert f"another astsync watch (process {os.getpid()}) holds the lock since" in fault.value.message


def test_a_run_of_watch_is_not_to_be_killed(path: Path) -> None:
    with locked(path, "astsync watch"):
        assert "kill" not in refusal(path).hint


def test_a_count_is_noted_seldom_and_a_new_stage_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holder, "_EVERY", 3_600)
    with locked(path) as held:
        for done in range(1_000):
            held.note("office: read", done, None)
            held.note("branch: read", done, None)
        assert "at branch: reading 0" in refusal(path).message
        held.note("office: DBPut", 5, 10)
        assert "at office: writing 5 of 10" in refusal(path).message


@pytest.mark.parametrize(
    "left",
    [
        "", "4711", "{", "[]", "null", "[" * 4_000, "9" * 4_000, "{}", '{"pid": 1}', "a pid\n", "\x00" * 100, "\ud800",
        '{"pid": true, "command": "x", "began": 1}', '{"pid": -1, "command": "x", "began": 1}',
        '{"pid": 1e3, "command": "x", "began": 1}', '{"pid": PID, "command": 5, "began": 1}',
        '{"pid": PID, "command": "x", "began": NaN}', '{"pid": PID, "command": "x", "began": Infinity}',
        '{"pid": PID, "command": "x", "began": "1"}', f'{{"pid": 1, "command": "{"x" * 9_000}", "began": 1}}',
        '{"pid": ' + "9" * 400 + ', "command": "x", "began": 1}',
        '{"pid": PID, "command": "x", "began": 1, "born": "1"}',
    ],
)  # fmt: skip
def test_a_note_that_makes_no_sense_names_nobody(path: Path, left: str) -> None:
    with locked(path):
        note(path).write_bytes(left.replace("PID", str(os.getpid())).encode("utf-8", "surrogatepass"))
        error = refusal(path)
        assert error.message == "another run of astsync holds the lock"
        assert error.hint
    with locked(path):
        assert json.loads(note(path).read_text())["pid"] == os.getpid()


def test_what_a_note_says_cannot_steer_a_terminal_or_fill_it(path: Path) -> None:
    bad = "\x1b[31m\n" + "x" * 1_000
    left = facts(path=path, command=bad, host=bad, stage=f"{bad}: read", done=-(10**300), total=10**300, moved=-1)
    with locked(path):
        note(path).write_text(left)
        error = refusal(path)
        assert error.message.isprintable()
        assert len(error.message) < 1_200


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "large"])
def test_what_stands_in_the_place_of_the_note_holds_nobody_up(path: Path, tmp_path: Path, kind: str) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("theirs")
    if kind == "folder":
        (note(path) / "more").mkdir(parents=True)
    elif kind == "pipe":
        os.mkfifo(note(path))
    elif kind == "link":
        note(path).symlink_to(theirs)
    else:
        with note(path).open("wb") as file:
            file.truncate(10**9)
    draft = Path(f"{path}.pid.new")
    draft.symlink_to(theirs)
    with locked(path) as held:
        held.note("office: read", 1, None)
        assert ("process" in refusal(path).message) is (kind != "folder")
    assert theirs.read_text() == "theirs"


def test_a_number_that_another_process_has_now_is_not_named(path: Path) -> None:
    left = facts(path=path)
    reused = json.dumps({**json.loads(left), "born": "17"})
    with locked(path):
        note(path).write_text(left)
        assert f"process {os.getpid()}" in refusal(path).message
        note(path).write_text(reused)
        assert "process" not in refusal(path).message


def test_a_holder_on_another_machine_is_named_with_it(path: Path) -> None:
    left = facts(path=path, pid=17, born="1", host="pbx-two", command="astsync sync")
    assert socket.gethostname() != "pbx-two"
    with locked(path):
        note(path).write_text(left)
        error = refusal(path)
        assert "(process 17 on pbx-two, `astsync sync`)" in error.message
        assert "kill" not in error.hint
        assert running(path) is None


def test_the_progress_bar_opens_after_the_lock_is_taken_and_the_store_is_open(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rig = WatchRig(tmp_path)
    rig.pbxs["office"], rig.more = AmiStandIn(), {"port": 5038}
    opened = []

    @contextmanager
    def bar() -> Iterator[Progress]:
        assert "holds the lock" in refusal(rig.path).message
        opened.append([record.levelname for record in caplog.records])
        yield no_progress

    rig.path.write_bytes(b"damaged" * 1_000)
    parts = rig.parts()
    with parts.engine("astsync sync", [], parts.options(), bar()):
        assert opened == [["ERROR"]]
    with locked(rig.path), pytest.raises(LockedError), parts.engine("astsync sync", [], parts.options(), bar()):
        pass
    assert len(opened) == 1


HOLDS_SHORTLY = """
import pathlib, sys, time
from astsync.store import locked
with locked(pathlib.Path(sys.argv[1]), "astsync serve", short=True) as held:
    held.note("office: DBPut", 1, 2)
    print("held", flush=True)
    sys.stdin.readline()
    time.sleep(0.3)  # the time itself is the matter: the other run must meet the lock
"""


def test_a_run_that_holds_the_lock_for_a_moment_is_waited_for(path: Path) -> None:
    command = [sys.executable, "-c", HOLDS_SHORTLY, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(LockedError, match=r"`astsync serve`\) holds the lock"), locked(path, patience=0):
            pass
        other.stdin.write(b"\n")
        other.stdin.flush()
        with locked(path, "astsync sync"):
            assert json.loads(note(path).read_text())["pid"] == os.getpid()


def test_a_short_run_that_does_not_end_is_waited_for_no_longer_than_allowed(path: Path) -> None:
    with locked(path, short=True):
        began = time.monotonic()
        with pytest.raises(LockedError), locked(path, patience=0.3):
            pass
        assert 0.3 <= time.monotonic() - began < lock.PATIENCE


@pytest.mark.parametrize("short", [False, True])
def test_a_long_run_is_waited_for_by_nobody(path: Path, monkeypatch: pytest.MonkeyPatch, short: bool) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it waits"))
    with locked(path, "astsync sync"), pytest.raises(LockedError, match="astsync sync"), locked(path, short=short):
        pass


def test_a_holder_that_has_not_said_who_it_is_is_asked_again(path: Path) -> None:
    with locked(path, short=True):
        said = note(path).read_text()
        note(path).unlink()
        later = threading.Timer(0.03, note(path).write_text, [said])
        later.start()
        began = time.monotonic()
        with pytest.raises(LockedError, match="process"), locked(path, patience=0.4):
            pass
        later.join()
        assert time.monotonic() - began >= 0.4


def test_a_narrow_run_does_not_read_the_whole_store_for_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = WatchRig(tmp_path)
    rig.pbxs["office"], rig.more = AmiStandIn(), {"port": 5038}
    parts, checks = rig.parts(), list[object]()
    with parts.store(write=True):
        pass
    monkeypatch.setattr(database, "_check", checks.append)
    with parts.narrow_writer("astsync serve"):
        assert checks == []
    with parts.engine("astsync sync", [], parts.options()):
        assert len(checks) == 1


def test_a_sync_waits_for_a_narrow_run_and_a_narrow_run_for_no_sync(tmp_path: Path) -> None:
    rig = WatchRig(tmp_path)
    rig.pbxs["office"], rig.more = AmiStandIn(), {"port": 5038}
    parts = rig.parts()
    synced = threading.Event()

    def sync() -> None:
        with parts.engine("astsync sync", [], parts.options()):
            synced.set()

    with parts.narrow_writer("astsync serve") as writer:
        writer.keep({"74955550101": "OOO Beta"})
        thread = threading.Thread(target=sync)
        thread.start()
        with pytest.raises(LockedError), parts.engine("astsync watch", [], parts.options(), patience=0):
            pass
        assert not synced.is_set()
    thread.join(lock.PATIENCE)
    assert synced.is_set()
    with parts.engine("astsync sync", [], parts.options()), pytest.raises(LockedError, match="astsync sync"):
        parts.narrow_writer("astsync serve").__enter__()
    with parts.store(write=False) as store:
        (kept,) = store.online_of(["74955550101"]).values()
        assert (kept.name, (kept.until - kept.at).total_seconds()) == ("OOO Beta", 7 * 86_400)
