"""Attacks of whoever reads: planted files, pipes without a reader, closed streams, texts that steer a terminal."""

import os
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.attacks.attack import Attack, Outcome, Stage
from tests.attacks.place import Place, counterparties
from tests.attacks.rights import STRANGER, give_away, small_disk

REPORT = "report.json"
_VICTIM = "the victim's own text"


def _folder(place: Place) -> Path:
    """A folder that everybody may write to, as /tmp."""
    folder = place.folder / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def _victim(place: Place) -> Path:
    file = place.folder / "victim.txt"
    file.write_text(_VICTIM, encoding="utf-8")
    file.chmod(0o600)
    return file


def _planted(plant: Callable[[Place, Path], None]) -> Stage:
    """The stage of something in the place of the report."""

    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        report = _folder(place) / REPORT
        _victim(place)
        plant(place, report)
        place.more = ("--output", str(report))
        yield

    return stage


def _link(place: Place, report: Path) -> None:
    report.symlink_to(place.folder / "victim.txt")
    give_away(report)


def _link_to_nothing(place: Place, report: Path) -> None:
    report.symlink_to(place.folder / "made.txt")
    give_away(report)


def _their_file(place: Place, report: Path) -> None:
    report.write_text("theirs", encoding="utf-8")
    report.chmod(0o666)
    give_away(report)


def _hard_link(place: Place, report: Path) -> None:
    report.hardlink_to(place.folder / "victim.txt")


def _their_pipe(place: Place, report: Path) -> None:
    os.mkfifo(report)
    give_away(report)


def _pipe(place: Place, report: Path) -> None:
    os.mkfifo(report)


def _directory(place: Place, report: Path) -> None:
    report.mkdir()


