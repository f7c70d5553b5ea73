"""The Debian package in a clean root: installed, upgraded with a store, removed, purged; ``make deb-test`` plays it."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from astsync import __version__
from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.onec import OneC
from tests.packages.asked import played_by
from tests.packages.built import EPOCH, ROOT
from tests.packages.clean_root import CleanRoot, bring, why_not

pytestmark = [played_by("deb-test"), pytest.mark.slow, pytest.mark.skipif(bool(why_not()), reason=why_not())]

OLDER = "0.0.9"
UNITS = ("astsync-sync.service", "astsync-sync.timer", "astsync-watch.service", "astsync-serve.service")
STATE, SETTINGS = "/var/lib/astsync", "/etc/astsync"
CONFIGURATION = """\
[source]
url = "{onec.url}"
user = "{onec.user}"
password_file = "/etc/astsync/1c.password"

[store]
path = "/var/lib/astsync/store.sqlite3"

[[pbx]]
name = "office"
host = "{pbx.host}"
port = {pbx.port}
user = "{pbx.user}"
secret_file = "/etc/astsync/office.secret"
"""


def build(version: str, folder: Path) -> Path:
    command = [sys.executable, str(ROOT / "packaging/build_deb.py"), "--version", version, str(folder)]
    environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder), "SOURCE_DATE_EPOCH": EPOCH}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(__version__, tmp_path_factory.mktemp("deb"))


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(OLDER, tmp_path_factory.mktemp("older"))


@pytest.fixture(scope="module")
def tar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tar = tmp_path_factory.mktemp("root") / "root.tar"
    bring(tar)
    return tar


@pytest.fixture
def root(tar: Path, tmp_path: Path) -> Iterator[CleanRoot]:
    root = CleanRoot(tar, tmp_path / "root")
    yield root
    shutil.rmtree(root.folder)


@pytest.fixture
def onec() -> Iterator[OneC]:
    with OneC(60) as onec:
        yield onec


@pytest.fixture
def pbx() -> Iterator[AmiStandIn]:
    with AmiStandIn() as pbx:
        yield pbx


def configure(root: CleanRoot, onec: OneC, pbx: AmiStandIn) -> None:
    """Do what README.Debian says."""
    texts = {
        "astsync.toml": CONFIGURATION.format(onec=onec, pbx=pbx),
        "1c.password": f"{onec.password}\n",
        "office.secret": f"{pbx.secret}\n",
    }
    for name, text in texts.items():
        root.path(f"{SETTINGS}/{name}").write_text(text, encoding="utf-8")
        root.run("chown", "root:astsync", f"{SETTINGS}/{name}")
        root.run("chmod", "0640", f"{SETTINGS}/{name}")


def runs(root: CleanRoot) -> int:
    history = json.loads(root.run("astsync", "history", "--all", "--format", "json", user="astsync"))
    return len(history["runs"])


def test_a_fresh_install_has_a_user_folders_units_that_wait_and_a_program(root: CleanRoot, package: Path) -> None:
    root.install(package)
    assert root.run("astsync", "--version", user="nobody") == f"astsync {__version__}\n"
    assert root.run("getent", "passwd", "astsync").split(":")[5:] == [STATE, "/usr/sbin/nologin\n"]
    assert root.kind(STATE) == "700 astsync:astsync"
    assert root.kind(SETTINGS) == "750 root:astsync"
    assert list(root.path(SETTINGS).iterdir()) == []
    for unit in UNITS:
        assert root.try_run("systemctl", "is-enabled", unit).stdout.strip() in {"disabled", "static"}, unit
    assert root.run("dpkg", "--audit") == ""
    listed = root.run("dpkg", "--listfiles", "astsync").splitlines()
    shared = ("man/man1/astsync.1.gz", "man/ru/man1/astsync.1.gz", "bash-completion/completions/astsync")
    assert {f"/usr/share/{name}" for name in (*shared, "doc/astsync/examples/astsync.toml")} <= set(listed)
    assert root.run("dpkg", "--verify", "astsync") == ""


def test_systemd_understands_the_units(root: CleanRoot, package: Path) -> None:
    root.install(package)
    places = [f"/lib/systemd/system/{unit}" for unit in UNITS]
    done = root.try_run("systemd-analyze", "verify", "--man=no", *places)
    assert not [line for line in done.stderr.splitlines() if "astsync" in line], done.stderr
    for place in places:
        text = root.path(place).read_text("utf-8")
        assert "ConditionPathExists=/etc/astsync/astsync.toml" in text
        assert "/opt/" not in text


def test_the_program_starts_from_bytecode_and_holds_nothing_of_the_builder(root: CleanRoot, package: Path) -> None:
    root.install(package)
    home = root.path("/usr/lib/astsync")
    assert list(home.glob("lib/python3*/site-packages/astsync/__pycache__/*.pyc"))
    told = (str(ROOT).encode(), b"astsync-deb-")
    files = [path for path in home.rglob("*") if path.is_file() and not path.is_symlink() and path.suffix != ".pyc"]
    assert len(files) > 1000
    assert not [path for path in files if any(word in path.read_bytes() for word in told)]
    assert not [path for path in home.rglob("*") if path.name in {"pip", "direct_url.json"}]
    assert {path.name for path in (home / "bin").iterdir()} - {"astsync", "python", "python3"} <= {
        f"python3.{minor}" for minor in range(11, 20)
    }


def test_the_first_steps_of_readme_debian_make_a_store(
    root: CleanRoot, package: Path, onec: OneC, pbx: AmiStandIn
) -> None:
    root.install(package)
    configure(root, onec, pbx)
    root.run("astsync", "check", user="astsync")
    root.run("astsync", "sync", user="astsync")
    assert len(pbx.family()) > 20
    assert root.kind(f"{STATE}/store.sqlite3") == "600 astsync:astsync"
    assert root.try_run("astsync", "history", user="nobody").returncode == 2  # the configuration is not for everybody


def test_an_upgrade_keeps_the_store_the_configuration_and_the_user(
    root: CleanRoot, older: Path, package: Path, onec: OneC, pbx: AmiStandIn
) -> None:
    root.install(older)
    assert root.run("astsync", "--version") == f"astsync {OLDER}\n"
    configure(root, onec, pbx)
    root.run("astsync", "sync", user="astsync")
    user, before = root.run("getent", "passwd", "astsync"), pbx.family()
    assert runs(root) == 1
    root.install(package)
    assert root.run("astsync", "--version") == f"astsync {__version__}\n"
    assert root.run("getent", "passwd", "astsync") == user
    assert root.kind(f"{SETTINGS}/astsync.toml") == "640 root:astsync"
    assert runs(root) == 1
    root.run("astsync", "diff", "--exit-code", user="astsync")  # still in step: 3 would mean differences
    (number, *_) = before
    root.run("astsync", "undo", "--yes", user="astsync")  # what the older one wrote is known to the newer
    assert number not in pbx.family()


def test_a_removal_keeps_state_and_settings_for_the_next_install(
    root: CleanRoot, package: Path, onec: OneC, pbx: AmiStandIn
) -> None:
    root.install(package)
    configure(root, onec, pbx)
    root.run("astsync", "sync", user="astsync")
    root.run("dpkg", "--remove", "astsync")
    assert not root.path("/usr/lib/astsync").exists()
    assert not root.path("/usr/bin/astsync").is_symlink()
    assert root.path(f"{STATE}/store.sqlite3").is_file()
    assert root.path(f"{SETTINGS}/1c.password").is_file()
    root.run("getent", "passwd", "astsync")
    root.install(package)
    assert runs(root) == 1


@pytest.mark.parametrize("removed_before", [False, True])
def test_a_purge_takes_state_settings_and_user(
    removed_before: bool, root: CleanRoot, package: Path, onec: OneC, pbx: AmiStandIn
) -> None:
    before = {name: root.path(name).read_text() for name in ("/etc/passwd", "/etc/group")}
    root.install(package)
    configure(root, onec, pbx)
    root.run("astsync", "sync", user="astsync")
    written = pbx.family()
    if removed_before:
        root.run("dpkg", "--remove", "astsync")
    root.run("dpkg", "--purge", "astsync")
    for place in (
        STATE,
        SETTINGS,
        "/usr/lib/astsync",
        "/usr/share/doc/astsync",
        "/lib/systemd/system/astsync-sync.timer",
    ):
        assert not root.path(place).exists(), place
    assert {name: root.path(name).read_text() for name in before} == before
    assert not [path for path in root.path("/etc").rglob("*astsync*") if path.name not in {"passwd-", "group-"}]
    assert not list(root.path("/var/lib/systemd").rglob("*astsync*"))
    assert root.try_run("dpkg", "--status", "astsync").returncode == 1
    assert pbx.family() == written
    root.install(package)  # and again, as on a new machine
    assert root.kind(STATE) == "700 astsync:astsync"


def test_an_administrators_own_rights_are_kept(root: CleanRoot, package: Path) -> None:
    root.install(package)
    root.run("dpkg-statoverride", "--update", "--add", "root", "adm", "0755", SETTINGS)
    root.install(package)
    assert root.kind(SETTINGS) == "755 root:adm"


def test_the_same_package_is_built_again_to_the_byte(package: Path, tmp_path: Path) -> None:
    assert build(__version__, tmp_path).read_bytes() == package.read_bytes()


@pytest.mark.skipif(shutil.which("lintian") is None, reason="NOT TESTED: no lintian here (apt-get install lintian)")
def test_lintian_finds_no_error(package: Path) -> None:
    done = subprocess.run(
        ["lintian", "--allow-root", "--fail-on", "error", str(package)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert not re.findall(r"^E: .*", done.stdout, re.MULTILINE)
