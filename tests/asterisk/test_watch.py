"""``astsync watch`` as a process beside real Asterisks that are restarted with AstDB wiped, and allow one session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from astsync.sandbox.asterisk import Installation, ManagerUser, PrivateAsterisk
from astsync.sandbox.onec import OneC
from tests.bench.bench_reboots import Probe, restarts
from tests.cli.sandbox import CONFIGURATION
from tests.cli.test_watch import astsync, log, log_file, watching
from tests.eventually import eventually

COUNTERPARTIES = 2_000  # make reboots plays 10,000
BOUND = 20.0  # seconds: the target is 2, the machine may be very busy; without a restore it takes for ever
# The least rights, and those with which events come.
USERS = (ManagerUser("astsync", "system"), ManagerUser("listener", "system", "system"), ManagerUser("probe", "system"))


@pytest.fixture(scope="module")
def onec() -> Iterator[OneC]:
    with OneC(COUNTERPARTIES) as started:
        yield started


@pytest.fixture(scope="module")
def asterisk(any_installation: Installation) -> Iterator[PrivateAsterisk]:
    with PrivateAsterisk(any_installation, users=USERS, one_session=True) as started:
        yield started


@pytest.fixture(scope="module")
def synced(asterisk: PrivateAsterisk, onec: OneC, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a PBX that is in step."""
    folder = tmp_path_factory.mktemp("watch")
    file = folder / "astsync.toml"
    file.write_text(CONFIGURATION.format(url=onec.url, onec=onec, pbx=asterisk, folder=folder), encoding="utf-8")
    assert astsync(file, "-q", "sync").wait(60) == 0
    return file


@pytest.fixture
def configuration(synced: Path) -> Path:
    log_file(synced).unlink(missing_ok=True)
    return synced


@pytest.mark.parametrize(("user", "rounds"), [("astsync", 2), ("listener", 1)])
def test_a_wiped_phonebook_is_back_soon_after_ami_answers(
    configuration: Path, asterisk: PrivateAsterisk, user: str, rounds: int
) -> None:
    probe = Probe(asterisk)
    wanted = probe.count()
    assert wanted > COUNTERPARTIES
    login = {"ASTSYNC_PBX__OFFICE__USER": user, "ASTSYNC_PBX__OFFICE__SECRET": asterisk.secret_of(user)}
    restored = f"restore: {wanted} added, 0 changed, 0 deleted"
    with watching(configuration, "--every", "0", **login):
        eventually(lambda: "in step" in log(configuration), 30)
        assert max(restarts(asterisk, probe, wanted, rounds)) < BOUND
        eventually(lambda: log(configuration).count(restored) == rounds)
    said = log(configuration)
    assert said.count("back after") == rounds
    # Asterisk may end before its last event is out, so a listener hears it nearly always.
    assert user == "listener" or "Asterisk is shutting down" not in said
    assert asterisk.secret_of(user) not in said


def test_syncs_go_over_the_one_session_that_asterisk_allows(configuration: Path) -> None:
    with watching(configuration, "--every", "1s") as running:
        eventually(lambda: log(configuration).count("office: sync: in step") >= 2, 60)
        assert astsync(configuration, "sync").wait(60) == 5
    said = log(configuration)
    assert "AMI refused the login of" in said, said
    assert f"`astsync watch` (process {running.pid}) on this machine" in said
    assert said.count("Login Already In Use") == said.count("allowmultiplelogin = no")
    eventually(lambda: astsync(configuration, "-q", "sync").wait(60) == 0, 60)
