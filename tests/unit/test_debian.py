"""Fetching Debian's packages: with stand-ins for apt and dpkg, and with the real apt for what it must refuse."""

import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from astsync.sandbox.debian import apt
from astsync.sandbox.debian import fetch as debian
from astsync.sandbox.debian.apt import FetchError, Mirror, explain_failure, find_mirrors, read_mirrors

REPOSITORY = Path(debian.__file__).parents[3]

# Each notes its call in `log`; files beside it, when there, say how to fail.
APT_GET = """
case "$*" in *indextargets*) cat "$HERE/targets"; exit 0;; esac
echo "apt-get $*" >> "$HERE/log"
case "$*" in
*update*) grep -q -f "$HERE/refused" "${2%/*}/sources.list" || exit 0
  cat "$HERE/said"; exit 100;;
*install*) for name in a b c; do echo "Get:1 $name"; echo x > $name.deb
  test -f "$HERE/break-$name" && { cat "$HERE/break-$name"; exit 100; }; done;;
*download*) echo x > pip.deb;;
esac
exit 0
"""
APT_CACHE = """
suite=$(sed 's/.* \\([a-z]*\\) main/\\1/' "${2%/*}/sources.list")
echo "Package: asterisk"; echo "Version: $(cat "$HERE/version-$suite")"
"""
DPKG_DEB = """
name=$(basename "$2" .deb); echo "dpkg-deb $name" >> "$HERE/log"
test -f "$HERE/full-$name" && { cat "$HERE/full-$name"; exit 2; }
mkdir -p "$3/usr/sbin" "$3/usr/share/doc" "$3/usr/share/python-wheels"
echo "$name" > "$3/usr/sbin/$name"; chmod 4755 "$3/usr/sbin/$name"; echo > "$3/usr/share/doc/$name"
test $name = a && echo > "$3/usr/sbin/asterisk"
test $name = pip && cp "$HERE/pip.whl" "$3/usr/share/python-wheels/pip-1-py3-none-any.whl"
exit 0
"""


