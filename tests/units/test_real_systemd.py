"""What ``setup systemd`` and ``setup watch`` write, in a real systemd: start, stop, reload, watchdog, removal."""

import shlex
import socket

import pytest

from tests.eventually import eventually
from tests.units.conftest import PLACE, PROGRAM, Machine

pytestmark = pytest.mark.slow

UNITS = "/etc/systemd/system"


def units(machine: Machine, folder: str = UNITS) -> list[str]:
    return sorted(machine.inside.run("ls", folder).stdout.split())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_the_timer_syncs_as_its_user_with_secrets_that_root_alone_may_read(machine: Machine) -> None:
    before = units(machine)
    done = machine.astsync("setup", "systemd", "--every", "5m")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert "systemd-analyze verify finds no fault" in done.stdout
    assert "`check` and `sync --dry-run` went well in the job's own environment" in done.stdout
    assert "astsync-sync.timer is active" in done.stdout
    assert machine.pbx.writes == 0
    assert machine.systemctl("is-enabled", "astsync-sync.timer") == "enabled"
    (shown,) = (line for line in done.stdout.splitlines() if "next run" in line)
    assert machine.systemctl("show", "-P", "NextElapseUSecRealtime", "astsync-sync.timer") in shown

    assert machine.inside.run("systemctl", "start", "astsync-sync.service").returncode == 0
    assert machine.systemctl("show", "-P", "Result", "astsync-sync.service") == "success"
    assert len(machine.pbx.family()) > 50
    assert machine.inside.run("stat", "-c", "%U %a", "/var/lib/astsync/store.sqlite3").stdout.split()[0] == "astsync"

    assert machine.astsync("setup", "systemd", "--every", "5m").returncode == 0
    assert [name for name in units(machine) if name.endswith(".bak")] == []
    again = machine.astsync("setup", "systemd", "--every", "7m")
    assert again.returncode == 0, again.stderr
    assert "astsync-sync.timer.bak" in again.stdout
    assert machine.systemctl("is-active", "astsync-sync.timer") == "active"
    machine.inside.run("rm", f"{UNITS}/astsync-sync.timer.bak")

    removed = machine.astsync("setup", "systemd", "--remove")
    assert removed.returncode == 0, removed.stderr
    assert [name for name in units(machine) if not name.endswith(".wants")] == [
        name for name in before if not name.endswith(".wants")
    ]
    assert machine.systemctl("is-enabled", "astsync-sync.timer") != "enabled"
    assert machine.systemctl("show", "-P", "LoadState", "astsync-sync.timer") == "not-found"


def test_a_service_that_would_fail_is_not_installed(machine: Machine) -> None:
    before = units(machine)
    machine.inside.write("/etc/astsync/office.secret", "wrong\n", "0600")
    done = machine.astsync("setup", "systemd")
    assert done.returncode == 2
    assert "nothing was installed: `check`, tried as the job will run it, ended with exit code 5" in done.stderr
    assert units(machine) == before
    machine.inside.write("/etc/astsync/office.secret", "wrong\n", "0600")
    machine.inside.run("rm", "/etc/astsync/1c.password")
    gone = machine.astsync("setup", "watch")
    assert gone.returncode == 2
    assert units(machine) == before
    assert machine.inside.run("ls", "/run/systemd/system").stdout == ""


def test_a_unit_of_somebody_else_is_left_and_then_kept_in_a_backup(machine: Machine) -> None:
    own = "[Unit]\nDescription=mine\n[Service]\nExecStart=/bin/true\n"
    machine.inside.write(f"{UNITS}/astsync-watch.service", own)
    done = machine.astsync("setup", "watch")
    assert (done.returncode, "was not written by `astsync setup`" in done.stderr) == (2, True)
    assert machine.inside.run("cat", f"{UNITS}/astsync-watch.service").stdout == own
    left = machine.astsync("setup", "watch", "--remove")
    assert "is not ours and is left" in left.stdout
    done = machine.astsync("setup", "watch", "--replace")
    assert done.returncode == 0, done.stderr
    assert machine.inside.run("cat", f"{UNITS}/astsync-watch.service.bak").stdout == own
    assert machine.astsync("setup", "watch", "--remove").returncode == 0
    machine.inside.run("rm", f"{UNITS}/astsync-watch.service.bak")


def main_pid(machine: Machine) -> str:
    return machine.systemctl("show", "-P", "MainPID", "astsync-watch.service")


