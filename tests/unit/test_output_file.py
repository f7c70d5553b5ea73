"""The place of a report: what another user put there is neither followed nor kept."""

import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from astsync.cli import output_file
from astsync.cli.output_file import check_file, write_file

REPORT = b"OOO Romashka\n"
Plant = Callable[[Path], None]


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder that every user may write to, as /tmp."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Give what stands at a path to another user; where only root may do so, be another user from now on."""

    def give(path: Path) -> None:
        if os.geteuid() == 0:
            os.lchown(path, 65534, 65534)
        else:
            other = os.geteuid() + 1
            monkeypatch.setattr(os, "geteuid", lambda: other)

    return give


def tries(file: Path) -> Iterator[Callable[[], None]]:
    yield lambda: check_file(file)
    yield lambda: write_file(file, REPORT)


def test_a_link_of_another_user_is_not_followed(shared: Path, tmp_path: Path, plant: Plant) -> None:
    precious, link = tmp_path / "precious", shared / "report.html"
    precious.write_text("precious")
    link.symlink_to(precious)
    plant(link)
    for attempt in tries(link):
        with pytest.raises(PermissionError, match=r"report\.html is a link of another user"):
            attempt()
    assert (precious.read_text(), link.is_symlink()) == ("precious", True)


def test_nor_on_the_way_to_the_report(shared: Path, tmp_path: Path, plant: Plant) -> None:
    (tmp_path / "home").mkdir()
    (shared / "reports").symlink_to(tmp_path / "home")
    (tmp_path / "mine").symlink_to(shared / "reports")
    plant(shared / "reports")
    for attempt in tries(tmp_path / "mine" / "report.html"):
        with pytest.raises(PermissionError, match="reports is a link of another user"):
            attempt()
    assert not [*(tmp_path / "home").iterdir()]


def test_a_link_of_ones_own_is_followed(shared: Path, tmp_path: Path) -> None:
    link = shared / "report.html"
    link.symlink_to(tmp_path / "real.html")
    check_file(link)
    write_file(link, REPORT)
    assert ((tmp_path / "real.html").read_bytes(), link.is_symlink()) == (REPORT, True)


def test_a_link_that_another_user_exchanges_at_the_last_moment_is_not_followed(
    shared: Path, tmp_path: Path, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    precious, link, theirs = tmp_path / "precious", shared / "report.html", shared / "theirs"
    precious.write_text("precious")
    link.symlink_to(tmp_path / "mine")
    theirs.symlink_to(precious)
    plant(theirs)
    look = output_file._look

    def look_and_exchange(folder: int, name: str) -> os.stat_result | None:
        found = look(folder, name)
        if name == link.name and theirs.is_symlink():
            theirs.rename(link)  # as in a folder without the sticky bit
        return found

    monkeypatch.setattr(output_file, "_look", look_and_exchange)
    with pytest.raises(OSError, match=r"report\.html is a link of another user"):
        write_file(link, REPORT)
    assert precious.read_text() == "precious"


def test_a_file_of_another_user_is_replaced_by_one_of_ones_own(shared: Path, plant: Plant) -> None:
    file = shared / "report.html"
    file.write_text("planted")
    file.chmod(0o666)
    opened = file.open()
    plant(file)
    umask = os.umask(0o077)
    try:
        write_file(file, REPORT)
    finally:
        os.umask(umask)
    status = file.stat()
    assert (status.st_uid, stat.S_IMODE(status.st_mode), file.read_bytes()) == (os.getuid(), 0o600, REPORT)
    assert opened.read() == "planted"
    opened.close()


def test_a_file_in_a_folder_of_ones_own_keeps_its_rights(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text("before")
    file.chmod(0o640)
    write_file(file, REPORT)
    assert (stat.S_IMODE(file.stat().st_mode), file.read_bytes()) == (0o640, REPORT)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make another user's file in a folder of that user")
def test_root_keeps_nothing_in_the_folder_of_another_user(tmp_path: Path, plant: Plant) -> None:
    home = tmp_path / "home"
    home.mkdir(0o755)
    (home / "report.html").symlink_to("/etc/shadow")
    plant(home)
    plant(home / "report.html")
    for attempt in tries(home / "report.html"):
        with pytest.raises(PermissionError, match="another user"):
            attempt()


def test_a_pipe_of_another_user_gets_nothing(shared: Path, plant: Plant) -> None:
    pipe = shared / "report.html"
    os.mkfifo(pipe, 0o666)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    plant(pipe)
    with pytest.raises(PermissionError, match="another user"):
        check_file(pipe)
    with pytest.raises(PermissionError, match="another user"):
        write_file(pipe, REPORT)
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_a_pipe_is_not_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_file, "READER", 0.1)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="nobody has read this pipe"):
        write_file(tmp_path / "pipe", REPORT)


def test_a_reader_that_reads_no_more_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_file, "READER", 0.1)
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(OSError, match="nobody has read this pipe"):
        write_file(tmp_path / "pipe", bytes(1_000_000))
    os.close(reader)


def test_a_long_report_goes_through_a_pipe_whole(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reading = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reading.start()
    report = bytes(range(256)) * 4_000
    write_file(pipe, report)
    reading.join()
    assert read == [report]


def test_a_pipe_may_get_its_reader_a_little_later(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reading = threading.Timer(0.2, lambda: read.append(pipe.read_bytes()))
    reading.start()
    write_file(pipe, REPORT)
    reading.join()
    assert read == [REPORT]


@pytest.mark.parametrize("path", ["absent/report", "file/report", ".", "..", "folder", "folder/..", "circle", "socket"])
def test_what_is_no_place_for_a_report_is_told(tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "circle").symlink_to("circle")
    monkeypatch.chdir(tmp_path)
    if path == "socket":
        os.mknod("socket", stat.S_IFSOCK | 0o600)
        with pytest.raises(OSError, match="No such device"):
            write_file(Path(path), REPORT)
        return
    for attempt in tries(Path(path)):
        with pytest.raises(OSError, match=r"\w"):
            attempt()


def test_the_working_directory_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "down").mkdir()
    monkeypatch.chdir(tmp_path / "down")
    for path in ("here.txt", "../up.txt", "./../down/./again.txt"):
        check_file(Path(path))
        write_file(Path(path), REPORT)
    assert [file.name for file in sorted(tmp_path.rglob("*.txt"))] == ["again.txt", "here.txt", "up.txt"]
    assert not [*tmp_path.rglob(".*")]
