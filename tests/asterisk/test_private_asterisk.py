"""The private Asterisk itself: it starts, calls, restarts and goes without a trace."""

import os
import re
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from astsync.errors import PbxTimeout, PbxUnreachable, UnsafeValue
from astsync.pbx.astdb import AmiPbx
from astsync.sandbox.asterisk import Installation, ManagerUser, PrivateAsterisk, private
from tests.eventually import eventually
from tests.secured_asterisk import secured_asterisk, secured_config

NUMBER = "74950000001"


def is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children() -> set[int]:
    return {int(child) for child in Path("/proc/self/task", str(os.getpid()), "children").read_text().split()}


def ami_answers(asterisk: PrivateAsterisk, user: str, *actions: str) -> list[str]:
    """Log in as a user, send actions and give the Response of the login and of each."""
    packets = [f"Action: Login\r\nUsername: {user}\r\nSecret: {asterisk.secret_of(user)}\r\nEvents: off"]
    packets += [*actions, "Action: Logoff"]
    with socket.create_connection((asterisk.host, asterisk.port), timeout=10) as ami:
        ami.sendall("".join(f"{packet}\r\n\r\n" for packet in packets).encode())
        said = b"".join(iter(lambda: ami.recv(65536), b"")).decode()
    return re.findall(r"^Response: (\w+)", said, re.MULTILINE)[:-1]


def put(asterisk: PrivateAsterisk, number: str, name: str) -> None:
    action = f"Action: DBPut\r\nFamily: cidname\r\nKey: {number}\r\nVal: {name}"
    assert ami_answers(asterisk, asterisk.user, action) == ["Success", "Success"]


def test_runs_the_version_it_says(any_asterisk: PrivateAsterisk) -> None:
    assert f"Asterisk {any_asterisk.version} " in any_asterisk.console("core show version")
    assert any_asterisk.pid is not None


def test_ami_listens_on_the_loopback_only(any_asterisk: PrivateAsterisk) -> None:
    settings = any_asterisk.console("manager show settings")
    assert re.search(rf"TCP Bindaddress:\s+127\.0\.0\.1:{any_asterisk.port}\b", settings)


def test_a_number_without_an_entry_shows_the_carriers_name(any_asterisk: PrivateAsterisk) -> None:
    assert any_asterisk.call("74950000099", "CARRIER") == "CARRIER"
    assert any_asterisk.call("74950000099") == ""


def test_a_number_with_an_entry_shows_its_name(any_asterisk: PrivateAsterisk) -> None:
    put(any_asterisk, NUMBER, "OOO MIKO")
    assert any_asterisk.call(NUMBER, "CARRIER") == "OOO MIKO"
    assert any_asterisk.call(f"{NUMBER}9", "CARRIER") == "CARRIER"


@pytest.mark.parametrize(
    "name", ["ООО «Ромашка»", 'a "b" c', "a\\b", "a, b; c (d", "${EXTEN} $[1+1]", "x <y>", "a:b|c"]
)
def test_a_carriers_name_comes_through_a_call_unchanged(any_asterisk: PrivateAsterisk, name: str) -> None:
    assert any_asterisk.call("74950000098", name) == name


def test_a_call_refuses_line_breaks(any_asterisk: PrivateAsterisk) -> None:
    with pytest.raises(UnsafeValue):
        any_asterisk.call(NUMBER, "a\r\nAction: Logoff")


def test_a_call_that_rings_nowhere_is_told(any_asterisk: PrivateAsterisk) -> None:
    with pytest.raises(PbxTimeout, match="no phone rang"):
        any_asterisk.call(NUMBER, context="nowhere", wait=0.5)


@pytest.mark.parametrize(
    ("user", "may_read", "may_write", "may_command"),
    [
        ("astsync", True, True, False),
        ("command", True, True, True),
        ("reader", True, False, False),
        ("nobody", False, False, False),
    ],
)
def test_each_user_has_its_rights(
    any_asterisk: PrivateAsterisk, user: str, may_read: bool, may_write: bool, may_command: bool
) -> None:
    put(any_asterisk, NUMBER, "OOO MIKO")
    read = "Action: DBGet\r\nFamily: cidname\r\nKey: 74950000001"
    write = "Action: DBPut\r\nFamily: rights\r\nKey: 1\r\nVal: x"
    for action, may in (
        (read, may_read),
        (write, may_write),
        ("Action: Command\r\nCommand: core show uptime", may_command),
    ):
        login, answer = ami_answers(any_asterisk, user, action)[:2]
        assert (login, answer) == ("Success", "Success" if may else "Error")


def test_restart_keeps_astdb_and_the_port_and_wipe_loses_it(any_installation: Installation) -> None:
    with PrivateAsterisk(any_installation) as asterisk:
        put(asterisk, NUMBER, "OOO MIKO")
        first = asterisk.port, asterisk.pid
        asterisk.restart()
        assert asterisk.port == first[0]
        assert asterisk.pid not in (None, first[1])
        assert asterisk.call(NUMBER, "CARRIER") == "OOO MIKO"
        asterisk.restart(wipe=True)
        assert asterisk.call(NUMBER, "CARRIER") == "CARRIER"