class Machine:
    """Stand-ins for apt and dpkg in one folder, first on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        programs = {"apt-get": APT_GET, "apt-cache": APT_CACHE, "dpkg-deb": DPKG_DEB, "dpkg": "echo amd64"}
        for name, text in programs.items():
            (folder / name).write_text(f'#!/bin/sh\nHERE="{folder}"\n{text}\n')
            (folder / name).chmod(0o755)
        self.says("targets", "http://debian.example/debian/ bookworm\n")
        self.says("version-forky", "1:22.10.1~dfsg-1")
        self.says("version-sid", "1:23.1.0~dfsg-1")
        self.says("refused", "nothing is refused\n")

    def says(self, file: str, text: str) -> None:
        (self.folder / file).write_text(text)

    def mend(self, file: str) -> None:
        (self.folder / file).unlink()

    def calls(self) -> list[str]:
        """Give the calls since the last time, without the options that all have."""
        log = self.folder / "log"
        calls = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [" ".join(call.split()[0:1] + call.split()[-2 if "dpkg" not in call else -1 :]) for call in calls]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    folder = tmp_path / "bin"
    folder.mkdir()
    keyring = folder / "keyring.gpg"
    keyring.touch()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.delenv(apt.MIRROR_VARIABLE, raising=False)
    monkeypatch.setattr(apt, "KEYRINGS", (keyring,))
    return Machine(folder)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "кэш с пробелом"


def silent(_: str) -> None:
    """Tell nobody."""


def test_fetches_unpacks_and_cleans_up(machine: Machine, cache: Path) -> None:
    said: list[str] = []
    root = debian.fetch_asterisk(22, cache, said.append)
    assert root == cache / "22" / "root"
    assert {path.name for path in (root / "usr/sbin").iterdir()} == {"a", "b", "c", "asterisk"}
    assert not (root / "usr/share/doc").exists()
    assert not any(path.stat().st_mode & stat.S_ISUID for path in (root / "usr/sbin").iterdir())
    assert sorted(path.name for path in (cache / "22").iterdir()) == [".complete", "root"]
    assert said[0] == "Asterisk 22: downloading 1:22.10.1~dfsg-1 from Debian forky at debian.example/debian"


def test_a_finished_one_starts_no_program(machine: Machine, cache: Path) -> None:
    debian.fetch_asterisk(22, cache, silent)
    machine.calls()
    assert debian.fetch_asterisk(22, cache, silent) == debian.asterisk_root(cache, 22)
    assert machine.calls() == []


def test_an_unfinished_one_is_no_installation(machine: Machine, cache: Path) -> None:
    machine.says("full-c", "tar: ./x: Cannot write: No space left on device")
    with pytest.raises(FetchError, match=r"unpacking c\.deb: the disk is full"):
        debian.fetch_asterisk(22, cache, silent)
    assert debian.asterisk_root(cache, 22) is None


def test_an_interrupted_unpacking_does_only_the_rest(machine: Machine, cache: Path) -> None:
    machine.says("full-c", "tar: ./x: Cannot write: No space left on device")
    with pytest.raises(FetchError):
        debian.fetch_asterisk(22, cache, silent)
    machine.calls()
    machine.mend("full-c")
    debian.fetch_asterisk(22, cache, silent)
    assert machine.calls() == ["dpkg-deb c"]


def test_an_interrupted_download_keeps_what_it_has(machine: Machine, cache: Path) -> None:
    machine.says("break-b", "E: You don't have enough free space in /x")
    with pytest.raises(
        FetchError, match=r"downloading asterisk from debian\.example/debian: the disk is full"
    ) as raised:
        debian.fetch_asterisk(22, cache, silent)
    assert "continues where it stopped" in raised.value.hint
    assert (cache / "22/work/cache/archives/a.deb").exists()
    machine.mend("break-b")
    assert debian.fetch_asterisk(22, cache, silent).is_dir()


def test_two_at_the_same_time_fetch_once(machine: Machine, cache: Path) -> None:
    threads = [threading.Thread(target=debian.fetch_asterisk, args=(22, cache, silent)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert debian.asterisk_root(cache, 22)
    assert machine.calls().count("apt-get --download-only asterisk") == 1


def test_an_apt_whose_parent_was_killed_still_holds_the_lock(machine: Machine, cache: Path) -> None:
    cache.mkdir()
    (machine.folder / "dpkg").write_text("#!/bin/sh\necho $$\nexec sleep 30\n")
    code = "import sys; from pathlib import Path; from astsync.sandbox.debian import apt, fetch\n"
    code += "lock = fetch._locked(Path(sys.argv[1]), print); lock.__enter__(); apt._run(['dpkg'], tell=print)"
    lock = cache / "22.lock"
    command = [sys.executable, "-u", "-c", code, str(lock)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        orphan = int(parent.stdout.readline())
        parent.kill()
    with lock.open() as file:
        try:
            with pytest.raises(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.kill(orphan, signal.SIGKILL)
        fcntl.flock(file, fcntl.LOCK_EX)  # free again: this returns


def test_a_suite_that_has_moved_on_is_passed_over(machine: Machine, cache: Path) -> None:
    machine.says("version-forky", "1:23.0.0~dfsg-1")
    machine.says("version-sid", "1:22.11.0~dfsg-1")
    said: list[str] = []
    debian.fetch_asterisk(22, cache, said.append)
    assert "Debian sid" in said[0]


def test_no_suite_with_this_version_is_told(machine: Machine, cache: Path) -> None:
    machine.says("version-forky", "1:23.0.0~dfsg-1")
    with pytest.raises(
        FetchError, match=r"forky at debian.example/debian has Asterisk 1:23.0.0~dfsg-1, not 22"
    ) as raised:
        debian.fetch_asterisk(22, cache, silent)
    assert "ASTSYNC_ASTERISK=" in raised.value.hint


def test_a_third_party_that_looks_like_debian_is_passed_over(machine: Machine, cache: Path) -> None:
    machine.says("targets", "http://other.example/debian/ bookworm\nhttp://debian.example/debian/ bookworm\n")
    machine.says("refused", "other.example")
    machine.says("said", "W: GPG error: The following signatures couldn't be verified: NO_PUBKEY 1")
    said: list[str] = []
    debian.fetch_asterisk(22, cache, said.append)
    assert "at debian.example/debian" in said[0]


def test_the_private_state_verifies_and_stays_in_its_folder(machine: Machine, cache: Path) -> None:
    machine.says("break-a", "E: stop here")
    with pytest.raises(FetchError, match=r"E: stop here"):
        debian.fetch_asterisk(22, cache, silent)
    work = cache / "22" / "work"
    source = (work / "sources.list").read_text()
    assert (
        source == f"deb [arch=amd64 signed-by={machine.folder}/keyring.gpg] http://debian.example/debian/ forky main\n"
    )
    settings = (work / "apt.conf").read_text()
    assert f'Dir::State "{work}/state";' in settings
    assert 'Acquire::AllowInsecureRepositories "false";' in settings


def test_only_debians_own_suites_are_mirrors() -> None:
    targets = """\