def _socket(place: Place, report: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = os.open(report.parent, os.O_RDONLY)
        try:
            made.bind(f"/proc/self/fd/{here}/{report.name}")  # a path may be longer than a socket's name
        finally:
            os.close(here)


def _loop(place: Place, report: Path) -> None:
    report.symlink_to(report)


def _device(path: str) -> Callable[[Place, Path], None]:
    return lambda _place, report: report.symlink_to(path)


def _nothing_lost(place: Place, outcome: Outcome) -> list[str]:
    """The victim's file is as it was, nothing was made for somebody else, and the report is ours alone to change."""
    faults = []
    if (place.folder / "victim.txt").read_text(encoding="utf-8") != _VICTIM:
        faults.append("wrote into the victim's file")
    if (place.folder / "made.txt").exists():
        faults.append("made a file where a planted link leads")
    report = place.folder / "shared" / REPORT
    if outcome.code == 0 and report.is_file() and not report.is_symlink():
        status = report.stat()
        if status.st_uid == STRANGER or status.st_mode & stat.S_IWOTH:
            faults.append("left the report in a file of somebody else")
    return faults


@contextmanager
def _full_pipe(place: Place) -> Iterator[None]:
    """A pipe that is full, whose reader does not read."""
    report = _folder(place) / REPORT
    _victim(place)
    os.mkfifo(report)
    end = os.open(report, os.O_RDWR | os.O_NONBLOCK)
    try:
        _fill(end)
        place.more = ("--output", str(report))
        yield
    finally:
        os.close(end)


def _fill(end: int) -> None:
    try:
        while True:
            os.write(end, bytes(4096))
    except BlockingIOError:
        return


@contextmanager
def _full_disk(place: Place) -> Iterator[None]:
    _victim(place)
    folder = place.folder / "shared"
    with small_disk(folder, 4096):
        (folder / "taken").write_bytes(bytes(4096))
        place.more = ("--output", str(folder / REPORT))
        yield


def _shell(redirection: str) -> Stage:
    """The stage of streams as a shell leaves them."""

    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        place.child.before = ("sh", "-c", f'exec "$@" {redirection}', "sh")
        yield

    return stage


def _gone(stream: str) -> Stage:
    """The stage of a pipe whose reader has gone, as ``| head`` leaves it."""

    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        reading, writing = os.pipe()
        os.close(reading)
        setattr(place.child, stream, writing)
        try:
            yield
        finally:
            os.close(writing)

    return stage


# Foreign text.

STEERING = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eмод\u2066x\u200f\r"
_NAMES = (f"ООО {STEERING}Опасное", "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "`rm -rf`|x", "А" * 100_000)


@contextmanager
def _steering(place: Place) -> Iterator[None]:
    """Names in the source and values on the PBX that steer a terminal, a spreadsheet or a browser."""
    rows = "".join(f'h{n};"{name}";+7 495 557-00-{n:02}\n' for n, name in enumerate(_NAMES))
    (place.folder / "list.csv").write_text(counterparties(later=True) + rows, encoding="utf-8")
    place.pbx.fill({"hostile\x1b[2J": STEERING, "79990000002": f"x{STEERING}\0"})
    place.pbx.database[b"/cidname/8bit"] = b"\xff\xfe\x9b2J"
    try:
        yield
    finally:
        for key in ("hostile\x1b[2J", "79990000002", "8bit"):
            place.pbx.database.pop(f"/cidname/{key}".encode(), None)


def _planted_rows() -> Iterator[Attack]:
    two, either = frozenset({2}), frozenset({0, 2})
    rows: tuple[tuple[str, Stage, frozenset[int]], ...] = (
        ("somebody's link to a file of ours", _planted(_link), two),
        ("somebody's link to a new file", _planted(_link_to_nothing), two),
        ("somebody's file", _planted(_their_file), either),
        ("a second name of a file of ours", _planted(_hard_link), either),
        ("somebody's pipe", _planted(_their_pipe), two),
        ("a pipe that nobody reads", _planted(_pipe), two),
        ("a full pipe", _full_pipe, two),
        ("a folder", _planted(_directory), two),
        ("a socket", _planted(_socket), two),
        ("a link to itself", _planted(_loop), two),
        ("a link to /dev/full", _planted(_device("/dev/full")), two),
        ("a full disk", _full_disk, two),
    )
    for name, stage, codes in rows:
        for command in (("diff",), ("sync",)):
            yield Attack(
                "--output",
                f"{command[0]}: {name}",
                stage,
                codes,
                command=(*command, "--format", "json"),
                wrote=True,
                inspect=_nothing_lost,
            )


def _streams() -> Iterator[Attack]:
    done, either = frozenset({0}), frozenset({0, 2})
    rows: tuple[tuple[str, Stage, frozenset[int]], ...] = (
        ("standard output closed", _shell(">&-"), done),
        ("standard error closed", _shell("2>&-"), done),
        ("all streams closed", _shell("<&- >&- 2>&-"), done),
        ("standard output full", _shell(">/dev/full"), either),
        ("standard error full", _shell("2>/dev/full"), done),
        ("both full", _shell(">/dev/full 2>/dev/full"), either),
        ("the reader of standard output gone", _gone("out"), done),
        ("the reader of standard error gone", _gone("err"), done),
    )
    for name, stage, codes in rows:
        for command in (("sync",), ("diff",), ("status",)):
            yield Attack(
                "Streams", f"{command[0]}: {name}", stage, codes, command=command, wrote=True, mute="both" in name
            )


def attacks() -> Iterator[Attack]:
    """All attacks of this side."""
    yield from _planted_rows()
    yield from _streams()
    for form in ("text", "json", "csv", "markdown", "html"):
        yield Attack(
            "Foreign text",
            f"diff, {form}",
            _steering,
            frozenset({0}),
            command=("diff", "--foreign", "--format", form),
        )
        yield Attack(
            "Foreign text", f"problems, {form}", _steering, frozenset({0}), command=("problems", "--format", form)
        )
    for command in (("status",), ("lookup", "74955570000"), ("-vv", "diff"), ("check",)):
        yield Attack("Foreign text", " ".join(command), _steering, frozenset({0}), command=command)