def test_kill_ends_at_once_and_start_brings_it_back(any_installation: Installation) -> None:
    with PrivateAsterisk(any_installation) as asterisk:
        pid, port = asterisk.pid, asterisk.port
        assert pid is not None
        asterisk.kill()
        assert not is_alive(pid)
        assert asterisk.pid is None
        assert asterisk.folder.is_dir()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((asterisk.host, port), timeout=1)
        asterisk.start()
        assert asterisk.port == port
        assert asterisk.call(NUMBER, "CARRIER") == "CARRIER"


def test_stop_leaves_no_process_and_no_folder(any_installation: Installation) -> None:
    before = children()
    asterisk = PrivateAsterisk(any_installation)
    with asterisk:
        folder = asterisk.folder
        assert asterisk.pid in children() - before
    assert children() == before
    assert not folder.exists()
    asterisk.stop()  # once more does no harm


def test_a_folder_of_ones_own_stays_and_may_be_long_and_cyrillic(
    any_installation: Installation, tmp_path: Path
) -> None:
    folder = tmp_path / f"папка с пробелом {'x' * 80}"
    with PrivateAsterisk(any_installation, folder) as asterisk:
        assert asterisk.folder == folder
        put(asterisk, NUMBER, "OOO MIKO")
        assert asterisk.call(NUMBER) == "OOO MIKO"
        assert "OOO MIKO" in asterisk.console("database show")
    assert asterisk.pid is None
    with PrivateAsterisk(any_installation, folder) as asterisk:
        assert asterisk.call(NUMBER) == "OOO MIKO"


def test_a_taken_port_makes_it_take_another(any_asterisk: PrivateAsterisk, monkeypatch: pytest.MonkeyPatch) -> None:
    free = private.free_port()
    with socket.create_server((private.HOST, 0)) as mute:
        ports = [any_asterisk.port, mute.getsockname()[1], free]
        monkeypatch.setattr(private, "free_port", lambda: ports.pop(0))
        with PrivateAsterisk(any_asterisk.installation) as asterisk:
            assert asterisk.port == free
            assert asterisk.call("74950000097", "CARRIER") == "CARRIER"


def test_its_own_port_taken_between_two_starts_is_told(any_installation: Installation) -> None:
    with PrivateAsterisk(any_installation) as asterisk:
        asterisk.kill()
        with socket.create_server((asterisk.host, asterisk.port)), pytest.raises(PbxUnreachable) as raised:
            asterisk.start()
    assert str(asterisk.port) in raised.value.hint


def test_one_that_never_answers_is_ended_and_told(any_installation: Installation) -> None:
    mute = replace(
        any_installation, command=(sys.executable, "-c", "import time; print('I sleep', flush=True); time.sleep(99)")
    )
    before = children()
    asterisk = PrivateAsterisk(mute, patience=0.7)
    with pytest.raises(PbxTimeout, match=r"did not answer on AMI within 1 s(?s:.*)I sleep"):
        asterisk.start()
    assert asterisk.pid is None
    assert children() == before


def test_one_that_ends_at_once_is_told_with_its_log(any_installation: Installation) -> None:
    broken = replace(
        any_installation, modules=Path("/nonexistent"), command=("sh", "-c", "echo no module loader; exit 3")
    )
    with pytest.raises(PbxUnreachable, match=r"ended while it started(?s:.*)no module loader"):
        PrivateAsterisk(broken).start()


def test_it_goes_when_its_parent_is_killed(any_installation: Installation) -> None:
    code = (
        "import sys, time; from astsync.sandbox.asterisk import PrivateAsterisk, find_installation\n"
        "asterisk = PrivateAsterisk(find_installation(int(sys.argv[1]))); asterisk.start()\n"
        "print(asterisk.pid, asterisk.folder, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(any_installation.major)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid, folder = parent.stdout.readline().split(maxsplit=1)
        assert is_alive(int(pid))
        parent.send_signal(signal.SIGKILL)
    eventually(lambda: not is_alive(int(pid)))
    eventually(lambda: not Path(folder.strip()).exists())


def test_astdb_over_tls(any_installation: Installation, tmp_path: Path) -> None:
    entries = [(str(74950000000 + i), f"Firma {i}") for i in range(3_000)]
    with secured_asterisk(any_installation, tmp_path) as asterisk:
        assert "writetimeout = 5000" in (asterisk.folder / "etc" / "manager.conf").read_text(encoding="utf-8")
        with AmiPbx(secured_config(asterisk, tmp_path), "cidname").open() as family:
            assert family.put(entries).done == len(entries)
            assert family.read() == dict(entries)


def test_a_dialplan_and_users_of_ones_own(any_installation: Installation) -> None:
    dialplan = "[mine]\nexten => _X.,1,Set(CALLERID(name)=MINE)\n same => n,Dial(Local/${EXTEN}@phones/n)\n"
    with PrivateAsterisk(
        any_installation, users=[ManagerUser("me", "system", secret="known")], dialplan=dialplan
    ) as asterisk:
        assert (asterisk.user, asterisk.secret) == ("me", "known")
        assert asterisk.call(NUMBER, "CARRIER", context="mine") == "MINE"


def test_secrets_do_not_show() -> None:
    assert "hidden" not in repr(ManagerUser("me", secret="hidden"))