http://security.example/debian-security/ bookworm-security
http://other.example/ bookworm-pgdg
http://node.example/ nodistro
http://ubuntu.example/ubuntu/ noble
cdrom://disk/ bookworm
http://looks.example/php/ bookworm
http://debian.example/debian/ bookworm
http://debian.example/debian/ bookworm-updates
http://debian.example/debian/ trixie
"""
    assert read_mirrors(targets) == [
        Mirror("http://debian.example/debian/", "bookworm"),
        Mirror("http://looks.example/php/", "bookworm"),
    ]


def test_the_variable_wins_and_its_login_does_not_show(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(apt.MIRROR_VARIABLE, "http://user:hidden@near.example/debian")
    (mirror,) = find_mirrors()
    assert str(mirror) == "near.example/debian"
    error = explain_failure("x", "E: Could not resolve 'near' http://user:hidden@near.example/debian")
    assert "hidden" not in error.message


def test_a_variable_that_is_no_address_is_refused(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(apt.MIRROR_VARIABLE, "near.example [trusted=yes]")
    with pytest.raises(FetchError, match="not the address"):
        find_mirrors()


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("W: Failed to fetch http://x/InRelease  Temporary failure resolving 'x'", "cannot be reached"),
        ("E: Failed to fetch http://x  Could not connect to x:80 (1.2.3.4), connection timed out", "cannot be reached"),
        ("W: GPG error: http://x InRelease: signatures couldn't be verified: NO_PUBKEY 0E98", "cannot be verified"),
        ("E: The repository 'http://x forky InRelease' is not signed.", "cannot be verified"),
        ("W: OpenPGP signature verification failed: Sub-process /usr/bin/sqv returned an error", "cannot be verified"),
        ("E: The repository 'http://x forky Release' does not have a Release file.", "does not carry this release"),
        ("E: Release file for http://x is not valid yet (invalid for another 2h)", "clock is wrong"),
        ("tar: ./usr/x: Cannot write: No space left on device", "the disk is full"),
        ("E: Unable to locate package asterisk", "does not have the package"),
        ("E: Could not open lock file /x - open (13: Permission denied)", "cannot be written"),
        ("Certificate verification failed: The certificate is NOT trusted.", "TLS certificate"),
    ],
)
def test_what_apt_says_becomes_a_reason_with_a_cure(said: str, meaning: str) -> None:
    error = explain_failure("reading Debian", f"Get:1 something\n{said}\n")
    assert meaning in error.message
    assert said in error.message
    assert error.hint


def test_a_failure_that_nobody_foresaw_is_quoted() -> None:
    assert explain_failure("reading", "Get:1 a\nE: strange things\n").message == "reading failed (E: strange things)"


def test_a_machine_without_apt_is_told(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert debian.main(["asterisk", "22", str(cache)]) == 5
    said = capsys.readouterr()
    assert "no apt-get" in said.err
    assert "ASTSYNC_ASTERISK=" in said.err
    assert said.out == ""


def test_a_machine_without_debians_keyring_is_told(
    machine: Machine, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(apt, "KEYRINGS", (cache / "none.gpg",))
    assert debian.main(["asterisk", "22", str(cache)]) == 5
    assert "Install the package debian-archive-keyring" in capsys.readouterr().err
    assert not any("install" in call for call in machine.calls())


def test_a_machine_that_is_not_debian_is_told(machine: Machine, cache: Path) -> None:
    machine.says("targets", "http://ubuntu.example/ubuntu/ noble\n")
    with pytest.raises(FetchError, match="name no Debian mirror") as raised:
        debian.fetch_asterisk(22, cache, silent)
    assert apt.MIRROR_VARIABLE in raised.value.hint


def test_a_folder_that_cannot_be_made_is_told(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FetchError, match="cannot write"):
        debian.fetch_asterisk(22, tmp_path / "file" / "cache", silent)


def test_pip_comes_from_the_machines_own_release(machine: Machine, tmp_path: Path) -> None:
    with zipfile.ZipFile(machine.folder / "pip.whl", "w") as wheel:
        wheel.writestr("pip/__main__.py", "import sys; open(sys.prefix + '/said', 'w').write(' '.join(sys.argv[1:4]))")
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    said: list[str] = []
    debian.install_pip(venv, said.append)
    assert (venv / "said").read_text() == "-q install --no-index"
    assert "Debian bookworm at debian.example/debian" in said[0]


def test_pips_errors_name_pips_way_out(machine: Machine, tmp_path: Path) -> None:
    machine.says("targets", "")
    with pytest.raises(FetchError) as raised:
        debian.install_pip(tmp_path, silent)
    assert "python3-venv" in raised.value.hint
    assert "ASTERISK" not in raised.value.hint


def test_a_bare_python_can_import_it() -> None:
    code = "import sys, astsync.sandbox.debian.fetch; sys.exit(any('site-packages' in path for path in sys.path))"
    assert subprocess.run([sys.executable, "-S", "-c", code], cwd=REPOSITORY, check=False).returncode == 0


@pytest.mark.skipif(
    not all(map(shutil.which, ("apt-get", "apt-cache", "dpkg", "dpkg-deb")))
    or not any(k.is_file() for k in apt.KEYRINGS),
    reason="needs Debian's apt and its keyring",
)
def test_the_real_apt_refuses_a_mirror_that_is_not_signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = tmp_path / "mirror/dists/forky/Release"
    release.parent.mkdir(parents=True)
    release.write_text("Origin: Debian\nSuite: testing\nCodename: forky\nDate: Thu, 01 Jan 2026 00:00:00 UTC\n")
    monkeypatch.setenv(apt.MIRROR_VARIABLE, f"file:{tmp_path}/mirror")
    with pytest.raises(FetchError, match="signature cannot be verified"):
        debian.fetch_asterisk(22, tmp_path / "cache", silent)
