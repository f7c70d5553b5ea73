"""Which Asterisk is found, and in what order."""

from pathlib import Path

import pytest

from astsync.errors import ConfigError
from astsync.sandbox.asterisk import installation
from astsync.sandbox.asterisk.installation import find_installation, read_installation


def make_asterisk(prefix: Path, version: str) -> Path:
    """Make a program that tells its version, with a module beside it."""
    binary = prefix / "sbin" / "asterisk"
    modules = prefix / "lib" / "asterisk" / "modules"
    for folder in (binary.parent, modules):
        folder.mkdir(parents=True)
    binary.write_text(f"#!/bin/sh\necho 'Asterisk {version}'\n")
    binary.chmod(0o755)
    (modules / "pbx_config.so").touch()
    return binary


@pytest.fixture(autouse=True)
def _bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(installation.ASTERISK_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(installation, "cache_folders", lambda: (tmp_path / "cache",))
    monkeypatch.setattr(installation, "SYSTEM_FOLDERS", "/nonexistent")


def fetched(tmp_path: Path, major: int, version: str) -> Path:
    home = tmp_path / "cache" / str(major)
    make_asterisk(home / "root" / "usr", version)
    (home / ".complete").touch()
    return home / "root"


def test_none_where_there_is_none() -> None:
    assert find_installation() is None
    assert find_installation(22) is None


def test_the_newest_fetched_one_comes_first(tmp_path: Path) -> None:
    fetched(tmp_path, 16, "16.28.0~dfsg-0+deb11u4")
    fetched(tmp_path, 22, "22.10.1")
    newest, older = find_installation(), find_installation(16)
    assert newest is not None
    assert older is not None
    assert (newest.major, newest.version) == (22, "22.10.1")
    assert (older.major, older.version) == (16, "16.28.0~dfsg-0+deb11u4")


def test_an_unfinished_one_does_not_count(tmp_path: Path) -> None:
    (fetched(tmp_path, 22, "22.1.0").parent / ".complete").unlink()
    assert find_installation() is None


def test_the_variable_wins_for_its_own_version_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched(tmp_path, 22, "22.10.1")
    binary = make_asterisk(tmp_path / "opt", "certified/20.7-cert4")
    monkeypatch.setenv(installation.ASTERISK_VARIABLE, str(binary))
    named, other = find_installation(), find_installation(22)
    assert named is not None
    assert other is not None
    assert (named.version, named.command) == ("20.7-cert4", (str(binary),))
    assert named.modules == tmp_path / "opt/lib/asterisk/modules"
    assert other.version == "22.10.1"


def test_a_variable_that_names_nothing_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(installation.ASTERISK_VARIABLE, str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="ASTSYNC_ASTERISK names"):
        find_installation(22)


def test_one_on_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = make_asterisk(tmp_path / "usr", "18.10.0~dfsg+~cs6.10.40431411-2")
    monkeypatch.setenv("PATH", str(binary.parent))
    found = find_installation()
    assert found is not None
    assert (found.major, found.command) == (18, (str(binary),))
    assert find_installation(22) is None


@pytest.mark.parametrize("output", ["", "echo hello", "exit 3"])
def test_a_program_that_is_no_asterisk_is_none(tmp_path: Path, output: str) -> None:
    binary = make_asterisk(tmp_path / "usr", "22.0.0")
    binary.write_text(f"#!/bin/sh\n{output}\n")
    assert read_installation(binary) is None


def test_an_unpacked_root_starts_by_its_own_loader(tmp_path: Path) -> None:
    root = fetched(tmp_path, 22, "22.10.1")
    libraries = root / "usr/lib/any-linux-gnu"
    (root / "var/lib/asterisk").mkdir(parents=True)
    libraries.mkdir()
    loader = libraries / "ld-linux-any.so.1"
    loader.write_text('#!/bin/sh\necho "Asterisk 22.10.1 by $(basename $0) $*"\n')
    loader.chmod(0o755)
    (root / "lib64").mkdir()
    (root / "lib64" / "ld-linux-any.so.1").symlink_to("/lib/elsewhere/ld.so")  # Debian 11's is absolute
    (libraries / "libc.so.6").touch()
    found = read_installation(root)
    assert found is not None
    assert found.command == (
        str(loader),
        "--inhibit-cache",
        "--library-path",
        str(libraries),
        str(root / "usr/sbin/asterisk"),
    )
