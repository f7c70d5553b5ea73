"""``setup cron`` with Debian's own cron: its program ``crontab``, its daemon, a job that it runs by itself."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from astsync.errors import AstsyncError
from astsync.sandbox.debian.apt import need_programs
from astsync.sandbox.debian.fetch import own_release
from astsync.setup.cron import MARK
from tests.eventually import eventually
from tests.units.conftest import Machine
from tests.units.private_systemd import PrivateSystemd

pytestmark = pytest.mark.slow

PACKAGES = Path(__file__).parents[2] / ".cache" / "cron"


def archive() -> Path:
    """Debian's package of cron, which is kept for the next time."""
    if not any(PACKAGES.glob("cron_*.deb")):
        PACKAGES.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="astsync-") as folder:
            need_programs()
            apt = own_release(Path(folder))
            apt.download("cron", alone=True)
            for found in apt.archives.glob("cron_*.deb"):
                (PACKAGES / found.name).write_bytes(found.read_bytes())
    return next(PACKAGES.glob("cron_*.deb"))


@pytest.fixture
def cron(systemd: PrivateSystemd) -> Iterator[None]:
    try:
        package = archive()
    except AstsyncError as error:
        pytest.skip(f"NOT TESTED: Debian's cron cannot be had: {error}")
    for command in (
        f"dpkg-deb --extract {package} /run/cron && cd /run/cron && tar -c . | tar -x -C / --keep-directory-symlink",
        "groupadd --system --force crontab",
        "chgrp crontab /usr/bin/crontab && chmod g+s /usr/bin/crontab",
        "install -d -m 1730 -g crontab /var/spool/cron/crontabs",
        "systemctl daemon-reload",
    ):
        done = systemd.run("sh", "-c", command)
        assert done.returncode == 0, done.stderr
    yield
    systemd.run("systemctl", "stop", "cron.service")


@pytest.mark.usefixtures("cron")
def test_cron_runs_the_job_for_its_user(machine: Machine) -> None:
    for name in ("1c.password", "office.secret"):
        machine.inside.run("chown", "astsync:", f"/etc/astsync/{name}")
    idle = machine.astsync("setup", "cron", "--every", "1m")
    assert (idle.returncode, "no cron daemon runs" in idle.stderr) == (2, True)
    assert machine.inside.run("systemctl", "start", "cron.service").returncode == 0

    yours = "MAILTO=anna@example.com\n5 4 * * *  /bin/true\n"
    assert machine.inside.run("crontab", "-u", "astsync", "-", text=yours).returncode == 0
    done = machine.astsync("setup", "cron", "--every", "1m")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert machine.pbx.writes == 0
    crontab = machine.inside.run("crontab", "-u", "astsync", "-l").stdout
    assert crontab.startswith(yours)
    assert crontab.splitlines()[-1].endswith(MARK)
    eventually(lambda: len(machine.pbx.family()) > 50, seconds=150)

    assert machine.astsync("setup", "cron", "--remove").returncode == 0
    assert machine.inside.run("crontab", "-u", "astsync", "-l").stdout == yours