def test_the_watch_starts_reloads_is_restarted_by_the_watchdog_and_stops(machine: Machine) -> None:
    port = free_port()
    machine.configure(port)
    done = machine.astsync("setup", "watch", "--serve")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert "astsync-watch.service is active" in done.stdout
    eventually(lambda: len(machine.pbx.family()) > 50)

    assert machine.inside.run("systemctl", "reload", "astsync-watch.service").returncode == 0
    journal = ("journalctl", "-o", "cat", "-u", "astsync-watch")
    eventually(lambda: "the configuration was read again" in machine.inside.run(*journal).stdout)
    eventually(lambda: machine.systemctl("is-active", "astsync-watch.service") == "active")
    machine.inside.write(PLACE, "[source]\nurl = 5\n")
    assert machine.inside.run("systemctl", "reload", "astsync-watch.service").returncode == 0
    eventually(lambda: "source.url" in machine.inside.run(*journal).stdout)
    assert main_pid(machine) != "0"  # a broken one is told, and the old one stays
    machine.configure(port)

    first = main_pid(machine)
    assert machine.inside.run("kill", "-STOP", first).returncode == 0  # no pulse any more
    eventually(lambda: main_pid(machine) not in {"0", first}, seconds=90)
    eventually(lambda: machine.systemctl("is-active", "astsync-watch.service") == "active", seconds=60)
    assert int(machine.systemctl("show", "-P", "NRestarts", "astsync-watch.service")) == 1

    assert machine.inside.run("systemctl", "stop", "astsync-watch.service").returncode == 0
    assert machine.systemctl("show", "-P", "Result", "astsync-watch.service") == "success"
    assert machine.astsync("setup", "watch", "--remove").returncode == 0
    assert machine.systemctl("show", "-P", "LoadState", "astsync-watch.service") == "not-found"


def test_a_user_gets_units_of_a_manager_of_ones_own(machine: Machine) -> None:
    machine.inside.run("useradd", "--create-home", "anna")
    place = "/home/anna/astsync.toml"
    for name, text in (("1c.password", machine.onec.password), ("office.secret", machine.pbx.secret)):
        machine.inside.write(f"/home/anna/{name}", text, "0600", "anna")
    text = machine.inside.run("cat", PLACE).stdout.replace("/var/lib/astsync/store", "/home/anna/store")
    machine.inside.write(place, text, "0600", "anna")
    none = machine.astsync("setup", "systemd", user="anna", config=place)
    assert (none.returncode, "loginctl enable-linger" in none.stderr) == (2, True)
    assert machine.inside.run("loginctl", "enable-linger", "anna").returncode == 0
    eventually(lambda: machine.systemctl("is-active", f"user@{uid(machine)}.service") == "active", seconds=60)

    done = machine.astsync("setup", "systemd", user="anna", config=place)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert "astsync-sync.timer is active" in done.stdout
    started = machine.inside.run("systemctl", "--user", "start", "astsync-sync.service", user="anna")
    assert started.returncode == 0, started.stderr
    assert len(machine.pbx.family()) > 50
    assert machine.astsync("setup", "systemd", "--remove", user="anna", config=place).returncode == 0
    assert units(machine, "/home/anna/.config/systemd/user") == []


def uid(machine: Machine) -> str:
    return machine.inside.run("id", "-u", "anna").stdout.strip()


def test_init_offers_it_at_its_end(machine: Machine) -> None:
    machine.inside.run("useradd", "--create-home", "boris")
    machine.inside.run("loginctl", "enable-linger", "boris")
    for name, text in (("1c", machine.onec.password), ("pbx", machine.pbx.secret)):
        machine.inside.write(f"/home/boris/{name}", text, "0600", "boris")
    number = machine.inside.run("id", "-u", "boris").stdout.strip()
    eventually(lambda: machine.systemctl("is-active", f"user@{number}.service") == "active", seconds=60)
    words = [str(PROGRAM), "init", "/home/boris/astsync.toml", "--url", machine.onec.url, "--user", machine.onec.user]
    words += ["--password-file", "/home/boris/1c", "--country", "RU", "--area-code", "495", "--scheme", "none"]
    words += ["--pbx-name", "office", "--pbx-host", machine.pbx.host, "--pbx-port", str(machine.pbx.port)]
    words += ["--pbx-user", machine.pbx.user, "--pbx-secret-file", "/home/boris/pbx"]
    # Catalogs, the field, the look at real rows, no other PBX, and then the offer.
    at_a_terminal = ["script", "--quiet", "--return", "--command", shlex.join(words), "/dev/null"]
    done = machine.inside.run(*at_a_terminal, user="boris", text="\n\n\n\ns\n")
    assert done.returncode == 0, done.stdout
    assert "Shall syncs run by themselves" in done.stdout
    assert "astsync-sync.timer is active" in done.stdout
    assert "astsync-sync.timer" in units(machine, "/home/boris/.config/systemd/user")
