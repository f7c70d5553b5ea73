"""``setup systemd`` and ``setup watch`` where no systemd runs, and into another system; a running one: tests/units."""

import os
import pwd
from pathlib import Path

import pytest

from astsync.cli import setup_systemd
from astsync.cli.common import Common
from astsync.cli.screen import Colour
from astsync.cli.setup_options import Trial
from astsync.errors import ConfigError
from astsync.setup.machine import Tried, job_user
from astsync.setup.systemd import Systemd
from astsync.setup.unit_files import MARK, WATCH, ServiceJob
from tests.cli.sandbox import Done, Sandbox

UNITS = Path("etc/systemd/system")


@pytest.fixture
def root(box: Sandbox) -> Path:
    made = box.folder / "image"
    made.mkdir()
    return made


def setup(box: Sandbox, command: str, *words: str) -> Done:
    return box.run("setup", command, *words)


def texts(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*") if file.is_file()}


def test_without_systemd_it_says_so_and_shows_the_units_all_the_same(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    if Path("/run/systemd/system").is_dir():
        pytest.skip("NOT TESTED: systemd runs here")
    for command in ("systemd", "watch"):
        monkeypatch.setenv("XDG_CONFIG_HOME", str(box.folder / "config"))
        done = setup(box, command)
        assert (done.code, "there is no /run/systemd/system" in done.err) == (2, True)
        assert "astsync setup cron" in done.err
        shown = setup(box, command, "--show")
        assert (shown.code, f"--config {box.configuration}" in shown.out) == (0, True)
        assert "Nothing is installed" in shown.out
    assert not (box.folder / "config").exists()
    assert box.pbx.writes == 0


def test_units_of_an_image_are_for_the_user_that_it_will_have(box: Sandbox, root: Path) -> None:
    done = setup(box, "systemd", "--root", str(root), "--every", "1h")
    assert done.code == 0, done.err
    assert "nothing was tried or started" in done.out
    found = texts(root / UNITS)
    assert found.keys() == {"astsync-sync.service", "astsync-sync.timer"}
    assert "\nUser=astsync\n" in found["astsync-sync.service"]
    assert f"ReadWritePaths={box.folder}\n" in found["astsync-sync.service"]  # the store's
    assert "\nOnCalendar=0/1:00\n" in found["astsync-sync.timer"]
    other = setup(box, "systemd", "--root", str(root), "--for-user", "no-such-user-here")
    assert other.code == 0, other.err
    assert "\nUser=no-such-user-here\n" in texts(root / UNITS)["astsync-sync.service"]


def test_a_unit_of_ours_is_replaced_with_a_backup_and_another_one_is_not(box: Sandbox, root: Path) -> None:
    assert setup(box, "watch", "--root", str(root)).code == 0
    (first,) = texts(root / UNITS).values()
    done = setup(box, "watch", "--root", str(root), "--every", "30m", "--serve")
    assert (done.code, "astsync-watch.service.bak" in done.out) == (0, True)
    found = texts(root / UNITS)
    assert found["astsync-watch.service.bak"] == first
    assert " watch --every 30m --serve\n" in found["astsync-watch.service"]
    assert "\nSocketBindAllow=tcp:4573\n" in found["astsync-watch.service"]
    (root / UNITS / "astsync-watch.service").write_text("# mine\n", encoding="utf-8")
    done = setup(box, "watch", "--root", str(root))
    assert (done.code, "was not written by `astsync setup`" in done.err) == (2, True)
    assert texts(root / UNITS)["astsync-watch.service"] == "# mine\n"
    assert setup(box, "watch", "--root", str(root), "--replace").code == 0
    assert texts(root / UNITS)["astsync-watch.service.bak2"] == "# mine\n"


def test_remove_takes_what_was_written_and_nothing_else(box: Sandbox, root: Path) -> None:
    assert setup(box, "systemd", "--root", str(root)).code == 0
    (root / UNITS / "other.service").write_text("# mine\n", encoding="utf-8")
    drop_in = root / UNITS / "astsync-sync.service.d"
    drop_in.mkdir()
    done = setup(box, "systemd", "--root", str(root), "--remove")
    assert done.code == 0
    assert texts(root / UNITS) == {"other.service": "# mine\n"}
    assert drop_in.is_dir()
    assert not any((root / UNITS).rglob("astsync-sync.timer"))  # nor a link that lets it start
    again = setup(box, "systemd", "--root", str(root), "--remove")
    assert (again.code, "no unit of ours" in again.out) == (0, True)


def test_a_system_that_is_not_there_or_may_not_be_written_says_so(box: Sandbox, root: Path) -> None:
    done = setup(box, "systemd", "--root", str(root / "nowhere"))
    assert (done.code, "there is no folder" in done.err) == (2, True)
    (root / "etc").write_text("", encoding="utf-8")
    done = setup(box, "systemd", "--root", str(root))
    assert (done.code, "cannot write" in done.err) == (2, True)


def test_a_user_without_a_running_manager_is_told_of_lingering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = Systemd(own=True).folder
    assert folder.parts[-2:] == ("systemd", "user")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert Systemd(own=True).folder == tmp_path / "systemd" / "user"
    assert Systemd(own=os.geteuid() != 0, root=tmp_path).elsewhere


def test_show_and_remove_at_once_are_refused(box: Sandbox) -> None:
    for command in ("cron", "systemd", "watch"):
        done = setup(box, command, "--show", "--remove")
        assert (done.code, "give one of them" in done.err) == (2, True)


def test_a_watch_that_does_not_start_leaves_the_one_that_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The systemctl of this test starts a unit only where it does not serve."""
    done: list[tuple[str, ...]] = []
    unit = tmp_path / "systemd" / "user" / WATCH
    told = {"UnitFileState": "enabled", "ActiveState": "active"}

    def systemctl(_: Systemd, *words: str, seconds: float = 0) -> Tried:
        done.append(words[2:])
        if "show" in words:
            return Tried(0, (told[words[4]],))
        return Tried(int("restart" in words and "--serve" in unit.read_text(encoding="utf-8")), ())

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(Systemd, "check", lambda _: None)
    monkeypatch.setattr(Systemd, "verify", lambda *_: "")
    monkeypatch.setattr(Systemd, "_run", systemctl)
    monkeypatch.setattr(setup_systemd, "_notes", lambda *_: ())
    unit.parent.mkdir(parents=True)
    unit.write_text(f"{MARK}watch` for /x\n", encoding="utf-8")
    job = ServiceJob(("astsync",), Path("/x"), None, None)
    units = setup_systemd.Units({WATCH: f"{MARK}watch` for /x\n--serve\n"}, WATCH, job)
    wishes = setup_systemd.UnitWishes(Systemd(own=True), job_user(pwd.getpwuid(os.geteuid()).pw_name), Trial.NONE)
    with pytest.raises(ConfigError, match="restart"):
        setup_systemd.install(Common(None, (), 0, True, "setup", Colour.NEVER), wishes, units)
    assert unit.read_text(encoding="utf-8") == f"{MARK}watch` for /x\n"
    assert done[-2:] == [("enable", WATCH), ("restart", WATCH)]
