"""``astsync examples``: every file is listed and can be written, and nothing is overwritten unasked."""

from pathlib import Path

import pytest

from astsync.help.examples import EXAMPLES, FOLDERS, WITH_SECRETS, listed, place
from tests.cli.sandbox import run

ROOT = Path(__file__).parents[2] / "examples"

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def test_every_file_is_listed_with_what_it_is(capfd: Capture, monkeypatch: Patch) -> None:
    files = {str(file.relative_to(ROOT)) for file in ROOT.rglob("*") if file.is_file()}
    assert set(EXAMPLES) == files
    assert place() == ROOT
    told = dict(line.split(maxsplit=1) for line in run(capfd, monkeypatch, "examples").out.splitlines())
    assert told == {name: str(what) for name, what in listed().items()}
    assert all((ROOT / name).is_dir() for name in FOLDERS)
    assert {name for name in EXAMPLES if not any(name.startswith(f"{folder}/") for folder in FOLDERS)} <= told.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_file_is_written_as_it_is(name: str, tmp_path: Path, capfd: Capture, monkeypatch: Patch) -> None:
    tmp_path.chmod(0o755)
    done = run(capfd, monkeypatch, "examples", name, str(tmp_path))
    written = tmp_path / Path(name).name
    assert (done.code, done.out) == (0, f"{written}\n")
    assert written.read_bytes() == (ROOT / name).read_bytes()
    assert (written.stat().st_mode & 0o077 == 0) is (name in WITH_SECRETS)


def test_a_file_is_written_here_or_printed(tmp_path: Path, capfd: Capture, monkeypatch: Patch) -> None:
    monkeypatch.chdir(tmp_path)
    run(capfd, monkeypatch, "examples", "astsync-watch.service")
    assert [file.name for file in tmp_path.iterdir()] == ["astsync-watch.service"]
    printed = run(capfd, monkeypatch, "examples", "asterisk/extensions_astsync.conf", "-").out
    assert printed == (ROOT / "asterisk" / "extensions_astsync.conf").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["1c", "examples/1c/"])
def test_a_folder_is_written_with_its_files(name: str, tmp_path: Path, capfd: Capture, monkeypatch: Patch) -> None:
    assert run(capfd, monkeypatch, "examples", name, str(tmp_path / "new")).code == 0
    written = {path: path.read_bytes() for path in files_below(tmp_path / "new" / "1c")}
    there = {tmp_path / "new" / path.relative_to(ROOT): path.read_bytes() for path in files_below(ROOT / "1c")}
    assert written == there


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_that_exists_is_replaced_only_by_force_and_kept(
    tmp_path: Path, capfd: Capture, monkeypatch: Patch
) -> None:
    there = tmp_path / "manager.conf"
    there.write_text("mine", encoding="utf-8")
    assert run(capfd, monkeypatch, "examples", "asterisk", str(tmp_path)).code == 0  # into a folder of its own
    refused = run(capfd, monkeypatch, "examples", "manager.conf", str(tmp_path))
    assert refused.code == 2
    assert there.read_text(encoding="utf-8") == "mine"
    assert run(capfd, monkeypatch, "examples", "manager.conf", str(tmp_path), "--force").code == 0
    assert there.read_bytes() == (ROOT / "asterisk" / "manager.conf").read_bytes()
    assert (tmp_path / "manager.conf.bak").read_text(encoding="utf-8") == "mine"


def test_of_a_folder_all_files_are_written_or_none(tmp_path: Path, capfd: Capture, monkeypatch: Patch) -> None:
    (tmp_path / "systemd").mkdir()
    there = tmp_path / "systemd" / "astsync-serve.service"
    there.write_text("mine", encoding="utf-8")
    assert run(capfd, monkeypatch, "examples", "systemd", str(tmp_path)).code == 2
    assert list((tmp_path / "systemd").iterdir()) == [there]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("README.md", "1c/README.md, asterisk/README.md"),
        ("manger.conf", "Did you mean manager.conf?"),
        ("asterisc", "Did you mean asterisk?"),
        ("../../etc/passwd", "astsync examples lists them."),
    ],
)
def test_a_name_that_means_nothing_or_several_is_refused(
    name: str, hint: str, tmp_path: Path, capfd: Capture, monkeypatch: Patch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(capfd, monkeypatch, "examples", name)
    assert done.code == 2
    assert hint in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, capfd: Capture, monkeypatch: Patch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = run(capfd, monkeypatch, "examples", "1c", str(tmp_path / "file"))
    assert done.code == 2
    assert "cannot make the folder" in done.err
